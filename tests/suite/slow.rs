//! Receivers that take their messages too slowly: what each of them costs, what all of them cost,
//! and what becomes of their messages under the policy of a room.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use roomcast::sim::{client_frame, quiet};
use roomcast::{Config, Event, Hub, Id, Policy, Response, Sim};

const BACKLOG: usize = 10_000;
/// Bytes that a piece of a backlog takes beside what is shared.
const RANGE: usize = 12;

fn sim() -> Sim {
    Sim::new(Config {
        max_backlog: BACKLOG,
        write_timeout: std::time::Duration::from_secs(3600),
        ..Config::default()
    })
}

/// A member of a room who takes nothing.
fn stalled(sim: &mut Sim, room: &str) -> Id {
    let id = sim.open("/", &mut quiet);
    sim.hub().join(id, room);
    sim.set_room(id, 0);
    id
}

/// The texts of the frames that were written to a peer.
fn texts(bytes: &[u8]) -> Vec<String> {
    let (mut rest, mut texts) = (bytes, Vec::new());
    while let [first, len, ..] = *rest {
        let (len, head) = match len {
            126 => (usize::from(u16::from_be_bytes([rest[2], rest[3]])), 4),
            len => (usize::from(len), 2),
        };
        let payload = &rest[head..head + len];
        if first == 0x81 {
            texts.push(String::from_utf8(payload.to_vec()).unwrap());
        }
        rest = &rest[head + len..];
    }
    texts
}

/// Lets a receiver take all that is for it.
fn take_all(sim: &mut Sim, id: Id) -> Vec<String> {
    let mut bytes = sim.take(id);
    sim.set_room(id, usize::MAX);
    for _ in 0..20 {
        sim.end_turn(&mut quiet);
        bytes.extend(sim.take(id));
    }
    texts(&bytes)
}

fn send(sim: &mut Sim, room: &str, topic: &str, text: &str) {
    sim.hub().to(room).topic(topic).send(text);
    sim.end_turn(&mut quiet);
}

#[test]
fn a_thousand_stalled_members_of_a_room_cost_its_backlog_once() {
    let mut sim = Sim::new(Config::default());
    let ids: Vec<_> = (0..1000).map(|_| stalled(&mut sim, "busy")).collect();
    let text = "x".repeat(1000);
    for _ in 0..500 {
        send(&mut sim, "busy", "", &text);
    }
    let frames = 500 * 1004;
    assert!((frames..frames + 1000).contains(&sim.hub().backlog()));
    // And three ranges for each of them.
    assert!(sim.hub().memory() < frames + 1000 + 3 * RANGE * 1000);
    assert_eq!(take_all(&mut sim, ids[0]).len(), 500);
    for id in ids {
        sim.hang_up(id, &mut quiet);
    }
    sim.end_turn(&mut quiet);
    assert_eq!(sim.hub().memory(), 0);
}

#[test]
fn without_a_policy_who_is_too_slow_is_closed_and_the_others_get_all() {
    let mut sim = sim();
    let (slow, quick) = (stalled(&mut sim, "busy"), stalled(&mut sim, "busy"));
    sim.set_room(quick, usize::MAX);
    for n in 0..50 {
        send(&mut sim, "busy", "", &format!("{n:0500}"));
    }
    assert_eq!(sim.hub().stats().too_slow, 1);
    assert!(!sim.hub().is_open(slow) && sim.hub().is_open(quick));
    assert_eq!(take_all(&mut sim, quick).len(), 50);
}

#[test]
fn the_oldest_are_dropped_where_the_room_says_so() {
    let mut sim = sim();
    sim.hub().set_policy("busy", Policy::DropOldest);
    let (slow, quick) = (stalled(&mut sim, "busy"), stalled(&mut sim, "busy"));
    sim.set_room(quick, usize::MAX);
    for n in 0..50 {
        send(&mut sim, "busy", "", &format!("{n:0500}"));
    }
    assert_eq!(sim.hub().stats().too_slow, 0);
    assert_eq!(take_all(&mut sim, quick).len(), 50);
    // The first was on its way before the socket was known to be full.
    let got = take_all(&mut sim, slow);
    let numbers: Vec<u32> = got.iter().map(|text| text.parse().unwrap()).collect();
    assert_eq!(numbers, [&[0][..], &(41..50).collect::<Vec<_>>()].concat());
    assert_eq!(sim.hub().stats().dropped, 40);
    assert_eq!(sim.hub().memory(), 0);
}

#[test]
fn only_the_latest_of_each_topic_waits_where_the_room_says_so() {
    let mut sim = sim();
    sim.hub().set_policy("prices", Policy::Latest);
    let slow = stalled(&mut sim, "prices");
    send(&mut sim, "prices", "", "on its way");
    for n in 0..1000 {
        for topic in ["gold", "tin"] {
            send(&mut sim, "prices", topic, &format!("{topic} {n}"));
        }
    }
    assert_eq!(
        take_all(&mut sim, slow),
        ["on its way", "gold 999", "tin 999"]
    );
    assert_eq!(sim.hub().stats().dropped, 1998);
}

