//! Clients of the crate, and all that comes to them, one thing after the other.

use std::{
    sync::mpsc::{Receiver, Sender, channel},
    time::Duration,
};

use rust_socketio::{ClientBuilder, Event, Payload, TransportType, client::Client};
use serde_json::{Value, json};

use crate::program::Program;

/// The limit of any one wait.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// The crate's name for the event of a connection.
pub(crate) const CONNECTED: &str = "open";

/// Where a check runs: the program, its address, and the client's transport.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) path: String,
    pub(crate) address: String,
    pub(crate) transport: TransportType,
}

impl Place {
    /// A program of its own with these flags, and the same place there.
    pub(crate) fn apart(&self, flags: &[&str]) -> (Program, Self) {
        let program = Program::start(&self.path, &[&["--port", "0"], flags].concat());
        let address = program.address.clone();
        let place = Self {
            address,
            ..self.clone()
        };
        (program, place)
    }

    /// A connected client of a namespace.
    pub(crate) fn connect(&self, namespace: &str) -> Person {
        let person = self.meet(namespace, json!({}));
        person.next(CONNECTED);
        person
    }

    /// A client whose connection is still to be answered.
    pub(crate) fn meet(&self, namespace: &str, auth: Value) -> Person {
        let (sender, heard) = channel();
        let mut builder = ClientBuilder::new(&self.address)
            .namespace(namespace)
            .auth(auth)
            .transport_type(self.transport.clone())
            .reconnect_delay(50, 200);
        for event in [Event::Connect, Event::Error, Event::Close] {
            builder = builder.on(event.clone(), tell(&sender, event));
        }
        let any = sender;
        let builder = builder.on_any(move |event, payload, _| {
            let _ = any.send((String::from(event), payload));
        });
        Person {
            client: builder.connect().expect("a server that listens"),
            heard,
        }
    }
}

pub(crate) type News = (String, Payload);

fn tell<C>(sender: &Sender<News>, event: Event) -> impl FnMut(Payload, C) + Send + 'static {
    let (sender, event) = (sender.clone(), String::from(event));
    move |payload, _| {
        let _ = sender.send((event.clone(), payload));
    }
}

/// A client, and all that came to it.
pub(crate) struct Person {
    client: Client,
    heard: Receiver<News>,
}

impl Person {
    pub(crate) fn emit(&self, event: &str, payload: impl Into<Payload>) {
        self.client.emit(event, payload).expect("a connection");
    }

    /// The payload of what comes next, which must be this event.
    pub(crate) fn next(&self, event: &str) -> Payload {
        let (came, payload) = self.any();
        assert_eq!(came, event, "{payload:?}");
        payload
    }

    /// The arguments of what comes next, which must be this event, without those behind `n`.
    pub(crate) fn hear(&self, event: &str, n: usize) -> Value {
        match self.next(event) {
            Payload::Text(mut values) => {
                values.truncate(n);
                Value::Array(values)
            }
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn any(&self) -> News {
        self.heard
            .recv_timeout(PATIENCE)
            .expect("something in time")
    }

    /// The list of arguments that the server answers with.
    pub(crate) fn ask(&self, event: &str, payload: impl Into<Payload>) -> Value {
        let (sender, answer) = channel();
        let callback = move |payload, _| {
            let _ = sender.send(payload);
        };
        self.client
            .emit_with_ack(event, payload, PATIENCE, callback)
            .expect("a connection");
        match answer.recv_timeout(PATIENCE).expect("an answer in time") {
            Payload::Text(mut values) => values.remove(0),
            other => panic!("{other:?}"),
        }
    }
}
