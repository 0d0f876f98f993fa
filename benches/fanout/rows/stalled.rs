//! A room full of receivers that read nothing, with one that does: what a server keeps for them.
//!
//! The room gets everything, the one that reads as fast as it can. Then some of the others begin to
//! read, and must get everything as well.

use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;

use crate::clients::tally::{Load, Tally};
use crate::clients::wire::{Reader, Shape};
use crate::clients::wrong;
use crate::contest::Contest;
use crate::plan::Stalled;
use crate::servers::Program;
use crate::servers::process::Server;
use crate::table::{Aim, Line, Unit};

pub(crate) fn measure(
    contest: &mut Contest,
    programs: &[&Program],
    plan: Stalled,
) -> io::Result<Line> {
    let mut samples = vec![Vec::new()];
    samples.extend(contest.each(programs, |program| kept(program, plan))?);
    let Stalled { receivers, bytes } = plan;
    Ok(Line {
        name: format!(
            "most memory with {receivers} stalled and {} MiB for them",
            bytes >> 20
        ),
        unit: Unit::Bytes,
        samples,
        // The backlog once, and a quarter for what it takes to keep it.
        aims: match bytes {
            FULL => &[Aim::Most(1.25 * FULL as f64); 2],
            _ => &[],
        },
    })
}

/// The most memory that the server has grown by.
fn kept(program: &Program, plan: Stalled) -> io::Result<f64> {
    let server = Server::start(program)?;
    let mut crowd = server.crowd(2)?;
    let mut stalled = server.let_in(plan.receivers)?;
    let before = server.process.resident()?;
    let shape = Shape::new(server.wire, SIZE);
    let messages = (plan.bytes / SIZE) as u32;
    crowd.publish(
        &shape,
        &mut Tally::new(Load {
            receivers: 1,
            publishers: 1,
            window: 8,
            messages,
        }),
    )?;
    let grown = server.process.peak()?.saturating_sub(before);
    for socket in &mut stalled[..READERS] {
        read_all(socket, &shape, messages)?;
    }
    Ok(grown as f64)
}

/// Reads everything that the room has got.
fn read_all(socket: &mut TcpStream, shape: &Shape, messages: u32) -> io::Result<()> {
    let (mut reader, mut buffer) = (Reader::new(), vec![0; 64 * 1024]);
    let mut next = 0;
    while next < messages {
        let n = match socket.read(&mut buffer)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            n => n,
        };
        reader.read(shape, &buffer[..n], |stamp| {
            if stamp.number != next {
                return Err(wrong(format!("who was stalled got {stamp:?}, not {next}")));
            }
            next += 1;
            Ok(())
        })?;
    }
    Ok(())
}

/// Bytes of a message.
const SIZE: usize = 16 * 1024;
/// Of those that are stalled, how many read in the end.
const READERS: usize = 10;
const FULL: usize = 64 << 20;
