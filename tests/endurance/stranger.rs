//! Who comes for a page, or for nothing, and is no client of the chat.

use std::net::SocketAddr;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use crate::wire::Wire;

/// One connection of HTTP, from its beginning to its end.
pub(crate) fn visit(addr: SocketAddr, random: &mut ChaCha8Rng) {
    let mut wire = Wire::connect(addr);
    match random.random_range(0..6) {
        0 => {
            wire.send([PAGE, PAGE].concat());
            assert_eq!(wire.answer().0, 200);
            assert_eq!(wire.answer().0, 200);
        }
        1 => {
            wire.send(PAGE);
            wire.end();
            assert_eq!(wire.answer().0, 200);
            wire.ended();
        }
        2 => {
            wire.send(PAGE);
            wire.ignores_something();
        }
        3 => {
            wire.send("POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
            assert_eq!(wire.answer().0, 400);
        }
        4 => {
            wire.send("GET / HTTP/1.1\r\nHost: a\r\nX: y z\0\r\n\r\n");
            assert_eq!(wire.answer().0, 400);
            wire.ended();
        }
        _ => wire.send("GET / HTTP/1.1\r\nHo"),
    }
}

const PAGE: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
