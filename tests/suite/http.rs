//! HTTP over real sockets: requests as bytes, answers as bytes, and how a connection ends.

use std::io::Write;
use std::net::Shutdown;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use roomcast::{CloseReason, Config, Event, Hub, Id, Response};

use crate::support::{Answer, Http, PATIENCE, Running, connect, echo, rest, server, turn_until};

/// A server of [`echo`], and the paths that its handler was asked for.
fn recording() -> (Running, Receiver<String>) {
    let (seen, paths) = mpsc::channel();
    let server = Running::start(Config::default(), move |hub, event| {
        if let Event::Request { request, .. } = &event {
            seen.send(request.path().to_owned()).unwrap();
        }
        echo(hub, event);
    });
    (server, paths)
}

/// Sends bytes on one connection, at once and byte by byte; these bodies come back, in order.
#[track_caller]
fn check(requests: &str, bodies: &[&str]) {
    let server = Running::start(Config::default(), echo);
    for size in [requests.len(), 1] {
        let mut client = Http::connect(server.addr);
        for piece in requests.as_bytes().chunks(size) {
            client.send(piece);
        }
        for body in bodies {
            let answer = client.answer();
            assert_eq!((answer.status, answer.text()), (200, *body));
        }
    }
}

#[test]
fn requests_are_answered_in_order_on_one_connection() {
    check("GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n", &["GET /a "]);
    check(
        "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n\r\nDELETE /2 HTTP/1.1\r\nHost: a\r\n\r\n\
         POST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nGET /4 HTTP/1.1\r\nHost: a\r\n\r\n",
        &["GET /1 ", "DELETE /2 ", "POST /3 ", "GET /4 "],
    );
}

#[test]
fn bodies_come_by_length_and_in_chunks() {
    check(
        "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello\
         PUT /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
         5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX: y\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n",
        &["POST /1 hello", "PUT /2 hello world", "GET /3 "],
    );
}

#[test]
fn a_connection_is_kept_until_a_client_wants_it_closed() {
    let server = Running::start(Config::default(), echo);
    let mut client = Http::connect(server.addr);
    for _ in 0..3 {
        let answer = client.get("/again");
        assert_eq!(answer.field("connection"), None);
    }
    client.send("GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_eq!(client.answer().field("connection"), Some("close"));
    assert_eq!(client.rest(), b"");
    let mut old = Http::connect(server.addr);
    old.send("GET /old HTTP/1.0\r\n\r\n");
    assert_eq!(old.answer().text(), "GET /old ");
    assert_eq!(old.rest(), b"");
}

#[test]
fn head_gets_the_length_and_no_body() {
    let server = Running::start(Config::default(), echo);
    let mut client = Http::connect(server.addr);
    client.send("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n");
    let answer = client.head();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.field("content-length"), Some("8"));
    assert_eq!(client.answer().text(), "GET /b ");
}

#[test]
fn a_client_that_waits_for_leave_to_send_its_body_gets_it() {
    let server = Running::start(Config::default(), echo);
    let mut client = Http::connect(server.addr);
    for framing in ["Content-Length: 5", "Transfer-Encoding: chunked"] {
        client.send(format!(
            "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n{framing}\r\n\r\n"
        ));
        assert_eq!(client.head().head, "HTTP/1.1 100 Continue\r\n\r\n");
        client.send(match framing.starts_with('C') {
            true => "hello",
            false => "5\r\nhello\r\n0\r\n\r\n",
        });
        assert_eq!(client.answer().text(), "POST / hello");
    }
}

#[test]
fn a_body_that_is_too_large_is_refused_before_it_is_sent() {
    let server = Running::start(Config::default(), echo);
    let mut client = Http::connect(server.addr);
    client.send(
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1000001\r\n\r\n",
    );
    assert_eq!(client.answer().status, 413);
    assert_eq!(client.rest(), b"");
}

