//! Frames of a client: whole and byte by byte, with the same echo.

#![no_main]

use libfuzzer_sys::fuzz_target;
use roomcast::{Config, Event, Hub, Sim};

fn handle(hub: &mut Hub, event: Event<'_>) {
    match event {
        Event::Text { id, text } => _ = hub.send(id, text),
        Event::Binary { id, bytes } => _ = hub.send(id, bytes),
        _ => {}
    }
}

fn echo<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut sim = Sim::new(Config {
        max_message: 1000,
        ..Config::default()
    });
    let id = sim.open("/", &mut handle);
    for piece in pieces {
        sim.receive(id, piece, &mut handle);
    }
    sim.end_turn(&mut handle);
    sim.take(id)
}

fuzz_target!(|bytes: &[u8]| {
    assert_eq!(echo(bytes.chunks(1)), echo(std::iter::once(bytes)));
});
