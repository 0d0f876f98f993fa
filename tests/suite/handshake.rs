//! Who gets a WebSocket: origins, subprotocols, and what the application refuses.

use std::io::Write;
use std::sync::mpsc;

use roomcast::sim::{Sim, client_frame};
use roomcast::{Config, Event, Hub, Response};

use crate::support::{Hello, Http, Running, connect, echo, hear, open, rest, say, try_open};

/// Asks for a WebSocket from a page of that origin; `@` in it stands for the server's address.
#[track_caller]
fn check(origins: &[&str], origin: Option<&str>, expected: Result<(), u16>) {
    let config = Config {
        origins: origins.iter().map(|&origin| origin.to_owned()).collect(),
        ..Config::default()
    };
    let server = Running::start(config, echo);
    let origin = origin.map(|origin| origin.replace('@', &server.addr.to_string()));
    let hello = Hello {
        origin: origin.as_deref(),
        ..Hello::default()
    };
    let opened = try_open(server.addr, "/", hello);
    assert_eq!(opened.map(|_| ()), expected, "{origin:?}");
}

#[test]
fn pages_of_the_same_host_and_programs_are_let_in() {
    check(&[], None, Ok(()));
    check(&[], Some("http://@"), Ok(()));
}

#[test]
fn pages_of_foreign_origins_are_not() {
    for origin in [
        "http://evil.example",
        "http://@.evil.example",
        "http://127.0.0.1:1",
        "null",
    ] {
        check(&[], Some(origin), Err(403));
    }
    check(
        &["https://friend.example"],
        Some("http://friend.example"),
        Err(403),
    );
}

#[test]
fn the_configuration_lets_foreign_origins_in() {
    let friends = ["https://other.example", "https://friend.example"];
    check(&friends, Some("https://friend.example"), Ok(()));
    check(&friends, Some("http://@"), Ok(()));
    check(&["*"], Some("http://evil.example"), Ok(()));
}

/// A server whose application wants these protocols, the first that is offered.
fn choosing(wanted: &'static [&'static str]) -> Running {
    Running::start(Config::default(), move |hub, event| {
        if let Event::Upgrade { id, request } = &event {
            let offered: Vec<_> = request.protocols().collect();
            let chosen = wanted
                .iter()
                .find(|wanted| hub.choose_protocol(*id, wanted));
            assert_eq!(
                chosen.is_some(),
                wanted.iter().any(|name| offered.contains(name))
            );
        }
        echo(hub, event);
    })
}

#[track_caller]
fn chosen(wanted: &'static [&'static str], protocols: &[&str], expected: Option<&str>) {
    let server = choosing(wanted);
    let hello = Hello {
        protocols,
        ..Hello::default()
    };
    let (mut socket, chosen) = try_open(server.addr, "/", hello).unwrap();
    assert_eq!(chosen.as_deref(), expected);
    say(&mut socket, "hello");
    assert_eq!(hear(&mut socket), "hello");
}

#[test]
fn the_application_chooses_one_of_the_protocols_that_are_offered() {
    chosen(
        &["chat.v2", "chat.v1"],
        &["chat.v1", "chat.v2"],
        Some("chat.v2"),
    );
    chosen(
        &["chat.v9", "chat.v1"],
        &["chat.v1", "chat.v2"],
        Some("chat.v1"),
    );
    chosen(&["chat.v2"], &[], None);
}

#[test]
fn a_protocol_that_was_not_offered_is_not_named_in_the_answer() {
    let server = choosing(&["chat.v9"]);
    let hello = Hello {
        protocols: &["chat.v1"],
        ..Hello::default()
    };
    // The client insists on one of its own (RFC 6455 §4.1 lets it), so the bytes are looked at.
    let mut raw = connect(server.addr);
    let offer = format!("Sec-WebSocket-Protocol: {}", hello.protocols[0]);
    raw.write_all(handshake(&offer).as_bytes()).unwrap();
    raw.shutdown(std::net::Shutdown::Write).unwrap();
    let answer = String::from_utf8(rest(raw)).unwrap();
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    assert!(!answer.contains("Sec-WebSocket-Protocol"), "{answer}");
}

