//! Whom an event is for: unions of rooms, exceptions, the sender's own room; and what else may be
//! done to such a set.

use roomcast::Id;
use roomcast::sim::client_frame;
use roomcast::socketio::Options;

use super::{World, field};

/// Three clients: the first in room a, the second in a and b, the third in b; and their names.
fn trio() -> (World, [Id; 3], [String; 3]) {
    let mut world = World::new(false);
    let clients = [(); 3].map(|()| world.open());
    let names = clients.map(|id| {
        world.read(id);
        field(&world.says(id, &["40"])[0], "sid").to_owned()
    });
    for (id, rooms) in clients.iter().zip([&["a"][..], &["a", "b"], &["b"]]) {
        for room in rooms {
            world.says(*id, &[&format!("42[\"join\",\"{room}\"]")]);
        }
    }
    world.log();
    (world, clients, names)
}

/// The first client has this set get an event; how often each then hears it.
fn heard(world: &mut World, clients: [Id; 3], set: &str) -> [usize; 3] {
    let own = world.says(clients[0], &[&format!("42[\"set\",{set},\"emit\"]")]);
    let mut counts = clients.map(|id| world.read(id).len());
    counts[0] += own.len();
    counts
}

#[test]
fn a_set_is_a_union_of_rooms_less_others_each_socket_once() {
    let (mut world, clients, names) = trio();
    let [one, two, _] = &names;
    for (set, expected) in [
        (r#""io",[],[]"#.to_owned(), [1, 1, 1]),
        (r#""io",["a"],[]"#.to_owned(), [1, 1, 0]),
        (r#""io",["a","b"],[]"#.to_owned(), [1, 1, 1]),
        (r#""io",["a","a","b"],["b"]"#.to_owned(), [1, 0, 0]),
        (r#""io",[],["a","b"]"#.to_owned(), [0, 0, 0]),
        (r#""io",["none"],[]"#.to_owned(), [0, 0, 0]),
        (r#""io",["none","b"],["none"]"#.to_owned(), [0, 1, 1]),
        (r#""socket",[],[]"#.to_owned(), [0, 1, 1]),
        (r#""socket",["a"],[]"#.to_owned(), [0, 1, 0]),
        (r#""/admin",[],[]"#.to_owned(), [0, 0, 0]),
        (r#""/nowhere",["a"],[]"#.to_owned(), [0, 0, 0]),
        (format!(r#""io",["{two}"],[]"#), [0, 1, 0]),
        (format!(r#""io",[],["{two}"]"#), [1, 0, 1]),
        (format!(r#""io",["a","{one}"],["{one}"]"#), [0, 1, 0]),
    ] {
        let counts = heard(&mut world, clients, &set);
        assert_eq!(counts, expected, "{set}");
        let count: usize = expected.iter().sum();
        assert_eq!(world.log(), [format!("{count} get it")], "{set}");
    }
}

#[test]
fn a_sender_is_left_out_by_the_room_of_its_own_name() {
    let (mut world, clients, [one, ..]) = trio();
    world.says(clients[2], &[&format!("42[\"join\",\"{one}\"]")]);
    let set = r#""socket",[],[]"#;
    assert_eq!(heard(&mut world, clients, set), [0, 1, 0]);
    world.says(clients[0], &[&format!("42[\"leave\",\"{one}\"]")]);
    assert_eq!(heard(&mut world, clients, set), [1, 1, 0]);
}

#[test]
fn sockets_of_a_set_join_leave_and_are_disconnected_together() {
    let (mut world, clients, _) = trio();
    let mut does = |what: &str| {
        world.says(clients[2], &[&format!("42[\"set\",{what}]")]);
        world.log()
    };
    assert_eq!(does(r#""io",["a"],[],"count""#), ["2 there"]);
    let joined = ["create-room new", "join-room new", "join-room new"];
    assert_eq!(does(r#""io",["a"],[],"join""#), joined);
    assert_eq!(does(r#""io",["new"],[],"count""#), ["2 there"]);
    let left = ["leave-room a", "leave-room a", "delete-room a"];
    assert_eq!(does(r#""io",[],[],"leave""#), left);
    let gone = does(r#""io",["new"],[],"close""#);
    let reason = "disconnect, server namespace disconnect";
    assert_eq!(gone.iter().filter(|line| *line == reason).count(), 2);
    assert!(gone.contains(&"delete-room new".to_owned()));
    assert_eq!(does(r#""io",[],[],"count""#), ["1 there"]);
    let open = clients.map(|id| world.sim.hub().is_open(id));
    assert_eq!(open, [false, false, true]);
}

#[test]
fn a_volatile_event_is_dropped_where_it_would_have_to_wait() {
    let (mut world, clients, _) = trio();
    let volatile = "42[\"set\",\"io\",[],[],\"volatile\"]";
    let normal = "42[\"set\",\"io\",[],[],\"emit\"]";
    let heard = world.says(clients[0], &[volatile, volatile, normal]);
    assert_eq!(heard, ["42[\"volatile\"]", "42[\"set\"]"], "alone it comes");
    let heard = world.says(clients[0], &[normal, volatile]);
    assert_eq!(heard, ["42[\"set\"]"], "right behind another it does not");
    world.read(clients[1]);
    world.sim.set_room(clients[1], 3);
    let heard = world.says(clients[0], &[normal]);
    assert_eq!(heard.len(), 1);
    world.says(clients[0], &[volatile]);
    world.sim.set_room(clients[1], usize::MAX);
    world.end_turn();
    assert_eq!(
        world.read(clients[1]),
        ["42[\"set\"]"],
        "the other is still being written"
    );
    // A poll that is not held takes nothing either.
    let sid = format!("&sid={}", field(&world.ask("GET", "", ""), "sid"));
    world.ask("POST", &sid, "40");
    world.ask("GET", &sid, "");
    world.says(clients[0], &[volatile, normal]);
    assert_eq!(world.ask("GET", &sid, ""), "42[\"set\"]");
}

#[test]
fn a_broadcast_is_written_once_for_each_way_that_it_travels() {
    let mut world = World::with(Options {
        plain_path: Some("/ws".to_owned()),
        ..Options::default()
    });
    let speaker = world.open();
    world.says(speaker, &["40"]);
    for n in 0..100 {
        let id = world.open_at(["/ws", "/socket.io/?EIO=4&transport=websocket"][n % 2]);
        if n % 2 == 1 {
            world.says(id, &["40"]);
        }
        world.sim.take(id);
        world.sim.set_room(id, 0);
    }
    let text = "x".repeat(10_000);
    world.receive(
        speaker,
        &client_frame(0x81, format!("42[\"all\",\"{text}\"]").as_bytes()),
    );
    world.end_turn();
    let kept = world.sim.hub().backlog();
    assert!(
        (20_000..21_000).contains(&kept),
        "{kept} bytes for a hundred receivers"
    );
}
