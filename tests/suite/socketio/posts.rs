//! POST by POST: one at a time, and what comes of one that does not arrive whole.

use roomcast::Id;
use roomcast::sim::client_frame;

use super::{World, field};

const BAD_REQUEST: &str = "{\"code\":3,\"message\":\"Bad request\"}";
const UNKNOWN: &str = "{\"code\":1,\"message\":\"Session ID unknown\"}";
const LENGTH: &str = "Content-Length: 100";
const CHUNKED: &str = "Transfer-Encoding: chunked";

/// A session that polls and is in the root namespace, as a query names it.
fn session(world: &mut World) -> String {
    let opened = world.ask("GET", "", "");
    let sid = format!("&sid={}", field(&opened, "sid"));
    assert_eq!(world.ask("POST", &sid, "40"), "ok");
    assert!(world.ask("GET", &sid, "").starts_with("40{"));
    sid
}

/// A POST of a hundred bytes that has just begun.
fn half(world: &mut World, sid: &str) -> Id {
    let id = world.begin("POST", sid, LENGTH, "42[\"ask\",");
    assert_eq!(world.answer(id), "held");
    id
}

#[track_caller]
fn has_ended(world: &mut World, sid: &str, reason: &str) {
    let last = world.log().pop();
    assert_eq!(last, Some(format!("disconnect, {reason}")));
    assert_eq!(world.ask("GET", sid, ""), UNKNOWN);
}

#[track_caller]
fn goes_on(world: &mut World, sid: &str) {
    assert_eq!(world.ask("POST", sid, "427[\"echo\"]"), "ok");
    assert_eq!(world.ask("GET", sid, ""), "437[]");
}

#[test]
fn a_post_in_pieces_arrives_whole() {
    let mut world = World::new(false);
    let sid = session(&mut world);
    for _ in 0..2 {
        let id = world.begin("POST", &sid, CHUNKED, "6\r\n427[\"e");
        assert_eq!(world.answer(id), "held");
        world.receive(id, b"\r\n5\r\ncho\"]\r\n0\r\n\r\n");
        world.end_turn();
        assert_eq!(world.answer(id), "ok");
        assert_eq!(world.ask("GET", &sid, ""), "437[]");
    }
}

#[test]
fn a_second_post_ends_the_session_and_both_get_400() {
    for second in ["42[\"echo\"]", ""] {
        let mut world = World::new(false);
        let sid = session(&mut world);
        let poll = world.begin("GET", &sid, "X: y", "");
        let first = half(&mut world, &sid);
        let length = format!("Content-Length: {}", second.len().max(1));
        let second = world.begin("POST", &sid, &length, second);
        assert_eq!(world.answer(second), BAD_REQUEST);
        assert_eq!(world.answer(first), BAD_REQUEST);
        assert_eq!(world.answer(poll), "1");
        world.receive(first, &[b' '; 100]);
        world.hang_up(first);
        has_ended(&mut world, &sid, "transport error");
    }
}

#[test]
fn a_post_that_is_cut_off_ends_the_session() {
    let mut world = World::new(false);
    let sid = session(&mut world);
    let poll = world.begin("GET", &sid, "X: y", "");
    let post = half(&mut world, &sid);
    world.hang_up(post);
    world.end_turn();
    assert_eq!(world.answer(poll), "1");
    has_ended(&mut world, &sid, "transport error");
}

#[test]
fn a_post_that_stands_still_or_makes_no_sense_ends_the_session() {
    let mut world = World::new(false);
    let sid = session(&mut world);
    half(&mut world, &sid);
    // A ping is due meanwhile; the body is given up before it is.
    world.sim.advance(30_010);
    world.end_turn();
    has_ended(&mut world, &sid, "transport error");
    let sid = session(&mut world);
    let post = world.begin("POST", &sid, CHUNKED, "");
    world.receive(post, b"no number\r\n");
    world.end_turn();
    has_ended(&mut world, &sid, "transport error");
}

#[test]
fn a_session_that_ends_answers_its_post() {
    let mut world = World::new(false);
    let sid = session(&mut world);
    world.sim.advance(25_010);
    world.end_turn();
    world.ask("GET", &sid, "");
    let post = half(&mut world, &sid);
    world.sim.advance(20_010);
    world.end_turn();
    assert_eq!(world.answer(post), BAD_REQUEST);
    assert_eq!(world.log().pop().unwrap(), "disconnect, ping timeout");
    world.hang_up(post);
    world.end_turn();
    assert!(!world.sim.is_connected(post));
}

#[test]
fn a_post_that_cannot_succeed_is_refused_at_its_head() {
    let mut world = World::new(false);
    let sid = session(&mut world);
    for (query, answer) in [
        ("", "{\"code\":2,\"message\":\"Bad handshake method\"}"),
        ("&sid=nobody", UNKNOWN),
    ] {
        let post = world.begin("POST", query, LENGTH, "");
        assert_eq!(world.answer(post), answer);
        assert!(world.sim.is_shut(post));
    }
    goes_on(&mut world, &sid);
    let octets = format!("{LENGTH}\r\nContent-Type: application/octet-stream");
    let post = world.begin("POST", &sid, &octets, "");
    assert_eq!(world.answer(post), BAD_REQUEST);
    has_ended(&mut world, &sid, "transport error");
}

#[test]
fn a_post_that_is_too_long_gets_413_and_the_session_goes_on() {
    let mut world = World::new(false);
    let sid = session(&mut world);
    let declared = world.begin("POST", &sid, "Content-Length: 1000001", "4");
    assert_eq!(world.answer(declared), "the body is too large\n");
    goes_on(&mut world, &sid);
    let grown = world.begin("POST", &sid, CHUNKED, "1\r\n4");
    world.receive(grown, b"\r\nf4240\r\n");
    world.end_turn();
    assert_eq!(world.answer(grown), "the body is too large\n");
    goes_on(&mut world, &sid);
}

#[test]
fn a_post_that_the_change_to_a_websocket_overtakes_is_refused_and_the_session_goes_on() {
    let mut world = World::new(false);
    let sid = session(&mut world);
    let post = half(&mut world, &sid);
    let line = world.open_at(&format!("/socket.io/?EIO=4&transport=websocket{sid}"));
    assert_eq!(world.says(line, &["2probe"]), ["3probe"]);
    world.receive(line, &client_frame(0x81, b"5"));
    world.end_turn();
    assert_eq!(world.answer(post), BAD_REQUEST);
    world.hang_up(post);
    assert_eq!(world.says(line, &["427[\"echo\"]"]), ["437[]"]);
}

#[test]
fn requests_whose_time_is_up_together_are_no_matter_of_the_application() {
    let mut world = World::new(false);
    let sid = session(&mut world);
    world.begin("GET", &sid, "X: y", "");
    half(&mut world, &sid);
    world.log();
    world.sim.advance(3_600_000);
    world.end_turn();
    let log = world.log();
    assert_eq!(log.last().unwrap(), "disconnect, transport error");
    assert!(
        !log.iter().any(|line| line.contains("of the core")),
        "{log:?}"
    );
}
