//! Nothing a peer sends can panic. The loops of the fuzz targets of `tests/fuzz` stand here, and run on
//! what these have learned (`corpus`).
//!
//! Besides, inputs are cut and joined from what is valid, with seeds, which goes deeper than noise alone.

mod corpus;
#[cfg(feature = "socketio")]
mod engine;
mod http;
#[cfg(feature = "socketio")]
mod packet;
#[cfg(feature = "socketio")]
mod socketio;
#[cfg(feature = "socketio")]
mod socketio_app;
#[cfg(feature = "socketio")]
mod socketio_client;
mod websocket;

use rand::rngs::ChaCha8Rng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use roomcast::sim::{Sim, client_frame};
use roomcast::{Config, Event, Hub, Response};

// For the clients of Socket.IO, who are held to the same.
#[cfg(feature = "socketio")]
use crate::fuzz_hub::{frames, ledger};

/// What requests are made of, and what could break them.
const PIECES: [&[u8]; 34] = [
    b"GET / HTTP/1.1\r\n",
    b"POST /a?b HTTP/1.1\r\n",
    b"HEAD http://a/ HTTP/1.0\r\n",
    b"Host: a\r\n",
    b"\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 99999999999999999999\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"5\r\nhello\r\n",
    b"0\r\n\r\n",
    b"ffffffffffffffff\r\n",
    b"Expect: 100-continue\r\n",
    b"Upgrade: websocket\r\n",
    b"Connection: Upgrade\r\n",
    b"Connection: close\r\n",
    b"Sec-WebSocket-Version: 13\r\n",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    b"Origin: http://a\r\n",
    b"hello",
    b"\n",
    b"\r",
    b"\0",
    b":",
    b" ",
    b"\xff\xfe",
    b"\x81\x85\0\0\0\0hello",
    b"\x88\x80\0\0\0\0",
    b"\x01\x81\0\0\0\0\xce",
    b"\x80\x81\0\0\0\0\xba",
    b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0",
    b"\x89\x80\0\0\0\0",
    b"\x8a\x80\0\0\0\0",
    b"\xc1",
    b"GET",
];

/// Uses all that an application can.
fn handle(hub: &mut Hub, event: Event<'_>) {
    match event {
        Event::Request { id, request } => {
            let answer = format!(
                "{:?} {:?} {}",
                request.query(),
                request.host(),
                request.body().len()
            );
            if request.path() != "/a" {
                hub.respond(id, Response::text(200, answer));
            }
        }
        // Some bodies are refused before they have come, and some are dropped.
        Event::Upload { id, request } if request.method() == "HEAD" => {
            hub.respond(id, Response::text(403, "no bodies here"));
        }
        Event::Upload { id, request } if request.method() == "GET" => _ = hub.close(id, 1000, ""),
        Event::Upgrade { id, request } => {
            let offered = request.protocols().next().unwrap_or_default().to_owned();
            hub.choose_protocol(id, &offered);
        }
        Event::Text { id, text } => {
            hub.join(id, text);
            hub.to(text).send(text);
        }
        Event::Binary { id, bytes } => _ = hub.send(id, bytes),
        _ => {}
    }
}

/// One connection that sends this in pieces, and goes.
fn attack(seed: u64, websocket: bool) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut sim = Sim::new(Config {
        max_message: 100,
        max_body: 100,
        ..Config::default()
    });
    let bystander = sim.open("/", &mut handle);
    let id = if websocket {
        sim.open("/", &mut handle)
    } else {
        sim.connect()
    };
    for _ in 0..random.random_range(1..12) {
        let mut bytes = PIECES.choose(&mut random).unwrap().to_vec();
        if random.random_ratio(1, 4) {
            bytes = client_frame(random.random(), &bytes);
        }
        if random.random_ratio(1, 8) {
            let at = random.random_range(0..bytes.len());
            bytes[at] = random.random();
        }
        let at = random.random_range(0..=bytes.len());
        sim.receive(id, &bytes[..at], &mut handle);
        sim.receive(id, &bytes[at..], &mut handle);
        if random.random() {
            sim.end_turn(&mut handle);
        }
    }
    sim.hang_up(id, &mut handle);
    sim.end_turn(&mut handle);
    sim.advance(120_000);
    sim.end_turn(&mut handle);
    assert!(
        !sim.is_connected(id),
        "repeat with seed {seed}, websocket {websocket}"
    );
    assert_eq!(
        sim.take(bystander).last(),
        Some(&0),
        "the bystander is still there, and was pinged: seed {seed}"
    );
}

#[test]
fn no_request_harms_the_server() {
    (0..20_000).for_each(|seed| attack(seed, false));
}

#[test]
fn no_frame_harms_the_server() {
    (0..20_000).for_each(|seed| attack(seed, true));
}

/// One connection that compresses, and sends compressed messages that are cut and mutated, in
/// fragments and among other frames.
#[cfg(feature = "deflate")]
fn attack_compressed(seed: u64) {
    use crate::compression::{compressing, deflated, open};
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut sim = compressing();
    let bystander = sim.open("/", &mut handle);
    let id = open(&mut sim, &mut handle);
    for _ in 0..random.random_range(1..8) {
        let text = PIECES.choose(&mut random).unwrap();
        let mut bytes = deflated(&text.repeat(random.random_range(0..400)));
        if random.random_ratio(1, 4) {
            let at = random.random_range(0..bytes.len());
            bytes[at] = random.random();
        }
        bytes.truncate(random.random_range(bytes.len() / 2..=2 * bytes.len()));
        let (first, rest) = bytes.split_at(random.random_range(0..=bytes.len()));
        let opcodes = [0x41, 0x42, 0xc1, 0xc2, 0x80, 0x00, 0x81, 0xc0, 0x89];
        for (usual, part) in [(0x41, first), (0x80, rest)] {
            let other = *opcodes.choose(&mut random).unwrap();
            let opcode = [other, usual][usize::from(random.random_ratio(9, 10))];
            sim.receive(id, &client_frame(opcode, part), &mut handle);
        }
    }
    sim.hang_up(id, &mut handle);
    (0..3).for_each(|_| sim.end_turn(&mut handle));
    sim.advance(120_000);
    sim.end_turn(&mut handle);
    assert!(!sim.is_connected(id), "repeat with seed {seed}");
    assert_eq!(sim.take(bystander).last(), Some(&0), "seed {seed}");
}

#[cfg(feature = "deflate")]
#[test]
fn no_compressed_frame_harms_the_server() {
    (0..2000).for_each(attack_compressed);
}
