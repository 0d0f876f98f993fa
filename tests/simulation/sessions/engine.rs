//! An Engine.IO client: what the official one does, as states and bytes.
//!
//! It polls as soon as its last poll is answered, sends one POST at a time with all that waits, and
//! changes to a WebSocket by `upgrade`. A fault of the server is a panic here.

use std::collections::{BTreeMap, VecDeque};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::network::{DELAY, Line, Owner, Parcel};
use super::polling::Polling;
use super::stage::Stage;
use super::upgrade::Probe;
use super::world::TICK;
use crate::wire;

pub(super) struct Engine {
    pub(super) owner: Owner,
    pub(super) sid: Option<String>,
    pub(super) state: State,
    pub(super) carrier: Carrier,
    pub(super) polling: Polling,
    pub(super) probe: Option<Probe>,
    /// Bytes that came on each connection and are not read yet.
    pub(super) lines: BTreeMap<Line, Vec<u8>>,
    /// Packets that wait, those first that are in the POST under way.
    pub(super) buffer: Vec<Packet>,
    pub(super) in_flight: usize,
    /// Nothing is written until the change to the WebSocket is done.
    pub(super) upgrading: bool,
    /// It began by polling.
    has_polled: bool,
    /// What happens to it may be its own fault, or the network's.
    pub(super) doomed: bool,
    pub(super) opened_at: u64,
    /// What the layer above must hear of.
    pub(super) happened: VecDeque<Happened>,
    pub(super) rules: Rules,
    /// When it takes the server for dead.
    pub(super) deadline: u64,
    /// The last pong, or the opening.
    pub(super) beat: u64,
    /// The clock of the server has jumped since, so that a ping may be early.
    pub(super) jumped: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Opening,
    Open,
    /// It closes as soon as its last packets are out.
    Closing,
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    Polling,
    /// The connection, and whether the handshake of it is done.
    Web(Line, bool),
}

/// A packet that goes up, with its digit if it is text.
#[derive(Clone, Debug)]
pub(super) enum Packet {
    Text(String),
    Bytes(Vec<u8>),
}

#[derive(Debug)]
pub(super) enum Happened {
    Opened,
    Text(String),
    Bytes(Vec<u8>),
    Closed,
}

/// What the open packet says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rules {
    pub(super) interval: u64,
    timeout: u64,
    max_payload: usize,
}

impl Engine {
    pub(super) fn open(owner: Owner, stage: &mut Stage) -> Self {
        let mut engine = Self {
            owner,
            sid: None,
            state: State::Opening,
            carrier: Carrier::Polling,
            polling: Polling::default(),
            probe: None,
            lines: BTreeMap::new(),
            buffer: Vec::new(),
            in_flight: 0,
            upgrading: false,
            has_polled: false,
            doomed: false,
            opened_at: stage.now,
            happened: VecDeque::new(),
            rules: Rules::default(),
            deadline: stage.now + PATIENCE,
            beat: stage.now,
            jumped: false,
        };
        if stage.one_in(3) {
            let line = engine.line(stage, &wire::engine(None));
            engine.carrier = Carrier::Web(line, false);
            stage.count("sessions on a WebSocket");
        } else {
            engine.has_polled = true;
            engine.poll(stage);
            stage.count("sessions by polling");
        }
        engine
    }

    /// Queues a packet; whether it was taken.
    pub(super) fn send(&mut self, packet: Packet, stage: &mut Stage) -> bool {
        let taken = matches!(self.state, State::Opening | State::Open);
        if taken {
            self.buffer.push(packet);
            self.flush(stage);
        }
        taken
    }

    pub(super) fn flush(&mut self, stage: &mut Stage) {
        if self.state == State::Closed || self.upgrading || self.buffer.is_empty() {
            return;
        }
        match self.carrier {
            Carrier::Polling => self.flush_by_post(stage),
            Carrier::Web(line, _) => {
                for packet in std::mem::take(&mut self.buffer) {
                    stage.write(line, &packet.frame());
                }
                self.drained(stage);
            }
        }
    }

    /// Everything is written: a close may have waited for that.
    pub(super) fn drained(&mut self, stage: &mut Stage) {
        if !self.buffer.is_empty() {
            self.flush(stage);
        } else if self.state == State::Closing && !self.upgrading {
            self.shut(true, stage);
        }
    }

    /// How many of the first packets go into one POST.
    pub(super) fn writable(&self) -> usize {
        let mut size = 1;
        for (n, packet) in self.buffer.iter().enumerate() {
            size += packet.len();
            if n > 0 && size > self.rules.max_payload {
                return n;
            }
            size += 2;
        }
        self.buffer.len()
    }

    /// Closes in order.
    pub(super) fn close(&mut self, stage: &mut Stage) {
        if matches!(self.state, State::Opening | State::Open) {
            self.state = State::Closing;
            self.drained(stage);
        }
    }

    /// The end; `polite` says that the server does not know of it yet.
    pub(super) fn shut(&mut self, polite: bool, stage: &mut Stage) {
        if self.state == State::Closed {
            return;
        }
        let farewell = match self.carrier {
            Carrier::Polling if polite && !self.polling.pausing && self.sid.is_some() => {
                Some(self.line(stage, &wire::post(self.sid.as_deref(), "1")))
            }
            Carrier::Web(line, true) if self.lines.contains_key(&line) => {
                stage.write(line, &wire::close());
                Some(line)
            }
            _ => None,
        };
        if farewell.is_some() {
            stage.count("farewells");
        }
        self.lines.keys().for_each(|line| stage.close_later(*line));
        self.lines.clear();
        self.probe = None;
        self.buffer.clear();
        self.state = State::Closed;
        self.happened.push_back(Happened::Closed);
    }

