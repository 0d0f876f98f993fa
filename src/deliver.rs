//! From bytes to events: what a connection sent is taken apart and the handler is called.
//!
//! The handler gets the hub, so nothing here may borrow from it meanwhile: the unfinished work of
//! the connection is taken out before and put back after. Whatever the handler did to the
//! connection shows in its phase, which is looked at anew for every item.

use crate::conn::{Mark, Phase, Work};
use crate::event::{CloseReason, Event, Handler, Queued};
use crate::http::{self, Body, CONTINUE, Framing, Head, Request};
use crate::hub::Hub;
use crate::id::Id;
use crate::reply::Upgrade;
use crate::ws::{Item, Refusal};

/// How one item went: so many bytes were used, and whether there may be another.
enum Step {
    On(usize),
    Wait(usize),
}

/// Takes the bytes of one read. They are changed in place.
pub(crate) fn receive(hub: &mut Hub, key: u32, bytes: &mut [u8], handler: Handler<'_>) {
    let conn = hub.conns.get(key as usize);
    let Some(conn) = conn.filter(|conn| !conn.phase.is_over()) else {
        return;
    };
    let id = conn.id(key);
    let mut work = hub.take_work(key);
    hub.heard(id);
    hub.compressor.begin_read();
    if work.kept.is_empty() {
        let used = consume(hub, id, &mut work, bytes, handler);
        work.kept.extend_from_slice(&bytes[used..]);
    } else {
        let mut kept = std::mem::take(&mut work.kept);
        kept.extend_from_slice(bytes);
        let used = consume(hub, id, &mut work, &mut kept, handler);
        work.kept.extend_from_slice(&kept[used..]);
    }
    hub.release_pong(id, &mut work.pong);
    drain(hub, handler);
    if !work.is_done() && !hub.conns[key as usize].phase.is_over() {
        hub.keep_work(key, work);
    }
    hub.relieve(handler);
}

/// Goes on with the bytes that connections have kept while an answer was outstanding.
pub(crate) fn resume(hub: &mut Hub, handler: Handler<'_>) -> Vec<u32> {
    hub.unpause();
    let mut resumed = std::mem::take(&mut hub.resumed);
    let mut done = 0;
    while done < resumed.len() && !hub.is_laden() {
        receive(hub, resumed[done], &mut [], handler);
        done += 1;
    }
    // Who had to wait for the flush is the first in the next turn.
    hub.resumed.splice(..0, resumed.drain(done..));
    resumed
}

/// The peer has closed its side.
pub(crate) fn hang_up(hub: &mut Hub, key: u32, handler: Handler<'_>) {
    let Some(conn) = hub.conns.get_mut(key as usize) else {
        return;
    };
    let id = conn.id(key);
    let silent = hub.outboxes.is_empty(key);
    match conn.phase {
        // What it sent too fast comes first; then the end is read again.
        phase if conn.is(Mark::Paused) && !phase.is_over() => {}
        // Requests that wait for the answers before them come first; then the end is read again.
        Phase::Idle | Phase::Head | Phase::Stream if conn.work.is_some() && !silent => {}
        // So do messages that wait.
        Phase::Open if hub.resumed.contains(&key) => {}
        Phase::Stream | Phase::Last | Phase::Gone => _ = conn.mark(Mark::Ended, true),
        // What was answered still goes out: many a simple client closes its side after asking.
        Phase::Idle | Phase::Head | Phase::Body | Phase::Closing if !silent => {
            conn.mark(Mark::Ended, true);
            hub.retire(id, CloseReason::Lost);
            hub.finish(key, hub.config.write_timeout);
        }
        _ => hub.lose(id, CloseReason::Lost),
    }
    drain(hub, handler);
}

/// Calls the handler for everything that is queued, also for what that causes.
pub(crate) fn drain(hub: &mut Hub, handler: Handler<'_>) {
    while let Some(queued) = hub.queue.pop_front() {
        // What was answered since it was queued is over.
        match queued {
            Queued::Leave(id) if hub.phase(id) != Some(Phase::Answer) => {}
            queued => handler(hub, queued.into()),
        }
    }
    // Many may have ended at once.
    hub.queue.shrink_to(KEEP_QUEUED);
}

/// Takes item after item; says how many bytes were used.
fn consume(
    hub: &mut Hub,
    id: Id,
    work: &mut Work,
    bytes: &mut [u8],
    handler: Handler<'_>,
) -> usize {
    let mut used = 0;
    loop {
        let rest = &mut bytes[used..];
        let step = match hub.phase(id) {
            Some(Phase::Idle | Phase::Head) => head(hub, id, work, rest, handler),
            Some(Phase::Body) => body(hub, id, work, rest, handler),
            Some(Phase::Open | Phase::Closing) => frame(hub, id, work, rest, handler),
            // What comes behind the last answer is read over (RFC 9112 §9.6).
            Some(Phase::Stream) if hub.is_last(id) => Step::Wait(rest.len()),
            Some(Phase::Answer | Phase::Stream) => Step::Wait(0),
            Some(Phase::Last | Phase::Drain | Phase::Gone) | None => Step::Wait(rest.len()),
        };
        match step {
            Step::On(n) => used += n,
            Step::Wait(n) => return used + n,
        }
    }
}

