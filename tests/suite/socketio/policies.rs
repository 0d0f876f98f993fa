//! What clients that take their events too slowly miss, as the policy of a room says: by whatever
//! they are reached.

use roomcast::socketio::{Event, Io, Options};
use roomcast::{Config, Id, Policy, Sim};

use super::{Play, World, field};

/// It has two rooms, tells everyone to the rooms, and says what it is asked to say.
#[derive(Default)]
struct Ticker;

impl Play for Ticker {
    fn handle(&mut self, io: &mut Io<'_>, event: Event<'_>) {
        match event {
            Event::Connect { socket, .. } => {
                assert!(io.set_policy("/", "prices", Policy::Latest));
                assert!(io.set_policy("/", "busy", Policy::DropOldest));
                assert!(!io.set_policy("/nowhere", "busy", Policy::DropOldest));
                io.join(socket, "prices");
                io.join(socket, "busy");
            }
            Event::Message { name, args, .. } => {
                let room = name.split(' ').next().unwrap_or("");
                match room {
                    "all" => io.everyone().emit(name, args),
                    room => io.to(room).emit(name, args),
                };
            }
            _ => {}
        }
    }
}

fn world() -> World<Ticker> {
    let mut world = World::of(
        Ticker,
        Options {
            max_disconnection_duration: None,
            ..Options::default()
        },
    );
    world.sim = Sim::new(Config {
        max_backlog: 10_000,
        ..Config::default()
    });
    world
}

/// A WebSocket that takes no more, and one that sends.
fn slow_and_sender(world: &mut World<Ticker>) -> (Id, Id) {
    let [slow, sender] = [(); 2].map(|()| {
        let id = world.open();
        world.says(id, &["40"]);
        world.read(id);
        id
    });
    world.sim.set_room(slow, 0);
    world.says(sender, &["42[\"busy\",\"on its way\"]"]);
    (slow, sender)
}

fn take_all(world: &mut World<Ticker>, id: Id) -> Vec<String> {
    world.sim.set_room(id, usize::MAX);
    let mut got = Vec::new();
    for _ in 0..10 {
        world.end_turn();
        got.extend(world.read(id));
    }
    got
}

#[test]
fn a_slow_websocket_gets_the_latest_of_each_event_name() {
    let mut world = world();
    let (slow, sender) = slow_and_sender(&mut world);
    let mut heard = 0;
    for n in 0..100 {
        let events = ["gold", "tin"].map(|name| format!("42[\"prices {name}\",{n}]"));
        heard += world
            .says(sender, &events.each_ref().map(|text| text.as_str()))
            .len();
    }
    let expected = [
        "42[\"busy\",\"on its way\"]",
        "42[\"prices gold\",99]",
        "42[\"prices tin\",99]",
    ];
    assert_eq!(take_all(&mut world, slow), expected);
    assert_eq!(world.sim.hub().stats().dropped, 198);
    assert_eq!(heard, 200, "others miss nothing");
}

#[test]
fn an_event_is_missed_with_its_attachments() {
    let mut world = world();
    let (slow, sender) = slow_and_sender(&mut world);
    for n in 0..3 {
        let text = format!("451-[\"prices map\",{n},{{\"_placeholder\":true,\"num\":0}}]");
        world.says(sender, &[&text]);
        world.receive(sender, &roomcast::sim::client_frame(0x82, &[n; 10]));
        world.end_turn();
    }
    world.sim.set_room(slow, usize::MAX);
    for _ in 0..3 {
        world.end_turn();
    }
    let bytes = world.sim.take(slow);
    let binary = |n: u8| [&[0x82, 10][..], &[n; 10]].concat();
    let count = |n| bytes.windows(12).filter(|at| *at == binary(n)).count();
    assert_eq!([0, 1, 2].map(count), [0, 0, 1]);
    assert_eq!(world.sim.hub().stats().dropped, 2);
}

#[test]
fn a_client_that_polls_too_slowly_misses_the_oldest_and_is_not_cut() {
    let mut world = world();
    let opened = world.ask("GET", "", "");
    let sid = format!("&sid={}", field(&opened, "sid"));
    world.ask("POST", &sid, "40");
    assert!(world.ask("GET", &sid, "").starts_with("40{"));
    let (_, sender) = slow_and_sender(&mut world);
    world.says(sender, &["42[\"all\"]"]);
    for n in 0..200 {
        world.says(sender, &[&format!("42[\"busy\",\"{n:0>400}\"]")]);
        world.says(sender, &[&format!("42[\"prices\",{n}]")]);
    }
    let mut got = Vec::new();
    while got.last().map(String::as_str) != Some("42[\"prices\",199]") {
        let body = world.ask("GET", &sid, "");
        got.extend(body.split('\u{1e}').map(str::to_owned));
    }
    assert_eq!(got[0], "42[\"all\"]", "what must not be missed is not");
    let busy = got.iter().filter(|text| text.starts_with("42[\"busy\""));
    assert!((5..14).contains(&busy.count()), "half of the bound");
    assert!(world.sim.hub().stats().dropped > 180);
}

#[test]
fn a_message_that_takes_the_place_of_all_that_waits_for_a_poll_is_there_afterwards() {
    for (room, first) in [("busy", 100), ("prices", 3000)] {
        let mut world = world();
        let opened = world.ask("GET", "", "");
        let sid = format!("&sid={}", field(&opened, "sid"));
        world.ask("POST", &sid, "40");
        assert!(world.ask("GET", &sid, "").starts_with("40{"));
        let (_, sender) = slow_and_sender(&mut world);
        world.ask("GET", &sid, "");
        let texts = [first, 6000].map(|len| format!("42[\"{room}\",\"{}\"]", "x".repeat(len)));
        for text in &texts {
            world.says(sender, &[text]);
        }
        assert!(world.ask("GET", &sid, "") == texts[1]);
    }
}
