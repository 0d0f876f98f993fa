//! What it costs to bring messages to a room, beside the least that it can cost.
//!
//! Real sockets on loopback. Each server is a process on a processor of its own (`servers`), all
//! clients are in this one, on another (`clients`). A message goes from a socket in the room to all
//! others in it. Every byte that a client gets is compared with what it must be: a message that is
//! lost, doubled, out of order or damaged fails the benchmark.
//!
//! Each row of the table (`rows`) is measured with the floor, which is a bare loop that writes ready
//! bytes, and with our servers; their rounds alternate (`contest`), so that what else the machine
//! does hits all of them. Time is that on a processor, of all threads of the server, as the kernel
//! counts it, system calls included.
//!
//! `cargo bench` takes some minutes; `cargo bench -- --quick` less than one, and proves only that it
//! runs. `cargo bench -- 160` measures what has that in its name: a row of fan-out, `latency`,
//! `connections`, `idle`, `stalled`, `command` or `floods`. `cargo bench -- --peers` measures some of the rows with the servers of others, which
//! `benches/peers/setup` fetches and builds.

mod clients;
mod contest;
mod machine;
mod plan;
mod rows;
mod servers;
mod table;

use std::io;

use contest::Contest;
use machine::SPARE_FILES;
use plan::Plan;
use rows::{churn, fanout, flood, footprint, idle, latency, stalled};
use servers::own::Own;
use servers::{Floors, Program, Writes, own, peers};
use table::{ByLine, ByServer};

fn main() -> io::Result<()> {
    let args: Vec<_> = std::env::args().collect();
    let has = |name: &str| args.iter().any(|arg| arg == name);
    if let [_, option, server] = &args[..] {
        if option == "--serve" {
            return own::serve(server);
        }
    }
    if !machine::tells() {
        println!("there is no /proc here that says what a process takes: nothing is measured");
        return Ok(());
    }
    machine::go_to_clients_core();
    // `cargo test --all-targets` runs this too, without `--bench`: that is a smoke test.
    let has_peers = has("--peers");
    let is_quick = has("--quick") || !has("--bench");
    let plan = match (has_peers, is_quick) {
        (false, false) => Plan::FULL,
        (false, true) => Plan::QUICK,
        (true, false) => Plan::PEERS,
        (true, true) => Plan::QUICK_PEERS,
    };
    let only = args.into_iter().skip(1).find(|arg| !arg.starts_with("--"));
    let plan = Plan { only, ..plan };
    introduce(&plan);
    match has_peers {
        true => run_peers(&plan),
        false => run(&plan),
    }
}

/// Our own servers, in every row.
fn run(plan: &Plan) -> io::Result<()> {
    let files = machine::max_files();
    let floors = Floors::new()?;
    let [relay, socket_io, recovery, patient, patient_socket_io] = [
        Own::Relay,
        Own::SocketIo,
        Own::Recovery,
        Own::PatientRelay,
        Own::PatientSocketIo,
    ]
    .map(Program::own);
    let (relay, socket_io, recovery) = (&relay?, &socket_io?, &recovery?);
    let mut contest = Contest::default();
    let mut lines = Vec::new();
    for row in plan.fan_out() {
        let programs = [floors.that_writes(row.floor), relay, socket_io];
        match row.receivers + SPARE_FILES < files {
            true => lines.push(fanout::measure(&mut contest, &programs, row, plan)?),
            false => println!("{}: left out, as only {files} files may be open", row.name),
        }
    }
    let floor = floors.that_writes(Writes::PerMessage);
    let programs = [floor, relay, socket_io];
    if plan.wants("latency") {
        lines.push(latency::measure(&mut contest, &programs, plan)?);
    }
    if plan.wants("connections") {
        lines.extend(churn::measure(&mut contest, &programs, plan)?);
    }
    if plan.wants("idle") {
        let programs = [floor, relay, recovery];
        lines.push(idle::measure(&mut contest, &programs, plan)?);
    }
    if plan.wants("stalled") {
        let patient = [&patient?, &patient_socket_io?];
        lines.push(stalled::measure(&mut contest, &patient, plan.stalled)?);
    }
    if plan.wants("command") {
        lines.extend(footprint::measure(plan.release)?);
    }
    let table = ByLine {
        servers: &["relay", "Socket.IO"],
        lines: &lines,
    };
    println!("{table}");
    if plan.wants("floods") {
        println!("{}", flood::measure(plan.flooded)?);
    }
    Ok(())
}

/// Some of the rows, with the servers of others beside ours.
fn run_peers(plan: &Plan) -> io::Result<()> {
    let (others, missing) = peers::all();
    for name in missing {
        println!("missing: {name} (benches/peers/setup says why)");
    }
    let floors = Floors::new()?;
    let (relay, socket_io) = (Program::own(Own::Relay)?, Program::own(Own::SocketIo)?);
    let names = [&relay, &socket_io].map(|program| format!("roomcast, {}", program.name));
    let with_floor = |writes| {
        let programs = [floors.that_writes(writes), &relay, &socket_io];
        programs.into_iter().chain(&others).collect::<Vec<_>>()
    };
    let mut contest = Contest::default();
    let mut lines = Vec::new();
    for row in plan.fan_out().filter(|row| row.with_peers) {
        let programs = with_floor(row.floor);
        lines.push(fanout::measure(&mut contest, &programs, row, plan)?);
    }
    let programs = with_floor(Writes::PerMessage);
    if plan.wants("idle") {
        lines.push(idle::measure(&mut contest, &programs, plan)?);
    }
    if plan.wants("connections") {
        let [handshakes, ..] = churn::measure(&mut contest, &programs, plan)?;
        lines.push(handshakes);
    }
    let names = names
        .iter()
        .chain(others.iter().map(|program| &program.name));
    let table = ByServer {
        servers: &names.map(String::as_str).collect::<Vec<_>>(),
        lines: &lines,
    };
    println!("{table}");
    match contest.is_wrong {
        true => Err(io::Error::other(
            "a message was not delivered as it was sent",
        )),
        false => Ok(()),
    }
}

fn introduce(plan: &Plan) {
    println!(
        "roomcast {} on {}\ntime on the server's processor for each message that a receiver gets, \
         and memory of the server: medians of {} alternating rounds; in brackets the middle half \
         of the rounds\n",
        env!("CARGO_PKG_VERSION"),
        machine::describe(),
        plan.rounds
    );
    if plan.rounds < Plan::FULL.rounds {
        println!(
            "this run is quick: it proves that all is delivered, and its numbers say little\n"
        );
    }
}
