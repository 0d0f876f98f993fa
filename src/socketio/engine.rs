//! Engine.IO v4 packets: the seven kinds, over a WebSocket one a message, over HTTP several in a
//! body with 0x1E between them.
//!
//! Text in, packets out; no session, no socket, no clock. Binary travels as it is in binary
//! messages of a WebSocket, and as `b` and base64 everywhere else.

use base64::{Engine, engine::general_purpose::STANDARD};

/// Stands between the packets of a body; JSON cannot contain it unescaped.
pub(crate) const SEPARATOR: char = '\x1e';

/// A packet as a client sends it. The server's own kinds (open, noop) are for encoding only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    Close,
    Ping(&'a str),
    Pong,
    /// Text for the layer above.
    Message(&'a str),
    /// Bytes for the layer above.
    Binary(Vec<u8>),
    Upgrade,
    Noop,
}

/// Not a packet; the session ends with `parse error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadPacket;

impl<'a> Packet<'a> {
    /// Reads one packet from the text of a WebSocket message, or from a part of a body.
    pub(crate) fn decode(text: &'a str) -> Result<Self, BadPacket> {
        let kind = text.bytes().next().ok_or(BadPacket)?;
        let rest = text.get(1..).ok_or(BadPacket)?;
        match kind {
            b'1' => Ok(Packet::Close),
            b'2' => Ok(Packet::Ping(rest)),
            b'3' => Ok(Packet::Pong),
            b'4' => Ok(Packet::Message(rest)),
            b'5' => Ok(Packet::Upgrade),
            b'6' => Ok(Packet::Noop),
            b'b' => STANDARD
                .decode(rest)
                .map(Packet::Binary)
                .map_err(|_| BadPacket),
            _ => Err(BadPacket),
        }
    }
}

/// Reads the packets of a body, one after the other; the last one may be the error that ends them.
pub(crate) fn decode_body(body: &str) -> impl Iterator<Item = Result<Packet<'_>, BadPacket>> {
    body.split(SEPARATOR).map(Packet::decode)
}

/// The open packet: the rules of the session, keys in the order of the reference server.
pub(crate) fn open(
    sid: &str,
    upgrades: &str,
    interval: u64,
    timeout: u64,
    max_payload: usize,
) -> String {
    format!(
        "0{{\"sid\":\"{sid}\",\"upgrades\":[{upgrades}],\"pingInterval\":{interval},\
         \"pingTimeout\":{timeout},\"maxPayload\":{max_payload}}}"
    )
}

/// Bytes as a part of a body.
pub(crate) fn binary(bytes: &[u8]) -> String {
    let mut text = String::from("b");
    STANDARD.encode_string(bytes, &mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &Result<Packet<'_>, BadPacket>) {
        assert_eq!(&Packet::decode(text), expected);
    }

    #[test]
    fn every_kind_is_read() {
        check("1", &Ok(Packet::Close));
        check("2", &Ok(Packet::Ping("")));
        check("2probe", &Ok(Packet::Ping("probe")));
        check("3", &Ok(Packet::Pong));
        check("4hello", &Ok(Packet::Message("hello")));
        check("4€", &Ok(Packet::Message("€")));
        check("5", &Ok(Packet::Upgrade));
        check("6", &Ok(Packet::Noop));
        check("bAQIDBA==", &Ok(Packet::Binary(vec![1, 2, 3, 4])));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "0", "7", "9x", "abc", "€", "bAQIDBA", "b*"] {
            check(text, &Err(BadPacket));
        }
    }

    #[test]
    fn a_body_is_a_list_of_packets() {
        let kinds: Vec<_> = decode_body("4hello\x1e2\x1ebAQIDBA==\x1e").collect();
        assert_eq!(
            kinds,
            [
                Ok(Packet::Message("hello")),
                Ok(Packet::Ping("")),
                Ok(Packet::Binary(vec![1, 2, 3, 4])),
                Err(BadPacket)
            ]
        );
        assert_eq!(binary(&[1, 2, 3, 4]), "bAQIDBA==");
    }

    #[test]
    fn the_open_packet_is_that_of_the_reference() {
        assert_eq!(
            open(
                "lv_VI97HAXpY6yYWAAAB",
                "\"websocket\"",
                25_000,
                20_000,
                1_000_000
            ),
            "0{\"sid\":\"lv_VI97HAXpY6yYWAAAB\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,\
             \"pingTimeout\":20000,\"maxPayload\":1000000}"
        );
    }
}
