//! The chat: an application of the library, which uses nothing but its public doors.
//!
//! Its events come from clients of Socket.IO and by the plain door at `/ws`, which makes no
//! difference here. What one client sends is pushed to the others it is meant for, as the same
//! event with two more arguments: the number of the message on this server, and the public name of
//! its sender. What is refused is answered in words: in the ack if there is one, else by `error`.

use roomcast::Who;
use roomcast::socketio::{Ack, Args, Event, Io, Socket};
use serde_json::json;
use serde_json::value::RawValue;

use crate::history::History;
use crate::page::Site;

/// The state of the chat, besides who is where.
pub(crate) struct Chat {
    site: Site,
    /// Senders get their own messages, too.
    echo: bool,
    history: History,
}

/// Why an event is refused, in words for its sender.
type Refusal = String;

/// Arguments of an event, each as it came.
type Raw = [Box<RawValue>];

/// What is told to a sender whose event is done.
enum Done {
    /// The ack alone.
    Ack(serde_json::Value),
    /// An answer that also comes as an event where there is no ack.
    Whoami(String, Vec<String>),
}

impl Chat {
    pub(crate) fn new(site: Site, echo: bool, history: usize) -> Self {
        Self {
            site,
            echo,
            history: History::new(history),
        }
    }

    /// Does what the chat does about an event.
    pub(crate) fn handle(&mut self, io: &mut Io<'_>, event: Event<'_>) {
        match event {
            Event::Connect {
                socket,
                auth,
                recovered,
                ..
            } => self.welcome(io, socket, auth, recovered),
            Event::Message {
                socket,
                name,
                args,
                ack,
            } => self.take(io, socket, name, args, ack),
            Event::Disconnect { sid, reason, .. } => log::info!("disconnect {sid}: {reason}"),
            Event::Room { change, .. } => log::info!("{change}"),
            Event::Core(event) => self.site.serve(io.hub(), &event),
            _ => {}
        }
    }

    /// Who says how far it has read gets what was said since; who is recovered has it already.
    fn welcome(&self, io: &mut Io<'_>, socket: Socket, auth: &str, recovered: bool) {
        let again = if recovered { " again" } else { "" };
        log::info!("connect {}{again}", name(io, socket));
        if let (Some(offset), false) = (server_offset(auth), recovered) {
            for kept in self.history.behind(offset) {
                let args = (&kept.text, kept.number, &kept.sender);
                io.emit(socket, "chat message", args);
            }
        }
    }

    fn take(
        &mut self,
        io: &mut Io<'_>,
        socket: Socket,
        event: &str,
        args: Args<'_>,
        ack: Option<Ack>,
    ) {
        let done = match args.parse::<Vec<Box<RawValue>>>() {
            Ok(args) => self.call(io, socket, event, &args),
            Err(error) => Err(error.to_string()),
        };
        match (done, ack) {
            (Ok(Done::Ack(answer)), Some(ack)) => _ = io.answer(ack, [answer]),
            (Ok(Done::Ack(_)), None) => {}
            (Ok(Done::Whoami(sid, rooms)), Some(ack)) => _ = io.answer(ack, (sid, rooms)),
            (Ok(Done::Whoami(sid, rooms)), None) => _ = io.emit(socket, "whoami", (sid, rooms)),
            (Err(why), ack) => refuse(io, socket, &why, ack),
        }
    }

    fn call(
        &mut self,
        io: &mut Io<'_>,
        socket: Socket,
        event: &str,
        args: &Raw,
    ) -> Result<Done, Refusal> {
        match (event, args) {
            ("chat message", [text]) => self.say(io, socket, text, None),
            ("chat message", [text, offset]) => self.say(io, socket, text, Some(offset)),
            ("room message", [room, _]) => {
                let room = member_of(io, socket, room)?;
                self.pass_on(io, socket, Who::Room(&room), event, args)
            }
            ("private message", [to, _]) => {
                let to = somebody(io, to)?;
                self.pass_on(io, socket, Who::One(to), event, args)
            }
            ("join", [room]) => join(io, socket, room),
            ("leave", [room]) => {
                let room = member_of(io, socket, room)?;
                io.leave(socket, &room);
                Ok(rooms(io, socket))
            }
            ("whoami", []) => Ok(Done::Whoami(
                name(io, socket),
                rooms_of(io, socket).collect(),
            )),
            _ => Err(unknown(event)),
        }
    }

    /// A message to everyone, which is kept. With a name that its sender gave it, a second copy of
    /// it is acknowledged and goes nowhere.
    fn say(
        &mut self,
        io: &mut Io<'_>,
        socket: Socket,
        text: &RawValue,
        offset: Option<&RawValue>,
    ) -> Result<Done, Refusal> {
        check_text(text)?;
        let offset = offset.map(client_offset).transpose()?;
        // First, as its sender may be back while its old connection is not known to be gone.
        let known = offset
            .as_ref()
            .and_then(|name| self.history.number_of(name));
        if let Some(number) = known {
            return Ok(Done::Ack(json!({ "id": number })));
        }
        may_use(io, socket, offset.as_deref())?;
        let sender = name(io, socket);
        let number = self.history.keep(text, &sender, offset);
        let to = io.everyone();
        let to = if self.echo { to } else { to.except(socket) };
        to.emit("chat message", (text, number, sender));
        Ok(Done::Ack(json!({ "id": number })))
    }

