//! What clients can make the server hold, all of them together.

use roomcast::Config;
use roomcast::sim::{Sim, client_frame};
use roomcast::socketio::Options;

use super::{World, field};

const LIMIT: usize = 100_000;

fn world() -> World {
    let mut world = World::new(false);
    world.sim = Sim::new(Config {
        max_memory: LIMIT,
        ..Config::default()
    });
    world
}

/// A session that polls, in the lobby.
fn poller(world: &mut World) -> String {
    let opened = world.ask("GET", "", "");
    let sid = format!("&sid={}", field(&opened, "sid"));
    world.ask("POST", &sid, "40\u{1e}42[\"join\",\"lobby\"]");
    assert!(world.ask("GET", &sid, "").starts_with("40{"));
    sid
}

/// How many have been cut.
fn cut(world: &mut World) -> usize {
    let log = world.log();
    log.iter()
        .filter(|line| *line == "disconnect, transport error")
        .count()
}

#[test]
fn who_never_polls_is_cut_when_too_much_waits_for_all() {
    let mut world = world();
    let modest = poller(&mut world);
    world.ask("POST", &modest, "427[\"x\"]");
    let large = format!("421[\"x\",\"{}\"]", "x".repeat(20_000));
    for n in 1..=20 {
        let sid = poller(&mut world);
        world.ask("POST", &sid, &large);
        assert_eq!(cut(&mut world), usize::from(n > 4), "{n}");
    }
    assert_eq!(world.ask("GET", &modest, ""), "437[]");
}

#[test]
fn what_many_wait_for_counts_once() {
    let mut world = world();
    let pollers: Vec<_> = (0..30).map(|_| poller(&mut world)).collect();
    let web = world.open();
    let large = format!("42[\"room\",\"{}\"]", "x".repeat(20_000));
    world.says(web, &["40", &large, &large]);
    assert_eq!(cut(&mut world), 0);
    for sid in pollers {
        assert!(world.ask("GET", &sid, "").len() > 40_000);
    }
}

#[test]
fn parts_of_packets_that_never_get_whole_are_bounded_in_all() {
    let mut world = world();
    let modest = poller(&mut world);
    let head = "4510-[\"x\"]";
    world.ask("POST", &modest, &format!("{head}\u{1e}bAQID"));
    for n in 1..=20 {
        let web = world.open();
        world.says(web, &["40", head]);
        for _ in 0..4 {
            world.receive(web, &client_frame(0x82, &[0; 5000]));
        }
        world.end_turn();
        assert_eq!(cut(&mut world), usize::from(n > 4), "{n}");
    }
    let rest = ["bAQID"; 9].join("\u{1e}");
    assert_eq!(world.ask("POST", &modest, &rest), "ok", "it goes on");
}

#[test]
fn packets_whose_parts_never_come_are_bounded_in_all() {
    let mut world = world();
    let head = format!(
        "451-[\"x\",\"{}\",{{\"_placeholder\":true,\"num\":0}}]",
        "x".repeat(20_000)
    );
    for n in 1..=20_usize {
        let web = world.open();
        world.says(web, &["40", &head]);
        assert_eq!(cut(&mut world), usize::from(n > 4), "{n}");
    }
}

#[test]
fn a_post_is_read_as_far_as_its_answers_may_wait() {
    let mut world = World::new(false);
    world.sim = Sim::new(Config {
        max_backlog: 10_000,
        ..Config::default()
    });
    let sid = poller(&mut world);
    world.log();
    let joins = (0..1000).map(|n| format!("42{n}[\"join\",\"{}{n}\"]", "x".repeat(900)));
    let body = joins.collect::<Vec<_>>().join("\u{1e}");
    assert_eq!(world.ask("POST", &sid, &body), "ok");
    let log = world.log();
    let created = log.iter().filter(|line| line.starts_with("create-room"));
    assert!(created.count() <= 12);
    assert_eq!(log.last().unwrap(), "disconnect, transport error");
}

