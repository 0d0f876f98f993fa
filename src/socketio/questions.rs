//! Events that want an answer from their receivers: who was asked, who answered, until when.

use std::collections::HashSet;

use super::SocketIo;
use super::args::Args;
use super::event::{Answer, Queued, Socket};
use crate::Hub;

/// A question that is not settled.
#[derive(Debug)]
pub(super) struct Question {
    id: u64,
    pub(super) pending: HashSet<Socket>,
    pub(super) answers: Vec<Answer>,
    pub(super) deadline: u64,
}

impl SocketIo {
    /// Remembers who was asked; settled at once if that is nobody.
    pub(super) fn ask(&mut self, hub: &mut Hub, id: u64, pending: Vec<Socket>, timeout: u64) {
        let deadline = hub.now().saturating_add(timeout);
        hub.wake_at(deadline);
        self.questions.push(Question {
            id,
            pending: pending.into_iter().collect(),
            answers: Vec::new(),
            deadline,
        });
        self.settle_question(id, false);
    }

    /// An answer has come; one that nobody waits for is ignored.
    pub(super) fn answered(&mut self, socket: Socket, id: Option<u64>, args: &Args<'_>) {
        let Some(id) = id else { return };
        let Some(at) = self.question(id) else { return };
        let question = &mut self.questions[at];
        if !question.pending.remove(&socket) {
            return;
        }
        let (json, attachments) = (args.json().to_owned(), args.attachments().to_vec());
        question.answers.push(Answer {
            socket,
            json,
            attachments,
        });
        self.settle_question(id, false);
    }

    /// A socket is gone and will answer nothing.
    pub(super) fn excuse(&mut self, socket: Socket) {
        let questions = self.questions.iter_mut();
        let asked = questions.filter_map(|question| {
            let was_asked = question.pending.remove(&socket);
            was_asked.then_some(question.id)
        });
        for id in asked.collect::<Vec<_>>() {
            self.settle_question(id, false);
        }
    }

    pub(super) fn expire_questions(&mut self, hub: &mut Hub) {
        let now = hub.now();
        let due: Vec<u64> = self
            .questions
            .iter()
            .filter(|question| question.deadline <= now)
            .map(|question| question.id)
            .collect();
        due.into_iter()
            .for_each(|id| self.settle_question(id, true));
        let next = self
            .questions
            .iter()
            .map(|question| question.deadline)
            .min();
        next.into_iter().for_each(|deadline| hub.wake_at(deadline));
    }

    /// Tells the answers if all have come, or if the time is up.
    fn settle_question(&mut self, id: u64, late: bool) {
        let at = self.question(id);
        let is_settled = |at: &usize| late || self.questions[*at].pending.is_empty();
        if let Some(at) = at.filter(is_settled) {
            let question = self.questions.remove(at);
            let (answers, missing) = (question.answers, question.pending.len());
            self.queue.push_back(Queued::Answers {
                question: id,
                answers,
                missing,
            });
        }
    }

    /// Where a question stands: they are in the order of asking.
    fn question(&self, id: u64) -> Option<usize> {
        self.questions
            .binary_search_by_key(&id, |question| question.id)
            .ok()
    }
}
