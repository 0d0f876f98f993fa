//! What comes in crowds and floods, and what the server makes of it: who is let in, who is slowed
//! down, who is closed. On the virtual clock, unless it is about sockets.

use std::io::Read;
use std::net::IpAddr;

use roomcast::sim::{self, client_frame};
use roomcast::{Config, Id, Sim};

use crate::support::{Running, connect, echo, hear, open, say};

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn no_more_are_let_in_than_there_may_be() {
    let mut sim = Sim::new(Config {
        max_connections: 2,
        ..Config::default()
    });
    let [first, second] = [(); 2].map(|()| sim.connect());
    assert!(sim.is_connected(first) && sim.is_connected(second));
    for _ in 0..3 {
        let third = sim.connect();
        assert!(!sim.is_connected(third) && sim.is_shut(third));
        sim.receive(third, b"GET / HTTP/1.1\r\n\r\n", &mut sim::quiet);
        assert_eq!(sim.take(third), b"");
    }
    assert_eq!((sim.hub().stats().full, sim.hub().connections()), (3, 2));
    sim.hang_up(first, &mut sim::quiet);
    sim.end_turn(&mut sim::quiet);
    let fourth = sim.connect();
    assert!(sim.is_connected(fourth));
}

#[test]
fn one_address_has_no_more_than_its_share() {
    let mut sim = Sim::new(Config {
        max_connections_per_address: 2,
        ..Config::default()
    });
    let crowd = ["2001:db8::1", "2001:db8::2:3"].map(|text| sim.connect_from(address(text)));
    assert!(crowd.iter().all(|id| sim.is_connected(*id)));
    let third = sim.connect_from(address("2001:db8::4"));
    assert!(!sim.is_connected(third), "it is of the same network");
    for other in ["2001:db8:0:1::1", "192.0.2.1", "127.0.0.1"] {
        let other = sim.connect_from(address(other));
        assert!(sim.is_connected(other));
    }
    assert_eq!(sim.hub().stats().crowded, 1);
    sim.hang_up(crowd[0], &mut sim::quiet);
    sim.end_turn(&mut sim::quiet);
    let again = sim.connect_from(address("2001:db8::4"));
    assert!(sim.is_connected(again));
}

#[test]
fn who_comes_and_goes_too_fast_has_to_pause() {
    let mut sim = Sim::new(Config {
        connect_rate: 2,
        ..Config::default()
    });
    let visit = |sim: &mut Sim, from| {
        let id = sim.connect_from(address(from));
        let came_in = sim.is_connected(id);
        sim.hang_up(id, &mut sim::quiet);
        sim.end_turn(&mut sim::quiet);
        came_in
    };
    for window in 1..4 {
        let came_in = (0..100).filter(|_| visit(&mut sim, "192.0.2.1")).count();
        assert_eq!(came_in, 20);
        assert!(visit(&mut sim, "192.0.2.2"));
        assert_eq!(sim.hub().stats().rushed, 80 * window);
        sim.advance(10_000);
    }
}

#[test]
fn who_is_turned_away_is_closed_at_once_and_the_others_go_on() {
    let config = Config {
        max_connections_per_address: 1,
        ..Config::default()
    };
    let server = Running::start(config, echo);
    let mut inside = open(server.addr, "/");
    for _ in 0..3 {
        let turned_away = connect(server.addr).read(&mut [0]);
        assert!(matches!(turned_away, Ok(0) | Err(_)));
    }
    assert_eq!(server.ask(|hub| hub.stats().crowded), 3);
    say(&mut inside, "still here");
    assert_eq!(hear(&mut inside), "still here");
}

/// Turns until nothing is to be done at once, and says how much was written to a socket.
fn settle(sim: &mut Sim, id: Id) -> usize {
    let mut taken = 0;
    for _ in 0..1000 {
        sim.end_turn(&mut echo);
        taken += sim.take(id).len();
        if sim.patience() != Some(0) {
            return taken;
        }
    }
    panic!("the loop never rests");
}

