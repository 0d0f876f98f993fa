//! What a connection costs: counted by the allocator, over the simulated server and a real one.
//!
//! The cost of an idle socket is its share of a few tables, each a vector that doubles when it is
//! full, and of the hash set of its room, which is full at seven eighths of a power of two. So the
//! number below is for 7/8 of 2ⁿ sockets: the set is full and the vectors nearly; that is the
//! design as it is meant. Just beyond a power of two every table is half empty and the same
//! socket costs nearly twice as much, as in every program that keeps growing vectors.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

#[path = "memory/bounds.rs"]
mod bounds;
#[cfg(feature = "deflate")]
#[path = "memory/deflate.rs"]
mod deflate;

#[path = "memory/steady.rs"]
mod steady;

use std::alloc::System;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cap::Cap;
use roomcast::sim::{Sim, client_frame, quiet};
use roomcast::socketio::{Options, SocketIo};
use roomcast::{Config, Event, Hub, Id, Response, Server};

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// 7/8 of a power of two.
const SOCKETS: usize = 14_336;
/// The power of two, which is how long the tables are then.
const PLACES: usize = 16_384;
/// The law: bytes for an idle WebSocket in one room, less the four of its descriptor in the table
/// of sockets, which only a server with sockets has.
const LIMIT: usize = 128 - 4;
/// What the tables of a hub keep when all are gone, for those who come next; for each place 24
/// bytes of the connection, 8 + 8 of its outbox, 16 of its deadline, 40 of the member, 4 of
/// its name. The room's set is gone with the room.
const TABLES: usize = 100 * PLACES;
/// Bytes that do not count: short lists, and what the test's own threads allocate.
const SLACK: usize = 16 * 1024;

/// Only one test at a time may use the heap.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bytes of heap in use, without those that stand for the network.
fn heap(sim: &Sim) -> usize {
    HEAP.allocated() - sim.network_bytes()
}

fn lobby(hub: &mut Hub, event: Event<'_>) {
    match event {
        Event::Open { id } => _ = hub.join(id, "lobby"),
        Event::Text { id, text } => _ = hub.to("lobby").except(id).send(text),
        _ => {}
    }
}

/// Opens so many sockets, and says what was in use before.
fn crowd(sim: &mut Sim, count: usize) -> (Vec<Id>, usize) {
    let mut ids = Vec::with_capacity(count);
    let before = heap(sim);
    ids.extend((0..count).map(|_| sim.open("/", &mut lobby)));
    (ids, before)
}

fn take_all(sim: &mut Sim, ids: &[Id]) -> usize {
    ids.iter().map(|id| sim.take(*id).len()).sum()
}

#[track_caller]
fn costs_at_most(limit: usize, before: usize, after: usize) {
    let cost = after.saturating_sub(before) as f64 / SOCKETS as f64;
    assert!(
        cost <= limit as f64,
        "{cost:.1} bytes for each of {SOCKETS}"
    );
}

#[track_caller]
fn grew_at_most(limit: usize, before: usize, after: usize) {
    let grown = after.saturating_sub(before);
    assert!(grown <= limit, "{grown} bytes more, not {limit} at most");
}

#[test]
fn an_idle_socket_in_one_room_takes_128_bytes_at_most() {
    let _alone = alone();
    let mut sim = Sim::new(Config::default());
    let (_ids, before) = crowd(&mut sim, SOCKETS);
    costs_at_most(LIMIT, before, heap(&sim));
}

/// What is remembered of an address, when each client has one of its own.
#[test]
fn an_address_takes_64_bytes_at_most() {
    let _alone = alone();
    let mut sim = Sim::new(Config::default());
    let mut ids = Vec::with_capacity(SOCKETS);
    let before = heap(&sim);
    ids.extend((0..SOCKETS as u32).map(|n| sim.connect_from(IpAddr::V4(n.into()))));
    let with = heap(&sim) - before;
    let mut sim = Sim::new(Config::default());
    let mut ids = Vec::with_capacity(SOCKETS);
    let before = heap(&sim);
    ids.extend((0..SOCKETS).map(|_| sim.connect()));
    costs_at_most(64, heap(&sim) - before, with);
}

#[test]
fn a_socket_that_is_idle_again_takes_no_more() {
    let _alone = alone();
    let mut sim = Sim::new(Config::default());
    let (ids, before) = crowd(&mut sim, SOCKETS);
    sim.text(ids[0], "hello", &mut lobby);
    sim.end_turn(&mut lobby);
    assert_eq!(take_all(&mut sim, &ids), 7 * (SOCKETS - 1));
    for id in &ids {
        sim.receive(*id, &client_frame(0x01, b"first half"), &mut quiet);
    }
    for id in &ids {
        sim.receive(*id, &client_frame(0x80, b"second half"), &mut quiet);
    }
    sim.end_turn(&mut quiet);
    costs_at_most(LIMIT, before, heap(&sim));
}

