//! How clients come in: the handshake of a WebSocket, and that of Socket.IO behind it.
//!
//! They come some at a time, as they would, and each waits until it is in: whoever is given out
//! here gets the next message.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use roomcast::sim::client_frame;

use super::wire::Wire;

/// Opens so many clients.
pub(crate) fn open(wire: Wire, address: SocketAddr, count: usize) -> io::Result<Vec<TcpStream>> {
    let mut sockets = Vec::with_capacity(count);
    while sockets.len() < count {
        let some = AT_A_TIME.min(count - sockets.len());
        sockets.extend(open_some(wire, address, some)?);
    }
    Ok(sockets)
}

/// Opens one WebSocket, whatever it is used for.
pub(crate) fn open_one(address: SocketAddr) -> io::Result<TcpStream> {
    let mut sockets = open(Wire::WebSocket, address, 1)?;
    Ok(sockets.remove(0))
}

/// Opens a session of Socket.IO that polls: a connection, and the path of its requests.
pub(crate) fn open_polling(address: SocketAddr) -> io::Result<(TcpStream, String)> {
    let path = "/socket.io/?EIO=4&transport=polling";
    let mut socket = connect(address, path, "\r\n")?;
    let answer = read_until(&mut socket, |answer| answer.ends_with(b"}"))?;
    let answer = String::from_utf8_lossy(&answer);
    let (_, sid) = answer.split_once("\"sid\":\"").expect("an open packet");
    Ok((socket, format!("{path}&sid={}", &sid[..20])))
}

fn open_some(wire: Wire, address: SocketAddr, count: usize) -> io::Result<Vec<TcpStream>> {
    let path = match wire {
        Wire::SocketIo => "/socket.io/?EIO=4&transport=websocket",
        Wire::Floor | Wire::WebSocket => "/",
    };
    let sockets = (0..count).map(|_| connect(address, path, UPGRADE));
    let mut sockets = sockets.collect::<io::Result<Vec<_>>>()?;
    for socket in &mut sockets {
        let answer = read_until(socket, |answer| match wire {
            Wire::SocketIo => packets(answer).any(|packet| packet.starts_with(b"0{")),
            Wire::Floor | Wire::WebSocket => behind_head(answer).is_some(),
        })?;
        if !answer.starts_with(b"HTTP/1.1 101 ") {
            return Err(io::Error::other("it opens no WebSocket"));
        }
        if wire == Wire::SocketIo {
            answer_ping(socket, packets(&answer))?;
            socket.write_all(&client_frame(0x81, b"40"))?;
        }
    }
    if wire == Wire::SocketIo {
        for socket in &mut sockets {
            let answer = read_until(socket, |answer| {
                frames(answer).any(|packet| packet.starts_with(b"40{"))
            })?;
            answer_ping(socket, frames(&answer))?;
        }
    }
    Ok(sockets)
}

/// Some servers of Socket.IO ask at once whether who has just come in is there.
pub(crate) fn answer_pings(sockets: &mut [TcpStream]) -> io::Result<()> {
    for socket in sockets {
        let mut buffer = [0; 16];
        socket.set_nonblocking(true)?;
        match socket.read(&mut buffer) {
            Ok(n) => answer_ping(socket, frames(&buffer[..n]))?,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        socket.set_nonblocking(false)?;
    }
    Ok(())
}

fn answer_ping<'a>(
    socket: &mut TcpStream,
    mut packets: impl Iterator<Item = &'a [u8]>,
) -> io::Result<()> {
    match packets.any(|packet| packet == b"2") {
        true => socket.write_all(&client_frame(0x81, b"3")),
        false => Ok(()),
    }
}

fn connect(address: SocketAddr, path: &str, fields: &str) -> io::Result<TcpStream> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{fields}");
    socket.write_all(request.as_bytes())?;
    Ok(socket)
}

fn read_until(socket: &mut TcpStream, is_whole: impl Fn(&[u8]) -> bool) -> io::Result<Vec<u8>> {
    let (mut answer, mut buffer) = (Vec::new(), [0; 1024]);
    while !is_whole(&answer) {
        match socket.read(&mut buffer)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            n => answer.extend_from_slice(&buffer[..n]),
        }
    }
    Ok(answer)
}

/// What came behind the head of a response, if that is whole.
fn behind_head(answer: &[u8]) -> Option<&[u8]> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(&answer[end + 4..])
}

fn packets(answer: &[u8]) -> impl Iterator<Item = &[u8]> {
    frames(behind_head(answer).unwrap_or_default())
}

/// The whole frames in what has come of a stream of them.
fn frames(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (len, head) = match *bytes.get(1)? {
            126 => (u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]), 4),
            len => (u16::from(len), 2),
        };
        let frame = bytes.get(head..head + usize::from(len))?;
        bytes = &bytes[head + frame.len()..];
        Some(frame)
    })
}

const UPGRADE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
/// Clients that come in at once: fewer than the shortest queue of those that wait to be accepted.
const AT_A_TIME: usize = 64;
/// Longer than anything can take here.
const PATIENCE: Duration = Duration::from_secs(20);
