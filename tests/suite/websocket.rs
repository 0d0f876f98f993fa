//! The WebSocket protocol over real sockets, spoken with an independent client.

use std::io::Write;
use std::sync::mpsc::{self, Receiver};

use roomcast::sim::client_frame;
use roomcast::{CloseReason, Config, Event, Violation};
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::{Bytes, Message};

use crate::support::{PATIENCE, Running, Socket, closing, echo, hear, open, say};

/// A server of [`echo`] that closes whoever says so, and why its sockets were closed.
fn telling() -> (Running, Receiver<CloseReason>) {
    let (closed, reasons) = mpsc::channel();
    let server = Running::start(Config::default(), move |hub, event| match event {
        Event::Close { reason, .. } => closed.send(reason).unwrap(),
        Event::Text {
            id,
            text: "close me",
        } => _ = hub.close(id, 4000, "enough"),
        event => echo(hub, event),
    });
    (server, reasons)
}

#[test]
fn messages_of_every_size_come_back_as_they_went() {
    let server = Running::start(Config::default(), echo);
    let mut socket = open(server.addr, "/");
    for len in [0, 1, 125, 126, 127, 65_535, 65_536, 1_000_000] {
        let bytes: Vec<u8> = (0..len).map(|n| (n % 251) as u8).collect();
        let text: String = ('a'..='z').cycle().take(len).collect();
        for message in [Message::binary(bytes), Message::text(text)] {
            socket.send(message.clone()).unwrap();
            assert!(socket.read().unwrap() == message, "{len} bytes");
        }
    }
}

#[test]
fn messages_that_are_sent_at_once_come_back_in_order() {
    let server = Running::start(Config::default(), echo);
    let mut socket = open(server.addr, "/");
    for n in 0..1000 {
        socket.write(Message::text(n.to_string())).unwrap();
    }
    socket.flush().unwrap();
    for n in 0..1000 {
        assert_eq!(hear(&mut socket), n.to_string());
    }
}

fn fragment(socket: &mut Socket, opcode: Data, last: bool, payload: &'static str) {
    let frame = Frame::message(Bytes::from(payload), OpCode::Data(opcode), last);
    socket.send(Message::Frame(frame)).unwrap();
}

#[test]
fn fragments_are_one_message_and_pings_between_them_are_answered() {
    let server = Running::start(Config::default(), echo);
    let mut socket = open(server.addr, "/");
    let ping = |n| Message::Ping(Bytes::from(vec![n; n as usize]));
    let pong = |n| Message::Pong(Bytes::from(vec![n; n as usize]));
    fragment(&mut socket, Data::Text, false, "one ");
    socket.send(ping(1)).unwrap();
    assert_eq!(socket.read().unwrap(), pong(1));
    fragment(&mut socket, Data::Continue, false, "");
    socket.send(ping(125)).unwrap();
    fragment(&mut socket, Data::Continue, true, "message");
    assert_eq!(socket.read().unwrap(), pong(125));
    assert_eq!(hear(&mut socket), "one message");
}

#[test]
fn a_letter_may_be_cut_by_a_fragment() {
    let server = Running::start(Config::default(), echo);
    let mut socket = open(server.addr, "/");
    let [a, b] = [&"ü".as_bytes()[..1], &"ü".as_bytes()[1..]];
    let raw = [client_frame(0x01, a), client_frame(0x80, b)].concat();
    socket.get_mut().write_all(&raw).unwrap();
    assert_eq!(hear(&mut socket), "ü");
}

#[test]
fn a_message_may_arrive_byte_by_byte() {
    let server = Running::start(Config::default(), echo);
    let mut socket = open(server.addr, "/");
    for byte in client_frame(0x81, "slowly, slowly".as_bytes()) {
        socket.get_mut().write_all(&[byte]).unwrap();
    }
    assert_eq!(hear(&mut socket), "slowly, slowly");
}

#[test]
fn the_close_of_a_client_is_answered_with_its_code() {
    let (server, reasons) = telling();
    for code in [1000, 1001, 3000, 4999] {
        let mut socket = open(server.addr, "/");
        let (code, reason) = (code.into(), "bye".into());
        socket.close(Some(CloseFrame { code, reason })).unwrap();
        assert_eq!(closing(&mut socket), Some((code.into(), String::new())));
        let (code, reason) = (Some(code.into()), "bye".to_owned());
        let told = reasons.recv_timeout(PATIENCE).unwrap();
        assert_eq!(told, CloseReason::Peer { code, reason });
    }
}

