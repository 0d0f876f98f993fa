//! One version of a file: whether a client has it already, whether it is the one that is asked for,
//! and which part of it is wanted (RFC 9110 §13, §14).

use std::fs::{File, Metadata};
use std::io::{self, Seek, SeekFrom};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use httpdate::{fmt_http_date, parse_http_date};

use super::content_type;
use crate::{Request, Response};

/// One version of a file, as it was when it was opened.
pub(super) struct Version {
    pub(super) len: u64,
    /// Strong (RFC 9110 §8.8.3), as far as a file system gives every write a time of its own.
    tag: String,
    /// Of the last change, in whole seconds; `None` if that is unknown, or no date in HTTP.
    modified: Option<SystemTime>,
}

impl Version {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().unwrap_or(UNIX_EPOCH);
        let nanos = match modified.duration_since(UNIX_EPOCH) {
            Ok(after) => after.as_nanos(),
            Err(before) => u128::MAX - before.duration().as_nanos(),
        };
        let (inode, len) = (inode(metadata), metadata.len());
        Self {
            len,
            tag: format!("\"{nanos:x}-{len:x}-{inode:x}\""),
            modified: whole_seconds(modified),
        }
    }

    /// RFC 9110 §13.1.1 and §13.1.4: whether this is a version that the client can work with.
    pub(super) fn is_required(&self, request: &Request<'_>) -> bool {
        let mut tags = tags(request, "if-match").peekable();
        if tags.peek().is_some() {
            // Strong comparison (§8.8.3.2): a weak tag is never equal.
            return tags.any(|tag| tag == "*" || tag == self.tag);
        }
        match (self.modified, date(request, "if-unmodified-since")) {
            (Some(modified), Some(limit)) => modified <= limit,
            _ => true,
        }
    }

    /// RFC 9110 §13.1.2 and §13.1.3: whether the client has this version already.
    pub(super) fn is_known(&self, request: &Request<'_>) -> bool {
        // With tags, the date must not be looked at any more.
        if let Some(known) = request.has_version(&self.tag) {
            return known;
        }
        match (self.modified, date(request, "if-modified-since")) {
            (Some(modified), Some(since)) => modified <= since,
            _ => false,
        }
    }

    pub(super) fn part(&self, request: &Request<'_>) -> Part {
        let mut ranges = request.headers("range");
        let (Some(range), None) = (ranges.next(), ranges.next()) else {
            return Part::Whole;
        };
        // RFC 9110 §14.2: a range of anything but a GET must be ignored; of nothing it may be.
        if request.method() != "GET" || self.len == 0 || !self.may_be_cut(request) {
            return Part::Whole;
        }
        match bounds(range, self.len) {
            None => Part::Whole,
            Some((first, _)) if first >= self.len => Part::Beyond,
            Some((first, last)) => Part::Bytes(first, last.min(self.len - 1)),
        }
    }

    /// RFC 9110 §13.1.5: a part is of use only to a client whose other parts are of this version.
    ///
    /// A date is believed when it is equal; that it can be too coarse is why the tag is sent.
    fn may_be_cut(&self, request: &Request<'_>) -> bool {
        match request.header("if-range") {
            None => true,
            Some(tag) if tag.ends_with('"') => tag == self.tag,
            Some(_) => self.modified.is_some() && date(request, "if-range") == self.modified,
        }
    }

    pub(super) fn bytes(
        &self,
        first: u64,
        last: u64,
        name: &Path,
        mut file: File,
    ) -> io::Result<Response> {
        file.seek(SeekFrom::Start(first))?;
        let range = format!("bytes {first}-{last}/{}", self.len);
        let response = self.content(206, name).header("Content-Range", range);
        Ok(response.stream(last - first + 1, file))
    }

    /// RFC 9110 §15.5.17: a 416 says how long the file is.
    pub(super) fn beyond(&self) -> Response {
        let range = format!("bytes */{}", self.len);
        Response::text(416, "the file ends before that").header("Content-Range", range)
    }

    pub(super) fn content(&self, status: u16, name: &Path) -> Response {
        let response = self
            .response(status)
            .header("Content-Type", content_type(name))
            .header("Accept-Ranges", "bytes");
        match self.modified {
            Some(modified) => response.header("Last-Modified", fmt_http_date(modified)),
            None => response,
        }
    }

    /// RFC 9110 §15.4.5: what even a 304 has to carry.
    pub(super) fn response(&self, status: u16) -> Response {
        Response::new(status).header("ETag", self.tag.clone())
    }
}

/// Which bytes of a file are wanted.
pub(super) enum Part {
    Whole,
    /// From the first to the last, both included and both in the file.
    Bytes(u64, u64),
    /// None that the file has.
    Beyond,
}

/// The first and the last byte of a single range (RFC 9110 §14.1.1); `None` when it is not one.
fn bounds(range: &str, len: u64) -> Option<(u64, u64)> {
    let (unit, spec) = range.split_once('=')?;
    let (first, last) = spec.trim().split_once('-')?;
    match (first, last) {
        _ if !unit.eq_ignore_ascii_case("bytes") => None,
        ("", suffix) => Some((len.saturating_sub(number(suffix)?), u64::MAX)),
        (first, "") => Some((number(first)?, u64::MAX)),
        (first, last) => {
            Some((number(first)?, number(last)?)).filter(|(first, last)| first <= last)
        }
    }
}

/// Digits, any number of them: what is too large for a number is too large for a file.
fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// The entity tags that a field lists; one with a comma in it falls into two that are not ours.
fn tags<'a>(request: &Request<'a>, name: &str) -> impl Iterator<Item = &'a str> {
    request
        .headers(name)
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

/// RFC 9110 §13.1.3: a date that is none counts as not sent.
fn date(request: &Request<'_>, name: &str) -> Option<SystemTime> {
    parse_http_date(request.header(name)?).ok()
}

/// A time as HTTP can write it: from 1970 up to 9999, beyond which httpdate would panic. The very
/// first second is what packers give to files whose date they don't tell.
fn whole_seconds(time: SystemTime) -> Option<SystemTime> {
    let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    (1..YEAR_10000)
        .contains(&seconds)
        .then(|| UNIX_EPOCH + Duration::from_secs(seconds))
}

/// Tells a file from another of the same size and time that was moved to its place.
#[cfg(unix)]
fn inode(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
}

/// The first second that has no date in HTTP.
const YEAR_10000: u64 = 253_402_300_800;

#[cfg(test)]
mod tests;
