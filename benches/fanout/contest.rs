//! Rounds of several servers in turns, so that what else the machine does hits all of them.

use std::io::{self, ErrorKind};

use crate::servers::Program;

/// Who has failed so far.
#[derive(Default)]
pub(crate) struct Contest {
    /// A peer has delivered something wrong. If one of our own does, that is an error at once.
    pub(crate) is_wrong: bool,
}

/// What was measured of one server, round by round; nothing if it failed.
pub(crate) type Samples = Vec<f64>;

impl Contest {
    /// Opens all, lets each do a round that is not measured and then rounds that are, in turns.
    ///
    /// Each round measures N things: there are N lists, of the samples of all servers in order.
    pub(crate) fn alternate<S, const N: usize>(
        &mut self,
        programs: &[&Program],
        rounds: usize,
        open: impl Fn(&Program) -> io::Result<S>,
        mut round: impl FnMut(&mut S) -> io::Result<[f64; N]>,
    ) -> io::Result<[Vec<Samples>; N]> {
        let mut stages = Vec::new();
        for program in programs {
            stages.push(self.excuse(program, open(program))?);
        }
        let mut all: [Vec<Samples>; N] =
            std::array::from_fn(|_| vec![Samples::new(); programs.len()]);
        for number in 0..=rounds {
            for at in 0..programs.len() {
                // Nobody always comes behind the same one.
                let at = (at + number) % programs.len();
                let Some(stage) = &mut stages[at] else {
                    continue;
                };
                let measured = round(stage);
                let Some(measured) = self.excuse(programs[at], measured)? else {
                    stages[at] = None;
                    all.iter_mut().for_each(|samples| samples[at].clear());
                    continue;
                };
                // Before, buffers grow, code is compiled and the processor wakes up.
                if number > 0 {
                    for (samples, value) in all.iter_mut().zip(measured) {
                        samples[at].push(value);
                    }
                }
            }
        }
        Ok(all)
    }

    /// Measures each once, one behind the other.
    pub(crate) fn each(
        &mut self,
        programs: &[&Program],
        measure: impl Fn(&Program) -> io::Result<f64>,
    ) -> io::Result<Vec<Samples>> {
        let measured = programs.iter().map(|program| {
            let measured = self.excuse(program, measure(program))?;
            Ok(Samples::from_iter(measured))
        });
        measured.collect()
    }

    /// Says which peer failed and goes on without it; what we do wrong ourselves is an error.
    fn excuse<T>(&mut self, program: &Program, result: io::Result<T>) -> io::Result<Option<T>> {
        let error = match result {
            Ok(value) => return Ok(Some(value)),
            Err(error) => error,
        };
        let text = format!("{}: {error}", program.name);
        if program.is_own {
            return Err(io::Error::new(error.kind(), text));
        }
        self.is_wrong |= error.kind() == ErrorKind::InvalidData;
        eprintln!("{text}");
        Ok(None)
    }
}
