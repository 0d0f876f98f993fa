//! The command: how large it is, and how much memory it takes when nobody is there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::machine::Process;
use crate::servers::process::{end, spawn};
use crate::table::{Aim, Line, Unit};

/// Two lines, of the command as it is released, or as it was built for this benchmark.
pub(crate) fn measure(release: bool) -> io::Result<[Line; 2]> {
    let (path, which) = match release {
        true => (build()?, "the command"),
        false => (
            PathBuf::from(env!("CARGO_BIN_EXE_roomcast")),
            "the command, not stripped",
        ),
    };
    let line = |name: String, bytes: u64, most| Line {
        name,
        unit: Unit::Bytes,
        // It speaks both, but it is one program.
        samples: vec![Vec::new(), Vec::new(), vec![bytes as f64]],
        aims: if release { most } else { &[] },
    };
    Ok([
        line(
            format!("size of {which}"),
            fs::metadata(&path)?.len(),
            &[Aim::None, Aim::Most(900.0 * 1024.0)],
        ),
        line(
            format!("resident memory of {which}, idle"),
            resident(&path)?,
            &[Aim::None, Aim::Most(2.0 * 1024.0 * 1024.0)],
        ),
    ])
}

/// Builds the command as it is released, if it is not built already.
fn build() -> io::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let build = ["build", "--quiet", "--release", "--bin", "roomcast"];
    let built = Command::new(cargo)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(build)
        .status()?;
    match built.success() {
        true => Ok(Path::new(env!("CARGO_BIN_EXE_roomcast")).to_owned()),
        false => Err(io::Error::other("the command cannot be built")),
    }
}

fn resident(path: &Path) -> io::Result<u64> {
    let command = [path.as_os_str(), "--port".as_ref(), "0".as_ref()];
    let (mut child, _) = spawn(&command.map(ToOwned::to_owned))?;
    let process = Process(child.id());
    let resident = process.rest().and_then(|()| process.resident());
    end(&mut child);
    resident
}
