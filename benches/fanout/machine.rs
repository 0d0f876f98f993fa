//! What the system tells about itself and about processes, read from `/proc`, and where they run.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use rlimit::Resource;

/// A process, by its number.
#[derive(Clone, Copy)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    /// Nanoseconds that its threads were on a processor, in the kernel or not, once it has nothing
    /// more to do: the kernel brings the number of a thread up to date when it goes to sleep.
    pub(crate) fn cpu(self) -> io::Result<u64> {
        self.rest()?;
        self.cpu_now()
    }

    /// The same as it stands, up to a tick of the kernel old.
    pub(crate) fn cpu_now(self) -> io::Result<u64> {
        let mut sum = 0;
        for thread in self.threads()? {
            let text = fs::read_to_string(format!("{thread}/schedstat"))?;
            sum += number(text.split(' ').next())?;
        }
        Ok(sum)
    }

    /// Waits until all its threads sleep, and have not run for a while.
    pub(crate) fn rest(self) -> io::Result<()> {
        let mut before = None;
        for _ in 0..MAX_NAPS {
            thread::sleep(NAP);
            let now = Some(self.cpu_now()?);
            if now == before && self.sleeps()? {
                return Ok(());
            }
            before = now;
        }
        Ok(())
    }

    fn sleeps(self) -> io::Result<bool> {
        for thread in self.threads()? {
            let text = fs::read_to_string(format!("{thread}/stat"))?;
            // Behind the name, which may have anything in it.
            if text
                .rsplit_once(") ")
                .is_none_or(|(_, rest)| rest.starts_with(['R', 'D']))
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn threads(self) -> io::Result<Vec<String>> {
        let folder = fs::read_dir(format!("/proc/{}/task", self.0))?;
        let path = |entry: io::Result<fs::DirEntry>| Ok(entry?.path().display().to_string());
        folder.map(path).collect()
    }

    /// Bytes of its memory that no file stands behind, counted page by page.
    pub(crate) fn anonymous(self) -> io::Result<u64> {
        // `RssAnon` of `status` is gathered from the processors and may be off by many pages.
        self.kilobytes("smaps_rollup", "Anonymous:")
    }

    /// Bytes of its memory, those of its files included.
    pub(crate) fn resident(self) -> io::Result<u64> {
        self.kilobytes("smaps_rollup", "Rss:")
    }

    /// The most that [`Process::resident`] has ever been.
    pub(crate) fn peak(self) -> io::Result<u64> {
        self.kilobytes("status", "VmHWM:")
    }

    fn kilobytes(self, file: &str, name: &str) -> io::Result<u64> {
        let text = fs::read_to_string(format!("/proc/{}/{file}", self.0))?;
        Ok(1024 * number(field(&text, name))?)
    }
}

/// Whether the system tells what is to be measured.
pub(crate) fn tells() -> bool {
    fs::exists("/proc/self/smaps_rollup").unwrap_or(false)
}

/// How many files this process and those it starts may open: as many as they are let.
pub(crate) fn max_files() -> usize {
    static LIMIT: OnceLock<u64> = OnceLock::new();
    let limit = LIMIT.get_or_init(|| {
        // Who may not raise the limit has what there is.
        if let Ok((soft, 0..FILES)) = Resource::NOFILE.get() {
            let _ = Resource::NOFILE.set(soft, FILES);
        }
        rlimit::increase_nofile_limit(FILES).unwrap_or_default()
    });
    *limit as usize
}

/// Moves this process to the processor of the clients.
pub(crate) fn go_to_clients_core() {
    if let Some((_, clients)) = cores() {
        let pid = std::process::id().to_string();
        quietly("taskset", &["-cp", clients, &pid]);
    }
}

/// What stands before the command of a server: it runs on its own processor, and ends with us.
pub(crate) fn on_servers_core() -> Vec<OsString> {
    cores().map_or(Vec::new(), |(servers, _)| {
        let words = ["setpriv", "--pdeathsig", "KILL", "taskset", "-c", servers];
        words.map(OsString::from).to_vec()
    })
}

/// The processors of servers and of clients, if there are two and the commands to say so.
fn cores() -> Option<(&'static str, &'static str)> {
    static CORES: OnceLock<Option<(String, String)>> = OnceLock::new();
    let cores = CORES.get_or_init(|| {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let list = field(&status, "Cpus_allowed_list:")?;
        let (first, last) = (
            list.split(['-', ',']).next()?,
            list.rsplit(['-', ',']).next()?,
        );
        let can = quietly(
            "setpriv",
            &["--pdeathsig", "KILL", "taskset", "-c", first, "true"],
        );
        (first != last && can).then(|| (first.to_owned(), last.to_owned()))
    });
    let (servers, clients) = cores.as_ref()?;
    Some((servers, clients))
}

/// Runs a command, and says whether it could do what it is for.
fn quietly(command: &str, args: &[&str]) -> bool {
    let mut command = Command::new(command);
    let command = command
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// One line: the processor, how many of them, the kernel, and who runs where.
pub(crate) fn describe() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split_once(": "));
    let count = text.lines().filter(|line| line.starts_with("processor"));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "{}, {} processors, {} {}; {}; {}",
        model.map_or("unknown processor", |(_, model)| model),
        count.count(),
        std::env::consts::OS,
        kernel.trim(),
        says("rustc", "--version"),
        match cores() {
            Some((servers, clients)) =>
                format!("servers on processor {servers}, clients on {clients}"),
            None => "servers and clients wherever the system likes".to_owned(),
        }
    )
}

/// What a command says of itself.
pub(crate) fn says(command: &str, arg: &str) -> String {
    let output = Command::new(command).arg(arg).output();
    let output = output.map_or(Vec::new(), |output| output.stdout);
    String::from_utf8_lossy(&output).trim().to_owned()
}

/// The first word behind a name at the beginning of a line.
fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line?.split_whitespace().next()
}

fn number(word: Option<&str>) -> io::Result<u64> {
    let number = word.and_then(|word| word.trim().parse().ok());
    number.ok_or_else(|| io::Error::other("/proc says it in another way"))
}

/// Files that are wanted: three servers with ten thousand clients each.
const FILES: u64 = 40_000;
/// Files that are open besides the sockets.
pub(crate) const SPARE_FILES: usize = 64;
/// How long a server must not have run.
const NAP: Duration = Duration::from_millis(1);
/// A server that never sleeps is measured all the same.
const MAX_NAPS: usize = 2000;
