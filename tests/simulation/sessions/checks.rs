//! What must hold: at the end of every turn, when all have come to rest, and when all have left.

use roomcast::sim::Sim;

use super::stage::Stage;
use super::world::World;
use crate::wire;

impl World {
    /// After each turn.
    pub(super) fn check_bounds(&mut self) {
        let most = self.sim.hub().config().max_memory;
        let held = self.sim.hub().memory();
        assert!(held <= most, "{held} bytes wait, and {most} may");
    }

    /// Who is in a room is there. All the time among few; thousands are looked at when they rest.
    pub(super) fn check_rooms(&self) {
        let Stage { ledger, plain, .. } = &self.stage;
        for (room, members) in &ledger.rooms {
            let present = |socket| ledger.live.contains_key(socket);
            assert!(members.iter().all(present), "{room:?} has who is gone");
        }
        for (room, members) in &plain.rooms {
            assert!(members.is_subset(&plain.open), "{room} has who is gone");
        }
    }

    /// All have come back, and nobody lacks anything.
    pub(super) fn check_rest(&mut self) {
        assert!(self.app.is_idle(), "a question is never settled");
        let doors = self.plain.iter().filter(|plain| plain.is_door()).count();
        assert_eq!(self.stage.ledger.live.len(), self.clients.len() + doors);
        for client in &self.clients {
            let (ledger, number) = (&self.stage.ledger, client.number);
            let sid = client.sid.as_ref().expect("all have come back");
            assert_eq!(ledger.lacks(sid), [], "client {number} lacks messages");
            assert!(
                ledger.is_all_heard(client.who()),
                "client {number} is not heard"
            );
            assert!(client.acks.is_empty(), "client {number} lacks acks");
        }
        for plain in &self.plain {
            assert!(plain.is_connected(), "a plain socket stays away");
            assert_eq!(plain.lacks(&self.stage), 0, "a plain socket lacks messages");
        }
        self.check_rooms();
        self.check_counts(doors);
    }

    /// The server counts as many as there are.
    fn check_counts(&mut self, doors: usize) {
        let plain = &self.stage.plain;
        assert_eq!(plain.open.len(), self.plain.len() - doors);
        for (room, members) in &plain.rooms {
            assert_eq!(self.sim.hub().rooms().len(room), members.len());
        }
        let held = self.io.held();
        assert_eq!(held.sockets, self.clients.len() + doors);
        assert_eq!(held.questions, 0);
    }

    /// All leave, one way or another, and nothing stays behind.
    pub(super) fn leave(&mut self) {
        for client in &mut self.clients {
            client.depart(&mut self.stage);
        }
        for plain in &mut self.plain {
            plain.depart(&mut self.stage);
        }
        self.run_until(self.stage.now + 1000);
        // A cut may have met a connection that was not in use.
        for client in self
            .clients
            .iter_mut()
            .filter(|client| client.engine.is_some())
        {
            client.go(&mut self.stage);
            client.attend(&mut self.stage);
        }
        let begun = self.sim.hub().now();
        while self.next() != u64::MAX {
            self.turn();
        }
        self.knock();
        assert_eq!(self.app.empty, Some(true), "sockets without clients");
        let (ledger, plain) = (&self.stage.ledger, &self.stage.plain);
        assert!(ledger.live.is_empty() && ledger.rooms.is_empty());
        assert!(plain.open.is_empty() && plain.rooms.is_empty());
        let sessions = self.stage.ledger.sessions.iter().take(SAMPLE);
        for sid in sessions.cloned().collect::<Vec<_>>() {
            self.check_unknown(&sid);
        }
        self.check_end(begun);
    }

    /// Every wait ends, and nothing is left of anybody.
    fn check_end(&mut self, begun: u64) {
        while let Some(wait) = self.sim.patience() {
            self.turns += 1;
            assert!(self.turns < 100_000, "timers wake for ever");
            self.sim.advance(wait);
            self.serve(Sim::end_turn);
        }
        let held = self.io.held();
        assert_eq!((held.sessions, held.sockets, held.questions), (0, 0, 0));
        assert_eq!(held.waiting, 0, "packets for nobody");
        let hub = self.sim.hub();
        // What is kept for those who may come back goes with the next events.
        assert!(self.stage.ledger.recovery || hub.memory() == 0);
        let left = (hub.connections(), hub.rooms().population(), hub.backlog());
        assert_eq!(left, (0, 0, 0), "connections, members, bytes that wait");
        let lasted = hub.now() - begun;
        assert!(lasted <= LONGEST, "the last wait ended after {lasted} ms");
    }

    /// A session is not there any more.
    fn check_unknown(&mut self, sid: &str) {
        let id = self.sim.connect();
        let request = wire::get(Some(sid));
        self.serve(|sim, handler| sim.receive(id, &request, handler));
        self.serve(Sim::end_turn);
        let (_, body) = wire::answer(&mut self.sim.take(id)).expect("an answer");
        assert_eq!(body, "{\"code\":1,\"message\":\"Session ID unknown\"}");
        self.serve(|sim, handler| sim.hang_up(id, handler));
        self.serve(Sim::end_turn);
    }
}

/// Sessions of which it is asked whether they are known.
const SAMPLE: usize = 200;
/// Milliseconds after which every wait for a peer is over, as the README says.
const LONGEST: u64 = 95_000;
