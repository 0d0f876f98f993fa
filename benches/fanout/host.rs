//! The server under measurement, in a thread of its own.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use roomcast::socketio::{self, SocketIo};
use roomcast::{Config, Event, Handle, Hub, Response, Server, Stats};

use crate::machine;

pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    handle: Handle,
    thread: JoinHandle<io::Result<()>>,
}

/// What the thread of the server has done so far.
pub(crate) struct Probe {
    /// Nanoseconds on a processor; none where the system does not tell.
    pub(crate) cpu: Option<u64>,
    pub(crate) stats: Stats,
}

impl Host {
    /// The ten-line program.
    pub(crate) fn start() -> io::Result<Self> {
        Self::run(handle)
    }

    /// The layer of Socket.IO with recovery on, and nothing that it does besides.
    pub(crate) fn start_socket_io() -> io::Result<Self> {
        let mut io = SocketIo::with(socketio::Options {
            max_disconnection_duration: Some(120_000),
            ..socketio::Options::default()
        });
        Self::run(move |hub, event| io.drive(hub, event, |_, _| {}))
    }

    /// Two are in a room and hear each other; whatever else comes is taken and not answered.
    pub(crate) fn start_flooded() -> io::Result<Self> {
        let mut io = SocketIo::new();
        Self::run(move |hub, event| {
            io.drive(hub, event, |io, event| {
                if let socketio::Event::Core(event) = event {
                    relay(io.hub(), event);
                }
            });
        })
    }

    fn run(handle: impl FnMut(&mut Hub, Event<'_>) + Send + 'static) -> io::Result<Self> {
        // Clients that only listen would be pinged in the middle of a round.
        let config = Config {
            ping_interval: Duration::from_secs(3600),
            message_rate: u32::MAX,
            request_rate: u32::MAX,
            ..Config::default()
        };
        let mut server = Server::new(config)?;
        let thread = thread::Builder::new().name("server".into());
        Ok(Self {
            address: server.listen("127.0.0.1:0")?,
            handle: server.handle(),
            thread: thread.spawn(move || server.run(handle))?,
        })
    }

    /// Asks the thread; the answer stands behind all it was doing.
    pub(crate) fn probe(&self) -> Probe {
        let (sender, receiver) = mpsc::channel();
        self.handle.run(move |hub| {
            let (cpu, stats) = (machine::cpu(), hub.stats());
            sender
                .send(Probe { cpu, stats })
                .expect("the bench waits for it");
        });
        receiver.recv().expect("the server runs")
    }

    pub(crate) fn stop(self) -> io::Result<()> {
        self.handle.stop();
        self.thread.join().expect("the server does not panic")
    }
}

#[expect(clippy::needless_pass_by_value, reason = "events come by value")]
fn relay(hub: &mut Hub, event: Event<'_>) {
    match event {
        Event::Request { id, .. } => _ = hub.respond(id, Response::new(204)),
        Event::Text { id, text: "in" } => _ = hub.join(id, "two") && hub.send(id, "in"),
        Event::Binary { id, bytes } => _ = hub.to("two").except(id).send(bytes),
        _ => {}
    }
}

/// The ten-line program.
#[expect(clippy::needless_pass_by_value, reason = "events come by value")]
fn handle(hub: &mut Hub, event: Event<'_>) {
    match event {
        Event::Open { id } => _ = hub.join(id, "lobby"),
        Event::Text { id, text } => _ = hub.to("lobby").except(id).send(text),
        Event::Binary { id, bytes } => _ = hub.to("lobby").except(id).send(bytes),
        _ => {}
    }
}
