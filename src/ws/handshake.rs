//! The opening handshake, the server's side (RFC 6455 §4.2).

use base64::{Engine, engine::general_purpose::STANDARD};
use sha1::{Digest, Sha1};

use crate::http::{Request, Response, encode_field};

/// Why a request does not become a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Another version than 13 (§4.4).
    Version,
    /// Not the handshake of §4.2.1.
    Malformed(&'static str),
    /// A page of a foreign origin (§10.2).
    Origin,
}

impl Refusal {
    pub(crate) fn response(self) -> Response {
        match self {
            Self::Malformed(why) => Response::text(400, why),
            Self::Origin => Response::text(403, self.reason()),
            // RFC 9110 §15.5.22: names the protocol to change to. RFC 6455 §4.4: and its version.
            Self::Version => Response::text(426, self.reason())
                .header("Upgrade", "websocket")
                .header("Sec-WebSocket-Version", "13"),
        }
    }

    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Malformed(why) => why,
            Self::Origin => "pages of this origin may not connect here",
            Self::Version => "this server speaks version 13 of the WebSocket protocol",
        }
    }
}

/// Checks a handshake and computes the value of Sec-WebSocket-Accept.
///
/// Method, Host and the two Upgrade fields have been checked when the request was recognised.
pub(crate) fn accept_key(request: &Request<'_>) -> Result<String, Refusal> {
    if request.method() != "GET" {
        return Err(Refusal::Malformed("a WebSocket begins with GET"));
    }
    let mut versions = request.headers("sec-websocket-version");
    if versions.next() != Some("13") || versions.next().is_some() {
        return Err(Refusal::Version);
    }
    let mut keys = request.headers("sec-websocket-key");
    match (keys.next(), keys.next()) {
        (Some(key), None) if is_nonce(key) => Ok(accept(key)),
        _ => Err(Refusal::Malformed(
            "Sec-WebSocket-Key is not 16 bytes in base64",
        )),
    }
}

/// Whether a browser's page comes from the host it connects to: `http://a:3000` to `a:3000`.
pub(crate) fn same_host(origin: &str, host: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    let default_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    let bare = |name: &str| {
        name.strip_suffix(default_port)
            .unwrap_or(name)
            .to_ascii_lowercase()
    };
    !authority.is_empty() && bare(authority) == bare(host)
}

/// Appends the answer that turns the connection into a WebSocket (§4.2.2).
pub(crate) fn switching(
    out: &mut Vec<u8>,
    accept: &str,
    protocol: Option<&str>,
    extension: Option<&str>,
) {
    out.extend_from_slice(b"HTTP/1.1 101 Switching Protocols\r\n");
    encode_field(out, "Upgrade", "websocket");
    encode_field(out, "Connection", "Upgrade");
    encode_field(out, "Sec-WebSocket-Accept", accept);
    if let Some(protocol) = protocol {
        encode_field(out, "Sec-WebSocket-Protocol", protocol);
    }
    if let Some(extension) = extension {
        encode_field(out, "Sec-WebSocket-Extensions", extension);
    }
    out.extend_from_slice(b"\r\n");
}

fn is_nonce(key: &str) -> bool {
    let mut nonce = [0; NONCE];
    STANDARD
        .decode_slice(key, &mut nonce)
        .is_ok_and(|len| len == NONCE)
}

fn accept(key: &str) -> String {
    let mut sha1 = Sha1::new();
    sha1.update(key);
    sha1.update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(sha1.finalize())
}

/// Bytes of what a client chose at random (§4.1).
const NONCE: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http;

    fn answer(method: &str, fields: &str) -> Result<String, Refusal> {
        let head = format!("{method} /chat HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n");
        let mut room = Vec::new();
        let limits = http::Limits {
            bytes: 1000,
            fields: 9,
        };
        let parsed = http::parse(head.as_bytes(), limits, &mut room)
            .unwrap()
            .unwrap();
        accept_key(&parsed.request)
    }

    #[test]
    fn the_example_of_the_rfc_is_accepted() {
        let fields = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13";
        assert_eq!(
            answer("GET", fields),
            Ok("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".to_owned())
        );
        let mut out = Vec::new();
        switching(&mut out, "abc", Some("chat"), Some("zip"));
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: abc\r\nSec-WebSocket-Protocol: chat\r\n\
             Sec-WebSocket-Extensions: zip\r\n\r\n"
        );
    }

    #[test]
    fn every_other_handshake_is_refused_with_its_status() {
        let status = |method: &str, fields: &str| {
            answer(method, fields).map_err(|refusal| refusal.response().status())
        };
        let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
        assert_eq!(
            status("POST", &format!("{key}\r\nSec-WebSocket-Version: 13")),
            Err(400)
        );
        assert_eq!(
            status("GET", &format!("{key}\r\nSec-WebSocket-Version: 8")),
            Err(426)
        );
        assert_eq!(status("GET", key), Err(426));
        assert_eq!(status("GET", "Sec-WebSocket-Version: 13"), Err(400));
        for key in [
            "",
            "dGhlIHNhbXBsZQ==",
            "dGhlIHNhbXBsZSBub25jZQ",
            "****",
            "dGhlIHNhbXBsZSBub25jZSE=",
        ] {
            let fields = format!("Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13");
            assert_eq!(status("GET", &fields), Err(400), "{key}");
        }
        let twice = format!("{key}\r\n{key}\r\nSec-WebSocket-Version: 13");
        assert_eq!(status("GET", &twice), Err(400));
        let refused = Refusal::Version.response();
        assert_eq!(refused.field("Sec-WebSocket-Version"), Some("13"));
    }

    #[test]
    fn an_origin_is_the_same_host_with_or_without_the_default_port() {
        assert!(same_host("http://localhost:3000", "LOCALHOST:3000"));
        assert!(same_host("http://a.example", "a.example:80"));
        assert!(same_host("https://a.example", "a.example"));
        assert!(same_host("http://[::1]:3000", "[::1]:3000"));
        assert!(!same_host("http://localhost:3001", "localhost:3000"));
        assert!(!same_host("http://a.example.evil", "a.example"));
        assert!(!same_host("null", "null"));
        assert!(!same_host("file://", ""));
        assert!(!same_host("http://", ""));
    }
}
