//! Who comes back, changes over, or is late: what the simulation of sessions has found.

use roomcast::sim::{Sim, client_frame};
use roomcast::{Config, Id};

use super::{World, field};

/// Asks to be the socket of a welcome again.
fn claim(welcome: &str, offset: Option<&str>) -> String {
    let offset = offset.map_or(String::new(), |offset| format!(",\"offset\":\"{offset}\""));
    format!("40{{\"pid\":\"{}\"{offset}}}", field(welcome, "pid"))
}

/// A WebSocket for a session that polls, with more parameters.
fn probe(world: &mut World, sid: &str, more: &str) -> Id {
    let path = format!("/socket.io/?EIO=4&transport=websocket&sid={sid}{more}");
    world.open_at(&path)
}

#[test]
fn a_deadline_is_kept_after_a_long_silence() {
    let mut world = World::new(false);
    let first = world.open();
    world.hang_up(first);
    while let Some(wait) = world.sim.patience() {
        world.sim.advance(wait);
        world.end_turn();
    }
    world.sim.advance(100_000);
    let opened = world.ask("GET", "", "");
    let probe = probe(&mut world, field(&opened, "sid"), "");
    world.sim.advance(9_990);
    world.end_turn();
    assert!(world.sim.hub().is_open(probe));
    // The end of the upgrade is due after ten seconds, to a tick or two.
    for _ in 0..4 {
        world.sim.advance(5);
        world.end_turn();
    }
    assert!(!world.sim.hub().is_open(probe));
}

#[test]
fn who_was_taken_for_somebody_new_gets_nothing_from_before() {
    let mut world = World::new(true);
    let (one, two) = (world.open(), world.open());
    world.read(one);
    let welcome = world.says(one, &["40", "42[\"all\",1]", "41"])[0].clone();
    world.says(two, &["40", "42[\"all\",2]"]);
    // It left in order, so it is new; but it still has the offset of the first event.
    let welcome = world.says(one, &[&claim(&welcome, Some("U4RU.1"))])[0].clone();
    world.hang_up(one);
    let back = world.open();
    world.read(back);
    assert_eq!(
        world.says(back, &[&claim(&welcome, Some("U4RU.1"))]),
        [welcome]
    );
}

#[test]
fn the_application_hears_of_the_old_connection_before_the_new_one_is_there() {
    let mut world = World::new(true);
    let (one, two) = (world.open(), world.open());
    world.read(one);
    world.read(two);
    let welcome = world.says(one, &["40/farewell,"])[0].clone();
    // Nobody knows what it missed, so it is new; that the old one left is not for it.
    let claim = claim(&welcome, Some("none")).replacen("40", "40/farewell,", 1);
    let answers = world.says(two, &[&claim]);
    assert!(answers[0].starts_with("40/farewell,"), "{answers:?}");
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[test]
fn who_comes_back_gets_what_was_for_it_when_it_went_out() {
    let mut world = World::new(true);
    let (one, two) = (world.open(), world.open());
    world.read(one);
    let welcome = world.says(one, &["40"])[0].clone();
    world.says(two, &["40", "42[\"room\",\"before\"]"]);
    world.says(one, &["42[\"join\",\"lobby\"]"]);
    world.says(two, &["42[\"room\",\"meanwhile\"]"]);
    world.says(one, &["42[\"leave\",\"lobby\"]"]);
    world.says(two, &["42[\"room\",\"after\"]"]);
    world.hang_up(one);
    let back = world.open();
    world.read(back);
    assert_eq!(
        world.says(back, &[&claim(&welcome, None)]),
        ["42[\"room\",\"meanwhile\",\"U4RU.2\"]", &welcome]
    );
}

#[test]
fn who_missed_more_than_may_wait_is_taken_for_somebody_new() {
    let mut world = World::new(true);
    world.sim = Sim::new(Config {
        max_backlog: 400,
        ..Config::default()
    });
    let (one, two) = (world.open(), world.open());
    world.read(one);
    let welcome = world.says(one, &["40"])[0].clone();
    world.says(two, &["40"]);
    world.hang_up(one);
    let event = format!("42[\"all\",\"{}\"]", "x".repeat(80));
    world.says(two, &[&*event; 5]);
    let sid = format!("&sid={}", field(&world.ask("GET", "", ""), "sid"));
    world.ask("POST", &sid, &claim(&welcome, None));
    let body = world.ask("GET", &sid, "");
    assert!(body.starts_with("40{"), "{body}");
    assert_ne!(field(&body, "pid"), field(&welcome, "pid"));
}

#[test]
fn bytes_go_as_text_to_who_asked_for_it_when_it_changed_to_a_web_socket() {
    let mut world = World::new(false);
    let opened = world.ask("GET", "", "");
    let sid = field(&opened, "sid");
    world.ask("POST", &format!("&sid={sid}"), "40");
    let line = probe(&mut world, sid, "&b64=1");
    world.says(line, &["2probe", "5"]);
    world.says(line, &["451-[\"all\",{\"_placeholder\":true,\"num\":0}]"]);
    world.receive(line, &client_frame(0x82, &[1, 2, 3]));
    world.end_turn();
    assert_eq!(world.read(line)[1], "bAQID");
}

#[test]
fn a_change_to_a_web_socket_has_no_more_time_when_its_session_is_over() {
    let mut world = World::new(false);
    let opened = world.ask("GET", "", "");
    let sid = field(&opened, "sid");
    world.ask("POST", &format!("&sid={sid}"), "40");
    let line = probe(&mut world, sid, "");
    world.ask("POST", &format!("&sid={sid}"), "42[\"drop\"]");
    world.sim.advance(9_990);
    world.end_turn();
    assert!(world.sim.hub().is_open(line));
    world.sim.advance(20);
    world.end_turn();
    assert!(!world.sim.hub().is_open(line));
}
