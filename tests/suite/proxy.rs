//! Clients behind a proxy that is trusted, each with the limits of its own address.

use std::net::IpAddr;

use roomcast::sim::client_frame;
use roomcast::{Config, Event, Hub, Id, Response, Sim};

const PROXY: &str = "10.0.0.1";
const WEBSOCKET: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

/// Answers requests but those for `/poll`, which wait.
fn app(hub: &mut Hub, event: Event<'_>) {
    match event {
        Event::Request { request, .. } if request.path() == "/poll" => {}
        Event::Request { id, .. } => _ = hub.respond(id, Response::new(204)),
        _ => {}
    }
}

/// A server that trusts these proxies.
struct Site(Sim);

impl Site {
    fn new(trusted: &[&str], max_connections_per_address: usize, connect_rate: u32) -> Self {
        Self(Sim::new(Config {
            trusted_proxies: trusted.iter().map(|text| text.parse().unwrap()).collect(),
            max_connections_per_address,
            connect_rate,
            ..Config::default()
        }))
    }

    /// Trusts the one proxy, and limits what each address may have.
    fn with_seats(max: usize) -> Self {
        Self::new(&[PROXY], max, u32::MAX)
    }

    fn connect(&mut self, from: &str) -> Id {
        let from: IpAddr = from.parse().unwrap();
        self.0.connect_from(from)
    }

    /// Sends a request with such a field on a connection; the status of the answer, 0 for none.
    #[track_caller]
    fn ask(&mut self, id: Id, path: &str, forwarded: &str, more: &str) -> u16 {
        assert!(self.0.is_connected(id));
        let head =
            format!("GET {path} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {forwarded}\r\n{more}\r\n");
        self.0.receive(id, head.as_bytes(), &mut app);
        self.0.end_turn(&mut app);
        let answer = String::from_utf8(self.0.take(id)).unwrap();
        let status = answer
            .get(9..12)
            .map_or(0, |status| status.parse().unwrap());
        assert_eq!(status == 503, answer.contains("\r\nRetry-After: 10\r\n"));
        assert_eq!(status == 503, self.0.is_shut(id), "{answer}");
        status
    }

    /// Asks on a connection of its own for what is answered later, and so stays.
    #[track_caller]
    fn stays(&mut self, from: &str, forwarded: &str) -> bool {
        let id = self.connect(from);
        self.ask(id, "/poll", forwarded, "") == 0
    }

    #[track_caller]
    fn open(&mut self, id: Id, forwarded: &str) -> u16 {
        self.ask(id, "/", forwarded, WEBSOCKET)
    }

    #[track_caller]
    fn ask_and_leave(&mut self, client: &str) -> u16 {
        let id = self.connect(PROXY);
        let status = self.ask(id, "/", client, "");
        self.leave(id);
        status
    }

    fn leave(&mut self, id: Id) {
        self.0.hang_up(id, &mut app);
        self.0.end_turn(&mut app);
    }

    /// Requests and connections that were turned away: crowded, rushed.
    fn turned_away(&mut self) -> (u64, u64) {
        let stats = self.0.hub().stats();
        (stats.crowded, stats.rushed)
    }
}

/// The client of a request through the proxies is one that has no seat left, or another.
#[track_caller]
fn check(trusted: &[&str], from: &str, forwarded: &str, full: &str, is_full: bool) {
    let mut site = Site::new(trusted, 1, u32::MAX);
    let taken = site.connect(full);
    assert!(site.0.is_connected(taken));
    assert_eq!(site.stays(from, forwarded), !is_full, "{forwarded}");
}

#[test]
fn each_client_of_a_proxy_has_the_limit_of_its_own_address() {
    let mut site = Site::with_seats(2);
    for client in ["192.0.2.1", "192.0.2.2", "2001:db8::1"] {
        assert!(site.stays(PROXY, client) && site.stays(PROXY, client));
        assert!(!site.stays(PROXY, client), "{client}");
    }
    assert!(
        !site.stays(PROXY, "2001:db8::2"),
        "it is of the same network"
    );
    assert_eq!(site.turned_away(), (4, 0));
    assert_eq!(site.0.hub().stats().refused, 4);
    // It is the same address for who comes without the proxy.
    let direct = site.connect("192.0.2.1");
    assert!(!site.0.is_connected(direct));
    assert_eq!(site.turned_away(), (5, 0));
}

#[test]
fn a_proxy_has_as_many_connections_as_there_may_be() {
    let mut site = Site(Sim::new(Config {
        trusted_proxies: vec![PROXY.parse().unwrap()],
        max_connections: 100,
        max_connections_per_address: 1,
        connect_rate: 1,
        ..Config::default()
    }));
    for _ in 0..100 {
        let id = site.connect(PROXY);
        assert!(site.0.is_connected(id));
    }
    let id = site.connect(PROXY);
    assert!(!site.0.is_connected(id));
    assert_eq!((site.0.hub().stats().full, site.turned_away()), (1, (0, 0)));
}

