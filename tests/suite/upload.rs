//! A request whose body is still on its way: what the application hears of it, and what the client
//! gets when the application, or the server, does not wait for the rest.

use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use roomcast::{Config, Event, Hub, Id, Response, Sim};

/// Remembers what happened to requests, answers `/early` at its head, and everything else whole.
#[derive(Default)]
struct App {
    heard: Vec<String>,
}

impl App {
    fn handle(&mut self, hub: &mut Hub, event: Event<'_>) {
        match event {
            Event::Upload { id, request } => {
                assert!(request.body().is_empty());
                self.heard.push(format!("upload {}", request.path()));
                match request.path() {
                    "/early" => assert!(hub.respond(id, Response::text(403, "no"))),
                    "/large" => assert!(hub.respond(id, Response::new(403).body([b'x'; 200_000]))),
                    "/drop" => assert!(hub.close(id, 1000, "")),
                    _ => {}
                }
            }
            Event::Request { id, request } => {
                let body = String::from_utf8_lossy(request.body());
                self.heard
                    .push(format!("request {} {body}", request.path()));
                hub.respond(id, Response::text(200, body));
            }
            Event::Close { reason, .. } => self.heard.push(format!("close: {reason}")),
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
        let config = Config {
            max_body: 1000,
            ..Config::default()
        };
        Self {
            sim: Sim::new(config),
            app: App::default(),
        }
    }

    /// What a client reads after it has sent this, in one read.
    fn says(&mut self, id: Id, text: &str) -> String {
        let mut handler = |hub: &mut Hub, event: Event<'_>| self.app.handle(hub, event);
        self.sim.receive(id, text.as_bytes(), &mut handler);
        self.end_turn();
        self.reads(id)
    }

    fn reads(&mut self, id: Id) -> String {
        String::from_utf8(self.sim.take(id)).unwrap()
    }

    fn hang_up(&mut self, id: Id) {
        let mut handler = |hub: &mut Hub, event: Event<'_>| self.app.handle(hub, event);
        self.sim.hang_up(id, &mut handler);
        self.end_turn();
    }

    fn end_turn(&mut self) {
        let mut handler = |hub: &mut Hub, event: Event<'_>| self.app.handle(hub, event);
        self.sim.end_turn(&mut handler);
    }

    /// What the application has heard since the last time.
    fn heard(&mut self) -> Vec<String> {
        std::mem::take(&mut self.app.heard)
    }
}

/// The head of a POST with a body of ten bytes.
fn post(path: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n")
}

/// The head of a POST in chunks.
fn chunked(path: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
}

#[track_caller]
fn is_last(answer: &str, status: &str) {
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status} ")),
        "{answer}"
    );
    assert!(answer.contains("\r\nConnection: close\r\n"), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
}

#[test]
fn a_body_that_comes_with_its_head_is_a_request_and_nothing_else() {
    let mut world = World::new();
    let id = world.sim.connect();
    let whole = [
        post("/a") + "0123456789",
        chunked("/b") + "2\r\nhi\r\n0\r\n\r\n",
        "GET /c HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
    ];
    assert_eq!(
        world
            .says(id, &whole.concat())
            .matches("HTTP/1.1 200")
            .count(),
        3
    );
    assert_eq!(
        world.heard(),
        ["request /a 0123456789", "request /b hi", "request /c "]
    );
}

#[test]
fn a_body_that_comes_later_is_announced_once() {
    let mut world = World::new();
    let id = world.sim.connect();
    for head in [post("/a"), post("/a") + "01234"] {
        assert_eq!(world.says(id, &head), "");
        assert_eq!(world.heard(), ["upload /a"]);
        let rest = &"0123456789"[head.len() - post("/a").len()..];
        assert_eq!(world.says(id, &rest[..3]), "");
        let answer = world.says(id, &rest[3..]);
        assert!(answer.ends_with("\r\n\r\n0123456789\n"), "{answer}");
        assert_eq!(world.heard(), ["request /a 0123456789"]);
    }
}

