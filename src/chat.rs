//! The chat: an application of the library, which uses nothing but its public doors.
//!
//! Its events come in by the plain door at `/ws`. What one client sends is pushed to the others it
//! is meant for, as the same event with two more arguments: the number of the message on this
//! server, and the public name of its sender. What is refused is answered by `error`, in words.

use roomcast::files::Files;
use roomcast::{CloseReason, Event, Hub, Id, Request, Response, RoomEvent, Sid};
use serde_json::value::RawValue;

use crate::page;
use crate::plain::{self, Call};

/// The state of the chat, besides what the hub keeps.
pub(crate) struct Chat {
    site: Site,
    /// Messages so far; the number of the last one.
    sent: u64,
    /// Who has left a room last.
    left: Option<(Id, Sid)>,
}

/// What is served over HTTP.
pub(crate) enum Site {
    /// The page inside the program.
    Page,
    /// A folder of the user's own.
    Folder(Files),
}

/// Why an event is refused, in words for its sender.
type Refusal = String;

impl Chat {
    pub(crate) fn new(site: Site) -> Self {
        Self {
            site,
            sent: 0,
            left: None,
        }
    }

    /// Does what the chat does about an event.
    pub(crate) fn handle(&mut self, hub: &mut Hub, event: Event<'_>) {
        match event {
            Event::Request { id, request } => _ = hub.respond(id, self.answer(&request)),
            Event::Upgrade { id, request } if request.path() != DOOR => {
                hub.respond(
                    id,
                    Response::text(404, format_args!("the WebSocket is at {DOOR}")),
                );
            }
            Event::Open { id } => log::info!("connect {}", name(hub, id)),
            Event::Text { id, text } => self.take(hub, id, text),
            Event::Binary { id, .. } => refuse(hub, id, "a message is text: one JSON array"),
            Event::Close { id, reason, .. } => self.say_goodbye(id, &reason),
            Event::Room(change) => self.note(&change),
            _ => {}
        }
    }

    fn note(&mut self, change: &RoomEvent<Id>) {
        log::info!("{change}");
        if let RoomEvent::Leave { id, sid, .. } = *change {
            self.left = Some((id, sid));
        }
    }

    /// A socket that is gone has no name any more, but it has just left its rooms by it.
    fn say_goodbye(&self, id: Id, reason: &CloseReason) {
        let sid = self
            .left
            .filter(|(left, _)| *left == id)
            .map(|(_, sid)| sid.to_string());
        log::info!("disconnect {}: {reason}", sid.unwrap_or_default());
    }

    fn answer(&self, request: &Request<'_>) -> Response {
        match &self.site {
            // RFC 9110 §15.5.22: this path speaks another protocol.
            _ if request.path() == DOOR => Response::text(426, "a WebSocket is here")
                .header("Upgrade", "websocket")
                .header("Sec-WebSocket-Version", "13"),
            Site::Page => page::answer(request),
            Site::Folder(files) => files.answer(request),
        }
    }

    fn take(&mut self, hub: &mut Hub, id: Id, text: &str) {
        let done = match Call::decode(text) {
            Ok(call) => self.call(hub, id, &call),
            Err(why) => Err(why.to_owned()),
        };
        if let Err(why) = done {
            refuse(hub, id, &why);
        }
    }

    fn call(&mut self, hub: &mut Hub, id: Id, call: &Call<'_>) -> Result<(), Refusal> {
        match (&*call.name, &*call.args) {
            ("chat message", [text]) => {
                let event = self.event(hub, id, call, text)?;
                hub.everyone().except(id).send(&event);
            }
            ("room message", [room, text]) => {
                let room = member_of(hub, id, room)?;
                let event = self.event(hub, id, call, text)?;
                hub.to(&room).except(id).send(&event);
            }
            ("private message", [to, text]) => {
                let to = somebody(hub, to)?;
                let event = self.event(hub, id, call, text)?;
                hub.to(&to).send(&event);
            }
            ("join", [room]) => join(hub, id, room)?,
            ("leave", [room]) => _ = hub.leave(id, &member_of(hub, id, room)?),
            ("whoami", []) => whoami(hub, id),
            _ => return Err(unknown(&call.name)),
        }
        Ok(())
    }

