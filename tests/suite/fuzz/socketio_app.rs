//! The application of the clients in `socketio`: what they say makes it speak to rooms, some of whose
//! messages may be missed, and do whatever else it can. What must come is written down.

use std::collections::BTreeMap;

use roomcast::Policy;
use roomcast::socketio::{Args, Event, Io, Socket};

use super::ledger::{Fate, Ledger};

pub(crate) struct App {
    /// How many have come and not gone.
    pub(crate) count: i64,
    /// The names of those who are there.
    sockets: BTreeMap<Socket, String>,
    /// The name of who came last.
    pub(crate) latest: String,
    /// Who has to wait until somebody speaks.
    waiting: Vec<Socket>,
    /// What was sent, by the names of sockets.
    pub(crate) ledger: Ledger<String>,
    /// Bytes that it may have sent since the last turn.
    pub(crate) given: usize,
    /// Clients may come back, and get some of it again.
    pub(crate) recovers: bool,
}

impl App {
    pub(crate) fn new(recovers: bool) -> Self {
        Self {
            count: 0,
            sockets: BTreeMap::new(),
            latest: String::new(),
            waiting: Vec::new(),
            ledger: Ledger::new(false),
            given: 0,
            recovers,
        }
    }

    /// The names of those who are there.
    pub(crate) fn sids(&self) -> Vec<String> {
        self.sockets.values().cloned().collect()
    }

    pub(crate) fn handle(&mut self, io: &mut Io<'_>, event: Event<'_>) {
        self.given += 400;
        match event {
            Event::Connect {
                socket, namespace, ..
            } => self.enter(io, socket, namespace),
            Event::Disconnect { socket, .. } => {
                self.count -= 1;
                self.sockets.remove(&socket);
            }
            Event::Authorize { socket, auth, .. } if auth.contains("wait") => {
                io.defer(socket);
                self.waiting.push(socket);
            }
            Event::Authorize { socket, auth, .. } if auth.contains("no") => {
                io.refuse(socket, "no", "");
            }
            Event::Message {
                socket,
                name,
                args,
                ack,
            } => {
                self.waiting.pop().map(|socket| io.admit(socket));
                self.take(io, socket, name, args);
                if let Some(ack) = ack {
                    io.answer(ack, args);
                }
                self.given += 2 * args.json().len();
            }
            _ => {}
        }
    }

    fn enter(&mut self, io: &mut Io<'_>, socket: Socket, namespace: &str) {
        self.count += 1;
        io.set_policy(namespace, "old", Policy::DropOldest);
        io.set_policy(namespace, "new", Policy::Latest);
        io.join(socket, "old");
        io.join(socket, "new");
        let sid = io.sid(socket).expect("it is there").to_string();
        self.latest.clone_from(&sid);
        self.sockets.insert(socket, sid);
    }

    fn take(&mut self, io: &mut Io<'_>, socket: Socket, name: &str, args: Args<'_>) {
        let attached: usize = args
            .attachments()
            .iter()
            .map(|bytes| bytes.len() + 100)
            .sum();
        self.given += 6 * (args.json().len() + attached + name.len() + 100);
        match name {
            "a" => _ = io.around(socket).ask("a", args, 1000),
            "d" => _ = io.disconnect(socket, false),
            "D" => _ = io.disconnect(socket, true),
            "x" => _ = io.drop_transport(socket),
            "v" => _ = io.around(socket).volatile().emit("v", args),
            "e" => _ = io.around(socket).to(socket).to("new").emit("e", args),
            _ => {
                io.join(socket, name);
                io.around(socket).to(name).emit("event", args);
                self.tell(io, socket, name, args.json());
            }
        }
    }

    /// A message to all, to a room, or to two of them; its number is its first argument.
    fn tell(&mut self, io: &mut Io<'_>, socket: Socket, room: &str, json: &str) {
        let topic = ["n0", "n1"][json.len() % 2];
        let fate = match room {
            "old" => Fate::Oldest,
            "new" => Fate::Latest(format!("{:?} {topic}", io.namespace(socket))),
            _ => Fate::Must,
        };
        let number = self.ledger.next();
        let around = match room {
            "all" => io.around(socket),
            "both" => io.around(socket).to("old").to("new"),
            room => io.around(socket).to(room),
        };
        let whom = around.fetch_sockets();
        let filler = "x".repeat(json.len() % 200 * 4);
        let count = around.emit(topic, (number, &filler));
        assert_eq!(count, whom.len());
        self.given += 3 * (filler.len() + 200) + 50 * count;
        // Who was admitted just now is among them, though it has not connected for us.
        for socket in whom {
            let sid = io.sid(socket).expect("it is there").to_string();
            self.ledger.sent(sid, number, fate.clone());
        }
    }
}
