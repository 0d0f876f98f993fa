//! What is held for clients, in bytes, all of it together, and who is cut when it is too much.
//!
//! Three kinds: what slow receivers have not taken (`outbox`), what has come of messages and
//! requests that are not whole, and what an application or a layer says that it holds.

use std::collections::BinaryHeap;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::conn::{Phase, Work};
use crate::deliver;
use crate::event::{CloseReason, Handler, Queued};
use crate::http::Stream;
use crate::hub::Hub;
use crate::id::Id;

/// What is held beside the outboxes.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Bytes of what is not whole.
    unfinished: usize,
    /// Bytes of all weights.
    weights: Arc<AtomicUsize>,
}

/// Bytes that an application holds for clients, counted in `Config::max_memory` until this is
/// dropped; made by [`Hub::weigh`].
///
/// ```
/// # fn handle(hub: &mut roomcast::Hub, text: String) {
/// struct Late { text: String, _weight: roomcast::Weight }
///
/// let late = Late { _weight: hub.weigh(text.len()), text };
/// assert!(hub.memory() >= late.text.len());
/// # }
/// ```
#[derive(Debug)]
pub struct Weight {
    bytes: usize,
    sum: Arc<AtomicUsize>,
}

impl Weight {
    /// Bytes that it stands for.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Stands for so many bytes from now on.
    pub fn set(&mut self, bytes: usize) {
        self.sum.fetch_add(bytes, Relaxed);
        self.sum.fetch_sub(self.bytes, Relaxed);
        self.bytes = bytes;
    }
}

/// A body that counts until it is sent, or is not.
struct Weighed {
    source: Box<dyn Read + Send>,
    _weight: Weight,
}

impl Read for Weighed {
    fn read(&mut self, piece: &mut [u8]) -> io::Result<usize> {
        self.source.read(piece)
    }
}

impl Drop for Weight {
    fn drop(&mut self) {
        self.sum.fetch_sub(self.bytes, Relaxed);
    }
}

impl Hub {
    /// Counts so many bytes that the application holds for clients, for `Config::max_memory`.
    /// When there is no more room the application hears of it: [`Event::Pressure`](crate::Event::Pressure).
    pub fn weigh(&self, bytes: usize) -> Weight {
        let sum = Arc::clone(&self.memory.weights);
        sum.fetch_add(bytes, Relaxed);
        Weight { bytes, sum }
    }

    /// Bytes that are held for clients, of those that `Config::max_memory` bounds: what slow
    /// receivers have not taken, what has come of messages and requests that are not whole, and
    /// what was counted with [`Hub::weigh`].
    pub fn memory(&self) -> usize {
        self.outboxes.memory() + self.memory.unfinished + self.memory.weights.load(Relaxed)
    }

    /// Takes what is unfinished of a connection.
    pub(crate) fn take_work(&mut self, key: u32) -> Work {
        let work = self.conns[key as usize].work.take();
        let work = work.map_or_else(Work::default, |work| *work);
        self.memory.unfinished -= work.len();
        work
    }

    /// Keeps what is unfinished of a connection.
    pub(crate) fn keep_work(&mut self, key: u32, work: Work) {
        self.memory.unfinished += work.len();
        self.conns[key as usize].work = Some(Box::new(work));
    }

    /// Gives memory back if more is held than may be: the application is asked first, then those
    /// are cut for whom most is held.
    pub(crate) fn relieve(&mut self, handler: Handler<'_>) {
        let limit = self.config.max_memory;
        if self.memory() <= limit {
            return;
        }
        // Some room is made, so that this is not done for each message.
        let enough = limit - limit / 8;
        let over = self.memory() - enough;
        self.queue.push_back(Queued::Pressure(over));
        deliver::drain(self, handler);
        if self.memory() > enough {
            self.shed(enough);
            deliver::drain(self, handler);
        }
    }

    /// Cuts those for whom most is held until all together fit.
    fn shed(&mut self, enough: usize) {
        let conns = self.conns.iter();
        let mut held: BinaryHeap<(usize, Id)> = conns
            .map(|(key, conn)| (key as u32, conn))
            .map(|(key, conn)| (self.held_for(key), conn.id(key)))
            .filter(|(bytes, _)| *bytes > 0)
            .collect();
        while let Some((_, id)) = held.pop().filter(|_| self.memory() > enough) {
            if self.phase(id) != Some(Phase::Gone) {
                log::warn!("connection {id}: cut, too much is held for all together (max_memory)");
                self.stats.cut += 1;
                self.lose(id, CloseReason::TooSlow);
            }
            self.outboxes.close(id.key);
            self.take_work(id.key);
        }
    }

    /// Counts the body of an answer that is sent in pieces.
    pub(crate) fn weigh_body(&self, mut stream: Stream) -> Stream {
        if stream.held > 0 {
            stream.source = Box::new(Weighed {
                source: stream.source,
                _weight: self.weigh(stream.held),
            });
        }
        stream
    }

    /// Bytes that are held for one connection; what others wait for as well counts in full.
    fn held_for(&self, key: u32) -> usize {
        let work = self.conns[key as usize].work.as_ref();
        self.outboxes.held(key) + work.map_or(0, |work| work.len())
    }
}
