//! A real-time push server: rooms, WebSockets and HTTP in one thread, as a library.
//!
//! One thread, one [mio] event loop, no async runtime. A handler is a closure that gets the
//! [`Hub`], which is all connections and rooms, and an [`Event`], which is what happened:
//!
//! ```no_run
//! use roomcast::{Event, Server};
//!
//! fn main() -> std::io::Result<()> {
//!     Server::bind("127.0.0.1:3000")?.run(|hub, event| match event {
//!         Event::Open { id } => { hub.join(id, "lobby"); }
//!         Event::Text { id, text } => { hub.to("lobby").except(id).send(text); }
//!         Event::Room(change) => println!("{change}"),   // "create-room lobby", "join-room lobby 7f3a…"
//!         _ => {}
//!     })
//! }
//! ```
//!
//! From other threads one gets in by a [`Handle`]. Plain HTTP is [`Event::Request`], answered by
//! [`Hub::respond`] now or later; one whose body is still on its way is [`Event::Upload`] first. A
//! folder is served by [`files::Files`]. Without sockets, with bytes and a clock that is turned by
//! hand, the same server is a [`Sim`]. Limits and deadlines are in [`Config`], and whether messages
//! are compressed. Clients of Socket.IO are served by [`socketio::SocketIo`].
//!
//! With limits of one's own it is
//!
//! ```no_run
//! use roomcast::{Config, Server};
//!
//! let mut server = Server::new(Config { max_connections: 500, ..Config::default() })?;
//! server.listen("127.0.0.1:3000")?;
//! server.run(|_hub, _event| {})?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! What is refused goes to the [`log`] crate, with the reason and the option that would change it: a
//! program that installs no logger does not see it. Of the features `files`, `socketio` and `cli`
//! (what the command needs besides) are on by default, `deflate` is not.
//!
//! # Layout
//!
//! From here on it is for who changes the library.
//!
//! Imports point only down; a test reads them (`tests/suite/floors.rs`).
//!
//! ```text
//! 5  programs     main options page logger                 use the public API only
//!                 chat history people names places limits  the chat, a model for one's own
//!                 examples/*
//! 4  layers       files socketio                           use the public API only
//!    ─────────────────────────────────────────────────────────────────────────────
//! 3  the loop     server server/accept handle              mio, sockets, the clock: only here
//!                 sim                                      the same loop without them
//! 2  the state    hub broadcast event conn origin reply    what one may do, what may happen
//!                 compress memory                          who gets a message in which form, what all hold
//!                 entry proxy deliver pace ending drain    bytes → events, closes, end of a turn
//!                 turn
//! 1  structures   rooms rooms/{event,audience,joined,members,own,sids}
//!                 outbox outbox/{run,fanout,backlog,loose,streamed}
//!                 policy bucket gate network seldom timer table id stats config
//! 0  bytes        http/{head,authority,body,response} ws/{decode,encode,handshake,compression}
//!                 ws/deflate ws/deflate/offer              the feature `deflate`
//! ```
//!
//! `socketio/{engine,packet}` are bytes too; they stand with their layer, which nothing below knows.
//!
//! The way of one chat message: `server` reads into the shared buffer; `deliver` loops over what
//! the bytes hold; `ws/decode` unmasks in place and lends the text; the application calls
//! `hub.to("lobby").except(id).send(text)`; `ws/encode` encodes once, into the batch of the turn;
//! `outbox` notes it with the members that `rooms` has, and at the end of the turn gives each of them
//! all that was said since, as one range and in one write.
//!
//! # Laws
//!
//! Each with the test that holds it.
//!
//! 1. Sockets, the clock and randomness are on floor 3 only; below, time and names are arguments.
//!    (`floors::sockets_the_clock_and_randomness_stand_with_the_loop`)
//! 2. A peer's fault is never an `Err` of ours: it is [`Event::Close`] and the close code or the
//!    status that its protocol names. Nothing a peer sends can panic. (`fuzz`, `tests/fuzz`)
//! 3. The handler is never called from inside a method of [`Hub`]; what a method causes is queued
//!    and delivered in order after the handler returns. (`tests/simulation`)
//! 4. Nothing leaves a slab while something walks over it: closing marks, the end of the turn
//!    removes. After [`Event::Close`] no event names that id. (`tests/simulation`)
//! 5. An idle WebSocket in one room takes at most 128 bytes in all, and no heap of its own, whether
//!    it compresses or not; an address that none of the others has, 64 more.
//!    Buffers grow for work in hand and are given back. (`tests/memory.rs`)
//! 6. Every length that a peer declares is checked before a byte is reserved for it
//!    (`lengths_are_refused_when_they_are_declared`), and every wait for a peer has a deadline
//!    (`waits`, `deadlines`).
//! 7. No system call in a loop over connections but the flush; one write for each receiver in a
//!    turn, and nothing of the heap. (`a_turn_of_many_messages_is_one_write_for_each_receiver`,
//!    `tests/calls`, `tests/memory/steady.rs`)
//! 8. One peer cannot starve the others: one read of 64 KiB for each connection in a turn, and a
//!    MiB that it inflates to; the rest is carried over. Before many are written to the loop looks
//!    again, until nothing has come or a read was full. (`websocket`, `files`, `compression`)
//! 9. What is held for clients is bounded in bytes, for each and in all; beyond, a receiver is closed
//!    with 1008 "too slow", or misses what the [`Policy`] of a room lets it, and is counted in
//!    [`Stats`]. Control frames always get through. (`tests/simulation`, `slow`)
//! 10. What one sender published every receiver gets in that order, each message once, whole.
//!     (`tests/simulation`)
//! 11. A feature is one file and one `mod` line. Without features there are six packages and `log`.
//!
//! # Where this differs from what one might expect
//!
//! - What a slow receiver leaves is copied, once for all of them, into a segment they share
//!   (`outbox/backlog`), in place of keeping the whole batch alive: a leftover pins only itself,
//!   neighbouring ones join to one range, and counts need no atomics.
//! - The room that each socket has to itself is a bit, until somebody else joins it (`rooms`).
//! - Rooms keep their members as bits by slot, 64 to a word, and a member its rooms in order: joining
//!   and leaving cost next to nothing in a room of any size, walking a room looks nothing up and meets
//!   neighbours together, and a member of a large room costs a quarter of a byte. A vector of members
//!   would be walked as fast, and left in the time that it takes to find somebody in it.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod broadcast;
mod bucket;
mod compress;
mod config;
mod conn;
mod deliver;
mod drain;
mod ending;
mod entry;
mod event;
#[cfg(feature = "files")]
pub mod files;
mod gate;
mod handle;
mod http;
mod hub;
mod id;
mod memory;
mod network;
mod origin;
mod outbox;
mod pace;
mod policy;
mod proxy;
mod reply;
mod rooms;
mod seldom;
mod server;
pub mod sim;
#[cfg(feature = "socketio")]
pub mod socketio;
mod stats;
mod table;
mod timer;
mod turn;
mod ws;

/// The programs in the README compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use broadcast::Broadcast;
pub use config::Config;
pub use event::{CloseReason, Event};
pub use handle::{Handle, Publish};
pub use http::{Request, Response};
pub use hub::{Encoded, Hub};
pub use id::{Id, RoomName, Sid, Slot};
pub use memory::Weight;
pub use network::Network;
pub use policy::{Choice, Lot, Policies, Policy};
pub use rooms::{Audience, RoomEvent, Rooms, Who};
pub use server::Server;
pub use sim::Sim;
pub use stats::Stats;
pub use timer::Wheel;
pub use ws::{Compression, Message, Violation};
