//! The application of the simulation: it does what clients ask for, and keeps the ledger.

use std::collections::{BTreeMap, BTreeSet};

use roomcast::socketio::{Ack, Answer, Args, Broadcast, Event, Io, Reason, Socket};
use roomcast::{Response, RoomEvent};
use serde_json::Value;

use super::door;
use super::ledger::{Addressees, Claim, Present};
use super::mark::{self, Mark, PARTING, WELCOME};
use super::stage::Stage;

#[derive(Default)]
pub(super) struct App {
    /// Answers that clients wait for.
    deferred: Vec<(Ack, u32)>,
    /// Who was asked, by the number of the question.
    questions: BTreeMap<u64, BTreeSet<Socket>>,
    /// Rooms that somebody leaves who stays.
    leaving: BTreeSet<(Socket, String)>,
    /// Rooms that those have left who are going.
    left: BTreeMap<Socket, BTreeSet<String>>,
    said: u32,
    /// So many have come by the plain door.
    doors: usize,
    /// So many things have happened.
    pub(super) events: usize,
    /// No sockets are left, in any namespace.
    pub(super) empty: Option<bool>,
}

impl App {
    pub(super) fn handle(&mut self, io: &mut Io<'_>, event: Event<'_>, stage: &mut Stage) {
        self.events += 1;
        match event {
            Event::Authorize { socket, .. } => {
                assert!(!stage.ledger.live.contains_key(&socket));
                assert!(!stage.ledger.dead.contains(&socket), "a name is used again");
            }
            Event::Connect {
                socket,
                namespace,
                auth,
                recovered,
                ..
            } => self.connect(io, socket, (namespace, auth, recovered), stage),
            Event::Message {
                socket,
                name,
                args,
                ack,
            } => self.message(io, socket, (name, args, ack), stage),
            Event::Answers {
                question,
                answers,
                missing,
            } => self.answers(question, &answers, missing, stage),
            Event::Disconnect {
                socket,
                sid,
                namespace,
                rooms: told,
                reason,
            } => {
                let rooms = self.left.remove(&socket).unwrap_or_default();
                let told = told.iter().map(ToString::to_string);
                assert_eq!(told.collect::<BTreeSet<_>>(), rooms, "where it was");
                let now = io.hub().now();
                let present = stage.ledger.disconnect(socket, reason, rooms, now);
                assert_eq!(present.sid, sid.to_string());
                assert!(io.sid(socket).is_none(), "gone, and still there");
                stage.count(&reason.to_string());
                if stage.ledger.crashed.contains(&present.who) && reason == Reason::TransportError {
                    stage.count("crashes that a held poll told");
                }
                let mark = self.say(PARTING);
                let whom = Addressees {
                    to: stage.scale.hall(present.who.0),
                    except: Vec::new(),
                };
                aim(io.of(namespace), &whom).emit("news", spoken(mark));
                stage.ledger.publish(namespace, &whom, mark, now);
            }
            Event::Room { namespace, change } => self.note(namespace, change, stage),
            Event::Core(roomcast::Event::Request { id, .. }) => {
                self.answer_all(io);
                for socket in stage.ledger.live.keys() {
                    let rooms = io.rooms_of(*socket);
                    let rooms = rooms.iter().map(ToString::to_string).collect();
                    assert_eq!(stage.ledger.rooms_of(*socket), rooms);
                }
                self.empty = Some(
                    ["/", "/den"]
                        .iter()
                        .all(|name| io.of(name).fetch_sockets().is_empty()),
                );
                io.hub().respond(id, Response::text(200, "done"));
            }
            Event::Core(event) => stage.plain.handle(io.hub(), event),
            _ => {}
        }
    }

    fn say(&mut self, author: usize) -> Mark {
        self.said += 1;
        (author, self.said)
    }

    fn connect(
        &mut self,
        io: &mut Io<'_>,
        socket: Socket,
        (namespace, auth, recovered): (&str, &str, bool),
        stage: &mut Stage,
    ) {
        if auth.is_empty() {
            return self.greet(io, socket, stage);
        }
        let auth: Value = serde_json::from_str(auth).unwrap();
        let number = |name: &str| auth[name].as_u64().unwrap();
        let word = |name: &str| auth[name].as_str().map(str::to_owned);
        let claim = word("was").map(|was| Claim {
            was,
            offset: word("offset"),
        });
        let sid = io.sid(socket).expect("who connects is there").to_string();
        let now = io.hub().now();
        let present = Present {
            sid: sid.clone(),
            who: (number("client") as usize, number("epoch") as u32),
            namespace: namespace.to_owned(),
        };
        stage
            .ledger
            .connect(socket, present, claim.as_ref(), recovered, now);
        stage.count(match (recovered, claim) {
            (true, _) => "recoveries",
            (false, Some(_)) => "failed recoveries",
            (false, None) => "first connects",
        });
        // Who is not welcomed may go again without an offset of its own.
        if stage.one_in(2) {
            return;
        }
        let mark = self.say(WELCOME);
        io.emit(socket, "news", spoken(mark));
        let whom = Addressees {
            to: vec![sid],
            except: Vec::new(),
        };
        stage.ledger.publish(namespace, &whom, mark, now);
    }

    /// Who comes by the plain door is told who it is.
    fn greet(&mut self, io: &mut Io<'_>, socket: Socket, stage: &mut Stage) {
        let who = (door::FIRST + self.doors, 0);
        self.doors += 1;
        let sid = io.sid(socket).expect("who connects is there").to_string();
        io.emit(socket, "you", (&sid, who.0));
        let present = Present {
            sid,
            who,
            namespace: "/".to_owned(),
        };
        let now = io.hub().now();
        stage.ledger.connect(socket, present, None, false, now);
        // An event for one socket has a position as well, which clients of the door are not told.
        stage.ledger.pass(now);
        stage.count("sockets of the plain door");
    }

