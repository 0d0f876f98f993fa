//! Endurance: many connections come and go, and many messages, and after it the command is what it
//! was before: the same memory within 5 %, and exactly the same file descriptors.
//!
//! The server is the real program in a process of its own, so that nothing but the server is
//! measured. It is measured twice, each time when nobody is connected: behind a warm-up of a tenth,
//! which has the same crowds and so brings tables and buffers to their size, and at the end.
//!
//! `make endurance` has a hundred thousand connections and ten million messages that arrive; without
//! `ENDURANCE_CONNECTIONS` and `ENDURANCE_DELIVERIES` it is a tenth of that. `ENDURANCE_SEED` chooses
//! another course of events.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]
#![cfg(target_os = "linux")]

mod client;
mod crowd;
mod process;
mod stranger;
mod town;
mod wire;

use std::time::{Duration, Instant};

use process::Process;
use town::Town;

/// How long any one thing may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// All clients have one address and come as fast as they can. Who is lost is kept for a moment only:
/// memory would depend on how fast clients come, which is no leak and differs from run to run. What
/// was said is not kept: each further room would have its share, until all of that is full.
const FLAGS: [&str; 12] = [
    "--host",
    "0.0.0.0",
    "--port",
    "0",
    "--connect-rate",
    "100000",
    "--chat-rate",
    "1000000",
    "--history",
    "0",
    "--max-disconnection-duration",
    "1",
];

#[test]
fn the_server_is_as_before_when_many_have_come_and_gone() {
    let connections = count("ENDURANCE_CONNECTIONS", 10_000);
    let deliveries = count("ENDURANCE_DELIVERIES", 1_000_000);
    let seed = count("ENDURANCE_SEED", 1);
    println!("ENDURANCE_SEED={seed}");
    let server = Process::start(&FLAGS);
    let descriptors = server.descriptors();
    let mut town = Town::new(server.port, seed);

    town.live(connections / 10, deliveries / 10);
    server.comes_to(descriptors);
    let before = server.resident();

    let (begin, processor) = (Instant::now(), server.processor());
    town.live(connections, deliveries);
    server.comes_to(descriptors);
    let after = server.resident();
    println!(
        "{connections} connections and {deliveries} deliveries in {:.1} s, {:.1} s of them the server's",
        begin.elapsed().as_secs_f64(),
        (server.processor() - processor).as_secs_f64(),
    );
    println!(
        "{before} KiB before, {after} KiB after, {} at most; {descriptors} descriptors before and after",
        server.peak()
    );
    println!("{}", town.tally());
    assert!(
        after * 100 <= before * 105,
        "{after} KiB are resident after it, {before} KiB before"
    );
}

/// A number from the environment.
fn count(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}
