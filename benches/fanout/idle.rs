//! What an idle WebSocket in one room takes of the memory of the process, and what an idle client
//! of Socket.IO takes.
//!
//! The clients are in this process too, but they are bare sockets in a vector that has its size
//! before: all that grows in between belongs to the server, besides 4 bytes a client. Buffers of
//! the kernel are not counted.

use std::io;
use std::net::{SocketAddr, TcpStream};

use crate::crowd;
use crate::host::Host;
use crate::machine;

/// Measures both kinds, and writes a line for each number of connections.
pub(crate) fn measure(counts: &[usize], max_files: usize) -> io::Result<String> {
    let plain = Kind {
        name: "idle connections in one room",
        host: Host::start()?,
        open: crowd::open,
    };
    let socket_io = Kind {
        name: "idle clients of Socket.IO, each in its own room, with heartbeat and recovery",
        host: Host::start_socket_io()?,
        open: crowd::open_socket_io,
    };
    Ok(plain.measure(counts, max_files)? + &socket_io.measure(counts, max_files)?)
}

/// A kind of client, and the server that it needs.
struct Kind {
    name: &'static str,
    host: Host,
    open: fn(SocketAddr) -> io::Result<TcpStream>,
}

impl Kind {
    fn measure(self, counts: &[usize], max_files: usize) -> io::Result<String> {
        let mut clients = Vec::with_capacity(WARM + counts.iter().max().unwrap_or(&0));
        self.fill(&mut clients, WARM)?;
        let before = machine::anonymous();
        let mut lines = String::new();
        for count in counts {
            // Each connection has both its ends in this process.
            if 2 * (WARM + count) + crate::SPARE_FILES > max_files {
                lines += &format!("{count} connections: at most {max_files} files may be open\n");
                continue;
            }
            self.fill(&mut clients, WARM + count)?;
            let growth = machine::anonymous().zip(before);
            let each = growth.map(|(after, before)| after.saturating_sub(before));
            let each = each.map(|bytes| bytes.div_ceil(*count as u64).to_string());
            let each = each.unwrap_or("-".into());
            lines += &format!("{count} {}: {each} bytes each\n", self.name);
        }
        drop(clients);
        self.host.stop()?;
        Ok(lines)
    }

    fn fill(&self, clients: &mut Vec<TcpStream>, count: usize) -> io::Result<()> {
        while clients.len() < count {
            clients.push((self.open)(self.host.address)?);
        }
        // The answer comes when the thread of the server has done all that it has to do.
        self.host.probe();
        Ok(())
    }
}

/// Connections before the count, so that what the first of them brings does not count.
const WARM: usize = 16;
