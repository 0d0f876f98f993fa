//! A world: the server with the layer and the application on it, the network, and all clients; how
//! its time goes by.

use std::time::Duration;

use roomcast::sim::Sim;
use roomcast::socketio::{Options, SocketIo};
use roomcast::{Config, Event, Hub};

use super::app::App;
use super::client::Client;
use super::door;
use super::network::{Owner, Parcel};
use super::plain::Plain;
use super::scale::Scale;
use super::stage::Stage;

pub(super) struct World {
    pub(super) sim: Sim,
    pub(super) io: SocketIo,
    pub(super) app: App,
    pub(super) stage: Stage,
    pub(super) clients: Vec<Client>,
    pub(super) plain: Vec<Plain>,
    pub(super) turns: usize,
    /// When the clock of the server jumps, the next one last, and by how much.
    jumps: Vec<(u64, u64)>,
}

impl World {
    pub(super) fn new(seed: u64, scale: Scale) -> Self {
        let mut stage = Stage::new(seed, scale);
        let recovery = !stage.one_in(3);
        let ample = !stage.one_in(4);
        let max_backlog = stage.pick(&[1 << 20, 1 << 20, 1500]);
        let max_memory = match scale {
            Scale::Few => stage.pick(&[64 << 20, 64 << 20, 64 << 20, 6000]),
            Scale::Thousands => stage.pick(&[64 << 20, 1 << 20]),
        };
        stage.ledger.recovery = recovery;
        stage.ledger.narrow = max_backlog == 1500 || max_memory < 64 << 20;
        stage.ledger.tight = max_memory < 64 << 20;
        stage.ledger.ample = ample && !stage.ledger.narrow && scale == Scale::Few;
        let options = Options {
            ping_interval: scale.heartbeat(),
            ping_timeout: PING_TIMEOUT,
            upgrade_timeout: UPGRADE_TIMEOUT,
            connect_timeout: CONNECT_TIMEOUT,
            max_http_buffer_size: stage.pick(&[1_000_000, 4000, 2500]),
            max_disconnection_duration: recovery.then_some(DURATION),
            plain_path: Some(door::PATH.to_owned()),
            recovery_budget: if ample { 8 << 20 } else { 4000 },
            ..Options::default()
        };
        let config = Config {
            max_backlog,
            max_memory,
            ping_interval: Duration::from_millis(PING_INTERVAL),
            ping_timeout: Duration::from_millis(PING_TIMEOUT),
            ..Config::default()
        };
        let (clients, plain) = scale.population(&mut stage);
        let jumps = match stage.one_in(3) {
            true => (0..3).map(|_| jump(&mut stage)).collect(),
            false => Vec::new(),
        };
        let clients = (0..clients).map(|number| Client::new(number, &mut stage));
        let clients = clients.collect();
        let plain = (0..plain).map(|number| Plain::new(number, &mut stage));
        Self {
            sim: Sim::new(config),
            io: SocketIo::with(options).namespace("/den"),
            app: App::default(),
            plain: plain.collect(),
            clients,
            stage,
            turns: 0,
            jumps,
        }
    }

    /// Clients do what they like for a while, then come to rest.
    pub(super) fn run(&mut self) {
        self.jumps.sort_unstable_by(|one, other| other.cmp(one));
        self.stage.chaos = true;
        while let Some((time, span)) = self.jumps.pop() {
            self.run_until(time);
            self.jump(span);
        }
        self.run_until(CHAOS);
        self.calm();
        self.run_until(CHAOS + REST);
        self.knock();
        self.run_until(CHAOS + REST + 200);
        // Where memory is short somebody may have been cut a moment ago.
        while self.stage.ledger.tight && !self.is_complete() && self.stage.now < CHAOS + 2 * REST {
            self.run_until(self.stage.now + 50);
        }
    }

    /// Whether all who come back have done so.
    fn is_complete(&self) -> bool {
        let doors = self.plain.iter().filter(|plain| plain.is_door()).count();
        let clients = self.clients.iter().all(|client| client.sid.is_some());
        let plain = self.plain.iter().all(Plain::is_connected);
        clients && plain && self.stage.ledger.live.len() == self.clients.len() + doors
    }

    /// Turn after turn, up to a time.
    pub(super) fn run_until(&mut self, end: u64) {
        while self.next() <= end {
            self.turn();
        }
        self.pass(end);
    }

    /// When something happens next.
    pub(super) fn next(&self) -> u64 {
        let acts = |next: u64, act_at: u64| match self.stage.chaos {
            true => next.min(act_at),
            false => next,
        };
        let clients = self.clients.iter();
        let clients = clients.map(|client| acts(client.next(), client.act_at));
        let plain = self.plain.iter();
        let plain = plain.map(|plain| acts(plain.next(), plain.act_at));
        let server = self.sim.patience().map(|wait| self.stage.now + wait);
        let network = self.stage.network.next();
        let next = clients.chain(plain).chain(server).chain(network).min();
        let next = next.unwrap_or(u64::MAX).max(self.stage.now);
        self.stage.scale.when(next)
    }