#[test]
fn what_a_client_says_of_itself_is_not_believed() {
    for forwarded in [
        "192.0.2.9, 192.0.2.1",
        "10.0.0.1, 192.0.2.1",
        "garbage, 192.0.2.1",
        "192.0.2.9\r\nX-Forwarded-For: 192.0.2.1",
        "192.0.2.9\r\nAccept: */*\r\nx-forwarded-for: 192.0.2.1,,",
        "192.0.2.1:567",
        "::ffff:192.0.2.1",
    ] {
        check(&[PROXY], PROXY, forwarded, "192.0.2.1", true);
        check(&[PROXY], PROXY, forwarded, "192.0.2.9", false);
    }
}

#[test]
fn behind_a_chain_of_proxies_the_client_is_who_called_the_first_of_them() {
    let chain = [PROXY, "198.51.100.0/24"];
    let forwarded = "192.0.2.9, 192.0.2.1, 198.51.100.7";
    check(&chain, PROXY, forwarded, "192.0.2.1", true);
    check(&chain, PROXY, forwarded, "192.0.2.9", false);
    // Who trusts the last of them only counts the one before it.
    check(&[PROXY], PROXY, forwarded, "198.51.100.7", true);
    check(&[PROXY], PROXY, forwarded, "192.0.2.1", false);
}

#[test]
fn proxies_and_clients_may_have_addresses_of_ipv6() {
    let trusted = ["::1", "fd00::/8"];
    let forwarded = "2001:db8:0:9::1, [2001:db8::1]:4000, fd12:3456::1";
    for from in ["::1", "fdff::2"] {
        check(&trusted, from, forwarded, "2001:db8::ffff", true);
        check(&trusted, from, forwarded, "2001:db8:0:9::1", false);
    }
    // A listener on all addresses sees those of IPv4 so.
    check(&[PROXY], "::ffff:10.0.0.1", "192.0.2.1", "192.0.2.1", true);
}

#[test]
fn a_client_that_is_not_named_is_counted_for_nobody() {
    for forwarded in [
        "",
        "unknown",
        "192.0.2.1, unknown",
        "10.0.0.1",
        "192.0.2.1, _hidden, 10.0.0.1",
    ] {
        let mut site = Site::new(&[PROXY], 1, 1);
        let taken = site.connect("192.0.2.1");
        for _ in 0..20 {
            assert!(site.stays(PROXY, forwarded), "{forwarded}");
        }
        assert!(site.0.is_connected(taken));
        assert_eq!(site.turned_away(), (0, 0));
    }
}

#[test]
fn whoever_is_no_trusted_proxy_names_nobody_else() {
    check(&[PROXY], "10.0.0.2", "192.0.2.1", "192.0.2.1", false);
    let mut site = Site::with_seats(1);
    let id = site.connect("10.0.0.2");
    for path in ["/", "/poll"] {
        site.ask(id, path, "192.0.2.1", "");
        let again = site.connect("10.0.0.2");
        assert!(!site.0.is_connected(again), "it has the limit of its own");
    }
    // No address at all is no proxy either.
    let nobody = site.0.connect();
    assert_eq!(site.ask(nobody, "/poll", "10.0.0.2", ""), 0);
}

#[test]
fn a_connection_that_a_proxy_keeps_counts_for_whose_request_it_carries() {
    let mut site = Site::with_seats(1);
    let [one, two] = [(); 2].map(|()| site.connect(PROXY));
    let client = |n: usize| format!("192.0.2.{}", n % 3);
    for n in 0..100 {
        assert_eq!(site.ask(one, "/", &client(n), ""), 204);
        assert_eq!(
            site.ask(two, "/", &client(n), ""),
            204,
            "nobody waits on the other"
        );
    }
    assert_eq!(site.ask(one, "/poll", "192.0.2.1", ""), 0);
    assert_eq!(site.ask(two, "/", "192.0.2.2", ""), 204);
    assert_eq!(site.ask(two, "/", "192.0.2.1", ""), 503);
    // The answer gives the seat back, and to the next request on that connection, too.
    assert!(site.0.hub().respond(one, Response::new(204)));
    site.0.end_turn(&mut app);
    site.0.take(one);
    let three = site.connect(PROXY);
    assert_eq!(site.ask(three, "/poll", "192.0.2.1", ""), 0);
    assert_eq!(site.ask(one, "/poll", "192.0.2.2", ""), 0);
    assert_eq!(site.turned_away(), (1, 0));
}

#[test]
fn requests_in_one_read_are_each_of_their_own_client() {
    let mut site = Site::with_seats(1);
    assert!(site.stays(PROXY, "192.0.2.3"));
    let id = site.connect(PROXY);
    let heads: String = (1..6)
        .map(|n| format!("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.{n}\r\n\r\n"))
        .collect();
    site.0.receive(id, heads.as_bytes(), &mut app);
    site.0.end_turn(&mut app);
    site.0.end_turn(&mut app);
    let answers = String::from_utf8(site.0.take(id)).unwrap();
    let statuses: Vec<_> = answers
        .split("HTTP/1.1 ")
        .skip(1)
        .map(|answer| &answer[..3])
        .collect();
    assert_eq!(statuses, ["204", "204", "503"], "nothing follows a refusal");
    assert!(site.stays(PROXY, "192.0.2.1") && site.stays(PROXY, "192.0.2.4"));
}