    fn message(
        &mut self,
        io: &mut Io<'_>,
        socket: Socket,
        (name, args, ack): (&str, Args<'_>, Option<Ack>),
        stage: &mut Stage,
    ) {
        let values: Vec<Value> = args.parse().unwrap();
        let number = values[0].as_u64().unwrap() as u32;
        stage.ledger.heard(socket, number);
        let rooms = io
            .rooms_of(socket)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(stage.ledger.rooms_of(socket), rooms);
        match name {
            "say" | "whisper" => self.publish(io, socket, name, &values, args, stage),
            "join" => _ = io.join(socket, values[1].as_str().unwrap()),
            "leave" => self.leave(io, socket, values[1].as_str().unwrap()),
            "ask" => self.ask(io, socket, &values, stage),
            "kick" => assert!(io.disconnect(socket, values[1].as_bool().unwrap())),
            "drop" => {
                stage.ledger.excuse(stage.ledger.live[&socket].who);
                assert!(io.drop_transport(socket));
            }
            _ => panic!("an event that nobody sent: {name}"),
        }
        if let Some(ack) = ack {
            match number % 3 {
                0 => self.deferred.push((ack, number)),
                _ if name == "say" => _ = io.answer(ack, args.skip(4)),
                _ => _ = io.answer(ack, (number,)),
            }
        }
        if stage.one_in(3) {
            self.answer_all(io);
        }
    }

    fn leave(&mut self, io: &mut Io<'_>, socket: Socket, room: &str) {
        if io.leave(socket, room) {
            self.leaving.insert((socket, room.to_owned()));
        }
    }

    fn answer_all(&mut self, io: &mut Io<'_>) {
        for (ack, number) in self.deferred.drain(..) {
            io.answer(ack, (number,));
        }
    }

    fn publish(
        &mut self,
        io: &mut Io<'_>,
        socket: Socket,
        name: &str,
        values: &[Value],
        args: Args<'_>,
        stage: &mut Stage,
    ) {
        let whom = addressees(values);
        let present = &stage.ledger.live[&socket];
        let (namespace, mark) = (present.namespace.clone(), (present.who.0, number(values)));
        check(mark, &args);
        let receivers = stage.ledger.present(&namespace, &whom);
        let broadcast = aim(io.around(socket), &whom);
        if name == "whisper" {
            broadcast.volatile().emit("whisper", args.skip(3));
            return stage.count("whispers");
        }
        let count = broadcast.emit("news", args.skip(3));
        assert_eq!(count, receivers.len(), "receivers of {whom:?}");
        stage
            .ledger
            .publish(&namespace, &whom, mark, io.hub().now());
        stage.count(match args.attachments().len() {
            0 => "messages",
            _ => "binary messages",
        });
    }

    fn ask(&mut self, io: &mut Io<'_>, socket: Socket, values: &[Value], stage: &mut Stage) {
        let whom = addressees(values);
        let namespace = stage.ledger.live[&socket].namespace.clone();
        let question = aim(io.around(socket), &whom).ask("question", ("?",), 300);
        let asked = stage.ledger.present(&namespace, &whom);
        assert!(self.questions.insert(question, asked).is_none());
    }

    fn answers(&mut self, question: u64, answers: &[Answer], missing: usize, stage: &mut Stage) {
        let mut asked = self.questions.remove(&question).expect("it was asked");
        assert!(answers.len() + missing <= asked.len());
        for answer in answers {
            assert!(asked.remove(&answer.socket), "who answers was asked, once");
            stage.count("answers");
        }
        asked.retain(|socket| stage.ledger.live.contains_key(socket));
        assert!(missing <= asked.len(), "who is gone is not waited for");
    }

    fn note(&mut self, namespace: &str, change: RoomEvent<Socket>, stage: &mut Stage) {
        if let RoomEvent::Leave { ref room, id, .. } = change {
            if !self.leaving.remove(&(id, room.to_string())) {
                self.left.entry(id).or_default().insert(room.to_string());
            }
        }
        stage.ledger.note(namespace, change);
    }

    pub(super) fn is_idle(&self) -> bool {
        self.questions.is_empty() && self.deferred.is_empty()
    }
}

fn number(values: &[Value]) -> u32 {
    values[0].as_u64().unwrap() as u32
}

fn addressees(values: &[Value]) -> Addressees {
    let names = |value: &Value| {
        let names = value.as_array().unwrap().iter();
        names
            .map(|name| name.as_str().unwrap().to_owned())
            .collect()
    };
    Addressees {
        to: names(&values[1]),
        except: names(&values[2]),
    }
}

fn aim<'i>(broadcast: Broadcast<'i>, whom: &Addressees) -> Broadcast<'i> {
    let aimed = whom.to.iter().fold(broadcast, |all, room| all.to(room));
    whom.except.iter().fold(aimed, |all, room| all.except(room))
}

/// What the application says itself.
fn spoken(mark: Mark) -> (usize, u32, String) {
    (mark.0, mark.1, mark::text(mark))
}

/// A message has come whole.
fn check(mark: Mark, args: &Args<'_>) {
    let values: Vec<Value> = args.parse().unwrap();
    assert_eq!(values[3].as_u64(), Some(mark.0 as u64));
    assert_eq!(values[5].as_str(), Some(&*mark::text(mark)));
    assert_eq!(args.attachments(), mark::blobs(mark));
}
