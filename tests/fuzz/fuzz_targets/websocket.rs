//! Frames, compressed and not: the loop stands in `tests/suite/fuzz/websocket.rs`, which `make test`
//! runs as well.

#![no_main]

#[path = "../../suite/fuzz/websocket.rs"]
mod websocket;

use libfuzzer_sys::fuzz_target;
use roomcast::Compression;

fuzz_target!(|bytes: &[u8]| {
    websocket::run(bytes, None);
    websocket::run(bytes, Some(Compression::deflate().threshold(100)));
});
