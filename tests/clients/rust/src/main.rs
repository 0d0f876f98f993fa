//! The client crate `rust_socketio` against a server program.
//!
//! ```text
//! cargo run -- PROGRAM [--reference | --only TEXT]
//! ```
//!
//! Every check runs in three modes: the client's default (polling, then an
//! upgrade), WebSocket only, and polling only. The client has one namespace per
//! connection, gives its listeners only the first attachment of a packet, sends
//! no acks, cannot ask for one with binary, and over WebSocket reads binary as
//! far as its first byte 0x1e: all that is left to the other clients.
//! `../README.md` has the application that the program must serve.

use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Command, ExitCode, Stdio},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::Duration,
};

use rust_socketio::{ClientBuilder, Event, Payload, TransportType, client::Client};
use serde_json::{Value, json};

/// The limit of any one wait.
const PATIENCE: Duration = Duration::from_secs(20);
const BURST: usize = 1_000;
/// The crate's name for the event of a connection.
const CONNECTED: &str = "open";
const MODES: [(&str, TransportType); 3] = [
    ("default", TransportType::Any),
    ("websocket", TransportType::Websocket),
    ("polling", TransportType::Polling),
];

type Check = fn(&Place);

const CHECKS: [(&str, Check); 10] = [
    ("events come back with every kind of value", events),
    ("the server answers with an ack", acks),
    ("binary comes back", binary),
    ("a namespace keeps its events apart", namespaces),
    ("a refused client learns why", refusal),
    ("a client with the right auth is let in", admission),
    (
        "a room's event reaches its members except the sender",
        rooms,
    ),
    ("1,000 events of the server at once arrive in order", burst),
    (
        "1,000 events of the client at once arrive in order",
        burst_from_client,
    ),
    (
        "the client comes back when the server has restarted on the same port",
        restart,
    ),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (path, only) = match arguments.as_slice() {
        [path] => (path, ""),
        // There is nothing here that the reference server does not promise.
        [path, flag] if flag == "--reference" => (path, ""),
        [path, flag, only] if flag == "--only" => (path, only.as_str()),
        _ => panic!("usage: cargo run -- PROGRAM [--reference | --only TEXT]"),
    };
    let server = Program::start(path, &["--port", "0"]);
    let (mut passed, mut failed) = (0, 0);
    for (mode, transport) in MODES {
        let place = Place {
            path: path.clone(),
            address: server.address.clone(),
            transport,
        };
        for (sentence, check) in CHECKS {
            let name = format!("{mode}: {sentence}");
            if name.contains(only) {
                *(if succeeds(&name, check, place.clone()) {
                    &mut passed
                } else {
                    &mut failed
                }) += 1;
            }
        }
    }
    println!("{passed} passed, {failed} failed, 0 skipped");
    ExitCode::from(u8::from(failed > 0 || passed == 0))
}

/// A check runs in a thread of its own, so that its panic ends nothing else.
fn succeeds(name: &str, check: Check, place: Place) -> bool {
    let succeeds = thread::spawn(move || check(&place)).join().is_ok();
    println!("{}{name}", if succeeds { "ok       " } else { "FAILED   " });
    succeeds
}

// The checks

fn events(place: &Place) {
    let ada = place.connect("/");
    for args in [
        vec![json!([true, 1.5, -7, null])],
        vec![json!("é€😀"), json!({"a": [{}]})],
        vec![json!("")],
    ] {
        ada.emit("echo", args.clone());
        assert_eq!(ada.next("echo"), Payload::Text(args));
    }
}

fn acks(place: &Place) {
    let ada = place.connect("/");
    assert_eq!(ada.ask("echo", json!("one")), json!(["one"]));
    assert_eq!(ada.ask("echo", json!({"two": [2]})), json!([{"two": [2]}]));
}

fn binary(place: &Place) {
    let ada = place.connect("/");
    for size in [1, 70_000] {
        let bytes: Vec<u8> = (0..size).map(|i| (i % 29) as u8).collect();
        ada.emit("echo", bytes.clone());
        assert_eq!(ada.next("echo"), Payload::from(bytes));
    }
}

fn namespaces(place: &Place) {
    let (ada, bob, cas) = (
        place.connect("/"),
        place.connect("/chat2"),
        place.connect("/chat2"),
    );
    ada.emit("all", json!("for the main one"));
    bob.emit("all", json!("for chat2"));
    assert_eq!(ada.next("all"), Payload::from(json!("for the main one")));
    assert_eq!(bob.next("all"), Payload::from(json!("for chat2")));
    assert_eq!(cas.next("all"), Payload::from(json!("for chat2")));
}

fn refusal(place: &Place) {
    let told = place
        .meet("/admin", json!({"token": "wrong"}))
        .next("error");
    assert!(format!("{told:?}").contains("not allowed"), "{told:?}");
    let told = place.meet("/nowhere", json!({})).next("error");
    assert!(
        format!("{told:?}").contains("Invalid namespace"),
        "{told:?}"
    );
}

