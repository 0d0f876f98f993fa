//! One peer's flood costs its neighbours nothing: while it sends as fast as it can, two others
//! exchange messages. What is asserted is counted in turns of the loop and not measured.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc;
use std::thread;

use roomcast::sim::client_frame;
use roomcast::socketio::SocketIo;
use roomcast::{Config, Event, Hub, Response, Server};

use crate::handshake::handshake;
use crate::support::{connect, server, turn_until};

/// Messages that the two exchange.
const MESSAGES: u8 = 100;
/// Bytes that one peer may take of a turn: one read.
const READ: u64 = 64 * 1024;
/// Turns in which a message is through. It is one, from when the kernel has handed it over.
const TURNS: usize = 20;

type Handler<'h> = &'h mut dyn FnMut(&mut Hub, Event<'_>);

/// A flood: what comes first, and what then comes again and again.
struct Flood {
    name: &'static str,
    path: &'static str,
    bytes: fn(sid: &str) -> Vec<u8>,
}

const FLOODS: [Flood; 5] = [
    Flood {
        name: "pings",
        path: "/",
        bytes: |_| client_frame(0x89, b"").repeat(10_000),
    },
    Flood {
        name: "texts",
        path: "/",
        bytes: |_| client_frame(0x81, b"").repeat(10_000),
    },
    Flood {
        name: "empty fragments",
        path: "/",
        bytes: |_| {
            let middle = client_frame(0x00, b"").repeat(1000);
            [client_frame(0x01, b""), middle, client_frame(0x80, b"")].concat()
        },
    },
    Flood {
        name: "pipelined requests",
        path: "",
        bytes: |_| b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2000),
    },
    Flood {
        name: "polling bodies full of packets",
        path: "/socket.io/?EIO=4&transport=polling",
        bytes: |sid| {
            let body = ["6"; 10_000].join("\u{1e}");
            let path = format!("/socket.io/?EIO=4&transport=polling&sid={sid}");
            let len = body.len();
            format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {len}\r\n\r\n{body}").into()
        },
    },
];

/// The two are in one room; all that others say is heard, and that is all.
fn app(hub: &mut Hub, event: Event<'_>) {
    match event {
        Event::Request { id, .. } => _ = hub.respond(id, Response::new(204)),
        Event::Text { id, text: "in" } => _ = hub.join(id, "two") && hub.send(id, "in"),
        Event::Binary { id, bytes } => _ = hub.to("two").except(id).send(bytes),
        _ => {}
    }
}

/// Connects, and has an answer up to what ends it, while the server is turned.
fn answered(
    server: &mut Server,
    handler: Handler<'_>,
    addr: SocketAddr,
    request: Vec<u8>,
    end: &'static [u8],
) -> (TcpStream, Vec<u8>) {
    let (done, answers) = mpsc::channel();
    let handle = server.handle();
    thread::spawn(move || {
        let (mut socket, mut answer) = (connect(addr), Vec::new());
        socket.write_all(&request).unwrap();
        while !answer.ends_with(end) {
            let mut byte = [0];
            socket.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
        done.send((socket, answer)).unwrap();
        handle.run(|_| ());
    });
    let mut answer = None;
    turn_until(server, handler, |_| {
        answer = answer.take().or_else(|| answers.try_recv().ok());
        answer.is_some()
    });
    answer.unwrap()
}

/// Sends as fast as it can, and reads what comes, until the server is gone.
fn flood(mut socket: TcpStream, bytes: Vec<u8>) {
    let mut reads = socket.try_clone().unwrap();
    thread::spawn(move || while socket.write_all(&bytes).is_ok() {});
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while reads.read(&mut buffer).is_ok_and(|n| n > 0) {}
        let _ = reads.shutdown(Shutdown::Both);
    });
}

/// Opens what the flood comes on; with the name of its session, if it polls.
fn flooder(
    server: &mut Server,
    handler: Handler<'_>,
    addr: SocketAddr,
    kind: &Flood,
) -> (TcpStream, String) {
    if kind.path.is_empty() {
        return (connect(addr), String::new());
    }
    if kind.path == "/" {
        let hello = handshake("X: y").into_bytes();
        let (socket, _) = answered(server, handler, addr, hello, b"\r\n\r\n");
        return (socket, String::new());
    }
    let get = format!("GET {} HTTP/1.1\r\nHost: a\r\n\r\n", kind.path);
    let (socket, answer) = answered(server, handler, addr, get.into_bytes(), b"}");
    let answer = String::from_utf8(answer).unwrap();
    let (_, sid) = answer.split_once("\"sid\":\"").unwrap();
    (socket, sid[..20].to_owned())
}

/// Has one of the two say something, and counts the turns until it is on its way to the other.
fn pass(server: &mut Server, handler: Handler<'_>, speaker: &mut TcpStream, n: u8) -> usize {
    let delivered = server.hub().stats().delivered;
    speaker.write_all(&client_frame(0x82, &[n])).unwrap();
    let mut turns = 0;
    while server.hub().stats().delivered == delivered {
        let received = server.hub().stats().received;
        server.turn(None, handler).unwrap();
        turns += 1;
        let texts = server.hub().stats().received - received;
        assert!(texts <= READ / 6 + 2, "{texts} in a turn");
    }
    turns
}

fn check(kind: &Flood) {
    let (mut server, addr) = server(Config {
        message_rate: u32::MAX,
        request_rate: u32::MAX,
        ..Config::default()
    });
    let mut io = SocketIo::new();
    let mut handler = |hub: &mut Hub, event: Event<'_>| {
        io.drive(hub, event, |io, event| {
            if let roomcast::socketio::Event::Core(event) = event {
                app(io.hub(), event);
            }
        });
    };
    let hello = [handshake("X: y").into_bytes(), client_frame(0x81, b"in")].concat();
    let [(one, _), (two, _)] = [(); 2].map(|()| {
        answered(
            &mut server,
            &mut handler,
            addr,
            hello.clone(),
            b"\x81\x02in",
        )
    });
    let (socket, sid) = flooder(&mut server, &mut handler, addr, kind);
    flood(socket, (kind.bytes)(&sid));
    // Nobody else has anything to say that would make a turn.
    for _ in 0..20 {
        server.turn(None, &mut handler).unwrap();
    }
    let (mut two_sides, mut most) = ([one, two], 0);
    for n in 0..MESSAGES {
        let turns = pass(&mut server, &mut handler, &mut two_sides[0], n);
        let mut frame = [0; 3];
        two_sides[1].read_exact(&mut frame).unwrap();
        assert_eq!(frame, [0x82, 1, n]);
        two_sides.swap(0, 1);
        most = most.max(turns);
    }
    println!("{most:>4} turns at most: {}", kind.name);
    assert!(most <= TURNS, "{}: {most} turns", kind.name);
    assert_eq!(server.hub().connections(), 3, "{} went on", kind.name);
}

#[test]
fn a_message_passes_a_flood_in_a_few_turns_of_the_loop() {
    FLOODS.iter().for_each(check);
}
