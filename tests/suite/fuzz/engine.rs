//! Bodies of Engine.IO: what is read is written as it came, and read again as the same. With
//! cargo-fuzz this is the target `engine` (`tests/fuzz`).
//!
//! The codec is private to its layer, and so it is compiled in here once more: it knows nothing else.

#[allow(dead_code)]
#[path = "../../../src/socketio/engine.rs"]
mod codec;

use codec::Packet;

pub(crate) fn run(bytes: &[u8]) {
    let Ok(body) = std::str::from_utf8(bytes) else {
        return;
    };
    let parts: Vec<_> = body.split('\x1e').collect();
    let packets: Vec<_> = codec::decode_body(body).collect();
    assert_eq!(packets.len(), parts.len());
    for (packet, part) in packets.iter().zip(parts) {
        assert_eq!(*packet, Packet::decode(part), "alone and in a body");
        let Ok(packet) = packet else { continue };
        let text = encode(packet);
        // What stands behind kinds that say all by themselves is read over.
        assert!(part.starts_with(&text), "{part:?} is written {text:?}");
        assert_eq!(Packet::decode(&text).as_ref(), Ok(packet));
    }
}

fn encode(packet: &Packet<'_>) -> String {
    match packet {
        Packet::Close => "1".to_owned(),
        Packet::Ping(text) => format!("2{text}"),
        Packet::Pong => "3".to_owned(),
        Packet::Message(text) => format!("4{text}"),
        Packet::Binary(bytes) => codec::binary(bytes),
        Packet::Upgrade => "5".to_owned(),
        Packet::Noop => "6".to_owned(),
    }
}