#[test]
fn all_that_is_left_of_a_crowd_are_the_tables() {
    let _alone = alone();
    let mut sim = Sim::new(Config::default());
    let mut ids = Vec::with_capacity(SOCKETS);
    let before = heap(&sim);
    let [first, second] = [(); 2].map(|()| {
        ids.extend((0..SOCKETS).map(|_| sim.open("/", &mut lobby)));
        for id in ids.drain(..) {
            sim.hang_up(id, &mut lobby);
        }
        sim.end_turn(&mut lobby);
        assert_eq!(sim.hub().connections(), 0);
        heap(&sim)
    });
    grew_at_most(TABLES + SLACK, before, first);
    grew_at_most(SLACK, first, second);
}

#[test]
fn a_crowd_that_is_closed_at_once_leaves_no_more_than_one_that_goes_one_by_one() {
    let _alone = alone();
    let mut sim = Sim::new(Config::default());
    let (ids, before) = crowd(&mut sim, SOCKETS);
    // A ping to all, which nobody answers, and the end for all in the same turn.
    for seconds in [26, 21, 6, 6] {
        sim.advance(seconds * 1000);
        sim.end_turn(&mut lobby);
        take_all(&mut sim, &ids);
    }
    assert_eq!(sim.hub().stats().timed_out, SOCKETS as u64);
    assert_eq!(sim.hub().connections(), 0);
    // The batch of all the close frames; the server keeps it for the next, up to 2 MB.
    let batch = 2 * SOCKETS * b"..\x03\xf0ping not answered".len();
    grew_at_most(TABLES + batch + SLACK, before, heap(&sim));
}

/// Bytes of a large message, in the pieces of a slow network.
const LARGE: usize = 500_000;
const PIECE: usize = 10_000;

#[test]
fn the_buffer_of_a_large_message_is_given_back() {
    let _alone = alone();
    let mut sim = Sim::new(Config::default());
    let (ids, _) = crowd(&mut sim, 10);
    let frame = client_frame(0x81, &[b'x'; LARGE]);
    let deliver = |sim: &mut Sim| {
        let mut most = 0;
        for piece in frame.chunks(PIECE) {
            sim.receive(ids[0], piece, &mut lobby);
            most = most.max(heap(sim));
        }
        sim.end_turn(&mut lobby);
        assert_eq!(take_all(sim, &ids), (LARGE + 10) * 9);
        most
    };
    // The first one leaves the batch large, which all of the server shares and keeps.
    deliver(&mut sim);
    let before = heap(&sim);
    // A vector that doubles, while it is copied.
    grew_at_most(3 * LARGE, before, deliver(&mut sim));
    grew_at_most(SLACK, before, heap(&sim));
}

#[test]
fn a_batch_of_megabytes_is_given_back() {
    let _alone = alone();
    let mut sim = Sim::new(Config::default());
    let (ids, _) = crowd(&mut sim, 10);
    let before = heap(&sim);
    let text = "x".repeat(900_000);
    (0..4).for_each(|_| _ = sim.hub().to("lobby").send(&text));
    sim.end_turn(&mut lobby);
    assert_eq!(take_all(&mut sim, &ids), 10 * 4 * 900_010);
    grew_at_most(text.capacity() + SLACK, before, heap(&sim));
}

#[test]
fn slow_receivers_share_what_waits_for_them() {
    let _alone = alone();
    let mut sim = Sim::new(Config::default());
    let (ids, _) = crowd(&mut sim, 1000);
    let before = heap(&sim);
    ids.iter().for_each(|id| sim.set_room(*id, 100));
    for _ in 0..10 {
        sim.hub().to("lobby").send(&"x".repeat(50_000));
        sim.end_turn(&mut lobby);
    }
    assert!(sim.hub().backlog() <= 10 * 50_004);
    // Half a megabyte of messages, the batch they went through, and for each a list of ranges.
    grew_at_most((1 << 20) + (1 << 17) + 1000 * 600, before, heap(&sim));
    ids.iter().for_each(|id| sim.set_room(*id, usize::MAX));
    sim.end_turn(&mut lobby);
    assert_eq!(take_all(&mut sim, &ids), 1000 * 10 * 50_004);
    assert_eq!(sim.hub().backlog(), 0);
    grew_at_most((1 << 17) + SLACK, before, heap(&sim));
}