#[test]
fn a_body_that_is_cut_off_is_a_close() {
    let mut world = World::new();
    let id = world.sim.connect();
    world.says(id, &(post("/a") + "0123"));
    world.hang_up(id);
    assert_eq!(world.heard(), ["upload /a", "close: connection lost"]);
    assert!(!world.sim.is_connected(id));
}

#[test]
fn a_body_that_is_cut_off_behind_an_answer_is_a_close_and_the_answer_goes_out() {
    let mut world = World::new();
    let id = world.sim.connect();
    world.sim.set_room(id, 0);
    let get = "GET /first HTTP/1.1\r\nHost: a\r\n\r\n";
    world.says(id, &(get.to_owned() + &post("/a")));
    world.hang_up(id);
    assert_eq!(
        world.heard(),
        ["request /first ", "upload /a", "close: connection lost"]
    );
    world.sim.set_room(id, usize::MAX);
    world.end_turn();
    assert!(world.reads(id).starts_with("HTTP/1.1 200 "));
    assert!(!world.sim.is_connected(id));
}

#[test]
fn a_body_that_the_server_refuses_is_a_close_and_its_status() {
    let refused = [
        (chunked("/a"), "x\r\n", "400", "close: refused with 400"),
        (chunked("/a"), "3e9\r\n", "413", "close: refused with 413"),
    ];
    for (head, rest, status, close) in refused {
        let mut world = World::new();
        let id = world.sim.connect();
        world.says(id, &head);
        is_last(&world.says(id, rest), status);
        assert_eq!(world.heard(), ["upload /a", close]);
        // With its head there is nothing to announce.
        let id = world.sim.connect();
        is_last(&world.says(id, &(head + rest)), status);
        assert_eq!(world.heard(), [""; 0]);
    }
    let mut world = World::new();
    let id = world.sim.connect();
    world.says(id, &post("/a"));
    world.sim.advance(30_010);
    world.end_turn();
    is_last(&world.reads(id), "408");
    assert_eq!(world.heard(), ["upload /a", "close: timed out"]);
}

#[test]
fn a_refusal_at_the_head_is_the_end_of_the_connection() {
    let mut world = World::new();
    let id = world.sim.connect();
    is_last(&world.says(id, &(post("/early") + "0123")), "403");
    assert!(world.sim.is_shut(id) && world.sim.is_connected(id));
    let rest = "456789GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(world.says(id, rest), "");
    assert!(!world.sim.hub().respond(id, Response::new(204)));
    world.hang_up(id);
    assert_eq!(world.heard(), ["upload /early"]);
    assert!(!world.sim.is_connected(id));
}

#[test]
fn a_refusal_between_head_and_body_is_the_same() {
    let mut world = World::new();
    let id = world.sim.connect();
    world.says(id, &(post("/a") + "01"));
    assert!(world.sim.hub().respond(id, Response::text(403, "no")));
    assert!(!world.sim.hub().close(id, 1000, ""));
    is_last(&world.says(id, "23456789"), "403");
    world.hang_up(id);
    assert_eq!(world.heard(), ["upload /a"]);
    assert!(!world.sim.is_connected(id));
}

#[test]
fn a_long_refusal_is_read_to_its_end_while_the_body_is_read_over() {
    let mut world = World::new();
    let id = world.sim.connect();
    world.sim.set_room(id, 0);
    world.says(id, &(chunked("/large") + "3e8\r\n"));
    let mut answer = String::new();
    for turn in 0..20 {
        world.sim.set_room(id, 20_000);
        answer += &world.says(id, &"0".repeat(50_000));
        if turn == 5 {
            world.hang_up(id);
        }
    }
    is_last(&answer, "403");
    assert!(answer.len() > 200_000 && !world.sim.is_connected(id));
    assert_eq!(world.heard(), ["upload /large"]);
}

