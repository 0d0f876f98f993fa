//! Packets of Socket.IO: the loop stands in `tests/suite/fuzz/packet.rs`, which `make test` runs as
//! well.

#![no_main]

#[path = "../../suite/fuzz/packet.rs"]
mod packet;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| packet::run(bytes));
