//! A folder over HTTP: which file a path means, which version of it the client has already, and
//! which part of it is wanted (RFC 9110 §8.8, §13, §14).
//!
//! It knows requests, responses and the file system; no socket, no clock, no connection. The
//! folder is looked at anew for every request and nothing is cached, so an edited file is seen at
//! once and an answer costs a few system calls on the thread of the loop. A path is a list of plain
//! names: whatever could mean anything else (`..`, a slash in disguise, a hidden file) is answered
//! as missing, and what a symbolic link makes of the rest has to lie inside the folder.

mod version;

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use percent_encoding::{CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::{Request, Response};
use version::{Part, Version};

/// A folder whose files are served.
///
/// A folder itself is answered with its `index.html`; there are no listings. Names that begin with
/// a dot are never served, nor is anything that is not a regular file. Symbolic links may lead to
/// any place inside the folder, also to a hidden one, and to none outside.
///
/// Who can change the folder decides what is served: a file that is exchanged for a link or a
/// pipe between being looked at and being opened is followed.
///
/// ```no_run
/// use roomcast::{Event, Server, files::Files};
///
/// let files = Files::new("public")?;
/// Server::bind("127.0.0.1:3000")?.run(|hub, event| match event {
///     Event::Request { id, request } => { hub.respond(id, files.answer(&request)); }
///     Event::Open { id } => { hub.join(id, "lobby"); }
///     Event::Text { id, text } => { hub.to("lobby").except(id).send(text); }
///     _ => {}
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Files {
    /// Canonical, so that a canonical path lies inside exactly when it begins with it.
    root: PathBuf,
    cache_control: Cow<'static, str>,
}

impl Files {
    /// Serves the folder `root`, which is found now and never again: a relative path stays what it
    /// means at this moment.
    ///
    /// # Errors
    /// When `root` is missing, may not be entered, or is not a folder; the message names it.
    pub fn new(root: impl AsRef<Path>) -> io::Result<Self> {
        let name = root.as_ref().display();
        let named =
            |error: io::Error| io::Error::new(error.kind(), format!("the folder {name}: {error}"));
        let root = root.as_ref().canonicalize().map_err(named)?;
        if !fs::metadata(&root).map_err(named)?.is_dir() {
            let message = format!("{name} is not a folder");
            return Err(io::Error::new(ErrorKind::NotADirectory, message));
        }
        Ok(Self {
            root,
            cache_control: Cow::Borrowed("no-cache"),
        })
    }

    /// Sets the `Cache-Control` of every answer (RFC 9111 §5.2): with `public, max-age=3600` clients
    /// may keep for an hour what they got, with `no-store` not at all. Without it that is `no-cache`:
    /// they may keep it, and ask each time whether it still holds.
    ///
    /// It stands on a 404 and a 405 as well: with a `max-age`, a file that comes to be is not seen
    /// that long by who has asked for it before. A value with a control character is left out and
    /// logged, like that of [`Response::header`].
    ///
    /// ```no_run
    /// # use roomcast::files::Files;
    /// let files = Files::new("public")?.cache_control("public, max-age=3600");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn cache_control(mut self, directives: impl Into<Cow<'static, str>>) -> Self {
        self.cache_control = directives.into();
        self
    }

    /// Answers a GET or a HEAD with a file, a part of it, or the reason why there is none.
    ///
    /// 200, 206 for one range of bytes, 301 for a folder without its last slash, 304 for a client
    /// that has the file already, 403 for a file that may not be read, 404, 405 for another method,
    /// 412 and 416 for conditions and ranges that cannot be met, 500 when reading fails. Several
    /// ranges at once are answered with the whole file. The body is read while it is sent, so the
    /// size of a file does not matter, but its descriptor stays open until then.
    pub fn answer(&self, request: &Request<'_>) -> Response {
        self.find(request)
            .header("Cache-Control", self.cache_control.clone())
    }

    fn find(&self, request: &Request<'_>) -> Response {
        if !matches!(request.method(), "GET" | "HEAD") {
            // RFC 9110 §15.5.6: a 405 says which methods would do.
            return Response::text(405, "only GET and HEAD here").header("Allow", "GET, HEAD");
        }
        let Some(name) = file_name(request.path()) else {
            return refusal(&ErrorKind::NotFound.into());
        };
        let response = match self.open(&name) {
            Ok(Some(file)) => send(request, &name, file),
            Ok(None) if request.path().ends_with('/') => Err(ErrorKind::NotFound.into()),
            Ok(None) => Ok(slash_behind(request)),
            Err(error) => Err(error),
        };
        response.unwrap_or_else(|error| refusal(&error))
    }

    /// Opens the file of that name; `None` when it is a folder.
    fn open(&self, name: &Path) -> io::Result<Option<File>> {
        let path = self.inside(name)?;
        let metadata = fs::metadata(&path)?;
        if metadata.is_dir() {
            return Ok(None);
        }
        // Before it is opened: that alone blocks on a pipe until somebody writes, and can wake a device.
        if !metadata.is_file() {
            return Err(ErrorKind::NotFound.into());
        }
        File::open(path).map(Some)
    }

    /// Follows every symbolic link, and finds nothing when that leads out of the folder.
    fn inside(&self, name: &Path) -> io::Result<PathBuf> {
        match self.root.join(name).canonicalize() {
            Ok(path) if path.starts_with(&self.root) => Ok(path),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(error),
            // Out of the folder, in a circle, or too long a name: no such file can be.
            Ok(_) | Err(_) => Err(ErrorKind::NotFound.into()),
        }
    }
}

