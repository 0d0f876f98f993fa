//! Golden heads: what is taken, what is refused and with which status, and "not yet" at every byte.

use super::*;

const LIMITS: Limits = Limits {
    bytes: 300,
    fields: 4,
};

fn parsed(bytes: &[u8]) -> Result<Option<String>, u16> {
    let mut fields = Vec::new();
    match parse(bytes, LIMITS, &mut fields) {
        Ok(None) => Ok(None),
        Err(fault) => Err(fault.status()),
        Ok(Some(head)) => Ok(Some(format!(
            "{} {} {:?} host={} {:?} alive={} continue={} len={}",
            head.request.method(),
            head.request.path(),
            head.request.query(),
            head.request.host(),
            head.framing,
            head.keep_alive,
            head.expects_continue,
            head.len
        ))),
    }
}

#[track_caller]
fn check(head: &str, expected: &str) {
    assert_eq!(parsed(head.as_bytes()), Ok(Some(expected.to_owned())));
    for end in 0..head.len() {
        assert_eq!(
            parsed(&head.as_bytes()[..end]),
            Ok(None),
            "whole after only {end} bytes"
        );
    }
}

#[track_caller]
fn refused(head: &str, status: u16) {
    assert_eq!(parsed(head.as_bytes()), Err(status), "{head:?}");
}

#[test]
fn a_whole_head_is_read_and_a_part_of_it_is_not_yet() {
    check(
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / None host=a Length(0) alive=true continue=false len=27",
    );
    check(
        "\r\nGET /a%20b?c=d?e HTTP/1.0\r\n\r\n",
        "GET /a%20b Some(\"c=d?e\") host= Length(0) alive=false continue=false len=31",
    );
    check(
        "POST /x HTTP/1.1\r\nhost: [::1]:3000\r\ncontent-length: 12\r\nExpect: 100-Continue\r\n\r\n",
        "POST /x None host=[::1]:3000 Length(12) alive=true continue=true len=80",
    );
    check(
        "OPTIONS * HTTP/1.1\r\nHost:\r\nTransfer-Encoding: Chunked\r\nConnection: foo, CLOSE\r\n\r\n",
        "OPTIONS * None host= Chunked alive=false continue=false len=81",
    );
    check(
        "GET http://b.example:80?q HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / Some(\"q\") host=b.example:80 Length(0) alive=true continue=false len=47",
    );
}

#[test]
fn what_could_smuggle_a_request_is_400() {
    let with = |fields: &str| format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n");
    refused(&with("Content-Length: 1\r\nContent-Length: 2"), 400);
    refused(&with("Content-Length: 1\r\nContent-Length: 1"), 400);
    refused(&with("Content-Length: 1, 1"), 400);
    refused(&with("Content-Length: +1"), 400);
    refused(&with("Content-Length:"), 400);
    refused(&with("Content-Length: 99999999999999999999"), 400);
    refused(
        &with("Content-Length: 1\r\nTransfer-Encoding: chunked"),
        400,
    );
    refused(
        &with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
        400,
    );
    refused(&with("Transfer-Encoding: gzip"), 400);
    refused(&with("Transfer-Encoding: chunked, identity"), 400);
    refused(&with("Transfer-Encoding: chunked\u{a0}"), 400);
    refused(&with("Content-Length : 1"), 400);
    refused(&with("X: a\r\n b"), 400);
    refused(&with("X: a\nY: b"), 400);
    refused(&with("X: a\rb"), 400);
    refused(&with("X: a\0b"), 400);
    refused("GET / HTTP/1.1\nHost: a\n\n", 400);
    refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400);
}

#[test]
fn every_other_refusal_names_its_status() {
    refused("GET / HTTP/1.1\r\n\r\n", 400);
    refused("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400);
    refused("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400);
    refused("GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    refused("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    refused("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    refused("GET http:///b HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    refused("GET http://a@b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    refused("GET / SPDY\r\nHost: a\r\n\r\n", 400);
    refused("GET / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\n\r\n", 417);
    refused(
        "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue, magic\r\n\r\n",
        417,
    );
    refused(
        "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nExpect: magic\r\n\r\n",
        417,
    );
    refused("BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501);
    refused("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501);
    refused(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        501,
    );
    refused("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505);
    refused("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    refused("GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400);
    refused(
        "GET / HTTP/1.1\r\na: 1\r\nb: 2\r\nc: 3\r\nd: 4\r\nHost: a\r\n\r\n",
        431,
    );
    refused(
        &format!(
            "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
            "x".repeat(300)
        ),
        431,
    );
    refused(&format!("{} / HTTP/1.1\r\n", "x".repeat(300)), 501);
    refused(&"\r\n".repeat(150), 431);
    refused(&format!("GET / HTTP/1.1\r\nX: {}\n", "x".repeat(300)), 431);
    refused(
        &format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(300)),
        414,
    );
}

#[test]
fn a_websocket_is_asked_for_by_two_fields_of_http_1_1() {
    let asks = |head: &str| {
        let mut fields = Vec::new();
        parse(head.as_bytes(), LIMITS, &mut fields)
            .unwrap()
            .unwrap()
            .request
            .wants_websocket()
    };
    assert!(asks(
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c, WebSocket\r\nConnection: keep-alive, Upgrade\r\n\r\n"
    ));
    assert!(!asks(
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: close\r\n\r\n"
    ));
    assert!(!asks(
        "GET / HTTP/1.0\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    ));
}

#[test]
fn a_later_minor_version_is_read_as_1_1_once_its_line_is_whole() {
    let lowered = |head: &str| {
        let mut bytes = head.as_bytes().to_vec();
        lower_version(&mut bytes);
        String::from_utf8(bytes).unwrap()
    };
    assert_eq!(lowered("\r\nGET / HTTP/1.2\r\n"), "\r\nGET / HTTP/1.1\r\n");
    for head in [
        "",
        "\r\n",
        "GET / HTTP/1.2",
        "GET / HTTP/1.0\r\n",
        "GET / HTTP/2.2\r\n",
        "GET / HTTP/1.12\r\n",
        "GET /HTTP/1.2\r\n",
        "GET / HTTP/1.1\r\nX: HTTP/1.2\r\n",
    ] {
        assert_eq!(lowered(head), head);
    }
}
