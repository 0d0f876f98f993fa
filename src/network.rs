//! Networks of addresses, and which address of a list is the client's.
//!
//! Addresses are numbers here and have no sockets. One of IPv4 is compared as the one of IPv6 that
//! stands for it (RFC 4291 §2.5.5.2), which is how a listener on `::` sees it.

use core::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::io::{self, ErrorKind};
use std::str::{self, FromStr};

/// An address, or a network of them as RFC 4632 §3.1 writes it, for
/// [`Config::trusted_proxies`](crate::Config::trusted_proxies).
///
/// `127.0.0.1` and `::1` are addresses, `10.0.0.0/8` and `fd00::/8` networks. `::/0` is every
/// address there is, those of IPv4 too.
///
/// ```
/// use roomcast::{Config, Network};
///
/// let config = Config {
///     trusted_proxies: vec!["127.0.0.1".parse()?, "10.0.0.0/8".parse()?],
///     ..Config::default()
/// };
/// assert!("10.1.2.3/8".parse::<Network>().is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// The first of its addresses.
    first: IpAddr,
    /// Bits that all of them share; at most as many as an address has.
    prefix: u32,
}

impl Network {
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let differ = wide(self.first) ^ wide(address);
        differ.checked_shr(self.free()).unwrap_or(0) == 0
    }

    fn parse(text: &str) -> Option<Self> {
        let (first, prefix) = match text.split_once('/') {
            Some((first, prefix)) => (first, Some(prefix)),
            None => (text, None),
        };
        let first: IpAddr = first.parse().ok()?;
        let prefix = prefix.map_or(Some(width(first)), number)?;
        let network = Self { first, prefix };
        // Who trusts 10.1.2.3/8 may have meant one address, and has named sixteen million.
        let whole = prefix <= width(first) && wide(first).trailing_zeros() >= network.free();
        whole.then_some(network)
    }

    /// Bits in which its addresses differ.
    fn free(&self) -> u32 {
        width(self.first) - self.prefix
    }
}

impl FromStr for Network {
    type Err = io::Error;

    /// Reads an address, or a network by its first address and the number of bits that it shares
    /// with the others.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] for anything else, also for an address within a network as
    /// `10.1.2.3/8`.
    fn from_str(text: &str) -> io::Result<Self> {
        let why = || format!("{text:?} is no address, and no network as 10.0.0.0/8");
        Self::parse(text).ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, why()))
    }
}

/// The client of a request, by what the proxies on its way have noted in X-Forwarded-For: each
/// appends whom it was called by. So the last that is no trusted proxy is the client, and what
/// stands before it is what the client says. There is none where an entry cannot be read, since
/// nobody who is trusted vouches for what stands before it.
pub(crate) fn client<'a>(
    forwarded: impl DoubleEndedIterator<Item = &'a [u8]>,
    trusted: &[Network],
) -> Option<IpAddr> {
    let is_proxy = |address| trusted.iter().any(|network| network.contains(address));
    forwarded
        .rev()
        .map(entry)
        .find(|entry| !entry.is_some_and(is_proxy))
        .flatten()
}

/// An address, to which some proxies add the port: `192.0.2.1:567`, `[2001:db8::1]:567`.
fn entry(bytes: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(bytes).ok()?;
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    match bare {
        Some(bare) => bare.parse().ok().map(IpAddr::V6),
        None => text
            .parse()
            .or_else(|_| text.parse().map(|address: SocketAddr| address.ip()))
            .ok(),
    }
}

/// Digits and nothing else, so no sign, which `parse` alone would take.
fn number(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

fn wide(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
    .to_bits()
}

fn width(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => Ipv6Addr::BITS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(network: &str, within: &[&str], without: &[&str]) {
        let known: Network = network.parse().unwrap();
        let holds = |address: &&str| known.contains(address.parse().unwrap());
        assert!(within.iter().all(holds), "{network}: {within:?}");
        assert!(!without.iter().any(holds), "{network}: {without:?}");
    }

    #[test]
    fn a_network_has_the_addresses_that_begin_as_it_does() {
        let mapped = "::ffff:10.0.0.0/104";
        for network in ["10.0.0.0/8", mapped] {
            let within = ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"];
            check(network, &within, &["9.255.255.255", "11.0.0.0", "a00::"]);
        }
        check(
            "127.0.0.1",
            &["127.0.0.1"],
            &["127.0.0.0", "127.0.0.3", "::1"],
        );
        check("::1", &["::1"], &["::", "::2", "127.0.0.1", "0.0.0.1"]);
        check("fd00::/8", &["fd00::", "fdff::1"], &["fc00::", "fe00::"]);
        check("192.0.2.4/31", &["192.0.2.5"], &["192.0.2.3", "192.0.2.6"]);
        check("2001:db8::/127", &["2001:db8::1"], &["2001:db8::2"]);
        check(
            "0.0.0.0/0",
            &["0.0.0.0", "255.255.255.255"],
            &["::1", "fd00::"],
        );
        check("::/0", &["::", "fd00::1", "192.0.2.1"], &[]);
    }

    #[test]
    fn what_is_no_network_is_invalid_input() {
        for text in [
            "",
            "/",
            "/8",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/+8",
            "10.0.0.0/-1",
            "10.0.0.0/8/8",
            "10.0.0.0/8 ",
            " ::1",
            "10.1.2.3/8",
            "10.0.0.1/31",
            "::1/127",
            "::/129",
            "fd00::/4294967304",
            "10.0.0",
            "010.0.0.1",
            "[::1]",
            "127.0.0.1:80",
            "localhost",
            "fe80::1%eth0",
            "*",
        ] {
            let error = text.parse::<Network>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text}");
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }

    #[track_caller]
    fn finds(forwarded: &str, expected: Option<&str>) {
        let trusted = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap());
        let entries = forwarded.split(',').map(|entry| entry.trim().as_bytes());
        let expected = expected.map(|address| address.parse().unwrap());
        assert_eq!(client(entries, &trusted), expected, "{forwarded}");
    }

    #[test]
    fn the_client_is_the_last_that_is_no_trusted_proxy() {
        finds("192.0.2.1", Some("192.0.2.1"));
        finds("192.0.2.9, 192.0.2.1", Some("192.0.2.1"));
        finds("192.0.2.9, 192.0.2.1, 10.0.0.2, fd00::3", Some("192.0.2.1"));
        finds("garbage, 2001:db8::1, 10.0.0.2", Some("2001:db8::1"));
    }

    #[test]
    fn behind_what_cannot_be_read_nobody_is_found() {
        for forwarded in [
            "",
            "10.0.0.2",
            "10.0.0.2, fd00::3",
            "192.0.2.1, unknown",
            "192.0.2.1, unknown, 10.0.0.2",
            "192.0.2.1:",
            "192.0.2.1:99999",
            "[192.0.2.1]",
            "[2001:db8::1",
            "2001:db8::1]:80",
            "::1%eth0",
            "192.0.2.1 192.0.2.2",
            "for=192.0.2.1",
            "\"192.0.2.1\"",
            "unix:",
            "192.0.2.1/32",
        ] {
            finds(forwarded, None);
        }
        assert_eq!(client([&b"192.0.2.1"[..], b"\xff"].into_iter(), &[]), None);
    }

    #[test]
    fn an_entry_may_have_a_port() {
        finds("192.0.2.1:567", Some("192.0.2.1"));
        finds("[2001:db8::1]:80", Some("2001:db8::1"));
        finds("[2001:db8::1]", Some("2001:db8::1"));
        finds("192.0.2.1, 10.0.0.2:80, [fd00::3]:80", Some("192.0.2.1"));
    }
}
