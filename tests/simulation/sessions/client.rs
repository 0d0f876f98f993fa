//! A Socket.IO client on its engine: what the official one does with packets, connects and
//! comebacks. What it does of its own accord is in `deeds`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::engine::{Engine, Happened, Packet, State};
use super::ledger::Who;
use super::mark::{self, Mark};
use super::network::{DELAY, Line, Owner, Parcel};
use super::packet::{Incoming, encode};
use super::stage::Stage;
use super::world::{CONNECT_TIMEOUT, DURATION};

pub(super) struct Client {
    pub(super) number: usize,
    pub(super) namespace: &'static str,
    pub(super) engine: Option<Engine>,
    /// Which of its connections this is.
    pub(super) epoch: u32,
    /// Its name while it is connected.
    pub(super) sid: Option<String>,
    pid: Option<String>,
    offset: Option<String>,
    /// The public name that belongs to the private one.
    was: Option<String>,
    /// A packet whose attachments have not all come.
    partial: Option<Incoming>,
    /// Events that came before it was connected.
    received: Vec<Incoming>,
    /// What it said before it was connected.
    pub(super) unsent: Vec<Emission>,
    /// The numbers of messages that wait for an ack.
    pub(super) acks: BTreeMap<u64, u32>,
    pub(super) last_ack: u64,
    pub(super) last_number: u32,
    whispers: BTreeSet<Mark>,
    /// It opens a session and enters no namespace.
    pub(super) lurks: bool,
    /// It has said that it leaves.
    pub(super) leaves: bool,
    /// It does not come back.
    pub(super) stays_away: bool,
    /// When it comes back, or opens for the first time.
    pub(super) back_at: u64,
    /// Its machine is asleep until then.
    pub(super) asleep_until: u64,
    /// When it does something again.
    pub(super) act_at: u64,
}

/// An event as the client's user emits it.
#[derive(Clone, Debug)]
pub(super) struct Emission {
    pub(super) number: u32,
    pub(super) ack: Option<u64>,
    pub(super) args: Value,
    pub(super) blobs: Vec<Vec<u8>>,
}

impl Client {
    pub(super) fn new(number: usize, stage: &mut Stage) -> Self {
        Self {
            number,
            namespace: ["/", "/", "/den"][number % 3],
            engine: None,
            epoch: 0,
            sid: None,
            pid: None,
            offset: None,
            was: None,
            partial: None,
            received: Vec::new(),
            unsent: Vec::new(),
            acks: BTreeMap::new(),
            last_ack: 0,
            last_number: 0,
            whispers: BTreeSet::new(),
            lurks: false,
            leaves: false,
            stays_away: false,
            back_at: stage.below(100) as u64,
            asleep_until: 0,
            act_at: 0,
        }
    }

    pub(super) fn who(&self) -> Who {
        (self.number, self.epoch)
    }

    pub(super) fn next(&self) -> u64 {
        let next = match &self.engine {
            Some(engine) => engine.next().min(self.lurking_ends(engine)),
            None => self.back_at,
        };
        next.max(self.asleep_until)
    }

    pub(super) fn tick(&mut self, stage: &mut Stage) {
        if stage.now < self.asleep_until {
            return;
        }
        match &mut self.engine {
            Some(engine) => {
                engine.tick(stage);
                let in_time = stage.now < self.lurking_ends(self.engine.as_ref().unwrap());
                assert!(in_time, "a session in no namespace lives for ever");
            }
            None if stage.now >= self.back_at => self.open(stage),
            None => {}
        }
        self.attend(stage);
    }

    /// Until when a session may be in no namespace.
    fn lurking_ends(&self, engine: &Engine) -> u64 {
        match self.lurks && !engine.doomed && engine.state == State::Open {
            true => engine.opened_at + CONNECT_TIMEOUT + 5 * DELAY,
            false => u64::MAX,
        }
    }

