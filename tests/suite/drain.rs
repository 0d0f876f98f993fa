//! A stop that takes its time: who goes when, who is served meanwhile, and what is left at the end.

use std::time::Duration;

use roomcast::sim::{Sim, client_frame};
use roomcast::{CloseReason, Config, Event, Hub, Id, Response};

/// Sends messages back and answers `/now`; remembers what it was told of the end.
#[derive(Default)]
struct App {
    closed: Vec<CloseReason>,
    leaving: Vec<Id>,
    stopped: bool,
}

impl App {
    fn handle(&mut self, hub: &mut Hub, event: Event<'_>) {
        match event {
            Event::Text { id, text } => _ = hub.send(id, text),
            Event::Request { id, request } if request.path() == "/now" => {
                hub.respond(id, Response::text(200, "now"));
            }
            Event::Close { reason, .. } => self.closed.push(reason),
            Event::Leave { id } => self.leaving.push(id),
            Event::Stop => self.stopped = true,
            _ => {}
        }
    }
}

struct World {
    sim: Sim,
    app: App,
}

impl World {
    fn new(seconds: u64) -> Self {
        let config = Config {
            drain: Duration::from_secs(seconds),
            answer_timeout: Duration::from_secs(3600),
            keep_alive: Duration::from_secs(3600),
            ..Config::default()
        };
        Self {
            sim: Sim::new(config),
            app: App::default(),
        }
    }

    fn open(&mut self) -> Id {
        let app = &mut self.app;
        self.sim.open("/", &mut |hub, event| app.handle(hub, event))
    }

    fn receive(&mut self, id: Id, bytes: &[u8]) {
        let app = &mut self.app;
        self.sim
            .receive(id, bytes, &mut |hub, event| app.handle(hub, event));
        self.pass(0);
    }

    fn pass(&mut self, milliseconds: u64) {
        let app = &mut self.app;
        self.sim.advance(milliseconds);
        self.sim.end_turn(&mut |hub, event| app.handle(hub, event));
    }

    /// Turns whenever the loop would wake, for so long.
    fn wait(&mut self, milliseconds: u64) {
        let end = self.sim.hub().now() + milliseconds;
        while self.sim.hub().now() < end {
            let left = end - self.sim.hub().now();
            let wait = self.sim.patience().unwrap_or(left).clamp(1, left);
            self.pass(wait);
        }
    }

    fn ask(&mut self, path: &str) -> Id {
        let id = self.sim.connect();
        self.receive(
            id,
            format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes(),
        );
        id
    }
}

#[test]
fn clients_leave_as_a_ramp_and_are_served_until_then() {
    let mut world = World::new(10);
    let ids: Vec<_> = (0..1000).map(|_| world.open()).collect();
    world.sim.hub().stop();
    for second in 1..=10 {
        let staying = ids.iter().find(|id| world.sim.hub().is_open(**id));
        let staying = *staying.unwrap();
        world.receive(staying, &client_frame(0x81, b"still here"));
        assert_eq!(&world.sim.take(staying)[2..], b"still here");
        assert!(!world.app.stopped);
        world.wait(1000);
        assert_eq!(world.app.closed.len(), 100 * second);
    }
    assert!(
        world
            .app
            .closed
            .iter()
            .all(|reason| *reason == CloseReason::Stopped)
    );
    assert!(world.app.stopped);
    for id in ids {
        assert!(
            world
                .sim
                .take(id)
                .ends_with(b"\x88\x0e\x03\xe9server stops")
        );
    }
    world.wait(5100);
    assert!(world.sim.is_stopped());
}

#[test]
fn requests_are_answered_until_their_turn_and_what_waits_has_until_the_end() {
    let mut world = World::new(10);
    let [late, never] = ["/late", "/never"].map(|path| world.ask(path));
    let idle = world.ask("/now");
    world.sim.take(idle);
    world.sim.hub().stop();
    world.receive(idle, b"GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
    let answer = String::from_utf8(world.sim.take(idle)).unwrap();
    assert!(!answer.contains("close"), "others may follow: {answer}");
    world.wait(9_900);
    assert!(!world.sim.is_connected(idle), "it was the first");
    assert_eq!(world.app.leaving, [never]);
    world
        .sim
        .hub()
        .respond(never, Response::text(200, "after all"));
    world.pass(0);
    assert!(world.sim.take(never).ends_with(b"after all\n"));
    assert!(world.sim.is_shut(never));
    assert_eq!(world.sim.take(late), b"");
    world.wait(200);
    assert!(world.sim.take(late).starts_with(b"HTTP/1.1 503 "));
    assert!(world.app.stopped);
}

#[test]
fn who_is_answered_when_another_is_to_leave_is_not_told_to() {
    let mut world = World::new(10);
    let waiting = ["/one", "/two", "/three"].map(|path| world.ask(path));
    world.sim.hub().stop();
    world.sim.advance(9_999);
    let mut told = Vec::new();
    world.sim.end_turn(&mut |hub: &mut Hub, event: Event<'_>| {
        if let Event::Leave { id } = event {
            told.push(id);
            for id in waiting {
                hub.respond(id, Response::text(200, "now"));
            }
        }
    });
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn a_second_stop_is_one_at_once() {
    let mut world = World::new(3600);
    let id = world.open();
    world.sim.hub().stop();
    world.wait(1000);
    assert!(world.sim.hub().is_open(id) && !world.app.stopped);
    world.sim.hub().stop();
    world.pass(0);
    assert_eq!(world.app.closed, [CloseReason::Stopped]);
    assert!(world.app.stopped);
}

#[test]
fn nobody_is_waited_for_when_nobody_is_there() {
    let mut world = World::new(3600);
    let id = world.open();
    world.sim.hub().stop();
    world.pass(0);
    world.receive(id, &client_frame(0x88, b""));
    let app = &mut world.app;
    world
        .sim
        .hang_up(id, &mut |hub, event| app.handle(hub, event));
    (0..3).for_each(|_| world.pass(0));
    assert!(world.sim.is_stopped() && world.app.stopped);
}
