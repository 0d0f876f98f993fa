//! The floors of the design: imports point only down. Read from the `use` lines.

use std::fs;
use std::path::{Path, PathBuf};

/// The floor of every module, as in the picture of `src/lib.rs`. A file in a folder stands with
/// its folder.
const FLOORS: [&[&str]; 6] = [
    &["http", "ws"],
    &[
        "bucket", "config", "gate", "id", "network", "outbox", "policy", "rooms", "seldom",
        "stats", "table", "timer",
    ],
    &[
        "broadcast",
        "compress",
        "conn",
        "deliver",
        "drain",
        "ending",
        "entry",
        "event",
        "hub",
        "memory",
        "origin",
        "pace",
        "proxy",
        "reply",
        "turn",
    ],
    &["handle", "server", "sim"],
    &["files", "socketio"],
    &[
        "chat", "history", "limits", "logger", "main", "names", "options", "page", "people",
        "places",
    ],
];

/// Files that use the crate as any program does: by what `lib.rs` exports.
const PUBLIC_ONLY: usize = 4;

fn floor(module: &str) -> usize {
    FLOORS
        .iter()
        .position(|modules| modules.contains(&module))
        .unwrap_or_else(|| panic!("{module} stands on no floor"))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(sources(&path)),
            false => files.push(path),
        }
    }
    files
}

/// The module that a file belongs to: the first part of its path below `src`.
fn module_of(file: &Path) -> String {
    let below = file.strip_prefix(src()).unwrap();
    let first = below.components().next().unwrap();
    Path::new(&first)
        .file_stem()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned()
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// What a file names besides its tests and its comments.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap();
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// The modules behind every `crate::`.
fn named(code: &str) -> impl Iterator<Item = &str> {
    code.split("crate::").skip(1).map(|rest| {
        rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
            .next()
            .unwrap()
    })
}

fn checked() -> impl Iterator<Item = (PathBuf, String, String)> {
    sources(&src())
        .into_iter()
        .filter(|file| !file.ends_with("tests.rs") && !file.ends_with("lib.rs"))
        .map(|file| (file.clone(), module_of(&file), code(&file)))
}

#[test]
fn imports_point_only_down() {
    let mut count = 0;
    for (file, module, code) in checked() {
        for name in named(&code).filter(|name| name.starts_with(char::is_lowercase)) {
            count += 1;
            assert!(
                floor(name) <= floor(&module),
                "{} looks up at {name}",
                file.display()
            );
        }
    }
    assert!(
        count > 50,
        "only {count} imports were found: the test reads the wrong thing"
    );
}

#[test]
fn layers_and_programs_use_the_public_api_only() {
    for (file, module, code) in checked().filter(|(_, module, _)| floor(module) >= PUBLIC_ONLY) {
        let own = |name: &str| {
            FLOORS.iter().any(|modules| modules.contains(&name)) && floor(name) != floor(&module)
        };
        assert!(
            !named(&code).any(own),
            "{} reaches into the crate",
            file.display()
        );
    }
}

#[test]
fn sockets_the_clock_and_randomness_stand_with_the_loop() {
    const LOOP: usize = 3;
    for (file, module, code) in checked().filter(|(_, module, _)| floor(module) < LOOP) {
        for word in [
            "mio::",
            "std::net",
            "Instant::now",
            "SystemTime",
            "rand::",
            "std::fs",
            "std::thread",
        ] {
            assert!(
                !code.contains(word),
                "{} of {module} has {word}",
                file.display()
            );
        }
    }
}

#[test]
fn no_file_outgrows_the_reader() {
    let tests = src().with_file_name("tests");
    let tests = ["suite", "simulation"].map(|target| sources(&tests.join(target)));
    for file in sources(&src())
        .into_iter()
        .chain(tests.into_iter().flatten())
    {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(
            lines <= 400,
            "{} has {lines} lines: which two questions does it answer?",
            file.display()
        );
    }
}

#[test]
fn nothing_borrows_at_run_time() {
    for (file, _, code) in checked() {
        for word in [
            "RefCell",
            "unsafe",
            "static mut",
            "todo!",
            "unimplemented!",
            "dbg!",
        ] {
            assert!(!code.contains(word), "{} has {word}", file.display());
        }
    }
}
