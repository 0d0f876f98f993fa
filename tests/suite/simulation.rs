//! The whole server under a simulated network: random clients, a virtual clock, torn reads,
//! partial writes, closes anywhere. What every client must see is worked out beside it, from the
//! events alone; what it does see is read from the bytes that were written to it.

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use roomcast::sim::{Sim, client_frame};
use roomcast::{CloseReason, Config, Event, Hub, Id, RoomEvent};

const ROOMS: [&str; 4] = ["lobby", "kitchen", "cellar", "attic"];
const STEPS: usize = 1000;

/// What the application knows and expects, by the events it was given.
#[derive(Default)]
struct App {
    open: BTreeSet<Id>,
    closed: BTreeMap<Id, CloseReason>,
    rooms: BTreeMap<String, BTreeSet<Id>>,
    /// What every socket must get, in order.
    expected: BTreeMap<Id, Vec<String>>,
}

/// A client: what it still has to send, and what it has read.
#[derive(Default)]
struct Client {
    /// Bytes on their way to the server, torn at will.
    outgoing: Vec<u8>,
    incoming: Vec<u8>,
    greeted: bool,
    texts: Vec<String>,
    closed: bool,
    sent: u32,
    /// It takes all that is written to it, at once.
    keen: bool,
}

struct World {
    sim: Sim,
    app: App,
    clients: BTreeMap<Id, Client>,
    random: ChaCha8Rng,
}

/// Says how to repeat a run that fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "repeat with: SEED={} cargo test --test suite simulation",
                self.0
            );
        }
    }
}

impl App {
    fn handle(&mut self, hub: &mut Hub, event: Event<'_>) {
        match event {
            Event::Open { id } => assert!(self.open.insert(id), "opened twice"),
            Event::Text { id, text } => self.take(hub, id, text),
            Event::Close { id, reason } => {
                assert!(self.open.remove(&id), "closed without having been open");
                assert!(
                    !self.rooms.values().any(|members| members.contains(&id)),
                    "closed and still in a room"
                );
                self.closed.insert(id, reason);
            }
            Event::Room(change) => self.note(change),
            _ => {}
        }
    }

    fn take(&mut self, hub: &mut Hub, id: Id, text: &str) {
        assert!(
            self.open.contains(&id),
            "a message of a socket that is not open"
        );
        match text.split_once(' ') {
            Some(("join", room)) => _ = hub.join(id, room),
            Some(("leave", room)) => _ = hub.leave(id, room),
            Some(("close", _)) => _ = hub.close(id, 1000, "as you wish"),
            Some((room, _)) => {
                let members = self.rooms.get(room).cloned().unwrap_or_default();
                let receivers: Vec<_> =
                    members.into_iter().filter(|member| *member != id).collect();
                let count = hub.to(room).except(id).send(text);
                assert_eq!(count, receivers.len(), "receivers of {room}");
                for receiver in receivers {
                    self.expected
                        .entry(receiver)
                        .or_default()
                        .push(text.to_owned());
                }
            }
            None => panic!("a text that nobody sent: {text}"),
        }
    }

    fn note(&mut self, change: RoomEvent<Id>) {
        match change {
            RoomEvent::Create { room } => {
                assert!(
                    self.rooms
                        .insert(room.to_string(), BTreeSet::new())
                        .is_none(),
                    "{room} was there"
                );
            }
            RoomEvent::Delete { room } => {
                assert!(
                    self.rooms
                        .remove(&*room)
                        .is_some_and(|members| members.is_empty()),
                    "{room} had members"
                );
            }
            RoomEvent::Join { room, id, .. } => {
                assert!(self.rooms.get_mut(&*room).unwrap().insert(id))
            }
            RoomEvent::Leave { room, id, .. } => {
                assert!(self.rooms.get_mut(&*room).unwrap().remove(&id))
            }
        }
    }
}

impl Client {
    /// Reads what was written to it: the answer to the handshake, then frames.
    fn read(&mut self, bytes: &[u8]) {
        self.incoming.extend_from_slice(bytes);
        if !self.greeted {
            let Some(end) = self
                .incoming
                .windows(4)
                .position(|four| four == b"\r\n\r\n")
            else {
                return;
            };
            let in_time = !self.incoming.starts_with(b"HTTP/1.1 408 ");
            let status = if in_time {
                &b"HTTP/1.1 101 "[..]
            } else {
                b"HTTP/1.1 408 "
            };
            assert!(
                self.incoming.starts_with(status),
                "{}",
                self.incoming.escape_ascii()
            );
            if !in_time {
                return self.incoming.clear();
            }
            self.incoming.drain(..end + 4);
            self.greeted = true;
        }
        while let Some((opcode, payload)) = self.frame() {
            assert!(!self.closed, "a frame after the close frame");
            match opcode {
                1 => self.texts.push(String::from_utf8(payload).unwrap()),
                8 => self.closed = true,
                9 => self.outgoing.extend(client_frame(0x8a, &payload)),
                10 => {}
                _ => panic!("opcode {opcode}"),
            }
        }
    }

    fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let &[first, len, ..] = &self.incoming[..] else {
            return None;
        };
        assert_eq!(
            first & 0xf0,
            0x80,
            "servers send whole frames without extensions"
        );
        let (size, len) = match len {
            126 => (
                4,
                usize::from(u16::from_be_bytes(
                    self.incoming.get(2..4)?.try_into().unwrap(),
                )),
            ),
            len => (2, usize::from(len)),
        };
        let payload = self.incoming.get(size..size + len)?.to_vec();
        self.incoming.drain(..size + len);
        Some((first & 0x0f, payload))
    }
}

impl World {
    fn new(seed: u64) -> Self {
        let config = Config {
            max_message: 3000,
            max_frame: 2000,
            max_backlog: 6000,
            max_total_backlog: 20_000,
            ..Config::default()
        };
        let random = ChaCha8Rng::seed_from_u64(seed);
        Self {
            sim: Sim::new(config),
            app: App::default(),
            clients: BTreeMap::new(),
            random,
        }
    }

    fn step(&mut self) {
        match self.random.random_range(0..100) {
            0..8 => self.connect(),
            8..50 => self.send(),
            50..75 => self.carry(),
            75..85 => self.make_room(),
            85..88 => self.end_one(),
            88..92 => self.sleep(),
            _ => self.end_turn(),
        }
        self.check();
    }

    fn connect(&mut self) {
        let id = self.sim.connect();
        let head = "GET / HTTP/1.1\r\nHost: sim\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        let keen: bool = self.random.random();
        if !keen {
            self.sim.set_room(id, self.random.random_range(0..400));
        }
        let client = Client {
            outgoing: head.into(),
            keen,
            ..Client::default()
        };
        self.clients.insert(id, client);
    }

    /// A client writes something, which will arrive later in pieces.
    fn send(&mut self) {
        let Some(id) = self.any() else { return };
        let room = ROOMS[self.random.random_range(0..ROOMS.len())];
        let client = self.clients.get_mut(&id).unwrap();
        client.sent += 1;
        let text = match self.random.random_range(0..20) {
            0..6 => format!("join {room}"),
            6 => format!("leave {room}"),
            7 => "close me".to_owned(),
            _ => format!(
                "{room} {id} {} {}",
                client.sent,
                "ä".repeat(self.random.random_range(0..500))
            ),
        };
        let fragments = self.random.random_range(1..4);
        let bytes = fragmented(text.as_bytes(), fragments);
        client.outgoing.extend(bytes);
    }

    /// Some bytes of a client arrive.
    fn carry(&mut self) {
        let Some(id) = self.any() else { return };
        let client = self.clients.get_mut(&id).unwrap();
        let n = self.random.random_range(0..=client.outgoing.len());
        let bytes: Vec<u8> = client.outgoing.drain(..n).collect();
        self.sim
            .receive(id, &bytes, &mut |hub, event| self.app.handle(hub, event));
    }

    /// A client that is not keen reads a little.
    fn make_room(&mut self) {
        let Some(id) = self.any() else { return };
        if !self.clients[&id].keen {
            self.sim.set_room(id, self.random.random_range(1..3000));
        }
    }

    fn end_one(&mut self) {
        let Some(id) = self.any() else { return };
        if self.random.random() {
            let code = [1000_u16, 1001, 4999][self.random.random_range(0..3)];
            self.clients
                .get_mut(&id)
                .unwrap()
                .outgoing
                .extend(client_frame(0x88, &code.to_be_bytes()));
        } else {
            self.hang_up(id);
        }
    }

    fn hang_up(&mut self, id: Id) {
        self.sim
            .hang_up(id, &mut |hub, event| self.app.handle(hub, event));
    }

    fn end_turn(&mut self) {
        self.sim
            .end_turn(&mut |hub, event| self.app.handle(hub, event));
        for (id, client) in &mut self.clients {
            client.read(&self.sim.take(*id));
        }
        // Whose connection is gone has read all that it will; its key may be used again.
        let (sim, app) = (&self.sim, &self.app);
        self.clients
            .retain(|id, client| sim.is_connected(*id) || check_end(app, *id, client));
    }