#[test]
fn what_must_not_be_dropped_keeps_its_place_among_what_may() {
    let mut sim = sim();
    sim.hub().set_policy("prices", Policy::Latest);
    let slow = stalled(&mut sim, "prices");
    send(&mut sim, "prices", "", "on its way");
    send(&mut sim, "prices", "", "1");
    send(&mut sim, "prices", "", "2");
    sim.hub().send(slow, "news");
    send(&mut sim, "prices", "", "3");
    sim.hub()
        .to("prices")
        .to(slow)
        .topic("")
        .send("to more than the room");
    send(&mut sim, "prices", "", "4");
    send(&mut sim, "prices", "", "5");
    let expected = ["on its way", "2", "news", "3", "to more than the room", "5"];
    assert_eq!(take_all(&mut sim, slow), expected);
}

#[test]
fn control_frames_get_through_and_a_close_is_the_last() {
    let mut sim = sim();
    sim.hub().set_policy("busy", Policy::DropOldest);
    let slow = stalled(&mut sim, "busy");
    send(&mut sim, "busy", "", "on its way");
    send(&mut sim, "busy", "", "may be dropped");
    let unsent = |event: Event<'_>| match event {
        Event::Close { unsent, .. } => Some(unsent),
        _ => None,
    };
    let mut seen = None;
    sim.receive(slow, &client_frame(0x89, b"?"), &mut quiet);
    let mut handler = |hub: &mut Hub, event: Event<'_>| {
        if let Event::Text { id, .. } = event {
            hub.close(id, 1000, "bye");
        } else {
            seen = seen.or(unsent(event));
        }
    };
    sim.text(slow, "close me", &mut handler);
    sim.end_turn(&mut handler);
    assert_eq!(seen, Some(28), "what was dropped at last counts");
    sim.set_room(slow, usize::MAX);
    for _ in 0..3 {
        sim.end_turn(&mut quiet);
    }
    let bytes = sim.take(slow);
    assert!(bytes.ends_with(b"\x88\x05\x03\xe8bye"), "{bytes:x?}");
    assert_eq!(texts(&bytes), ["on its way"]);
}

/// Whatever a receiver takes and whenever: all that must not be dropped comes in order, and of the
/// rest a part in order, of each topic the last.
#[test]
fn what_gets_through_is_in_order_whatever_is_taken_and_when() {
    for seed in 0..200 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut sim = sim();
        sim.hub().set_policy("oldest", Policy::DropOldest);
        sim.hub().set_policy("latest", Policy::Latest);
        let ids: Vec<_> = (0..3).map(|_| stalled(&mut sim, "oldest")).collect();
        for id in &ids {
            sim.hub().join(*id, "latest");
        }
        let (mut kept, mut last) = (Vec::new(), ["", ""].map(str::to_owned));
        for n in 0..300 {
            let text = format!("{n:0len$}", len = random.random_range(3..400));
            match random.random_range(0..60) {
                0..27 => _ = sim.hub().to("oldest").send(&text),
                27..54 => {
                    let topic = random.random_range(0..2);
                    let name = ["a", "b"][topic];
                    sim.hub().to("latest").topic(name).send(&text);
                    last[topic] = text;
                }
                54 => {
                    sim.hub().everyone().send(&text);
                    kept.push(text);
                }
                _ => {}
            }
            if random.random_range(0..3) == 0 {
                let id = ids[random.random_range(0..3)];
                sim.set_room(id, random.random_range(0..3000));
            }
            if random.random_range(0..2) == 0 {
                sim.end_turn(&mut quiet);
            }
        }
        for id in ids {
            assert!(sim.hub().is_open(id), "seed {seed}: it is never closed");
            let got = take_all(&mut sim, id);
            let numbers: Vec<u32> = got.iter().map(|text| text.parse().unwrap()).collect();
            assert!(
                numbers.is_sorted_by(|a, b| a < b),
                "seed {seed}: {numbers:?}"
            );
            let there = |text: &&String| !text.is_empty() && !got.contains(text);
            assert_eq!(kept.iter().find(there), None, "seed {seed}: kept");
            assert_eq!(last.iter().find(there), None, "seed {seed}: the latest");
        }
        assert_eq!(sim.hub().memory(), 0, "seed {seed}");
    }
}

#[test]
fn what_is_not_whole_is_bounded_in_all() {
    let mut sim = Sim::new(Config {
        max_memory: 1_000_000,
        ..Config::default()
    });
    let modest = sim.open("/", &mut quiet);
    sim.receive(modest, &client_frame(0x01, b"a part"), &mut quiet);
    let part = client_frame(0x01, &[b'x'; 50_000]);
    let post = format!(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n{}",
        "x".repeat(50_000)
    );
    for n in 0..50 {
        let (web, http) = (sim.open("/", &mut quiet), sim.connect());
        sim.receive(web, &part, &mut quiet);
        sim.receive(http, post.as_bytes(), &mut quiet);
        assert!(sim.hub().memory() <= 1_000_000);
        assert_eq!(sim.hub().stats().cut == 0, n < 9, "{n}");
    }
    sim.end_turn(&mut quiet);
    assert!(sim.hub().is_open(modest));
    let stats = sim.hub().stats();
    assert_eq!(stats.cut as usize + sim.hub().connections(), 101);
}

