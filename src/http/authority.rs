//! Whom a request is for: a host and perhaps a port, and no user (RFC 9110 §4.2 and §7.2, with the
//! grammar of RFC 3986 §3.2). Nothing is looked up here; a name that other servers would read
//! differently is just none.

// An address is a value; no socket comes with it.
use core::net::Ipv6Addr;
use std::str;

/// Whether these bytes may be the authority of a target; one without a host is none.
pub(super) fn is_authority(bytes: &[u8]) -> bool {
    is_host_field(bytes) && !matches!(bytes, [] | [b':', ..])
}

/// Whether these bytes may be the value of a Host field, where the host may be empty.
pub(super) fn is_host_field(bytes: &[u8]) -> bool {
    let end = match bytes.first() {
        Some(b'[') => bytes.iter().position(|&byte| byte == b']').map(|at| at + 1),
        _ => bytes.iter().position(|&byte| byte == b':'),
    };
    let (host, port) = bytes.split_at(end.unwrap_or(bytes.len()));
    is_host(host) && is_port(port)
}

fn is_host(bytes: &[u8]) -> bool {
    match bytes {
        [b'[', address @ .., b']'] => {
            str::from_utf8(address).is_ok_and(|address| address.parse::<Ipv6Addr>().is_ok())
        }
        name => (0..name.len()).all(|at| is_letter(&name[at..])),
    }
}

/// Whether a name may have what these bytes begin with.
fn is_letter(bytes: &[u8]) -> bool {
    match bytes {
        [b'%', high, low, ..] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        [byte, ..] => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(byte),
        [] => false,
    }
}

fn is_port(bytes: &[u8]) -> bool {
    match bytes {
        [] => true,
        [colon, digits @ ..] => *colon == b':' && digits.iter().all(u8::is_ascii_digit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(host: &str, field: bool, authority: bool) {
        assert_eq!(is_host_field(host.as_bytes()), field, "{host:?} as a field");
        assert_eq!(
            is_authority(host.as_bytes()),
            authority,
            "{host:?} in a target"
        );
    }

    #[test]
    fn a_host_is_a_name_or_an_address_and_perhaps_a_port() {
        for host in [
            "a",
            "a.example:80",
            "a:",
            "127.0.0.1",
            "[::1]",
            "[::1]:3000",
            "%C3%a4",
        ] {
            check(host, true, true);
        }
        for host in ["", ":80"] {
            check(host, true, false);
        }
        for host in [
            "a b", "a/b", "a@b", "a:b", "a:80:80", "::1", "[::1", "[::1]a", "[]", "[a]", "]", "%",
            "%4", "%zz", "ä", "a\0",
        ] {
            check(host, false, false);
        }
    }
}
