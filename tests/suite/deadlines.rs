//! Every wait for a peer ends, on the virtual clock: not before its time, and at it.

use roomcast::sim::{Sim, client_frame};
use roomcast::{CloseReason, Config, Event, Hub, Id, Response};

/// Answers `/now` at once, streams `/large`, never answers anything else; remembers closes.
#[derive(Default)]
struct App {
    closed: Vec<CloseReason>,
}

impl App {
    fn handle(&mut self, hub: &mut Hub, event: Event<'_>) {
        match event {
            Event::Request { id, request } if request.path() == "/now" => {
                hub.respond(id, Response::text(200, "now"));
            }
            Event::Request { id, request } if request.path() == "/large" => {
                hub.respond(id, Response::new(200).stream(1 << 20, std::io::repeat(7)));
            }
            Event::Close { reason, .. } => self.closed.push(reason),
            _ => {}
        }
    }
}

struct World {
    sim: Sim,
    app: App,
}

impl World {
    fn new() -> Self {
        Self {
            sim: Sim::new(Config::default()),
            app: App::default(),
        }
    }

    fn receive(&mut self, id: Id, bytes: &[u8]) {
        self.sim
            .receive(id, bytes, &mut |hub, event| self.app.handle(hub, event));
        self.end_turn();
    }

    fn end_turn(&mut self) {
        self.sim
            .end_turn(&mut |hub, event| self.app.handle(hub, event));
    }

    fn open(&mut self) -> Id {
        self.sim
            .open("/", &mut |hub, event| self.app.handle(hub, event))
    }

    fn pass(&mut self, milliseconds: u64) {
        self.sim.advance(milliseconds);
        self.end_turn();
    }

    /// Nothing happens until shortly before, and then the server has written this and let go.
    #[track_caller]
    fn check(&mut self, id: Id, seconds: u64, expected: &str) {
        self.sim.take(id);
        self.pass(seconds * 1000 - 100);
        assert!(!self.sim.is_shut(id), "too early");
        assert_eq!(self.sim.take(id), b"", "something was written too early");
        self.pass(110);
        assert!(self.sim.is_shut(id), "too late");
        let written = String::from_utf8(self.sim.take(id)).unwrap();
        assert_eq!(written.split("\r\n").next(), Some(expected));
    }
}

#[test]
fn a_silent_connection_is_closed_without_a_word() {
    let mut world = World::new();
    let id = world.sim.connect();
    world.check(id, 10, "");
    assert!(!world.sim.is_connected(id));
}

#[test]
fn half_a_head_gets_408() {
    let mut world = World::new();
    let id = world.sim.connect();
    world.pass(9_000);
    world.receive(id, b"GET / HT");
    world.pass(5_000);
    world.receive(id, b"TP/1.1\r\n"); // bytes that trickle in give no more time
    world.check(id, 5, "HTTP/1.1 408 Request Timeout");
}

#[test]
fn half_a_body_gets_408() {
    let mut world = World::new();
    let id = world.sim.connect();
    world.receive(
        id,
        b"POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf",
    );
    world.check(id, 30, "HTTP/1.1 408 Request Timeout");
}

#[test]
fn an_application_that_does_not_answer_is_answered_for_with_503() {
    let mut world = World::new();
    let id = world.sim.connect();
    world.receive(id, b"GET /never HTTP/1.1\r\nHost: a\r\n\r\n");
    world.check(id, 60, "HTTP/1.1 503 Service Unavailable");
    assert_eq!(world.app.closed, [CloseReason::TimedOut]);
}

#[test]
fn an_idle_connection_is_kept_for_a_minute() {
    let mut world = World::new();
    let id = world.sim.connect();
    world.receive(id, b"GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
    world.check(id, 60, "");
    assert!(
        world.app.closed.is_empty(),
        "nobody waits for that connection"
    );
}

#[test]
fn a_download_that_stands_still_is_cut_and_one_that_moves_is_not() {
    let mut world = World::new();
    let id = world.sim.connect();
    world.sim.set_room(id, 10_000);
    world.receive(id, b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    for _ in 0..5 {
        world.pass(29_000);
        assert!(!world.sim.is_shut(id));
        world.sim.set_room(id, 70_000);
        (0..3).for_each(|_| world.end_turn());
    }
    world.sim.take(id);
    world.pass(29_900);
    assert!(!world.sim.is_shut(id));
    world.pass(110);
    assert!(!world.sim.is_connected(id));
}

#[test]
fn silence_is_pinged_and_an_unanswered_ping_closes() {
    let mut world = World::new();
    let id = world.open();
    world.pass(24_900);
    assert_eq!(world.sim.take(id), b"");
    world.pass(110);
    assert_eq!(world.sim.take(id), [0x89, 0]);
    world.receive(id, &client_frame(0x8a, b"")); // any sign of life would do
    world.pass(25_010);
    assert_eq!(world.sim.take(id), [0x89, 0]);
    world.pass(19_900);
    assert_eq!(world.sim.take(id), b"");
    world.pass(110);
    assert_eq!(&world.sim.take(id)[2..], b"\x03\xf0ping not answered");
    assert_eq!(world.app.closed, [CloseReason::TimedOut]);
    assert_eq!(world.sim.hub().stats().timed_out, 1);
    world.pass(5_010);
    assert!(!world.sim.is_connected(id));
}

#[test]
fn a_close_that_is_not_answered_ends_all_the_same() {
    let mut world = World::new();
    let id = world.open();
    assert!(world.sim.hub().close(id, 4000, "enough"));
    world.end_turn();
    assert_eq!(world.sim.take(id), b"\x88\x08\x0f\xa0enough");
    world.pass(4_900);
    assert!(world.sim.is_connected(id));
    world.pass(110);
    assert!(!world.sim.is_connected(id));
}

#[test]
fn a_peer_that_does_not_close_after_our_last_words_is_let_go() {
    let mut world = World::new();
    let id = world.open();
    world.receive(id, &client_frame(0x88, b"\x03\xe8"));
    assert!(world.sim.is_shut(id) && world.sim.is_connected(id));
    world.pass(5_010);
    assert!(!world.sim.is_connected(id));
}

#[test]
fn stopping_takes_five_seconds_at_most() {
    let mut world = World::new();
    let (open, asking) = (world.open(), world.sim.connect());
    world.receive(asking, b"GET /never HTTP/1.1\r\nHost: a\r\n\r\n");
    world.sim.set_room(open, 0);
    world.sim.hub().stop();
    world.end_turn();
    assert!(world.sim.take(asking).starts_with(b"HTTP/1.1 503 "));
    assert_eq!(
        world.app.closed,
        [CloseReason::Stopped, CloseReason::Stopped]
    );
    world.pass(4_900);
    assert!(!world.sim.is_stopped());
    world.pass(110);
    assert!(world.sim.is_stopped());
}
