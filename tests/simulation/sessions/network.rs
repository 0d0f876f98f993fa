//! The network between the clients and the simulated server: bytes are late by chance and torn at
//! will, in order on each connection; connections stall, and break with noise or without.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use roomcast::Id;
use roomcast::sim::Sim;

/// A connection as its client names it.
pub(super) type Line = u64;

/// Whose connection it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Client(usize),
    Plain(usize),
}

/// Milliseconds that anything is under way at most.
pub(super) const DELAY: u64 = 20;

/// What arrives at either end.
#[derive(Debug)]
pub(super) enum Parcel {
    Bytes(Vec<u8>),
    End,
}

/// How a connection breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// Both ends are told, and what was under way is lost.
    Reset,
    /// Nobody is told anything any more.
    Silent,
    /// The client has closed its side, behind all that it wrote, and still reads.
    Half,
}

#[derive(Default)]
pub(super) struct Network {
    wires: BTreeMap<Line, Wire>,
    last: Line,
    /// Of all that the server has written: when, where and what.
    digest: DefaultHasher,
}

struct Wire {
    owner: Owner,
    /// The server's end of it; none before its first byte has arrived, or when it is gone.
    id: Option<Id>,
    opened: bool,
    /// The client has no use for it any more.
    left: bool,
    /// Nothing of what the server writes is taken from now on.
    stuffed: bool,
    stall: Option<Stall>,
    up: Pipe,
    down: Pipe,
}

/// The server's end takes nothing for a while, then some bytes now and then, then all again.
#[derive(Clone, Copy, Debug)]
struct Stall {
    begun: bool,
    until: u64,
    sips: usize,
}

/// One direction.
#[derive(Default)]
struct Pipe {
    /// With the times of their arrival, which never decrease.
    parcels: VecDeque<(u64, Parcel)>,
    last: u64,
    closed: bool,
}

impl Pipe {
    fn push(&mut self, parcel: Parcel, due: u64) {
        if self.closed {
            return;
        }
        self.closed = matches!(parcel, Parcel::End);
        self.last = self.last.max(due);
        self.parcels.push_back((self.last, parcel));
    }

    /// Bytes in pieces, each with a delay of its own.
    fn tear(&mut self, mut bytes: &[u8], now: u64, random: &mut ChaCha8Rng) {
        let pieces = [1, 1, 1, 2, 3, 6][random.random_range(0..6)];
        for _ in 1..pieces {
            let (piece, rest) = bytes.split_at(random.random_range(0..=bytes.len()));
            self.push(Parcel::Bytes(piece.to_vec()), late(now, random));
            bytes = rest;
        }
        self.push(Parcel::Bytes(bytes.to_vec()), late(now, random));
    }

    fn pop(&mut self, now: u64) -> Option<Parcel> {
        let due = self.parcels.front()?.0;
        (due <= now)
            .then(|| self.parcels.pop_front())?
            .map(|(_, parcel)| parcel)
    }

    /// Nothing arrives before a time.
    fn freeze(&mut self, until: u64) {
        self.last = self.last.max(until);
        for (due, _) in &mut self.parcels {
            *due = (*due).max(until);
        }
    }

    fn break_off(&mut self) {
        self.parcels.clear();
        self.closed = true;
    }
}

impl Network {
    pub(super) fn open(&mut self, owner: Owner) -> Line {
        self.last += 1;
        let wire = Wire {
            owner,
            id: None,
            opened: false,
            left: false,
            stuffed: false,
            stall: None,
            up: Pipe::default(),
            down: Pipe::default(),
        };
        self.wires.insert(self.last, wire);
        self.last
    }

    /// Which connection of the server it is, or was when it was looked at last.
    pub(super) fn id(&self, line: Line) -> Option<Id> {
        self.wires.get(&line)?.id
    }

    /// Whether nothing is on its way to the server.
    pub(super) fn is_quiet(&self, line: Line) -> bool {
        let wire = self.wires.get(&line);
        wire.is_none_or(|wire| wire.up.parcels.is_empty())
    }

    /// How many connections there are at either end.
    pub(super) fn len(&self) -> usize {
        self.wires.len()
    }

    /// What the server has written so far, as a number.
    pub(super) fn digest(&self) -> u64 {
        self.digest.finish()
    }

    /// A client takes nothing for a while.
    pub(super) fn stall(&mut self, line: Line, until: u64, sips: usize) {
        if let Some(wire) = self.wires.get_mut(&line) {
            wire.stall = Some(Stall {
                begun: false,
                until,
                sips,
            });
        }
    }

