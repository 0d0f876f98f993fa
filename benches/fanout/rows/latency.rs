//! How long a message takes to the first of a thousand receivers, in a room that is calm: ten
//! messages a second, between which the server sleeps.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::clients::crowd::Crowd;
use crate::clients::tally::{Load, Tally};
use crate::clients::wire::Shape;
use crate::contest::Contest;
use crate::plan::Plan;
use crate::servers::Program;
use crate::servers::process::Server;
use crate::table::{Aim, Line, Unit};

pub(crate) fn measure(
    contest: &mut Contest,
    programs: &[&Program],
    plan: &Plan,
) -> io::Result<Line> {
    let messages = (MESSAGES / plan.share).max(3);
    let [samples] = contest.alternate(
        programs,
        plan.rounds,
        |program| {
            let server = Server::start(program)?;
            let crowd = server.crowd(RECEIVERS + 1)?;
            Ok((Shape::new(server.wire, 32), crowd, server))
        },
        |(shape, crowd, _)| {
            let latencies = (0..messages).map(|_| first(crowd, shape));
            let mut latencies = latencies.collect::<io::Result<Vec<_>>>()?;
            latencies.sort_unstable();
            Ok([latencies[messages / 2].as_nanos() as f64])
        },
    )?;
    Ok(Line {
        name: "latency of the first of 1,000 receivers".to_owned(),
        unit: Unit::Time,
        samples,
        aims: &[Aim::Ratio(1.1), Aim::Ratio(1.2)],
    })
}

/// Publishes one message, and waits for the time of the next.
fn first(crowd: &mut Crowd, shape: &Shape) -> io::Result<Duration> {
    let mut tally = Tally::new(Load {
        receivers: RECEIVERS,
        publishers: 1,
        window: 1,
        messages: 1,
    });
    let start = crowd.publish(shape, &mut tally)?;
    thread::sleep((start + PAUSE).saturating_duration_since(Instant::now()));
    let first = tally.first.expect("everyone has got it");
    Ok(first - start)
}

const RECEIVERS: usize = 1000;
/// In a round.
const MESSAGES: usize = 10;
const PAUSE: Duration = Duration::from_millis(100);
