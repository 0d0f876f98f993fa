//! Clients of Socket.IO by every way there is: the loop stands in `tests/suite/fuzz/socketio.rs`, which
//! `make test` runs as well.

#![no_main]

#[path = "../../suite/fuzz_hub/frames.rs"]
mod frames;
#[path = "../../suite/fuzz_hub/ledger.rs"]
mod ledger;
#[path = "../../suite/fuzz/socketio.rs"]
mod socketio;
#[path = "../../suite/fuzz/socketio_app.rs"]
mod socketio_app;
#[path = "../../suite/fuzz/socketio_client.rs"]
mod socketio_client;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| socketio::run(bytes));