    /// Time passes while the loop waits, which it does between turns only.
    fn sleep(&mut self) {
        self.end_turn();
        let longest = [500, 500, 500, 30_000][self.random.random_range(0..4)];
        self.sim.advance(self.random.random_range(0..longest));
    }

    fn any(&mut self) -> Option<Id> {
        let n = self.random.random_range(0..self.clients.len().max(1));
        self.clients.keys().nth(n).copied()
    }

    /// What holds after every step.
    fn check(&mut self) {
        let hub = self.sim.hub();
        for members in self.app.rooms.values() {
            assert!(
                members.iter().all(|id| hub.is_open(*id)),
                "somebody in a room is not connected"
            );
        }
        for (room, members) in &self.app.rooms {
            assert_eq!(hub.rooms().len(room), members.len(), "members of {room}");
        }
        // What is over the limit is cut when the batch is sealed; a segment may end behind it.
        assert!(
            hub.backlog() <= 20_000,
            "{} bytes of backlog",
            hub.backlog()
        );
        for (id, client) in &self.clients {
            let expected = self.app.expected.get(id).map_or(&[][..], Vec::as_slice);
            assert!(
                expected.starts_with(&client.texts),
                "lost, doubled or out of order for {id}"
            );
        }
    }

    /// Everybody reads all there is: nothing was lost for those who are still there.
    fn read_all(&mut self) {
        for _ in 0..50 {
            for id in self.clients.keys() {
                self.sim.set_room(*id, usize::MAX);
            }
            self.end_turn();
        }
        for (id, client) in &self.clients {
            let expected = self.app.expected.get(id).map_or(&[][..], Vec::as_slice);
            let complete = !self.app.open.contains(id) || client.texts == expected;
            assert!(
                complete,
                "{id} is connected, and {} of {} came",
                client.texts.len(),
                expected.len()
            );
        }
    }

    fn leave_all(&mut self) {
        for id in self.clients.keys().copied().collect::<Vec<_>>() {
            self.hang_up(id);
        }
        self.end_turn();
        self.sim.advance(3_600_000);
        self.end_turn();
        let hub = self.sim.hub();
        assert_eq!(
            (hub.connections(), hub.backlog(), hub.rooms().population()),
            (0, 0, 0)
        );
        assert!(self.app.open.is_empty() && self.app.rooms.is_empty());
    }
}

/// A keen client has lost nothing, unless it was cut; checks, and forgets the client.
fn check_end(app: &App, id: Id, client: &Client) -> bool {
    let expected = app.expected.get(&id).map_or(&[][..], Vec::as_slice);
    assert!(
        expected.starts_with(&client.texts),
        "lost, doubled or out of order for {id}"
    );
    let in_order = matches!(
        app.closed.get(&id),
        Some(CloseReason::Closed | CloseReason::Peer { .. })
    );
    if client.keen && in_order {
        assert!(
            client.texts == expected,
            "{id} has {} of {} texts that were sent before its close: {:?}",
            client.texts.len(),
            expected.len(),
            app.closed.get(&id)
        );
    }
    false
}

fn fragmented(payload: &[u8], fragments: usize) -> Vec<u8> {
    let size = payload.len().div_ceil(fragments).max(1);
    let parts: Vec<_> = payload.chunks(size).collect();
    let frames = parts.iter().enumerate().map(|(n, part)| {
        let last = if n + 1 == parts.len() { 0x80 } else { 0 };
        client_frame(last | u8::from(n == 0), part)
    });
    frames.collect::<Vec<_>>().concat()
}

fn run(seed: u64) -> App {
    let _seed = Seed(seed);
    let mut world = World::new(seed);
    for _ in 0..STEPS {
        world.step();
    }
    world.read_all();
    world.leave_all();
    world.app
}

#[test]
fn random_clients_see_every_message_once_and_in_order() {
    if let Ok(seed) = std::env::var("SEED") {
        run(seed.parse().expect("SEED is a number"));
        return;
    }
    let mut delivered = 0;
    let mut reasons = BTreeSet::new();
    for seed in 0..200 {
        let app = run(seed);
        delivered += app.expected.values().map(Vec::len).sum::<usize>();
        reasons.extend(app.closed.values().map(|reason| {
            format!("{reason:?}")
                .split([' ', '('])
                .next()
                .unwrap()
                .to_owned()
        }));
    }
    assert!(
        delivered > 10_000,
        "only {delivered} deliveries: the simulation does too little"
    );
    for reason in ["Peer", "Lost", "Closed", "TooSlow", "TimedOut"] {
        assert!(
            reasons.contains(reason),
            "nobody was ever {reason}: {reasons:?}"
        );
    }
}
