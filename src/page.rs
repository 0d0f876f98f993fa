//! What is served over HTTP: the chat page, which is inside the program, or a folder.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::Path;

use roomcast::files::Files;
use roomcast::{Event, Hub, Request, Response};

/// Where the pages are from.
pub(crate) enum Site {
    /// The page inside the program.
    Page,
    /// A folder of the user's own.
    Folder(Files),
}

impl Site {
    /// A folder, of which browsers keep nothing: who edits a page sees what it has become.
    pub(crate) fn folder(dir: impl AsRef<Path>) -> io::Result<Self> {
        Files::new(dir).map(|files| Self::Folder(files.cache_control("no-store")))
    }

    /// Answers requests; the only WebSockets are those of Socket.IO and of the plain door.
    pub(crate) fn serve(&self, hub: &mut Hub, event: &Event<'_>) {
        match event {
            Event::Request { id, request } => _ = hub.respond(*id, self.answer(request)),
            Event::Upgrade { id, .. } => {
                let place = format_args!("the WebSocket is at {DOOR}");
                hub.respond(*id, Response::text(404, place));
            }
            _ => {}
        }
    }

    fn answer(&self, request: &Request<'_>) -> Response {
        match self {
            // RFC 9110 §15.5.22: this path speaks another protocol.
            _ if request.path() == DOOR => Response::text(426, "a WebSocket is here")
                .header("Upgrade", "websocket")
                .header("Sec-WebSocket-Version", "13"),
            Self::Page => answer(request),
            Self::Folder(files) => files.answer(request),
        }
    }
}

/// Where the plain door is.
pub(crate) const DOOR: &str = "/ws";

struct File {
    path: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

const FILES: [File; 4] = [
    File {
        path: "/",
        content_type: "text/html; charset=utf-8",
        bytes: include_bytes!("../static/index.html"),
    },
    File {
        path: "/chat.css",
        content_type: "text/css; charset=utf-8",
        bytes: include_bytes!("../static/chat.css"),
    },
    File {
        path: "/chat.js",
        content_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../static/chat.js"),
    },
    File {
        path: "/favicon.svg",
        content_type: "image/svg+xml",
        bytes: include_bytes!("../static/favicon.svg"),
    },
];

/// Nothing but our own files, no script in the page itself, no other site's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// Answers a request for a file of the page.
fn answer(request: &Request<'_>) -> Response {
    let path = if request.path() == "/index.html" {
        "/"
    } else {
        request.path()
    };
    let Some(file) = FILES.iter().find(|file| file.path == path) else {
        return Response::text(404, "there is no such page");
    };
    if !matches!(request.method(), "GET" | "HEAD") {
        return Response::text(405, "only GET and HEAD here").header("Allow", "GET, HEAD");
    }
    let tag = tag(file.bytes);
    let known = request.has_version(&tag) == Some(true);
    let response = Response::new(if known { 304 } else { 200 })
        .header("ETag", tag)
        .header("Cache-Control", "no-cache")
        .header("Content-Security-Policy", POLICY)
        .header("Cross-Origin-Opener-Policy", "same-origin");
    match known {
        true => response,
        false => response
            .header("Content-Type", file.content_type)
            .body(file.bytes),
    }
}

/// A hash that is the same in every run: a browser asks again only after the program has changed.
fn tag(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_stays_under_25_kilobytes() {
        let sizes: usize = FILES.iter().map(|file| file.bytes.len()).sum();
        assert!(sizes <= 25_600, "{sizes} bytes");
    }
}
