//! The command as its users meet it: flags, banner, errors in one line, the log, a folder.

use std::fs;
use std::io::Read;
use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Instant;

use crate::handshake::handshake;
use crate::program::{Ended, Program};
use crate::support::{Hello, Http, PATIENCE, closing, hear, open, say, try_open};
use crate::temp::Folder;

#[track_caller]
fn run(args: &[&str], variables: &[(&str, &str)]) -> Ended {
    Program::spawn(args, variables).ended()
}

/// It ends with that code, and one line on standard error that has all of these words.
#[track_caller]
fn fails(args: &[&str], variables: &[(&str, &str)], code: i32, words: &[&str]) {
    let ended = run(args, variables);
    assert_eq!(ended.code, Some(code), "{ended:?}");
    assert_eq!(ended.out, [""; 0]);
    let [line] = &ended.err[..] else {
        panic!("not one line: {ended:?}");
    };
    assert!(line.starts_with("roomcast: "), "{line}");
    for word in words {
        assert!(line.contains(word), "{line}");
    }
    for debug in ["Os {", "kind:", "Error(", "panicked"] {
        assert!(!line.contains(debug), "{line}");
    }
}

#[test]
fn the_banner_says_where_the_page_is() {
    let mut program = Program::spawn(&["--port", "0"], &[]);
    let banner = program.read_banner();
    let version = env!("CARGO_PKG_VERSION");
    let port = program.port;
    assert_eq!(
        banner,
        format!("roomcast {version}: open http://localhost:{port}")
    );
    has_page(program.addr());
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
        has_page(SocketAddr::from((Ipv6Addr::LOCALHOST, port)));
    }
}

#[track_caller]
fn has_page(addr: SocketAddr) {
    let mut client = Http::connect(addr);
    let page = client.get("/");
    assert_eq!((page.status, page.text().contains("<html")), (200, true));
    assert_eq!(client.get("/chat.js").status, 200);
    assert_eq!(client.get("/nothing").status, 404);
    assert_eq!(client.get("/ws").status, 426);
}

#[test]
fn the_banner_names_the_host_that_was_asked_for() {
    let start = |host| {
        let mut program = Program::spawn(&["-p0", "--host", host], &[]);
        let banner = program.read_banner();
        has_page(program.addr());
        banner.replace(&program.port.to_string(), "PORT")
    };
    assert!(start("127.0.0.1").ends_with(" open http://127.0.0.1:PORT"));
    assert!(start("0.0.0.0").ends_with(" open http://localhost:PORT"));
}

#[test]
fn what_it_does_not_understand_is_told_in_one_line() {
    fails(&["--frob"], &[], 2, &["--frob", "--help"]);
    fails(&["--port"], &[], 2, &["--port"]);
    fails(&["--port", "many"], &[], 2, &["--port", "many"]);
    fails(
        &["--origin", "example.com"],
        &[],
        2,
        &["--origin", "https://"],
    );
    fails(
        &["--trust-proxy", "nginx"],
        &[],
        2,
        &["--trust-proxy", "nginx", "10.0.0.0/8"],
    );
    fails(&["folder"], &[], 2, &["folder"]);
    fails(&[], &[("PORT", "many")], 2, &["PORT", "many"]);
}

#[test]
fn help_and_version_go_to_standard_output() {
    for flag in ["--help", "-h"] {
        let Ended { code, out, err } = run(&[flag], &[]);
        assert_eq!((code, err.len()), (Some(0), 0));
        assert!(out.iter().any(|line| line.contains("--origin ORIGIN")));
        assert!(out.iter().any(|line| line.contains("$PORT")));
    }
    for flag in ["--version", "-V"] {
        let Ended { code, out, err } = run(&[flag], &[]);
        assert_eq!((code, err.len()), (Some(0), 0));
        assert_eq!(out, [concat!("roomcast ", env!("CARGO_PKG_VERSION"))]);
    }
}

#[test]
fn a_port_that_is_taken_is_named_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = &*taken.local_addr().unwrap().port().to_string();
    let words = [port, "taken", "--port"];
    fails(&["--port", port], &[], 1, &words);
    fails(&["--port", port, "-q"], &[], 1, &words);
    fails(&["--port", port, "--host", "127.0.0.1"], &[], 1, &words);
    fails(&[], &[("PORT", port)], 1, &words);
}

