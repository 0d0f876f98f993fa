//! Pings: on time, whatever the times are.

use roomcast::socketio::Options;

use super::World;

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
