//! What a published message is known by, and what it must carry: worked out from the mark alone, so
//! that whoever gets it can tell whether it is whole.

/// The author and the author's number of a message.
pub(super) type Mark = (usize, u32);

/// Author of what the application says of itself when somebody goes.
pub(super) const PARTING: usize = 900;
/// Author of what the application says to who has come.
pub(super) const WELCOME: usize = 901;

pub(super) fn text(mark: Mark) -> String {
    let (author, number) = mark;
    let filling = match number % 11 {
        0 => 100,
        rest => rest as usize,
    };
    format!("{author}.{number} {}", "é\"".repeat(filling))
}

/// Every fifth message of a client has an attachment, some two.
pub(super) fn blobs((author, number): Mark) -> Vec<Vec<u8>> {
    let count = match number % 10 {
        _ if author >= PARTING => 0,
        0 => 2,
        5 => 1,
        _ => 0,
    };
    (0..count)
        .map(|n| [number as u8 ^ n, (number % 251) as u8].repeat(20))
        .collect()
}
