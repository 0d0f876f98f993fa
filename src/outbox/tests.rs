//! Counted writes: one for each receiver, whatever was sent; and nothing lost to a slow one.

use super::streamed::PIECE;
use super::*;
use crate::http::Stream;

/// A socket that takes so many bytes until it is full, and counts the calls.
#[derive(Default)]
struct Socket {
    room: usize,
    got: Vec<u8>,
    calls: usize,
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.calls += 1;
        let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.to_vec()).collect();
        let n = bytes.len().min(self.room);
        self.got.extend_from_slice(&bytes[..n]);
        self.room -= n;
        if n == 0 {
            Err(ErrorKind::WouldBlock.into())
        } else {
            Ok(n)
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sockets by key, with their outboxes.
struct Bench {
    outboxes: Outboxes,
    sockets: Vec<Socket>,
}

impl Bench {
    fn new(rooms: &[usize]) -> Self {
        let mut outboxes = Outboxes::default();
        (0..rooms.len() as u32).for_each(|key| outboxes.open(key));
        let sockets = rooms
            .iter()
            .map(|room| Socket {
                room: *room,
                ..Socket::default()
            })
            .collect();
        Self { outboxes, sockets }
    }

    fn send(&mut self, text: &str, keys: &[u32]) {
        let encode = |batch: &mut Vec<u8>| batch.extend_from_slice(text.as_bytes());
        let run = self.outboxes.encode(text.len(), encode).unwrap();
        keys.iter().for_each(|key| self.outboxes.push(*key, run));
    }

    fn end_turn(&mut self) {
        let dirty = self.outboxes.take_dirty();
        for key in &dirty {
            self.outboxes.flush(*key, &mut self.sockets[*key as usize]);
        }
        self.outboxes.seal();
    }

    #[track_caller]
    fn check(&self, key: usize, got: &str, calls: usize) {
        assert_eq!(String::from_utf8_lossy(&self.sockets[key].got), got);
        assert_eq!(self.sockets[key].calls, calls, "calls of write");
    }
}

#[test]
fn a_turn_of_many_messages_is_one_write_for_each_receiver() {
    let mut bench = Bench::new(&[99, 99, 99]);
    bench.send("a", &[0, 1]);
    bench.send("b", &[0, 1, 2]);
    bench.send("c", &[0, 2]);
    bench.send("d", &[0, 1]);
    bench.end_turn();
    bench.check(0, "abcd", 1);
    bench.check(1, "abd", 1);
    bench.check(2, "bc", 1);
    bench.end_turn();
    bench.check(0, "abcd", 1);
}

#[test]
fn what_a_slow_receiver_leaves_waits_in_order_and_is_given_back() {
    let mut bench = Bench::new(&[1, 99, 0]);
    bench.send("ab", &[0, 1, 2]);
    bench.send("c", &[1]);
    bench.send("d", &[0, 1, 2]);
    bench.end_turn();
    assert_eq!(
        (bench.outboxes.backlog(0), bench.outboxes.backlog(2)),
        (2, 3)
    );
    bench.send("ef", &[0, 1, 2]);
    bench.end_turn();
    bench.check(0, "a", 1); // full: no call until the socket says that it has room
    bench.check(1, "abcdef", 2);
    for room in [2, 1, 9] {
        bench.sockets[0].room = room;
        bench.outboxes.unblock(0);
        bench.end_turn();
    }
    bench.check(0, "abdef", 4);
    assert!(bench.outboxes.is_empty(0) && !bench.outboxes.is_empty(2));
    bench.outboxes.close(2);
    assert_eq!(bench.outboxes.pinned(), 0);
}

#[test]
fn a_backlog_is_kept_once_for_all_who_share_it() {
    let mut bench = Bench::new(&[0; 50]);
    let everyone: Vec<u32> = (0..50).collect();
    for _ in 0..100 {
        bench.send(&"x".repeat(1000), &everyone);
        bench.end_turn();
    }
    assert_eq!(bench.outboxes.pinned(), 100_000);
    assert!(
        everyone
            .iter()
            .all(|key| bench.outboxes.backlog(*key) == 100_000)
    );
}

#[test]
fn a_small_leftover_does_not_keep_a_large_batch() {
    let mut bench = Bench::new(&[99, 3]);
    bench.send(&"x".repeat(90), &[0]);
    bench.send("small", &[1]);
    bench.end_turn();
    assert_eq!(bench.outboxes.pinned(), 2);
}

#[test]
fn a_stream_goes_behind_what_was_sent_before_it_in_pieces() {
    let mut bench = Bench::new(&[10]);
    let body: Vec<u8> = (0..200_000_u32).map(|n| n as u8).collect();
    bench.send("head", &[0]);
    let source = Box::new(io::Cursor::new(body.clone()));
    bench.outboxes.stream(
        0,
        Stream {
            source,
            left: 200_000,
            held: 0,
        },
    );
    for _ in 0..40 {
        bench.end_turn();
        assert!(bench.outboxes.pinned() <= PIECE as usize);
        bench.sockets[0].room += 30_000;
        bench.outboxes.unblock(0);
    }
    assert!(bench.outboxes.is_empty(0));
    assert_eq!(bench.sockets[0].got, [b"head", &body[..]].concat());
}

#[test]
fn a_source_that_ends_too_early_breaks_the_connection() {
    let mut bench = Bench::new(&[99]);
    bench.outboxes.stream(
        0,
        Stream {
            source: Box::new(&b"abc"[..]),
            left: 4,
            held: 0,
        },
    );
    assert_eq!(
        bench.outboxes.flush(0, &mut bench.sockets[0]),
        Flushed::Broken
    );
}

#[test]
fn a_frame_that_would_pass_two_gibibytes_is_refused_before_it_is_encoded() {
    let mut bench = Bench::new(&[99]);
    let refused = bench
        .outboxes
        .encode(MAX_BATCH + 1, |_| panic!("encoded all the same"));
    assert_eq!(refused, None);
}
