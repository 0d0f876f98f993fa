//! The chat: an application of the library, which uses nothing but its public doors.
//!
//! Its events come from clients of Socket.IO and by the plain door at `/ws`, which makes no
//! difference here. What one client sends is pushed to the others it is meant for, as the same
//! event with two more arguments, or three: the number of the message on this server, the public
//! name of its sender, and what the sender is called. Who gave a name is one of the people whom the
//! others see coming and going; who did not is none the worse. What is refused is answered in
//! words: in the ack if there is one, else by `error`.

use std::time::{SystemTime, UNIX_EPOCH};

use roomcast::socketio::{Ack, Args, Event, Io, Socket};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::history::{History, Since};
use crate::limits::{self, Limits, MAX_ROOMS, Pace, Refusal};
use crate::page::Site;
use crate::people::People;
use crate::places::{EVERYONE, at, may_use, member_of, name, place_of, rooms_of, somebody};

/// The state of the chat, besides who is where.
pub(crate) struct Chat {
    site: Site,
    /// Senders get their own messages, too.
    echo: bool,
    history: History,
    limits: Limits,
    pace: Pace<Socket>,
    people: People,
}

/// Arguments of an event, each as it came.
type Raw = [Box<RawValue>];

/// What is told to a sender whose event is done: the arguments of the ack.
type Done = Result<Vec<Value>, Refusal>;

impl Chat {
    pub(crate) fn new(site: Site, echo: bool, history: usize, limits: Limits) -> Self {
        Self {
            site,
            echo,
            history: History::new(history, clock()),
            limits,
            pace: Pace::new(),
            people: People::new(),
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
            Event::Disconnect {
                socket,
                sid,
                rooms,
                reason,
                ..
            } => {
                log::info!("disconnect {sid}: {reason}");
                self.pace.forget(&socket);
                self.people.leave(io, socket, &sid.text(), &rooms);
            }
            Event::Room { change, .. } => log::info!("{change}"),
            Event::Core(event) => self.site.serve(io.hub(), &event),
            _ => {}
        }
    }

    /// Who says how far it has read gets what was said since; who is recovered has it already.
    fn welcome(&mut self, io: &mut Io<'_>, socket: Socket, auth: &str, recovered: bool) {
        let again = if recovered { " again" } else { "" };
        log::info!("connect {}{again}", name(io, socket));
        let auth: Value = serde_json::from_str(auth).unwrap_or_default();
        if let Some(wanted) = auth["name"].as_str() {
            let wanted = limits::person(wanted).unwrap_or_else(|why| {
                refuse(io, socket, &why, None);
                "guest".to_owned()
            });
            self.people.call(io, socket, &wanted);
            io.emit(socket, "name", (self.people.name(socket),));
        }
        if let (Some(offset), false) = (auth["serverOffset"].as_u64(), recovered) {
            let run = auth["run"].as_u64();
            if run.is_some() {
                io.emit(socket, "run", (self.history.run,));
            }
            self.catch_up(io, socket, EVERYONE, (offset, run));
        }
    }

    /// Sends what was said in a place behind a number, and before that whether more was.
    fn catch_up(&self, io: &mut Io<'_>, socket: Socket, place: &str, since: Since) {
        if self.history.has_gap(place, since) {
            io.emit(socket, "gap", (place, since.0));
        }
        let with_time = place != EVERYONE || self.people.name(socket).is_some();
        for kept in self.history.behind(place, self.history.here(since)) {
            let (event, args) = kept.event(with_time);
            io.emit(socket, event, args);
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
            (Ok(answer), Some(ack)) => _ = io.answer(ack, answer),
            // Who asked hears the answer without an ack, too.
            (Ok(answer), None) if matches!(event, "whoami" | "name" | "who") => {
                io.emit(socket, event, answer);
            }
            (Ok(_), None) => {}
            (Err(why), ack) => refuse(io, socket, &why, ack),
        }
    }