/// The bytes of a handshake with one more field.
pub(crate) fn handshake(field: &str) -> String {
    format!(
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{field}\r\n\r\n"
    )
}

#[test]
fn the_application_refuses_a_websocket_and_the_connection_goes_on() {
    let (opened, sockets) = mpsc::channel();
    let server = Running::start(Config::default(), move |hub, event| match event {
        Event::Upgrade { id, request } if request.path() != "/open" => {
            assert!(hub.respond(id, Response::new(401).header("WWW-Authenticate", "Basic")));
            assert!(!hub.choose_protocol(id, "chat"));
        }
        Event::Open { id } => opened.send(id).unwrap(),
        event => echo(hub, event),
    });
    assert_eq!(
        try_open(server.addr, "/", Hello::default()).err(),
        Some(401)
    );
    let mut client = Http::connect(server.addr);
    client.send(handshake("X: y"));
    let answer = client.answer();
    assert_eq!(answer.status, 401);
    assert_eq!(answer.field("www-authenticate"), Some("Basic"));
    assert_eq!(client.get("/page").text(), "GET /page ");
    assert_eq!(sockets.try_iter().next(), None);
    open(server.addr, "/open");
    server.ask(|_| ());
    assert_eq!(sockets.try_iter().count(), 1);
}

#[test]
fn a_websocket_opens_also_if_another_request_is_answered_meanwhile() {
    let mut sim = Sim::new(Config::default());
    let mut held = None;
    let mut handler = |hub: &mut Hub, event: Event<'_>| match event {
        Event::Request { id, .. } => held = Some(id),
        Event::Upgrade { .. } => {
            let answered = held.take().map(|id| hub.respond(id, Response::new(204)));
            assert_eq!(answered, Some(true));
        }
        _ => {}
    };
    let poll = sim.connect();
    sim.receive(poll, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", &mut handler);
    let socket = sim.open("/", &mut handler);
    assert!(sim.hub().is_open(socket));
}

#[test]
fn frames_right_behind_the_handshake_are_not_lost() {
    let server = Running::start(Config::default(), echo);
    let mut raw = connect(server.addr);
    let frame = client_frame(0x81, b"early");
    raw.write_all(&[handshake("X: y").into_bytes(), frame].concat())
        .unwrap();
    let close = client_frame(0x88, b"");
    raw.write_all(&close).unwrap();
    assert!(rest(raw).ends_with(b"\r\n\r\n\x81\x05early\x88\x00"));
}

#[test]
fn a_websocket_opens_without_a_name_or_pings_if_a_layer_wants_so() {
    let mut sim = Sim::new(Config::default());
    let mut log = Vec::new();
    let mut handler = |hub: &mut Hub, event: Event<'_>| match event {
        Event::Upgrade { id, .. } => assert!(hub.open_nameless(id) && hub.open_unpinged(id)),
        Event::Open { id } => {
            assert_eq!((hub.sid(id), hub.rooms_of(id).count()), (None, 0));
            assert!(!hub.open_nameless(id) && !hub.open_unpinged(id));
            assert_eq!(hub.everyone().send("to those who have a name"), 0);
            assert!(hub.send(id, "hello"));
        }
        event => log.push(format!("{event:?}")),
    };
    let id = sim.open("/", &mut handler);
    sim.end_turn(&mut handler);
    assert_eq!(sim.take(id), b"\x81\x05hello");
    assert_eq!(sim.patience(), None, "nothing is waited for");
    sim.receive(id, &client_frame(0x81, b"hi"), &mut handler);
    sim.hang_up(id, &mut handler);
    sim.end_turn(&mut handler);
    assert_eq!(log.len(), 2, "{log:?}");
    assert!(log[0].starts_with("Text") && log[1].starts_with("Close"));
}
