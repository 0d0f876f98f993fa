//! A script of bytes is what peers do, how time goes by, and what the application does meanwhile.
//! Whatever it says, all is as it was at first when everybody has gone and all deadlines are over.

use roomcast::sim::{Sim, client_frame};
use roomcast::{Config, Id};

use super::app::{App, Tally};

struct World<'s> {
    sim: Sim,
    app: App<'s>,
}

pub(crate) fn run(script: &[u8]) -> Tally {
    let mut world = World {
        sim: Sim::new(config()),
        app: App::new(script),
    };
    while !world.app.script.0.is_empty() && world.app.peers.len() < MAX_PEERS {
        world.step();
    }
    world.rest();
    world.leave();
    world.app.tally
}

/// Limits that a script reaches.
fn config() -> Config {
    Config {
        max_message: 600,
        max_frame: 400,
        max_body: 500,
        max_head: 400,
        max_backlog: 4000,
        max_memory: MAX_TOTAL,
        max_connections_per_address: SEATS,
        trusted_proxies: vec![PROXY.parse().expect("an address")],
        ..Config::default()
    }
}

impl World<'_> {
    fn step(&mut self) {
        let op = self.app.script.byte() % 20;
        if op < 3 {
            return self.connect(op == 0);
        }
        let Some(id) = self.app.peer() else { return };
        match op {
            3..6 => self.piece(id),
            6 | 7 => self.tear(id),
            8 => self.noise(id),
            9..12 => self.speak(id),
            12 => self
                .sim
                .set_room(id, usize::from(self.app.script.byte()) * 20),
            13 => self.sim.set_room(id, usize::MAX),
            14 => self.hang_up(id),
            15 => self.pass(),
            16 => self.app.act(self.sim.hub(), id),
            17 => self.rest(),
            _ => self.end_turn(),
        }
    }

    fn connect(&mut self, plain: bool) {
        let from = self.app.script.one_of(&[None, Some(PROXY)]);
        let id = match from {
            None => self.sim.connect(),
            Some(proxy) => self.sim.connect_from(proxy.parse().expect("an address")),
        };
        self.app.peers.push(id);
        if !plain {
            self.receive(id, UPGRADE);
        }
    }

    fn receive(&mut self, id: Id, bytes: &[u8]) {
        let app = &mut self.app;
        self.sim
            .receive(id, bytes, &mut |hub, event| app.handle(hub, event));
    }

    fn piece(&mut self, id: Id) {
        let piece = self.app.script.one_of(&PIECES);
        self.receive(id, piece);
    }

    /// Two pieces, the first of them only in part.
    fn tear(&mut self, id: Id) {
        let script = &mut self.app.script;
        let [first, then] = [script.one_of(&PIECES), script.one_of(&PIECES)];
        let at = usize::from(script.byte()) % (first.len() + 1);
        self.receive(id, &first[..at]);
        self.receive(id, &[&first[at..], then].concat());
    }

    fn noise(&mut self, id: Id) {
        let count = self.app.script.byte() % 32;
        let bytes = self.app.script.bytes(count).to_vec();
        self.receive(id, &bytes);
    }

    fn speak(&mut self, id: Id) {
        let first = self
            .app
            .script
            .one_of(&[0x81, 0x81, 0x82, 0x82, 0x01, 0x80, 0x89, 0x8a, 0x88]);
        let len = usize::from(self.app.script.byte()) * 2;
        self.receive(id, &client_frame(first, &vec![b'a'; len]));
    }

    fn hang_up(&mut self, id: Id) {
        let app = &mut self.app;
        self.sim
            .hang_up(id, &mut |hub, event| app.handle(hub, event));
    }

    fn end_turn(&mut self) {
        let app = &mut self.app;
        self.sim.end_turn(&mut |hub, event| app.handle(hub, event));
        for id in &self.app.peers {
            self.sim.take(*id);
        }
        let there = |id: &&Id| self.sim.is_connected(**id);
        let connected = self.app.peers.iter().filter(there).count();
        assert_eq!(self.sim.hub().connections(), connected);
        assert!(self.sim.hub().backlog() <= MAX_TOTAL);
    }

    /// The loop goes on until it may wait, which it must come to.
    fn rest(&mut self) {
        for _ in 0..MAX_TURNS {
            self.end_turn();
            if self.sim.patience() != Some(0) || self.sim.is_stopped() {
                return;
            }
        }
        panic!("the loop never rests");
    }

    /// Time goes by while the loop waits.
    fn pass(&mut self) {
        self.end_turn();
        let longest = self.app.script.one_of(&[10, 500, 5000, 30_000]);
        self.sim
            .advance(u64::from(self.app.script.byte()) * longest / 255);
        self.end_turn();
    }

    fn leave(&mut self) {
        for id in self.app.peers.clone() {
            self.hang_up(id);
        }
        for _ in 0..DEADLINES {
            self.rest();
            self.sim.advance(300_000);
        }
        self.rest();
        let (stopped, patience) = (self.sim.is_stopped(), self.sim.patience());
        assert!(
            stopped || patience.is_none(),
            "there is still something to wait for"
        );
        let hub = self.sim.hub();
        let left = (hub.connections(), hub.rooms().population(), hub.backlog());
        assert_eq!(
            left,
            (0, 0, 0),
            "connections, members of rooms, bytes that wait"
        );
        // As many of each client are let in as at first, and not one more.
        for client in CLIENTS {
            let client = client.parse().expect("an address");
            let ids = [(); SEATS + 1].map(|()| self.sim.connect_from(client));
            assert_eq!(ids.map(|id| self.sim.is_connected(id)), [true, true, false]);
        }
        self.app.check_end();
    }
}

/// Requests and frames, whole and in parts.
const PIECES: [&[u8]; 28] = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nHEAD /3 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.2\r\n\r\n",
    b"PUT / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\nContent-Length: 5\r\n\r\n",
    FORWARDED_UPGRADE,
    b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 400\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"5\r\nhello\r\n",
    b"0\r\n\r\n",
    b"hello",
    b"\r\n",
    b"\n",
    UPGRADE,
    b"\x81\x83\0\0\0\0one\x82\x83\0\0\0\0two",
    b"\x01\x82\0\0\0\0on\x89\x80\0\0\0\0\x80\x81\0\0\0\0e",
    b"\x81\xfe\x01\x2c\0\0\0\0",
    b"\x81\x81\0\0\0\0\xff",
    b"\x88\x82\0\0\0\0\x03\xe8",
    b"\x88\x80\0\0\0\0",
    b"\xc1",
];

const UPGRADE: &[u8] =
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Protocol: chat\r\n\r\n";

const FORWARDED_UPGRADE: &[u8] =
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
    X-Forwarded-For: 192.0.2.1\r\n\r\n";

/// A proxy that is trusted, and its clients.
const PROXY: &str = "10.0.0.1";
const CLIENTS: [&str; 2] = ["192.0.2.1", "192.0.2.2"];
/// Connections that each client may have.
const SEATS: usize = 2;
const MAX_TOTAL: usize = 12_000;
const MAX_PEERS: usize = 100;
/// Turns that the longest answers may need, many of them behind each other.
const MAX_TURNS: usize = 2000;
/// Times that one wait may follow another before all is over.
const DEADLINES: usize = 8;
