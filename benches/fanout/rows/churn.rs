//! Connections that come and go: what a handshake takes, what the whole life takes, and whether
//! something is left of them.

use std::io;

use crate::contest::{Contest, Samples};
use crate::plan::Plan;
use crate::servers::Program;
use crate::servers::process::Server;
use crate::table::{Aim, Line, Unit};

/// Three lines: the time of a handshake, that of a connection, the memory that is not given back.
pub(crate) fn measure(
    contest: &mut Contest,
    programs: &[&Program],
    plan: &Plan,
) -> io::Result<[Line; 3]> {
    let [handshakes, lives, memory] = contest.alternate(
        programs,
        plan.rounds,
        |program| {
            let server = Server::start(program)?;
            Ok(Door {
                server,
                before: None,
            })
        },
        |door| door.round(plan.come_and_go),
    )?;
    let all = CONNECTIONS * plan.come_and_go * plan.rounds;
    let last = |samples: Samples| samples.last().copied().into_iter().collect();
    Ok([
        Line {
            name: "time for a handshake".to_owned(),
            unit: Unit::Time,
            samples: handshakes,
            aims: &[Aim::Ratio(1.1), Aim::Ratio(1.5)],
        },
        Line {
            name: "time for a connection that comes and goes".to_owned(),
            unit: Unit::Time,
            samples: lives,
            aims: &[Aim::Ratio(1.1), Aim::Ratio(1.5)],
        },
        Line {
            name: format!("memory grown over {all} that came and went"),
            unit: Unit::Bytes,
            samples: memory.into_iter().map(last).collect(),
            aims: &[Aim::Most(0.0), Aim::Most(0.0)],
        },
    ])
}

struct Door {
    server: Server,
    /// Bytes of memory when the first have come and gone, in the round that is not measured.
    before: Option<u64>,
}

impl Door {
    /// The time of a handshake, that of a life, and the memory that has grown so far.
    fn round(&mut self, times: usize) -> io::Result<[f64; 3]> {
        let process = self.server.process;
        let (mut handshakes, mut lives) = (0, 0);
        for _ in 0..times {
            let before = process.cpu()?;
            let sockets = self.server.let_in(CONNECTIONS)?;
            let open = process.cpu()?;
            drop(sockets);
            handshakes += open - before;
            lives += process.cpu()? - before;
        }
        let memory = process.anonymous()?;
        let before = *self.before.get_or_insert(memory);
        let count = (CONNECTIONS * times) as f64;
        let grown = memory as f64 - before as f64;
        Ok([handshakes as f64 / count, lives as f64 / count, grown])
    }
}

/// That are open at a time.
const CONNECTIONS: usize = 1000;
