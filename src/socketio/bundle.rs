//! The client for browsers, at the names under which pages load it: `/socket.io/socket.io.js`.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::{Request, Response};

const SCRIPT: &str = include_str!("../../static/socket.io.js");
const MODULE: &str = concat!(
    include_str!("../../static/socket.io.js"),
    "export { io, io as default, io as connect };\n"
);

/// Answers for a file of the client; `None` when the name below our path is none of them.
pub(super) fn answer(request: &Request<'_>, name: &str) -> Option<Response> {
    let (content_type, text) = file(name)?;
    let tag = tag(&text);
    let known = request.has_version(&tag) == Some(true);
    let response = Response::new(if known { 304 } else { 200 })
        .header("ETag", tag)
        .header("Cache-Control", "public, max-age=0")
        .header("Content-Type", content_type);
    Some(if known {
        response
    } else {
        response.body(text.into_owned())
    })
}

/// A file by its official name. There is one text behind all names: it is short enough to be its own
/// minified form and its own source, and the packets are JSON by any name.
fn file(name: &str) -> Option<(&'static str, Cow<'static, str>)> {
    let script = name.strip_suffix(".map").unwrap_or(name);
    let text = match script {
        "socket.io.js" | "socket.io.min.js" | "socket.io.msgpack.min.js" => SCRIPT,
        "socket.io.esm.min.js" => MODULE,
        _ => return None,
    };
    Some(match name == script {
        true => ("application/javascript; charset=utf-8", text.into()),
        false => ("application/json", map(script, text).into()),
    })
}

/// A source map that says: line for line itself.
fn map(name: &str, text: &str) -> String {
    let lines = "AAAA;".to_owned() + &"AACA;".repeat(text.lines().count() - 1);
    format!(
        "{{\"version\":3,\"file\":\"{name}\",\"sources\":[\"{name}\"],\"names\":[],\"mappings\":\"{}\"}}",
        lines.trim_end_matches(';')
    )
}

/// The same in every run, and another one for another text.
fn tag(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_official_name_is_served_and_nothing_else() {
        for name in [
            "socket.io.js",
            "socket.io.min.js",
            "socket.io.msgpack.min.js",
            "socket.io.esm.min.js",
        ] {
            let (content_type, text) = file(name).unwrap();
            assert!(content_type.starts_with("application/javascript") && text.contains("var io"));
            let (content_type, map) = file(&format!("{name}.map")).unwrap();
            assert_eq!(content_type, "application/json");
            let map: serde_json::Value = serde_json::from_str(&map).unwrap();
            let mappings = map["mappings"].as_str().unwrap();
            assert_eq!(mappings.split(';').count(), text.lines().count());
            assert_eq!(map["sources"][0], name);
        }
        for name in ["", ".map", "socket.io", "socket.io.js.map.map", "nope.js"] {
            assert!(file(name).is_none(), "{name}");
        }
    }

    #[test]
    fn the_client_takes_12_kilobytes_at_most() {
        assert!(
            SCRIPT.len() <= 12_000 && MODULE.len() <= 12_000,
            "{} bytes",
            MODULE.len()
        );
    }
}
