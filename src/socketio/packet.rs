//! Socket.IO v5 packets: text with a kind, a namespace, an ack id and JSON; binary parts follow.
//!
//! JSON is validated once and stays the text it came as: what is passed on is never rebuilt. Its
//! depth is bounded, and every count is checked before anything is kept for it.

use serde_json::value::RawValue;

/// What a packet is; the digit it begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Connect = 0,
    Disconnect = 1,
    Event = 2,
    Ack = 3,
    ConnectError = 4,
    BinaryEvent = 5,
    BinaryAck = 6,
}

/// A packet as a client sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    pub(crate) kind: Kind,
    /// Binary messages that follow.
    pub(crate) attachments: usize,
    pub(crate) namespace: &'a str,
    pub(crate) id: Option<u64>,
    /// The name of an event; empty for other kinds.
    pub(crate) event: String,
    /// For events and acks the arguments, comma between them; else the payload, which may be empty.
    pub(crate) data: &'a str,
}

/// Why a packet is none. The connection it came on is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadPacket(pub(crate) &'static str);

impl<'a> Packet<'a> {
    /// Reads the text of a packet.
    pub(crate) fn decode(text: &'a str) -> Result<Self, BadPacket> {
        let kind = kind(text.bytes().next())?;
        let (attachments, rest) = attachments(kind, &text[1..])?;
        let (namespace, rest) = namespace(rest)?;
        let (id, rest) = ack_id(rest)?;
        let (event, data) = match kind {
            Kind::Event | Kind::BinaryEvent => event(rest)?,
            Kind::Ack | Kind::BinaryAck => (String::new(), answer(id, rest)?),
            Kind::Connect => (String::new(), auth(rest)?),
            Kind::Disconnect if rest.is_empty() => (String::new(), ""),
            Kind::Disconnect => return Err(BadPacket("a payload where none belongs")),
            Kind::ConnectError => return Err(BadPacket("a client refuses nothing")),
        };
        Ok(Self {
            kind,
            attachments,
            namespace,
            id,
            event,
            data,
        })
    }
}

/// Checks that the placeholders in a text are for the attachments that came, and no others.
pub(crate) fn check_placeholders(data: &str, attachments: usize) -> Result<(), BadPacket> {
    let illegal = BadPacket("illegal attachments");
    let value: serde_json::Value =
        serde_json::from_str(&format!("[{data}]")).map_err(|_| illegal)?;
    let mut open = vec![&value];
    while let Some(value) = open.pop() {
        match value {
            serde_json::Value::Array(items) => open.extend(items),
            serde_json::Value::Object(fields)
                if fields.get("_placeholder") == Some(&true.into()) =>
            {
                let num = fields.get("num").and_then(serde_json::Value::as_u64);
                if fields.len() != 2 || num.is_none_or(|num| num >= attachments as u64) {
                    return Err(illegal);
                }
            }
            serde_json::Value::Object(fields) => open.extend(fields.values()),
            _ => {}
        }
    }
    Ok(())
}

/// Writes a packet: `data` is what stands behind the namespace and the ack id.
pub(crate) fn encode(
    kind: Kind,
    attachments: usize,
    namespace: &str,
    id: Option<u64>,
    data: &str,
) -> String {
    let mut text = String::with_capacity(data.len() + namespace.len() + 24);
    // The digit of an Engine.IO message goes before every packet.
    text.push('4');
    text.push(char::from(b'0' + kind as u8));
    if matches!(kind, Kind::BinaryEvent | Kind::BinaryAck) {
        text.push_str(&attachments.to_string());
        text.push('-');
    }
    if namespace != "/" {
        text.push_str(namespace);
        text.push(',');
    }
    if let Some(id) = id {
        text.push_str(&id.to_string());
    }
    text.push_str(data);
    text
}

/// Names that mean something to every client by themselves.
pub(crate) fn is_reserved(event: &str) -> bool {
    [
        "connect",
        "connect_error",
        "disconnect",
        "disconnecting",
        "newListener",
        "removeListener",
    ]
    .contains(&event)
}

