//! The checks with the application of `../README.md`.

use rust_socketio::Payload;
use serde_json::json;

use crate::person::{CONNECTED, Place};
use crate::{BURST, Check};

pub(crate) const CHECKS: [(&str, Check); 10] = [
    ("events come back with every kind of value", events),
    ("the server answers with an ack", acks),
    ("binary comes back", binary),
    ("a namespace keeps its events apart", namespaces),
    ("a refused client learns why", refusal),
    ("a client with the right auth is let in", admission),
    (
        "a room's event reaches its members except the sender",
        rooms,
    ),
    ("1,000 events of the server at once arrive in order", burst),
    (
        "1,000 events of the client at once arrive in order",
        burst_from_client,
    ),
    (
        "the client comes back when the server has restarted on the same port",
        restart,
    ),
];

fn events(place: &Place) {
    let ada = place.connect("/");
    for args in [
        vec![json!([true, 1.5, -7, null])],
        vec![json!("é€😀"), json!({"a": [{}]})],
        vec![json!("")],
    ] {
        ada.emit("echo", args.clone());
        assert_eq!(ada.next("echo"), Payload::Text(args));
    }
}

fn acks(place: &Place) {
    let ada = place.connect("/");
    assert_eq!(ada.ask("echo", json!("one")), json!(["one"]));
    assert_eq!(ada.ask("echo", json!({"two": [2]})), json!([{"two": [2]}]));
}

fn binary(place: &Place) {
    let ada = place.connect("/");
    for size in [1, 70_000] {
        let bytes: Vec<u8> = (0..size).map(|i| (i % 29) as u8).collect();
        ada.emit("echo", bytes.clone());
        assert_eq!(ada.next("echo"), Payload::from(bytes));
    }
}

fn namespaces(place: &Place) {
    let (ada, bob, cas) = (
        place.connect("/"),
        place.connect("/chat2"),
        place.connect("/chat2"),
    );
    ada.emit("all", json!("for the main one"));
    bob.emit("all", json!("for chat2"));
    assert_eq!(ada.next("all"), Payload::from(json!("for the main one")));
    assert_eq!(bob.next("all"), Payload::from(json!("for chat2")));
    assert_eq!(cas.next("all"), Payload::from(json!("for chat2")));
}

fn refusal(place: &Place) {
    let told = place
        .meet("/admin", json!({"token": "wrong"}))
        .next("error");
    assert!(format!("{told:?}").contains("not allowed"), "{told:?}");
    let told = place.meet("/nowhere", json!({})).next("error");
    assert!(
        format!("{told:?}").contains("Invalid namespace"),
        "{told:?}"
    );
}

fn admission(place: &Place) {
    let ada = place.meet("/admin", json!({"token": "secret"}));
    ada.next(CONNECTED);
    assert_eq!(ada.ask("echo", json!("inside")), json!(["inside"]));
}

fn rooms(place: &Place) {
    let (ada, bob) = (place.connect("/"), place.connect("/"));
    ada.ask("join", json!("a room"));
    bob.ask("join", json!("a room"));
    ada.emit("room", vec![json!("a room"), json!("hello"), json!(2)]);
    assert_eq!(
        bob.next("room"),
        Payload::Text(vec![json!("hello"), json!(2)])
    );
    ada.emit("echo", json!("fence"));
    assert_eq!(ada.next("echo"), Payload::from(json!("fence")));
}

fn burst(place: &Place) {
    let ada = place.connect("/");
    ada.emit("burst", json!(BURST));
    for i in 0..BURST {
        assert_eq!(ada.next("tick"), Payload::from(json!(i)));
    }
}

fn burst_from_client(place: &Place) {
    let ada = place.connect("/");
    for i in 0..BURST {
        ada.emit("echo", json!(i));
    }
    for i in 0..BURST {
        assert_eq!(ada.next("echo"), Payload::from(json!(i)));
    }
}

fn restart(place: &Place) {
    let (first, there) = place.apart(&[]);
    let ada = there.connect("/");
    let _second = first.restart();
    while ada.any().0 != CONNECTED {}
    assert_eq!(ada.ask("echo", json!("again")), json!(["again"]));
}
