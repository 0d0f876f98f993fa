//! Whatever arrives on a connection, heads and bodies and requests one behind the other: whole and
//! byte by byte, with the same answer. With cargo-fuzz this is the target `http` (`tests/fuzz`).

use roomcast::{Config, Event, Hub, Response, Sim};

pub(crate) fn run(bytes: &[u8]) {
    let whole = answers(std::iter::once(bytes));
    // A body that waits for leave to be sent gets it when nothing of it has come, which depends on the pieces.
    let waits = |six: &[u8]| six.eq_ignore_ascii_case(b"expect");
    if !bytes.windows(6).any(waits) {
        assert_eq!(answers(bytes.chunks(1)), whole);
    }
}

fn answers<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut sim = Sim::new(Config {
        max_body: 1000,
        ..Config::default()
    });
    let id = sim.connect();
    for piece in pieces {
        sim.receive(id, piece, &mut handle);
    }
    sim.end_turn(&mut handle);
    sim.take(id)
}

fn handle(hub: &mut Hub, event: Event<'_>) {
    if let Event::Request { id, request } = event {
        let answer = format!(
            "{} {:?} {}",
            request.path(),
            request.query(),
            request.body().len()
        );
        hub.respond(id, Response::text(200, answer));
    }
}
