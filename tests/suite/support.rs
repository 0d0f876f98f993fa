//! What the tests share: a server that runs in a thread, and clients that never wait for ever.
//!
//! Nothing here sleeps. Every read has a deadline, which is there to fail a broken test and is far
//! longer than anything that works.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use roomcast::{Config, Event, Handle, Hub, Response, Server};
use tungstenite::protocol::frame::CloseFrame;
use tungstenite::{ClientRequestBuilder, Error, HandshakeError, Message, WebSocket};

/// How long anything may take before it counts as hanging.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A server in a thread of its own; stopped and joined when it is dropped.
pub(crate) struct Running {
    pub(crate) addr: SocketAddr,
    pub(crate) handle: Handle,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start(
        config: Config,
        handler: impl FnMut(&mut Hub, Event<'_>) + Send + 'static,
    ) -> Self {
        let (server, addr) = server(config);
        Self::run(server, addr, handler)
    }

    /// One that listens at that address already.
    pub(crate) fn run(
        server: Server,
        addr: SocketAddr,
        handler: impl FnMut(&mut Hub, Event<'_>) + Send + 'static,
    ) -> Self {
        let handle = server.handle();
        let thread = Some(thread::spawn(move || server.run(handler).unwrap()));
        Self {
            addr,
            handle,
            thread,
        }
    }

    /// Asks the hub something, between two turns.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Hub) -> T + Send + 'static,
    ) -> T {
        let (answer, answers) = mpsc::channel();
        self.handle
            .run(move |hub| answer.send(question(hub)).unwrap());
        answers.recv_timeout(PATIENCE).unwrap()
    }

    /// Waits for the server to have ended by itself.
    pub(crate) fn join(mut self) {
        self.thread.take().unwrap().join().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else {
            return;
        };
        self.handle.stop();
        let ended = thread.join();
        assert!(thread::panicking() || ended.is_ok(), "the server panicked");
    }
}

/// A server that listens on a free port and does nothing until it is turned.
pub(crate) fn server(config: Config) -> (Server, SocketAddr) {
    let mut server = Server::new(config).unwrap();
    let addr = server.listen("127.0.0.1:0").unwrap();
    (server, addr)
}

/// Turns a server in this thread until something is so.
#[track_caller]
pub(crate) fn turn_until(
    server: &mut Server,
    handler: &mut dyn FnMut(&mut Hub, Event<'_>),
    mut done: impl FnMut(&mut Server) -> bool,
) {
    let end = Instant::now() + PATIENCE;
    while !done(server) {
        assert!(Instant::now() < end, "it never happened");
        server.turn(Some(PATIENCE), handler).unwrap();
    }
}

/// Connects; no read and no write will hang.
pub(crate) fn connect(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// All bytes up to the end of a stream, which must come in order: a reset is an error.
#[track_caller]
pub(crate) fn rest(mut stream: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

/// A client of plain HTTP, which knows just enough of it to tell one answer from the next.
pub(crate) struct Http {
    stream: BufReader<TcpStream>,
}

/// An answer as it came over the wire.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The status line and the fields.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Http {
    pub(crate) fn connect(addr: SocketAddr) -> Self {
        let stream = BufReader::new(connect(addr));
        Self { stream }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    /// Sends a GET and reads its answer.
    #[track_caller]
    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        self.answer()
    }

    /// Reads an answer with its body.
    #[track_caller]
    pub(crate) fn answer(&mut self) -> Answer {
        let mut answer = self.head();
        let len = answer
            .field("content-length")
            .map_or(0, |len| len.parse().unwrap());
        answer.body = vec![0; len];
        self.stream.read_exact(&mut answer.body).unwrap();
        answer
    }

    /// Reads the head of an answer and no body.
    #[track_caller]
    pub(crate) fn head(&mut self) -> Answer {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let n = self.stream.read_line(&mut head).unwrap();
            assert!(n > 0, "the stream ends within a head: {head:?}");
        }
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body = Vec::new();
        Answer { status, head, body }
    }

    /// What follows to the end of the stream.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        rest(&mut self.stream)
    }

    pub(crate) fn reader(&mut self) -> &mut BufReader<TcpStream> {
        &mut self.stream
    }
}

impl Answer {
    /// The value of a field.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// A WebSocket of an independent client.
pub(crate) type Socket = WebSocket<Patient>;

/// A stream that goes on after a signal: a debugger, say, interrupts system calls that have a
/// deadline, and the client takes that for a failure.
pub(crate) struct Patient(pub(crate) TcpStream);

impl Read for Patient {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        again(|| self.0.read(bytes))
    }
}

impl Write for Patient {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        again(|| self.0.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn again(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// What a client says about itself when it asks for a WebSocket.
#[derive(Clone, Copy, Default)]
pub(crate) struct Hello<'a> {
    pub(crate) origin: Option<&'a str>,
    pub(crate) protocols: &'a [&'a str],
}

/// Opens a WebSocket.
#[track_caller]
pub(crate) fn open(addr: SocketAddr, path: &str) -> Socket {
    try_open(addr, path, Hello::default()).unwrap().0
}

/// Asks for a WebSocket: it and the protocol chosen for it, or the status of the refusal.
#[track_caller]
pub(crate) fn try_open(
    addr: SocketAddr,
    path: &str,
    hello: Hello<'_>,
) -> Result<(Socket, Option<String>), u16> {
    let uri = format!("ws://{addr}{path}").parse().unwrap();
    let mut request = ClientRequestBuilder::new(uri);
    if let Some(origin) = hello.origin {
        request = request.with_header("Origin", origin);
    }
    for protocol in hello.protocols {
        request = request.with_sub_protocol(*protocol);
    }
    match tungstenite::client(request, Patient(connect(addr))) {
        Ok((socket, answer)) => {
            let chosen = answer.headers().get("sec-websocket-protocol");
            let chosen = chosen.map(|chosen| chosen.to_str().unwrap().to_owned());
            Ok((socket, chosen))
        }
        Err(HandshakeError::Failure(Error::Http(refusal))) => Err(refusal.status().as_u16()),
        Err(other) => panic!("no handshake: {other}"),
    }
}

pub(crate) fn say(socket: &mut Socket, text: impl Into<String>) {
    socket.send(Message::text(text.into())).unwrap();
}

/// The next message, which must be a text; pings are answered on the way.
#[track_caller]
pub(crate) fn hear(socket: &mut Socket) -> String {
    loop {
        match socket.read().unwrap() {
            Message::Text(text) => return text.to_string(),
            Message::Ping(_) => {}
            other => panic!("not a text: {other:?}"),
        }
    }
}

/// The close frame that comes next, and after it the end of the stream.
#[track_caller]
pub(crate) fn closing(socket: &mut Socket) -> Option<(u16, String)> {
    let Message::Close(frame) = socket.read().unwrap() else {
        panic!("not a close");
    };
    match socket.read() {
        Err(Error::ConnectionClosed) => {}
        other => panic!("not the end: {other:?}"),
    }
    frame.map(|CloseFrame { code, reason }| (code.into(), reason.to_string()))
}

/// A handler that answers every request with its method, its path and its body, and sends every
/// message back.
pub(crate) fn echo(hub: &mut Hub, event: Event<'_>) {
    match event {
        Event::Request { id, request } => {
            let head = format!("{} {} ", request.method(), request.path());
            let body = [head.as_bytes(), request.body()].concat();
            hub.respond(id, Response::new(200).body(body));
        }
        Event::Text { id, text } => _ = hub.send(id, text),
        Event::Binary { id, bytes } => _ = hub.send(id, bytes),
        _ => {}
    }
}