fn head(hub: &mut Hub, id: Id, work: &mut Work, bytes: &mut [u8], handler: Handler<'_>) -> Step {
    if bytes.is_empty() || hub.outboxes.waiting(id.key) > MAX_UNTAKEN {
        return Step::Wait(0);
    }
    if hub.is_too_fast(id) {
        return Step::Wait(0);
    }
    let limits = http::Limits {
        bytes: hub.config.max_head,
        fields: hub.config.max_headers,
    };
    let mut fields = Vec::new();
    http::lower_version(bytes);
    match http::parse(bytes, limits, &mut fields) {
        Ok(Some(head)) => begin(hub, id, work, &head, bytes, handler),
        Ok(None) => {
            hub.await_head(id);
            Step::Wait(0)
        }
        Err(fault) => {
            hub.refuse(id, fault);
            Step::On(bytes.len())
        }
    }
}

/// A head is whole: what is it the beginning of?
fn begin(
    hub: &mut Hub,
    id: Id,
    work: &mut Work,
    head: &Head<'_>,
    bytes: &[u8],
    handler: Handler<'_>,
) -> Step {
    hub.spend(id, 1, hub.config.request_rate);
    let conn = &mut hub.conns[id.key as usize];
    conn.mark(Mark::KeepAlive, head.keep_alive);
    conn.mark(Mark::HeadOnly, head.request.method() == "HEAD");
    if !hub.seat_client(id, &head.request) {
        return Step::On(bytes.len());
    }
    if head.framing == Framing::Length(0) {
        match head.request.wants_websocket() {
            true => upgrade(hub, id, head.request, handler),
            false => ask(hub, id, head.request, handler),
        }
        return Step::On(head.len);
    }
    begin_body(hub, id, work, head, bytes, handler)
}

/// A body that is here already makes a request at once; of any other the application is told.
fn begin_body(
    hub: &mut Hub,
    id: Id,
    work: &mut Work,
    head: &Head<'_>,
    bytes: &[u8],
    handler: Handler<'_>,
) -> Step {
    let begun = Body::begin(head.framing, hub.config.max_body as u64).and_then(|mut body| {
        let (used, whole) = body.decode(&bytes[head.len..])?;
        Ok((body, used, whole))
    });
    match begun {
        Err(fault) => {
            hub.refuse(id, fault);
            Step::On(bytes.len())
        }
        Ok((body, used, true)) => {
            ask(hub, id, head.request.with_body(&body.bytes), handler);
            Step::On(head.len + used)
        }
        Ok((body, used, false)) => {
            if announce(hub, id, head, handler) {
                hub.invite(id, head.expects_continue && bytes.len() == head.len);
                work.body = Some(body);
                work.head = bytes[..head.len].to_vec();
            }
            Step::On(head.len + used)
        }
    }
}

/// Tells the application of a request whose body is on its way; whether that is waited for.
fn announce(hub: &mut Hub, id: Id, head: &Head<'_>, handler: Handler<'_>) -> bool {
    hub.await_body(id);
    let request = head.request;
    handler(hub, Event::Upload { id, request });
    drain(hub, handler);
    hub.phase(id) == Some(Phase::Body)
}

fn body(hub: &mut Hub, id: Id, work: &mut Work, bytes: &[u8], handler: Handler<'_>) -> Step {
    let Some(body) = &mut work.body else {
        return Step::Wait(0);
    };
    let used = match body.decode(bytes) {
        Ok((used, true)) => used,
        Ok((used, false)) => return Step::Wait(used),
        Err(fault) => {
            hub.refuse(id, fault);
            drain(hub, handler);
            return Step::On(bytes.len());
        }
    };
    let (body, head) = (work.body.take(), std::mem::take(&mut work.head));
    let limits = http::Limits {
        bytes: hub.config.max_head,
        fields: hub.config.max_headers,
    };
    let mut fields = Vec::new();
    if let (Some(body), Ok(Some(head))) = (body, http::parse(&head, limits, &mut fields)) {
        ask(hub, id, head.request.with_body(&body.bytes), handler);
    }
    Step::On(used)
}

/// Puts a request before the application.
fn ask(hub: &mut Hub, id: Id, request: Request<'_>, handler: Handler<'_>) {
    hub.await_answer(id);
    handler(hub, Event::Request { id, request });
    drain(hub, handler);
}

