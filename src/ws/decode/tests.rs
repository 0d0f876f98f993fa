//! Golden frames, each fed whole and split at every byte, with the same result.

use super::*;

const LIMITS: Limits = Limits {
    frame: 70_000,
    message: 70_010,
    fragments: 100,
};

/// A masked frame, as a client sends it.
fn sent(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..=125 => bytes.push(0x80 | len as u8),
        len @ 126..=0xffff => {
            bytes.push(0xfe);
            bytes.extend((len as u16).to_be_bytes());
        }
        len => {
            bytes.push(0xff);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    bytes.extend(mask);
    bytes.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    bytes
}

fn described(item: &Item<'_>) -> String {
    match item {
        Item::Text(text) if text.len() > 99 => format!("text of {}", text.len()),
        Item::Text(text) => format!("text {text}"),
        Item::Binary(bytes) if bytes.len() > 99 => format!("binary of {}", bytes.len()),
        Item::Binary(bytes) => format!("binary {bytes:?}"),
        Item::Ping(bytes) => format!("ping {}", bytes.escape_ascii()),
        Item::Pong => "pong".to_owned(),
        Item::Close(code, reason) => format!("close {code:?} {reason}"),
    }
}

/// What a connection would see: the items in order, then how it failed, if it did.
fn feed<'p>(pieces: impl Iterator<Item = &'p [u8]>) -> (Vec<String>, Option<u16>) {
    let mut decoder = Decoder::default();
    let mut kept = Vec::new();
    let mut items = Vec::new();
    for piece in pieces {
        kept.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut kept, LIMITS, None) {
                Err(violation) => return (items, Some(violation.close_code())),
                Ok((0, None)) => break,
                Ok((used, item)) => {
                    items.extend(item.as_ref().map(described));
                    kept.drain(..used);
                }
            }
        }
    }
    assert!(kept.len() <= 131, "the decoder left {} bytes", kept.len());
    (items, None)
}

#[track_caller]
fn check(frames: &[Vec<u8>], items: &[&str], failure: Option<u16>) {
    let bytes = frames.concat();
    let expected = (items.iter().map(ToString::to_string).collect(), failure);
    assert_eq!(feed([&bytes[..]].into_iter()), expected);
    assert_eq!(feed(bytes.chunks(1)), expected, "byte by byte");
    let step = (bytes.len() / 300).max(1);
    for at in (0..bytes.len()).step_by(step) {
        assert_eq!(
            feed([&bytes[..at], &bytes[at..]].into_iter()),
            expected,
            "split at {at}"
        );
    }
}

#[test]
fn the_masked_hello_of_the_rfc_is_read() {
    let hello = vec![
        0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
    ];
    assert_eq!(hello, sent(0x81, b"Hello"));
    check(&[hello], &["text Hello"], None);
}

#[test]
fn messages_of_every_form_of_length_are_read() {
    check(
        &[sent(0x82, &[1, 2]), sent(0x81, b"")],
        &["binary [1, 2]", "text "],
        None,
    );
    check(&[sent(0x82, &[0; 126])], &["binary of 126"], None);
    check(&[sent(0x81, &[b'x'; 70_000])], &["text of 70000"], None);
}

#[test]
fn fragments_join_and_control_frames_stand_between_them() {
    check(
        &[
            sent(0x01, b"Hel"),
            sent(0x89, b"?"),
            sent(0x00, b""),
            sent(0x8a, b"!"),
            sent(0x80, b"lo"),
        ],
        &["ping ?", "pong", "text Hello"],
        None,
    );
    check(
        &[sent(0x02, &[1]), sent(0x80, &[2]), sent(0x81, b"a")],
        &["binary [1, 2]", "text a"],
        None,
    );
}

