//! Namespaces: fixed ones, and those that a predicate lets be, which go with their last socket.

use std::collections::HashMap;
use std::ops::{Index, IndexMut};
use std::sync::Arc;

use slab::Slab;

use super::event::Socket;
use crate::{Id, Policies, Rooms};

/// Says whether a namespace of that name may be.
pub(super) type Predicate = Box<dyn FnMut(&str) -> bool + Send>;

/// All namespaces, by key and by name.
pub(super) struct Namespaces {
    list: Slab<Namespace>,
    keys: HashMap<Arc<str>, u32>,
    pub(super) predicate: Option<Predicate>,
}

/// A namespace: the sockets in it and their rooms.
pub(super) struct Namespace {
    pub(super) name: Arc<str>,
    pub(super) rooms: Rooms<Socket>,
    pub(super) policies: Policies,
    /// By seat: the WebSocket of a socket whose events go there as they are, the most of them. The
    /// others, and those who are not in yet, need a closer look.
    lines: Vec<Option<Id>>,
    /// Sockets in it or about to be.
    sockets: u32,
    /// Seats that were left; with those that are taken they are all numbers from 0 on.
    free: Vec<u32>,
    /// It is there because the predicate says so.
    dynamic: bool,
}

impl Namespaces {
    /// The root namespace alone.
    pub(super) fn new() -> Self {
        let mut namespaces = Self {
            list: Slab::new(),
            keys: HashMap::new(),
            predicate: None,
        };
        namespaces.add("/", false);
        namespaces
    }

    /// Adds a namespace that stays; one that is there already does so from now on.
    pub(super) fn fix(&mut self, name: &str) {
        match self.find(name) {
            Some(key) => self[key].dynamic = false,
            None => _ = self.add(name, false),
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<u32> {
        self.keys.get(name).copied()
    }

    /// The namespace that a client asks for, made if the predicate lets it be.
    pub(super) fn find_or_make(&mut self, name: &str) -> Option<u32> {
        self.find(name).or_else(|| {
            let may_be = self.predicate.as_mut()?(name);
            may_be.then(|| self.add(name, true))
        })
    }

    /// A socket has left its seat. A namespace that nobody is in is forgotten, unless it is fixed.
    pub(super) fn release(&mut self, key: u32, seat: u32) {
        self[key].set_line(seat, None);
        self[key].sockets -= 1;
        self[key].free.push(seat);
        if self[key].dynamic && self[key].sockets == 0 {
            let namespace = self.list.remove(key as usize);
            self.keys.remove(&namespace.name);
        }
    }

    fn add(&mut self, name: &str, dynamic: bool) -> u32 {
        let name: Arc<str> = name.into();
        let key = self.list.insert(Namespace {
            name: Arc::clone(&name),
            rooms: Rooms::new(),
            policies: Policies::default(),
            lines: Vec::new(),
            sockets: 0,
            free: Vec::new(),
            dynamic,
        }) as u32;
        self.keys.insert(name, key);
        key
    }
}

impl Namespace {
    /// The WebSocket behind a seat, if events go there as they are.
    #[inline]
    pub(super) fn line(&self, seat: u32) -> Option<Id> {
        self.lines.get(seat as usize).copied().flatten()
    }

    pub(super) fn set_line(&mut self, seat: u32, line: Option<Id>) {
        let seat = seat as usize;
        if line.is_some() && self.lines.len() <= seat {
            self.lines.resize(seat + 1, None);
        }
        if let Some(known) = self.lines.get_mut(seat) {
            *known = line;
        }
    }

    /// A number for one more socket.
    pub(super) fn seat(&mut self) -> u32 {
        let seat = self.free.pop().unwrap_or(self.sockets);
        self.sockets += 1;
        seat
    }
}

impl Index<u32> for Namespaces {
    type Output = Namespace;

    fn index(&self, key: u32) -> &Namespace {
        &self.list[key as usize]
    }
}

impl IndexMut<u32> for Namespaces {
    fn index_mut(&mut self, key: u32) -> &mut Namespace {
        &mut self.list[key as usize]
    }
}