#[test]
fn who_sends_messages_too_fast_is_read_slowly_and_loses_nothing() {
    let mut sim = Sim::new(Config {
        message_rate: 100,
        ..Config::default()
    });
    let id = sim.open("/", &mut echo);
    sim.receive(id, &client_frame(0x81, b"12345678").repeat(2000), &mut echo);
    // Ten seconds' worth at once.
    assert_eq!(settle(&mut sim, id), 1000 * 10);
    assert_eq!(sim.patience(), Some(100));
    let mut taken = 1000;
    for tenth in 1..=100 {
        sim.advance(100);
        assert_eq!(settle(&mut sim, id), 10 * 10, "{tenth}");
        taken += 10;
    }
    assert_eq!((taken, sim.hub().stats().received), (2000, 2000));
    assert_eq!(sim.hub().stats().slowed, 100);
    // All is worked off, and the next is answered at once.
    sim.advance(10_000);
    settle(&mut sim, id);
    sim.text(id, "hello", &mut echo);
    assert_eq!(settle(&mut sim, id), 7);
}

#[test]
fn who_sends_requests_too_fast_is_read_slowly_and_gets_all_answers() {
    let mut sim = Sim::new(Config {
        request_rate: 10,
        ..Config::default()
    });
    let id = sim.connect();
    let get = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    sim.receive(id, &get.repeat(150), &mut echo);
    sim.hang_up(id, &mut echo);
    let first = settle(&mut sim, id);
    let mut all = first;
    for _ in 0..50 {
        sim.advance(100);
        all += settle(&mut sim, id);
    }
    assert_eq!((first % 100, all), (0, first / 100 * 150));
    assert_eq!(sim.hub().stats().slowed, 50);
    assert!(
        !sim.is_connected(id),
        "its end was read behind its requests"
    );
}

#[test]
fn a_message_in_too_many_fragments_is_closed_with_1008() {
    let mut sim = Sim::new(Config {
        max_fragments: 3,
        ..Config::default()
    });
    let message = |fragments: usize| {
        let middle = client_frame(0x00, b"a").repeat(fragments - 2);
        [client_frame(0x01, b"a"), middle, client_frame(0x80, b"a")].concat()
    };
    let id = sim.open("/", &mut echo);
    sim.receive(id, &message(3).repeat(5), &mut echo);
    assert_eq!(settle(&mut sim, id), 5 * 5);
    sim.receive(id, &message(4), &mut echo);
    sim.end_turn(&mut echo);
    assert_eq!(
        &sim.take(id)[2..],
        b"\x03\xf0a message in too many fragments"
    );
    assert_eq!(sim.hub().stats().violations, 1);
}

#[test]
fn of_pings_that_nobody_waits_for_the_latest_is_answered() {
    let mut sim = Sim::new(Config::default());
    let id = sim.open("/", &mut echo);
    let ping = |n: usize| client_frame(0x89, n.to_string().as_bytes());
    // Who takes its pongs gets them all.
    sim.receive(id, &(1..5).flat_map(ping).collect::<Vec<_>>(), &mut echo);
    sim.end_turn(&mut echo);
    assert_eq!(sim.take(id), b"\x8a\x011\x8a\x012\x8a\x013\x8a\x014");
    // Who does not has one that waits, behind what did not fit.
    sim.set_room(id, 0);
    sim.text(id, "hello", &mut echo);
    sim.end_turn(&mut echo);
    for n in 1000..2000 {
        sim.receive(id, &ping(n), &mut echo);
        sim.end_turn(&mut echo);
    }
    assert_eq!(
        (sim.hub().backlog(), sim.hub().stats().skipped_pongs),
        (7, 999)
    );
    sim.set_room(id, usize::MAX);
    (0..2).for_each(|_| sim.end_turn(&mut echo));
    assert_eq!(sim.take(id), b"\x81\x05hello\x8a\x041999");
}
