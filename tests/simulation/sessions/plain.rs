//! A plain WebSocket on the same server, pinged by the core, which goes and comes back as the others
//! do. The layer has nothing to do with it, and it relays by the application of `sockets`; or it
//! has come by the plain door, and is one of its sockets (`door`).

use roomcast::Id;

use super::door::{self, Door};
use super::network::{Cut, DELAY, Line, Owner, Parcel};
use super::stage::Stage;
use super::world::{PING_INTERVAL, TICK};
use crate::sockets::Client;
use crate::wire;

pub(super) struct Plain {
    number: usize,
    line: Option<Line>,
    /// The server's end of it, once that is there.
    id: Option<Id>,
    client: Client,
    door: Option<Door>,
    /// So many of its texts are known to be right.
    checked: usize,
    /// It has asked to be closed, or closes.
    leaves: bool,
    /// Its close frame is out.
    closes: bool,
    /// Whatever happens to it may be the network's fault.
    doomed: bool,
    /// When it last wrote something.
    spoke_at: u64,
    /// It must be pinged by then, since the clock of the server has jumped.
    ping_by: u64,
    /// When it takes a silent server for dead.
    give_up_at: u64,
    pub(super) stays_away: bool,
    pub(super) back_at: u64,
    pub(super) act_at: u64,
}

impl Plain {
    pub(super) fn new(number: usize, stage: &mut Stage) -> Self {
        Self {
            number,
            line: None,
            id: None,
            client: Client::default(),
            door: (number % 2 == 1).then(Door::default),
            checked: 0,
            leaves: false,
            closes: false,
            doomed: false,
            spoke_at: 0,
            ping_by: u64::MAX,
            give_up_at: u64::MAX,
            stays_away: false,
            back_at: stage.below(100) as u64,
            act_at: 0,
        }
    }

    pub(super) fn next(&self) -> u64 {
        match self.line {
            Some(_) => self.give_up_at.min(self.ping_by),
            None => self.back_at,
        }
    }

    pub(super) fn tick(&mut self, stage: &mut Stage) {
        match self.line {
            None if stage.now >= self.back_at => self.open(stage),
            None => {}
            Some(line) => {
                self.id = self.id.or(stage.network.id(line));
                let in_time = stage.now < self.ping_by || self.doomed;
                assert!(in_time, "no ping after the clock has jumped");
                if stage.now >= self.give_up_at.min(self.ping_by) {
                    self.end(stage);
                }
            }
        }
    }

    fn open(&mut self, stage: &mut Stage) {
        let line = stage.network.open(Owner::Plain(self.number));
        *self = Self {
            line: Some(line),
            act_at: stage.now,
            ..Self::new(self.number, stage)
        };
        let path = self.door.as_ref().map_or("/", |_| door::PATH);
        self.write(&wire::websocket(path), stage);
        stage.count("plain sockets");
    }

    fn write(&mut self, bytes: &[u8], stage: &mut Stage) {
        if let Some(line) = self.line.filter(|_| !bytes.is_empty()) {
            self.spoke_at = stage.now;
            stage.write(line, bytes);
        }
    }

    pub(super) fn receive(&mut self, line: Line, parcel: Parcel, stage: &mut Stage) {
        if self.line != Some(line) {
            return;
        }
        match parcel {
            Parcel::End => self.ended(stage),
            Parcel::Bytes(bytes) => {
                let pings = self.client.pings;
                self.client.read(&bytes);
                if self.client.pings > pings {
                    self.ping_by = u64::MAX;
                    stage.count("pings of the core");
                }
                let pongs = std::mem::take(&mut self.client.outgoing);
                self.write(&pongs, stage);
                self.compare(stage);
                if self.client.closed {
                    self.close(stage);
                }
            }
        }
    }

    /// What has come is what the application sent to it, in order.
    fn compare(&mut self, stage: &mut Stage) {
        if let Some(door) = &mut self.door {
            return door.compare(&self.client, stage);
        }
        let Some(id) = self.id else {
            return assert!(self.client.texts.is_empty(), "of nobody");
        };
        let texts = &self.client.texts[self.checked..];
        for text in texts {
            let expected = stage.plain.expected.get(&id);
            let next = expected.and_then(|all| all.get(self.checked));
            assert_eq!(next, Some(text), "lost, doubled or out of order");
            self.checked += 1;
        }
    }

    /// How many messages have not come that were sent to it.
    pub(super) fn lacks(&self, stage: &Stage) -> usize {
        if let Some(door) = &self.door {
            return door.lacks(stage);
        }
        let expected = self.id.and_then(|id| stage.plain.expected.get(&id));
        expected.map_or(0, Vec::len) - self.checked
    }

    pub(super) fn is_connected(&self) -> bool {
        self.line.is_some() && self.client.greeted && !self.client.closed && !self.is_nobody()
    }

