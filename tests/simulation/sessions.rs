//! Socket.IO under a simulated network: clients that do what the official one does, as states and
//! bytes, against the real layer; a virtual clock, late and torn bytes, connections that break at
//! any moment. What everybody must get is worked out beside it, from the events of the application
//! alone, and holds across upgrades and comebacks.
//!
//! `network` carries bytes; `engine`, `polling` and `upgrade` are the client's Engine.IO, `client`
//! and `packet` its Socket.IO, `deeds` its will; `app` is the application, `ledger` what must come,
//! `mark` what a message is known by. `SEEDS=5000` runs more seeds than usual.

mod app;
mod client;
mod deeds;
mod engine;
mod ledger;
mod mark;
mod network;
mod packet;
mod polling;
mod stage;
mod upgrade;
mod wire;

use rand::RngExt;
use roomcast::sim::Sim;
use roomcast::socketio::{Options, SocketIo};
use roomcast::{Config, Event, Hub};

use app::App;
use client::Client;
use network::Parcel;
use stage::{Counts, Stage};

const UPGRADE_TIMEOUT: u64 = 400;
const CONNECT_TIMEOUT: u64 = 700;
/// How long a socket may be gone and come back.
const DURATION: u64 = 900;
/// Milliseconds in which clients do what they like, and in which they come to rest.
const CHAOS: u64 = 2500;
const REST: u64 = 1500;

struct World {
    sim: Sim,
    io: SocketIo,
    app: App,
    stage: Stage,
    clients: Vec<Client>,
    turns: usize,
}

/// Says how to repeat a run that fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "repeat with: SEED={} cargo test --test simulation sessions",
                self.0
            );
        }
    }
}

impl World {
    fn new(seed: u64) -> Self {
        let mut stage = Stage::new(seed);
        let recovery = !stage.one_in(3);
        let ample = !stage.one_in(4);
        let max_backlog = stage.pick(&[1 << 20, 1 << 20, 1500]);
        stage.ledger.recovery = recovery;
        stage.ledger.narrow = max_backlog == 1500;
        stage.ledger.ample = ample && !stage.ledger.narrow;
        let options = Options {
            ping_interval: 300,
            ping_timeout: 250,
            upgrade_timeout: UPGRADE_TIMEOUT,
            connect_timeout: CONNECT_TIMEOUT,
            max_http_buffer_size: stage.pick(&[1_000_000, 4000, 2500]),
            max_disconnection_duration: recovery.then_some(DURATION),
            recovery_budget: if ample { 8 << 20 } else { 4000 },
            ..Options::default()
        };
        let config = Config {
            max_backlog,
            ..Config::default()
        };
        let count = stage.random.random_range(2..6);
        let clients = (0..count).map(|number| Client::new(number, &mut stage));
        Self {
            sim: Sim::new(config),
            io: SocketIo::with(options).namespace("/den"),
            app: App::default(),
            clients: clients.collect(),
            stage,
            turns: 0,
        }
    }

    /// Turn after turn, up to a time.
    fn run_until(&mut self, end: u64) {
        while self.next() <= end {
            self.turn();
        }
        self.pass(end);
    }

    /// When something happens next.
    fn next(&self) -> u64 {
        let acts = self.stage.chaos;
        let clients = self.clients.iter().map(|client| match acts {
            true => client.next().min(client.act_at),
            false => client.next(),
        });
        let server = self.sim.patience().map(|wait| self.stage.now + wait);
        let network = self.stage.network.next();
        let next = clients.chain(server).chain(network).min();
        next.unwrap_or(u64::MAX).max(self.stage.now)
    }

    fn pass(&mut self, time: u64) {
        self.sim.advance(time - self.stage.now);
        self.stage.now = time;
    }

    fn turn(&mut self) {
        self.turns += 1;
        assert!(self.turns < 100_000, "the server never rests");
        self.pass(self.next());
        let arrived = self.stage.network.arrived(&mut self.sim, self.stage.now);
        for (id, parcel) in arrived {
            self.serve(|sim, handler| match parcel {
                Parcel::Bytes(bytes) => sim.receive(id, &bytes, handler),
                Parcel::End => sim.hang_up(id, handler),
            });
        }
        self.end_turn();
        self.return_all();
        self.move_clients();
    }

    /// The server ends its turn, and what it wrote is on its way.
    fn end_turn(&mut self) {
        self.serve(Sim::end_turn);
        let Stage {
            network,
            now,
            random,
            ..
        } = &mut self.stage;
        network.collect(&mut self.sim, *now, random);
    }

