//! Arguments of events: JSON text that is passed on as it is, typed only for who wants it.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Arguments as they came: validated JSON, a comma between them, and the bytes they refer to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Args<'a> {
    pub(super) json: &'a str,
    pub(super) attachments: &'a [Vec<u8>],
}

impl<'a> Args<'a> {
    /// The arguments as JSON text, a comma between them; empty if there are none. Bytes are
    /// placeholders: `{"_placeholder":true,"num":0}`.
    pub fn json(&self) -> &'a str {
        self.json
    }

    /// The bytes that the placeholders stand for.
    pub fn attachments(&self) -> &'a [Vec<u8>] {
        self.attachments
    }

    /// The arguments behind the first so many, still as they came.
    #[must_use]
    pub fn skip(self, count: usize) -> Self {
        let list = format!("[{}]", self.json);
        let items: Vec<&serde_json::value::RawValue> =
            serde_json::from_str(&list).unwrap_or_default();
        // Where the item begins in the list, less the bracket before all.
        let start = items
            .get(count)
            .map(|item| item.get().as_ptr() as usize - list.as_ptr() as usize - 1);
        let json = start.map_or("", |start| &self.json[start..]);
        Self { json, ..self }
    }

    /// Reads the arguments as a tuple or a list.
    ///
    /// # Errors
    /// When they are not of these types or not so many.
    ///
    /// ```
    /// # fn handle(args: roomcast::socketio::Args<'_>) -> Result<(), Box<dyn std::error::Error>> {
    /// let (room, text): (String, String) = args.parse()?;
    /// # Ok(()) }
    /// ```
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&format!("[{}]", self.json))
    }
}

/// What can be sent with an event: [`Args`] that came in, or whatever serde can write. What
/// becomes a JSON array, as a tuple does, is the list of arguments; `()` is none; anything else is the
/// only one. A list that is one argument, or a null, goes into a tuple: `(list,)`.
pub trait Arguments {
    /// The arguments as JSON text with a comma between them.
    ///
    /// # Errors
    /// What serde says of values that JSON has no form for.
    fn to_json(&self) -> Result<String, serde_json::Error>;

    /// The bytes that placeholders in it stand for.
    fn attachments(&self) -> &[Vec<u8>] {
        &[]
    }
}

impl Arguments for Args<'_> {
    fn to_json(&self) -> Result<String, serde_json::Error> {
        Ok(self.json.to_owned())
    }

    fn attachments(&self) -> &[Vec<u8>] {
        self.attachments
    }
}

impl<T: Serialize> Arguments for T {
    fn to_json(&self) -> Result<String, serde_json::Error> {
        let json = serde_json::to_string(self)?;
        if json == "null" {
            return Ok(String::new());
        }
        let list = json
            .strip_prefix('[')
            .and_then(|json| json.strip_suffix(']'));
        Ok(list.map(str::to_owned).unwrap_or(json))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(args: &impl Arguments, expected: &str) {
        assert_eq!(args.to_json().unwrap(), expected);
    }

    #[test]
    fn a_tuple_is_the_list_of_arguments() {
        check(&(), "");
        check(&("a", 1), "\"a\",1");
        check(&[1, 2], "1,2");
        check(&(vec![1, 2],), "[1,2]");
        check(&(None::<u8>,), "null");
        check(&"text", "\"text\"");
        check(&serde_json::json!({ "a": [] }), "{\"a\":[]}");
    }

    #[test]
    fn arguments_that_came_in_stay_as_they_are() {
        let args = Args {
            json: "1.50, {\"a\":[ ]},null",
            attachments: &[],
        };
        check(&args, "1.50, {\"a\":[ ]},null");
        check(&args.skip(1), "{\"a\":[ ]},null");
        check(&args.skip(3), "");
        let (number, _, null): (f64, serde_json::Value, Option<u8>) = args.parse().unwrap();
        assert_eq!((number, null), (1.5, None));
        assert!(args.parse::<(f64,)>().is_err(), "there are more");
    }
}
