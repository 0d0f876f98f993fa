//! Who is let in: how many connections of one address, and how many of them in a while.
//!
//! An address is a number here and has no socket: one of IPv4, or the first 64 bits of one of
//! IPv6, since whoever has one of these has all of them. An address is remembered while it has
//! connections, and after that for as long as what it opened still counts.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::collections::HashMap;
use std::fmt;

use slab::Slab;

/// Where a connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Peer(u64);

/// The addresses of all connections.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    seats: Slab<Seat>,
    by_peer: HashMap<Peer, u32>,
    /// Length of `seats` from which on those that nobody needs are looked for.
    full: usize,
}

/// What is remembered of an address.
#[derive(Debug)]
struct Seat {
    peer: Peer,
    /// Connections that are open.
    open: u32,
    /// The window in which it opened its last connection, and how many it opened in that one.
    window: u16,
    opened: u16,
}

/// How many connections one address may have and open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) open: usize,
    /// In a second; counted over windows of ten.
    pub(crate) rate: u32,
}

/// Why a connection is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There are as many as there may be.
    Full,
    /// Its address has as many as it may have.
    Crowded,
    /// Its address opens them too fast.
    Rushed,
}

impl Gate {
    /// The seat of a connection without an address, which is not limited by it.
    pub(crate) const NO_SEAT: u32 = u32::MAX;

    /// Lets a connection in; it has this seat until it leaves.
    pub(crate) fn enter(&mut self, peer: Peer, limits: Limits, now: u64) -> Result<u32, Refusal> {
        let window = window(now);
        let key = self.free_seat(peer, limits, window)?;
        let seat = &mut self.seats[key as usize];
        if seat.window != window {
            (seat.window, seat.opened) = (window, 0);
        }
        // A rate beyond what can be counted is none.
        let most = limits.rate.saturating_mul(WINDOW as u32 / 1000);
        if u32::from(seat.opened) >= most {
            return Err(Refusal::Rushed);
        }
        seat.opened = seat.opened.saturating_add(1).min(u16::MAX - 1);
        seat.open += 1;
        Ok(key)
    }

    /// Lets one in that is open already and was nobody's: no limit for opening them holds.
    pub(crate) fn sit(&mut self, peer: Peer, limits: Limits, now: u64) -> Result<u32, Refusal> {
        let key = self.free_seat(peer, limits, window(now))?;
        self.seats[key as usize].open += 1;
        Ok(key)
    }

    /// A connection is gone.
    pub(crate) fn leave(&mut self, seat: u32) {
        if let Some(seat) = self.seats.get_mut(seat as usize) {
            seat.open -= 1;
        }
    }

    /// The seat of an address that may have one more connection.
    fn free_seat(&mut self, peer: Peer, limits: Limits, window: u16) -> Result<u32, Refusal> {
        let key = self.seat_of(peer, window);
        match (self.seats[key as usize].open as usize) < limits.open {
            true => Ok(key),
            false => Err(Refusal::Crowded),
        }
    }

    fn seat_of(&mut self, peer: Peer, window: u16) -> u32 {
        if let Some(seat) = self.by_peer.get(&peer) {
            return *seat;
        }
        if self.seats.len() >= self.full.max(MIN_FULL) {
            self.sweep(window);
        }
        let seat = Seat {
            peer,
            open: 0,
            window,
            opened: 0,
        };
        let seat = self.seats.insert(seat) as u32;
        self.by_peer.insert(peer, seat);
        seat
    }

    /// Forgets the addresses that have nothing open and opened nothing in this window. Done when
    /// there are twice as many as the last time: for each that enters it costs next to nothing.
    fn sweep(&mut self, window: u16) {
        let by_peer = &mut self.by_peer;
        self.seats.retain(|_, seat| {
            let needed = seat.open > 0 || seat.window == window;
            if !needed {
                by_peer.remove(&seat.peer);
            }
            needed
        });
        self.seats.shrink_to_fit();
        self.by_peer.shrink_to_fit();
        self.full = 2 * self.seats.len();
    }
}