#[test]
fn a_body_on_its_way_holds_the_seat() {
    let mut site = Site::with_seats(1);
    let id = site.connect(PROXY);
    assert_eq!(site.ask(id, "/", "192.0.2.1", "Content-Length: 4\r\n"), 0);
    assert!(!site.stays(PROXY, "192.0.2.1"));
    site.0.receive(id, b"body", &mut app);
    site.0.end_turn(&mut app);
    assert!(site.0.take(id).starts_with(b"HTTP/1.1 204 "));
    assert!(site.stays(PROXY, "192.0.2.1"));
}

#[test]
fn a_websocket_holds_its_seat_until_it_ends() {
    let mut site = Site::with_seats(1);
    for _ in 0..3 {
        let socket = site.connect(PROXY);
        assert_eq!(site.ask(socket, "/", "192.0.2.2", ""), 204);
        assert_eq!(site.open(socket, "192.0.2.1"), 101);
        assert!(!site.stays(PROXY, "192.0.2.1"));
        // What comes in frames is no head of a request.
        site.0.text(socket, "X-Forwarded-For: 192.0.2.2", &mut app);
        site.0.end_turn(&mut app);
        let other = site.connect(PROXY);
        assert_eq!(site.open(other, "192.0.2.1"), 503);
        assert_eq!(site.ask_and_leave("192.0.2.2"), 204);
        site.0.receive(socket, &client_frame(0x88, &[]), &mut app);
        site.0.end_turn(&mut app);
        site.leave(socket);
        assert_eq!(site.ask_and_leave("192.0.2.1"), 204);
    }
    assert_eq!(site.turned_away(), (6, 0));
}

#[test]
fn a_client_opens_so_many_connections_in_ten_seconds() {
    let mut site = Site::new(&[PROXY], usize::MAX, 2);
    for round in 1..4 {
        let answers = (0..30).map(|_| site.ask_and_leave("192.0.2.1"));
        let answers: Vec<_> = answers.collect();
        assert_eq!(answers, [[204; 20].as_slice(), &[503; 10]].concat());
        assert_eq!(site.ask_and_leave("192.0.2.2"), 204);
        assert_eq!(site.turned_away(), (0, 10 * round));
        site.0.advance(10_000);
    }
}

#[test]
fn a_further_request_on_a_connection_opens_nothing_but_a_websocket_does() {
    let mut site = Site::new(&[PROXY], usize::MAX, 1);
    let [kept, other] = [(); 2].map(|()| site.connect(PROXY));
    for _ in 0..50 {
        for (id, client) in [
            (kept, "192.0.2.1"),
            (other, "192.0.2.2"),
            (kept, "192.0.2.3"),
        ] {
            assert_eq!(site.ask(id, "/", client, ""), 204);
        }
    }
    // One was the first request on `kept`; these are the other nine.
    for _ in 0..9 {
        let id = site.connect(PROXY);
        assert_eq!(site.ask(id, "/", "192.0.2.9", ""), 204);
        assert_eq!(site.open(id, "192.0.2.1"), 101);
    }
    assert_eq!(site.ask(kept, "/", "192.0.2.1", ""), 204);
    assert_eq!(site.open(kept, "192.0.2.1"), 503);
    // Nine of the other's connections were opened by its requests.
    assert_eq!(site.ask_and_leave("192.0.2.9"), 204);
    assert_eq!(site.ask_and_leave("192.0.2.9"), 503);
    assert_eq!(site.turned_away(), (0, 2));
}

#[test]
fn every_seat_is_given_back_whatever_the_end() {
    let mut site = Site::with_seats(1);
    let ends: [fn(&mut Site, Id); 6] = [
        Site::leave,
        |site, id| _ = site.0.hub().respond(id, Response::new(204)),
        |site, id| {
            _ = site
                .0
                .hub()
                .respond(id, Response::new(204).header("Connection", "close"))
        },
        |site, id| _ = site.0.hub().close(id, 1000, ""),
        |site, _| site.0.advance(60_000),
        |site, id| site.0.set_room(id, 0),
    ];
    for end in ends {
        for open in [false, true] {
            let id = site.connect(PROXY);
            let status = match open {
                true => site.open(id, "192.0.2.1"),
                false => site.ask(id, "/poll", "192.0.2.1", ""),
            };
            assert!(status < 200, "{status}");
            assert!(!site.stays(PROXY, "192.0.2.1"));
            end(&mut site, id);
            site.0.end_turn(&mut app);
            site.leave(id);
            // Neither kept nor given back twice: there is one again.
            let again = site.connect(PROXY);
            assert_eq!(site.ask(again, "/poll", "192.0.2.1", ""), 0);
            assert!(!site.stays(PROXY, "192.0.2.1"));
            site.leave(again);
        }
    }
}
