//! Our own servers, each in a process of its own: this program, started with `--serve NAME`.
//!
//! They are small programs with the defaults of the library, but that nothing may come between: no
//! limits for one address, from which all clients are here, and no ping in the middle of a round.

use std::io;
use std::time::Duration;

use roomcast::socketio::{self, SocketIo};
use roomcast::{Config, Event, Hub, Response, Server};

use super::floor::{Floor, Writes};

/// What can be served; the floor is told by how it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Own {
    Floor(Writes),
    /// As `examples/relay.rs`, with all clients in a room.
    Relay,
    /// The same on the layer of Socket.IO.
    SocketIo,
    /// The layer of Socket.IO with recovery on; each client is in its own room only.
    Recovery,
    /// [`Own::Relay`] and [`Own::SocketIo`] with room for all that clients do not read.
    PatientRelay,
    PatientSocketIo,
    /// For two who hear each other, and whoever disturbs them.
    Flooded,
}

impl Own {
    const ALL: [Self; 8] = [
        Self::Floor(Writes::PerMessage),
        Self::Floor(Writes::PerTurn),
        Self::Relay,
        Self::SocketIo,
        Self::Recovery,
        Self::PatientRelay,
        Self::PatientSocketIo,
        Self::Flooded,
    ];

    /// How the process is told which it is.
    pub(super) fn word(self) -> String {
        format!("{self:?}")
    }

    fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.word() == word)
    }
}

/// Serves until the process is ended; says the port on the standard output first.
pub(crate) fn serve(word: &str) -> io::Result<()> {
    let own = Own::named(word).ok_or_else(|| io::Error::other("no such server"))?;
    match own {
        Own::Floor(writes) => {
            let listener = std::net::TcpListener::bind(ANY_PORT)?;
            println!("{}", listener.local_addr()?.port());
            Floor::new(listener, writes)?.run()
        }
        Own::Relay => run(calm(), relay),
        Own::PatientRelay => run(patient(), relay),
        Own::SocketIo => run(calm(), relay_socket_io()),
        Own::PatientSocketIo => run(patient(), relay_socket_io()),
        Own::Recovery => {
            let mut io = SocketIo::with(socketio::Options {
                max_disconnection_duration: Some(120_000),
                ..options()
            });
            run(calm(), move |hub, event| io.drive(hub, event, |_, _| {}))
        }
        Own::Flooded => {
            let mut io = SocketIo::with(options());
            run(calm(), move |hub, event| {
                io.drive(hub, event, |io, event| {
                    if let socketio::Event::Core(event) = event {
                        two(io.hub(), event);
                    }
                });
            })
        }
    }
}

fn run(config: Config, handler: impl FnMut(&mut Hub, Event<'_>)) -> io::Result<()> {
    let mut server = Server::new(config)?;
    println!("{}", server.listen(ANY_PORT)?.port());
    server.run(handler)
}

#[expect(clippy::needless_pass_by_value, reason = "events come by value")]
fn relay(hub: &mut Hub, event: Event<'_>) {
    match event {
        Event::Open { id } => _ = hub.join(id, "lobby"),
        Event::Text { id, text } => _ = hub.to("lobby").except(id).send(text),
        _ => {}
    }
}

fn relay_socket_io() -> impl FnMut(&mut Hub, Event<'_>) {
    let mut io = SocketIo::with(options());
    move |hub, event| {
        io.drive(hub, event, |io, event| match event {
            socketio::Event::Connect { socket, .. } => _ = io.join(socket, "lobby"),
            socketio::Event::Message {
                socket,
                name: "m",
                args,
                ..
            } => _ = io.to("lobby").except(socket).emit("m", args),
            _ => {}
        });
    }
}

/// Two are in a room and hear each other; whatever else comes is taken and not answered.
#[expect(clippy::needless_pass_by_value, reason = "events come by value")]
fn two(hub: &mut Hub, event: Event<'_>) {
    match event {
        Event::Request { id, .. } => _ = hub.respond(id, Response::new(204)),
        Event::Text { id, text: "in" } => _ = hub.join(id, "two") && hub.send(id, "in"),
        Event::Binary { id, bytes } => _ = hub.to("two").except(id).send(bytes),
        _ => {}
    }
}

fn calm() -> Config {
    Config {
        max_connections_per_address: usize::MAX,
        connect_rate: u32::MAX,
        request_rate: u32::MAX,
        message_rate: u32::MAX,
        ping_interval: HOUR,
        ..Config::default()
    }
}

fn patient() -> Config {
    Config {
        max_backlog: 1 << 30,
        max_memory: 1 << 30,
        write_timeout: HOUR,
        ..calm()
    }
}

fn options() -> socketio::Options {
    socketio::Options {
        ping_interval: HOUR.as_millis() as u64,
        ..socketio::Options::default()
    }
}

const ANY_PORT: &str = "127.0.0.1:0";
const HOUR: Duration = Duration::from_secs(3600);