fn kind(digit: Option<u8>) -> Result<Kind, BadPacket> {
    match digit {
        Some(b'0') => Ok(Kind::Connect),
        Some(b'1') => Ok(Kind::Disconnect),
        Some(b'2') => Ok(Kind::Event),
        Some(b'3') => Ok(Kind::Ack),
        Some(b'4') => Ok(Kind::ConnectError),
        Some(b'5') => Ok(Kind::BinaryEvent),
        Some(b'6') => Ok(Kind::BinaryAck),
        _ => Err(BadPacket("an unknown kind of packet")),
    }
}

fn attachments(kind: Kind, text: &str) -> Result<(usize, &str), BadPacket> {
    if !matches!(kind, Kind::BinaryEvent | Kind::BinaryAck) {
        return Ok((0, text));
    }
    let (count, rest) = text
        .split_once('-')
        .ok_or(BadPacket("no number of attachments"))?;
    let count = digits(count).and_then(|count| usize::try_from(count).ok());
    match count {
        Some(count) if count <= MAX_ATTACHMENTS => Ok((count, rest)),
        _ => Err(BadPacket("too many attachments")),
    }
}

/// From the slash to the comma, or the end; without one it is the root. A query is not part of it.
fn namespace(text: &str) -> Result<(&str, &str), BadPacket> {
    if !text.starts_with('/') {
        return Ok(("/", text));
    }
    let (name, rest) = text.split_once(',').unwrap_or((text, ""));
    let name = name.split('?').next().unwrap_or(name);
    match name.len() <= MAX_NAMESPACE && !name.contains(char::is_control) {
        true => Ok((name, rest)),
        false => Err(BadPacket("a namespace that cannot be")),
    }
}

fn ack_id(text: &str) -> Result<(Option<u64>, &str), BadPacket> {
    let end = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    match &text[..end] {
        "" => Ok((None, text)),
        id => Ok((
            Some(digits(id).ok_or(BadPacket("an ack id too large"))?),
            &text[end..],
        )),
    }
}

fn digits(text: &str) -> Option<u64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

/// The name of an event and its arguments, still as text.
fn event(json: &str) -> Result<(String, &str), BadPacket> {
    let items = items(json)?;
    let name = items.first().ok_or(BadPacket("an event without a name"))?;
    let name = match serde_json::from_str(name.get()) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(serde_json::Value::Number(name)) => name.to_string(),
        _ => return Err(BadPacket("an event whose name is no name")),
    };
    if is_reserved(&name) {
        return Err(BadPacket("an event with a reserved name"));
    }
    Ok((name, between(json, items.get(1))))
}

fn answer(id: Option<u64>, json: &str) -> Result<&str, BadPacket> {
    if id.is_none() {
        return Err(BadPacket("an ack of nothing"));
    }
    let items = items(json)?;
    Ok(between(json, items.first()))
}

/// The text from an item up to the bracket that closes the array it is in.
pub(super) fn between<'a>(array: &'a str, first: Option<&&'a RawValue>) -> &'a str {
    let Some(first) = first else { return "" };
    let start = first.get().as_ptr() as usize - array.as_ptr() as usize;
    let end = array.trim_end().len() - 1;
    array[start..end].trim_end()
}

fn items(json: &str) -> Result<Vec<&RawValue>, BadPacket> {
    check_depth(json)?;
    serde_json::from_str(json).map_err(|_| BadPacket("no JSON array where one belongs"))
}

fn auth(json: &str) -> Result<&str, BadPacket> {
    check_depth(json)?;
    let object =
        json.is_empty() || json.starts_with('{') && serde_json::from_str::<&RawValue>(json).is_ok();
    match object {
        true => Ok(json),
        false => Err(BadPacket("the payload of a connect is no object")),
    }
}

/// Refuses deep nesting before a parser sees it: others down the line may recurse.
pub(super) fn check_depth(json: &str) -> Result<(), BadPacket> {
    let opening = json.bytes().filter(|byte| matches!(byte, b'[' | b'{'));
    if opening.count() <= MAX_DEPTH {
        return Ok(());
    }
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(BadPacket("JSON nested too deep"));
        }
    }
    Ok(())
}

/// As many as the reference server takes.
const MAX_ATTACHMENTS: usize = 10;
/// Bytes.
const MAX_NAMESPACE: usize = 256;
/// Arrays and objects within each other.
const MAX_DEPTH: usize = 100;

// By its path, since `tests/suite/fuzz` compiles this file by its path, too.
#[cfg(test)]
#[path = "packet/tests.rs"]
mod tests;
