//! Messages to any audience, many in a turn, with all that may come between them: who joins, leaves,
//! is closed, breaks, asks, is told something alone. Who gets what is worked out one by one.

mod app;

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use roomcast::sim::{Sim, client_frame};
use roomcast::{Config, Encoded, Id, Policy};

use crate::seeds::{self, Counts};
use crate::sockets::Client;
use crate::wire;
use app::App;

const ROOMS: [&str; 5] = ["one", "two", "three", "few", "last"];
/// In these a slow receiver may miss something.
const LOOSE: [(&str, Policy); 2] = [("few", Policy::DropOldest), ("last", Policy::Latest)];
const STEPS: usize = 500;

struct World {
    sim: Sim,
    app: App,
    clients: BTreeMap<Id, Client>,
    encoded: Option<(Encoded, String)>,
    stale: Option<Encoded>,
}

impl World {
    fn new(seed: u64) -> Self {
        // Where the limits are wide, nothing waits for another turn but what a socket does not take.
        let config = Config {
            max_backlog: if seed % 2 == 0 { 3000 } else { 1 << 20 },
            max_memory: 12_000,
            ..Config::default()
        };
        let mut sim = Sim::new(config);
        let mut app = App {
            random: Some(ChaCha8Rng::seed_from_u64(seed)),
            policies: seed % 2 == 0,
            ..App::default()
        };
        for (room, policy) in LOOSE.into_iter().filter(|_| app.policies) {
            sim.hub().set_policy(room, policy);
        }
        app.below(7);
        Self {
            sim,
            app,
            clients: BTreeMap::new(),
            encoded: None,
            stale: None,
        }
    }

    fn step(&mut self) {
        let (hub, app) = (self.sim.hub(), &mut self.app);
        match app.below(100) {
            0..6 => self.connect(),
            6..12 => {
                if let Some(id) = app.any() {
                    let room = app.room();
                    app.join(hub, id, room);
                }
            }
            12..15 => {
                if let Some(id) = app.any() {
                    let room = app.room();
                    let was = app.peers.get_mut(&id).unwrap().rooms.remove(room);
                    assert_eq!(hub.leave(id, room), was);
                }
            }
            15..17 => self.end(),
            17..21 => self.ask(),
            21..25 => {
                if let Some(id) = app.any() {
                    let text = app.text();
                    assert!(hub.send(id, &text));
                    app.expect(id, &text, false);
                }
            }
            25..28 => {
                let text = app.text();
                self.encoded = hub.encode(&text).map(|encoded| (encoded, text));
                if let (Some(stale), Some(id)) = (self.stale, app.any()) {
                    assert!(!hub.push(id, stale), "it is of an earlier turn");
                }
            }
            28..32 => {
                if let (Some((encoded, text)), Some(id)) = (&self.encoded, app.any()) {
                    assert!(hub.push(id, *encoded));
                    app.expect(id, text, false);
                }
            }
            32..36 => self.make_room(),
            36..40 => self.end_turn(),
            40..65 => {
                if let Some(id) = app.any() {
                    app.speak(hub, id);
                }
            }
            _ => app.tell(hub),
        }
        self.check();
    }

    fn connect(&mut self) {
        let id = self.sim.connect();
        let keen = self.app.below(3) > 0;
        self.sim
            .receive(id, &wire::websocket("/"), &mut |hub, event| {
                self.app.handle(hub, event)
            });
        if !keen {
            let room = 129 + self.app.below(400);
            self.sim.set_room(id, room);
        }
        let client = Client {
            keen,
            ..Client::default()
        };
        self.clients.insert(id, client);
    }

    /// A connection ends: closed here, by its peer, or broken.
    fn end(&mut self) {
        let Some(id) = self.app.any() else { return };
        match self.app.below(3) {
            0 => {
                assert!(self.sim.hub().close(id, 1000, "enough"));
                self.app.retire(id);
                // Those who are left hear of it in this turn.
                self.sim
                    .receive(id, b"", &mut |hub, event| self.app.handle(hub, event));
            }
            1 => self.sim.receive(id, &wire::close(), &mut |hub, event| {
                self.app.handle(hub, event)
            }),
            _ => {
                self.sim
                    .hang_up(id, &mut |hub, event| self.app.handle(hub, event));
                // What waits to be heard of it comes first, at the end of the turn.
                self.app.silent |= self.sim.hub().is_open(id);
            }
        }
    }