#[test]
fn a_close_without_a_code_is_answered_without_one() {
    let (server, reasons) = telling();
    let mut socket = open(server.addr, "/");
    socket.close(None).unwrap();
    assert_eq!(closing(&mut socket), None);
    let (code, reason) = (None, String::new());
    let told = reasons.recv_timeout(PATIENCE).unwrap();
    assert_eq!(told, CloseReason::Peer { code, reason });
}

#[test]
fn the_application_closes_with_a_code_and_a_reason() {
    let (server, reasons) = telling();
    let mut socket = open(server.addr, "/");
    say(&mut socket, "close me");
    assert_eq!(closing(&mut socket), Some((4000, "enough".to_owned())));
    assert_eq!(reasons.recv_timeout(PATIENCE).unwrap(), CloseReason::Closed);
}

#[test]
fn messages_before_a_close_arrive_and_those_behind_it_do_not() {
    let (server, reasons) = telling();
    let mut socket = open(server.addr, "/");
    for text in ["before", "close me", "behind"] {
        say(&mut socket, text);
    }
    assert_eq!(hear(&mut socket), "before");
    assert_eq!(closing(&mut socket), Some((4000, "enough".to_owned())));
    assert_eq!(reasons.recv_timeout(PATIENCE).unwrap(), CloseReason::Closed);
    assert_eq!(server.ask(|hub| hub.stats().received), 2);
}

#[test]
fn a_client_that_vanishes_is_lost() {
    let (server, reasons) = telling();
    drop(open(server.addr, "/"));
    assert_eq!(reasons.recv_timeout(PATIENCE).unwrap(), CloseReason::Lost);
}

/// Sends raw bytes: the socket is closed with that code, and the application hears why.
#[track_caller]
fn violates(code: u16, bytes: &[u8]) {
    let (server, reasons) = telling();
    let mut socket = open(server.addr, "/");
    socket.get_mut().write_all(bytes).unwrap();
    assert_eq!(closing(&mut socket).unwrap().0, code);
    let reason = reasons.recv_timeout(PATIENCE).unwrap();
    let CloseReason::Violation(violation) = reason else {
        panic!("{reason}");
    };
    assert_eq!(violation.close_code(), code);
    assert_eq!(server.ask(|hub| hub.stats().violations), 1);
}

#[test]
fn whoever_breaks_the_protocol_is_closed_with_1002() {
    let unmasked = b"\x81\x02hi";
    let text = |first| client_frame(first, b"x");
    violates(1002, unmasked);
    violates(1002, &text(0xc1));
    violates(1002, &text(0x83));
    violates(1002, &text(0x80));
    violates(1002, &[text(0x01), text(0x81)].concat());
    violates(1002, &text(0x09));
    violates(1002, &client_frame(0x89, &[b'x'; 126]));
    violates(1002, &text(0x88));
    violates(1002, &client_frame(0x88, &1005_u16.to_be_bytes()));
    violates(1002, b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff0000");
}

#[test]
fn text_that_is_not_utf_8_is_closed_with_1007() {
    violates(1007, &client_frame(0x81, b"\xff"));
    violates(1007, &client_frame(0x81, b"\xed\xa0\x80"));
    // As soon as it can be known, whatever may follow.
    violates(1007, &client_frame(0x01, b"\xc0\xaf"));
    let cut = [client_frame(0x01, b"\xc3"), client_frame(0x80, b"")];
    violates(1007, &cut.concat());
    violates(1007, &client_frame(0x88, b"\x03\xe8\xff"));
}

#[test]
fn a_message_over_the_limit_is_closed_with_1009_before_it_is_sent() {
    let head = |first, len: u64| [&[first, 0xff][..], &len.to_be_bytes(), b"mask"].concat();
    violates(1009, &head(0x82, 1_000_001));
    violates(1009, &head(0x82, i64::MAX as u64));
    let first = client_frame(0x02, &[b'x'; 600_000]);
    violates(1009, &[first, head(0x80, 400_001)].concat());
}

#[test]
fn a_client_that_sends_on_can_read_why_it_was_closed() {
    let server = Running::start(Config::default(), echo);
    let mut socket = open(server.addr, "/");
    let large = client_frame(0x82, &vec![b'x'; 8_000_000]);
    socket.get_mut().write_all(&large).unwrap();
    assert_eq!(
        closing(&mut socket),
        Some((1009, Violation::TooLong.to_string()))
    );
}
