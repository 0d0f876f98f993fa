//! Frames of a client, one that compresses and one that does not: whole and byte by byte, with the
//! same echo. With cargo-fuzz this is the target `websocket` (`tests/fuzz`).

use roomcast::{Compression, Config, Event, Hub, Sim};

pub(crate) fn run(bytes: &[u8], compression: Option<Compression>) {
    assert_eq!(
        echo(bytes.chunks(1), compression.clone()),
        echo(std::iter::once(bytes), compression)
    );
}

fn echo<'a>(pieces: impl Iterator<Item = &'a [u8]>, compression: Option<Compression>) -> Vec<u8> {
    let mut sim = Sim::new(Config {
        max_message: 1000,
        compression,
        ..Config::default()
    });
    let id = sim.connect();
    sim.receive(id, HANDSHAKE, &mut handle);
    for piece in pieces {
        sim.receive(id, piece, &mut handle);
    }
    sim.end_turn(&mut handle);
    sim.take(id)
}

fn handle(hub: &mut Hub, event: Event<'_>) {
    match event {
        Event::Text { id, text } => _ = hub.send(id, text),
        Event::Binary { id, bytes } => _ = hub.send(id, bytes),
        _ => {}
    }
}

const HANDSHAKE: &[u8] =
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
