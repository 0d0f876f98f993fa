//! The Socket.IO layer over the simulated server: what goes over the wire.

mod app;
mod broadcasts;
mod comebacks;
mod cors;
mod drain;
mod entering;
mod fuzz;
mod heartbeat;
mod limits;
mod plain;
mod policies;
mod posts;
mod questions;
mod reasons;
mod recovery;
mod requests;

use roomcast::sim::{Sim, client_frame};
use roomcast::socketio::{Event, Io, Options, SocketIo};
use roomcast::{Config, Id};

use app::App;

struct World<A = App> {
    sim: Sim,
    io: SocketIo,
    app: A,
}

/// An application under test.
trait Play {
    fn handle(&mut self, io: &mut Io<'_>, event: Event<'_>);
}

impl World {
    fn new(recovery: bool) -> Self {
        Self::with(Options {
            max_disconnection_duration: recovery.then_some(120_000),
            ..Options::default()
        })
    }

    fn with(options: Options) -> Self {
        Self::of(App::default(), options)
    }

    /// What has happened since the last time.
    fn log(&mut self) -> Vec<String> {
        std::mem::take(&mut self.app.log)
    }
}

impl<A: Play> World<A> {
    fn of(app: A, options: Options) -> Self {
        let io = SocketIo::with(options)
            .namespace("/admin")
            .namespace("/farewell")
            .namespace("/slow")
            .namespaces_where(|name| name.starts_with("/game-"));
        Self {
            sim: Sim::new(Config::default()),
            io,
            app,
        }
    }

    fn receive(&mut self, id: Id, bytes: &[u8]) {
        let (io, app) = (&mut self.io, &mut self.app);
        self.sim.receive(id, bytes, &mut |hub, event| {
            io.drive(hub, event, |io, event| app.handle(io, event))
        });
    }

    fn end_turn(&mut self) {
        let (io, app) = (&mut self.io, &mut self.app);
        self.sim
            .end_turn(&mut |hub, event| io.drive(hub, event, |io, event| app.handle(io, event)));
    }

    fn hang_up(&mut self, id: Id) {
        let (io, app) = (&mut self.io, &mut self.app);
        self.sim.hang_up(id, &mut |hub, event| {
            io.drive(hub, event, |io, event| app.handle(io, event))
        });
    }

    fn open(&mut self) -> Id {
        self.open_at("/socket.io/?EIO=4&transport=websocket")
    }

    fn open_at(&mut self, path: &str) -> Id {
        let (io, app) = (&mut self.io, &mut self.app);
        self.sim.open(path, &mut |hub, event| {
            io.drive(hub, event, |io, event| app.handle(io, event))
        })
    }

    /// What a client reads after it has sent these texts.
    fn says(&mut self, id: Id, texts: &[&str]) -> Vec<String> {
        texts
            .iter()
            .for_each(|text| self.receive(id, &client_frame(0x81, text.as_bytes())));
        self.end_turn();
        self.read(id)
    }

    fn read(&mut self, id: Id) -> Vec<String> {
        let bytes = self.sim.take(id);
        let mut texts = Vec::new();
        let mut rest = &bytes[..];
        while let [first, len, tail @ ..] = rest {
            let (len, tail) = match *len {
                126 => (
                    usize::from(u16::from_be_bytes([tail[0], tail[1]])),
                    &tail[2..],
                ),
                len => (usize::from(len), tail),
            };
            assert_ne!(len, 127, "no long frame");
            if first & 0x0f == 1 {
                texts.push(String::from_utf8(tail[..len].to_vec()).unwrap());
            }
            rest = &tail[len..];
        }
        texts
    }

    /// One request, and the body of its answer.
    fn ask(&mut self, method: &str, query: &str, body: &str) -> String {
        let length = format!("Content-Length: {}", body.len());
        let id = self.begin(method, query, &length, body);
        self.answer(id)
    }

    /// One request with a field, and what comes with its head of the body; the connection.
    fn begin(&mut self, method: &str, query: &str, field: &str, body: &str) -> Id {
        let id = self.sim.connect();
        let head = format!(
            "{method} /socket.io/?EIO=4&transport=polling{query} HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n{body}"
        );
        self.receive(id, head.as_bytes());
        self.end_turn();
        id
    }

    /// The body of an answer, or that there is none yet.
    fn answer(&mut self, id: Id) -> String {
        let answer = String::from_utf8(self.sim.take(id)).unwrap();
        answer
            .split_once("\r\n\r\n")
            .map_or("held", |(_, body)| body)
            .to_owned()
    }
}