impl From<IpAddr> for Peer {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            // Below all networks of IPv6 that are in use.
            IpAddr::V4(address) => Self(u64::from(address.to_bits())),
            IpAddr::V6(address) => Self((address.to_bits() >> 64) as u64),
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match u32::try_from(self.0) {
            // ::1 is the only address of that network which anybody connects from.
            Ok(0) => f.write_str("::1"),
            Ok(bits) => Ipv4Addr::from_bits(bits).fmt(f),
            Err(_) => write!(f, "{}/64", Ipv6Addr::from_bits(u128::from(self.0) << 64)),
        }
    }
}

/// The number of the window in which a time lies; it comes again after a week.
fn window(now: u64) -> u16 {
    (now / WINDOW) as u16
}

/// Milliseconds of a window: whoever comes back in a crowd from behind one address may.
const WINDOW: u64 = 10_000;
/// Addresses that are not worth looking through.
const MIN_FULL: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { open: 3, rate: 1 };

    fn peer(address: &str) -> Peer {
        Peer::from(address.parse::<IpAddr>().unwrap())
    }

    #[test]
    fn an_address_is_one_of_ipv4_or_a_network_of_ipv6() {
        for (address, shown) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("127.0.0.1", "127.0.0.1"),
            ("::1", "::1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ] {
            assert_eq!(peer(address).to_string(), shown);
        }
        assert_eq!(peer("2001:db8::1"), peer("2001:db8::ffff:2"));
        assert_ne!(peer("2001:db8::1"), peer("2001:db8:0:1::1"));
    }

    #[test]
    fn an_address_has_so_many_and_another_has_its_own() {
        let mut gate = Gate::default();
        let (one, two) = (peer("192.0.2.1"), peer("192.0.2.2"));
        let seats: Vec<_> = (0..3).map(|_| gate.enter(one, LIMITS, 0)).collect();
        assert_eq!(seats, [Ok(0); 3]);
        assert_eq!(gate.enter(one, LIMITS, 0), Err(Refusal::Crowded));
        assert_eq!(gate.enter(two, LIMITS, 0), Ok(1));
        gate.leave(0);
        assert_eq!(gate.enter(one, LIMITS, 0), Ok(0));
    }

    #[test]
    fn an_address_opens_so_many_in_ten_seconds() {
        let mut gate = Gate::default();
        let one = peer("192.0.2.1");
        for start in [0, 10_000, 655_360_000] {
            for _ in 0..10 {
                assert_eq!(gate.enter(one, LIMITS, start), Ok(0));
                gate.leave(0);
            }
            assert_eq!(gate.enter(one, LIMITS, start + 9_999), Err(Refusal::Rushed));
        }
        let no_rate = Limits {
            open: usize::MAX,
            rate: u32::MAX,
        };
        assert!((0..100_000).all(|_| gate.enter(one, no_rate, 0).is_ok()));
    }

    #[test]
    fn who_sits_down_again_opens_nothing() {
        let mut gate = Gate::default();
        let one = peer("192.0.2.1");
        for _ in 0..10 {
            gate.enter(one, LIMITS, 0)
                .map(|seat| gate.leave(seat))
                .unwrap();
        }
        assert_eq!([(); 3].map(|()| gate.sit(one, LIMITS, 0)), [Ok(0); 3]);
        assert_eq!(gate.sit(one, LIMITS, 0), Err(Refusal::Crowded));
        gate.leave(0);
        assert_eq!(gate.enter(one, LIMITS, 0), Err(Refusal::Rushed));
        assert_eq!(gate.sit(one, LIMITS, 0), Ok(0));
    }

    #[test]
    fn addresses_that_nobody_needs_are_forgotten() {
        let mut gate = Gate::default();
        let stays = gate.enter(Peer(7 << 32), LIMITS, 0).unwrap();
        for n in 0..100_000 {
            let seat = gate.enter(Peer(n), LIMITS, n * 100).unwrap();
            gate.leave(seat);
            assert!(gate.seats.len() <= 512, "{n}: {}", gate.seats.len());
        }
        assert_eq!(gate.seats.len(), gate.by_peer.len());
        assert_eq!(gate.seats[stays as usize].open, 1);
    }
}