#[test]
fn a_dropped_body_is_a_close_without_an_answer() {
    let mut world = World::new();
    let id = world.sim.connect();
    assert_eq!(world.says(id, &(post("/drop") + "0123")), "");
    assert_eq!(
        world.heard(),
        ["upload /drop", "close: closed by the application"]
    );
    assert!(!world.sim.is_connected(id));
}

#[test]
fn leave_to_send_a_body_is_given_after_the_application_had_its_say() {
    let expecting = |path| post(path).replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n");
    let mut world = World::new();
    let id = world.sim.connect();
    is_last(&world.says(id, &expecting("/early")), "403");
    let id = world.sim.connect();
    assert_eq!(
        world.says(id, &expecting("/a")),
        "HTTP/1.1 100 Continue\r\n\r\n"
    );
    assert!(world.says(id, "0123456789").starts_with("HTTP/1.1 200 "));
}

#[test]
fn stopping_answers_who_is_still_sending() {
    let mut world = World::new();
    let id = world.sim.connect();
    world.says(id, &post("/a"));
    world.sim.hub().stop();
    world.end_turn();
    is_last(&world.reads(id), "503");
    assert_eq!(world.heard(), ["upload /a", "close: server stopped"]);
}

/// What an application may know of a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Known {
    Nothing,
    Head,
    Whole,
    Closed,
}

/// Holds every event against what may come next; answers and drops at random.
fn judge(hub: &mut Hub, event: &Event<'_>, known: &mut Known, random: &mut ChaCha8Rng) {
    let id = match *event {
        Event::Upload { id, .. } => {
            assert_eq!(*known, Known::Nothing);
            *known = Known::Head;
            id
        }
        Event::Request { id, .. } => {
            assert!(matches!(known, Known::Nothing | Known::Head), "{known:?}");
            *known = Known::Whole;
            id
        }
        Event::Close { .. } => {
            assert!(matches!(known, Known::Head | Known::Whole), "{known:?}");
            *known = Known::Closed;
            return;
        }
        _ => return,
    };
    act(hub, id, known, random);
}

fn act(hub: &mut Hub, id: Id, known: &mut Known, random: &mut ChaCha8Rng) {
    let outstanding = matches!(known, Known::Head | Known::Whole);
    match random.random_range(0..4) {
        0 => {
            assert_eq!(hub.respond(id, Response::new(200)), outstanding);
            // No other request follows a body that was not waited for.
            *known = match *known {
                Known::Whole => Known::Nothing,
                Known::Head => Known::Closed,
                other => other,
            };
        }
        1 if random.random_ratio(1, 4) => assert_eq!(hub.close(id, 1000, ""), outstanding),
        _ => {}
    }
}

#[test]
fn no_request_is_heard_of_out_of_order_however_it_comes_and_goes() {
    for seed in 0..3000 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut sim = Sim::new(Config::default());
        let (id, mut known) = (sim.connect(), Known::Nothing);
        let parts = [
            post("/a") + "0123456789",
            chunked("/b") + "2\r\nhi\r\n0\r\n\r\n",
        ];
        let mut bytes = parts.concat().repeat(3).into_bytes();
        while !bytes.is_empty() {
            let n = random.random_range(1..=bytes.len().min(60));
            let piece: Vec<u8> = bytes.drain(..n).collect();
            let mut handler =
                |hub: &mut Hub, event: Event<'_>| judge(hub, &event, &mut known, &mut random);
            sim.receive(id, &piece, &mut handler);
            sim.end_turn(&mut handler);
            if sim.is_connected(id) {
                act(sim.hub(), id, &mut known, &mut random);
            }
        }
        let mut handler =
            |hub: &mut Hub, event: Event<'_>| judge(hub, &event, &mut known, &mut random);
        sim.hang_up(id, &mut handler);
        sim.advance(100_000);
        sim.end_turn(&mut handler);
        sim.end_turn(&mut handler);
        assert!(!sim.is_connected(id), "seed {seed}");
        assert!(
            !matches!(known, Known::Head | Known::Whole),
            "seed {seed}: {known:?}"
        );
    }
}
