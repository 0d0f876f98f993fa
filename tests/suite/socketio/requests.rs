//! What requests are refused with, and what the application hears of it; limits of the layer.

use roomcast::Config;
use roomcast::sim::{Sim, client_frame};
use roomcast::socketio::Options;

use super::{World, field};

/// A request under the layer's path: the status of its answer, and its body.
fn ask(world: &mut World, request: &str) -> (String, String) {
    let (method, query) = request.split_once(' ').unwrap();
    let id = world.sim.connect();
    let head =
        format!("{method} /socket.io/?{query} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    world.receive(id, head.as_bytes());
    world.end_turn();
    let answer = String::from_utf8(world.sim.take(id)).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].to_owned(), body.to_owned())
}

#[test]
fn every_error_has_its_code_and_the_application_hears_of_it() {
    let mut world = World::new(false);
    for (request, status, code, message, context) in [
        (
            "GET EIO=4",
            "400",
            0,
            "Transport unknown",
            "UNKNOWN_TRANSPORT",
        ),
        (
            "GET EIO=4&transport=constructor",
            "400",
            0,
            "Transport unknown",
            "UNKNOWN_TRANSPORT",
        ),
        (
            "GET EIO=4&transport=polling&sid=x",
            "400",
            1,
            "Session ID unknown",
            "UNKNOWN_SID",
        ),
        (
            "POST EIO=4&transport=polling",
            "400",
            2,
            "Bad handshake method",
            "BAD_HANDSHAKE_METHOD",
        ),
        (
            "OPTIONS EIO=4&transport=polling",
            "400",
            2,
            "Bad handshake method",
            "BAD_HANDSHAKE_METHOD",
        ),
        (
            "GET EIO=4&transport=websocket",
            "400",
            3,
            "Bad request",
            "TRANSPORT_HANDSHAKE_ERROR",
        ),
        (
            "GET EIO=4&transport=polling&secret=no",
            "403",
            4,
            "not \\\"you\\\"",
            "FORBIDDEN",
        ),
        (
            "GET EIO=3&transport=polling",
            "400",
            5,
            "Unsupported protocol version",
            "UNSUPPORTED_PROTOCOL_VERSION",
        ),
        (
            "GET transport=polling",
            "400",
            5,
            "Unsupported protocol version",
            "UNSUPPORTED_PROTOCOL_VERSION",
        ),
    ] {
        let body = format!("{{\"code\":{code},\"message\":\"{message}\"}}");
        assert_eq!(
            ask(&mut world, request),
            (status.to_owned(), body),
            "{request}"
        );
        assert_eq!(
            world.log(),
            [format!("refused, {code} {context}")],
            "{request}"
        );
    }
    let opened = ask(&mut world, "GET EIO=4&transport=polling").1;
    let sid = field(&opened, "sid");
    let mismatch = format!("GET EIO=4&transport=websocket&sid={sid}");
    assert_eq!(ask(&mut world, &mismatch).0, "400");
    assert_eq!(world.log(), ["refused, 3 TRANSPORT_MISMATCH"]);
}

#[test]
fn a_websocket_that_the_application_forbids_is_told_in_its_words() {
    let mut world = World::new(false);
    let id = world.sim.connect();
    let head = "GET /socket.io/?EIO=4&transport=websocket&secret=no HTTP/1.1\r\nHost: a\r\n\
        Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    world.receive(id, head.as_bytes());
    world.end_turn();
    let answer = String::from_utf8(world.sim.take(id)).unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert!(answer.contains("\r\nConnection: close\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nnot \"you\""), "{answer}");
    assert_eq!(world.log(), ["refused, 4 FORBIDDEN"]);
    assert!(!world.sim.hub().is_open(id));
}

#[test]
fn nothing_longer_than_the_client_was_told_is_taken() {
    let mut world = World::with(Options {
        max_http_buffer_size: 1000,
        ..Options::default()
    });
    let opened = world.ask("GET", "", "");
    assert!(opened.contains("\"maxPayload\":1000}"), "{opened}");
    let sid = format!("&sid={}", field(&opened, "sid"));
    world.ask("POST", &sid, "40");
    world.log();
    let text = |len: usize| format!("42[\"x\",\"{}\"]", "x".repeat(len - 10));
    assert_eq!(world.ask("POST", &sid, &text(1000)), "ok");
    let refused = world.ask("POST", &sid, &text(1001));
    assert!(refused.starts_with("the body is longer"), "{refused}");
    assert_eq!(world.log(), [""; 0], "the session goes on");
    for first in [0x81, 0x82] {
        let web = world.open();
        world.sim.take(web);
        world.receive(web, &client_frame(first, "4".repeat(1001).as_bytes()));
        world.end_turn();
        assert_eq!(world.sim.take(web)[2..4], 1009_u16.to_be_bytes());
    }
}