#[test]
fn a_client_that_goes_on_sending_can_read_why_it_was_refused() {
    let server = Running::start(Config::default(), echo);
    let mut client = Http::connect(server.addr);
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n");
    for _ in 0..80 {
        client.send([b'x'; 100_000]);
    }
    // A connection that was reset by now would fail here.
    assert_eq!(client.answer().status, 413);
    assert_eq!(client.rest(), b"");
}

/// A handler that keeps requests for `/hold` until somebody asks for `/release`.
fn holding() -> (Running, Receiver<(String, Id)>) {
    let (seen, requests) = mpsc::channel();
    let mut held = None;
    let server = Running::start(Config::default(), move |hub, event| {
        let Event::Request { id, request } = event else {
            return;
        };
        seen.send((request.path().to_owned(), id)).unwrap();
        match request.path() {
            "/hold" => held = Some(id),
            "/release" => {
                assert!(hub.respond(held.take().unwrap(), Response::text(200, "released")));
                hub.respond(id, Response::text(200, "done"));
            }
            path => _ = hub.respond(id, Response::text(200, path)),
        }
    });
    (server, requests)
}

const HOLD: &str = "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n";
const NEXT: &str = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn a_request_waits_behind_one_that_is_answered_later() {
    let (server, requests) = holding();
    let mut client = Http::connect(server.addr);
    client.send([HOLD, NEXT].concat());
    assert_eq!(requests.recv_timeout(PATIENCE).unwrap().0, "/hold");
    assert_eq!(Http::connect(server.addr).get("/release").text(), "done\n");
    assert_eq!(client.answer().text(), "released\n");
    assert_eq!(client.answer().text(), "/next\n");
    let order: Vec<_> = requests.try_iter().map(|(path, _)| path).collect();
    assert_eq!(order, ["/release", "/next"]);
}

#[test]
fn another_thread_answers_later() {
    let (server, requests) = holding();
    let mut client = Http::connect(server.addr);
    client.send(HOLD);
    let (_, id) = requests.recv_timeout(PATIENCE).unwrap();
    client.send(NEXT);
    assert!(server.ask(move |hub| hub.respond(id, Response::text(200, "at last"))));
    assert!(!server.ask(move |hub| hub.respond(id, Response::text(200, "twice"))));
    assert_eq!(client.answer().text(), "at last\n");
    assert_eq!(client.answer().text(), "/next\n");
}

#[test]
fn a_request_that_nobody_answers_gets_503() {
    let config = Config {
        answer_timeout: Duration::from_millis(20),
        ..Config::default()
    };
    let (closed, reasons) = mpsc::channel();
    let server = Running::start(config, move |_, event| {
        if let Event::Close { reason, .. } = event {
            closed.send(reason).unwrap();
        }
    });
    let mut client = Http::connect(server.addr);
    client.send([HOLD, NEXT].concat());
    is_last(&client.answer(), 503);
    assert_eq!(client.rest(), b"");
    assert_eq!(
        reasons.recv_timeout(PATIENCE).unwrap(),
        CloseReason::TimedOut
    );
}

#[track_caller]
fn is_last(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.head);
    assert_eq!(answer.field("connection"), Some("close"));
}

/// A request and `behind` it another one: that status, the end, and no handler saw any of it.
#[track_caller]
fn refused(status: u16, request: &str, behind: &str) -> Answer {
    let (server, paths) = recording();
    let mut client = Http::connect(server.addr);
    client.send([request, behind].concat());
    let answer = client.answer();
    is_last(&answer, status);
    assert_eq!(client.rest(), b"");
    server.ask(|_| ());
    assert_eq!(paths.try_iter().next(), None, "a request was seen");
    answer
}