fn admission(place: &Place) {
    let ada = place.meet("/admin", json!({"token": "secret"}));
    ada.next(CONNECTED);
    assert_eq!(ada.ask("echo", json!("inside")), json!(["inside"]));
}

fn rooms(place: &Place) {
    let (ada, bob) = (place.connect("/"), place.connect("/"));
    ada.ask("join", json!("a room"));
    bob.ask("join", json!("a room"));
    ada.emit("room", vec![json!("a room"), json!("hello"), json!(2)]);
    assert_eq!(
        bob.next("room"),
        Payload::Text(vec![json!("hello"), json!(2)])
    );
    ada.emit("echo", json!("fence"));
    assert_eq!(ada.next("echo"), Payload::from(json!("fence")));
}

fn burst(place: &Place) {
    let ada = place.connect("/");
    ada.emit("burst", json!(BURST));
    for i in 0..BURST {
        assert_eq!(ada.next("tick"), Payload::from(json!(i)));
    }
}

fn burst_from_client(place: &Place) {
    let ada = place.connect("/");
    for i in 0..BURST {
        ada.emit("echo", json!(i));
    }
    for i in 0..BURST {
        assert_eq!(ada.next("echo"), Payload::from(json!(i)));
    }
}

fn restart(place: &Place) {
    let first = Program::start(&place.path, &["--port", "0"]);
    let ada = Place {
        address: first.address.clone(),
        ..place.clone()
    }
    .connect("/");
    let port = first.port().to_owned();
    drop(first);
    let _second = Program::start(&place.path, &["--port", &port]);
    while ada.any().0 != CONNECTED {}
    assert_eq!(ada.ask("echo", json!("again")), json!(["again"]));
}

// Clients

/// Where a check runs: the program, its address, and the client's transport.
#[derive(Clone)]
struct Place {
    path: String,
    address: String,
    transport: TransportType,
}

impl Place {
    /// A connected client of a namespace.
    fn connect(&self, namespace: &str) -> Person {
        let person = self.meet(namespace, json!({}));
        person.next(CONNECTED);
        person
    }

    /// A client whose connection is still to be answered.
    fn meet(&self, namespace: &str, auth: Value) -> Person {
        let (sender, heard) = channel();
        let mut builder = ClientBuilder::new(&self.address)
            .namespace(namespace)
            .auth(auth)
            .transport_type(self.transport.clone())
            .reconnect_delay(50, 200);
        for event in [Event::Connect, Event::Error, Event::Close] {
            builder = builder.on(event.clone(), tell(&sender, event));
        }
        let any = sender;
        let builder = builder.on_any(move |event, payload, _| {
            let _ = any.send((String::from(event), payload));
        });
        Person {
            client: builder.connect().expect("a server that listens"),
            heard,
        }
    }
}

type News = (String, Payload);

fn tell<C>(sender: &Sender<News>, event: Event) -> impl FnMut(Payload, C) + Send + 'static {
    let (sender, event) = (sender.clone(), String::from(event));
    move |payload, _| {
        let _ = sender.send((event.clone(), payload));
    }
}

/// A client, and all that came to it.
struct Person {
    client: Client,
    heard: Receiver<News>,
}

impl Person {
    fn emit(&self, event: &str, payload: impl Into<Payload>) {
        self.client.emit(event, payload).expect("a connection");
    }

    /// The payload of what comes next, which must be this event.
    fn next(&self, event: &str) -> Payload {
        let (came, payload) = self.any();
        assert_eq!(came, event, "{payload:?}");
        payload
    }

    fn any(&self) -> News {
        self.heard
            .recv_timeout(PATIENCE)
            .expect("something in time")
    }

    /// The list of arguments that the server answers with.
    fn ask(&self, event: &str, payload: impl Into<Payload>) -> Value {
        let (sender, answer) = channel();
        let callback = move |payload, _| {
            let _ = sender.send(payload);
        };
        self.client
            .emit_with_ack(event, payload, PATIENCE, callback)
            .expect("a connection");
        match answer.recv_timeout(PATIENCE).expect("an answer in time") {
            Payload::Text(mut values) => values.remove(0),
            other => panic!("{other:?}"),
        }
    }
}

// The server program

/// A running server program, which ends with its value.
struct Program {
    process: Child,
    address: String,
}

impl Program {
    fn start(path: &str, flags: &[&str]) -> Self {
        let command = Command::new(path)
            .args(flags)
            .stdout(Stdio::piped())
            .spawn();
        let mut process = command.expect("a program to start");
        let mut lines = BufReader::new(process.stdout.take().expect("it is piped"));
        let address = address(&mut lines);
        thread::spawn(move || lines.lines().for_each(drop));
        Self { process, address }
    }

    fn port(&self) -> &str {
        self.address.rsplit(':').next().expect("it has a port")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The address in the first line that has one.
fn address(lines: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    while !line.contains("http://localhost:") {
        line.clear();
        let read = lines.read_line(&mut line).expect("its output is text");
        assert!(read > 0, "the program ended before it listened");
    }
    let start = line.find("http://").expect("it is there");
    line[start..]
        .split_whitespace()
        .next()
        .expect("it is there")
        .to_owned()
}
