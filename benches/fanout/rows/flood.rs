//! How long a message takes between two clients while a third one sends as fast as it can.
//!
//! The clients are threads of one process: those that flood take the processor from the two, so that
//! the numbers say more about the machine than those of a calm room do.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::Instant;

use roomcast::sim::client_frame;

use crate::clients::greeting;
use crate::servers::Program;
use crate::servers::own::Own;
use crate::servers::process::Server;

/// Measures every kind of flood, and writes a line for each.
pub(crate) fn measure(messages: usize) -> io::Result<String> {
    let mut lines = String::from("a message between two while a third floods the server:\n");
    let program = Program::own(Own::Flooded)?;
    for (name, begin) in FLOODS {
        let server = Server::start(&program)?;
        let [mut one, mut two] = [enter(server.address)?, enter(server.address)?];
        let before = server.process.cpu()?;
        let flood = begin(server.address)?;
        // It must have set in.
        while flood.is_some() && server.process.cpu_now()? < before + SET_IN {}
        let mut took = Vec::with_capacity(messages);
        for _ in 0..messages {
            let (start, mut frame) = (Instant::now(), [0; 4]);
            one.write_all(&client_frame(0x82, b"hi"))?;
            two.read_exact(&mut frame)?;
            took.push(start.elapsed().as_micros());
        }
        took.sort_unstable();
        let (p50, p99) = (took[messages / 2], took[messages * 99 / 100]);
        lines += &format!("{name:>32}: p50 {p50} µs, p99 {p99} µs\n");
        flood
            .into_iter()
            .try_for_each(|flood| flood.shutdown(Shutdown::Both))?;
    }
    Ok(lines)
}

type Begin = fn(SocketAddr) -> io::Result<Option<TcpStream>>;

const FLOODS: [(&str, Begin); 6] = [
    ("nothing", |_| Ok(None)),
    ("pings", |address| {
        let pings = client_frame(0x89, b"").repeat(10_000);
        flood(greeting::open_one(address)?, pings)
    }),
    ("texts", |address| {
        let texts = client_frame(0x81, b"").repeat(10_000);
        flood(greeting::open_one(address)?, texts)
    }),
    ("empty fragments", |address| {
        let middle = client_frame(0x00, b"").repeat(1000);
        let message = [client_frame(0x01, b""), middle, client_frame(0x80, b"")];
        flood(greeting::open_one(address)?, message.concat())
    }),
    ("pipelined requests", |address| {
        let requests = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2000);
        flood(TcpStream::connect(address)?, requests)
    }),
    ("polling bodies full of packets", |address| {
        let (socket, path) = greeting::open_polling(address)?;
        let body = ["6"; 10_000].join("\u{1e}");
        let len = body.len();
        let post =
            format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {len}\r\n\r\n{body}");
        flood(socket, post.into_bytes())
    }),
];

/// A client in the room of the two.
fn enter(address: SocketAddr) -> io::Result<TcpStream> {
    let mut socket = greeting::open_one(address)?;
    socket.write_all(&client_frame(0x81, b"in"))?;
    let mut answer = [0; 4];
    socket.read_exact(&mut answer)?;
    Ok(socket)
}

/// Sends the same again and again, and reads what comes, until the socket is shut.
fn flood(socket: TcpStream, bytes: Vec<u8>) -> io::Result<Option<TcpStream>> {
    let (mut reads, mut writes) = (socket.try_clone()?, socket.try_clone()?);
    thread::spawn(move || while writes.write_all(&bytes).is_ok() {});
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while reads.read(&mut buffer).is_ok_and(|n| n > 0) {}
    });
    Ok(Some(socket))
}

/// Nanoseconds of work.
const SET_IN: u64 = 10_000_000;