const BEHIND: &str = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn every_refusal_says_why_and_ends_the_connection() {
    let long = "x".repeat(9000);
    let many = "X: y\r\n".repeat(65);
    refused(400, "GET / HTTP/1.1\r\n\r\n", BEHIND);
    refused(400, "hello\r\n\r\n", BEHIND);
    refused(
        413,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000001\r\n\r\n",
        "",
    );
    refused(
        413,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nf4241\r\n",
        "",
    );
    refused(
        414,
        &format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n"),
        BEHIND,
    );
    refused(
        417,
        "GET / HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n",
        BEHIND,
    );
    refused(
        431,
        &format!("GET / HTTP/1.1\r\nHost: a\r\nX: {long}\r\n\r\n"),
        BEHIND,
    );
    refused(
        431,
        &format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n"),
        BEHIND,
    );
    refused(501, "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", BEHIND);
    refused(
        501,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        BEHIND,
    );
    refused(505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n", BEHIND);
}

#[test]
fn another_version_of_websocket_is_told_the_right_one() {
    let answer = refused(
        426,
        "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n\r\n",
        BEHIND,
    );
    assert_eq!(answer.field("sec-websocket-version"), Some("13"));
    assert_eq!(answer.field("upgrade"), Some("websocket"));
}

#[test]
fn bytes_that_two_servers_may_read_differently_are_no_request() {
    let post = |fields: &str| format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n");
    let chunked = "Transfer-Encoding: chunked";
    for fields in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: 0\r\nContent-Length: 44",
        "Content-Length: 0, 0",
        "Content-Length: +0",
        "Content-Length: 0x0",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Content-Length : 0",
        "Content-Length: 0\n",
        "X: a\rContent-Length: 44",
        "X: a\0b",
        "X: a\r\n Content-Length: 44",
        "Host: b",
    ] {
        refused(400, &post(fields), BEHIND);
    }
    for body in [
        "1\r\nab\r\n0\r\n\r\n",
        "0\r\nX: y\n\r\n",
        "1;\nx\r\n0\r\n\r\n",
        "-0\r\n\r\n",
        "\r\n\r\n",
    ] {
        refused(400, &(post(chunked) + body), BEHIND);
    }
    refused(
        400,
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        BEHIND,
    );
    refused(400, "GET / HTTP/1.1\nHost: a\n\n", BEHIND);
    refused(400, &post("Transfer-Encoding: chunked, identity"), BEHIND);
}

/// Sends the beginning of a request before the server has its first turn; what comes back.
fn stalled(config: Config, bytes: &[u8]) -> Vec<u8> {
    let (mut server, addr) = server(config);
    let mut client = connect(addr);
    client.write_all(bytes).unwrap();
    let reader = thread::spawn(move || rest(client));
    turn_until(&mut server, &mut |_, _| {}, |server| {
        server.hub().stats().accepted == 1 && server.hub().connections() == 0
    });
    reader.join().unwrap()
}

#[test]
fn half_a_request_times_out_with_408() {
    let config = || Config {
        head_timeout: Duration::from_millis(20),
        body_timeout: Duration::from_millis(20),
        ..Config::default()
    };
    for half in [
        "GET / HTTP/1.1\r\nHost",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx",
    ] {
        let answer = String::from_utf8(stalled(config(), half.as_bytes())).unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"),
            "{answer}"
        );
        assert!(answer.contains("\r\nConnection: close\r\n"), "{answer}");
    }
    // There is nothing to answer where nothing was asked.
    assert_eq!(stalled(config(), b""), b"");
}

#[test]
fn a_client_that_closes_its_side_after_asking_still_gets_its_answers() {
    let handlers: [fn(&mut Hub, Event<'_>); 2] = [echo, |hub, event| {
        if let Event::Request { id, request } = event {
            let body = request.path().repeat(1_000_000);
            hub.respond(id, Response::new(200).body(body));
        }
    }];
    for handler in handlers {
        let server = Running::start(Config::default(), handler);
        let mut client = Http::connect(server.addr);
        client.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
        client.reader().get_ref().shutdown(Shutdown::Write).unwrap();
        let answer = client.answer();
        assert_eq!(answer.status, 200);
        assert!(answer.text().contains("/a"));
        assert_eq!(client.rest(), b"");
    }
}
