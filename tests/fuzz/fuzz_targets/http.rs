//! Heads and bodies: the loop stands in `tests/suite/fuzz/http.rs`, which `make test` runs as well.

#![no_main]

#[path = "../../suite/fuzz/http.rs"]
mod http;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| http::run(bytes));
