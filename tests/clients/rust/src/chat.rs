//! The checks with the chat of the `roomcast` command. The client knows no recovery, but it gets
//! the offsets: each event of the chat has one more argument at its end.

use std::net::TcpStream;

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket, stream::MaybeTlsStream};

use crate::person::{CONNECTED, PATIENCE, Person, Place};
use crate::{BURST, Check};

pub(crate) const CHECKS: [(&str, Check); 11] = [
    (
        "a message reaches all others, by any door, with its number and its sender",
        messages,
    ),
    ("a client learns its id and its rooms", whoami),
    ("a room's message reaches its other members", rooms),
    ("a private message reaches whom it is for", private),
    (
        "what is refused is told in the ack, or else by an event",
        refusals,
    ),
    ("an unknown namespace is refused", namespaces),
    ("a text of nearly 1 MB reaches the others", weight),
    ("1,000 messages at once arrive in order, by any door", burst),
    (
        "the client comes back when the server has restarted on the same port",
        restart,
    ),
    (
        "a client gets what was said behind its server offset",
        replay,
    ),
    ("with --echo messages reach their sender, too", echo),
];

fn messages(place: &Place) {
    let (ada, bob) = (place.connect("/"), place.connect("/"));
    let mut door = Door::open(place);
    let number = number(&ada.ask("chat message", json!("héllo 😀")));
    let expected = json!(["héllo 😀", number, id(&ada)]);
    assert_eq!(bob.hear("chat message", 3), expected);
    assert_eq!(
        door.read(),
        json!(["chat message", "héllo 😀", number, id(&ada)])
    );
    door.send(&json!(["chat message", "hello"]));
    let expected = json!(["hello", number + 1, door.id]);
    assert_eq!(ada.hear("chat message", 3), expected);
    assert_eq!(bob.hear("chat message", 3), expected);
}

fn whoami(place: &Place) {
    let ada = place.connect("/");
    assert_eq!(ada.ask("join", json!("a")), json!([{"rooms": ["a"]}]));
    assert_eq!(ada.ask("join", json!("b")), json!([{"rooms": ["a", "b"]}]));
    assert_eq!(ada.ask("leave", json!("a")), json!([{"rooms": ["b"]}]));
    assert_eq!(ada.ask("whoami", NOTHING), json!([id(&ada), ["b"]]));
    ada.emit("whoami", NOTHING);
    assert_eq!(ada.hear("whoami", 2), json!([id(&ada), ["b"]]));
}

fn rooms(place: &Place) {
    let [ada, bob, cas] = [(); 3].map(|()| place.connect("/"));
    ada.ask("join", json!("a room"));
    bob.ask("join", json!("a room"));
    let sent = vec![json!("a room"), json!("dinner")];
    let number = number(&ada.ask("room message", sent));
    let expected = json!(["a room", "dinner", number, id(&ada)]);
    assert_eq!(bob.hear("room message", 4), expected);
    // The others get nothing but what follows.
    ada.ask("chat message", json!("fence"));
    assert_eq!(cas.hear("chat message", 1), json!(["fence"]));
    bob.ask("chat message", json!("fence"));
    assert_eq!(ada.hear("chat message", 1), json!(["fence"]));
}

fn private(place: &Place) {
    let [ada, bob, cas] = [(); 3].map(|()| place.connect("/"));
    let sent = vec![json!(id(&bob)), json!("psst")];
    let number = number(&ada.ask("private message", sent));
    let expected = json!([id(&bob), "psst", number, id(&ada)]);
    assert_eq!(bob.hear("private message", 4), expected);
    ada.ask("chat message", json!("fence"));
    assert_eq!(cas.hear("chat message", 1), json!(["fence"]));
}

fn refusals(place: &Place) {
    let ada = place.connect("/");
    for (why, event, args) in [
        ("you are not in the room", "leave", vec![json!("nowhere")]),
        (
            "nobody of that id is here",
            "private message",
            vec![json!("nobody"), json!("psst")],
        ),
        ("a message is a text", "chat message", vec![json!(7)]),
        ("there is no such event", "shout", vec![json!("hello")]),
    ] {
        let told = ada.ask(event, args);
        let told = told[0]["error"].as_str().expect("a refusal");
        assert!(told.starts_with(why), "{told}");
    }
    ada.emit("leave", json!("nowhere"));
    let told = json!(["you are not in the room nowhere"]);
    assert_eq!(ada.hear("error", 1), told);
}

