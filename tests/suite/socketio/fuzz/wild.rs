//! An application that does anything, in the middle of every event. What it hears stays in order.

use std::collections::HashMap;

use rand::rngs::ChaCha8Rng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use roomcast::socketio::{Ack, Event, Io, Socket};
use roomcast::{Policy, RoomEvent, Sim};

use super::super::{Play, World};
use super::{check_end, config, options, storm};

struct Wild {
    random: ChaCha8Rng,
    known: HashMap<Socket, State>,
    sockets: Vec<Socket>,
    acks: Vec<Ack>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Asking,
    In,
    Gone,
}

impl Wild {
    /// A socket comes into a state, from one of these.
    fn comes(&mut self, socket: Socket, from: &[Option<State>], to: State) {
        let before = self.known.insert(socket, to);
        assert!(from.contains(&before), "{before:?} to {to:?}");
        if before.is_none() {
            self.sockets.push(socket);
        }
    }

    fn note(&mut self, io: &Io<'_>, event: Event<'_>) {
        match event {
            Event::Authorize { socket, .. } => self.comes(socket, &[None], State::Asking),
            Event::Connect { socket, .. } => {
                self.comes(socket, &[None, Some(State::Asking)], State::In);
            }
            Event::Message { socket, ack, .. } => {
                self.comes(socket, &[Some(State::In)], State::In);
                self.acks.extend(ack);
            }
            Event::Disconnect { socket, .. } => {
                self.comes(socket, &[Some(State::In)], State::Gone);
                assert!(io.sid(socket).is_none() && io.rooms_of(socket).is_empty());
            }
            Event::Room {
                change: RoomEvent::Join { id, .. } | RoomEvent::Leave { id, .. },
                ..
            } => assert_ne!(self.known.get(&id), Some(&State::Gone)),
            _ => {}
        }
    }

    fn act(&mut self, io: &mut Io<'_>) {
        let close = self.random.random();
        let room = *["a", "b"].choose(&mut self.random).unwrap();
        let Some(&socket) = self.sockets.choose(&mut self.random) else {
            return io.forbid("not now");
        };
        match self.random.random_range(0..24) {
            0 => _ = io.disconnect(socket, close),
            1 => _ = io.drop_transport(socket),
            2 => _ = io.refuse(socket, "no", ""),
            3 => _ = io.defer(socket),
            4 | 5 => _ = io.admit(socket),
            6 => io.around(socket).except(socket).disconnect_sockets(close),
            7 => _ = io.to(room).ask("question", room, 1000),
            8 => _ = io.around(socket).to(socket).volatile().emit("x", room),
            9 => io.around(socket).sockets_join(room),
            10 => io.around(socket).to(room).sockets_leave(room),
            11 | 12 => _ = io.join(socket, room),
            13 => _ = io.leave(socket, room),
            14 => {
                let sid = io.sid(socket).map_or(String::new(), |sid| sid.to_string());
                io.leave(socket, &sid);
            }
            15 => io.forbid("not now"),
            16 => {
                let ack = self.acks.pop();
                ack.map(|ack| io.answer(ack, room));
            }
            17 => self.set_policy(io, socket, room),
            18..22 => {
                let long = "x".repeat(self.random.random_range(0..700));
                for _ in 0..self.random.random_range(1..4) {
                    io.around(socket).to(room).emit(room, &long);
                }
            }
            _ => _ = io.emit(socket, "x", room),
        }
    }
}

impl Wild {
    /// Messages to a room may be missed from now on, or not any more.
    fn set_policy(&mut self, io: &mut Io<'_>, socket: Socket, room: &str) {
        let policies = [Policy::DropOldest, Policy::Latest, Policy::Close];
        let policy = *policies.choose(&mut self.random).unwrap();
        let namespace = io.namespace(socket).map(str::to_owned);
        if let Some(namespace) = namespace {
            assert!(io.set_policy(&namespace, room, policy));
        }
    }
}

impl Play for Wild {
    fn handle(&mut self, io: &mut Io<'_>, event: Event<'_>) {
        if let Event::Connect {
            socket, namespace, ..
        } = event
        {
            io.set_policy(namespace, "a", Policy::DropOldest);
            io.set_policy(namespace, "b", Policy::Latest);
            io.join(socket, ["a", "b"].choose(&mut self.random).unwrap());
        }
        self.note(io, event);
        // Less than one for each event in the long run, so that it comes to an end.
        if self.random.random_ratio(1, 4) {
            self.act(io);
        }
    }
}

fn attack(seed: u64) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let app = Wild {
        random: ChaCha8Rng::seed_from_u64(seed),
        known: HashMap::new(),
        sockets: Vec::new(),
        acks: Vec::new(),
    };
    let options = options(&mut random);
    let recovers = options.max_disconnection_duration.is_some();
    let mut world = World::of(app, options);
    world.sim = Sim::new(config(&mut random));
    storm(&mut world, &mut random);
    check_end(&mut world, recovers, seed);
    let ended = |(_, state): (&Socket, &State)| *state != State::In;
    assert!(world.app.known.iter().all(ended), "seed {seed}");
}

#[test]
fn no_application_harms_the_server() {
    (0..1500).for_each(attack);
}
