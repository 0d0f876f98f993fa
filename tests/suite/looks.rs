//! Before many are written to, the loop looks whether more has come for them: not for ever, and not
//! for longer than the writing takes. What is asserted is counted in turns of the loop.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use roomcast::sim::client_frame;
use roomcast::{Config, Event, Hub, Server};

use crate::handshake::handshake;
use crate::support::{connect, server, turn_until};

/// Enough of them for two looks.
const RECEIVERS: usize = 130;
/// Bytes of one read.
const READ: u64 = 64 * 1024;

/// A server, and sockets that are all in one room.
fn crowd() -> (Server, Vec<TcpStream>) {
    let (mut server, addr) = server(Config {
        message_rate: u32::MAX,
        ..Config::default()
    });
    let mut app = |hub: &mut Hub, event: Event<'_>| {
        if let Event::Open { id } = event {
            assert!(hub.join(id, "all"));
        }
    };
    let mut sockets = Vec::new();
    for _ in 0..RECEIVERS {
        let mut socket = connect(addr);
        socket.write_all(handshake("X: y").as_bytes()).unwrap();
        sockets.push(socket);
        let all = sockets.len();
        turn_until(&mut server, &mut app, |server| {
            server.hub().rooms().len("all") == all
        });
    }
    (server, sockets)
}

/// Somebody says something as soon as it was heard, so that each look finds more. Tells how often it
/// was heard in each of some turns, by an application that takes so much time for it.
fn heard_in_turns(pause: Duration) -> Vec<usize> {
    let (mut server, mut sockets) = crowd();
    let mut talker = sockets.pop().unwrap();
    talker.write_all(&client_frame(0x81, b"?")).unwrap();
    let mut turns = Vec::new();
    for _ in 0..5 {
        let mut heard = 0;
        let writes = server.hub().stats().writes;
        server
            .turn(None, &mut |hub: &mut Hub, event: Event<'_>| {
                if let Event::Text { text, .. } = event {
                    heard += 1;
                    let begun = Instant::now();
                    while begun.elapsed() < pause {}
                    assert_eq!(hub.to("all").send(text), RECEIVERS);
                    talker.write_all(&client_frame(0x81, b"?")).unwrap();
                }
            })
            .unwrap();
        let writes = server.hub().stats().writes - writes;
        assert_eq!(writes, RECEIVERS as u64, "one for each");
        turns.push(heard);
    }
    turns
}

#[test]
fn what_comes_before_many_are_written_to_goes_out_with_it() {
    let turns = heard_in_turns(Duration::ZERO);
    assert!(turns.iter().all(|heard| *heard <= 3), "{turns:?}");
    assert!(turns.iter().any(|heard| *heard > 1), "{turns:?}");
}

#[test]
fn who_keeps_the_loop_busy_does_not_keep_it_from_writing() {
    let turns = heard_in_turns(Duration::from_millis(5));
    assert!(turns.iter().all(|heard| *heard <= 2), "{turns:?}");
}

#[test]
fn who_sends_more_than_one_read_waits_for_the_writing() {
    let (mut server, mut sockets) = crowd();
    let mut talker = sockets.pop().unwrap();
    let more = client_frame(0x82, b"").repeat(4 * READ as usize / 6);
    let bytes = [client_frame(0x81, b"!"), more].concat();
    talker.write_all(&bytes).unwrap();
    let before = server.hub().stats().received;
    let mut app = |hub: &mut Hub, event: Event<'_>| {
        if let Event::Text { text, .. } = event {
            hub.to("all").send(text);
        }
    };
    turn_until(&mut server, &mut app, |server| {
        server.hub().stats().received > before
    });
    let received = server.hub().stats().received - before;
    assert!(received <= READ / 6 + 2, "{received} in a turn");
    let mut bytes = [0; 3];
    let mut other = sockets.pop().unwrap();
    while bytes != *b"\x81\x01!" {
        let mut next = [0];
        other.read_exact(&mut next).unwrap();
        bytes = [bytes[1], bytes[2], next[0]];
    }
}