    fn open(&mut self, stage: &mut Stage) {
        self.epoch += 1;
        self.lurks = stage.chaos && stage.one_in(20);
        self.engine = Some(Engine::open(Owner::Client(self.number), stage));
    }

    /// The clock of the server jumps now.
    pub(super) fn brace(&mut self, stage: &mut Stage) {
        let entered = self.sid.is_some();
        if let Some(engine) = &mut self.engine {
            engine.brace(entered, stage);
        }
        self.attend(stage);
    }

    pub(super) fn receive(&mut self, line: Line, parcel: Parcel, stage: &mut Stage) {
        if let Some(engine) = &mut self.engine {
            engine.receive(line, parcel, stage);
        }
        self.attend(stage);
    }

    /// Hears what has happened to its engine.
    pub(super) fn attend(&mut self, stage: &mut Stage) {
        loop {
            let Some(engine) = &mut self.engine else {
                return;
            };
            if engine.doomed {
                stage.ledger.excuse((self.number, self.epoch));
            }
            let Some(happened) = engine.happened.pop_front() else {
                return;
            };
            match happened {
                Happened::Opened => self.enter(stage),
                Happened::Text(text) => self.text(&text, stage),
                Happened::Bytes(bytes) => self.bytes(bytes, stage),
                Happened::Closed => self.closed(stage),
            }
        }
    }

    /// Asks to be connected, as who it was if it knows.
    fn enter(&mut self, stage: &mut Stage) {
        if self.lurks {
            return stage.count("lurkers");
        }
        let mut auth = json!({"client": self.number, "epoch": self.epoch});
        if let Some(pid) = &self.pid {
            auth["pid"] = json!(pid);
            auth["was"] = json!(self.was);
        }
        if let (Some(_), Some(offset)) = (&self.pid, &self.offset) {
            auth["offset"] = json!(offset);
        }
        let text = encode('0', self.namespace, None, &auth, 0);
        self.post(Packet::Text(text), stage);
    }

    fn post(&mut self, packet: Packet, stage: &mut Stage) -> bool {
        let engine = self.engine.as_mut();
        engine.is_some_and(|engine| engine.send(packet, stage))
    }

    fn text(&mut self, text: &str, stage: &mut Stage) {
        assert!(self.partial.is_none(), "text where bytes are due");
        let incoming = Incoming::decode(text, self.namespace);
        match incoming.missing {
            0 => self.take(incoming, stage),
            _ => self.partial = Some(incoming),
        }
    }

    fn bytes(&mut self, bytes: Vec<u8>, stage: &mut Stage) {
        let mut partial = self.partial.take().expect("bytes belong to a packet");
        partial.blobs.push(bytes);
        partial.missing -= 1;
        match partial.missing {
            0 => self.take(partial, stage),
            _ => self.partial = Some(partial),
        }
    }

    fn take(&mut self, incoming: Incoming, stage: &mut Stage) {
        // Packets for a socket that its user has disconnected are not looked at.
        if self.leaves {
            return;
        }
        match incoming.kind {
            '0' => self.connected(&incoming.data, stage),
            '1' => self.expelled(stage),
            '2' | '5' if self.sid.is_none() => self.received.push(incoming),
            '2' | '5' => self.event(&incoming, stage),
            '3' | '6' => self.acked(&incoming, stage),
            kind => panic!("a packet of the kind {kind}"),
        }
    }

    fn connected(&mut self, names: &Value, stage: &mut Stage) {
        assert!(self.sid.is_none(), "connected twice");
        let name = |which: &str| names[which].as_str().map(str::to_owned);
        let recovered = self.pid.is_some() && self.pid == name("pid");
        assert_eq!(recovered, stage.ledger.was_recovered(self.who()));
        assert!(!recovered || self.was == name("sid"), "another name");
        (self.sid, self.pid, self.was) = (name("sid"), name("pid"), name("sid"));
        for incoming in std::mem::take(&mut self.received) {
            assert!(recovered, "an event before a first connect");
            stage.count("missed events");
            self.event(&incoming, stage);
        }
        for emission in std::mem::take(&mut self.unsent) {
            self.transmit(emission, stage);
        }
    }

