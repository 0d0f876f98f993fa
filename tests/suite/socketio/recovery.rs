//! Who comes back in time, and who does not, and why.

use roomcast::Id;
use roomcast::socketio::Options;

use super::{World, field};

/// The event of that number, at the position of that number.
fn event(n: u32) -> String {
    format!("42[\"room\",{n},\"{TAG}{n}\"]")
}

/// What stands before positions in an offset; the simulation's names are the same in every run.
const TAG: &str = "U4RU.";

/// Two clients, the first in the lobby; and what the first was welcomed with.
fn pair(options: Options) -> (World, Id, Id, String) {
    let mut world = World::with(options);
    let (one, two) = (world.open(), world.open());
    world.read(one);
    let welcome = world.says(one, &["40", "42[\"join\",\"lobby\"]"])[0].clone();
    world.says(two, &["40"]);
    world.log();
    (world, one, two, welcome)
}

fn recovering() -> Options {
    Options {
        max_disconnection_duration: Some(120_000),
        ..Options::default()
    }
}

/// Comes back with that offset; what it is told.
fn comes_back(world: &mut World, welcome: &str, offset: &str) -> Vec<String> {
    let id = world.open();
    world.read(id);
    let pid = field(welcome, "pid");
    let claim = format!("40{{\"pid\":\"{pid}\",\"offset\":\"{offset}\"}}");
    world.says(id, &[&claim])
}

#[test]
fn a_client_that_comes_back_gets_what_it_missed_before_it_is_told_so() {
    let mut world = World::new(true);
    let (one, two) = (world.open(), world.open());
    world.read(one);
    let welcome = world.says(one, &["40", "42[\"join\",\"lobby\"]"])[0].clone();
    world.says(two, &["40"]);
    world.hang_up(one);
    world.says(two, &["42[\"room\",1]", "42[\"room\",2]"]);
    let back = world.open();
    world.read(back);
    let claim = format!("40{{\"pid\":\"{}\"}}", field(&welcome, "pid"));
    assert_eq!(world.says(back, &[&claim]), [event(1), event(2), welcome]);
    assert_eq!(world.app.log.last().unwrap(), "connect, recovered true");
    assert_eq!(world.says(two, &["42[\"room\",3]"]), Vec::<String>::new());
    assert_eq!(world.read(back), [event(3)]);
}

#[test]
fn who_comes_back_is_not_handed_what_was_for_a_socket_that_is_gone() {
    let mut world = World::new(true);
    let (one, two) = (world.open(), world.open());
    world.read(one);
    let welcome = world.says(one, &["40"])[0].clone();
    world.says(two, &["40"]);
    world.hang_up(one);
    world.says(two, &["42[\"ghost\",\"for two alone\"]"]);
    let back = world.open();
    world.read(back);
    let claim = format!("40{{\"pid\":\"{}\"}}", field(&welcome, "pid"));
    assert_eq!(world.says(back, &[&claim]), [welcome]);
}

#[test]
fn a_spoiled_offset_is_made_up_for_by_what_the_server_knows() {
    let (mut world, one, two, welcome) = pair(recovering());
    world.says(two, &["42[\"room\",1]"]);
    assert_eq!(world.read(one), [event(1)]);
    world.hang_up(one);
    world.says(two, &["42[\"room\",2]"]);
    assert_eq!(
        comes_back(&mut world, &welcome, "7"),
        [event(2), welcome],
        "all that was written has arrived; the text of a chat is no offset"
    );
    assert_eq!(world.app.log.last().unwrap(), "connect, recovered true");
}

#[test]
fn what_is_not_known_to_have_arrived_is_not_guessed() {
    let (mut world, one, two, welcome) = pair(recovering());
    world.sim.set_room(one, 3);
    world.says(two, &["42[\"room\",1]"]);
    world.hang_up(one);
    assert_ne!(comes_back(&mut world, &welcome, "spoiled"), [&*welcome]);
    assert_eq!(
        world.app.log.last().unwrap(),
        "connect, what reached the client is not known"
    );
    // The offset itself would have been enough.
    let (mut world, one, two, welcome) = pair(recovering());
    world.sim.set_room(one, 3);
    world.says(two, &["42[\"room\",1]"]);
    world.hang_up(one);
    let offset = format!("{TAG}0");
    assert_eq!(
        comes_back(&mut world, &welcome, &offset),
        [event(1), welcome]
    );
}

#[test]
fn an_application_hears_why_a_client_is_not_who_it_was() {
    let (mut world, one, two, welcome) = pair(recovering());
    world.hang_up(one);
    world.sim.advance(120_001);
    world.end_turn();
    assert_ne!(comes_back(&mut world, &welcome, "x"), [&*welcome]);
    assert_eq!(
        world.app.log.last().unwrap(),
        "connect, nobody of that name is kept"
    );
    let (mut world, one, _, welcome) = pair(Options {
        recovery_budget: 200,
        ..recovering()
    });
    world.hang_up(one);
    let two = if world.sim.hub().is_open(two) {
        two
    } else {
        world.open()
    };
    for n in 0..3 {
        world.says(two, &[&format!("42[\"room\",{n}]")]);
    }
    comes_back(&mut world, &welcome, &format!("{TAG}0"));
    assert_eq!(
        world.app.log.last().unwrap(),
        "connect, what was missed is not kept any more"
    );
}

