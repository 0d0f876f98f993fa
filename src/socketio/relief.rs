//! What is given back when more is held for all clients than may be (`Config::max_memory`): what
//! was kept for who comes back, and then those for whose polls most waits.

use super::SocketIo;
use super::carrier::Farewell;
use super::event::Reason;
use crate::Hub;
use std::collections::BinaryHeap;

impl SocketIo {
    /// Gives back so many bytes, or all that can be done without.
    pub(super) fn give_back(&mut self, hub: &mut Hub, bytes: usize) {
        let enough = hub.memory().saturating_sub(bytes);
        if let Some(recovery) = &mut self.recovery {
            let (events, sockets) = recovery.give_back(hub, bytes);
            log::warn!(
                "too much is held for all (max_memory): {events} events that may have been missed \
                 and {sockets} sockets that are gone are forgotten"
            );
        }
        if hub.memory() > enough {
            self.shed(hub, enough);
        }
    }

    /// Ends the sessions for which most is held, as long as they hold more than all others.
    fn shed(&mut self, hub: &mut Hub, enough: usize) {
        let sessions = self.sessions.iter();
        let mut held: BinaryHeap<_> = sessions
            .map(|(key, session)| (session.held_for(), session.partial(), key as u32))
            .filter(|(bytes, ..)| *bytes > 0)
            .collect();
        let mut partial: usize = held.iter().map(|(_, partial, _)| partial).sum();
        while let Some((_, own, key)) = held.pop() {
            let memory = hub.memory();
            if memory <= enough || 2 * (self.packets.bytes() + partial) < memory {
                return;
            }
            partial -= own;
            log::warn!("a session is cut: too much is held for all (max_memory)");
            match self.sessions[key as usize].over {
                true => self.forget(hub, key),
                false => self.end(hub, key, Reason::TransportError, Farewell::Close),
            }
        }
    }
}