#[test]
fn a_streamed_body_takes_no_memory_of_its_size() {
    const BODY: u64 = 50 << 20;
    let _alone = alone();
    let mut sim = Sim::new(Config::default());
    let client = sim.connect();
    let before = heap(&sim);
    sim.receive(
        client,
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        &mut |hub, event| {
            if let Event::Request { id, .. } = event {
                hub.respond(id, Response::new(200).stream(BODY, std::io::repeat(7)));
            }
        },
    );
    let (mut taken, mut most) = (0, 0);
    while taken < BODY {
        sim.set_room(client, 100_000);
        sim.end_turn(&mut quiet);
        most = most.max(heap(&sim));
        taken += sim.take(client).iter().filter(|byte| **byte == 7).count() as u64;
    }
    grew_at_most(256 * 1024, before, most);
}

/// Sockets of a real server: both ends are ours, and a process may have a thousand of them.
const REAL: usize = 224;

#[test]
fn real_sockets_add_their_place_in_one_table() {
    let _alone = alone();
    let mut sim = Sim::new(Config::default());
    let (_ids, before) = crowd(&mut sim, REAL);
    let simulated = heap(&sim) - before;
    let mut server = Server::new(Config::default()).unwrap();
    let addr = server.listen("127.0.0.1:0").unwrap();
    let mut clients = Vec::with_capacity(REAL);
    let before = HEAP.allocated();
    for _ in 0..REAL {
        clients.push(visit(&mut server, addr));
    }
    let real = HEAP.allocated() - before;
    // The thread of the test before may still have been there when the first was begun.
    let table = 256 * size_of::<Option<mio::net::TcpStream>>();
    grew_at_most(table + 4096, simulated, real);
}

/// Opens a WebSocket without any memory of its own.
fn visit(server: &mut Server, addr: SocketAddr) -> TcpStream {
    let mut client = TcpStream::connect(addr).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.write_all(HANDSHAKE).unwrap();
    let (opened, end) = (server.hub().stats().opened, Instant::now() + PATIENCE);
    while server.hub().stats().opened == opened {
        assert!(Instant::now() < end, "it does not open");
        server.turn(Some(PATIENCE), &mut lobby).unwrap();
    }
    let (mut answer, mut len) = ([0; 512], 0);
    while !answer[..len].ends_with(b"\r\n\r\n") {
        client.read_exact(&mut answer[len..=len]).unwrap();
        len += 1;
    }
    client
}

const PATIENCE: Duration = Duration::from_secs(20);
const HANDSHAKE: &[u8] =
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// Has clients of Socket.IO open WebSockets and say something.
fn visitors(sim: &mut Sim, io: &mut SocketIo, count: usize, texts: &[String]) {
    let mut handler = |hub: &mut Hub, event: Event<'_>| io.drive(hub, event, |_, _| {});
    for _ in 0..count {
        let id = sim.open("/socket.io/?EIO=4&transport=websocket", &mut handler);
        for text in texts {
            sim.receive(id, &client_frame(0x81, text.as_bytes()), &mut handler);
        }
        sim.end_turn(&mut handler);
        sim.take(id);
    }
}

/// A client of Socket.IO by WebSocket: its session, its socket with the room of its own, its
/// heartbeat, and what recovery remembers of it; the connection of the core included.
#[test]
fn an_idle_client_of_socket_io_takes_352_bytes() {
    let _alone = alone();
    let mut sim = Sim::new(Config::default());
    let mut io = SocketIo::with(Options {
        max_disconnection_duration: Some(120_000),
        ..Options::default()
    });
    let before = heap(&sim);
    visitors(&mut sim, &mut io, SOCKETS, &["40".to_owned()]);
    costs_at_most(352, before, heap(&sim));
}

#[test]
fn a_namespace_takes_no_memory_for_those_who_are_elsewhere() {
    let _alone = alone();
    let mut sim = Sim::new(Config::default());
    let mut io = SocketIo::new().namespaces_where(|_| true);
    // No table is full, so that none grows for one client more.
    visitors(&mut sim, &mut io, SOCKETS - 200, &["40".to_owned()]);
    let before = heap(&sim);
    let games: Vec<_> = (0..100).map(|n| format!("40/game-{n},")).collect();
    visitors(&mut sim, &mut io, 1, &games);
    grew_at_most(100 * 1024 + SLACK, before, heap(&sim));
}

#[test]
fn nothing_is_kept_of_a_plain_client_which_cannot_come_back() {
    let _alone = alone();
    let mut sim = Sim::new(Config::default());
    let mut io = SocketIo::with(Options {
        max_disconnection_duration: Some(120_000),
        plain_path: Some("/ws".to_owned()),
        ..Options::default()
    });
    let mut handler = |hub: &mut Hub, event: Event<'_>| io.drive(hub, event, |_, _| {});
    let before = heap(&sim);
    for _ in 0..1000 {
        let id = sim.open("/ws", &mut handler);
        sim.hang_up(id, &mut handler);
        sim.end_turn(&mut handler);
    }
    // The wheel of the layer's deadlines is there from the first event on.
    grew_at_most(2 * SLACK, before, heap(&sim));
}
