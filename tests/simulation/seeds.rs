//! Runs worlds by their seeds: a number of them, on all processors; one of them again, which
//! `SEED=7` says; or one after the other for as long as one likes (`make soak`).

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// How often things happened, by what they are called.
pub(crate) type Counts = BTreeMap<String, usize>;

/// A kind of world: its name, which is that of its module, and what runs one.
#[derive(Clone, Copy)]
pub(crate) struct World {
    pub(crate) name: &'static str,
    /// How many seeds there are to one of it, where all kinds are run in turn.
    pub(crate) every: u64,
    pub(crate) run: fn(u64) -> Counts,
}

impl World {
    /// Runs so many seeds, or as many as `SEEDS` says, and holds that enough happened in them.
    pub(crate) fn check(self, seeds: u64, least: &[(&str, usize)]) {
        if let Some(seed) = number("SEED") {
            println!("{:#?}", self.one(seed));
            return;
        }
        let seeds = number("SEEDS").unwrap_or(seeds);
        let counts = self.all(seeds);
        println!("{counts:#?}");
        for (what, least) in least {
            let count = counts.get(*what).copied().unwrap_or_default();
            let per_hundred = count * 100 / seeds as usize;
            assert!(
                per_hundred >= *least,
                "{what}: only {count} in {seeds} runs"
            );
        }
    }

    /// Adds up what happens under the seeds from 0 on.
    fn all(self, seeds: u64) -> Counts {
        let sum = Mutex::new(Counts::new());
        each(0, |seed| {
            let more = seed < seeds;
            if more {
                let counts = self.one(seed);
                add(&mut sum.lock().expect("no sum fails"), counts);
            }
            more
        });
        sum.into_inner().expect("no sum fails")
    }

    fn one(self, seed: u64) -> Counts {
        let _again = Again(self.name, seed);
        (self.run)(seed)
    }
}

/// Runs all these worlds, with seeds that begin anywhere, for `MINUTES`.
pub(crate) fn soak(worlds: &[World]) {
    let begun = Instant::now();
    let span = Duration::from_secs(60 * number("MINUTES").unwrap_or(10));
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let first = number("SEED").unwrap_or_else(|| now.unwrap_or_default().as_secs() * 1000);
    println!("seeds from {first} on, for {} s", span.as_secs());
    let (done, told) = (AtomicU64::new(1), AtomicU64::new(0));
    each(first, |seed| {
        let due = |world: &&World| seed % world.every == 0;
        worlds
            .iter()
            .filter(due)
            .for_each(|world| _ = world.one(seed));
        let (elapsed, seeds) = (begun.elapsed(), done.fetch_add(1, Relaxed));
        if told.fetch_max(elapsed.as_secs() / TELL, Relaxed) < elapsed.as_secs() / TELL {
            println!("{} s: {seeds} seeds", elapsed.as_secs());
        }
        elapsed < span
    });
}

/// Calls for one seed after the other from as many threads as there are processors, until it says
/// no or fails.
fn each(first: u64, run: impl Fn(u64) -> bool + Sync) {
    let (next, over) = (AtomicU64::new(first), AtomicBool::new(false));
    let work = || {
        let _over = Over(&over);
        let mut more = true;
        while more && !over.load(Relaxed) {
            more = run(next.fetch_add(1, Relaxed));
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| (0..threads).for_each(|_| _ = scope.spawn(work)));
}

fn add(sum: &mut Counts, counts: Counts) {
    for (what, count) in counts {
        *sum.entry(what).or_default() += count;
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("a number"))
}

/// Says how to repeat a run that fails.
struct Again(&'static str, u64);

impl Drop for Again {
    fn drop(&mut self) {
        if thread::panicking() {
            let Self(name, seed) = self;
            eprintln!("repeat with: SEED={seed} cargo test --test simulation {name}");
        }
    }
}

/// When one has failed the others stop.
struct Over<'o>(&'o AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.store(true, Relaxed);
        }
    }
}

/// Seconds between two lines of progress.
const TELL: u64 = 10;
