//! The plain door: sockets like any other, without the protocol.

use roomcast::sim::client_frame;
use roomcast::socketio::Options;

use super::World;

fn world(recovery: bool) -> World {
    World::with(Options {
        plain_path: Some("/ws".to_owned()),
        max_disconnection_duration: recovery.then_some(120_000),
        ..Options::default()
    })
}

#[test]
fn a_plain_client_is_in_the_same_rooms_and_gets_the_same_events() {
    for recovery in [false, true] {
        let mut world = world(recovery);
        let (plain, web) = (world.open_at("/ws"), world.open());
        world.says(web, &["40", "42[\"join\",\"lobby\"]"]);
        let nothing = world.says(
            plain,
            &["[\"join\",\"lobby\"]", "[\"room\",{\"a\":[ 1 ]},2]"],
        );
        assert_eq!(nothing, [""; 0]);
        let heard = world.read(web).pop().unwrap();
        assert!(heard.starts_with("42[\"room\",{\"a\":[ 1 ]},2"), "{heard}");
        world.says(web, &["42[\"room\",\"x\",[]]", "42[\"room\"]"]);
        let heard = ["[\"room\",\"x\",[]]", "[\"room\"]"];
        assert_eq!(
            world.read(plain),
            heard,
            "no packet around it, and no offset behind"
        );
    }
}

#[test]
fn what_a_plain_client_sends_wrong_is_told_and_does_no_harm() {
    let mut world = world(false);
    let plain = world.open_at("/ws");
    let told = world.says(plain, &["2", "[\"connect\"]", "40"]);
    assert_eq!(
        told,
        [
            "[\"error\",\"a message is one JSON array\"]",
            "[\"error\",\"an event with a reserved name\"]",
            "[\"error\",\"a message is one JSON array\"]"
        ]
    );
    world.receive(plain, &client_frame(0x82, &[1, 2]));
    world.end_turn();
    assert_eq!(
        world.read(plain),
        ["[\"error\",\"a message is text: one JSON array\"]"]
    );
    assert!(world.sim.hub().is_open(plain));
}

#[test]
fn plain_clients_are_not_waited_for_when_all_are_asked() {
    let mut world = world(false);
    let (plain, web) = (world.open_at("/ws"), world.open());
    world.says(web, &["40"]);
    world.log();
    let asked = world.says(web, &["42[\"ask\",7]"]);
    assert_eq!(world.read(plain), ["[\"question\",7]"]);
    let answer = asked[0]
        .replace("42", "43")
        .replace("[\"question\",7]", "[true]");
    world.says(web, &[&answer]);
    assert_eq!(world.log(), ["1 answers, 0 missing"]);
}

#[test]
fn the_bytes_of_an_event_follow_it_to_a_plain_client() {
    let mut world = world(false);
    let (plain, web) = (world.open_at("/ws"), world.open());
    world.says(web, &["40"]);
    world.says(plain, &["[\"join\",\"lobby\"]"]);
    world.says(web, &["451-[\"room\",{\"_placeholder\":true,\"num\":0}]"]);
    world.receive(web, &client_frame(0x82, &[1, 2]));
    world.end_turn();
    let text = b"[\"room\",{\"_placeholder\":true,\"num\":0}]";
    let frames = [&[0x81, text.len() as u8], &text[..], &[0x82, 2, 1, 2]].concat();
    assert_eq!(world.sim.take(plain), frames);
}

#[test]
fn a_plain_client_that_is_disconnected_is_closed() {
    let mut world = world(true);
    let plain = world.open_at("/ws");
    assert_eq!(world.log().last().unwrap(), "connect, recovered false");
    world.receive(plain, &client_frame(0x81, b"[\"kick\"]"));
    world.end_turn();
    let close = b"\x88\x1d\x03\xe8server namespace disconnect";
    assert_eq!(world.sim.take(plain), close);
    assert_eq!(
        world.log().last().unwrap(),
        "disconnect, server namespace disconnect"
    );
    world.hang_up(plain);
    world.end_turn();
    assert_eq!(world.sim.hub().connections(), 0);
    assert_eq!(world.log(), [""; 0], "and says nothing more");
}
