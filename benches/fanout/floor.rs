//! The least that a fan-out can cost: a bare loop which writes ready bytes to sockets.
//!
//! It knows no protocol and makes nothing: a word on a socket says how many messages the next write
//! to everyone has, as the message of a publisher would, and they are written. The clients drain it
//! as they drain the server, with as many messages under way.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use crate::crowd::Crowd;
use crate::frame::Shape;
use crate::machine;
use crate::row::Load;
use crate::tally::Tally;

pub(crate) struct Floor {
    crowd: Crowd,
    /// Says how many messages to write next, or [`LOAD`] or [`PROBE`].
    words: TcpStream,
    loads: Sender<(Vec<u8>, usize)>,
    probes: Receiver<Option<u64>>,
    thread: JoinHandle<io::Result<()>>,
}

/// The side that is measured.
struct Loop {
    words: TcpStream,
    sockets: Vec<TcpStream>,
    loads: Receiver<(Vec<u8>, usize)>,
    probes: Sender<Option<u64>>,
}

impl Floor {
    pub(crate) fn start(receivers: usize) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (words, listening) = pair(&listener)?;
        let mut crowd = Crowd::new()?;
        let mut sockets = Vec::new();
        for _ in 0..receivers {
            let (client, socket) = pair(&listener)?;
            crowd.add(client)?;
            sockets.push(socket);
        }
        let (loads, ready) = mpsc::channel();
        let (sender, probes) = mpsc::channel();
        let floor = Loop {
            words: listening,
            sockets,
            loads: ready,
            probes: sender,
        };
        let thread = thread::Builder::new().name("floor".into());
        let thread = thread.spawn(move || floor.run())?;
        Ok(Self {
            crowd,
            words,
            loads,
            probes,
            thread,
        })
    }

    /// Delivers as much with as many calls of `write`; nanoseconds on a processor.
    pub(crate) fn round(
        &mut self,
        shape: &Shape,
        load: &Load,
        writes: u64,
    ) -> io::Result<Option<u64>> {
        let load = load.by_one();
        let mut tally = Tally::new(load.receivers, &load);
        let turns = (writes as f64 / load.receivers as f64).round() as u32;
        // No turn may be larger than what is under way at most.
        let turns = turns.clamp(load.messages.div_ceil(load.window as u32), load.messages);
        self.loads
            .send((shape.ready(load.window), shape.len))
            .expect("the floor runs");
        self.say(LOAD)?;
        let before = self.probe()?;
        self.write_all(shape, &mut tally, turns)?;
        let after = self.probe()?;
        tally.deliveries();
        Ok(after.zip(before).map(|(after, before)| after - before))
    }

    pub(crate) fn stop(self) -> io::Result<()> {
        drop((self.words, self.crowd));
        self.thread.join().expect("the floor does not panic")
    }

    /// Has messages written in so many turns of about the same size, and drains them.
    fn write_all(&mut self, shape: &Shape, tally: &mut Tally, turns: u32) -> io::Result<()> {
        let messages = u64::from(tally.messages);
        let end_of = |turn: u32| (messages * (u64::from(turn) + 1) / u64::from(turns)) as u32;
        let (mut turn, mut sent) = (0, 0);
        while !tally.is_complete() {
            while turn < turns && end_of(turn) <= tally.allowed(0) {
                self.say(end_of(turn) - sent)?;
                sent = end_of(turn);
                turn += 1;
            }
            self.crowd.drain(|socket, reader, bytes, _| {
                reader.read(shape, bytes, |_| tally.count(socket, 0));
            })?;
        }
        Ok(())
    }

    fn probe(&mut self) -> io::Result<Option<u64>> {
        self.say(PROBE)?;
        Ok(self.probes.recv().expect("the floor runs"))
    }

    fn say(&mut self, word: u32) -> io::Result<()> {
        self.words.write_all(&word.to_ne_bytes())
    }
}

impl Loop {
    fn run(mut self) -> io::Result<()> {
        let (mut ready, mut len) = (Vec::new(), 0);
        let mut word = [0; 4];
        while self.words.read_exact(&mut word).is_ok() {
            match u32::from_ne_bytes(word) {
                LOAD => (ready, len) = self.loads.recv().expect("the bench has sent it"),
                PROBE => self
                    .probes
                    .send(machine::cpu())
                    .expect("the bench waits for it"),
                count => self.write(&ready[..count as usize * len])?,
            }
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sockets
            .iter_mut()
            .try_for_each(|socket| socket.write_all(bytes))
    }
}

/// Both ends of a connection.
fn pair(listener: &TcpListener) -> io::Result<(TcpStream, TcpStream)> {
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (socket, _) = listener.accept()?;
    client.set_nodelay(true)?;
    socket.set_nodelay(true)?;
    Ok((client, socket))
}

const LOAD: u32 = u32::MAX;
const PROBE: u32 = u32::MAX - 1;
