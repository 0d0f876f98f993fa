//! A large file on its way, while others want small ones.

use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};

use roomcast::files::Files;
use roomcast::{Config, Event};

use crate::support::{Http, Running};
use crate::temp::Folder;

/// Bytes of the large file.
const LARGE: usize = 50 << 20;
/// Bytes that its client reads at a time.
const SIP: usize = 1 << 20;

/// A folder with a large file, in which every eight bytes say where they stand, and a small one.
fn folder() -> Folder {
    let folder = Folder::new("files");
    let mut large = BufWriter::new(File::create(folder.path.join("large.bin")).unwrap());
    for at in 0..LARGE / 8 {
        large.write_all(&at.to_be_bytes()).unwrap();
    }
    large.flush().unwrap();
    fs::write(folder.path.join("small.txt"), "small").unwrap();
    folder
}

fn serving(folder: &Folder) -> Running {
    let files = Files::new(&folder.path).unwrap();
    Running::start(Config::default(), move |hub, event| {
        if let Event::Request { id, request } = event {
            hub.respond(id, files.answer(&request));
        }
    })
}

/// Reads the next piece of the large file.
#[track_caller]
fn sip(client: &mut Http, piece: &mut [u8], from: usize) {
    client.reader().read_exact(piece).unwrap();
    for (n, eight) in piece.chunks(8).enumerate() {
        let at = from / 8 + n;
        assert!(eight == at.to_be_bytes(), "byte {}", at * 8);
    }
}

#[test]
fn a_large_file_keeps_nobody_waiting_and_takes_no_memory() {
    let folder = folder();
    let server = serving(&folder);
    let mut slow = Http::connect(server.addr);
    slow.send("GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(
        slow.head().field("content-length"),
        Some(&*LARGE.to_string())
    );
    let mut others = [(); 3].map(|()| Http::connect(server.addr));
    let mut piece = vec![0; SIP];
    // The small answers come although the large one has not been taken; so they came in between.
    for from in (0..LARGE).step_by(SIP) {
        for other in &mut others {
            assert_eq!(other.get("/small.txt").text(), "small");
        }
        assert!(server.ask(|hub| hub.backlog()) <= 64 * 1024);
        sip(&mut slow, &mut piece, from);
    }
    assert_eq!(slow.get("/small.txt").text(), "small");
    assert_eq!(server.ask(|hub| hub.backlog()), 0);
}

#[test]
fn a_client_that_closes_its_side_still_gets_a_large_file() {
    let folder = folder();
    let server = serving(&folder);
    let mut client = Http::connect(server.addr);
    client.send("GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n");
    client
        .reader()
        .get_ref()
        .shutdown(std::net::Shutdown::Write)
        .unwrap();
    assert_eq!(client.answer().body.len(), LARGE);
    assert_eq!(client.rest(), b"");
}

#[test]
fn a_client_that_closes_its_side_still_gets_all_it_asked_for() {
    let folder = folder();
    let server = serving(&folder);
    let mut client = Http::connect(server.addr);
    let small = "GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n";
    client.send(format!(
        "GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n{small}{small}"
    ));
    let stream = client.reader().get_ref();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(client.answer().body.len(), LARGE);
    assert_eq!(client.answer().text(), "small");
    assert_eq!(client.answer().text(), "small");
    assert_eq!(client.rest(), b"");
}

#[test]
fn a_client_that_goes_away_in_the_middle_leaves_nothing_behind() {
    let folder = folder();
    let server = serving(&folder);
    let mut client = Http::connect(server.addr);
    client.send("GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.head().status, 200);
    drop(client);
    let mut other = Http::connect(server.addr);
    while server.ask(|hub| hub.connections()) > 1 {
        assert_eq!(other.get("/small.txt").text(), "small");
    }
    assert_eq!(server.ask(|hub| hub.backlog()), 0);
}

#[test]
fn a_part_of_a_large_file_is_sent_from_its_place() {
    let folder = folder();
    let server = serving(&folder);
    let mut client = Http::connect(server.addr);
    let (first, last) = (40 << 20, (40 << 20) + SIP - 1);
    client.send(format!(
        "GET /large.bin HTTP/1.1\r\nHost: a\r\nRange: bytes={first}-{last}\r\n\r\n"
    ));
    let head = client.head();
    assert_eq!(head.status, 206);
    let range = format!("bytes {first}-{last}/{LARGE}");
    assert_eq!(head.field("content-range"), Some(&*range));
    sip(&mut client, &mut vec![0; SIP], first);
}

#[test]
fn a_file_that_shrinks_while_it_is_sent_ends_the_connection_and_no_byte_is_wrong() {
    let folder = folder();
    let server = serving(&folder);
    let mut client = Http::connect(server.addr);
    client.send("GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.head().status, 200);
    sip(&mut client, &mut vec![0; SIP], 0);
    let path = folder.path.join("large.bin");
    let file = File::options().write(true).open(path).unwrap();
    file.set_len(LARGE as u64 / 2).unwrap();
    let rest = client.rest();
    assert!(SIP + rest.len() <= LARGE / 2, "{}", rest.len());
    for (n, eight) in rest.chunks_exact(8).enumerate() {
        assert!(eight == (SIP / 8 + n).to_be_bytes());
    }
    assert_eq!(Http::connect(server.addr).get("/small.txt").text(), "small");
}

#[test]
fn a_connection_has_one_file_open_however_many_it_asks_for() {
    let folder = folder();
    let server = serving(&folder);
    let mut client = Http::connect(server.addr);
    let large = "GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n";
    client.send(large.repeat(50));
    assert_eq!(client.head().status, 200);
    sip(&mut client, &mut vec![0; SIP], 0);
    let path = folder.path.join("large.bin").canonicalize().unwrap();
    let open = fs::read_dir("/proc/self/fd").unwrap();
    let open = open.filter(|entry| {
        let link = entry.as_ref().unwrap().path();
        fs::read_link(link).is_ok_and(|target| target == path)
    });
    assert_eq!(open.count(), 1);
}
