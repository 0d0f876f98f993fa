//! Whose pages may connect: those of this host, and those of the origins that are listed.
//!
//! A browser says with each request which page sends it; who says nothing is no browser. Each origin
//! that is refused is named once in the log, so that whoever forgot to list it finds out, and whoever
//! tries many cannot fill the log or the memory.

use crate::http::Request;
use crate::hub::Hub;
use crate::ws;

/// Origins that were refused.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    /// Each cut to `MAX_ORIGIN` bytes; at most `MAX_NAMED`.
    named: Vec<Box<str>>,
    /// There were more, and the log says so.
    full: bool,
}

impl Hub {
    /// Whether the page that sends a request may connect here: it is of this host or of an origin
    /// in `Config::origins`, or there is no page since the request has no Origin.
    ///
    /// Asked before a WebSocket opens (RFC 6455 §10.2). Ask it where another answer is for pages
    /// that are welcome only. An origin that is refused for the first time is logged.
    pub fn admits_origin(&mut self, request: &Request<'_>) -> bool {
        let Some(origin) = request.header("origin") else {
            return true;
        };
        let mut origins = self.config.origins.iter();
        let listed = origins.any(|known| known == "*" || known.eq_ignore_ascii_case(origin));
        if listed || ws::same_host(origin, request.host()) {
            return true;
        }
        if let Some(line) = self.refused.note(origin) {
            log::warn!("{line}");
        }
        false
    }
}

impl Refused {
    /// What is to be said about an origin that is refused; nothing if that was said before.
    fn note(&mut self, origin: &str) -> Option<String> {
        let cut = cut(origin);
        if self.full || self.named.iter().any(|known| **known == *cut) {
            return None;
        }
        if self.named.len() == MAX_NAMED {
            self.full = true;
            return Some("pages of more origins were refused; they are not named any more".into());
        }
        self.named.push(cut.into());
        // What else a request may have for an origin must not be copied to a command line.
        let flag = if can_be_listed(origin) { cut } else { "'*'" };
        Some(format!(
            "a page of {} was refused; Config::origins (--origin {flag}) would let it in",
            cut.escape_debug()
        ))
    }
}

/// As much of a text as fits, in whole letters.
fn cut(origin: &str) -> &str {
    let end = (0..=MAX_ORIGIN)
        .rev()
        .find(|at| origin.is_char_boundary(*at));
    &origin[..end.unwrap_or(0)]
}

/// A scheme, a host, and perhaps a port (RFC 6454 §6.2), in letters that mean nothing else.
fn can_be_listed(origin: &str) -> bool {
    origin.len() <= MAX_ORIGIN
        && origin.contains("://")
        && origin
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.:/_[]".contains(&byte))
}

/// Bytes of an origin with the longest host that there is.
const MAX_ORIGIN: usize = 272;
/// Origins that are named in the log.
const MAX_NAMED: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(origin: &str, shown: &str, flag: &str) {
        let mut refused = Refused::default();
        let line = format!(
            "a page of {shown} was refused; Config::origins (--origin {flag}) would let it in"
        );
        assert_eq!(refused.note(origin), Some(line));
        assert_eq!(refused.note(origin), None);
    }

    #[test]
    fn an_origin_is_named_once_with_what_would_let_it_in() {
        for origin in ["https://evil.example", "http://[::1]:3000"] {
            check(origin, origin, origin);
        }
        check("null", "null", "'*'");
        check("https://a;reboot", "https://a;reboot", "'*'");
        check("a\u{1b}[2J\tb", "a\\u{1b}[2J\\tb", "'*'");
        check(&"ä".repeat(1000), &"ä".repeat(MAX_ORIGIN / 2), "'*'");
    }

    #[test]
    fn many_origins_fill_neither_the_log_nor_the_memory() {
        let mut refused = Refused::default();
        let lines: Vec<_> = (0..1000)
            .filter_map(|n| refused.note(&format!("https://{n}.example")))
            .collect();
        assert_eq!(lines.len(), MAX_NAMED + 1);
        assert!(lines[MAX_NAMED].contains("not named any more"));
        assert_eq!(refused.named.len(), MAX_NAMED);
    }
}
