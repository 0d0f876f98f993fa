//! All clients of one server, in the thread that calls: they drain their sockets, and publish.

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::tally::Tally;
use super::text::Stamp;
use super::wire::{Reader, Shape};
use super::wrong;

/// Sockets and their poll.
pub(crate) struct Crowd {
    poll: Poll,
    events: Events,
    clients: Vec<Client>,
    buffer: Box<[u8]>,
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
    /// Takes clients that are in. The first of them publish, as many as a load says.
    pub(crate) fn new(sockets: Vec<std::net::TcpStream>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let clients = sockets.into_iter().enumerate().map(|(key, socket)| {
            socket.set_nonblocking(true)?;
            let mut socket = TcpStream::from_std(socket);
            let both = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut socket, Token(key), both)?;
            Ok(Client {
                socket,
                reader: Reader::new(),
                out: Vec::new(),
                published: 0,
            })
        });
        Ok(Self {
            clients: clients.collect::<io::Result<_>>()?,
            events: Events::with_capacity(1024),
            buffer: vec![0; 256 * 1024].into_boxed_slice(),
            poll,
        })
    }

    /// Publishes all messages of a round and waits until everyone has them; says when it began.
    pub(crate) fn publish(&mut self, shape: &Shape, tally: &mut Tally) -> io::Result<Instant> {
        for client in &mut self.clients {
            client.published = 0;
        }
        let start = Instant::now();
        while !tally.is_complete() {
            self.send(shape, tally)?;
            self.drain(shape, tally)?;
        }
        self.expect_silence()?;
        Ok(start)
    }

    /// Has every publisher send what it may, in one write each.
    fn send(&mut self, shape: &Shape, tally: &Tally) -> io::Result<()> {
        for publisher in 0..tally.publishers() {
            let client = &mut self.clients[publisher];
            let allowed = tally.allowed(publisher);
            for number in client.published..allowed {
                let publisher = publisher as u32;
                shape.publish(&mut client.out, Stamp { publisher, number });
            }
            client.published = allowed;
            client.flush()?;
        }
        Ok(())
    }

    /// Waits until something has come, and reads it.
    fn drain(&mut self, shape: &Shape, tally: &mut Tally) -> io::Result<()> {
        self.poll.poll(&mut self.events, Some(PATIENCE))?;
        if self.events.is_empty() {
            return Err(wrong("nothing comes any more: a message is lost"));
        }
        for event in self.events.iter().filter(|event| event.is_readable()) {
            let key = event.token().0;
            let client = &mut self.clients[key];
            loop {
                let n = match client.socket.read(&mut self.buffer) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                    read => read?,
                };
                let bytes = &self.buffer[..n];
                client
                    .reader
                    .read(shape, bytes, |stamp| tally.take(key, stamp))?;
                // A short read has emptied the socket, unless the end of the stream is behind it.
                if n < self.buffer.len() && !event.is_read_closed() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Nothing may come behind the last message.
    fn expect_silence(&mut self) -> io::Result<()> {
        self.poll.poll(&mut self.events, Some(Duration::ZERO))?;
        for event in self.events.iter().filter(|event| event.is_readable()) {
            let client = &mut self.clients[event.token().0];
            if client.socket.read(&mut self.buffer).is_ok() {
                return Err(wrong("more came than was sent"));
            }
        }
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

/// Longer than anything can take here.
const PATIENCE: Duration = Duration::from_secs(20);
