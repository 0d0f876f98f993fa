//! What an idle WebSocket in one room takes of the memory of the process.
//!
//! The clients are in this process too, but they are bare sockets in a vector that has its size
//! before: all that grows in between belongs to the server, besides 4 bytes a client. Buffers of
//! the kernel are not counted.

use std::io;
use std::net::TcpStream;

use crate::crowd;
use crate::host::Host;
use crate::machine;

/// Opens so many connections after each other, and writes a line for each number of them.
pub(crate) fn measure(counts: &[usize], max_files: usize) -> io::Result<String> {
    let host = Host::start()?;
    let mut clients = Vec::with_capacity(WARM + counts.iter().max().unwrap_or(&0));
    fill(&mut clients, WARM, &host)?;
    let before = machine::anonymous();
    let mut lines = String::new();
    for count in counts {
        // Each connection has both its ends in this process.
        if 2 * (WARM + count) + crate::SPARE_FILES > max_files {
            lines += &format!("{count} idle connections: at most {max_files} files may be open\n");
            continue;
        }
        fill(&mut clients, WARM + count, &host)?;
        let growth = machine::anonymous().zip(before);
        let each = growth.map_or("-".into(), |(after, before)| {
            after
                .saturating_sub(before)
                .div_ceil(*count as u64)
                .to_string()
        });
        lines += &format!("{count} idle connections in one room: {each} bytes each\n");
    }
    drop(clients);
    host.stop()?;
    Ok(lines)
}

fn fill(clients: &mut Vec<TcpStream>, count: usize, host: &Host) -> io::Result<()> {
    while clients.len() < count {
        clients.push(crowd::open(host.address)?);
    }
    // The answer comes when the thread of the server has done all that it has to do.
    host.probe();
    Ok(())
}

/// Connections before the count, so that what the first of them brings does not count.
const WARM: usize = 16;
