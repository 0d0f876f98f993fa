//! Time on a processor for each message that a receiver gets.
//!
//! The load is a closed loop: a publisher sends its next message when one of those under way has
//! reached the last receiver. So slow receivers never matter here, and what is measured is work.

use std::io;

use crate::clients::crowd::Crowd;
use crate::clients::tally::{Load, Tally};
use crate::clients::wire::Shape;
use crate::contest::Contest;
use crate::machine::{self, SPARE_FILES};
use crate::plan::{FanOut, Plan};
use crate::servers::Program;
use crate::servers::process::Server;
use crate::table::{Line, Unit};

pub(crate) fn measure(
    contest: &mut Contest,
    programs: &[&Program],
    row: &FanOut,
    plan: &Plan,
) -> io::Result<Line> {
    let load = Load {
        receivers: row.receivers,
        publishers: row.publishers,
        window: row.window,
        messages: row.messages(plan.share),
    };
    let stays = programs.len() * row.receivers + SPARE_FILES < machine::max_files();
    let [samples] = contest.alternate(
        programs,
        plan.rounds,
        |program| Stage::open(program, row.size, load, stays),
        Stage::round,
    )?;
    Ok(Line {
        name: row.name.to_owned(),
        unit: Unit::Time,
        samples,
        aims: row.aims,
    })
}

/// A server and its clients.
struct Stage {
    server: Server,
    /// None if all servers together have more than may be open; then they come for each round.
    crowd: Option<Crowd>,
    shape: Shape,
    load: Load,
}

impl Stage {
    fn open(program: &Program, size: usize, load: Load, stays: bool) -> io::Result<Self> {
        let server = Server::start(program)?;
        let crowd = stays.then(|| server.crowd(load.receivers + 1));
        Ok(Self {
            crowd: crowd.transpose()?,
            shape: Shape::new(server.wire, size),
            server,
            load,
        })
    }

    fn round(&mut self) -> io::Result<[f64; 1]> {
        let mut guests = None;
        let crowd = match &mut self.crowd {
            Some(crowd) => crowd,
            None => {
                let crowd = guests.insert(self.server.crowd(self.load.receivers + 1)?);
                let first = Load {
                    messages: 1,
                    ..self.load
                };
                crowd.publish(&self.shape, &mut Tally::new(first))?;
                crowd
            }
        };
        let before = self.server.process.cpu()?;
        crowd.publish(&self.shape, &mut Tally::new(self.load))?;
        let took = self.server.process.cpu()? - before;
        Ok([took as f64 / self.load.deliveries()])
    }
}
