//! How many there are in a world, and how much each of them does.

use super::stage::Stage;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// A handful of clients to whom everything happens.
    Few,
    /// Thousands, each of which does a few things.
    Thousands,
}

impl Scale {
    /// How many clients of Socket.IO there are, and how many plain sockets.
    pub(super) fn population(self, stage: &mut Stage) -> (usize, usize) {
        match self {
            Self::Few => (2 + stage.below(4), stage.below(4)),
            Self::Thousands => (2200, 1000),
        }
    }

    /// When what is due at a time is done: thousands keep to every fourth millisecond, so that there
    /// are fewer turns.
    pub(super) fn when(self, time: u64) -> u64 {
        match self {
            Self::Few => time,
            Self::Thousands => time.checked_next_multiple_of(4).unwrap_or(time),
        }
    }

    /// Milliseconds from ping to ping.
    pub(super) fn heartbeat(self) -> u64 {
        match self {
            Self::Few => 300,
            Self::Thousands => 1200,
        }
    }

    /// How long a client does nothing, where among few it would rest for so long at most.
    pub(super) fn pause(self, stage: &mut Stage, most: usize) -> u64 {
        let most = match self {
            Self::Few => most,
            Self::Thousands => most * 10,
        };
        5 + stage.below(most) as u64
    }

    /// Where those are told who stand near a client: everyone, or its hall.
    pub(super) fn hall(self, number: usize) -> Vec<String> {
        match self {
            Self::Few => Vec::new(),
            Self::Thousands => vec![hall(number)],
        }
    }

    /// A room that a client may care for.
    pub(super) fn room(self, number: usize, stage: &mut Stage) -> String {
        match self {
            Self::Few => stage.pick(&ROOMS).to_owned(),
            Self::Thousands => hall(number + stage.below(2) * HALL),
        }
    }
}

fn hall(number: usize) -> String {
    format!("hall{}", number / HALL)
}

const ROOMS: [&str; 3] = ["lobby", "attic", "cellar"];
/// Clients in a hall.
const HALL: usize = 20;
