//! The whole server above the sockets, under simulated networks and a clock that is turned by hand.
//!
//! `sockets` are WebSockets on the core alone, step by step, under narrow limits; `audiences` are the
//! same with many messages in a turn, to anybody; `sessions` are clients of every kind on one server,
//! few of them and all that may happen to them; `crowd` is the same with thousands. `seeds` runs
//! them, `wire` is what clients write and read.
//!
//! A failing seed says the command to run it again. `SEEDS=5000` runs more of them than usual.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

mod audiences;
mod seeds;
mod sessions;
mod sockets;
mod wire;

/// As long as one likes: `make soak`.
#[test]
#[ignore = "it takes MINUTES"]
fn soak() {
    seeds::soak(&[
        sockets::WORLD,
        audiences::WORLD,
        sessions::SESSIONS,
        sessions::CROWD,
    ]);
}