    fn call(&mut self, io: &mut Io<'_>, socket: Socket, event: &str, args: &Raw) -> Done {
        let now = io.hub().now();
        if event != "whoami" {
            self.pace.step(socket, now, self.limits.rate)?;
        }
        match (event, args) {
            ("chat message", [_]) | ("room message" | "private message", [_, _]) => {
                self.send(io, socket, event, args, None)
            }
            ("chat message", [_, offset])
            | ("room message" | "private message", [_, _, offset]) => {
                self.send(io, socket, event, args, Some(&**offset))
            }
            ("join", [room, since @ ..]) => self.join(io, socket, room, since),
            ("leave", [room]) => {
                let room = member_of(io, socket, room)?;
                self.people.tell(io, socket, "left", &room);
                io.leave(socket, &room);
                Ok(rooms(io, socket))
            }
            ("name", [wanted]) => {
                let wanted = limits::string(wanted).ok_or("a name is a text")?;
                self.people.call(io, socket, &limits::person(&wanted)?);
                Ok(vec![json!(self.people.name(socket))])
            }
            ("who", [place]) => {
                let place = place_of(io, socket, place)?;
                let (people, count) = self.people.who(io, &place);
                Ok(vec![people, json!(count), json!(self.history.last)])
            }
            ("typing", [place]) => {
                let place = place_of(io, socket, place)?;
                self.people.tell(io, socket, "typing", &place);
                Ok(vec![])
            }
            ("whoami", []) => {
                let rooms: Vec<_> = rooms_of(io, socket).collect();
                Ok(vec![json!(name(io, socket)), json!(rooms)])
            }
            _ => Err(limits::unknown(event)),
        }
    }

    /// A message. With a name that its sender gave it, a second copy of it is acknowledged and
    /// goes nowhere.
    fn send(
        &mut self,
        io: &mut Io<'_>,
        socket: Socket,
        event: &str,
        args: &Raw,
        offset: Option<&RawValue>,
    ) -> Done {
        let offset = offset.map(limits::offset).transpose()?;
        // First, as its sender may be back while its old connection is not known to be gone.
        let known = offset
            .as_ref()
            .and_then(|name| self.history.number_of(name));
        if let Some(number) = known {
            return Ok(vec![json!({ "id": number })]);
        }
        may_use(io, socket, offset.as_deref())?;
        let number = match (event, args) {
            ("private message", [to, text, ..]) => self.whisper(io, socket, to, text)?,
            ("room message", [room, text, ..]) => {
                let room = member_of(io, socket, room)?;
                self.say(io, socket, &room, text)?
            }
            (_, args) => self.say(io, socket, EVERYONE, &args[0])?,
        };
        if let Some(offset) = offset {
            self.history.remember(offset, number);
        }
        Ok(vec![json!({ "id": number })])
    }

    /// A message to all others of a place, which is kept; says its number.
    fn say(
        &mut self,
        io: &mut Io<'_>,
        socket: Socket,
        place: &str,
        text: &RawValue,
    ) -> Result<u64, Refusal> {
        self.limits.text(text)?;
        let (sender, called) = (name(io, socket), self.people.name(socket));
        let said = self.history.said(place, text, &sender, called, clock());
        let (number, (event, args)) = (said.number, said.event(false));
        let all = at(io, place);
        let all = if self.echo { all } else { all.except(socket) };
        all.emit(event, args);
        self.history.keep(said);
        Ok(number)
    }

    /// A message to one, which is not kept.
    fn whisper(
        &mut self,
        io: &mut Io<'_>,
        socket: Socket,
        to: &RawValue,
        text: &RawValue,
    ) -> Result<u64, Refusal> {
        self.limits.text(text)?;
        let whom = somebody(io, to)?;
        let (number, sender) = (self.history.next_number(), name(io, socket));
        let one = io.to(whom);
        let one = if self.echo { one.to(socket) } else { one };
        match self.people.name(socket) {
            None => one.emit("private message", (to, text, number, sender)),
            Some(called) => {
                let about = json!({ "name": called });
                one.emit("private message", (to, text, number, sender, about))
            }
        };
        Ok(number)
    }

    /// Enters a room, and catches up with it for who says how far it has read.
    fn join(&self, io: &mut Io<'_>, socket: Socket, room: &RawValue, since: &Raw) -> Done {
        let room = limits::room(room)?;
        let since = limits::since(since)?;
        // Whoever is in the room of somebody's name reads along what is private.
        if io.find(&room).is_some() {
            return Err("this room is somebody's own".to_owned());
        }
        if rooms_of(io, socket).count() >= MAX_ROOMS {
            return Err(format!("you are in {MAX_ROOMS} rooms already"));
        }
        if io.join(socket, &room) {
            self.people.tell(io, socket, "joined", &room);
        }
        if let Some(since) = since {
            self.catch_up(io, socket, &room, since);
        }
        Ok(rooms(io, socket))
    }
}

fn refuse(io: &mut Io<'_>, socket: Socket, why: &str, ack: Option<Ack>) {
    log::debug!("refused {}: {why}", name(io, socket));
    match ack {
        Some(ack) => io.answer(ack, [json!({ "error": why })]),
        None => io.emit(socket, "error", (why,)),
    };
}

fn rooms(io: &Io<'_>, socket: Socket) -> Vec<Value> {
    let rooms: Vec<_> = rooms_of(io, socket).collect();
    vec![json!({ "rooms": rooms })]
}

/// Milliseconds since 1970.
fn clock() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}
