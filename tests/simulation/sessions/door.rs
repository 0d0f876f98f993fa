//! A client of the plain door: JSON arrays on a WebSocket, and none of the protocol. It is a socket
//! of the root namespace to all others. How it comes and goes is that of any plain socket (`plain`).

use serde_json::{Value, json};

use super::ledger::Who;
use super::mark;
use super::packet::Incoming;
use super::stage::Stage;
use crate::sockets::Client;

pub(super) const PATH: &str = "/plain";

/// Who comes by the plain door is counted from here on, so that it is no other's number.
pub(super) const FIRST: usize = 10_000;

#[derive(Default)]
pub(super) struct Door {
    /// What the application told it of itself.
    pub(super) who: Option<Who>,
    sid: String,
    /// How many of its events it has sent.
    said: u32,
    /// So many of its texts, and of the bytes behind them, are known to be right.
    texts: usize,
    bytes: usize,
}

impl Door {
    /// Compares what has come with what had to come.
    pub(super) fn compare(&mut self, client: &Client, stage: &mut Stage) {
        while let Some(text) = client.texts.get(self.texts) {
            let data: Value = serde_json::from_str(text).expect("an array");
            let blobs = match data[0].as_str() {
                Some("you") => self.introduced(&data),
                Some("question") => 0,
                Some(name) => {
                    let Some(blobs) = self.news(name, &data, client, stage) else {
                        return;
                    };
                    blobs
                }
                None => panic!("an event without a name: {text}"),
            };
            self.texts += 1;
            self.bytes += blobs;
        }
        assert_eq!(client.bytes.len(), self.bytes, "bytes of no message");
    }

    fn introduced(&mut self, data: &Value) -> usize {
        assert_eq!(self.who, None, "told twice");
        self.sid = data[1].as_str().unwrap().to_owned();
        self.who = Some((data[2].as_u64().unwrap() as usize, 0));
        0
    }

    /// A message, if all its bytes have come; how many there are.
    fn news(&self, name: &str, data: &Value, client: &Client, stage: &mut Stage) -> Option<usize> {
        let mut incoming = Incoming::event(data.clone());
        let count = mark::blobs(incoming.mark()).len();
        incoming.blobs = client.bytes.get(self.bytes..self.bytes + count)?.to_vec();
        incoming.check();
        match name {
            "news" => stage.ledger.received(&self.sid, incoming.mark()),
            "whisper" => {}
            _ => panic!("an event that nobody sent: {name}"),
        }
        stage.count("messages by the plain door");
        Some(count)
    }

    /// How many messages have not come that were sent to it.
    pub(super) fn lacks(&self, stage: &Stage) -> usize {
        self.who.map_or(0, |_| stage.ledger.lacks(&self.sid).len())
    }

    /// Something that it says: the text of an event.
    pub(super) fn speak(&mut self, stage: &mut Stage) -> String {
        let who = self.who.expect("it knows its name");
        let room = stage.scale.room(who.0, stage);
        self.said += 1;
        stage.ledger.sent(who, self.said);
        let said = self.said;
        let event = match stage.below(6) {
            0 => json!(["join", said, room]),
            1 => json!(["leave", said, room]),
            _ => {
                let mark = (who.0, said);
                let except = [self.sid.clone()];
                let except = &except[..stage.below(2)];
                json!(["say", said, [room], except, who.0, said, mark::text(mark)])
            }
        };
        event.to_string()
    }
}