    /// The event as its receivers get it: with its number and its sender.
    fn event(
        &mut self,
        hub: &Hub,
        id: Id,
        call: &Call<'_>,
        text: &RawValue,
    ) -> Result<String, Refusal> {
        if !text.get().starts_with('"') {
            return Err("a message is a text".to_owned());
        }
        self.sent += 1;
        let (number, sender) = (self.sent.to_string(), plain::quote(&name(hub, id)));
        let mut args: Vec<&str> = call.args.iter().map(|arg| arg.get()).collect();
        args.extend([&*number, &*sender]);
        Ok(plain::encode(&call.name, &args))
    }
}

fn join(hub: &mut Hub, id: Id, room: &RawValue) -> Result<(), Refusal> {
    let room = room_name(room)?;
    // Whoever is in the room of somebody's name reads along what is private.
    if hub.find(&room).is_some() {
        return Err("this room is somebody's own".to_owned());
    }
    if hub.rooms_of(id).count() > MAX_ROOMS {
        return Err(format!("you are in {MAX_ROOMS} rooms already"));
    }
    hub.join(id, &room);
    Ok(())
}

fn whoami(hub: &mut Hub, id: Id) {
    let me = name(hub, id);
    let rooms: Vec<String> = hub
        .rooms_of(id)
        .filter(|room| *room != *me)
        .map(|room| plain::quote(&room))
        .collect();
    let rooms = format!("[{}]", rooms.join(","));
    hub.send(id, &plain::encode("whoami", &[&plain::quote(&me), &rooms]));
}

/// The room that an argument names, if the sender is in it.
fn member_of(hub: &Hub, id: Id, room: &RawValue) -> Result<String, Refusal> {
    let room = room_name(room)?;
    match hub.rooms().contains(&room, id) && hub.find(&room).is_none() {
        true => Ok(room),
        false => Err(format!("you are not in the room {room}")),
    }
}

/// The public name that an argument is, if that socket is here.
fn somebody(hub: &Hub, to: &RawValue) -> Result<String, Refusal> {
    let to = plain::string(to).filter(|to| hub.find(to).is_some());
    to.ok_or_else(|| "nobody of that id is here".to_owned())
}

fn room_name(room: &RawValue) -> Result<String, Refusal> {
    let room = plain::string(room).ok_or("the name of a room is a text")?;
    match room.len() {
        1..=MAX_ROOM_NAME if !room.contains(char::is_control) => Ok(room),
        _ => Err(format!(
            "the name of a room has 1 to {MAX_ROOM_NAME} bytes and no control characters"
        )),
    }
}

fn unknown(event: &str) -> Refusal {
    let known = "chat message (text), room message (room, text), private message (id, text), join (room), leave (room), whoami ()";
    match known.split(", ").any(|known| {
        known
            .split_once(" (")
            .is_some_and(|(name, _)| name == event)
    }) {
        true => format!("{event} has other arguments; the events are {known}"),
        false => format!("there is no such event; the events are {known}"),
    }
}

fn refuse(hub: &mut Hub, id: Id, why: &str) {
    log::debug!("refused {}: {why}", name(hub, id));
    hub.send(id, &plain::encode("error", &[&plain::quote(why)]));
}

fn name(hub: &Hub, id: Id) -> String {
    hub.sid(id).map_or_else(String::new, |sid| sid.to_string())
}

/// Where the plain door is.
const DOOR: &str = "/ws";
/// Rooms of one client besides its own, so that one cannot fill the memory with them.
const MAX_ROOMS: usize = 32;
/// Bytes.
const MAX_ROOM_NAME: usize = 64;
