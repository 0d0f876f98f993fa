//! The whole server under a simulated network: random clients, a virtual clock, torn reads,
//! partial writes, closes anywhere. What every client must see is worked out beside it, from the
//! events alone; what it does see is read from the bytes that were written to it.

mod app;
mod client;

use std::collections::BTreeMap;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use roomcast::sim::{Sim, client_frame};
use roomcast::{CloseReason, Config, Id};

use crate::seeds::{self, Counts};
use crate::wire;
pub(crate) use app::App;
pub(crate) use client::Client;

const ROOMS: [&str; 4] = ["lobby", "kitchen", "cellar", "attic"];
const STEPS: usize = 1000;

struct World {
    sim: Sim,
    app: App,
    clients: BTreeMap<Id, Client>,
    random: ChaCha8Rng,
}

impl World {
    fn new(seed: u64) -> Self {
        let config = Config {
            max_message: 3000,
            max_frame: 2000,
            max_backlog: 6000,
            max_memory: 20_000,
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
            88..92 => self.pass(),
            _ => self.end_turn(),
        }
        self.check();
    }

    fn connect(&mut self) {
        let id = self.sim.connect();
        let keen: bool = self.random.random();
        if !keen {
            self.sim.set_room(id, self.random.random_range(0..400));
        }
        let client = Client {
            outgoing: wire::websocket("/"),
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
    fn pass(&mut self) {
        self.end_turn();
        const DAYS: u64 = 80 * 86_400_000;
        let longest = [500, 500, 500, 500, 500, 500, 30_000, 30_000, DAYS];
        let longest = longest[self.random.random_range(0..longest.len())];
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

    fn counts(&self) -> Counts {
        let mut counts = Counts::new();
        let delivered = self.app.expected.values().map(Vec::len).sum();
        counts.insert("messages delivered".to_owned(), delivered);
        for reason in self.app.closed.values() {
            let reason = format!("{reason:?}");
            let word = reason.split([' ', '(']).next().unwrap_or_default();
            *counts.entry(format!("closed {word}")).or_default() += 1;
        }
        counts
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

fn run(seed: u64) -> Counts {
    let mut world = World::new(seed);
    for _ in 0..STEPS {
        world.step();
    }
    world.read_all();
    world.leave_all();
    world.counts()
}

#[test]
fn random_clients_see_every_message_once_and_in_order() {
    WORLD.check(1000, &LEAST);
}

pub(crate) const WORLD: seeds::World = seeds::World {
    name: "sockets",
    every: 1,
    run,
};

/// How often things must happen in a hundred runs, for these to say anything.
const LEAST: [(&str, usize); 6] = [
    ("messages delivered", 4000),
    ("closed Peer", 20),
    ("closed Lost", 20),
    ("closed Closed", 20),
    ("closed TooSlow", 20),
    ("closed TimedOut", 20),
];
