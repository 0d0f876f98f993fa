//! What a client of `socketio` reads: packets, from frames or from the answers to polls. Attachments
//! follow what they belong to, and messages are known by their numbers.

use std::collections::BTreeMap;

use roomcast::Id;

use super::frames::Frames;

#[derive(Debug, Default)]
pub(crate) struct Client {
    /// The private name of its session, if it polls.
    pub(crate) session: String,
    /// The public name of a client of the plain door, which is told none.
    pub(crate) sid: String,
    /// It may not poll any more.
    pub(crate) over: bool,
    /// Its WebSocket.
    pub(crate) web: Option<Id>,
    frames: Frames,
    /// Its public names, by namespaces.
    names: BTreeMap<String, String>,
    /// Attachments that come next.
    missing: usize,
}

/// A message that has come: the name of the socket that it was for, and its number.
pub(crate) type Got = (String, u64);

impl Client {
    /// It has a WebSocket from now on, which is open.
    pub(crate) fn begin_web(&mut self, id: Id) {
        self.web = Some(id);
        self.frames = Frames::opened();
    }

    pub(crate) fn take_frames(&mut self, bytes: &[u8], got: &mut Vec<Got>) {
        self.frames.feed(bytes);
        while let Some((first, payload)) = self.frames.next() {
            match first {
                0x81 => {
                    let text = String::from_utf8(payload).expect("text");
                    got.extend(self.take_text(&text));
                }
                0x82 => self.take_attachment(),
                _ => {}
            }
        }
    }

    /// The answer to a poll, whole; or nothing yet.
    pub(crate) fn take_answer(&mut self, answer: &[u8], got: &mut Vec<Got>) {
        let answer = std::str::from_utf8(answer).expect("text");
        let Some((head, body)) = answer.split_once("\r\n\r\n") else {
            return;
        };
        if !head.starts_with("HTTP/1.1 200 ") {
            self.over = true;
            return;
        }
        for part in body.split('\x1e') {
            match part.strip_prefix('b') {
                Some(_) => self.take_attachment(),
                None => got.extend(self.take_text(part)),
            }
        }
    }

    fn take_attachment(&mut self) {
        // At the plain door nothing says how many there are.
        if self.sid.is_empty() {
            assert!(self.missing > 0, "an attachment of nothing");
            self.missing -= 1;
        }
    }

    fn take_text(&mut self, text: &str) -> Option<Got> {
        // Others may stand anywhere.
        let is_packet = text.starts_with('4') && text.len() > 1;
        assert!(!is_packet || self.missing == 0, "{text} and no attachment");
        match text.as_bytes() {
            [b'[', ..] => numbered(&self.sid, text),
            [b'0', ..] => {
                self.session = field(&text[1..]);
                None
            }
            [b'4', _, ..] => self.take_packet(&text[1..]),
            _ => None,
        }
    }

    fn take_packet(&mut self, packet: &str) -> Option<Got> {
        let (kind, rest) = packet.split_at(1);
        let (count, rest) = match kind {
            "5" | "6" => rest.split_once('-').expect("a number of attachments"),
            _ => ("0", rest),
        };
        self.missing = count.parse().expect("a number");
        let (namespace, rest) = match rest.starts_with('/') {
            true => rest.split_once(',').expect("a comma behind it"),
            false => ("/", rest),
        };
        if kind == "0" {
            self.names.insert(namespace.to_owned(), field(rest));
        }
        let json = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let sid = self.names.get(namespace).filter(|_| kind == "2")?;
        numbered(sid, json)
    }
}

/// The public or the private name that it is told.
fn field(json: &str) -> String {
    let rest = json.strip_prefix("{\"sid\":\"").expect("a name");
    rest.split('"').next().unwrap_or("").to_owned()
}

/// An event, if it is one of those that the application has numbered.
fn numbered(sid: &str, json: &str) -> Option<Got> {
    let topics = ["[\"n0\",", "[\"n1\","];
    let rest = topics.iter().find_map(|topic| json.strip_prefix(topic))?;
    let number = rest.split(',').next()?.parse().expect("a number");
    Some((sid.to_owned(), number))
}
