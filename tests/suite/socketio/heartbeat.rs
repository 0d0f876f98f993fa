//! Pings: on time, whatever the times are.

use roomcast::socketio::Options;

use super::{World, field};

/// Milliseconds until the next ping.
fn patience(world: &mut World, id: roomcast::Id) -> u64 {
    let ping = (1..100_000).find(|_| {
        world.sim.advance(4);
        world.end_turn();
        world.read(id).contains(&"2".to_owned())
    });
    4 * ping.unwrap()
}

#[test]
fn the_first_client_after_a_long_silence_is_pinged_in_time() {
    let mut world = World::with(Options {
        ping_interval: 300,
        ..Options::default()
    });
    for silence in [0, 10_000, 1_000_000] {
        world.sim.advance(silence);
        world.end_turn();
        let id = world.open();
        world.says(id, &["40"]);
        for _ in 0..3 {
            let waited = patience(&mut world, id);
            assert!((300..=308).contains(&waited), "{silence}: {waited}");
            world.says(id, &["3"]);
        }
        world.hang_up(id);
    }
}

#[test]
fn a_ping_overtakes_the_messages_that_wait_for_polls() {
    let mut world = World::new(false);
    let sid = format!("&sid={}", field(&world.ask("GET", "", ""), "sid"));
    world.ask("POST", &sid, "40");
    world.ask("GET", &sid, "");
    // Two answers full of them.
    let packets = ["421[\"echo\",1]"; 32].join("\u{1e}");
    world.ask("POST", &sid, &packets);
    world.sim.advance(25_004);
    world.end_turn();
    let body = world.ask("GET", &sid, "");
    assert!(body.starts_with("2\u{1e}431[1]\u{1e}"), "{body}");
}

#[test]
fn a_time_that_is_meant_as_never_is_a_month() {
    let never = Options {
        ping_interval: u64::MAX,
        ping_timeout: u64::MAX,
        connect_timeout: u64::MAX,
        upgrade_timeout: u64::MAX,
        max_disconnection_duration: Some(u64::MAX),
        ..Options::default()
    };
    let mut world = World::with(never);
    world.sim.advance(1000);
    let (one, two) = (world.open(), world.open());
    for id in [one, two] {
        world.says(id, &["40", "42[\"room\",1]"]);
    }
    world.hang_up(two);
    let opened = world.ask("GET", "", "");
    let sid = field(&opened, "sid");
    assert!(opened.contains("\"pingInterval\":2592000000,"), "{opened}");
    let line = world.open_at(&format!("/socket.io/?EIO=4&transport=websocket&sid={sid}"));
    assert_eq!(world.says(line, &["2probe"]), ["3probe"]);
    for _ in 0..10 {
        world.sim.advance(1_000_000);
        world.end_turn();
    }
    assert!(world.sim.hub().is_open(one) && world.sim.hub().is_open(line));
    assert_eq!(world.read(one), [""; 0]);
}