/// Puts a WebSocket before the application, and opens it unless that was refused.
fn upgrade(hub: &mut Hub, id: Id, request: Request<'_>, handler: Handler<'_>) {
    hub.await_answer(id);
    match Upgrade::judge(hub, id, &request) {
        Err(refusal) => hub.refuse_upgrade(id, refusal, &request),
        Ok(upgrade) => {
            hub.upgrade = Some(upgrade);
            handler(hub, Event::Upgrade { id, request });
            if let Some(upgrade) = hub
                .upgrade
                .take()
                .filter(|_| hub.phase(id) == Some(Phase::Answer))
            {
                hub.open(&upgrade);
            }
        }
    }
    drain(hub, handler);
}

fn frame(hub: &mut Hub, id: Id, work: &mut Work, bytes: &mut [u8], handler: Handler<'_>) -> Step {
    // Who makes the application say more than may wait has to take some of it first.
    let exceeds = hub.outboxes.exceeds(id.key, hub.config.max_backlog);
    if !bytes.is_empty() && (exceeds || hub.compressor.is_spent() || hub.is_laden()) {
        hub.resumed.push(id.key);
        return Step::Wait(0);
    }
    if bytes.is_empty() || hub.is_too_fast(id) {
        return Step::Wait(0);
    }
    let (len, begins) = (bytes.len(), !work.decoder.is_within_frame());
    match hub.decode(id.key, &mut work.decoder, bytes) {
        Ok((0, None)) => {
            hub.await_message(id, &mut work.begun);
            Step::Wait(0)
        }
        Ok((used, item)) => {
            if begins {
                hub.spend(id, 1, hub.config.message_rate);
            }
            item.into_iter()
                .for_each(|item| take(hub, id, item, &mut work.pong, handler));
            // The rest may have to wait: not with a message that was delivered.
            work.decoder.forget_delivered();
            match work.decoder.is_empty() {
                true => work.begun = None,
                false => hub.await_message(id, &mut work.begun),
            }
            Step::On(used)
        }
        Err(violation) => {
            hub.violate(id, violation);
            drain(hub, handler);
            Step::On(len)
        }
    }
}

fn take(hub: &mut Hub, id: Id, item: Item<'_>, pong: &mut Option<Box<[u8]>>, handler: Handler<'_>) {
    match item {
        Item::Close(code, reason) => hub.closed_by_peer(id, code, reason),
        // Our close frame is sent: nothing may follow it, and what comes is not looked at.
        _ if !hub.is_open(id) => {}
        Item::Ping(payload) => hub.answer_ping(id.key, payload, pong),
        Item::Pong => {}
        Item::Text(text) => {
            hub.stats.received += 1;
            handler(hub, Event::Text { id, text });
        }
        Item::Binary(bytes) => {
            hub.stats.received += 1;
            handler(hub, Event::Binary { id, bytes });
        }
    }
    drain(hub, handler);
}

impl Hub {
    fn await_head(&mut self, id: Id) {
        let conn = &mut self.conns[id.key as usize];
        if conn.phase == Phase::Idle {
            conn.phase = Phase::Head;
            self.set_deadline(id.key, self.config.head_timeout);
        }
    }

    fn await_body(&mut self, id: Id) {
        self.conns[id.key as usize].phase = Phase::Body;
        self.set_deadline(id.key, self.config.body_timeout);
    }

    /// Lets a client send its body, if it waits for leave to do so.
    fn invite(&mut self, id: Id, waits: bool) {
        if waits {
            let run = self
                .outboxes
                .encode(CONTINUE.len(), |batch| batch.extend_from_slice(CONTINUE));
            run.into_iter()
                .for_each(|run| self.outboxes.push(id.key, run));
        }
    }

    /// Whether no other request may follow the one that is being answered.
    fn is_last(&self, id: Id) -> bool {
        !self.conns[id.key as usize].is(Mark::KeepAlive)
    }

    fn await_answer(&mut self, id: Id) {
        self.conns[id.key as usize].phase = Phase::Answer;
        self.set_deadline(id.key, self.config.answer_timeout);
    }

    fn refuse_upgrade(&mut self, id: Id, refusal: Refusal, request: &Request<'_>) {
        let origin = request.header("origin").unwrap_or("-");
        log::info!(
            "connection {id}: no WebSocket: {} (origin {origin:?})",
            refusal.reason()
        );
        self.stats.refused += 1;
        self.conns[id.key as usize].mark(Mark::KeepAlive, false);
        self.answer(id, refusal.response());
    }
}

/// Bytes of answers that a peer has not taken, beyond which its further requests wait.
const MAX_UNTAKEN: usize = 64 * 1024;
/// Events of a queue that is kept.
const KEEP_QUEUED: usize = 256;
