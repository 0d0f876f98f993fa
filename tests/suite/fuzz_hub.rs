//! Nothing that peers, time and the application do together breaks the hub: scripts of bytes, on
//! stable and with seeds. With cargo-fuzz the same scripts are the target `hub` (`tests/fuzz`).

mod app;
mod deeds;
pub(crate) mod frames;
pub(crate) mod ledger;
mod reader;
pub(crate) mod script;

use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt, SeedableRng};

fn run(seed: u64) -> app::Tally {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut bytes = vec![0; random.random_range(1..2000)];
    random.fill_bytes(&mut bytes);
    script::run(&bytes, compression())
}

/// What the server compresses with, if it can.
#[cfg(feature = "deflate")]
pub(crate) fn compression() -> Option<roomcast::Compression> {
    Some(roomcast::Compression::deflate().threshold(100))
}

#[cfg(not(feature = "deflate"))]
pub(crate) fn compression() -> Option<roomcast::Compression> {
    None
}

/// Says how to repeat a run that fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "repeat with: SEED={} cargo test --test suite fuzz_hub",
                self.0
            );
        }
    }
}

#[test]
fn no_script_leaves_anything_behind() {
    if let Ok(seed) = std::env::var("SEED") {
        run(seed.parse().expect("SEED is a number"));
        return;
    }
    let mut all = app::Tally::default();
    for seed in 0..2000 {
        let _seed = Seed(seed);
        all += run(seed);
    }
    let enough = all.opened > 5000 && all.asked > 5000 && all.closed > 5000 && all.rooms > 5000;
    let scarce = all.pressed > 500 && all.slow > 50 && all.missed > 50;
    assert!(scarce, "the scripts hold too little: {all:?}");
    assert!(
        enough && all.heard > 1000 && all.got > 10_000,
        "the scripts do too little: {all:?}"
    );
}