/// The file that a path means, below the root; `None` for a path that may not mean any.
fn file_name(path: &str) -> Option<PathBuf> {
    let mut segments = path.strip_prefix('/')?.split('/');
    let last = match segments.next_back()? {
        "" => INDEX.to_owned(),
        last => plain_name(last)?,
    };
    let folders: PathBuf = segments.map(plain_name).collect::<Option<_>>()?;
    Some(folders.join(last))
}

/// Decodes one segment, once; what is still encoded then is part of the name.
fn plain_name(segment: &str) -> Option<String> {
    let mut escapes = segment.split('%').skip(1).map(str::as_bytes);
    let is_encoded = escapes.all(|escape| {
        matches!(escape, [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
    });
    let name = percent_decode_str(segment).decode_utf8().ok()?;
    // A leading dot is `.` and `..` as well as a hidden file.
    let is_plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
    (is_encoded && is_plain).then(|| name.into_owned())
}

/// Sends the client to the folder's own path, without which its relative links would lead astray.
fn slash_behind(request: &Request<'_>) -> Response {
    // Its first segment is a plain name, so this can't become `//host/`, a link to another server.
    let mut location = utf8_percent_encode(request.path(), CONTROLS).to_string();
    location.push('/');
    if let Some(query) = request.query() {
        location.push('?');
        location.extend(utf8_percent_encode(query, CONTROLS));
    }
    Response::new(301).header("Location", location)
}

fn send(request: &Request<'_>, name: &Path, file: File) -> io::Result<Response> {
    let version = Version::of(&file.metadata()?);
    // RFC 9110 §13.2.2: in this order, and before a range is looked at.
    if !version.is_required(request) {
        return Ok(Response::text(412, "the file is another version"));
    }
    if version.is_known(request) {
        return Ok(version.response(304));
    }
    match version.part(request) {
        Part::Whole => Ok(version.content(200, name).stream(version.len, file)),
        Part::Bytes(first, last) => version.bytes(first, last, name, file),
        Part::Beyond => Ok(version.beyond()),
    }
}

fn content_type(name: &Path) -> &'static str {
    let extension = name.extension().and_then(|extension| extension.to_str());
    let known = CONTENT_TYPES
        .iter()
        .find(|(known, _)| extension.is_some_and(|name| name.eq_ignore_ascii_case(known)));
    known.map_or("application/octet-stream", |(_, content_type)| content_type)
}

fn refusal(error: &io::Error) -> Response {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            Response::text(404, "there is no such file")
        }
        ErrorKind::PermissionDenied => Response::text(403, "this file may not be read"),
        _ => {
            log::error!("a file cannot be read: {error}");
            Response::text(500, "the file cannot be read")
        }
    }
}

/// What a folder is answered with.
const INDEX: &str = "index.html";

/// By hand: a package for it brings a table of 200 KB.
const CONTENT_TYPES: [(&str, &str); 21] = [
    ("html", "text/html; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("txt", "text/plain; charset=utf-8"),
    ("md", "text/markdown; charset=utf-8"),
    // These two say in themselves how they are encoded.
    ("xml", "application/xml"),
    ("svg", "image/svg+xml"),
    ("json", "application/json"),
    ("wasm", "application/wasm"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("ico", "image/x-icon"),
    ("woff2", "font/woff2"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("webm", "video/webm"),
];

#[cfg(test)]
mod tests;