    /// Lets the server do something, with the layer and the application behind it.
    fn serve(&mut self, work: impl FnOnce(&mut Sim, &mut dyn FnMut(&mut Hub, Event<'_>))) {
        let Self {
            sim,
            io,
            app,
            stage,
            ..
        } = self;
        work(sim, &mut |hub, event| {
            io.drive(hub, event, |io, event| app.handle(io, event, stage))
        });
    }

    /// Hands the clients what has come for them.
    fn return_all(&mut self) {
        for (line, parcel) in self.stage.network.returned(self.stage.now) {
            let owner = self.clients.iter_mut().find(|client| client.owns(line));
            if let Some(client) = owner {
                client.receive(line, parcel, &mut self.stage);
            }
        }
    }

    fn move_clients(&mut self) {
        for client in &mut self.clients {
            client.tick(&mut self.stage);
            if self.stage.chaos && self.stage.now >= client.act_at {
                client.act(&mut self.stage);
            }
        }
    }

    /// All who are away come back soon, and nobody does anything any more.
    fn calm(&mut self) {
        self.stage.chaos = false;
        for client in &mut self.clients {
            client.back_at = client.back_at.min(self.stage.now + 100);
        }
    }

    /// A request that makes the application answer all that it has put off.
    fn knock(&mut self) {
        let id = self.sim.connect();
        let request = b"GET / HTTP/1.1\r\nHost: sim\r\nConnection: close\r\n\r\n";
        self.serve(|sim, handler| sim.receive(id, request, handler));
        self.end_turn();
        self.serve(|sim, handler| sim.hang_up(id, handler));
        self.end_turn();
    }

    /// All have come back, and nobody lacks anything.
    fn check_rest(&mut self) {
        assert!(self.app.is_idle(), "a question is never settled");
        assert_eq!(self.stage.ledger.live.len(), self.clients.len());
        for client in &self.clients {
            let (ledger, number) = (&self.stage.ledger, client.number);
            let sid = client.sid.as_ref().expect("all have come back");
            assert_eq!(ledger.lacks(sid), [], "client {number} lacks messages");
            assert!(
                ledger.is_all_heard(client.who()),
                "client {number} is not heard"
            );
            assert!(client.acks.is_empty(), "client {number} lacks acks");
        }
    }

    /// All leave, one way or another, and nothing stays behind.
    fn leave(&mut self) {
        for client in &mut self.clients {
            client.depart(&mut self.stage);
        }
        self.run_until(self.stage.now + 1000);
        // A cut may have met a connection that was not in use.
        for client in self
            .clients
            .iter_mut()
            .filter(|client| client.engine.is_some())
        {
            client.go(&mut self.stage);
            client.attend(&mut self.stage);
        }
        while self.next() != u64::MAX {
            self.turn();
        }
        self.knock();
        assert_eq!(self.app.empty, Some(true), "sockets without clients");
        let ledger = &self.stage.ledger;
        assert!(ledger.live.is_empty() && ledger.rooms.is_empty());
        for sid in self.stage.ledger.sessions.clone() {
            self.check_unknown(&sid);
        }
        while let Some(wait) = self.sim.patience() {
            self.turns += 1;
            assert!(self.turns < 100_000, "timers wake for ever");
            self.sim.advance(wait);
            self.serve(Sim::end_turn);
        }
        assert_eq!(self.sim.hub().connections(), 0);
        assert_eq!(self.sim.hub().backlog(), 0);
    }

    /// A session is not there any more.
    fn check_unknown(&mut self, sid: &str) {
        let id = self.sim.connect();
        let request = wire::get(Some(sid));
        self.serve(|sim, handler| sim.receive(id, &request, handler));
        self.serve(Sim::end_turn);
        let (_, body) = wire::answer(&mut self.sim.take(id)).expect("an answer");
        assert_eq!(body, "{\"code\":1,\"message\":\"Session ID unknown\"}");
        self.serve(|sim, handler| sim.hang_up(id, handler));
        self.serve(Sim::end_turn);
    }
}

fn run(seed: u64) -> Counts {
    let _seed = Seed(seed);
    let mut world = World::new(seed);
    world.stage.chaos = true;
    world.run_until(CHAOS);
    world.calm();
    world.run_until(CHAOS + REST);
    world.knock();
    world.run_until(CHAOS + REST + 200);
    world.check_rest();
    world.leave();
    world.stage.counts
}

#[test]
fn clients_that_come_and_go_get_every_message_once_and_in_order() {
    if let Ok(seed) = std::env::var("SEED") {
        run(seed.parse().expect("SEED is a number"));
        return;
    }
    let seeds = std::env::var("SEEDS").map_or(250, |seeds| seeds.parse().expect("a number"));
    let mut counts = Counts::new();
    for seed in 0..seeds {
        for (what, count) in run(seed) {
            *counts.entry(what).or_default() += count;
        }
    }
    println!("{counts:#?}");
    for (what, least) in LEAST {
        let count = counts.get(what).copied().unwrap_or_default();
        let per_hundred = count * 100 / seeds as usize;
        assert!(per_hundred >= least, "{what}: only {count} in {seeds} runs");
    }
}

/// How often things must happen in a hundred runs, for these to say anything; about a third of how
/// often they do.
const LEAST: [(&str, usize); 32] = [
    ("messages", 5000),
    ("binary messages", 1000),
    ("whispers", 1000),
    ("acks", 3000),
    ("binary acks", 300),
    ("answers", 100),
    ("pings", 800),
    ("polls", 3000),
    ("full polls", 60),
    ("posts of one packet", 1500),
    ("posts of several packets", 800),
    ("sessions by polling", 400),
    ("sessions on a WebSocket", 200),
    ("upgrades completed", 100),
    ("upgrades between a packet and its attachments", 3),
    ("upgrades failed in the pause", 3),
    ("probes closed at once", 15),
    ("probes with garbage at once", 12),
    ("probes closed when answered", 12),
    ("probes with garbage when answered", 15),
    ("probes neglected", 15),
    ("neglected probes closed", 5),
    ("resets of a poll", 50),
    ("resets of a WebSocket", 60),
    ("silent deaths of a poll", 60),
    ("silent deaths of a WebSocket", 60),
    ("crashes that a held poll told", 20),
    ("orderly leaves", 150),
    ("expulsions", 60),
    ("recoveries", 150),
    ("missed events", 600),
    ("failed recoveries", 130),
];
