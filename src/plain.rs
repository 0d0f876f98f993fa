//! The plain door: one JSON array a message, `["event name", argument, …]`, both ways.
//!
//! For clients without any library. Arguments stay the JSON text they came as: what is passed on
//! is validated once and never rebuilt.

use serde_json::value::RawValue;

/// A message that came in: the name of an event and its arguments.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) name: String,
    pub(crate) args: Vec<&'a RawValue>,
}

impl<'a> Call<'a> {
    /// Reads a message; the error says in words what it should have been.
    pub(crate) fn decode(text: &'a str) -> Result<Self, &'static str> {
        let mut args: Vec<&RawValue> =
            serde_json::from_str(text).map_err(|_| "a message is one JSON array")?;
        if args.is_empty() {
            return Err("a message begins with the name of an event");
        }
        let name = string(args.remove(0)).ok_or("the name of an event is a string")?;
        Ok(Self { name, args })
    }
}

/// Writes a message of arguments that are JSON already.
pub(crate) fn encode(name: &str, args: &[&str]) -> String {
    let mut text = format!("[{}", quote(name));
    for arg in args {
        text.push(',');
        text.push_str(arg);
    }
    text.push(']');
    text
}

/// A text as JSON.
pub(crate) fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The text that an argument is, if it is one.
pub(crate) fn string(arg: &RawValue) -> Option<String> {
    serde_json::from_str(arg.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, name: &str, args: &[&str]) {
        let call = Call::decode(text).unwrap();
        assert_eq!(call.name, name);
        let read: Vec<_> = call.args.iter().map(|arg| arg.get()).collect();
        assert_eq!(read, args);
    }

    #[track_caller]
    fn refused(text: &str, why: &str) {
        assert_eq!(Call::decode(text).unwrap_err(), why, "{text}");
    }

    #[test]
    fn a_message_is_read_and_its_arguments_stay_as_they_are() {
        check(r#"["join","lobby"]"#, "join", &[r#""lobby""#]);
        check(
            r#" ["a\u0062" , 1.50, {"x":[ ]},null ] "#,
            "ab",
            &["1.50", r#"{"x":[ ]}"#, "null"],
        );
        check(r#"["__proto__"]"#, "__proto__", &[]);
    }

    #[test]
    fn what_is_no_message_is_told_in_words() {
        for text in ["", "{}", "hello", "[", r#"["a"] x"#, r#"["a",]"#, r#""a""#] {
            refused(text, "a message is one JSON array");
        }
        refused("[]", "a message begins with the name of an event");
        refused("[1]", "the name of an event is a string");
        refused(r#"["\ud800"]"#, "the name of an event is a string");
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        let deep = format!("[\"a\",{}{}]", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Call::decode(&deep).map_or(0, |call| call.args.len()) <= 1);
    }

    #[test]
    fn a_message_is_written() {
        assert_eq!(
            encode("chat message", &[&quote("\"hi\"\n"), "7"]),
            r#"["chat message","\"hi\"\n",7]"#
        );
        assert_eq!(encode("whoami", &[]), r#"["whoami"]"#);
    }
}