    /// A message to some, as it came and with its number and its sender.
    fn pass_on(
        &mut self,
        io: &mut Io<'_>,
        socket: Socket,
        who: Who<'_, Socket>,
        event: &str,
        args: &Raw,
    ) -> Result<Done, Refusal> {
        let (to, text) = (&args[0], &args[1]);
        check_text(text)?;
        let (number, sender) = (self.history.next_number(), name(io, socket));
        let all = io.to(who);
        let all = match (self.echo, who) {
            (true, _) => all.to(socket),
            (false, Who::Room(_)) => all.except(socket),
            // Somebody may write to itself.
            (false, Who::One(_)) => all,
        };
        all.emit(event, (to, text, number, sender));
        Ok(Done::Ack(json!({ "id": number })))
    }
}

fn join(io: &mut Io<'_>, socket: Socket, room: &RawValue) -> Result<Done, Refusal> {
    let room = room_name(room)?;
    // Whoever is in the room of somebody's name reads along what is private.
    if io.find(&room).is_some() {
        return Err("this room is somebody's own".to_owned());
    }
    if rooms_of(io, socket).count() >= MAX_ROOMS {
        return Err(format!("you are in {MAX_ROOMS} rooms already"));
    }
    io.join(socket, &room);
    Ok(rooms(io, socket))
}

/// The room that an argument names, if the sender is in it.
fn member_of(io: &Io<'_>, socket: Socket, room: &RawValue) -> Result<String, Refusal> {
    let room = room_name(room)?;
    match rooms_of(io, socket).any(|joined| joined == room) {
        true => Ok(room),
        false => Err(format!("you are not in the room {room}")),
    }
}

/// The public name that an argument is, if that socket is here.
fn somebody(io: &Io<'_>, to: &RawValue) -> Result<Socket, Refusal> {
    let to = string(to).and_then(|to| io.find(&to));
    to.ok_or_else(|| "nobody of that id is here".to_owned())
}

fn room_name(room: &RawValue) -> Result<String, Refusal> {
    let room = string(room).ok_or("the name of a room is a text")?;
    match room.len() {
        1..=MAX_NAME if !room.contains(char::is_control) => Ok(room),
        _ => Err(format!(
            "the name of a room has 1 to {MAX_NAME} bytes and no control characters"
        )),
    }
}

/// The name that a sender gives a message.
fn client_offset(offset: &RawValue) -> Result<String, Refusal> {
    let offset = string(offset).filter(|offset| offset.len() <= MAX_NAME);
    offset.ok_or(format!("the id of a message is a text of {MAX_NAME} bytes"))
}

/// Names begin with the sender's own as a rule, so that nobody may take one that begins with
/// somebody else's.
fn may_use(io: &Io<'_>, socket: Socket, offset: Option<&str>) -> Result<(), Refusal> {
    let owner = offset.and_then(|offset| io.find(offset.get(..20)?));
    match owner.is_none_or(|owner| owner == socket) {
        true => Ok(()),
        false => Err("this id of a message is somebody else's".to_owned()),
    }
}

fn check_text(text: &RawValue) -> Result<(), Refusal> {
    match text.get().starts_with('"') {
        true => Ok(()),
        false => Err("a message is a text".to_owned()),
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

fn refuse(io: &mut Io<'_>, socket: Socket, why: &str, ack: Option<Ack>) {
    log::debug!("refused {}: {why}", name(io, socket));
    match ack {
        Some(ack) => io.answer(ack, [json!({ "error": why })]),
        None => io.emit(socket, "error", (why,)),
    };
}

/// The text that an argument is, if it is one.
fn string(arg: &RawValue) -> Option<String> {
    serde_json::from_str(arg.get()).ok()
}

/// How far a client has read, if its payload says so.
fn server_offset(auth: &str) -> Option<u64> {
    let auth: serde_json::Value = serde_json::from_str(auth).ok()?;
    auth.get("serverOffset")?.as_u64()
}

fn rooms(io: &Io<'_>, socket: Socket) -> Done {
    let rooms: Vec<_> = rooms_of(io, socket).collect();
    Done::Ack(json!({ "rooms": rooms }))
}

/// The rooms of a socket besides its own.
fn rooms_of(io: &Io<'_>, socket: Socket) -> impl Iterator<Item = String> {
    let own = name(io, socket);
    let rooms = io.rooms_of(socket).into_iter().map(|room| room.to_string());
    rooms.filter(move |room| *room != own)
}

fn name(io: &Io<'_>, socket: Socket) -> String {
    io.sid(socket)
        .map_or_else(String::new, |sid| sid.to_string())
}

/// Rooms of one client besides its own, so that one cannot fill the memory with them.
const MAX_ROOMS: usize = 32;
/// Bytes.
const MAX_NAME: usize = 64;