#[test]
fn an_application_is_asked_for_memory_before_anybody_is_cut() {
    let mut sim = Sim::new(Config {
        max_memory: 100_000,
        ..Config::default()
    });
    let slow = stalled(&mut sim, "busy");
    let mut cache = vec![sim.hub().weigh(60_000), sim.hub().weigh(30_000)];
    sim.hub().to("busy").send(&*"x".repeat(20_000));
    let mut asked = Vec::new();
    sim.end_turn(&mut |_: &mut Hub, event: Event<'_>| {
        if let Event::Pressure { bytes } = event {
            asked.push(bytes);
            cache.pop();
        }
    });
    assert_eq!(asked, [110_004 + RANGE - 87_500]);
    assert!(sim.hub().is_open(slow));
    assert_eq!(sim.hub().memory(), 80_004 + RANGE);
    cache[0].set(90_000);
    sim.end_turn(&mut quiet);
    assert!(!sim.hub().is_open(slow), "nothing is given back");
    assert_eq!(sim.hub().stats().cut, 1);
}

#[test]
fn large_answers_that_nobody_takes_are_bounded_in_all() {
    let mut sim = Sim::new(Config {
        max_memory: 20_000_000,
        ..Config::default()
    });
    let mut large = |hub: &mut Hub, event: Event<'_>| {
        if let Event::Request { id, .. } = event {
            hub.respond(id, Response::new(200).body(vec![b'x'; 5_000_000]));
        }
    };
    let ask = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for n in 1..=10 {
        let id = sim.connect();
        sim.set_room(id, 0);
        sim.receive(id, ask, &mut large);
        sim.end_turn(&mut large);
        assert!(sim.hub().memory() <= 20_000_000);
        assert_eq!(sim.hub().stats().cut > 0, n > 3, "{n}");
    }
    let id = sim.connect();
    sim.receive(id, ask, &mut large);
    let mut got = 0;
    while got < 5_000_000 {
        sim.end_turn(&mut large);
        got += sim.take(id).len();
    }
}

#[test]
fn more_than_fits_in_one_turn_is_dropped_before_the_socket_is_known_to_be_full() {
    let mut sim = sim();
    sim.hub().set_policy("busy", Policy::DropOldest);
    let slow = stalled(&mut sim, "busy");
    for n in 0..50 {
        sim.hub().to("busy").send(&format!("{n:0500}"));
    }
    sim.end_turn(&mut quiet);
    assert!(sim.hub().is_open(slow));
    let got = take_all(&mut sim, slow);
    assert_eq!(got.last(), Some(&format!("{:0500}", 49)));
    assert_eq!(got.len() as u64, 50 - sim.hub().stats().dropped);
}

#[test]
fn who_takes_nothing_of_more_topics_than_may_wait_is_closed() {
    let mut sim = sim();
    sim.hub().set_policy("prices", Policy::Latest);
    let slow = stalled(&mut sim, "prices");
    for n in 0..2 * BACKLOG / 500 {
        assert_eq!(sim.hub().is_open(slow), n <= BACKLOG / 500, "{n}");
        send(&mut sim, "prices", &n.to_string(), &"x".repeat(500));
    }
    assert_eq!(sim.hub().stats().too_slow, 1);
}

#[test]
fn one_that_is_longer_than_half_of_what_may_wait_comes_and_the_next_turn_is_not_waited_for() {
    let mut sim = sim();
    sim.hub().set_policy("prices", Policy::Latest);
    let slow = stalled(&mut sim, "prices");
    send(&mut sim, "prices", "", "on its way");
    let long = "x".repeat(BACKLOG * 3 / 4);
    send(&mut sim, "prices", "", &long);
    sim.set_room(slow, usize::MAX);
    sim.end_turn(&mut quiet);
    assert_eq!(texts(&sim.take(slow)), ["on its way"]);
    assert_eq!(sim.patience(), Some(0));
    assert_eq!(take_all(&mut sim, slow), [long]);
}

#[test]
fn the_same_message_twice_takes_its_own_place() {
    let mut sim = sim();
    let slow = stalled(&mut sim, "prices");
    send(&mut sim, "prices", "", "on its way");
    let lot = Policy::Latest.lot("prices", "gold");
    let gold = sim.hub().encode("gold").unwrap().of_lot(lot);
    assert!(sim.hub().push(slow, gold) && sim.hub().push(slow, gold));
    assert_eq!(take_all(&mut sim, slow), ["on its way", "gold"]);
    assert_eq!(sim.hub().stats().dropped, 1);
}

#[test]
fn no_more_are_cut_than_must_be() {
    let mut sim = Sim::new(Config {
        max_memory: 320_000,
        ..Config::default()
    });
    let [most, less] = [300_000, 30_000].map(|len| {
        let slow = stalled(&mut sim, "busy");
        sim.hub().send(slow, &*"x".repeat(len));
        sim.end_turn(&mut quiet);
        slow
    });
    assert!(!sim.hub().is_open(most) && sim.hub().is_open(less));
}
