//! What compression costs: nothing for who is idle, and never more than a message may take.

use flate2::{Compress, Compression, FlushCompress};

use super::*;

const MESSAGE: usize = 1_000_000;
/// What inflates; there is one for all of the server.
const INFLATER: usize = 64 * 1024;

fn compressing() -> Sim {
    Sim::new(Config {
        max_message: MESSAGE,
        compression: Some(roomcast::Compression::deflate()),
        ..Config::default()
    })
}

/// A WebSocket that has offered to compress.
fn open(sim: &mut Sim) -> Id {
    let id = sim.connect();
    sim.receive(id, &HANDSHAKE[..HANDSHAKE.len() - 2], &mut lobby);
    let offer = b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    sim.receive(id, offer, &mut lobby);
    sim.end_turn(&mut lobby);
    assert!(sim.take(id).len() > 200, "it says what is agreed on");
    id
}

#[test]
fn an_idle_socket_that_compresses_takes_no_more_than_any() {
    let _alone = alone();
    let mut sim = compressing();
    let mut ids = Vec::with_capacity(SOCKETS);
    let before = heap(&sim);
    ids.extend((0..SOCKETS).map(|_| open(&mut sim)));
    costs_at_most(LIMIT, before, heap(&sim));
}

#[test]
fn a_bomb_takes_as_much_as_a_message_may_and_half_of_it_what_was_sent() {
    let _alone = alone();
    let mut sim = compressing();
    let (one, two) = (open(&mut sim), open(&mut sim));
    let mut bomb = Vec::with_capacity(MESSAGE);
    Compress::new(Compression::best(), false)
        .compress_vec(&vec![0; 50 * MESSAGE], &mut bomb, FlushCompress::Sync)
        .unwrap();
    let frame = client_frame(0xc2, &bomb);
    let before = heap(&sim);
    sim.receive(one, &frame[..frame.len() / 2], &mut quiet);
    grew_at_most(frame.len() + SLACK, before, heap(&sim));
    // An allocation beyond that ends the process: the frame, as it is read and as it is kept.
    let most = MESSAGE + INFLATER + 2 * frame.len() + SLACK;
    HEAP.set_limit(HEAP.allocated() + most).unwrap();
    sim.receive(two, &frame, &mut quiet);
    HEAP.set_limit(usize::MAX).unwrap();
    assert_eq!(sim.hub().stats().violations, 1);
    sim.end_turn(&mut quiet);
    assert_eq!(sim.take(two)[2..4], 1009_u16.to_be_bytes());
    sim.hang_up(one, &mut quiet);
    sim.end_turn(&mut quiet);
    grew_at_most(INFLATER + SLACK, before, heap(&sim));
}

/// A kilobyte of each of them inflates to a megabyte, and is sent on.
#[test]
fn what_many_inflate_in_one_turn_is_written_before_it_takes_much() {
    const SENDERS: usize = 50;
    let _alone = alone();
    let mut sim = compressing();
    let ids: Vec<_> = (0..SENDERS).map(|_| open(&mut sim)).collect();
    let mut out = Vec::with_capacity(16 * 1024);
    Compress::new(Compression::fast(), false)
        .compress_vec(&[0; MESSAGE], &mut out, FlushCompress::Sync)
        .unwrap();
    let three = client_frame(0xc2, out.strip_suffix(&[0, 0, 0xff, 0xff]).unwrap()).repeat(3);
    let before = heap(&sim);
    let (mut count, mut most) = (0, 0);
    let mut echo = |hub: &mut Hub, event: Event<'_>| {
        if let Event::Binary { id, bytes } = event {
            count += 1;
            hub.send(id, bytes);
            most = most.max(HEAP.allocated());
        }
    };
    for id in &ids {
        sim.receive(*id, &three, &mut echo);
    }
    while sim.patience() == Some(0) {
        sim.end_turn(&mut echo);
    }
    assert_eq!(count, 3 * SENDERS);
    // The message that comes, and a few as they go out.
    grew_at_most(8 * MESSAGE, before, most);
}