    /// Its program ends, and its connections with it.
    pub(super) fn crash(&mut self, stage: &mut Stage) {
        self.lines.keys().for_each(|line| stage.close(*line));
        self.lines.clear();
        self.shut(false, stage);
    }

    /// Something came on one of its connections.
    pub(super) fn receive(&mut self, line: Line, parcel: Parcel, stage: &mut Stage) {
        let Some(buffer) = self.lines.get_mut(&line) else {
            return;
        };
        match parcel {
            Parcel::End => self.ended(line, stage),
            Parcel::Bytes(bytes) => {
                buffer.extend_from_slice(&bytes);
                self.read(line, stage);
            }
        }
    }

    fn read(&mut self, line: Line, stage: &mut Stage) {
        if self.is_probe(line) {
            return self.read_probe(line, stage);
        }
        match self.carrier {
            Carrier::Web(web, greeted) if web == line => self.read_web(line, greeted, stage),
            _ => self.read_answer(line, stage),
        }
    }

    fn read_web(&mut self, line: Line, greeted: bool, stage: &mut Stage) {
        if !greeted {
            let Some((status, _)) = self.lines.get_mut(&line).and_then(wire::answer) else {
                return;
            };
            if status == 408 && self.doomed {
                return self.shut(false, stage);
            }
            assert_eq!(status, 101, "a WebSocket was refused");
            self.carrier = Carrier::Web(line, true);
        }
        while let Some((opcode, payload)) = self.lines.get_mut(&line).and_then(wire::frame) {
            match opcode {
                1 => self.packet(&String::from_utf8(payload).unwrap(), stage),
                2 => self.happened.push_back(Happened::Bytes(payload)),
                8 => self.shut(false, stage),
                9 => stage.write(line, &wire::pong(&payload)),
                _ => panic!("opcode {opcode}"),
            }
        }
    }

    /// A packet of the server.
    pub(super) fn packet(&mut self, text: &str, stage: &mut Stage) {
        match text.split_at(1) {
            ("0", rules) => self.opened(rules, stage),
            ("2", "") => self.pinged(stage),
            ("4", message) => self.happened.push_back(Happened::Text(message.to_owned())),
            ("6", "") => {}
            ("b", bytes) => {
                let bytes = STANDARD.decode(bytes).expect("base64");
                self.happened.push_back(Happened::Bytes(bytes));
            }
            _ => panic!("a packet that no server sends here: {text}"),
        }
    }

    fn opened(&mut self, rules: &str, stage: &mut Stage) {
        let rules: Value = serde_json::from_str(rules).unwrap();
        let number = |name: &str| rules[name].as_u64().unwrap();
        self.rules = Rules {
            interval: number("pingInterval"),
            timeout: number("pingTimeout"),
            max_payload: number("maxPayload") as usize,
        };
        assert!(self.sid.is_none(), "opened twice");
        self.sid = Some(rules["sid"].as_str().unwrap().to_owned());
        stage.ledger.sessions.extend(self.sid.clone());
        if self.state == State::Opening {
            self.state = State::Open;
        }
        (self.opened_at, self.beat) = (stage.now, stage.now);
        self.expect_ping(stage);
        self.happened.push_back(Happened::Opened);
        self.flush(stage);
    }

    fn pinged(&mut self, stage: &mut Stage) {
        let since = stage.now - self.beat;
        // Where polls are, a ping has to wait for one, and a pong for a POST that is under way.
        let earliest = self.rules.interval - DELAY;
        let latest = self.rules.interval + 2 * DELAY + TICK;
        let in_time = (earliest..=latest).contains(&since);
        assert!(
            self.doomed || self.has_polled || self.jumped || in_time,
            "a ping after {since} ms"
        );
        stage.count("pings");
        (self.beat, self.jumped) = (stage.now, false);
        self.expect_ping(stage);
        self.send(Packet::Text("3".to_owned()), stage);
    }

    fn expect_ping(&mut self, stage: &Stage) {
        self.deadline = stage.now + self.rules.interval + self.rules.timeout;
    }

    /// A connection has ended under its feet, or in order behind its last answer.
    fn ended(&mut self, line: Line, stage: &mut Stage) {
        self.lines.remove(&line);
        stage.close(line);
        if self.is_probe(line) {
            return self.probe_ended(stage);
        }
        let web = matches!(self.carrier, Carrier::Web(web, _) if web == line);
        if web || self.polling.is_used(line) {
            self.polling.forget(line);
            self.shut(true, stage);
        } else {
            self.polling.forget(line);
        }
    }

    /// Time has passed.
    pub(super) fn tick(&mut self, stage: &mut Stage) {
        if self.state != State::Closed && stage.now >= self.deadline {
            assert!(self.doomed, "no ping for the client in time");
            stage.count("clients that missed the pings");
            self.shut(true, stage);
        }
        self.check_probe(stage);
    }

    pub(super) fn next(&self) -> u64 {
        self.deadline.min(self.probe_deadline())
    }

    /// Opens a connection and writes to it.
    pub(super) fn line(&mut self, stage: &mut Stage, bytes: &[u8]) -> Line {
        let line = stage.network.open(self.owner);
        self.lines.insert(line, Vec::new());
        stage.write(line, bytes);
        line
    }
}

impl Packet {
    pub(super) fn frame(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => wire::text(text),
            Self::Bytes(bytes) => wire::binary(bytes),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len() - 1,
            Self::Bytes(bytes) => bytes.len().div_ceil(3) * 4,
        }
    }
}

/// How long a client tries to open.
const PATIENCE: u64 = 1000;
