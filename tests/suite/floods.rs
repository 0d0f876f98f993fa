//! What comes in crowds and floods, and what the server makes of it: who is let in, who is slowed
//! down, who is closed. On the virtual clock, unless it is about sockets.

use std::io::Read;
use std::net::IpAddr;

use roomcast::{Config, Sim, sim};

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
