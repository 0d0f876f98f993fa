//! What one message to a room costs, beside the least that it can cost.
//!
//! Real sockets on loopback. The server runs the ten-line program in a thread of its own, all
//! clients are in another. A message goes from a socket in the room to all others in it; there is
//! one socket more than receivers, so each message has exactly that many. Each carries its publisher, its number and its time: every receiver checks that nothing is
//! lost, doubled or out of order, and the bench panics if anything is.
//!
//! The load is a closed loop: a publisher sends its next message when one of those under way has
//! reached the last receiver. So slow receivers never matter here, and what is measured is work.
//!
//! Beside it stands the floor: a bare loop which writes bytes that are ready to as many sockets, as
//! often, and as much at a time as the server did in the round before. Rounds of both alternate, so
//! what else the machine does hits both. The processor time is that of the one thread, as the kernel
//! counts it, system calls included.
//!
//! `cargo bench` takes two or three minutes; `cargo bench -- --quick` some seconds, and proves only
//! that it runs.

mod crowd;
mod flood;
mod floor;
mod frame;
mod host;
mod idle;
mod machine;
mod row;
mod stage;
mod tally;

use std::io;

use row::{HEADER, Load};
use stage::Stage;

fn main() -> io::Result<()> {
    let args: Vec<_> = std::env::args().collect();
    let has = |name: &str| args.iter().any(|arg| arg == name);
    // `cargo test --all-targets` runs this too, without `--bench`: that is a smoke test.
    let plan = match has("--quick") || !has("--bench") {
        true => QUICK,
        false => FULL,
    };
    let limit = machine::max_files();
    // First, before anything has grown that the allocator could give to it.
    let idle = idle::measure(plan.idle, limit)?;
    println!("{}", machine::describe());
    println!(
        "medians of {} alternating rounds; server / floor is the median of their ratios\n{HEADER}",
        plan.rounds
    );
    for receivers in plan.receivers {
        match Stage::FILES_EACH * receivers + SPARE_FILES < limit {
            true => stage(*receivers, &plan)?,
            false => println!("{receivers:>9}  left out: at most {limit} files may be open"),
        }
    }
    println!("\n{idle}\n{}", flood::measure(plan.flooded)?);
    Ok(())
}

/// All rows with so many receivers; they share their sockets.
fn stage(receivers: usize, plan: &Plan) -> io::Result<()> {
    let mut stage = Stage::open(receivers)?;
    for size in plan.sizes {
        for (publishers, window) in LOADS {
            let load = Load::new(receivers, publishers, window, *size).divided(plan.share);
            println!("{}", stage.measure(load, plan.rounds)?);
        }
    }
    stage.close()
}

/// How much is measured.
struct Plan {
    receivers: &'static [usize],
    sizes: &'static [usize],
    /// Measured rounds of each row, after one that is not measured.
    rounds: usize,
    /// The deliveries of a round are divided by this.
    share: u32,
    /// Numbers of idle connections.
    idle: &'static [usize],
    /// Messages during each flood.
    flooded: usize,
}

const FULL: Plan = Plan {
    receivers: &[10, 100, 1000],
    sizes: &[32, 512, 16 * 1024],
    rounds: 7,
    share: 1,
    idle: &[1000, 5000],
    flooded: 5000,
};

const QUICK: Plan = Plan {
    receivers: &[10, 100],
    sizes: &[32, 16 * 1024],
    rounds: 1,
    share: 20,
    idle: &[200],
    flooded: 100,
};

/// Publishers, and how many messages each has under way: one at a time, a stream, a crowd.
const LOADS: [(usize, usize); 3] = [(1, 1), (1, 16), (10, 16)];

/// Files that are open besides the sockets.
const SPARE_FILES: usize = 32;