    /// A client wants an answer of the server, or says something that others are told.
    fn ask(&mut self) {
        let Some(id) = self.app.any() else { return };
        let bytes = match self.app.below(2) {
            0 => {
                self.app.peers.get_mut(&id).unwrap().busy = true;
                client_frame(0x89, b"?")
            }
            _ => client_frame(0x81, b"!").repeat(self.app.below(4)),
        };
        self.sim
            .receive(id, &bytes, &mut |hub, event| self.app.handle(hub, event));
    }

    fn make_room(&mut self) {
        let Some(id) = self.app.any() else { return };
        if !self.clients[&id].keen {
            let room = 1 + self.app.below(2000);
            self.sim.set_room(id, room);
        }
    }

    fn end_turn(&mut self) {
        let busy: Vec<(Id, usize, bool)> = self
            .app
            .peers
            .iter()
            .filter(|(id, _)| self.clients[id].keen)
            .map(|(id, peer)| (*id, self.sim.writes(*id), peer.busy))
            .collect();
        self.app
            .peers
            .values_mut()
            .for_each(|peer| peer.busy = false);
        self.sim
            .end_turn(&mut |hub, event| self.app.handle(hub, event));
        self.app.silent = false;
        for (id, before, busy) in busy {
            if self.sim.is_connected(id) && !self.app.policies {
                let writes = self.sim.writes(id) - before;
                assert_eq!(writes, usize::from(busy), "writes for {id}");
            }
        }
        for (id, client) in &mut self.clients {
            client.read(&self.sim.take(*id));
        }
        self.clients.retain(|id, client| {
            let connected = self.sim.is_connected(*id);
            if !connected {
                compare(&self.app, *id, client, false);
            }
            connected
        });
        self.stale = self
            .encoded
            .take()
            .map(|(encoded, _)| encoded)
            .or(self.stale);
    }

    fn check(&mut self) {
        let hub = self.sim.hub();
        assert_eq!(hub.stats().delivered, self.app.delivered);
        for (id, peer) in &self.app.peers {
            assert!(hub.is_open(*id));
            if !self.app.policies && self.clients.get(id).is_some_and(|client| client.keen) {
                assert_eq!(
                    hub.is_idle(*id),
                    !peer.busy,
                    "whether {id} has something to get"
                );
            }
        }
    }

    fn finish(mut self) -> Counts {
        for _ in 0..60 {
            for id in self.clients.keys() {
                self.sim.set_room(*id, usize::MAX);
            }
            self.end_turn();
            self.check();
        }
        for (id, client) in &self.clients {
            compare(&self.app, *id, client, self.app.peers.contains_key(id));
        }
        self.app.counts
    }
}

/// What came is what was to come, in order: all of it to who is keen, but perhaps for the end.
fn compare(app: &App, id: Id, client: &Client, whole: bool) {
    let Some(peer) = app.peers.get(&id).or_else(|| app.gone.get(&id)) else {
        return;
    };
    let mut expected = peer.expected.iter();
    for text in &client.texts {
        let found = expected.by_ref().find(|(next, loose)| {
            assert!(next == text || *loose, "{id} got {text:?} and not {next:?}");
            next == text
        });
        assert!(found.is_some(), "{id} got {text:?}, which is not for it");
    }
    if whole {
        let firm =
            |texts: &mut dyn Iterator<Item = &(String, bool)>| texts.filter(|text| !text.1).count();
        let got: BTreeSet<_> = client.texts.iter().collect();
        let came = firm(&mut peer.expected.iter().filter(|text| got.contains(&text.0)));
        assert_eq!(came, firm(&mut peer.expected.iter()), "{id} got all");
    }
}

fn run(seed: u64) -> Counts {
    let mut world = World::new(seed);
    for _ in 0..STEPS {
        world.step();
    }
    world.finish()
}

#[test]
fn an_audience_gets_what_was_said_to_it_and_nobody_else_does() {
    WORLD.check(1000, &LEAST);
}

pub(crate) const WORLD: seeds::World = seeds::World {
    name: "audiences",
    every: 1,
    run,
};

/// How often things must happen in a hundred runs, for these to say anything.
const LEAST: [(&str, usize); 6] = [
    ("messages", 10_000),
    ("loose", 2000),
    ("closed Closed", 100),
    ("closed Lost", 100),
    ("closed Peer", 100),
    ("closed TooSlow", 30),
];
