//! The servers of others, with the relays of `benches/peers`.

use std::fs;
use std::path::{Path, PathBuf};

use super::Program;
use crate::clients::wire::Wire;

/// What `benches/peers/setup` has brought; and what it has not, by name.
pub(crate) fn all() -> (Vec<Program>, Vec<&'static str>) {
    let (mut there, mut missing) = (Vec::new(), Vec::new());
    for peer in PEERS {
        match peer.program() {
            Some(program) => there.push(program),
            None => missing.push(peer.name),
        }
    }
    (there, missing)
}

struct Peer {
    /// The name of its package.
    name: &'static str,
    wire: Wire,
    kind: Kind,
}

/// Paths are in the folder of peers.
enum Kind {
    /// A script for a program, which is found by its name or is a path.
    Script(&'static str, &'static str),
    /// A crate; the program has its name.
    Rust,
}

const PEERS: [Peer; 6] = [
    Peer {
        name: "bun",
        wire: Wire::WebSocket,
        kind: Kind::Script("node_modules/.bin/bun", "bun.mjs"),
    },
    Peer {
        name: "fastwebsockets",
        wire: Wire::WebSocket,
        kind: Kind::Rust,
    },
    Peer {
        name: "tokio-tungstenite",
        wire: Wire::WebSocket,
        kind: Kind::Rust,
    },
    Peer {
        name: "ws",
        wire: Wire::WebSocket,
        kind: Kind::Script("node", "ws.mjs"),
    },
    Peer {
        name: "socketioxide",
        wire: Wire::SocketIo,
        kind: Kind::Rust,
    },
    Peer {
        name: "socket.io",
        wire: Wire::SocketIo,
        kind: Kind::Script("node", "socketio.mjs"),
    },
];

impl Peer {
    fn program(&self) -> Option<Program> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers");
        let (command, version) = match self.kind {
            Kind::Script(program, script) => {
                let near = folder.join(program);
                let program = if near.exists() { near } else { program.into() };
                let package = folder.join("node_modules").join(self.name);
                let package = fs::read_to_string(package.join("package.json")).ok()?;
                let version = quoted(&package, "\"version\":")?;
                (vec![program, folder.join(script)], version)
            }
            Kind::Rust => {
                let lock = fs::read_to_string(folder.join("rust/Cargo.lock")).ok()?;
                let (_, package) = lock.split_once(&format!("name = \"{}\"\n", self.name))?;
                let version = quoted(package, "version =")?;
                let program = folder.join("rust/target/release").join(self.name);
                program.exists().then_some((vec![program], version))?
            }
        };
        Some(Program {
            name: format!("{} {version}", self.name),
            wire: self.wire,
            command: command.into_iter().map(PathBuf::into_os_string).collect(),
            is_own: false,
        })
    }
}

/// The text in quotes behind a key.
fn quoted(text: &str, key: &str) -> Option<String> {
    let (_, value) = text.split_once(key)?;
    value.split('"').nth(1).map(ToOwned::to_owned)
}
