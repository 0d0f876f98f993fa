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

/// Sockets in a room that take nothing.
fn stalled(sim: &mut Sim, room: &str) {
    for _ in 0..MEMBERS {
        let id = sim.open("/", &mut quiet);
        sim.hub().join(id, room);
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
