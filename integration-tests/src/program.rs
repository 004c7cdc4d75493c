//! Programs of the tests' own.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A program of `programs/`, compiled into a folder.
///
/// # Panics
/// Where it can't be.
pub fn compile(name: &str, options: &[&str], folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("programs/{name}.c"));
    let program = folder.join(name);
    let mut command = Command::new("clang-14");
    command.args(["-O1", "-Wall", "-Werror"]).args(options).arg("-o").arg(&program).arg(source);
    let output = command.output().expect("clang runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program
}