fn namespaces(place: &Place) {
    let told = place.meet("/nowhere", json!({})).next("error");
    let told = format!("{told:?}");
    assert!(told.contains("Invalid namespace"), "{told}");
}

fn weight(place: &Place) {
    let (_program, place) = place.apart(&["--max-text", "1000000"]);
    let (ada, bob) = (place.connect("/"), place.connect("/"));
    let text = "é€😀x".repeat(99_990); // 999,900 bytes; its packet stays below 1,000,000
    ada.ask("chat message", json!(text));
    assert!(
        bob.hear("chat message", 1) == json!([text]),
        "it came otherwise"
    );
}

fn burst(place: &Place) {
    let (ada, bob) = (place.connect("/"), place.connect("/"));
    let mut door = Door::open(place);
    for i in 0..BURST {
        ada.emit("chat message", json!(i.to_string()));
    }
    for i in 0..BURST {
        assert_eq!(bob.hear("chat message", 1), json!([i.to_string()]));
        assert_eq!(door.read()[1], json!(i.to_string()));
    }
}

fn restart(place: &Place) {
    let (first, there) = place.apart(&[]);
    let ada = there.connect("/");
    let former = id(&ada);
    let _second = first.restart();
    while ada.any().0 != CONNECTED {}
    assert_ne!(id(&ada), former);
    let bob = there.connect("/");
    bob.ask("chat message", json!("welcome"));
    assert_eq!(ada.hear("chat message", 1), json!(["welcome"]));
}

fn replay(place: &Place) {
    let bob = place.connect("/");
    let sent: Vec<_> = (0..40)
        .map(|i| number(&bob.ask("chat message", json!(i.to_string()))))
        .collect();
    let ada = place.meet("/", json!({"serverOffset": sent[9]}));
    ada.next(CONNECTED);
    for (i, number) in sent.iter().enumerate().skip(10) {
        let expected = json!([i.to_string(), number, id(&bob)]);
        assert_eq!(ada.hear("chat message", 3), expected);
    }
    bob.ask("chat message", json!("fence"));
    assert_eq!(ada.hear("chat message", 1), json!(["fence"]));
}

fn echo(place: &Place) {
    let (_program, there) = place.apart(&["--echo"]);
    let ada = there.connect("/");
    ada.emit("chat message", json!("all"));
    assert_eq!(ada.hear("chat message", 1), json!(["all"]));
}

/// No arguments.
const NOTHING: Vec<Value> = vec![];

/// The public name of a client, as the server tells it.
fn id(person: &Person) -> String {
    let answer = person.ask("whoami", NOTHING);
    answer[0].as_str().expect("its id").to_owned()
}

/// The number of a message, in the ack of it.
fn number(answer: &Value) -> u64 {
    answer[0]["id"].as_u64().expect("the number of a message")
}

/// A client of the plain door: JSON arrays both ways.
struct Door {
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    id: String,
}

impl Door {
    fn open(place: &Place) -> Self {
        let address = place.address.replace("http", "ws");
        let (socket, _) = tungstenite::connect(format!("{address}/ws")).expect("a door");
        if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
            stream.set_read_timeout(Some(PATIENCE)).expect("a stream");
        }
        let id = String::new();
        let mut door = Self { socket, id };
        door.send(&json!(["whoami"]));
        door.id = door.read()[1].as_str().expect("its id").to_owned();
        door
    }

    fn send(&mut self, event: &Value) {
        self.socket
            .send(Message::text(event.to_string()))
            .expect("a connection");
    }

    fn read(&mut self) -> Value {
        match self.socket.read().expect("a message in time") {
            Message::Text(text) => serde_json::from_str(&text).expect("a JSON array"),
            other => panic!("{other:?}"),
        }
    }
}
