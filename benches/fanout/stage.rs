//! The sockets of all rows with the same number of receivers, and the rounds they go through.

use std::io;
use std::time::Instant;

use crate::crowd::{self, Crowd};
use crate::floor::Floor;
use crate::frame::Shape;
use crate::host::Host;
use crate::row::{Load, Round, Row};
use crate::tally::Tally;

pub(crate) struct Stage {
    host: Host,
    crowd: Crowd,
    floor: Floor,
}

impl Stage {
    /// Both ends of each connection, to the server and to the floor.
    pub(crate) const FILES_EACH: usize = 4;

    pub(crate) fn open(receivers: usize) -> io::Result<Self> {
        let host = Host::start()?;
        let mut crowd = Crowd::new()?;
        // One more, since nobody gets its own messages.
        for _ in 0..=receivers {
            crowd.add(crowd::open(host.address)?)?;
        }
        let floor = Floor::start(receivers)?;
        Ok(Self { host, crowd, floor })
    }

    pub(crate) fn measure(&mut self, load: Load, rounds: usize) -> io::Result<Row> {
        let shape = Shape::new(load.size);
        // Buffers grow and the processor wakes up.
        self.round(&load, &shape)?;
        let rounds: io::Result<Vec<_>> = (0..rounds).map(|_| self.round(&load, &shape)).collect();
        Ok(Row::new(load, &rounds?))
    }

    pub(crate) fn close(self) -> io::Result<()> {
        drop(self.crowd);
        self.host.stop()?;
        self.floor.stop()
    }

    /// One round of the server, and one of the floor that is like it.
    fn round(&mut self, load: &Load, shape: &Shape) -> io::Result<Round> {
        let mut tally = Tally::new(load.receivers + 1, load);
        let (before, start) = (self.host.probe(), Instant::now());
        self.crowd.publish(shape, &mut tally)?;
        let (took, after) = (start.elapsed(), self.host.probe());
        let writes = after.stats.writes - before.stats.writes;
        let delivered = after.stats.delivered - before.stats.delivered;
        assert_eq!(delivered, tally.deliveries(), "the server counts the same");
        Ok(Round {
            took,
            writes,
            deliveries: delivered,
            server: after
                .cpu
                .zip(before.cpu)
                .map(|(after, before)| after - before),
            floor: self.floor.round(shape, load, writes)?,
            latencies: tally.latencies,
        })
    }
}
