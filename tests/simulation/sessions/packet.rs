//! Socket.IO packets as clients write and read them.

use serde_json::{Value, json};

use super::mark::{self, Mark, blobs};

/// A packet of the server.
#[derive(Clone, Debug)]
pub(super) struct Incoming {
    pub(super) kind: char,
    pub(super) id: Option<u64>,
    pub(super) data: Value,
    /// Attachments that have not come.
    pub(super) missing: usize,
    pub(super) blobs: Vec<Vec<u8>>,
}

impl Incoming {
    /// Reads the text of a packet, which must be for that namespace.
    pub(super) fn decode(text: &str, namespace: &str) -> Self {
        let (kind, mut rest) = text.split_at(1);
        let mut missing = 0;
        if matches!(kind, "5" | "6") {
            let (count, behind) = rest.split_once('-').expect("a number of attachments");
            (missing, rest) = (count.parse().unwrap(), behind);
        }
        if let Some(own) = prefix(namespace) {
            rest = rest
                .strip_prefix(&*own)
                .expect("a packet for the namespace");
        }
        let end = rest.find(|letter: char| !letter.is_ascii_digit());
        let (id, data) = rest.split_at(end.unwrap_or(rest.len()));
        Self {
            kind: kind.chars().next().unwrap(),
            id: id.parse().ok(),
            data: match data {
                "" => Value::Null,
                data => serde_json::from_str(data).unwrap(),
            },
            missing,
            blobs: Vec::new(),
        }
    }

    /// An event without the packet around it.
    pub(super) fn event(data: Value) -> Self {
        Self {
            kind: '2',
            id: None,
            data,
            missing: 0,
            blobs: Vec::new(),
        }
    }

    pub(super) fn mark(&self) -> Mark {
        let number = |n: usize| self.data[n].as_u64().unwrap();
        (number(1) as usize, number(2) as u32)
    }

    /// Whether the message is whole.
    pub(super) fn check(&self) {
        let mark = self.mark();
        assert_eq!(self.data[3], mark::text(mark));
        assert_eq!(self.blobs, blobs(mark));
        for n in 0..self.blobs.len() {
            assert_eq!(self.data[4 + n], placeholder(n));
        }
    }
}

/// Writes a packet, with the digit of its engine.
pub(super) fn encode(
    kind: char,
    namespace: &str,
    id: Option<u64>,
    data: &Value,
    attachments: usize,
) -> String {
    let count = match attachments {
        0 => String::new(),
        count => format!("{count}-"),
    };
    let namespace = prefix(namespace).unwrap_or_default();
    let id = id.map_or(String::new(), |id| id.to_string());
    match data {
        Value::Null => format!("4{kind}{count}{namespace}{id}"),
        data => format!("4{kind}{count}{namespace}{id}{data}"),
    }
}

/// What stands for bytes.
pub(super) fn placeholder(num: usize) -> Value {
    json!({"_placeholder": true, "num": num})
}

fn prefix(namespace: &str) -> Option<String> {
    (namespace != "/").then(|| format!("{namespace},"))
}
