//! Lines on standard error: what the library and the chat log, from a level on.

use std::io::{self, Write};

use log::{LevelFilter, Log, Metadata, Record};

struct Logger;

/// Logs from now on.
pub(crate) fn start(level: LevelFilter) {
    // Fails only if a logger is there already; then that one is as good.
    if log::set_logger(&Logger).is_ok() {
        log::set_max_level(level);
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // What mio says about its poll is of no use to anybody here.
        metadata.target().starts_with("roomcast")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let level = record.level().as_str().to_lowercase();
            // A log that cannot be written must not end the server.
            let _ = writeln!(io::stderr(), "{level}: {}", record.args());
        }
    }

    fn flush(&self) {}
}
