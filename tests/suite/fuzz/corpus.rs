//! What the fuzz targets have learned (`tests/fuzz/corpus`): every input that is kept there, by the
//! same loops, and inputs that are made of them with seeds.

use std::fs;
use std::path::{Path, PathBuf};

use rand::rngs::ChaCha8Rng;
use rand::seq::{IndexedMutRandom, IndexedRandom};
use rand::{RngExt, SeedableRng};

use super::{http, websocket};
use crate::fuzz_hub::{compression, script};

/// Says which input fails.
struct Input(String);

impl Drop for Input {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the input is {}", self.0);
        }
    }
}

/// The inputs of a target, few and small.
fn inputs(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    let mut inputs: Vec<_> = fs::read_dir(folder.join(target))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    inputs.sort();
    let total: usize = inputs.iter().map(|(_, bytes)| bytes.len()).sum();
    assert!((5..=60).contains(&inputs.len()), "{target}");
    assert!(total <= 100_000, "{total} bytes of {target}");
    inputs
}

/// Each input as it is, and then so many that are made of two of them.
fn replay(target: &str, seeds: u64, run: impl Fn(&[u8])) {
    let inputs = inputs(target);
    for (path, bytes) in &inputs {
        let _input = Input(path.display().to_string());
        run(bytes);
    }
    for seed in 0..seeds {
        let _input = Input(format!("{target} with seed {seed}"));
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let [one, other] = [(); 2].map(|()| &inputs.choose(&mut random).unwrap().1[..]);
        run(&cross(one, other, &mut random));
    }
}

/// The beginning of one and the end of another, and a few bytes that are of neither.
fn cross(one: &[u8], other: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    let begin = random.random_range(0..=one.len());
    let end = random.random_range(0..=other.len());
    let mut bytes = [&one[..begin], &other[end..]].concat();
    for _ in 0..random.random_range(0..4) {
        if let Some(byte) = bytes.choose_mut(random) {
            *byte = random.random();
        }
    }
    bytes
}

#[test]
fn no_input_of_http_does_harm() {
    replay("http", 500, http::run);
}

#[test]
fn no_input_of_websocket_does_harm() {
    replay("websocket", 1000, |bytes| {
        websocket::run(bytes, None);
        websocket::run(bytes, compression());
    });
}

#[cfg(feature = "socketio")]
#[test]
fn no_input_of_engine_does_harm() {
    replay("engine", 5000, super::engine::run);
}

#[cfg(feature = "socketio")]
#[test]
fn no_input_of_packet_does_harm() {
    replay("packet", 5000, super::packet::run);
}

#[cfg(feature = "socketio")]
#[test]
fn no_input_of_socketio_does_harm() {
    replay("socketio", 200, super::socketio::run);
}

#[test]
fn no_input_of_hub_does_harm() {
    replay("hub", 100, |bytes| _ = script::run(bytes, compression()));
}
