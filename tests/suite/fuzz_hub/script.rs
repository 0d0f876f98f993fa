//! A script of bytes is what peers do, how time goes by, and what the application does meanwhile.
//! Whatever it says, all is as it was at first when everybody has gone and all deadlines are over.

use std::collections::BTreeMap;
use std::time::Duration;

use roomcast::sim::{Sim, client_frame};
use roomcast::{Compression, Config, Id};

use super::app::{App, Script, Tally};
use super::reader::{Inflater, Reader};

struct World<'s> {
    sim: Sim,
    app: App<'s>,
    /// What each reads who is connected.
    readers: BTreeMap<Id, Reader>,
    /// For those who compress.
    inflater: Option<Inflater>,
}

/// Plays a script; with that compression, if it says so.
pub(crate) fn run(bytes: &[u8], compression: Option<Compression>) -> Tally {
    let mut script = Script(bytes);
    let bits = script.byte();
    let config = config(bits, compression);
    let mut world = World {
        inflater: config.compression.clone().map(Inflater::new),
        sim: Sim::new(config),
        app: App::new(script),
        readers: BTreeMap::new(),
    };
    if bits & 8 != 0 {
        world.app.gather(world.sim.hub());
    }
    while !world.app.script.0.is_empty() && world.app.peers.len() < MAX_PEERS {
        world.step();
    }
    world.rest();
    world.read_all();
    world.leave();
    world.app.tally
}

/// Limits that a script reaches.
fn config(bits: u8, compression: Option<Compression>) -> Config {
    Config {
        max_message: 600,
        max_frame: 400,
        max_body: 500,
        max_head: 400,
        max_backlog: 4000,
        max_memory: [12_000, 60_000][usize::from(bits & 1)],
        max_connections_per_address: SEATS,
        trusted_proxies: vec![PROXY.parse().expect("an address")],
        drain: Duration::from_secs(u64::from(bits >> 1 & 1) * 5),
        compression: compression.filter(|_| bits & 4 != 0),
        ..Config::default()
    }
}

impl World<'_> {
    fn step(&mut self) {
        let op = self.app.script.byte() % 32;
        if op < 3 {
            return self.connect(op == 0);
        }
        let Some(id) = self.app.peer() else { return };
        match op {
            3..5 => self.piece(id),
            5 => self.tear(id),
            6 => self.noise(id),
            7..14 => self.speak(id),
            14..16 => self
                .sim
                .set_room(id, usize::from(self.app.script.byte()) * 8),
            16 => self.sim.set_room(id, usize::MAX),
            17 => self.hang_up(id),
            18 => self.pass(),
            19..25 => {
                self.app.act(self.sim.hub(), id);
                self.check_memory();
            }
            25 => self.rest(),
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
        self.readers.insert(id, Reader::default());
        if !plain {
            let upgrade = self.app.script.one_of(&[UPGRADE, UPGRADE_DEFLATE]);
            self.receive(id, upgrade);
        }
    }

    fn receive(&mut self, id: Id, bytes: &[u8]) {
        let app = &mut self.app;
        self.sim
            .receive(id, bytes, &mut |hub, event| app.handle(hub, event));
        self.check_memory();
    }

    /// No more is held than may be, or than the application holds itself if that is more, and what
    /// it has sent since the turn began.
    fn check_memory(&mut self) {
        let hub = self.sim.hub();
        let weights = self.app.weights.iter().map(|weight| weight.bytes()).sum();
        let most = hub.config().max_memory.max(weights) + self.app.given;
        let held = hub.memory();
        assert!(held <= most, "{held} bytes are held, {most} may be");
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
            .one_of(&[0x81, 0x81, 0x81, 0x82, 0x82, 0x01, 0x80, 0x89, 0x8a, 0x88]);
        let len = usize::from(self.app.script.byte()) * 2;
        self.receive(id, &client_frame(first, &vec![b'a'; len]));
    }

    fn hang_up(&mut self, id: Id) {
        let app = &mut self.app;
        self.sim
            .hang_up(id, &mut |hub, event| app.handle(hub, event));
        self.check_memory();
    }

    fn end_turn(&mut self) {
        let app = &mut self.app;
        app.given = 0;
        self.sim.end_turn(&mut |hub, event| app.handle(hub, event));
        self.read();
        self.check_memory();
        let sim = &self.sim;
        self.readers.retain(|id, _| sim.is_connected(*id));
        assert_eq!(self.sim.hub().connections(), self.readers.len());
    }

    /// Everybody reads what was written.
    fn read(&mut self) {
        for (id, reader) in &mut self.readers {
            let bytes = self.sim.take(*id);
            for number in reader.read(&bytes, &mut self.inflater) {
                self.app.ledger.got(id, number);
                self.app.tally.got += 1;
            }
        }
        for id in std::mem::take(&mut self.app.flushed) {
            self.app.ledger.check_whole(&id);
        }
    }

    /// Who reads on and is not closed gets all, less what it may miss.
    fn read_all(&mut self) {
        for id in self.readers.keys() {
            self.sim.set_room(*id, usize::MAX);
        }
        self.rest();
        // No loop goes on for who comes after the end.
        if self.sim.is_stopped() {
            return;
        }
        let mut missed = 0;
        for id in &self.app.open {
            self.app.ledger.check_whole(id);
            missed += self.app.ledger.missed(id);
        }
        assert!(
            missed <= self.sim.hub().stats().dropped,
            "what is missed is counted"
        );
        self.app.tally.missed += missed as usize;
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
        self.app.weights.clear();
        let left = (hub.connections(), hub.rooms().population(), hub.memory());
        assert_eq!(
            left,
            (0, 0, 0),
            "connections, members of rooms, bytes that are held"
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
const PIECES: [&[u8]; 31] = [
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
    // "Hello" (RFC 7692 §7.2.3.1), whole and in fragments.
    b"\xc1\x87\0\0\0\0\xf2\x48\xcd\xc9\xc9\x07\x00",
    b"\x41\x83\0\0\0\0\xf2\x48\xcd\x80\x84\0\0\0\0\xc9\xc9\x07\x00",
    UPGRADE_DEFLATE,
];

const UPGRADE: &[u8] =
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Protocol: chat\r\n\r\n";

pub(crate) const UPGRADE_DEFLATE: &[u8] =
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";

const FORWARDED_UPGRADE: &[u8] =
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
    X-Forwarded-For: 192.0.2.1\r\n\r\n";

/// A proxy that is trusted, and its clients.
const PROXY: &str = "10.0.0.1";
const CLIENTS: [&str; 2] = ["192.0.2.1", "192.0.2.2"];
/// Connections that each client may have.
const SEATS: usize = 2;
const MAX_PEERS: usize = 100;
/// Turns that the longest answers may need, many of them behind each other.
const MAX_TURNS: usize = 2000;
/// Times that one wait may follow another before all is over.
const DEADLINES: usize = 8;
