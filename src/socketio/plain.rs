//! The plain door: a WebSocket without the protocol, for clients without any library. A message is
//! one JSON array, `["event", argument, …]`, both ways, and its client is a socket of the root
//! namespace like any other. What it sends wrong is answered by `["error", reason]`.

use serde_json::value::RawValue;

use super::args::Args;
use super::event::{Event, Part};
use super::packet::{self, BadPacket};
use super::session::{Carrier, NEVER, Session};
use super::{Handler, Io, SocketIo};
use crate::{Hub, Id};

impl SocketIo {
    /// A WebSocket has opened at the plain door.
    pub(super) fn open_plain(&mut self, hub: &mut Hub, id: Id, handler: Handler<'_>) {
        // Nothing can be known of its session but by its WebSocket, so that its name stays unused.
        let session = Session::new(hub.fresh_sid(), Carrier::Plain(id), NEVER, NEVER);
        let key = self.sessions.insert(session) as u32;
        self.set_role(id, Some(Part::Plain(key)));
        self.connect(hub, key, "/", "", handler);
    }

    /// A message has come by the plain door.
    pub(super) fn plain_text(
        &mut self,
        hub: &mut Hub,
        id: Id,
        key: u32,
        text: &str,
        handler: Handler<'_>,
    ) {
        let (name, json) = match decode(text) {
            Ok(call) => call,
            Err(BadPacket(why)) => return complain(hub, id, why),
        };
        let Some(socket) = self.socket_in(key, "/") else {
            return;
        };
        if self.lobby.contains_key(&socket.key) {
            return complain(hub, id, "you are not let in yet");
        }
        let event = Event::Message {
            socket,
            name: &name,
            args: Args {
                json,
                attachments: &[],
            },
            ack: None,
        };
        handler(&mut Io { state: self, hub }, event);
    }
}

/// Tells a plain client what it did wrong.
pub(super) fn complain(hub: &mut Hub, id: Id, why: &str) {
    hub.send(id, &format!("[\"error\",{}]", serde_json::Value::from(why)));
}

/// Reads a message: the name of an event, and its arguments as they came.
fn decode(text: &str) -> Result<(String, &str), BadPacket> {
    packet::check_depth(text)?;
    let items: Vec<&RawValue> =
        serde_json::from_str(text).map_err(|_| BadPacket("a message is one JSON array"))?;
    let name = items
        .first()
        .ok_or(BadPacket("a message begins with the name of an event"))?;
    let name: String = serde_json::from_str(name.get())
        .map_err(|_| BadPacket("the name of an event is a string"))?;
    match packet::is_reserved(&name) {
        true => Err(BadPacket("an event with a reserved name")),
        false => Ok((name, packet::between(text, items.get(1)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, name: &str, args: &str) {
        assert_eq!(decode(text), Ok((name.to_owned(), args)));
    }

    #[track_caller]
    fn refused(text: &str, why: &'static str) {
        assert_eq!(decode(text), Err(BadPacket(why)), "{text}");
    }

    #[test]
    fn a_message_is_read_and_its_arguments_stay_as_they_are() {
        check(r#"["join","lobby"]"#, "join", r#""lobby""#);
        check(
            r#" ["a\u0062" , 1.50, {"x":[ ]},null ] "#,
            "ab",
            r#"1.50, {"x":[ ]},null"#,
        );
        check(r#"["__proto__"]"#, "__proto__", "");
    }

    #[test]
    fn what_is_no_message_is_told_in_words() {
        for text in ["", "{}", "hello", "[", r#"["a"] x"#, r#"["a",]"#, r#""a""#] {
            refused(text, "a message is one JSON array");
        }
        refused("[]", "a message begins with the name of an event");
        refused("[1]", "the name of an event is a string");
        refused(r#"["\ud800"]"#, "the name of an event is a string");
        refused(r#"["connect"]"#, "an event with a reserved name");
        let deep = format!("[\"a\",{}{}]", "[".repeat(100_000), "]".repeat(100_000));
        refused(&deep, "JSON nested too deep");
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        refused(&nested(101), "JSON nested too deep");
        refused(&nested(100), "the name of an event is a string");
        let quoted = format!("[1,\"{}\"]", "[".repeat(1000));
        refused(&quoted, "the name of an event is a string");
    }
}
