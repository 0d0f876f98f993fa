//! Very many topics of which the latest waits: what each message costs does not grow with them.

use std::time::{Duration, Instant};

use roomcast::sim::quiet;
use roomcast::{Config, Policy, Sim};

const TOPICS: usize = 20_000;
const SLOW: usize = 10;

#[test]
fn a_message_of_twenty_thousand_topics_takes_the_place_of_its_own_at_once() {
    let mut sim = Sim::new(Config::default());
    sim.hub().set_policy("positions", Policy::Latest);
    let slow: Vec<_> = (0..SLOW).map(|_| sim.open("/", &mut quiet)).collect();
    for id in &slow {
        sim.hub().join(*id, "positions");
        sim.set_room(*id, 0);
    }
    sim.hub().everyone().send("on its way");
    sim.end_turn(&mut quiet);
    let topics: Vec<_> = (0..TOPICS).map(|n| n.to_string()).collect();
    let begin = Instant::now();
    for _ in 0..3 {
        for topic in &topics {
            sim.hub().to("positions").topic(topic).send(topic);
        }
        sim.end_turn(&mut quiet);
    }
    // A second; half a minute if each looks for its own among all.
    assert!(begin.elapsed() < Duration::from_secs(12));
    assert_eq!(sim.hub().stats().dropped as usize, 2 * TOPICS * SLOW);
    slow.into_iter().for_each(|id| sim.hang_up(id, &mut quiet));
    sim.end_turn(&mut quiet);
    assert_eq!(sim.hub().memory(), 0);
}
