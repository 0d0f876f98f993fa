//! A stop that takes its time: clients of every transport go one after the other, and hear of no end.

use std::time::Duration;

use roomcast::Config;
use roomcast::sim::Sim;

use super::{World, field};

#[test]
fn clients_of_both_transports_leave_in_turn_without_a_packet_that_says_so() {
    let mut world = World::new(false);
    world.sim = Sim::new(Config {
        drain: Duration::from_secs(10),
        ..Config::default()
    });
    let opened = world.ask("GET", "", "");
    let sid = format!("&sid={}", field(&opened, "sid"));
    assert_eq!(world.ask("POST", &sid, "40"), "ok");
    assert!(world.ask("GET", &sid, "").starts_with("40{"));
    let web = world.open();
    world.says(web, &["40"]);
    let poll = world.begin("GET", &sid, "X: y", "");
    world.log();
    world.sim.hub().stop();
    let mut log = Vec::new();
    for tenth in 0..100 {
        assert!(world.sim.patience().is_some());
        world.sim.advance(100);
        world.end_turn();
        let ended = world.log().into_iter();
        log.extend(ended.map(|line| (tenth / 10, line)));
        if tenth == 0 {
            assert_eq!(world.says(web, &["427[\"echo\"]"]), ["437[]"]);
        }
    }
    log.retain(|(_, line)| line.starts_with("disconnect"));
    let reasons: Vec<_> = log.iter().map(|(_, line)| &**line).collect();
    assert_eq!(reasons, ["disconnect, server shutting down"; 2]);
    assert!(log[0].0 < log[1].0, "not both at once: {log:?}");
    assert_eq!(world.answer(poll), "6");
    assert_eq!(
        world.read(web),
        [""; 0],
        "no packet; a close frame with 1001"
    );
    assert!(world.sim.is_shut(poll));
}
