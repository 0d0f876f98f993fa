//! Who enters a namespace: those of a predicate, those who have to wait, those who are refused.

use super::{World, field};

#[test]
fn a_namespace_that_the_predicate_lets_be_is_there_while_somebody_is_in_it() {
    let mut world = World::new(false);
    let (one, two) = (world.open(), world.open());
    for id in [one, two] {
        world.read(id);
        let told = world.says(id, &["40/game-7,"]);
        assert!(told[0].starts_with("40/game-7,{\"sid\":"), "{told:?}");
    }
    world.says(one, &["42/game-7,[\"join\",\"lobby\"]"]);
    world.says(two, &["42/game-7,[\"room\",1]"]);
    assert_eq!(world.read(one), ["42/game-7,[\"room\",1]"]);
    assert_eq!(
        world.says(one, &["40/chess,"]),
        ["44/chess,{\"message\":\"Invalid namespace\"}"]
    );
    // The rooms of an earlier namespace of that name are not those of a later one.
    world.hang_up(one);
    world.says(two, &["41/game-7,", "40/game-7,"]);
    assert_eq!(world.says(two, &["42/game-7,[\"room\",2]"]), [""; 0]);
    world.log();
    world.says(two, &["41/game-7,"]);
    assert_eq!(
        world.log().last().unwrap(),
        "disconnect, client namespace disconnect"
    );
}

#[test]
fn who_is_refused_leaves_the_rooms_that_it_had_joined_and_may_ask_again() {
    let mut world = World::new(false);
    let one = world.open();
    world.read(one);
    let claim = "40{\"token\":\"wrong\"}";
    for _ in 0..2 {
        assert_eq!(
            world.says(one, &[claim]),
            ["44{\"message\":\"not you\",\"data\":[1]}"]
        );
        let rooms = [
            "create-room M",
            "join-room M",
            "leave-room M",
            "delete-room M",
        ];
        assert_eq!(world.log(), rooms);
    }
    assert!(world.says(one, &["40"])[0].starts_with("40{"));
}

#[test]
fn who_has_to_wait_is_let_in_later_by_the_rooms_it_joined_first() {
    let mut world = World::new(false);
    let (one, two) = (world.open(), world.open());
    world.read(one);
    assert_eq!(world.says(one, &["40/slow,"]), [""; 0]);
    world.says(two, &["40"]);
    world.log();
    world.says(two, &["42[\"admit\"]"]);
    let told = world.read(one);
    assert!(told[0].starts_with("40/slow,{"), "{told:?}");
    let own = field(&told[0], "sid");
    let log = [
        "admitted true".to_owned(),
        format!("create-room {own}"),
        format!("join-room {own}"),
        "connect, recovered false".to_owned(),
    ];
    assert_eq!(world.log(), log);
    assert_eq!(world.says(one, &["42/slow,1[\"x\"]"]), ["43/slow,1[]"]);
    assert!(world.sim.hub().is_open(two));
}

#[test]
fn who_has_to_wait_may_be_refused_later() {
    let mut world = World::new(false);
    let (one, two) = (world.open(), world.open());
    world.read(one);
    world.says(one, &["40/slow,"]);
    world.says(two, &["40", "42[\"refuse\"]"]);
    assert_eq!(world.read(one), ["44/slow,{\"message\":\"no\"}"]);
    assert!(world.sim.hub().is_open(one), "it may ask again");
}

#[test]
fn nobody_hears_of_a_client_that_was_gone_before_it_was_let_in() {
    for goodbye in ["41/slow,", "hang up", "42/slow,[\"early\"]", "40/slow,"] {
        let mut world = World::new(false);
        let (one, two) = (world.open(), world.open());
        world.says(one, &["40/slow,"]);
        world.says(two, &["40"]);
        assert_eq!(world.log()[..2], ["create-room early", "join-room early"]);
        match goodbye {
            "hang up" => world.hang_up(one),
            text => _ = world.says(one, &[text]),
        }
        assert_eq!(world.log(), ["leave-room early", "delete-room early"]);
        world.says(two, &["42[\"admit\"]"]);
        assert_eq!(world.log(), ["admitted false"], "{goodbye}");
    }
}

#[test]
fn who_goes_in_and_out_all_the_time_has_to_pause() {
    let mut world = World::new(false);
    let opened = world.ask("GET", "", "");
    let sid = format!("&sid={}", field(&opened, "sid"));
    let visits: Vec<_> = (0..)
        .flat_map(|n| [format!("40/game-{n},"), format!("41/game-{n},")])
        .take(512 + 1)
        .collect();
    assert_eq!(world.ask("POST", &sid, &visits.join("\u{1e}")), "ok");
    let bodies = world.ask("GET", &sid, "");
    let told: Vec<_> = bodies.split('\u{1e}').collect();
    assert_eq!(told.len(), 257);
    let refusal = "44/game-256,{\"message\":\"Too many namespaces\"}";
    assert_eq!(told[256], refusal);
    world.sim.advance(5_001);
    world.ask("POST", &sid, "40/game-256,");
    assert!(world.ask("GET", &sid, "").starts_with("40/game-256,{"));
}
