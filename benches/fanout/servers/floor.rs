//! The least that a fan-out can cost: a bare loop which writes bytes that are ready.
//!
//! It is a server like the others, in a process of its own, and does what the kernel makes every
//! server do: accept, read, write. Clients send it what it is to write, frames that are not masked,
//! so that it knows nothing of a protocol but where a frame ends, and makes nothing. Every request
//! gets the same answer.
//!
//! It writes to each receiver either once for each message, as who does not gather must, or once
//! for all messages of a turn.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::ops::Range;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writes {
    PerMessage,
    PerTurn,
}

pub(super) struct Floor {
    poll: Poll,
    listener: TcpListener,
    writes: Writes,
    /// By token.
    sockets: Vec<Option<TcpStream>>,
    free: Vec<usize>,
    buffer: Box<[u8]>,
    /// By token: the beginning of a frame or of a request.
    unfinished: HashMap<usize, Vec<u8>>,
    /// All frames of the turn.
    batch: Vec<u8>,
    /// Whose they are, in order: neighbours have different senders, or are different messages where
    /// each is written by itself.
    runs: Vec<(usize, Range<usize>)>,
}

impl Floor {
    pub(super) fn new(listener: std::net::TcpListener, writes: Writes) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let (poll, mut listener) = (Poll::new()?, TcpListener::from_std(listener));
        let registry = poll.registry();
        registry.register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self {
            poll,
            listener,
            writes,
            sockets: Vec::new(),
            free: Vec::new(),
            buffer: vec![0; 64 * 1024].into_boxed_slice(),
            unfinished: HashMap::new(),
            batch: Vec::new(),
            runs: Vec::new(),
        })
    }

    pub(super) fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        loop {
            self.poll.poll(&mut events, None)?;
            for event in &events {
                match event.token() {
                    LISTENER => self.accept()?,
                    Token(key) => self.read(key, event.is_read_closed())?,
                }
            }
            self.flush()?;
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let mut socket = match self.listener.accept() {
                Ok((socket, _)) => socket,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            socket.set_nodelay(true)?;
            let key = self.free.pop().unwrap_or(self.sockets.len());
            let both = Interest::READABLE | Interest::WRITABLE;
            let registry = self.poll.registry();
            registry.register(&mut socket, Token(key), both)?;
            match self.sockets.get_mut(key) {
                Some(place) => *place = Some(socket),
                None => self.sockets.push(Some(socket)),
            }
        }
    }

    /// Reads what there is of one client; events that only say it may be written to bring nothing.
    fn read(&mut self, key: usize, closing: bool) -> io::Result<()> {
        loop {
            let Some(socket) = &mut self.sockets[key] else {
                return Ok(());
            };
            let n = match socket.read(&mut self.buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Ok(0) | Err(_) => {
                    self.sockets[key] = None;
                    self.unfinished.remove(&key);
                    self.free.push(key);
                    return Ok(());
                }
                Ok(n) => n,
            };
            self.take(key, n)?;
            if n < self.buffer.len() && !closing {
                return Ok(());
            }
        }
    }

    /// Takes so many bytes of the buffer: frames, which it keeps for the end of the turn, or a request.
    fn take(&mut self, key: usize, n: usize) -> io::Result<()> {
        let kept = self.unfinished.remove(&key);
        let kept = kept.map(|mut kept| {
            kept.extend_from_slice(&self.buffer[..n]);
            kept
        });
        let bytes = kept.as_deref().unwrap_or(&self.buffer[..n]);
        if bytes.ends_with(b"\r\n\r\n") {
            let socket = self.sockets[key].as_mut();
            return socket.map_or(Ok(()), |socket| socket.write_all(ANSWER));
        }
        let mut whole = 0;
        while let Some(len) = frame(&bytes[whole..]) {
            let start = self.batch.len() + whole;
            match self.runs.last_mut() {
                Some((sender, run)) if *sender == key && self.writes == Writes::PerTurn => {
                    run.end += len;
                }
                _ => self.runs.push((key, start..start + len)),
            }
            whole += len;
        }
        self.batch.extend_from_slice(&bytes[..whole]);
        if whole < bytes.len() {
            self.unfinished.insert(key, bytes[whole..].to_vec());
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        let Self {
            sockets,
            batch,
            runs,
            writes,
            ..
        } = self;
        let others = |key: usize| runs.iter().filter(move |(sender, _)| *sender != key);
        // Who publishes came first, so that most are known not to by one comparison.
        let Some(last_sender) = runs.iter().map(|(sender, _)| *sender).max() else {
            return Ok(());
        };
        for (key, socket) in sockets.iter_mut().enumerate() {
            let Some(socket) = socket else { continue };
            match writes {
                Writes::PerMessage => {
                    others(key).try_for_each(|(_, run)| socket.write_all(&batch[run.clone()]))?
                }
                Writes::PerTurn if key > last_sender => socket.write_all(batch)?,
                Writes::PerTurn => {
                    let parts = others(key).map(|(_, run)| &batch[run.clone()]);
                    socket.write_all(&parts.collect::<Vec<_>>().concat())?;
                }
            }
        }
        batch.clear();
        runs.clear();
        Ok(())
    }
}

/// How long the frame is that begins here, if it is whole.
fn frame(bytes: &[u8]) -> Option<usize> {
    let len = match *bytes.get(1)? {
        126 => 4 + usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?])),
        len => 2 + usize::from(len),
    };
    (bytes.len() >= len).then_some(len)
}

const LISTENER: Token = Token(usize::MAX);
/// Right for the one key that all clients of the bench send.
const ANSWER: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
