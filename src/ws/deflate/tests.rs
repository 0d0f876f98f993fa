//! Messages of the RFC, messages of our own, and what is none.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::*;

const LIMIT: usize = 100_000;

#[track_caller]
fn inflated(bytes: &[u8]) -> Result<Vec<u8>, Violation> {
    let mut out = Vec::new();
    let result = Zlib::default().inflate(bytes, &mut out, LIMIT);
    assert!(out.capacity() <= LIMIT + 1, "{} bytes", out.capacity());
    result.map(|()| out)
}

#[track_caller]
fn check(bytes: &[u8], expected: &[u8]) {
    assert_eq!(inflated(bytes), Ok(expected.to_vec()));
}

#[test]
fn the_examples_of_the_rfc_are_inflated() {
    // RFC 7692 §7.2.3.1
    check(b"\xf2\x48\xcd\xc9\xc9\x07\x00", b"Hello");
    // §7.2.3.3: a block without compression
    check(b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", b"Hello");
    // §7.2.3.4: a last block, and an empty one behind it
    check(b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", b"Hello");
    // §7.2.3.5: two blocks
    check(
        b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
        b"Hello",
    );
    // §7.2.3.6: an empty message
    check(b"\x00", b"");
}

#[test]
fn several_last_blocks_are_one_message() {
    let last = b"\xf3\x48\xcd\xc9\xc9\x07\x00";
    check(&[&last[..], last, b"\x00"].concat(), b"HelloHello");
}

#[test]
fn what_is_damaged_or_cut_is_refused() {
    let refused = Err(Violation::NotDeflate);
    assert_eq!(inflated(b""), refused);
    assert_eq!(inflated(b"\xff"), refused); // a block of the kind that does not exist
    assert_eq!(inflated(b"\x00\x05\x00\xfa\xfe\x48"), refused);
    // §7.2.3.2: the context of the message before is not kept.
    assert_eq!(inflated(b"\xf2\x00\x11\x00\x00"), refused);
    let whole = deflated(&text(), 15).unwrap();
    for end in (0..whole.len() - 1).step_by(29) {
        assert_eq!(inflated(&whole[..end]), refused, "cut at {end}");
    }
    // Cut within a block without compression, whose rest the tail would be.
    assert_eq!(
        inflated(b"\x00\x09\x00\xf6\xff\x48\x65\x6c\x6c\x6f"),
        refused
    );
}

#[test]
fn a_message_may_be_as_long_as_the_limit_and_no_longer() {
    let message = |len| deflated(&vec![0; len], 15).unwrap();
    assert_eq!(inflated(&message(LIMIT)).map(|out| out.len()), Ok(LIMIT));
    assert_eq!(inflated(&message(LIMIT + 1)), Err(Violation::TooLong));
    assert_eq!(inflated(&message(100 * LIMIT)), Err(Violation::TooLong));
}

fn deflated(payload: &[u8], window: u8) -> Option<Vec<u8>> {
    Zlib::default().deflate(payload, window)
}

/// Text that repeats itself near by and far away.
fn text() -> Vec<u8> {
    let words: Vec<_> = (0..2000_u32).map(|n| format!("{} ", n * n % 977)).collect();
    words.concat().into_bytes()
}

#[test]
fn every_window_is_kept_to() {
    for window in LEAST_WINDOW..=GREATEST_WINDOW {
        check(&deflated(&text(), window).unwrap(), &text());
        // Noise gets shorter by nothing but its repetition, if that is in the window.
        assert_eq!(deflated(&noise(1 << window).repeat(2), window), None);
        assert!(deflated(&noise(1 << (window - 2)).repeat(2), window).is_some());
    }
}

fn noise(len: usize) -> Vec<u8> {
    let mut noise = vec![0; len];
    ChaCha8Rng::seed_from_u64(1).fill(&mut noise[..]);
    noise
}

#[test]
fn what_gets_no_shorter_is_not_compressed() {
    assert_eq!(deflated(b"", 15), None);
    assert_eq!(deflated(b"Hello", 15), None);
    assert_eq!(deflated(&noise(5000), 15), None);
}

#[test]
fn messages_are_compressed_without_those_before_them() {
    let mut zlib = Zlib::default();
    let [first, second] = [(); 2].map(|()| zlib.deflate(&text(), 12).unwrap());
    assert_eq!(first, second);
}
