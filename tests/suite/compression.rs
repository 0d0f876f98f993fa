//! permessage-deflate (RFC 7692): who gets what in which form, and what clients may not send.

use flate2::{Compress, Decompress, FlushCompress, FlushDecompress};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use roomcast::sim::{Sim, client_frame, quiet};
use roomcast::{CloseReason, Compression, Config, Event, Hub, Id};

use crate::handshake::handshake;

/// A server that compresses, and takes messages of 100,000 bytes.
pub(crate) fn compressing() -> Sim {
    Sim::new(Config {
        max_message: LIMIT,
        compression: Some(Compression::deflate()),
        ..Config::default()
    })
}

const LIMIT: usize = 100_000;

/// Opens a WebSocket with an offer, and says how that was answered.
fn offer(
    sim: &mut Sim,
    offers: &str,
    handler: &mut dyn FnMut(&mut Hub, Event<'_>),
) -> (Id, String) {
    let id = sim.connect();
    let field = format!("Sec-WebSocket-Extensions: {offers}");
    sim.receive(id, handshake(&field).as_bytes(), handler);
    sim.end_turn(handler);
    (id, String::from_utf8(sim.take(id)).unwrap())
}

/// Opens a WebSocket as a browser does.
pub(crate) fn open(sim: &mut Sim, handler: &mut dyn FnMut(&mut Hub, Event<'_>)) -> Id {
    let (id, answer) = offer(sim, "permessage-deflate; client_max_window_bits", handler);
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    id
}

/// The payload of a compressed message.
pub(crate) fn deflated(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 100);
    Compress::new(flate2::Compression::best(), false)
        .compress_vec(payload, &mut out, FlushCompress::Sync)
        .unwrap();
    out.truncate(out.len() - 4);
    out
}

/// The payload of the one frame that these bytes are, inflated if it is compressed.
#[track_caller]
fn payload(frame: &[u8]) -> Vec<u8> {
    let head = match frame[1] {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    if frame[0] & 0x40 == 0 {
        return frame[head..].to_vec();
    }
    let mut out = Vec::with_capacity(LIMIT);
    let whole = [&frame[head..], b"\0\0\xff\xff"].concat();
    Decompress::new(false)
        .decompress_vec(&whole, &mut out, FlushDecompress::None)
        .unwrap();
    out
}

fn echo(hub: &mut Hub, event: Event<'_>) {
    match event {
        Event::Text { id, text } => _ = hub.send(id, text),
        Event::Binary { id, bytes } => _ = hub.send(id, bytes),
        _ => {}
    }
}

#[test]
fn an_offer_is_answered_where_compression_is_configured() {
    let answers = |config: Config, field: &str| offer(&mut Sim::new(config), field, &mut quiet).1;
    let on = || Config {
        compression: Some(Compression::deflate()),
        ..Config::default()
    };
    let field = "permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=10";
    let expected = "\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; \
                    client_no_context_takeover; server_max_window_bits=10\r\n";
    let answer = answers(on(), field);
    assert!(answer.contains(expected), "{answer}");
    assert!(!answers(on(), "other").contains("Extensions"));
    assert!(answers(on(), "other;").starts_with("HTTP/1.1 400 "));
    assert!(!answers(Config::default(), field).contains("Extensions"));
    assert!(answers(Config::default(), "other;").starts_with("HTTP/1.1 101 "));
}

/// What each of a few receivers gets: two that compress, one with a small window, two that do not.
#[track_caller]
fn broadcast(expected: &[u8], send: impl Fn(&mut Hub, &[Id])) -> (Vec<Vec<u8>>, u64) {
    let mut sim = compressing();
    let mut ids = vec![open(&mut sim, &mut quiet), open(&mut sim, &mut quiet)];
    ids.push(
        offer(
            &mut sim,
            "permessage-deflate; server_max_window_bits=9",
            &mut quiet,
        )
        .0,
    );
    ids.push(sim.open("/", &mut quiet));
    ids.push(sim.open("/", &mut quiet));
    let before: Vec<_> = ids.iter().map(|id| sim.writes(*id)).collect();
    send(sim.hub(), &ids);
    sim.end_turn(&mut quiet);
    let frames: Vec<_> = ids.iter().map(|id| sim.take(*id)).collect();
    for ((id, frame), before) in ids.iter().zip(&frames).zip(before) {
        assert!(payload(frame) == expected);
        assert_eq!(sim.writes(*id), before + 1);
    }
    assert_eq!(sim.hub().stats().delivered, ids.len() as u64);
    (frames, sim.hub().stats().compressed)
}

#[test]
fn a_broadcast_is_compressed_once_for_all_who_can_read_it() {
    let text = "to be or not to be, ".repeat(100);
    let to_all = |hub: &mut Hub, _: &[Id]| assert_eq!(hub.everyone().send(&text), 5);
    let pushed = |hub: &mut Hub, ids: &[Id]| {
        let message = hub.encode(&text).unwrap();
        assert!(ids.iter().all(|id| hub.push(*id, message)));
    };
    for (frames, compressed) in [
        broadcast(text.as_bytes(), to_all),
        broadcast(text.as_bytes(), pushed),
    ] {
        assert_eq!(compressed, 2, "once for each size of window");
        assert_eq!(frames[0], frames[1]);
        assert_eq!(frames[3], frames[4]);
        assert_eq!(
            frames.iter().map(|it| it[0]).collect::<Vec<_>>(),
            [0xc1, 0xc1, 0xc1, 0x81, 0x81]
        );
        assert!(frames[0].len() < text.len() / 10);
    }
}

#[test]
fn what_is_short_or_gets_no_shorter_is_sent_plain() {
    let mut noise = vec![0; 5000];
    ChaCha8Rng::seed_from_u64(1).fill(&mut noise[..]);
    for bytes in [vec![0; 1023], noise] {
        let (frames, compressed) = broadcast(&bytes, |hub, _| _ = hub.everyone().send(&bytes));
        assert!(frames.iter().all(|frame| frame[0] == 0x82));
        assert_eq!(compressed, 0);
    }
}

#[test]
fn messages_in_a_row_come_in_order_in_whatever_form() {
    let mut sim = compressing();
    let (one, two) = (open(&mut sim, &mut quiet), sim.open("/", &mut quiet));
    let long = "long ".repeat(1000);
    for text in ["a", &long, "b", &long, "c"] {
        assert_eq!(sim.hub().everyone().send(text), 2);
    }
    sim.end_turn(&mut quiet);
    let compressed = sim.take(one);
    let (short, rest) = compressed.split_at(3);
    assert_eq!(short, b"\x81\x01a");
    let first = rest.len() / 2 - 3;
    assert_eq!(
        rest[..first],
        rest[first + 3..rest.len() - 3],
        "the same again"
    );
    assert_eq!(rest[first..first + 3], *b"\x81\x01b");
    assert!(rest.ends_with(b"\x81\x01c"));
    assert_eq!(sim.take(two).len(), 3 * 3 + 2 * (4 + 5000));
}

/// Sends these bytes whole and byte by byte: what comes back, and why it was closed.
fn reaction(bytes: &[u8]) -> (Vec<u8>, Option<CloseReason>) {
    let [whole, torn] = [bytes.len(), 1].map(|size| {
        let (mut sim, mut closed) = (compressing(), None);
        let mut handler = |hub: &mut Hub, event: Event<'_>| match event {
            Event::Close { reason, .. } => closed = Some(reason),
            event => echo(hub, event),
        };
        let id = open(&mut sim, &mut handler);
        for piece in bytes.chunks(size) {
            sim.receive(id, piece, &mut handler);
        }
        sim.end_turn(&mut handler);
        (sim.take(id), closed)
    });
    assert_eq!(whole, torn);
    whole
}

#[test]
fn compressed_messages_are_read_whole_torn_and_in_fragments() {
    let text = "fragments of a message, ".repeat(50);
    let bytes = deflated(text.as_bytes());
    let (first, rest) = bytes.split_at(bytes.len() / 3);
    let fragments = [
        client_frame(0x41, first),
        client_frame(0x89, b"ping"),
        client_frame(0x00, b""),
        client_frame(0x80, rest),
    ];
    let (answer, closed) = reaction(&fragments.concat());
    assert_eq!(closed, None);
    assert_eq!(answer[..6], *b"\x8a\x04ping");
    assert!(payload(&answer[6..]) == text.as_bytes());
    let both = [
        client_frame(0xc2, &deflated(b"hi")),
        client_frame(0x81, b"ho"),
    ];
    assert_eq!(reaction(&both.concat()).0, b"\x82\x02hi\x81\x02ho");
}

#[track_caller]
fn violates(code: u16, bytes: &[u8]) {
    let (answer, closed) = reaction(bytes);
    let Some(CloseReason::Violation(violation)) = closed else {
        panic!("{closed:?}");
    };
    assert_eq!(violation.close_code(), code);
    assert_eq!(answer[2..4], code.to_be_bytes());
}

#[test]
fn the_bit_stands_on_the_first_frame_of_a_message_only() {
    let hello = deflated(b"Hello");
    let first = client_frame(0x41, &hello[..3]);
    violates(
        1002,
        &[first.clone(), client_frame(0xc0, &hello[3..])].concat(),
    );
    violates(1002, &[first, client_frame(0xc9, b"")].concat());
    violates(1002, &client_frame(0xc8, b""));
    violates(1002, &client_frame(0xc0, &hello));
    violates(1002, &client_frame(0xe1, &hello));
    violates(1002, &client_frame(0xa1, &hello));
    // Not where it was not agreed on, though the server could.
    let mut sim = compressing();
    let id = sim.open("/", &mut quiet);
    sim.receive(id, &client_frame(0xc1, &hello), &mut quiet);
    sim.end_turn(&mut quiet);
    assert_eq!(sim.take(id)[2..4], 1002_u16.to_be_bytes());
}

#[test]
fn what_cannot_be_inflated_or_is_no_text_is_closed_with_1007() {
    violates(1007, &client_frame(0xc1, b"\xff\xff"));
    violates(1007, &client_frame(0xc2, &deflated(b"Hello")[..3]));
    violates(1007, &client_frame(0xc1, &deflated(b"Hello \xff")));
    violates(1007, &client_frame(0xc1, &deflated(&"ü".as_bytes()[..1])));
}

#[test]
fn what_inflates_beyond_the_limit_is_closed_with_1009() {
    violates(1009, &client_frame(0xc2, &deflated(&vec![0; LIMIT + 1])));
    let bomb = deflated(&vec![0; 100 * LIMIT]);
    assert!(bomb.len() < LIMIT);
    violates(1009, &client_frame(0xc1, &bomb));
    let largest = client_frame(0xc1, &deflated(&vec![b'x'; LIMIT]));
    assert_eq!(payload(&reaction(&largest).0).len(), LIMIT);
}

#[test]
fn a_read_that_inflates_to_megabytes_lets_others_have_their_turn() {
    let mut sim = compressing();
    let id = open(&mut sim, &mut quiet);
    let frame = client_frame(0xc2, &deflated(&vec![0; LIMIT]));
    let received = |sim: &mut Sim| sim.hub().stats().received;
    sim.receive(id, &frame.repeat(40), &mut quiet);
    for messages in [11, 22, 33, 40, 40] {
        assert_eq!(received(&mut sim), messages);
        sim.end_turn(&mut quiet);
    }
}