    /// A client is away from its machine for a while: nothing comes, nothing goes.
    pub(super) fn freeze(&mut self, line: Line, until: u64) {
        self.stall(line, until, 0);
        if let Some(wire) = self.wires.get_mut(&line) {
            wire.up.freeze(until);
            wire.down.freeze(until);
        }
    }

    /// A client writes.
    pub(super) fn write(&mut self, line: Line, bytes: &[u8], now: u64, random: &mut ChaCha8Rng) {
        if let Some(wire) = self.wires.get_mut(&line) {
            wire.up.tear(bytes, now, random);
        }
    }

    /// A client closes its end, at a time, behind all that it wrote.
    pub(super) fn close(&mut self, line: Line, time: u64) {
        if let Some(wire) = self.wires.get_mut(&line) {
            wire.left = true;
            wire.up.push(Parcel::End, time);
            wire.down.break_off();
        }
    }

    pub(super) fn cut(&mut self, line: Line, cut: Cut, now: u64, random: &mut ChaCha8Rng) {
        let Some(wire) = self.wires.get_mut(&line) else {
            return;
        };
        if cut == Cut::Half {
            return wire.up.push(Parcel::End, late(now, random));
        }
        wire.stuffed = cut == Cut::Silent && random.random();
        wire.stall = None;
        for pipe in [&mut wire.up, &mut wire.down] {
            pipe.break_off();
            if cut == Cut::Reset {
                pipe.closed = false;
                pipe.push(Parcel::End, late(now, random));
            }
        }
    }

    /// When something arrives next.
    pub(super) fn next(&self) -> Option<u64> {
        let next = |pipe: &Pipe| pipe.parcels.front().map(|(due, _)| *due);
        let wires = self.wires.values();
        let times = wires.flat_map(|wire| {
            let stall = wire.stall.filter(|_| wire.id.is_some());
            [
                next(&wire.up),
                next(&wire.down),
                stall.map(|stall| stall.until),
            ]
        });
        times.flatten().min()
    }

    /// What has come up to the server; a connection begins with the first of it.
    pub(super) fn arrived(&mut self, sim: &mut Sim, now: u64) -> Vec<(Id, Parcel)> {
        let mut arrived = Vec::new();
        for wire in self.wires.values_mut() {
            while let Some(parcel) = wire.up.pop(now) {
                if !wire.opened {
                    (wire.opened, wire.id) = (true, Some(sim.connect()));
                }
                arrived.extend(wire.id.map(|id| (id, parcel)));
            }
        }
        arrived
    }

    /// What has come down to the clients.
    pub(super) fn returned(&mut self, now: u64) -> Vec<(Owner, Line, Parcel)> {
        let mut returned = Vec::new();
        for (line, wire) in &mut self.wires {
            while let Some(parcel) = wire.down.pop(now) {
                returned.push((wire.owner, *line, parcel));
            }
        }
        returned
    }

    /// Takes what the server has written in a turn.
    pub(super) fn collect(&mut self, sim: &mut Sim, now: u64, random: &mut ChaCha8Rng) {
        for (line, wire) in &mut self.wires {
            let Some(id) = wire.id else { continue };
            if std::mem::take(&mut wire.stuffed) {
                sim.set_room(id, 0);
            }
            wire.hold_back(id, sim, now, random);
            let bytes = sim.take(id);
            if !bytes.is_empty() {
                (now, line, &bytes).hash(&mut self.digest);
                wire.down.tear(&bytes, now, random);
            }
            if sim.is_shut(id) {
                wire.down.push(Parcel::End, late(now, random));
            }
            wire.id = sim.is_connected(id).then_some(id);
        }
        self.wires.retain(|_, wire| {
            wire.id.is_some() || !wire.left || !wire.opened && !wire.up.parcels.is_empty()
        });
    }
}

impl Wire {
    /// Sees to it that the server's end takes as much as a stall allows.
    fn hold_back(&mut self, id: Id, sim: &mut Sim, now: u64, random: &mut ChaCha8Rng) {
        let Some(stall) = &mut self.stall else { return };
        let over = stall.begun && now >= stall.until;
        match stall.begun {
            false => sim.set_room(id, 0),
            true if over && stall.sips > 0 => {
                sim.set_room(id, random.random_range(1..300));
                (stall.sips, stall.until) = (stall.sips - 1, now + random.random_range(1..10));
            }
            true if over => {
                sim.set_room(id, usize::MAX);
                self.stall = None;
                return;
            }
            true => {}
        }
        stall.begun = true;
    }
}

fn late(now: u64, random: &mut ChaCha8Rng) -> u64 {
    // Where many things are done at once, they are done up to three milliseconds late.
    now + random.random_range(1..=DELAY - 6)
}
