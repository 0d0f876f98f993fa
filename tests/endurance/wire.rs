//! A connection of a client: bytes of HTTP and frames of WebSockets, written by hand and read with
//! a deadline.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use roomcast::sim::client_frame;

use crate::PATIENCE;

/// A connection.
pub(crate) struct Wire {
    stream: BufReader<TcpStream>,
}

/// What comes on a WebSocket.
pub(crate) enum Frame {
    Text(Vec<u8>),
    Ping,
    Close,
}

impl Wire {
    pub(crate) fn connect(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let stream = BufReader::with_capacity(16 * 1024, stream);
        Self { stream }
    }

    #[track_caller]
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    /// Asks for a WebSocket.
    pub(crate) fn upgrade(&mut self, path: &str) {
        self.send(format!(
            "GET {path} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        ));
    }

    /// Gets it.
    #[track_caller]
    pub(crate) fn upgraded(&mut self) {
        let (status, _) = self.head();
        assert_eq!(status, 101);
    }

    /// Sends texts, in one write.
    pub(crate) fn send_texts(&mut self, texts: impl IntoIterator<Item = impl AsRef<[u8]>>) {
        let frames = texts.into_iter();
        let frames = frames.flat_map(|text| client_frame(0x81, text.as_ref()));
        self.send(frames.collect::<Vec<u8>>());
    }

    /// The next frame; the server sends none in fragments.
    #[track_caller]
    pub(crate) fn frame(&mut self) -> Frame {
        let [first, len] = self.bytes();
        let len = match len {
            126 => u64::from(u16::from_be_bytes(self.bytes())),
            127 => u64::from_be_bytes(self.bytes()),
            len => u64::from(len),
        };
        let mut payload = vec![0; len as usize];
        self.stream.read_exact(&mut payload).unwrap();
        match first {
            0x81 => Frame::Text(payload),
            0x88 => Frame::Close,
            0x89 => Frame::Ping,
            other => panic!("a frame that begins with {other:#x}"),
        }
    }

    /// The status of an answer, and its body.
    #[track_caller]
    pub(crate) fn answer(&mut self) -> (u16, Vec<u8>) {
        let (status, len) = self.head();
        let mut body = vec![0; len];
        self.stream.read_exact(&mut body).unwrap();
        (status, body)
    }

    /// Waits until something is here that is not read: who leaves then leaves by a reset.
    #[track_caller]
    pub(crate) fn ignores_something(&mut self) {
        let peeked = self.stream.get_mut().peek(&mut [0]).unwrap();
        assert_eq!(peeked, 1, "it has ended already");
    }

    /// Says that it will send no more.
    pub(crate) fn end(&mut self) {
        self.stream.get_mut().shutdown(Shutdown::Write).unwrap();
    }

    /// Reads until the server has closed it, too.
    #[track_caller]
    pub(crate) fn ended(mut self) {
        std::io::copy(&mut self.stream, &mut std::io::sink()).unwrap();
    }

    /// The status of an answer, and the length of its body.
    #[track_caller]
    fn head(&mut self) -> (u16, usize) {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        let status = line.split(' ').nth(1).expect("a status line");
        let status = status.parse().unwrap();
        let mut len = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line).unwrap();
            match line.trim_end().split_once(": ") {
                None => return (status, len),
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    len = value.parse().unwrap();
                }
                Some(_) => {}
            }
        }
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes).unwrap();
        bytes
    }
}