#[test]
fn a_body_of_too_many_packets_ends_its_session() {
    let mut world = World::with(Options {
        max_packets: 3,
        ..Options::default()
    });
    let sid = poller(&mut world);
    let packets = |count| vec!["427[\"x\"]"; count].join("\u{1e}");
    assert_eq!(world.ask("POST", &sid, &packets(3)), "ok");
    assert_eq!(cut(&mut world), 0);
    assert!(world.ask("POST", &sid, &packets(4)).contains("Bad request"));
    assert_eq!(world.sim.hub().stats().crammed, 1);
    assert_eq!(world.log().last().unwrap(), "disconnect, parse error");
}

#[test]
fn who_posts_packets_too_fast_is_read_slowly_and_loses_nothing() {
    let mut world = World::new(false);
    world.sim = Sim::new(Config {
        message_rate: 100,
        ..Config::default()
    });
    let sid = poller(&mut world);
    let body = vec!["6"; 500].join("\u{1e}");
    let post = format!(
        "POST /socket.io/?EIO=4&transport=polling{sid} HTTP/1.1\r\nHost: a\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let id = world.sim.connect();
    world.receive(id, post.repeat(4).as_bytes());
    let answers = |world: &mut World| {
        world.end_turn();
        String::from_utf8(world.sim.take(id))
            .unwrap()
            .matches("200 OK")
            .count()
    };
    assert_eq!(answers(&mut world), 2, "ten seconds' worth");
    let mut waited = 0;
    while answers(&mut world) == 0 {
        world.sim.advance(100);
        waited += 100;
    }
    assert!(
        (100..=200).contains(&waited),
        "{waited}: it is even again by then"
    );
    (0..50).for_each(|_| world.sim.advance(100));
    assert_eq!(answers(&mut world), 1);
    assert_eq!(cut(&mut world), 0);
}

#[test]
fn sessions_that_poll_are_no_more_than_connections_may_be_and_are_not_opened_too_fast() {
    let mut world = World::new(false);
    world.sim = Sim::new(Config {
        max_connections: 1500,
        ..Config::default()
    });
    let id = world.sim.connect();
    let get = "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\n\r\n";
    world.receive(id, get.repeat(2000).as_bytes());
    let answers = |world: &mut World, status: &str| {
        let mut count = 0;
        for _ in 0..10 {
            world.end_turn();
            let taken = String::from_utf8(world.sim.take(id)).unwrap();
            count += taken.matches(status).count();
        }
        count
    };
    assert!((985..=1000).contains(&answers(&mut world, "200 OK")));
    world.sim.advance(1000);
    assert!((95..=101).contains(&answers(&mut world, "200 OK")));
    for _ in 0..3 {
        world.sim.advance(1000);
        answers(&mut world, "200 OK");
    }
    world.sim.advance(2000);
    assert!(answers(&mut world, "503 Service Unavailable") > 400);
}

#[test]
fn what_may_be_missed_is_forgotten_before_anybody_is_cut() {
    let mut world = World::new(true);
    world.sim = Sim::new(Config {
        max_memory: LIMIT,
        ..Config::default()
    });
    let slow = world.open();
    world.says(slow, &["40"]);
    let large = format!("42[\"room\",\"{}\"]", "x".repeat(20_000));
    let web = world.open();
    world.says(web, &["40", &large, &large, &large, &large]);
    let log = world.sim.hub().memory();
    assert!((80_000..LIMIT).contains(&log), "{log}");
    let sid = poller(&mut world);
    world.says(web, &[&large]);
    world.says(web, &[&large]);
    assert_eq!(cut(&mut world), 0);
    assert!(world.sim.hub().memory() < LIMIT - LIMIT / 8);
    assert!(world.ask("GET", &sid, "").len() > 40_000);
    assert!(world.sim.hub().is_open(slow));
    assert_eq!(world.sim.hub().stats().cut, 0);
}
