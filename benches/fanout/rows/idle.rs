//! What an idle connection takes of the memory of a server; buffers of the kernel are not counted.

use std::io;

use crate::contest::Contest;
use crate::machine::{self, SPARE_FILES};
use crate::plan::Plan;
use crate::servers::Program;
use crate::servers::process::Server;
use crate::table::{Aim, Line, Unit};

pub(crate) fn measure(
    contest: &mut Contest,
    programs: &[&Program],
    plan: &Plan,
) -> io::Result<Line> {
    let count = plan.idle.min(machine::max_files() - SPARE_FILES - WARM);
    let samples = contest.each(programs, |program| {
        let server = Server::start(program)?;
        // What the first of them bring does not count.
        let _warm = server.let_in(WARM)?;
        let before = server.process.anonymous()?;
        let _idle = server.let_in(count)?;
        let grown = server.process.anonymous()?.saturating_sub(before);
        Ok(grown as f64 / count as f64)
    })?;
    Ok(Line {
        name: format!("memory for each of {count} idle connections"),
        unit: Unit::Bytes,
        samples,
        aims: &[Aim::Most(128.0), Aim::Most(512.0)],
    })
}

const WARM: usize = 16;
