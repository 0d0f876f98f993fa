//! The command in a process of its own, and what the kernel says about it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::PATIENCE;

/// A running server; killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) port: u16,
}

impl Process {
    /// Starts it and waits for its banner, which ends with the port.
    pub(crate) fn start(flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_roomcast"))
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut banner = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut banner)
            .unwrap();
        let port = banner.trim_end().rsplit(':').next().unwrap();
        let port = port.parse().unwrap();
        Self { child, port }
    }

    /// How many files it has open.
    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(self.file("fd")).unwrap().count()
    }

    /// Waits until it has exactly so many, and will have: whoever is gone is noticed in a while.
    /// Another process can only be asked again and again.
    #[track_caller]
    pub(crate) fn comes_to(&self, descriptors: usize) {
        let end = Instant::now() + PATIENCE;
        while self.descriptors() != descriptors {
            assert!(
                Instant::now() < end,
                "{} descriptors are open when all are gone, {descriptors} before",
                self.descriptors()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// KiB of memory that are in use now.
    pub(crate) fn resident(&self) -> u64 {
        self.status("VmRSS")
    }

    /// KiB of memory that were ever in use at a time.
    pub(crate) fn peak(&self) -> u64 {
        self.status("VmHWM")
    }

    /// Time of the processor that it has taken (proc(5): fields 14 and 15, in hundredths).
    pub(crate) fn processor(&self) -> Duration {
        let stat = fs::read_to_string(self.file("stat")).unwrap();
        let (_, fields) = stat.rsplit_once(") ").unwrap();
        let ticks = fields.split(' ').skip(11).take(2);
        let ticks: u64 = ticks.map(|ticks| ticks.parse::<u64>().unwrap()).sum();
        Duration::from_millis(10 * ticks)
    }

    fn status(&self, name: &str) -> u64 {
        let status = fs::read_to_string(self.file("status")).unwrap();
        let mut lines = status.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let value = value.unwrap().trim().trim_end_matches(" kB");
        value.parse().unwrap()
    }

    fn file(&self, name: &str) -> String {
        format!("/proc/{}/{name}", self.child.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
