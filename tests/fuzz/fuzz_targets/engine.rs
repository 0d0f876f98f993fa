//! Bodies of Engine.IO: the loop stands in `tests/suite/fuzz/engine.rs`, which `make test` runs as
//! well.

#![no_main]

#[path = "../../suite/fuzz/engine.rs"]
mod engine;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| engine::run(bytes));
