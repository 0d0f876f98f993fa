//! The client crate `rust_socketio` against a server program.
//!
//! ```text
//! cargo run -- PROGRAM [--chat] [--reference | --only TEXT]
//! ```
//!
//! Every check runs in three modes: the client's default (polling, then an
//! upgrade), WebSocket only, and polling only. The client has one namespace per
//! connection, gives its listeners only the first attachment of a packet, sends
//! no acks, cannot ask for one with binary, and over WebSocket reads binary as
//! far as its first byte 0x1e: all that is left to the other clients.
//! `../README.md` has the application that the program must serve; with
//! `--chat` it is the `roomcast` command.

mod application;
mod chat;
mod person;
mod program;

use std::{process::ExitCode, thread};

use person::Place;
use program::Program;
use rust_socketio::TransportType;

const BURST: usize = 1_000;
const MODES: [(&str, TransportType); 3] = [
    ("default", TransportType::Any),
    ("websocket", TransportType::Websocket),
    ("polling", TransportType::Polling),
];

type Check = fn(&Place);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (path, checks, rest) = match &*arguments {
        [path, "--chat", rest @ ..] => (path, &chat::CHECKS[..], rest),
        [path, rest @ ..] => (path, &application::CHECKS[..], rest),
        [] => usage(),
    };
    let only = match rest {
        // There is nothing here that the reference server does not promise.
        [] | ["--reference"] => "",
        ["--only", only] => *only,
        _ => usage(),
    };
    let server = Program::start(path, &["--port", "0"]);
    let (mut passed, mut failed) = (0, 0);
    for (mode, transport) in MODES {
        let place = Place {
            path: (*path).to_owned(),
            address: server.address.clone(),
            transport,
        };
        for (sentence, check) in checks {
            let name = format!("{mode}: {sentence}");
            if name.contains(only) {
                *(if succeeds(&name, *check, place.clone()) {
                    &mut passed
                } else {
                    &mut failed
                }) += 1;
            }
        }
    }
    println!("{passed} passed, {failed} failed, 0 skipped");
    ExitCode::from(u8::from(failed > 0 || passed == 0))
}

fn usage() -> ! {
    panic!("usage: cargo run -- PROGRAM [--chat] [--reference | --only TEXT]")
}

/// A check runs in a thread of its own, so that its panic ends nothing else.
fn succeeds(name: &str, check: Check, place: Place) -> bool {
    let succeeds = thread::spawn(move || check(&place)).join().is_ok();
    println!("{}{name}", if succeeds { "ok       " } else { "FAILED   " });
    succeeds
}
