//! Packets of Socket.IO: what is read is written, and read again as the same; placeholders are
//! looked for in any of it. With cargo-fuzz this is the target `packet` (`tests/fuzz`).
//!
//! The codec is private to its layer, and so it is compiled in here once more: it knows nothing else.

#[allow(dead_code)]
#[path = "../../../src/socketio/packet.rs"]
mod codec;

use codec::{Kind, Packet};

pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    // Whatever a payload is, it can be looked through.
    _ = codec::check_placeholders(text, 3);
    let Ok(packet) = Packet::decode(text) else {
        return;
    };
    let written = encode(&packet);
    let again = written.strip_prefix('4').expect("a message of Engine.IO");
    assert_eq!(Packet::decode(again).as_ref(), Ok(&packet), "{written}");
}

fn encode(packet: &Packet<'_>) -> String {
    let name = serde_json::Value::from(&*packet.event);
    let data = match packet.kind {
        Kind::Event | Kind::BinaryEvent if packet.data.is_empty() => format!("[{name}]"),
        Kind::Event | Kind::BinaryEvent => format!("[{name},{}]", packet.data),
        Kind::Ack | Kind::BinaryAck => format!("[{}]", packet.data),
        Kind::Connect | Kind::Disconnect | Kind::ConnectError => packet.data.to_owned(),
    };
    let Packet {
        kind,
        attachments,
        namespace,
        id,
        ..
    } = *packet;
    codec::encode(kind, attachments, namespace, id, &data)
}
