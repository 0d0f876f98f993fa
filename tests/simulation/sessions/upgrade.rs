//! The change from polling to a WebSocket, as the official client makes it; and all the ways in
//! which it may come to nothing.

use super::engine::{Carrier, Engine, Packet, State};
use super::network::{DELAY, Line};
use super::stage::Stage;
use super::world::UPGRADE_TIMEOUT;
use crate::wire;

/// A WebSocket that an engine may change to.
pub(super) struct Probe {
    line: Line,
    plan: Plan,
    /// When the handshake was done.
    opened_at: Option<u64>,
    /// When the server answered the probe.
    answered_at: Option<u64>,
}

/// How the change ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    /// It pauses polling and sends the `5`.
    Complete,
    CloseAtOnce,
    GarbageAtOnce,
    CloseWhenAnswered,
    GarbageWhenAnswered,
    /// It never sends the `5`: the server must close it.
    Neglect,
}

const PLANS: [Plan; 12] = [
    Plan::Complete,
    Plan::Complete,
    Plan::Complete,
    Plan::Complete,
    Plan::Complete,
    Plan::Complete,
    Plan::Complete,
    Plan::CloseAtOnce,
    Plan::GarbageAtOnce,
    Plan::CloseWhenAnswered,
    Plan::GarbageWhenAnswered,
    Plan::Neglect,
];

const GARBAGE: [&str; 6] = ["9", "", "4hello", "2", "probe", "6"];

impl Engine {
    pub(super) fn begin_upgrade(&mut self, stage: &mut Stage) {
        let polls = self.carrier == Carrier::Polling && self.state == State::Open;
        if !polls || self.probe.is_some() || self.upgrading {
            return;
        }
        let line = self.line(stage, &wire::engine(self.sid.as_deref()));
        self.probe = Some(Probe {
            line,
            plan: stage.pick(&PLANS),
            opened_at: None,
            answered_at: None,
        });
        stage.count("upgrades begun");
    }

    pub(super) fn is_probe(&self, line: Line) -> bool {
        self.probe.as_ref().is_some_and(|probe| probe.line == line)
    }

    /// It waits for the answer to its probe.
    pub(super) fn probes(&self) -> bool {
        let probe = self.probe.as_ref();
        probe.is_some_and(|probe| probe.answered_at.is_none())
    }

    pub(super) fn read_probe(&mut self, line: Line, stage: &mut Stage) {
        let Some(probe) = &mut self.probe else { return };
        if probe.opened_at.is_none() {
            let Some((status, _)) = self.lines.get_mut(&line).and_then(wire::answer) else {
                return;
            };
            if status != 101 {
                return stage.count("probes refused");
            }
            probe.opened_at = Some(stage.now);
            self.greet(stage);
        }
        while self.is_probe(line) {
            let Some((opcode, payload)) = self.lines.get_mut(&line).and_then(wire::frame) else {
                return;
            };
            match (opcode, &*payload) {
                (1, b"3probe") => self.probed(stage),
                (8, _) => return self.probe_closed(stage),
                _ => panic!("{} on a probe", payload.escape_ascii()),
            }
        }
    }

    /// The server wants no upgrade any more.
    fn probe_closed(&mut self, stage: &mut Stage) {
        let Some(probe) = &self.probe else { return };
        let what = match probe.plan {
            Plan::Neglect if probe.answered_at.is_some() => "neglected probes closed",
            _ => "other probes closed",
        };
        self.drop_probe(what, stage);
    }

    /// The WebSocket is open.
    fn greet(&mut self, stage: &mut Stage) {
        let Some(probe) = &self.probe else { return };
        match probe.plan {
            Plan::CloseAtOnce => self.drop_probe("probes closed at once", stage),
            Plan::GarbageAtOnce => self.spoil("probes with garbage at once", stage),
            _ => stage.write(probe.line, &wire::text("2probe")),
        }
    }

    fn probed(&mut self, stage: &mut Stage) {
        let Some(probe) = &mut self.probe else { return };
        let before = probe.answered_at.replace(stage.now);
        assert_eq!(before, None, "a probe is answered once");
        match probe.plan {
            Plan::CloseWhenAnswered => self.drop_probe("probes closed when answered", stage),
            Plan::GarbageWhenAnswered => self.spoil("probes with garbage when answered", stage),
            Plan::Neglect => stage.count("probes neglected"),
            _ => {
                self.upgrading = true;
                self.polling.pausing = true;
                self.change_if_paused(stage);
            }
        }
    }

    /// Goes over to the WebSocket when nothing is under way by polling.
    pub(super) fn change_if_paused(&mut self, stage: &mut Stage) {
        if !self.upgrading || !self.polling.is_idle() || self.state == State::Closed {
            return;
        }
        // The official client waits here for ever, as its upgrade has failed meanwhile.
        let Some(probe) = self.probe.take() else {
            return;
        };
        let paused = stage.now - probe.answered_at.unwrap_or_default();
        let released = paused <= 2 * DELAY + 1;
        assert!(released || self.doomed, "a poll is held for {paused} ms");
        self.lines
            .keys()
            .filter(|line| **line != probe.line)
            .for_each(|line| stage.close_later(*line));
        self.lines.retain(|line, _| *line == probe.line);
        let rest = &self.lines[&probe.line];
        let closes = rest.first().is_none_or(|first| *first == 0x88);
        assert!(closes, "{} before the 5", rest.escape_ascii());
        self.carrier = Carrier::Web(probe.line, true);
        stage.write(probe.line, &wire::text("5"));
        self.upgrading = false;
        stage.count("upgrades completed");
        if let Some(Packet::Bytes(_)) = self.buffer.first() {
            stage.count("upgrades between a packet and its attachments");
        }
        self.drained(stage);
    }

    fn spoil(&mut self, what: &str, stage: &mut Stage) {
        stage.count(what);
        let Some(probe) = &self.probe else { return };
        let packet = match stage.one_in(4) {
            true => Packet::Bytes(vec![4, 2]),
            false => Packet::Text(stage.pick(&GARBAGE).to_owned()),
        };
        stage.write(probe.line, &packet.frame());
    }

    fn drop_probe(&mut self, what: &str, stage: &mut Stage) {
        stage.count(what);
        let Some(probe) = self.probe.take() else {
            return;
        };
        if stage.one_in(2) {
            stage.write(probe.line, &wire::close());
        }
        self.lines.remove(&probe.line);
        stage.close_later(probe.line);
        self.upgrade_failed(stage);
    }

    pub(super) fn probe_ended(&mut self, stage: &mut Stage) {
        self.probe = None;
        self.upgrade_failed(stage);
    }

    fn upgrade_failed(&mut self, stage: &mut Stage) {
        // Who had paused already stays mute, as the official client does.
        self.doomed |= self.upgrading;
        stage.count(match self.upgrading {
            true => "upgrades failed in the pause",
            false => "upgrades abandoned",
        });
    }

    /// The server does not keep a probe for longer than it says.
    pub(super) fn check_probe(&mut self, stage: &mut Stage) {
        let in_time = stage.now < self.probe_deadline() || self.doomed || self.upgrading;
        assert!(in_time, "a probe outlives its time");
    }

    pub(super) fn probe_deadline(&self) -> u64 {
        let opened = self.probe.as_ref().and_then(|probe| probe.opened_at);
        opened
            .filter(|_| !self.doomed && !self.upgrading)
            .map_or(u64::MAX, |time| time + UPGRADE_TIMEOUT + 2 * DELAY)
    }
}
