//! The whole hub under a script: peers, time, and an application that does anything in the middle of
//! any event. The script is read as in `tests/suite/fuzz_hub.rs`, which runs it with seeds.

#![no_main]

#[path = "../../suite/fuzz_hub/app.rs"]
mod app;
#[path = "../../suite/fuzz_hub/deeds.rs"]
mod deeds;
#[allow(dead_code, reason = "some of it is for the target `socketio`")]
#[path = "../../suite/fuzz_hub/frames.rs"]
mod frames;
#[path = "../../suite/fuzz_hub/ledger.rs"]
mod ledger;
#[path = "../../suite/fuzz_hub/reader.rs"]
mod reader;
#[path = "../../suite/fuzz_hub/script.rs"]
mod script;

use libfuzzer_sys::fuzz_target;
use roomcast::Compression;

fuzz_target!(|bytes: &[u8]| {
    script::run(bytes, Some(Compression::deflate().threshold(100)));
});
