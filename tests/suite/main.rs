//! Tests against the public API and the real program, by behaviour.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

mod attack;
#[cfg(feature = "cli")]
mod chat;
#[cfg(feature = "cli")]
mod command;
#[cfg(feature = "deflate")]
mod compression;
mod deadlines;
mod delivery;
mod drain;
mod examples;
#[cfg(feature = "files")]
mod files;
mod floods;
mod floors;
mod fuzz;
mod fuzz_hub;
mod handshake;
mod http;
#[cfg(all(feature = "cli", target_os = "linux"))]
mod kernel;
mod lifetime;
#[cfg(feature = "socketio")]
mod looks;
mod neighbours;
#[cfg(feature = "cli")]
mod program;
mod proxy;
#[cfg(all(feature = "cli", unix))]
mod signals;
mod slow;
#[cfg(feature = "socketio")]
mod socketio;
mod support;
mod table;
#[cfg(feature = "files")]
mod temp;
mod topics;
mod upload;
mod waits;
mod websocket;
