//! Socket.IO under a simulated network: clients that do what the official one does, as states and
//! bytes, against the real layer; a virtual clock, late and torn bytes, connections that break at
//! any moment. What everybody must get is worked out beside it, from the events of the application
//! alone, and holds across upgrades and comebacks.
//!
//! `world` is all of it and how its time goes by, `checks` what must hold; `network` carries bytes;
//! `engine`, `polling`, `upgrade` and `trouble` are the client's Engine.IO, `client` and `packet` its
//! Socket.IO, `deeds` its will; `plain` and `door` are sockets without the protocol; `app` is the
//! application, `ledger` and `away` what must come, `mark` what a message is known by, `scale` how many there
//! are.

mod app;
mod away;
mod checks;
mod client;
mod deeds;
mod door;
mod engine;
mod ledger;
mod mark;
mod network;
mod packet;
mod plain;
mod polling;
mod scale;
mod stage;
mod trouble;
mod upgrade;
mod world;

use crate::seeds::{self, Counts};
use scale::Scale;
use stage::Stage;
use world::World;

/// How often things must happen in a hundred runs, for these to say anything; about a third of how
/// often they do.
fn few(seed: u64) -> Counts {
    run(seed, Scale::Few).0
}

fn thousands(seed: u64) -> Counts {
    run(seed, Scale::Thousands).0
}

/// What happened, and all that the server has written, as a number.
fn run(seed: u64, scale: Scale) -> (Counts, u64) {
    let mut world = World::new(seed, scale);
    world.run();
    world.check_rest();
    world.leave();
    let Stage {
        counts, network, ..
    } = world.stage;
    (counts, network.digest())
}

#[test]
fn clients_that_come_and_go_get_every_message_once_and_in_order() {
    SESSIONS.check(1000, &LEAST);
}

#[test]
fn thousands_of_clients_get_every_message_once_and_in_order() {
    CROWD.check(2, &LEAST_OF_A_CROWD);
}

#[test]
fn a_seed_is_the_same_to_the_byte_each_time() {
    for seed in 0..30 {
        let [one, other] = [0; 2].map(|_| run(seed, Scale::Few));
        assert!(one == other, "seed {seed}: {one:?}, then {other:?}");
    }
}

/// Few clients.
pub(crate) const SESSIONS: seeds::World = seeds::World {
    name: "sessions::clients",
    every: 1,
    run: few,
};

/// Very many.
pub(crate) const CROWD: seeds::World = seeds::World {
    name: "sessions::thousands",
    every: 500,
    run: thousands,
};

/// The same in a hundred runs with thousands.
const LEAST_OF_A_CROWD: [(&str, usize); 8] = [
    ("messages", 500_000),
    ("plain messages", 140_000),
    ("polls", 1_500_000),
    ("sessions by polling", 100_000),
    ("sessions on a WebSocket", 50_000),
    ("plain sockets", 60_000),
    ("upgrades completed", 9000),
    ("orderly leaves", 40_000),
];

const LEAST: [(&str, usize); 44] = [
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
    ("stalls", 160),
    ("clients asleep", 30),
    ("half-closes", 70),
    ("half-closes behind a post", 280),
    ("jumps", 35),
    ("jumps that a session outlives", 14),
    ("jumps that a plain socket outlives", 20),
    ("plain messages", 1800),
    ("plain sockets closed in order", 45),
    ("pings of the core", 220),
    ("messages by the plain door", 800),
    ("questions without an answer", 30),
];
