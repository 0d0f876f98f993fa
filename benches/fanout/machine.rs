//! What the system tells about itself and this process; all of it read from `/proc`.

use std::fs;
use std::thread;

/// Nanoseconds that the calling thread was on a processor, in the kernel or not.
pub(crate) fn cpu() -> Option<u64> {
    // The kernel brings the number up to date when it schedules; otherwise it is up to a tick old.
    thread::yield_now();
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok()
}

/// Bytes of memory of this process that no file stands behind, counted page by page.
pub(crate) fn anonymous() -> Option<u64> {
    // `RssAnon` of `status` is gathered from the processors and may be off by many pages.
    let text = fs::read_to_string("/proc/self/smaps_rollup").ok()?;
    let kilobytes: u64 = field(&text, "Anonymous:")?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// How many files may be open.
pub(crate) fn max_files() -> usize {
    let text = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let limit = field(&text, "Max open files").and_then(|limit| limit.parse().ok());
    limit.unwrap_or(1024)
}

/// One line: the processor, how many of them, the kernel.
pub(crate) fn describe() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split_once(": "));
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "{}, {cores} cores, {} {}",
        model.map_or("unknown processor", |(_, model)| model),
        std::env::consts::OS,
        kernel.trim()
    )
}

/// The first word behind a name at the beginning of a line.
fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line?.split_whitespace().next()
}