fn field<'a>(text: &'a str, name: &str) -> &'a str {
    text.split(&format!("\"{name}\":\""))
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
}

#[test]
fn a_client_connects_joins_and_talks_to_its_room() {
    let mut world = World::new(false);
    let (one, two) = (world.open(), world.open());
    assert!(world.read(one)[0].starts_with("0{\"sid\":\""));
    let welcome = world.says(one, &["40"]);
    assert_eq!(welcome[0].len(), "40{\"sid\":\"\"}".len() + 20);
    assert_eq!(
        world.says(one, &["421[\"join\",\"lobby\"]"]),
        ["431[\"lobby\"]"]
    );
    world.says(two, &["40", "42[\"join\",\"lobby\"]"]);
    world.read(two);
    assert_eq!(
        world.says(one, &["42[\"room\",{\"a\":[ 1 ]},2]"]),
        Vec::<String>::new()
    );
    assert_eq!(world.read(two), ["42[\"room\",{\"a\":[ 1 ]},2]"]);
    let own = field(&welcome[0], "sid");
    let first = [
        format!("create-room {own}"),
        format!("join-room {own}"),
        "connect, recovered false".to_owned(),
    ];
    assert_eq!(world.app.log[..3], first);
    assert_eq!(
        world.app.log[3..5],
        ["create-room lobby", "join-room lobby"]
    );
}

#[test]
fn polling_carries_the_same_and_ends_as_the_protocol_says() {
    let mut world = World::new(false);
    let opened = world.ask("GET", "", "");
    let sid = format!("&sid={}", field(&opened, "sid"));
    assert!(opened.contains("\"upgrades\":[\"websocket\"]"));
    assert_eq!(world.ask("POST", &sid, "40\u{1e}427[\"echo\",1]"), "ok");
    let body = world.ask("GET", &sid, "");
    assert!(
        body.starts_with("40{") && body.ends_with("\u{1e}437[1]"),
        "{body}"
    );
    assert_eq!(world.ask("GET", &sid, ""), "held");
    assert_eq!(
        world.ask("GET", &sid, ""),
        "{\"code\":3,\"message\":\"Bad request\"}"
    );
    assert_eq!(
        world.ask("GET", &sid, ""),
        "{\"code\":1,\"message\":\"Session ID unknown\"}"
    );
    let end = [
        "refused, 3 POLL_OVERLAP",
        "disconnect, transport error",
        "refused, 1 UNKNOWN_SID",
    ];
    let log = world.log().split_off(3);
    assert!(
        end.iter()
            .all(|line| log.iter().any(|logged| logged == line)),
        "{log:?}"
    );
}

#[test]
fn silence_ends_in_a_ping_timeout_and_no_namespace_in_a_close() {
    let mut world = World::new(false);
    let (lively, silent, homeless) = (world.open(), world.open(), world.open());
    for id in [lively, silent] {
        world.says(id, &["40"]);
    }
    for _ in 0..4 {
        world.sim.advance(12_600);
        world.end_turn();
        world.says(lively, &["3"]);
    }
    assert!(world.sim.hub().is_open(lively));
    assert!(!world.sim.hub().is_open(silent) && !world.sim.hub().is_open(homeless));
    assert!(
        world
            .app
            .log
            .contains(&"disconnect, ping timeout".to_owned())
    );
}

#[test]
fn a_poller_that_is_cut_for_its_backlog_in_the_middle_of_anything_harms_nobody() {
    // Every limit from "at once" to "never": the cut falls on each packet of the exchange in turn.
    for max_backlog in (130..420).step_by(2) {
        let mut world = World::new(true);
        world.sim = Sim::new(Config {
            max_backlog,
            ..Config::default()
        });
        let two = world.open();
        world.says(two, &["40"]);
        let sid = field(&world.ask("GET", "", ""), "sid").to_owned();
        let sid = format!("&sid={sid}");
        world.ask("POST", &sid, "40\u{1e}40/admin,");
        world.says(two, &["42[\"room\",\"something that takes some room\"]"]);
        world.ask("POST", &sid, "42[\"x\"]\u{1e}42[\"kick\",true]");
        world.says(two, &["42[\"room\",2]"]);
        let count = |word: &str| {
            world
                .app
                .log
                .iter()
                .filter(|line| line.starts_with(word))
                .count()
        };
        // All but the bystander have gone again.
        assert_eq!(
            count("connect,"),
            count("disconnect,") + 1,
            "max_backlog {max_backlog}: {:?}",
            world.app.log
        );
        assert_eq!(world.says(two, &["429[\"x\"]"]).last().unwrap(), "439[]");
    }
}
