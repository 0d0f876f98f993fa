//! All clients of one side, in the thread that calls: they drain their sockets, and publish.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::frame::{Reader, Shape, Stamp};
use crate::tally::Tally;

/// Sockets and their poll.
pub(crate) struct Crowd {
    poll: Poll,
    events: Events,
    clients: Vec<Client>,
    buffer: Box<[u8]>,
    start: Instant,
}

struct Client {
    socket: TcpStream,
    reader: Reader,
    /// What it publishes and has not written yet.
    out: Vec<u8>,
    /// Messages it has published in this round.
    published: u32,
}

impl Crowd {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            clients: Vec::new(),
            buffer: vec![0; 256 * 1024].into_boxed_slice(),
            start: Instant::now(),
        })
    }

    /// Adds a client that is connected.
    pub(crate) fn add(&mut self, socket: std::net::TcpStream) -> io::Result<()> {
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        let mut socket = TcpStream::from_std(socket);
        let both = Interest::READABLE | Interest::WRITABLE;
        let token = Token(self.clients.len());
        self.poll.registry().register(&mut socket, token, both)?;
        self.clients.push(Client {
            socket,
            reader: Reader::default(),
            out: Vec::new(),
            published: 0,
        });
        Ok(())
    }

    /// Publishes all messages of a round and waits until everyone has them.
    pub(crate) fn publish(&mut self, shape: &Shape, tally: &mut Tally) -> io::Result<()> {
        for client in &mut self.clients {
            client.published = 0;
        }
        while !tally.is_complete() {
            self.send(shape, tally)?;
            self.drain(|socket, reader, bytes, now| {
                reader.read(shape, bytes, |stamp| tally.take(socket, stamp, now));
            })?;
        }
        self.expect_silence()
    }

    /// Waits until something has come, and hands out the bytes of every read.
    pub(crate) fn drain(
        &mut self,
        mut each: impl FnMut(usize, &mut Reader, &[u8], u64),
    ) -> io::Result<()> {
        self.poll.poll(&mut self.events, Some(PATIENCE))?;
        assert!(!self.events.is_empty(), "nothing comes: a message is lost");
        for event in &self.events {
            let key = event.token().0;
            let client = &mut self.clients[key];
            while event.is_readable() {
                let n = match client.socket.read(&mut self.buffer) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                    read => read?,
                };
                let now = self.start.elapsed().as_nanos() as u64;
                each(key, &mut client.reader, &self.buffer[..n], now);
                if n < self.buffer.len() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Has every publisher send what it may, in one write each.
    fn send(&mut self, shape: &Shape, tally: &Tally) -> io::Result<()> {
        let sent = self.start.elapsed().as_nanos() as u64;
        for publisher in 0..tally.publishers {
            let client = &mut self.clients[publisher];
            for number in client.published..tally.allowed(publisher) {
                let stamp = Stamp {
                    publisher: publisher as u32,
                    number,
                    sent,
                };
                shape.publish(&mut client.out, stamp);
            }
            client.published = tally.allowed(publisher);
            client.flush()?;
        }
        Ok(())
    }

    /// Nothing may come behind the last message.
    fn expect_silence(&mut self) -> io::Result<()> {
        self.poll.poll(&mut self.events, Some(Duration::ZERO))?;
        let loud = self.events.iter().any(|event| {
            let client = &mut self.clients[event.token().0];
            event.is_readable() && client.socket.read(&mut self.buffer).is_ok()
        });
        assert!(!loud, "more came than was sent");
        Ok(())
    }
}

impl Client {
    fn flush(&mut self) -> io::Result<()> {
        while !self.out.is_empty() {
            match self.socket.write(&self.out) {
                // The poll will tell; and what it tells of others leads here as well.
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                written => _ = self.out.drain(..written?),
            }
        }
        Ok(())
    }
}

/// Opens a WebSocket.
pub(crate) fn open(address: SocketAddr) -> io::Result<std::net::TcpStream> {
    open_at(address, "/")
}

/// Opens a WebSocket of Socket.IO and enters the root namespace.
pub(crate) fn open_socket_io(address: SocketAddr) -> io::Result<std::net::TcpStream> {
    let mut socket = open_at(address, "/socket.io/?EIO=4&transport=websocket")?;
    socket.write_all(&roomcast::sim::client_frame(0x81, b"40"))?;
    read_until(&mut socket, |answer| {
        answer.windows(6).any(|six| six == b"\"pid\":") && answer.ends_with(b"\"}")
    })?;
    Ok(socket)
}

/// Opens a session of Socket.IO that polls: a connection, and the path of its requests.
pub(crate) fn open_polling(address: SocketAddr) -> io::Result<(std::net::TcpStream, String)> {
    let path = "/socket.io/?EIO=4&transport=polling";
    let mut socket = std::net::TcpStream::connect(address)?;
    socket.write_all(format!("GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n").as_bytes())?;
    let answer = read_until(&mut socket, |answer| answer.ends_with(b"}"))?;
    let answer = String::from_utf8_lossy(&answer);
    let (_, sid) = answer.split_once("\"sid\":\"").expect("an open packet");
    Ok((socket, format!("{path}&sid={}", &sid[..20])))
}

fn open_at(address: SocketAddr, path: &str) -> io::Result<std::net::TcpStream> {
    let mut socket = std::net::TcpStream::connect(address)?;
    socket.write_all(format!("GET {path}{REQUEST}").as_bytes())?;
    let answer = read_until(&mut socket, |answer| {
        answer.windows(4).any(|four| four == b"\r\n\r\n")
    })?;
    assert!(answer.starts_with(b"HTTP/1.1 101 "), "no WebSocket");
    Ok(socket)
}

/// What the server of Socket.IO says by itself may follow the head at once.
fn read_until(
    socket: &mut std::net::TcpStream,
    is_whole: impl Fn(&[u8]) -> bool,
) -> io::Result<Vec<u8>> {
    let (mut answer, mut buffer) = (Vec::new(), [0; 512]);
    while !is_whole(&answer) {
        match socket.read(&mut buffer)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            n => answer.extend_from_slice(&buffer[..n]),
        }
    }
    Ok(answer)
}

const REQUEST: &str = " HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";
/// Longer than anything can take here.
const PATIENCE: Duration = Duration::from_secs(10);
