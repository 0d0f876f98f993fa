//! How sockets end: why, by their own words, and who of them may come back.

use roomcast::Id;
use roomcast::sim::client_frame;
use roomcast::socketio::Options;

use super::{World, field};

const KICK: &str = "42[\"kick\"]";

/// A client in two namespaces does something, and is gone: why, and whether it may come back.
#[track_caller]
fn check(reason: &str, recovered: bool, end: impl Fn(&mut World, Id)) {
    let mut world = World::with(Options {
        max_disconnection_duration: Some(120_000),
        plain_path: Some("/ws".to_owned()),
        ..Options::default()
    });
    let id = world.open();
    world.read(id);
    let welcome = world.says(id, &["40"])[0].clone();
    world.says(id, &["40/admin,"]);
    world.log();
    end(&mut world, id);
    world.end_turn();
    let gone = format!("disconnect, {reason}");
    let log = world.log();
    assert_eq!(
        log.iter().filter(|line| **line == gone).count(),
        2,
        "{log:?}"
    );
    assert!(!world.sim.hub().is_open(id));
    let back = world.open();
    world.read(back);
    let claim = format!("40{{\"pid\":\"{}\"}}", field(&welcome, "pid"));
    assert_eq!(world.says(back, &[&claim]) == [welcome], recovered);
}

fn says(text: &str) -> impl Fn(&mut World, Id) {
    move |world, id| _ = world.says(id, &[text])
}

#[test]
fn every_end_has_its_reason_and_only_an_accident_may_be_made_good() {
    check("transport close", true, World::hang_up);
    check("transport close", true, says("1"));
    check("transport error", true, says("2"));
    check("transport error", true, |world, id| {
        world.receive(id, b"\x81\x02no mask");
    });
    check("ping timeout", true, |world, _| {
        for _ in 0..2 {
            world.sim.advance(25_010);
            world.end_turn();
        }
    });
    check("forced close", true, says("42[\"drop\"]"));
    check("forced close", true, says("42{}"));
    check("forced server close", true, says("40"));
    check("forced server close", true, says("42/slow,[\"x\"]"));
    check("parse error", false, says("9"));
    check(
        "server namespace disconnect",
        false,
        says("42[\"kick\",true]"),
    );
    check("client namespace disconnect", false, |world, id| {
        world.says(id, &["41", "41/admin,"]);
        world.hang_up(id);
    });
    check("server namespace disconnect", false, |world, id| {
        world.says(id, &[KICK, "42/admin,[\"kick\"]"]);
        world.hang_up(id);
    });
}

#[test]
fn a_server_that_stops_says_so_to_the_application_and_nothing_to_clients() {
    let mut world = World::with(Options {
        plain_path: Some("/ws".to_owned()),
        ..Options::default()
    });
    let (web, plain) = (world.open(), world.open_at("/ws"));
    world.says(web, &["40"]);
    let sid = format!("&sid={}", field(&world.ask("GET", "", ""), "sid"));
    world.ask("POST", &sid, "40");
    world.ask("GET", &sid, "");
    let poll = world.begin("GET", &sid, "X: y", "");
    world.log();
    world.sim.hub().stop();
    world.end_turn();
    let log = world.log();
    let stopped = log
        .iter()
        .filter(|line| *line == "disconnect, server shutting down");
    assert_eq!(stopped.count(), 3, "{log:?}");
    assert_eq!(world.read(web), [""; 0]);
    assert_eq!(world.read(plain), [""; 0]);
    // No close: some clients would stay away.
    assert_eq!(world.answer(poll), "6");
}

#[test]
fn a_poll_that_is_cut_off_ends_its_session() {
    let mut world = World::new(false);
    let sid = format!("&sid={}", field(&world.ask("GET", "", ""), "sid"));
    world.ask("POST", &sid, "40");
    world.ask("GET", &sid, "");
    let poll = world.begin("GET", &sid, "X: y", "");
    world.hang_up(poll);
    assert_eq!(world.log().pop().unwrap(), "disconnect, transport error");
    assert!(world.ask("GET", &sid, "").contains("Session ID unknown"));
}

#[test]
fn who_is_cut_between_polls_is_told_at_the_next_one_for_half_a_minute() {
    for (wait, told) in [(29_000, "6\u{1e}1"), (30_010, "{\"code\":1,")] {
        let mut world = World::new(false);
        let sid = format!("&sid={}", field(&world.ask("GET", "", ""), "sid"));
        world.ask("POST", &sid, "40");
        world.ask("GET", &sid, "");
        world.ask("POST", &sid, "42[\"drop\"]");
        world.sim.advance(wait);
        world.end_turn();
        assert!(world.ask("GET", &sid, "").starts_with(told), "{wait}");
        assert!(world.ask("GET", &sid, "").contains("Session ID unknown"));
    }
}

#[test]
fn what_comes_after_the_end_is_not_heard() {
    let mut world = World::new(false);
    let id = world.open();
    world.says(
        id,
        &[
            "40",
            "40/admin,",
            "451-[\"ask\",{\"_placeholder\":true,\"num\":0}]",
        ],
    );
    world.says(id, &["41"]);
    world.receive(id, &client_frame(0x82, b"bytes"));
    world.end_turn();
    let answers = |world: &mut World| world.log().iter().any(|line| line.contains("answers"));
    assert!(!answers(&mut world), "a packet in parts is not interrupted");
    assert!(!world.sim.hub().is_open(id));
    let id = world.open();
    world.says(id, &["40", "41", "42[\"ask\",1]"]);
    assert!(!answers(&mut world));
    assert!(world.sim.hub().is_open(id));
}
