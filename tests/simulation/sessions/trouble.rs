//! What befalls an engine and is no fault of the server: its connections break or stall, its machine
//! sleeps, the clock of the server jumps.

use super::engine::{Carrier, Engine, State};
use super::network::{Cut, DELAY};
use super::stage::Stage;
use super::world::TICK;

impl Engine {
    /// Cuts one of the connections that it uses.
    pub(super) fn cut(&mut self, stage: &mut Stage) {
        let mut lines: Vec<_> = self.lines.keys().copied().collect();
        lines.retain(|line| !self.polling.is_spare(*line));
        if lines.is_empty() {
            return;
        }
        let line = stage.pick(&lines);
        let cut = stage.pick(&[Cut::Reset, Cut::Silent, Cut::Half]);
        self.doomed = true;
        stage.count(match (cut, self.carrier) {
            _ if self.is_probe(line) => "cuts of a probe",
            (Cut::Reset, Carrier::Polling) => "resets of a poll",
            (Cut::Reset, Carrier::Web(..)) => "resets of a WebSocket",
            (Cut::Half, _) => "half-closes",
            (Cut::Silent, Carrier::Polling) => "silent deaths of a poll",
            (Cut::Silent, Carrier::Web(..)) => "silent deaths of a WebSocket",
        });
        stage.cut(line, cut);
    }

    /// One of its connections takes nothing for a while.
    pub(super) fn stall(&mut self, stage: &mut Stage) {
        let lines: Vec<_> = self.lines.keys().copied().collect();
        if !lines.is_empty() {
            self.doomed = true;
            let line = stage.pick(&lines);
            stage.stall(line);
        }
    }

    /// Nothing comes and nothing goes for a while.
    pub(super) fn sleep(&mut self, until: u64, stage: &mut Stage) {
        self.doomed = true;
        stage.count("clients asleep");
        let lines = self.lines.keys();
        lines.for_each(|line| stage.network.freeze(*line, until));
    }

    /// The clock of the server jumps now: who has answered its last ping is pinged, and not closed.
    pub(super) fn brace(&mut self, entered: bool, stage: &mut Stage) {
        let quiet = match self.carrier {
            Carrier::Web(line, true) => stage.network.is_quiet(line),
            _ => false,
        };
        let heard = stage.now + DELAY + TICK < self.beat + self.rules.interval;
        let open =
            self.state == State::Open && !self.jumped && !self.upgrading && self.probe.is_none();
        if !(quiet && heard && open && entered) || self.doomed {
            self.doomed = true;
            return;
        }
        self.jumped = true;
        self.deadline = stage.now + DELAY + TICK;
        stage.count("jumps that a session outlives");
    }
}