#[test]
fn an_address_that_cannot_be_had_is_told_in_one_line() {
    fails(
        &["-p0", "--host", "192.0.2.1"],
        &[],
        1,
        &["192.0.2.1", "--host"],
    );
    fails(
        &["-p0", "--host", "no host"],
        &[],
        1,
        &["no host", "--host"],
    );
}

#[test]
fn a_flag_is_stronger_than_the_environment() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut program = Program::spawn(&["--port", "0"], &[("PORT", &port)]);
    program.read_banner();
    has_page(program.addr());
    let mut program = Program::spawn(&[], &[("PORT", "0"), ("HOST", "127.0.0.1")]);
    assert!(program.read_banner().contains("http://127.0.0.1:"));
    has_page(program.addr());
}

#[test]
fn verbose_logs_connects_disconnects_and_what_happens_in_the_rooms() {
    let program = Program::start(&["-v"]);
    assert!(program.logged().starts_with("info: room for "));
    let mut socket = open(program.addr(), "/ws");
    let created = program.logged();
    let sid = created
        .strip_prefix("info: create-room ")
        .unwrap()
        .to_owned();
    let logs = |line: &str| {
        assert_eq!(
            program.logged(),
            format!("info: {}", line.replace("SID", &sid))
        );
    };
    logs("join-room SID SID");
    logs("connect SID");
    say(&mut socket, r#"["join","kitchen"]"#);
    logs("create-room kitchen");
    logs("join-room kitchen SID");
    say(&mut socket, r#"["leave","kitchen"]"#);
    logs("leave-room kitchen SID");
    logs("delete-room kitchen");
    socket.close(None).unwrap();
    assert_eq!(closing(&mut socket), None);
    logs("leave-room SID SID");
    logs("delete-room SID");
    logs("disconnect SID: transport close");
}

#[test]
fn a_body_that_is_cut_short_is_nobody_who_disconnects() {
    let program = Program::start(&["-v"]);
    assert!(program.logged().starts_with("info: room for "));
    let mut client = Http::connect(program.addr());
    client.send(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
    );
    assert_eq!(client.head().status, 100);
    client.send("no number\r\n");
    assert_eq!(client.answer().status, 400);
    assert!(program.logged().contains(": 400 "));
    let _socket = open(program.addr(), "/ws");
    assert!(program.logged().starts_with("info: create-room "));
}

/// Starts it on a port that was free a moment ago, without its banner.
fn start_quietly() -> Program {
    loop {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let mut program = Program::spawn(&["-q", "--port", &port.to_string()], &[]);
        program.port = port;
        let end = Instant::now() + PATIENCE;
        // It says nothing, so there is nothing to wait for but its port.
        while TcpStream::connect(program.addr()).is_err() && !program.is_over() {
            assert!(Instant::now() < end, "it does not listen");
        }
        if !program.is_over() {
            return program;
        }
    }
}

#[cfg(unix)]
#[test]
fn quiet_says_nothing() {
    let program = start_quietly();
    let mut socket = open(program.addr(), "/ws");
    say(&mut socket, "junk");
    assert!(hear(&mut socket).starts_with(r#"["error","#));
    assert_eq!(Http::connect(program.addr()).get("/nothing").status, 404);
    drop(socket);
    crate::signals::send(&program, "TERM");
    let Ended { code, out, err } = program.ended();
    assert_eq!((code, out.len(), err.len()), (Some(0), 0, 0));
}

#[test]
fn a_folder_is_served_instead_of_the_page_and_nothing_outside_of_it() {
    let folder = Folder::new("command");
    let public = folder.path.join("public");
    fs::create_dir(&public).unwrap();
    fs::write(folder.path.join("secret.txt"), "secret").unwrap();
    fs::write(public.join("index.html"), "<p>mine</p>").unwrap();
    fs::write(public.join(".hidden"), "secret").unwrap();
    let program = Program::start(&["--dir", public.to_str().unwrap()]);
    let mut client = Http::connect(program.addr());
    let page = client.get("/");
    assert_eq!(page.text(), "<p>mine</p>");
    assert_eq!(page.field("cache-control"), Some("no-store"));
    assert_eq!(client.get("/chat.js").status, 404);
    for path in [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/x/../../secret.txt",
        "//../secret.txt",
        "/..\\secret.txt",
        "/.hidden",
    ] {
        let answer = client.get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.text().contains("secret"), "{path}");
    }
    let mut socket = open(program.addr(), "/ws");
    say(&mut socket, r#"["whoami"]"#);
    assert!(hear(&mut socket).starts_with(r#"["whoami","#));
}

#[test]
fn a_folder_that_is_none_is_told_in_one_line() {
    let folder = Folder::new("none");
    let missing = folder.path.join("missing");
    let file = folder.path.join("file");
    fs::write(&file, "").unwrap();
    for path in [missing, file] {
        let path = path.to_str().unwrap();
        fails(&["--port", "0", "--dir", path], &[], 1, &["--dir", path]);
    }
}

#[test]
fn an_origin_that_is_named_is_let_in() {
    let hello = Hello {
        origin: Some("https://friend.example"),
        ..Hello::default()
    };
    for (args, expected) in [
        (&[][..], Err(403)),
        (&["--origin", "https://other.example"], Err(403)),
        (
            &[
                "--origin",
                "https://other.example",
                "--origin",
                "https://friend.example",
            ],
            Ok(()),
        ),
        (&["--origin", "*"], Ok(())),
    ] {
        let program = Program::start(args);
        let opened = try_open(program.addr(), "/ws", hello);
        assert_eq!(opened.map(|_| ()), expected, "{args:?}");
    }
}

#[cfg(unix)]
#[test]
fn an_origin_that_is_refused_is_named_once_in_the_log() {
    let program = Program::start(&[]);
    let origins = ["https://evil.example", "https://evil.example", "null"];
    for origin in origins {
        let hello = Hello {
            origin: Some(origin),
            ..Hello::default()
        };
        let refusal = try_open(program.addr(), "/ws", hello).err();
        assert_eq!(refusal, Some(403));
    }
    crate::signals::send(&program, "TERM");
    assert_eq!(
        program.ended().err,
        [
            "warn: a page of https://evil.example was refused; \
             Config::origins (--origin https://evil.example) would let it in",
            "warn: a page of null was refused; Config::origins (--origin '*') would let it in",
        ]
    );
}

#[cfg(unix)]
#[test]
fn who_is_turned_away_is_named_once_in_a_while() {
    let program = Program::start(&["--max-connections-per-address", "1"]);
    let _inside = open(program.addr(), "/ws");
    for _ in 0..3 {
        let mut turned_away = TcpStream::connect(program.addr()).unwrap();
        assert!(matches!(turned_away.read(&mut [0]), Ok(0) | Err(_)));
    }
    crate::signals::send(&program, "TERM");
    assert_eq!(
        program.ended().err,
        [
            "warn: a connection from 127.0.0.1 is turned away: this address has as many as \
          Config::max_connections_per_address (--max-connections-per-address) allows"
        ]
    );
}

#[cfg(unix)]
#[test]
fn behind_a_trusted_proxy_the_log_names_the_client_and_once_that_there_is_none() {
    let program = Program::start(&[
        "--trust-proxy=::1",
        "--trust-proxy=127.0.0.1",
        "--max-connections-per-address=1",
    ]);
    let mut clients = [(); 4].map(|()| Http::connect(program.addr()));
    let client = "X-Forwarded-For: 192.0.2.1";
    let mut statuses = [0; 4];
    for (n, field) in ["A: b", "A: b", client, client].into_iter().enumerate() {
        clients[n].send(handshake(field).replace("GET /", "GET /ws"));
        statuses[n] = clients[n].head().status;
    }
    assert_eq!(statuses, [101, 101, 101, 503]);
    drop(clients);
    crate::signals::send(&program, "TERM");
    assert_eq!(
        program.ended().err,
        [
            "warn: a request of a trusted proxy names no client in X-Forwarded-For: no limit for an \
             address holds for it, nor for others like it, which are not logged",
            "warn: a connection from 192.0.2.1 is turned away: this address has as many as \
             Config::max_connections_per_address (--max-connections-per-address) allows",
        ]
    );
}

#[test]
fn the_websocket_is_at_its_path_only() {
    let program = Program::start(&[]);
    for path in ["/", "/ws/", "/socket"] {
        let refusal = try_open(program.addr(), path, Hello::default()).err();
        assert_eq!(refusal, Some(404), "{path}");
    }
}
