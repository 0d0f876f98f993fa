//! Clients of Socket.IO by every way there is: a WebSocket, the plain door, and two sessions that
//! poll, which hold more for each other than there is room for. Nobody may come to harm, whoever came
//! has gone in the end, and each gets what it may not miss. With cargo-fuzz this is the target
//! `socketio` (`tests/fuzz`).
//!
//! The first byte chooses the limits; then each line is what one of them does, as [`World::act`] reads.

use std::collections::BTreeMap;

use roomcast::sim::{Sim, client_frame};
use roomcast::socketio::{Options, SocketIo};
use roomcast::{Config, Id};

use super::socketio_app::App;
use super::socketio_client::Client;

struct World {
    sim: Sim,
    io: SocketIo,
    app: App,
    /// The WebSocket, the plain door, and those that poll.
    clients: [Client; 4],
    lines: [Id; 2],
    sids: [String; 2],
    /// Polls that are not answered, and whose they are.
    polls: BTreeMap<Id, usize>,
    /// Bytes that may have been sent or taken in since the last turn.
    given: usize,
}

pub(crate) fn run(bytes: &[u8]) {
    let (bits, script) = bytes.split_first().unwrap_or((&0, &[]));
    let mut world = World::new(*bits);
    for line in script.split(|byte| *byte == b'\n') {
        world.act(line);
        world.check_memory();
    }
    if !world.app.recovers {
        world.read_all();
    }
    world.leave();
}

impl World {
    fn new(bits: u8) -> Self {
        let bit = |n: u8| usize::from(bits >> n & 1);
        let recovers = bit(0) == 1;
        let options = Options {
            max_disconnection_duration: recovers.then_some(1000),
            plain_path: Some("/ws".to_owned()),
            ..Options::default()
        };
        let config = Config {
            max_memory: [64 << 20, 20_000][bit(1)],
            max_backlog: [1 << 20, 3_000][bit(2)],
            ..Config::default()
        };
        let nobody = Sim::new(Config::default()).connect();
        let mut world = Self {
            sim: Sim::new(config),
            io: SocketIo::with(options).namespaces_where(|name| name.len() < 4),
            app: App::new(recovers),
            clients: Default::default(),
            lines: [nobody; 2],
            sids: Default::default(),
            polls: BTreeMap::new(),
            given: 0,
        };
        for (n, path) in [(0, "/socket.io/?EIO=4&transport=websocket"), (1, "/ws")] {
            world.lines[n] = world.open(path);
            world.clients[n].begin_web(world.lines[n]);
        }
        world.clients[1].sid = world.app.latest.clone();
        for n in 0..2 {
            world.poll(n);
            world.sids[n] = world.clients[n + 2].session.clone();
        }
        world
    }

    /// A line of the script. One that begins with a letter says who does what; any other is the body
    /// of a POST of the first that polls.
    fn act(&mut self, line: &[u8]) {
        let Some((letter, rest)) = line.split_first() else {
            return self.end_turn();
        };
        let digits = rest.iter().filter(|byte| byte.is_ascii_digit()).take(6);
        let number = digits.fold(0, |n, byte| n * 10 + usize::from(byte - b'0'));
        match letter {
            b'w' => self.receive(self.lines[0], &client_frame(0x81, rest)),
            b'b' => self.receive(self.lines[0], &client_frame(0x82, rest)),
            b'p' => self.receive(self.lines[1], &client_frame(0x81, rest)),
            b'q' => self.post(1, rest),
            b'g' => self.poll(0),
            b'h' => self.poll(1),
            b's' => self.sim.set_room(self.lines[0], number),
            b'S' => self.sim.set_room(self.lines[1], number),
            b'r' => self.read_on(),
            b't' => {
                self.end_turn();
                self.sim.advance(number as u64 % 30_000);
                self.end_turn();
            }
            b'u' => self.change_over(rest),
            b'x' => self.hang_up(self.lines[number % 2]),
            _ => self.post(0, line),
        }
    }

    fn receive(&mut self, id: Id, bytes: &[u8]) {
        let (io, app) = (&mut self.io, &mut self.app);
        self.sim.receive(id, bytes, &mut |hub, event| {
            io.drive(hub, event, |io, event| app.handle(io, event))
        });
        // What has come is held as it came and taken apart.
        self.given += 4 * bytes.len() + 1000;
    }