#[test]
fn clients_are_told_the_limit_that_the_server_holds_them_to() {
    let mut world = World::new(false);
    world.sim = Sim::new(Config {
        max_message: 70_000,
        ..Config::default()
    });
    assert!(world.ask("GET", "", "").contains("\"maxPayload\":70000}"));
}

#[test]
fn a_poll_is_held_for_as_long_as_the_heartbeat_needs() {
    let mut world = World::with(Options {
        ping_interval: 100_000,
        ..Options::default()
    });
    let sid = format!("&sid={}", field(&world.ask("GET", "", ""), "sid"));
    world.ask("POST", &sid, "40");
    world.ask("GET", &sid, "");
    let held = world.begin("GET", &sid, "X: y", "");
    // Longer than any other answer may take.
    for _ in 0..9 {
        world.sim.advance(11_000);
        world.end_turn();
        assert_eq!(world.answer(held), "held");
    }
    world.sim.advance(2_000);
    world.end_turn();
    assert_eq!(world.answer(held), "2");
}

#[test]
fn a_poll_that_a_stop_ends_brings_no_close_so_that_every_client_comes_back() {
    let mut world = World::new(false);
    let sid = format!("&sid={}", field(&world.ask("GET", "", ""), "sid"));
    assert_eq!(world.ask("POST", &sid, "40"), "ok");
    world.ask("GET", &sid, "");
    let held = world.begin("GET", &sid, "X: y", "");
    world.sim.hub().stop();
    world.end_turn();
    assert_eq!(world.answer(held), "6");
    let last = world.app.log.last().unwrap();
    assert_eq!(last, "disconnect, server shutting down");
}

#[test]
fn the_layer_is_where_its_options_say() {
    let mut world = World::with(Options {
        path: "/live/".to_owned(),
        ..Options::default()
    });
    let id = world.open_at("/live/?EIO=4&transport=websocket");
    assert!(
        world
            .says(id, &["40"])
            .iter()
            .any(|text| text.starts_with("40{"))
    );
    // Elsewhere, and without the slash at its end, it is the application's.
    for path in ["/socket.io/", "/live"] {
        let id = world.sim.connect();
        let query = "EIO=4&transport=polling";
        let head = format!("GET {path}?{query} HTTP/1.1\r\nHost: a\r\n\r\n");
        world.receive(id, head.as_bytes());
        world.end_turn();
        assert_eq!(world.answer(id), "held", "nobody answers {path}");
    }
}

#[test]
fn a_transport_that_is_off_is_unknown_and_not_announced() {
    let off = |polling, websocket| {
        World::with(Options {
            polling,
            websocket,
            ..Options::default()
        })
    };
    let mut world = off(true, false);
    assert!(world.ask("GET", "", "").contains("\"upgrades\":[],"));
    let line = world.open();
    assert!(!world.sim.hub().is_open(line));
    assert_eq!(world.log(), ["refused, 0 UNKNOWN_TRANSPORT"]);
    let mut world = off(false, true);
    assert!(world.ask("GET", "", "").contains("Transport unknown"));
    let line = world.open();
    assert!(world.read(line)[0].contains("\"upgrades\":[],"));
}

#[test]
fn a_poll_brings_all_that_waits_and_as_much_as_python_takes() {
    let mut world = World::new(false);
    for (agent, most) in [("a browser", 40), ("python-requests/2.32", 16)] {
        let open = world.begin("GET", "", &format!("User-Agent: {agent}\r\n"), "");
        let sid = format!("&sid={}", field(&world.answer(open), "sid"));
        world.ask("POST", &sid, "40");
        world.ask("GET", &sid, "");
        let packets = ["421[\"echo\",1]"; 40].join("\u{1e}");
        world.ask("POST", &sid, &packets);
        let mut got = Vec::new();
        while got.iter().sum::<usize>() < 40 {
            got.push(world.ask("GET", &sid, "").split('\u{1e}').count());
        }
        assert_eq!(got[0], most, "{agent}: {got:?}");
    }
}
