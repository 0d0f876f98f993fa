//! The application under test: it joins and leaves, talks to rooms, answers, asks, and remembers what
//! happened.

use roomcast::socketio::{Args, Event, Io, Socket};

use super::Play;

/// What the application remembers.
#[derive(Default)]
pub(super) struct App {
    pub(super) log: Vec<String>,
    /// Who is neither admitted nor refused yet.
    waiting: Vec<Socket>,
}

impl Play for App {
    fn handle(&mut self, io: &mut Io<'_>, event: Event<'_>) {
        match event {
            Event::Handshake { request } if request.query().unwrap_or("").contains("secret=no") => {
                io.forbid("not \"you\"");
            }
            Event::Refused { code, context, .. } => {
                self.log.push(format!("refused, {code} {context}"));
            }
            Event::Authorize {
                socket,
                namespace,
                auth,
            } => self.judge(io, socket, namespace, auth),
            Event::Message {
                socket,
                name,
                args,
                ack,
            } => {
                self.take(io, socket, name, args);
                if let Some(ack) = ack {
                    io.answer(ack, args);
                }
            }
            Event::Answers {
                answers, missing, ..
            } => self
                .log
                .push(format!("{} answers, {missing} missing", answers.len())),
            Event::Connect {
                recovered, lost, ..
            } => self.log.push(match lost {
                Some(why) => format!("connect, {why}"),
                None => format!("connect, recovered {recovered}"),
            }),
            Event::Disconnect {
                namespace, reason, ..
            } => {
                self.log.push(format!("disconnect, {reason}"));
                if namespace == "/farewell" {
                    io.of(namespace).emit("left", ());
                }
            }
            Event::Room { change, .. } => {
                let change = change.to_string();
                let words: Vec<_> = change.split(' ').take(2).collect();
                self.log.push(words.join(" "));
            }
            Event::Core(roomcast::Event::Close { reason, .. }) => {
                self.log.push(format!("a connection of the core, {reason}"));
            }
            _ => {}
        }
    }
}

impl App {
    fn judge(&mut self, io: &mut Io<'_>, socket: Socket, namespace: &str, auth: &str) {
        match namespace {
            "/slow" => {
                io.join(socket, "early");
                assert_eq!(io.to("early").emit("not yet", ()), 0);
                assert!(io.defer(socket));
                self.waiting.push(socket);
            }
            _ if auth.contains("\"wrong\"") => {
                io.join(socket, "M");
                assert!(io.refuse(socket, "not you", "[1]"));
                assert!(!io.refuse(socket, "twice", ""));
            }
            _ => {}
        }
    }

    fn take(&mut self, io: &mut Io<'_>, socket: Socket, name: &str, args: Args<'_>) {
        match name {
            "join" => _ = io.join(socket, args.json().trim_matches('"')),
            "leave" => _ = io.leave(socket, args.json().trim_matches('"')),
            "room" => {
                let room = io.around(socket).to("lobby").except(socket);
                room.emit("room", args);
            }
            "all" => _ = io.around(socket).emit("all", args),
            "kick" => _ = io.disconnect(socket, args.json() == "true"),
            "drop" => _ = io.drop_transport(socket),
            // To a socket that is gone by then.
            "ghost" => {
                io.disconnect(socket, false);
                io.of("/").to(socket).emit("secret", args);
            }
            "ask" => _ = io.everyone().ask("question", args, 1000),
            "volatile" => _ = io.everyone().volatile().emit("volatile", args),
            "note" => self.log.push("noted".to_owned()),
            "set" => self.set(io, socket, args),
            "admit" => {
                for socket in std::mem::take(&mut self.waiting) {
                    self.log.push(format!("admitted {}", io.admit(socket)));
                }
            }
            "refuse" => {
                for socket in std::mem::take(&mut self.waiting) {
                    let refused = io.refuse(socket, "no", "");
                    self.log.push(format!("refused {refused}"));
                }
            }
            _ => {}
        }
    }

    /// Does something with the set of those in one list of rooms and not in another.
    fn set(&mut self, io: &mut Io<'_>, socket: Socket, args: Args<'_>) {
        type Rooms = Vec<String>;
        let (from, to, except, verb): (String, Rooms, Rooms, String) = args.parse().unwrap();
        let set = match &*from {
            "io" => io.everyone(),
            "socket" => io.broadcast(socket),
            namespace => io.of(namespace),
        };
        let set = to.iter().fold(set, |set, room| set.to(room));
        let set = except.iter().fold(set, |set, room| set.except(room));
        match &*verb {
            "emit" => self.log.push(format!("{} get it", set.emit("set", ()))),
            "volatile" => _ = set.volatile().emit("volatile", ()),
            "join" => set.sockets_join("new"),
            "leave" => set.sockets_leave("a"),
            "close" => set.disconnect_sockets(true),
            _ => self
                .log
                .push(format!("{} there", set.fetch_sockets().len())),
        }
    }
}