#[test]
fn frames_that_the_protocol_forbids_fail_with_1002() {
    check(
        &[sent(0x81, b"a"), vec![0x81, 0x01, b'b']],
        &["text a"],
        Some(1002),
    ); // not masked
    check(&[sent(0xc1, b"a")], &[], Some(1002)); // reserved bit
    check(&[sent(0x83, b"")], &[], Some(1002)); // unknown opcodes
    check(&[sent(0x8b, b"")], &[], Some(1002));
    check(&[sent(0x09, b"")], &[], Some(1002)); // fragmented control frame
    check(&[sent(0x89, &[0; 126])], &[], Some(1002)); // long control frame
    check(&[sent(0x80, b"a")], &[], Some(1002)); // nothing to continue
    check(&[sent(0x01, b"a"), sent(0x81, b"b")], &[], Some(1002)); // a message within a message
    check(
        &[vec![0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0]],
        &[],
        Some(1002),
    ); // 64-bit length, top bit
}

#[test]
fn closes_carry_valid_codes_and_reasons() {
    check(&[sent(0x88, b"")], &["close None "], None);
    check(
        &[sent(0x88, b"\x03\xe8bye")],
        &["close Some(1000) bye"],
        None,
    );
    check(&[sent(0x88, b"\x0f\xa0")], &["close Some(4000) "], None);
    check(&[sent(0x88, b"\x03")], &[], Some(1002));
    for code in [
        0_u16, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535,
    ] {
        check(&[sent(0x88, &code.to_be_bytes())], &[], Some(1002));
    }
    check(&[sent(0x88, b"\x03\xe8\xff")], &[], Some(1007));
}

#[test]
fn text_fails_with_1007_at_its_first_bad_byte() {
    check(&[sent(0x81, b"a\xff")], &[], Some(1007));
    check(&[sent(0x81, "κόσμε".as_bytes())], &["text κόσμε"], None);
    check(
        &[sent(0x01, b"\xce"), sent(0x80, b"\xba")],
        &["text κ"],
        None,
    ); // a letter across frames
    check(&[sent(0x01, b"\xce"), sent(0x80, b"")], &[], Some(1007)); // half a letter
    check(&[sent(0x01, b"\xed\xa0")], &[], Some(1007)); // a surrogate, before its end
    check(&[sent(0x01, b"ok"), sent(0x00, b"\xf5")], &[], Some(1007)); // though more would follow
    let mut cut = sent(0x81, &[b"\xff", &[b'x'; 200][..]].concat());
    cut.truncate(20); // though the frame itself is not whole
    check(&[cut], &[], Some(1007));
}

#[test]
fn lengths_are_refused_when_they_are_declared() {
    let declared = |first, len: u64| [&[first, 0xff][..], &len.to_be_bytes(), &[0; 4]].concat();
    check(&[declared(0x82, 70_001)], &[], Some(1009));
    check(&[declared(0x82, (1 << 63) - 1)], &[], Some(1009));
    check(
        &[sent(0x02, &[0; 11]), declared(0x80, 70_000)],
        &[],
        Some(1009),
    ); // the message, not the frame
}

#[test]
fn random_bytes_never_panic_and_split_as_they_like_fail_alike() {
    use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
    for seed in 0..2000 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut bytes: Vec<u8> = (0..random.random_range(0..40))
            .map(|_| random.random())
            .collect();
        if random.random() {
            // Past the first gate: a masked frame of a known opcode.
            bytes.splice(
                0..0,
                [
                    [0x01, 0x81, 0x82, 0x88, 0x89, 0x80][random.random_range(0..6)],
                    0x83,
                ],
            );
        }
        let whole = feed([&bytes[..]].into_iter());
        assert_eq!(feed(bytes.chunks(1)), whole, "seed {seed}: {bytes:?}");
    }
}

#[test]
fn every_byte_of_a_payload_of_any_length_is_unmasked() {
    let mask = [0x11, 0x22, 0x44, 0x88];
    for len in 0..70 {
        let mut bytes: Vec<u8> = (0..len).map(|n| n ^ mask[n as usize % 4]).collect();
        unmask(&mut bytes, mask);
        assert_eq!(bytes, (0..len).collect::<Vec<_>>());
    }
}