    pub(super) fn is_door(&self) -> bool {
        self.door.is_some()
    }

    /// A socket of the plain door that has not been told who it is.
    fn is_nobody(&self) -> bool {
        self.door.as_ref().is_some_and(|door| door.who.is_none())
    }

    /// Whatever ends it now, the server is not to blame.
    fn excuse(&self, stage: &mut Stage) {
        match &self.door {
            Some(Door { who: Some(who), .. }) => stage.ledger.excuse(*who),
            // The server knows it already, and it does not.
            Some(_) => stage.ledger.nameless = true,
            None => {}
        }
    }

    /// The server has closed it, or the network.
    fn ended(&mut self, stage: &mut Stage) {
        let excused = self.leaves || self.doomed || stage.ledger.narrow;
        assert!(excused, "a plain socket is closed for no reason");
        // What was sent before a close comes before it.
        if self.client.closed && !self.doomed && !stage.ledger.narrow {
            assert_eq!(self.lacks(stage), 0, "lost before a close");
            stage.count("plain sockets closed in order");
        }
        self.end(stage);
    }

    fn end(&mut self, stage: &mut Stage) {
        if let Some(line) = self.line.take() {
            stage.close_later(line);
        }
        self.id = None;
        self.back_at = match self.stays_away {
            true => u64::MAX,
            false => stage.now + stage.below(150) as u64,
        };
    }

    /// Does something.
    pub(super) fn act(&mut self, stage: &mut Stage) {
        self.act_at = stage.now + stage.scale.pause(stage, 110);
        if !self.is_connected() || self.leaves || self.closes {
            return;
        }
        if let Some(door) = &mut self.door {
            let event = stage.one_in(2).then(|| door.speak(stage));
            event.into_iter().for_each(|text| self.say(&text, stage));
        }
        let room = format!("plain{}", self.number / 20);
        match stage.below(100) {
            0..80 if self.is_door() => {}
            0..25 => self.say(&format!("join {room}"), stage),
            25..30 => self.say(&format!("leave {room}"), stage),
            30..80 => self.relay(&room, stage),
            80..86 => self.cut(stage),
            86..90 => self.stall(stage),
            90..94 => self.go(stage),
            94..96 if !self.is_door() => {
                self.leaves = true;
                self.say("close me", stage);
            }
            _ => {}
        }
    }

    fn say(&mut self, text: &str, stage: &mut Stage) {
        self.write(&wire::text(text), stage);
    }

    fn relay(&mut self, room: &str, stage: &mut Stage) {
        for _ in 0..stage.pick(&[1, 1, 2, 5]) {
            self.client.sent += 1;
            let filling = "ä".repeat(stage.pick(&[0, 5, 50, 500]));
            let text = format!("{room} {} {} {filling}", self.number, self.client.sent);
            self.say(&text, stage);
            stage.count("plain messages");
        }
    }

    fn stall(&mut self, stage: &mut Stage) {
        let Some(line) = self.line else { return };
        self.doomed = true;
        self.excuse(stage);
        stage.stall(line);
    }

    pub(super) fn cut(&mut self, stage: &mut Stage) {
        let Some(line) = self.line else { return };
        let cut = stage.pick(&[Cut::Reset, Cut::Silent, Cut::Half]);
        self.doomed = true;
        self.excuse(stage);
        self.give_up_at = stage.now + 200 + stage.below(700) as u64;
        stage.count("cuts of a plain socket");
        stage.cut(line, cut);
    }

    /// The end of it all.
    pub(super) fn depart(&mut self, stage: &mut Stage) {
        self.stays_away = true;
        match stage.one_in(3) {
            true => self.cut(stage),
            false => self.go(stage),
        }
    }

    /// Leaves in order.
    pub(super) fn go(&mut self, stage: &mut Stage) {
        self.leaves = true;
        self.excuse(stage);
        self.close(stage);
        // Nobody is waited for who does not answer.
        self.give_up_at = stage.now + 300;
    }

    fn close(&mut self, stage: &mut Stage) {
        if !std::mem::replace(&mut self.closes, true) {
            self.write(&wire::close(), stage);
        }
    }

    /// The clock of the server jumps now: who answered its last ping is pinged, and not closed.
    pub(super) fn brace(&mut self, stage: &mut Stage) {
        let Some(line) = self.line else { return };
        let quiet =
            stage.network.is_quiet(line) && self.is_connected() && !self.leaves && !self.closes;
        let heard = stage.now + DELAY + TICK < self.spoke_at + PING_INTERVAL;
        if quiet && heard && self.ping_by == u64::MAX && !self.doomed {
            self.ping_by = stage.now + DELAY + TICK;
            return stage.count("jumps that a plain socket outlives");
        }
        self.doomed = true;
        self.excuse(stage);
        if !self.is_nobody() {
            self.give_up_at = self.give_up_at.min(stage.now + 500);
        }
    }
}
