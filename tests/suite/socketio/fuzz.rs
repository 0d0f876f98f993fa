//! Nothing that a client of Socket.IO sends can harm the server: random packets, in any order.

mod wild;

use rand::rngs::ChaCha8Rng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use roomcast::Config;
use roomcast::sim::{Sim, client_frame};
use roomcast::socketio::Options;

use super::{Play, World, field};

const PIECES: [&str; 42] = [
    "42[\"ghost\"]",
    "40",
    "40/admin,",
    "40{\"token\":\"wrong\"}",
    "40/slow,",
    "41/slow,",
    "42[\"admit\"]",
    "42[\"refuse\"]",
    "40/game-1,",
    "41/game-1,",
    "42/game-1,[\"ask\",1]",
    "[\"room\",1]",
    "[\"join\",\"lobby\"]",
    "[\"kick\"]",
    "40/none,",
    "41",
    "41/admin,",
    "42[\"join\",\"lobby\"]",
    "42[\"room\",1]",
    "421[\"x\"]",
    "42/admin,[\"room\"]",
    "42[\"leave\",\"lobby\"]",
    "42[\"kick\"]",
    "42[\"kick\",true]",
    "42[\"drop\"]",
    "42[\"ask\",1]",
    "42[\"volatile\"]",
    "431[]",
    "432[7]",
    "451-[\"room\",{\"_placeholder\":true,\"num\":0}]",
    "452-[\"x\"]",
    "461-1[]",
    "bAQID",
    "2",
    "2probe",
    "3",
    "5",
    "1",
    "6",
    "9",
    "4",
    "",
];

/// Bytes that may be held for all, where that is little.
const MAX_MEMORY: usize = 5000;

/// Clients of all kinds that send what comes to mind, until all have gone.
fn storm<A: Play>(world: &mut World<A>, random: &mut ChaCha8Rng) {
    let (mut sids, mut lines, mut claims) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..60 {
        match random.random_range(0..10) {
            0 => {
                let opened = world.ask("GET", "", "");
                // Not one that the application forbids.
                sids.extend(
                    opened
                        .contains("sid")
                        .then(|| field(&opened, "sid").to_owned()),
                );
            }
            1 if random.random() => {
                let line = world.open();
                lines.push(line);
                let claim = claims.choose(random).map_or("40", String::as_str);
                world.receive(line, &client_frame(0x81, claim.as_bytes()));
                world.end_turn();
                claims.extend(claim_of(&world.sim.take(line)));
            }
            1 => lines.push(world.open_at("/ws")),
            2 | 3 => {
                let body: Vec<_> = (0..random.random_range(0..4))
                    .map(|_| *PIECES.choose(random).unwrap())
                    .collect();
                let Some(sid) = sids.choose(random) else {
                    continue;
                };
                world.ask(
                    ["GET", "POST", "POST", "PUT"].choose(random).unwrap(),
                    &format!("&sid={sid}"),
                    &body.join("\u{1e}"),
                );
            }
            4 => {
                let Some(sid) = sids.choose(random) else {
                    continue;
                };
                let path = format!("/socket.io/?EIO=4&transport=websocket&sid={sid}");
                let line = world.open_at(&path);
                lines.push(line);
            }
            // The beginning of a POST; the rest, if it ever comes, is that of a frame.
            7 => {
                let Some(sid) = sids.choose(random) else {
                    continue;
                };
                let length = format!("Content-Length: {}", random.random_range(3..30));
                lines.push(world.begin("POST", &format!("&sid={sid}"), &length, "40"));
            }
            5 if random.random() => {
                world.sim.advance(random.random_range(0..30_000));
                world.end_turn();
            }
            // It takes so much, and no more for now.
            5 => {
                if let Some(line) = lines.choose(random) {
                    world.sim.set_room(*line, random.random_range(0..2000));
                }
            }
            6 => {
                if let Some(line) = lines.choose(random) {
                    world.hang_up(*line);
                }
            }
            _ => {
                let Some(line) = lines.choose(random) else {
                    continue;
                };
                let first = if random.random_ratio(1, 6) {
                    0x82
                } else {
                    0x81
                };
                claims.extend(claim_of(&world.sim.take(*line)));
                let piece = match claims.choose(random) {
                    Some(claim) if random.random_ratio(1, 5) => &**claim,
                    _ => PIECES.choose(random).unwrap(),
                };
                world.receive(*line, &client_frame(first, piece.as_bytes()));
            }
        }
        if random.random() {
            world.end_turn();
        }
    }
    // What is beyond the limit is given back, half of it in a turn at least.
    if world.sim.hub().config().max_memory == MAX_MEMORY {
        (0..20).for_each(|_| world.end_turn());
        assert!(world.sim.hub().memory() <= MAX_MEMORY);
    }
    // A ping, its time-out, a close, its time-out: each deadline begins when the one before is over.
    for _ in 0..8 {
        world.sim.advance(100_000);
        (0..2).for_each(|_| world.end_turn());
    }
}

/// Nobody is there, and nothing is held but for who may come back.
fn check_end<A>(world: &mut World<A>, recovers: bool, seed: u64) {
    let hub = world.sim.hub();
    assert_eq!(hub.connections(), 0, "seed {seed}");
    assert!(hub.memory() == 0 || recovers, "seed {seed}");
}

/// What the client of a socket may come back with that was welcomed last.
fn claim_of(told: &[u8]) -> Option<String> {
    let told = String::from_utf8_lossy(told);
    let (welcome, names) = told.rsplit_once("{\"sid\":\"")?;
    let namespace = welcome.rsplit_once("40")?.1;
    let pid = names.split("\"pid\":\"").nth(1)?.get(..20)?;
    Some(format!("40{namespace}{{\"pid\":\"{pid}\"}}"))
}

/// Limits that a storm reaches, or none of these.
fn config(random: &mut ChaCha8Rng) -> Config {
    let mut config = Config::default();
    if random.random() {
        config.max_memory = MAX_MEMORY;
    }
    if random.random() {
        config.max_backlog = 1500;
    }
    config
}

fn options(random: &mut ChaCha8Rng) -> Options {
    let recovery: bool = random.random();
    Options {
        plain_path: Some("/ws".to_owned()),
        max_disconnection_duration: recovery.then_some(120_000),
        skip_middlewares: random.random(),
        ..Options::default()
    }
}

fn attack(seed: u64) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let options = options(&mut random);
    let recovers = options.max_disconnection_duration.is_some();
    let mut world = World::with(options);
    world.sim = Sim::new(config(&mut random));
    storm(&mut world, &mut random);
    check_end(&mut world, recovers, seed);
    let count = |word: &str| {
        world
            .app
            .log
            .iter()
            .filter(|line| line.starts_with(word))
            .count()
    };
    assert_eq!(
        count("connect,"),
        count("disconnect,"),
        "who came has gone: seed {seed}"
    );
    assert_eq!(count("create-room"), count("delete-room"), "seed {seed}");
    assert_eq!(count("join-room"), count("leave-room"), "seed {seed}");
}

#[test]
fn no_packet_harms_the_server() {
    (0..3000).for_each(attack);
}
