//! `Config::max_memory` against the allocator: whatever peers make it hold, it is counted.

use super::*;

/// Bytes that may be held.
const MEMORY: usize = 4 << 20;
/// Members of each room.
const MEMBERS: usize = 100;

fn small() -> Sim {
    Sim::new(Config {
        max_memory: MEMORY,
        ..Config::default()
    })
}

fn members(sim: &mut Sim, room: &str) -> Vec<Id> {
    let ids: Vec<_> = (0..MEMBERS).map(|_| sim.open("/", &mut quiet)).collect();
    for id in &ids {
        sim.hub().join(*id, room);
    }
    ids
}

/// Sockets in a room that take nothing.
fn stalled(sim: &mut Sim, room: &str) {
    for id in members(sim, room) {
        sim.set_room(id, 0);
    }
}

/// Each of these messages is one of its own for each who waits for it: the next one is for others.
#[test]
fn short_messages_of_many_rooms_that_nobody_takes_are_bounded_in_all() {
    let _alone = alone();
    let mut sim = small();
    let before = heap(&sim);
    stalled(&mut sim, "left");
    stalled(&mut sim, "right");
    for _ in 0..100 {
        for _ in 0..500 {
            sim.hub().to("left").send("");
            sim.hub().to("right").send("");
        }
        sim.end_turn(&mut quiet);
        // A list of ranges doubles when it is full.
        grew_at_most(3 * MEMORY, before, heap(&sim));
    }
    assert!(sim.hub().stats().cut > 0);
}

/// What comes with one read, and the lists of who gets which of it.
#[test]
fn short_messages_of_one_read_are_written_before_they_take_much() {
    let _alone = alone();
    let mut sim = small();
    let rooms = ["left", "right"].map(|room| members(&mut sim, room));
    let talker = sim.open("/", &mut quiet);
    let mut count = 0;
    let mut handler = |hub: &mut Hub, event: Event<'_>| {
        if let Event::Text { .. } = event {
            count += 1;
            hub.to(["left", "right"][count % 2]).send("");
        }
    };
    let before = heap(&sim);
    sim.receive(
        talker,
        &client_frame(0x81, b"").repeat(10_000),
        &mut handler,
    );
    grew_at_most(MEMORY, before, heap(&sim));
    while sim.patience() == Some(0) {
        sim.end_turn(&mut handler);
    }
    assert_eq!(count, 10_000);
    for id in rooms.iter().flatten() {
        assert_eq!(sim.take(*id), [0x81, 0].repeat(5_000));
    }
}
