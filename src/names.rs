//! What people are called: one name for each who gave one, and no name twice. Who wants one that
//! is taken gets it with a number behind it.

use std::collections::HashMap;
use std::hash::Hash;

/// Names, by whom and by name.
#[derive(Debug)]
pub(crate) struct Names<K> {
    of: HashMap<K, String>,
    /// By what two names must not both be.
    taken: HashMap<String, K>,
}

impl<K: Copy + Eq + Hash> Names<K> {
    pub(crate) fn new() -> Self {
        Self {
            of: HashMap::new(),
            taken: HashMap::new(),
        }
    }

    /// Gives somebody this name, or one like it; `spare` is a text that nobody else has. Says what
    /// it was called before.
    pub(crate) fn take(&mut self, who: K, wanted: &str, spare: &str) -> Option<String> {
        let free = |name: &String| self.taken.get(&key(name)).is_none_or(|by| *by == who);
        let name = Some(wanted.to_owned())
            .into_iter()
            .chain((2..MAX_NUMBER).map(|n| format!("{wanted}-{n}")))
            .find(free)
            .unwrap_or_else(|| format!("{wanted}-{spare}"));
        let former = self.forget(who);
        self.taken.insert(key(&name), who);
        self.of.insert(who, name);
        former
    }

    pub(crate) fn of(&self, who: K) -> Option<&str> {
        self.of.get(&who).map(String::as_str)
    }

    pub(crate) fn forget(&mut self, who: K) -> Option<String> {
        let name = self.of.remove(&who)?;
        self.taken.remove(&key(&name));
        Some(name)
    }
}

/// Names that differ by no more than the case of letters, by spaces, or by what joins two letters,
/// look alike.
fn key(name: &str) -> String {
    let shown = name
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '\u{200d}' | '\u{fe0f}'));
    shown.flat_map(char::to_lowercase).collect()
}

/// Beyond it, looking for a number that is free would take long.
const MAX_NUMBER: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_have_the_same_name() {
        let mut names = Names::new();
        assert_eq!(names.take(1, "Ada", "x"), None);
        assert_eq!(names.take(2, "ada", "x"), None);
        assert_eq!(names.take(3, "A\u{200d}da", "x"), None);
        let called = |names: &Names<u32>| [1, 2, 3].map(|who| names.of(who).map(str::to_owned));
        let expected = ["Ada", "ada-2", "A\u{200d}da-3"];
        assert_eq!(called(&names), expected.map(|name| Some(name.to_owned())));
        assert_eq!(names.take(1, "ADA", "x").as_deref(), Some("Ada"), "its own");
        assert_eq!(names.of(1), Some("ADA"));
        for (who, name) in [(4, "Ada L"), (5, "Ada\u{a0}L"), (6, "Ada  L")] {
            names.take(who, name, "x");
        }
        assert_eq!(names.of(5), Some("Ada\u{a0}L-2"));
        assert_eq!(names.of(6), Some("Ada  L-3"));
        assert_eq!(names.forget(1).as_deref(), Some("ADA"));
        assert_eq!(names.forget(1), None);
        assert_eq!(names.take(2, "Ada", "x").as_deref(), Some("ada-2"));
        assert_eq!(names.of(2), Some("Ada"));
        assert_eq!(names.taken.len(), names.of.len());
    }

    #[test]
    fn after_a_hundred_of_one_name_the_next_is_called_by_its_own_letters() {
        let mut names = Names::new();
        for n in 0..110 {
            names.take(n, "Ada", &format!("s{n}"));
        }
        assert_eq!(names.of(98), Some("Ada-99"));
        assert_eq!(names.of(99), Some("Ada-s99"));
        assert_eq!(names.taken.len(), 110);
    }
}