    fn hang_up(&mut self, id: Id) {
        let (io, app) = (&mut self.io, &mut self.app);
        self.sim.hang_up(id, &mut |hub, event| {
            io.drive(hub, event, |io, event| app.handle(io, event))
        });
    }

    fn open(&mut self, path: &str) -> Id {
        let (io, app) = (&mut self.io, &mut self.app);
        self.sim.open(path, &mut |hub, event| {
            io.drive(hub, event, |io, event| app.handle(io, event))
        })
    }

    fn end_turn(&mut self) {
        // What the layer holds beyond the limit it gives back in two turns, half of it in one.
        self.given = self.given / 2 + 1000;
        self.app.given /= 2;
        let (io, app) = (&mut self.io, &mut self.app);
        self.sim
            .end_turn(&mut |hub, event| io.drive(hub, event, |io, event| app.handle(io, event)));
        self.read();
    }

    /// Everybody reads what was written.
    fn read(&mut self) {
        let mut got = Vec::new();
        self.polls.retain(|id, n| {
            let answer = self.sim.take(*id);
            self.clients[*n + 2].take_answer(&answer, &mut got);
            answer.is_empty() && self.sim.is_connected(*id)
        });
        for client in &mut self.clients {
            if let Some(id) = client.web {
                client.take_frames(&self.sim.take(id), &mut got);
                client.web = client.web.filter(|id| self.sim.is_connected(*id));
            }
        }
        // Who comes back may get some of it again.
        for (sid, number) in got.iter().filter(|_| !self.app.recovers) {
            self.app.ledger.got(sid, *number);
        }
    }

    fn post(&mut self, n: usize, body: &[u8]) {
        let (sid, len) = (&self.sids[n], body.len());
        let head = format!(
            "POST /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: a\r\nContent-Length: {len}\r\n\r\n"
        );
        let id = self.sim.connect();
        self.receive(id, &[head.as_bytes(), body].concat());
        self.given += 200 * body.iter().filter(|byte| **byte == 0x1e).count();
    }

    fn poll(&mut self, n: usize) {
        let sid = match &*self.sids[n] {
            "" => String::new(),
            sid => format!("&sid={sid}"),
        };
        let head =
            format!("GET /socket.io/?EIO=4&transport=polling{sid} HTTP/1.1\r\nHost: a\r\n\r\n");
        let id = self.sim.connect();
        self.polls.insert(id, n);
        self.receive(id, head.as_bytes());
        self.end_turn();
    }

    /// One that polls changes to a WebSocket, by the packets of the protocol or by others.
    fn change_over(&mut self, packet: &[u8]) {
        let path = format!("/socket.io/?EIO=4&transport=websocket&sid={}", self.sids[0]);
        let id = self.open(&path);
        self.read();
        if !self.sim.hub().is_open(id) || self.clients[2].web.is_some() {
            return;
        }
        self.clients[2].begin_web(id);
        for packet in [&b"2probe"[..], b"5", packet] {
            self.receive(id, &client_frame(0x81, packet));
        }
        self.end_turn();
    }

    /// The lines take all there is.
    fn read_on(&mut self) {
        for id in self.lines {
            self.sim.set_room(id, usize::MAX);
        }
        (0..3).for_each(|_| self.end_turn());
    }

    /// Who is there and reads on gets all, less what it may miss.
    fn read_all(&mut self) {
        self.read_on();
        for n in 0..2 {
            while !self.clients[n + 2].over && !self.polls.values().any(|waiting| *waiting == n) {
                self.poll(n);
            }
        }
        self.read_on();
        let mut missed = 0;
        for sid in self.app.sids() {
            self.app.ledger.check_whole(&sid);
            missed += self.app.ledger.missed(&sid);
        }
        let counted = self.sim.hub().stats().dropped;
        assert!(missed <= counted, "{missed} are missed, {counted} counted");
    }

    /// No more is held than may be and what was sent and came since the last turn.
    fn check_memory(&mut self) {
        let hub = self.sim.hub();
        let most = hub.config().max_memory + self.given + self.app.given;
        let held = hub.memory();
        assert!(held <= most, "{held} bytes are held, {most} may be");
    }

    /// All deadlines pass.
    fn leave(&mut self) {
        for _ in 0..8 {
            self.sim.advance(100_000);
            self.end_turn();
            self.end_turn();
        }
        assert_eq!(self.sim.hub().connections(), 0);
        assert_eq!(self.app.count, 0, "whoever came has gone");
        if !self.app.recovers {
            assert_eq!(self.sim.hub().memory(), 0);
        }
    }
}