    fn event(&mut self, incoming: &Incoming, stage: &mut Stage) {
        let args = incoming.data.as_array().expect("an event has arguments");
        match args[0].as_str() {
            Some("news") => {
                let sid = self.sid.as_deref().unwrap_or_default();
                stage.ledger.received(sid, incoming.mark());
                incoming.check();
            }
            Some("whisper") => {
                assert!(self.whispers.insert(incoming.mark()), "whispered twice");
                incoming.check();
            }
            Some("question") => return self.reply(incoming.id.unwrap(), stage),
            _ => panic!("an event that nobody sent: {args:?}"),
        }
        // The official client does so with the last argument of any event.
        if let (Some(_), Some(last)) = (&self.pid, args.last().and_then(Value::as_str)) {
            self.offset = Some(last.to_owned());
        }
    }

    fn reply(&mut self, id: u64, stage: &mut Stage) {
        if stage.one_in(5) {
            return stage.count("questions without an answer");
        }
        let text = encode('3', self.namespace, Some(id), &json!([self.number]), 0);
        self.post(Packet::Text(text), stage);
    }

    fn acked(&mut self, incoming: &Incoming, stage: &mut Stage) {
        let number = incoming.id.and_then(|id| self.acks.remove(&id));
        let number = number.expect("an ack is for what was sent, once, on the same connection");
        assert_eq!(incoming.data[0], number);
        if incoming.kind == '6' {
            assert_eq!(incoming.blobs, mark::blobs((self.number, number)));
            stage.count("binary acks");
        }
        stage.count("acks");
    }

    /// Sends an event now, or when it is connected.
    pub(super) fn emit(&mut self, emission: Emission, stage: &mut Stage) {
        match self.sid {
            Some(_) => self.transmit(emission, stage),
            None => self.unsent.push(emission),
        }
    }

    fn transmit(&mut self, emission: Emission, stage: &mut Stage) {
        let Emission {
            number,
            ack,
            args,
            blobs,
        } = emission;
        let kind = if blobs.is_empty() { '2' } else { '5' };
        let text = encode(kind, self.namespace, ack, &args, blobs.len());
        if !self.post(Packet::Text(text), stage) {
            return;
        }
        stage.ledger.sent(self.who(), number);
        self.acks.extend(ack.map(|ack| (ack, number)));
        for bytes in blobs {
            self.post(Packet::Bytes(bytes), stage);
        }
    }

    /// The server has disconnected it: the official client closes its engine then.
    fn expelled(&mut self, stage: &mut Stage) {
        stage.count("expulsions");
        self.leave(false, stage);
    }

    /// Its user disconnects it.
    pub(super) fn leave(&mut self, polite: bool, stage: &mut Stage) {
        if polite && self.sid.is_some() {
            let text = encode('1', self.namespace, None, &Value::Null, 0);
            self.post(Packet::Text(text), stage);
        }
        self.disconnected();
        if let Some(engine) = &mut self.engine {
            self.leaves = true;
            engine.close(stage);
        }
    }

    fn disconnected(&mut self) {
        self.sid = None;
        self.acks.clear();
    }

    /// Its engine is closed, for whatever reason.
    fn closed(&mut self, stage: &mut Stage) {
        self.disconnected();
        self.engine = None;
        self.partial = None;
        self.leaves = false;
        // The official client keeps these over the close, and hands them out twice: no server can
        // help that, and this one is to be measured.
        self.received.clear();
        let patience = match stage.below(6) {
            0 if stage.chaos => stage.below(2 * DURATION as usize),
            _ => stage.below(100),
        };
        self.back_at = match self.stays_away {
            true => u64::MAX,
            false => stage.now + patience as u64,
        };
    }
}
