//! The client for browsers, at the names under which pages load it: `/socket.io/socket.io.js`.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::{Request, Response};

const SCRIPT: &str = include_str!("../../static/socket.io.js");
const MODULE: &str = concat!(
    include_str!("../../static/socket.io.js"),
    "export { io, io as default, io as connect };\n"
);

/// Answers for a file of the client; `None` when the name below our path is none of them.
pub(super) fn answer(request: &Request<'_>, name: &str) -> Option<Response> {
    let text = match name {
        "socket.io.js" | "socket.io.min.js" => SCRIPT,
        "socket.io.esm.min.js" => MODULE,
        _ => return None,
    };
    let tag = tag(text);
    let known = request.has_version(&tag) == Some(true);
    let response = Response::new(if known { 304 } else { 200 })
        .header("ETag", tag)
        .header("Cache-Control", "public, max-age=0");
    let response = response.header("Content-Type", "application/javascript; charset=utf-8");
    Some(if known { response } else { response.body(text) })
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
    fn the_client_takes_12_kilobytes_at_most() {
        assert!(
            SCRIPT.len() <= 12_000 && MODULE.len() <= 12_000,
            "{} bytes",
            MODULE.len()
        );
    }
}
