//! What the layer holds, in numbers.

use super::SocketIo;

/// What is there at the moment: [`SocketIo::held`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Held {
    /// Sessions of Engine.IO, those included that are over and wait for their last poll.
    pub sessions: usize,
    /// Sockets in all namespaces.
    pub sockets: usize,
    /// Questions that have not got all their answers.
    pub questions: usize,
    /// Bytes of packets that wait for polls, or for their attachments; what many wait for counts once.
    pub waiting: usize,
}

impl SocketIo {
    /// Counts what is there: for a program that shows it, and for tests, where nothing may be left
    /// when all have gone.
    pub fn held(&self) -> Held {
        let partial = self.sessions.iter().map(|(_, session)| session.partial());
        Held {
            sessions: self.sessions.len(),
            sockets: self.sockets.len(),
            questions: self.questions.len(),
            waiting: self.packets.bytes() + partial.sum::<usize>(),
        }
    }
}