#[test]
fn who_is_recovered_is_not_asked_for_unless_the_application_wants_so() {
    for (skip_middlewares, recovered) in [(true, true), (false, false)] {
        let mut world = World::with(Options {
            skip_middlewares,
            ..recovering()
        });
        let one = world.open();
        world.read(one);
        let welcome = world.says(one, &["40"])[0].clone();
        world.hang_up(one);
        let back = world.open();
        world.read(back);
        let pid = field(&welcome, "pid");
        let claim = format!("40{{\"pid\":\"{pid}\",\"token\":\"wrong\"}}");
        let told = world.says(back, &[&claim]);
        assert_eq!(told == [&*welcome], recovered, "{told:?}");
        assert_eq!(told[0].starts_with("44"), !recovered);
        // Who was refused may still come back with what is right.
        let claim = format!("40{{\"pid\":\"{pid}\"}}");
        if !recovered {
            assert_eq!(world.says(back, &[&claim]), [welcome]);
        }
    }
}

#[test]
fn a_namespace_that_went_with_its_last_socket_is_recovered_with_it() {
    let mut world = World::new(true);
    let one = world.open();
    world.read(one);
    let welcome = world.says(one, &["40/game-1,"])[0].clone();
    world.hang_up(one);
    let back = world.open();
    world.read(back);
    let claim = format!("40/game-1,{{\"pid\":\"{}\"}}", field(&welcome, "pid"));
    assert_eq!(world.says(back, &[&claim]), [welcome]);
}

#[test]
fn who_comes_back_before_it_was_missed_ends_its_old_connection_and_takes_its_place() {
    for (namespace, skip_middlewares) in [("/game-1", true), ("/game-1", false), ("/admin", true)] {
        let mut world = World::with(Options {
            skip_middlewares,
            ..recovering()
        });
        let one = world.open();
        world.read(one);
        let welcome = world.says(one, &[&format!("40{namespace},")])[0].clone();
        world.log();
        let back = world.open();
        world.read(back);
        let claim = format!("40{namespace},{{\"pid\":\"{}\"}}", field(&welcome, "pid"));
        assert_eq!(world.says(back, &[&claim]), [&*welcome]);
        assert!(!world.sim.hub().is_open(one));
        let own = field(&welcome, "sid");
        let log = [
            format!("leave-room {own}"),
            format!("delete-room {own}"),
            "disconnect, transport close".to_owned(),
            format!("create-room {own}"),
            format!("join-room {own}"),
            "connect, recovered true".to_owned(),
        ];
        assert_eq!(world.log(), log);
    }
}

#[test]
fn nobody_gets_what_was_sent_before_it_connected() {
    let (mut world, one, two, _) = pair(recovering());
    world.says(two, &["42[\"room\",1]"]);
    world.read(one);
    let late = world.open();
    world.read(late);
    let welcome = world.says(late, &["40", "42[\"join\",\"lobby\"]"])[0].clone();
    world.says(two, &["42[\"room\",2]"]);
    world.hang_up(late);
    // A guess, or the offset of an earlier session that was not recovered.
    let told = comes_back(&mut world, &welcome, &format!("{TAG}0"));
    assert_eq!(told, [event(2), welcome]);
}

#[test]
fn what_was_written_to_a_connection_that_the_client_gave_up_has_not_arrived_for_sure() {
    let (mut world, _, two, welcome) = pair(recovering());
    world.says(two, &["42[\"room\",1]"]);
    comes_back(&mut world, &welcome, "spoiled");
    let why = "connect, what reached the client is not known";
    assert_eq!(world.log().last().unwrap(), why);
    let (mut world, _, two, welcome) = pair(recovering());
    world.says(two, &["42[\"room\",1]"]);
    let told = comes_back(&mut world, &welcome, &format!("{TAG}0"));
    assert_eq!(told, [event(1), welcome]);
}

#[test]
fn who_missed_more_than_can_be_sent_begins_anew_in_place_of_being_cut_for_it() {
    let (mut world, one, two, welcome) = pair(recovering());
    world.hang_up(one);
    let long = format!("42[\"room\",\"{}\"]", "x".repeat(600_000));
    world.says(two, &[&long]);
    world.says(two, &[&long]);
    let opened = world.ask("GET", "", "");
    let sid = format!("&sid={}", field(&opened, "sid"));
    let claim = format!("40{{\"pid\":\"{}\"}}", field(&welcome, "pid"));
    world.ask("POST", &sid, &claim);
    assert!(world.ask("GET", &sid, "").starts_with("40{"));
    let why = "connect, more was missed than may wait for a client";
    assert_eq!(world.log().last().unwrap(), why);
}

#[test]
fn who_comes_back_gets_what_was_for_it_and_not_what_left_it_out() {
    let (mut world, one, two, welcome) = pair(recovering());
    world.says(two, &["42[\"join\",\"lobby\"]", "42[\"room\",1]"]);
    world.says(one, &["42[\"room\",2]", "42[\"leave\",\"lobby\"]"]);
    world.says(two, &["42[\"room\",3]", "42[\"volatile\"]", "42[\"ask\"]"]);
    world.hang_up(one);
    let told = comes_back(&mut world, &welcome, &format!("{TAG}0"));
    assert_eq!(told, [&*event(1), &*welcome], "it was in the room then");
    let (mut world, one, two, welcome) = pair(recovering());
    world.says(two, &["42[\"join\",\"lobby\"]"]);
    world.says(one, &["42[\"room\",1]"]);
    world.says(two, &["42[\"room\",2]", "42[\"volatile\"]", "42[\"ask\"]"]);
    world.hang_up(one);
    let told = comes_back(&mut world, &welcome, &format!("{TAG}0"));
    assert_eq!(told, [event(2), welcome]);
}