    fn pass(&mut self, time: u64) {
        self.sim.advance(time - self.stage.now);
        self.stage.now = time;
    }

    pub(super) fn turn(&mut self) {
        self.turns += 1;
        assert!(self.turns < 100_000, "the server never rests");
        self.pass(self.next());
        let arrived = self.stage.network.arrived(&mut self.sim, self.stage.now);
        for (id, parcel) in arrived {
            self.serve(|sim, handler| match parcel {
                Parcel::Bytes(bytes) => sim.receive(id, &bytes, handler),
                Parcel::End => sim.hang_up(id, handler),
            });
        }
        self.end_turn();
        self.return_all();
        self.move_clients();
    }

    /// The server ends its turn, and what it wrote is on its way.
    pub(super) fn end_turn(&mut self) {
        self.serve(Sim::end_turn);
        self.check_bounds();
        if self.stage.scale == Scale::Few {
            self.check_rooms();
        }
        let Stage {
            network,
            now,
            random,
            ..
        } = &mut self.stage;
        network.collect(&mut self.sim, *now, random);
    }

    /// Lets the server do something, with the layer and the application behind it.
    pub(super) fn serve(
        &mut self,
        work: impl FnOnce(&mut Sim, &mut dyn FnMut(&mut Hub, Event<'_>)),
    ) {
        let Self {
            sim,
            io,
            app,
            stage,
            ..
        } = self;
        work(sim, &mut |hub, event| {
            io.drive(hub, event, |io, event| app.handle(io, event, stage))
        });
    }

    /// The machine of the server has slept, or its clock was set: a time is over at once. The
    /// clients know nothing of it. Nobody who answered its last ping is closed for that.
    fn jump(&mut self, span: u64) {
        for client in &mut self.clients {
            client.brace(&mut self.stage);
        }
        for plain in &mut self.plain {
            plain.brace(&mut self.stage);
        }
        self.stage.count("jumps");
        self.sim.advance(span);
        self.app.events = 0;
        self.end_turn();
        let most = EVENTS * (1 + self.stage.network.len() + self.stage.ledger.rooms.len());
        assert!(self.app.events < most, "{} events at once", self.app.events);
    }

    /// Hands the clients what has come for them.
    fn return_all(&mut self) {
        for (owner, line, parcel) in self.stage.network.returned(self.stage.now) {
            match owner {
                Owner::Client(n) => self.clients[n].receive(line, parcel, &mut self.stage),
                Owner::Plain(n) => self.plain[n].receive(line, parcel, &mut self.stage),
            }
        }
    }

    fn move_clients(&mut self) {
        for client in &mut self.clients {
            client.tick(&mut self.stage);
            if self.stage.chaos && self.stage.now >= client.act_at {
                client.act(&mut self.stage);
            }
        }
        for plain in &mut self.plain {
            plain.tick(&mut self.stage);
            if self.stage.chaos && self.stage.now >= plain.act_at {
                plain.act(&mut self.stage);
            }
        }
    }

    /// All who are away come back soon, and nobody does anything any more.
    fn calm(&mut self) {
        self.stage.chaos = false;
        let soon = self.stage.now + 100;
        for client in &mut self.clients {
            client.back_at = client.back_at.min(soon);
        }
        for plain in &mut self.plain {
            plain.back_at = plain.back_at.min(soon);
        }
    }

    /// A request that makes the application answer all that it has put off.
    pub(super) fn knock(&mut self) {
        let id = self.sim.connect();
        let request = b"GET / HTTP/1.1\r\nHost: sim\r\nConnection: close\r\n\r\n";
        self.serve(|sim, handler| sim.receive(id, request, handler));
        self.end_turn();
        self.serve(|sim, handler| sim.hang_up(id, handler));
        self.end_turn();
    }
}

/// When, and by how much. Three of the longest are more than the wheel of the timers goes round in.
fn jump(stage: &mut Stage) -> (u64, u64) {
    const MINUTE: u64 = 60_000;
    const DAY: u64 = 24 * 60 * MINUTE;
    let short = stage.scale.heartbeat() + 100;
    let span = stage.pick(&[short, 5 * MINUTE, 8 * 60 * MINUTE, 3 * DAY, 80 * DAY]);
    (300 + stage.below(CHAOS as usize - 300) as u64, span)
}

pub(super) const PING_TIMEOUT: u64 = 250;
pub(super) const UPGRADE_TIMEOUT: u64 = 400;
pub(super) const CONNECT_TIMEOUT: u64 = 700;
/// How long a plain socket may be silent.
pub(super) const PING_INTERVAL: u64 = 350;
/// How long a socket may be gone and come back.
pub(super) const DURATION: u64 = 900;
/// Milliseconds that a deadline may be late: two ticks of the wheel.
pub(super) const TICK: u64 = 8;
/// Milliseconds in which clients do what they like, and in which they come to rest.
const CHAOS: u64 = 2500;
const REST: u64 = 1500;
/// Events that a connection, or a room, may cause when it ends.
const EVENTS: usize = 8;
