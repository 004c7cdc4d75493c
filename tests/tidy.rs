//! What keeps the tree small and honest, checked over every file that git knows.

use std::path::{Path, PathBuf};
use std::process::Command;

/// How long a file may be: past that it is two things.
const FILE_LINES_MAX: usize = 600;

/// What isn't left behind in code. This file says it without holding it.
const LEFT_OPEN: [[&str; 2]; 6] = [
    ["todo", "!("],
    ["unimplemented", "!("],
    ["FIX", "ME"],
    ["TO", "DO"],
    ["#[ig", "nore"],
    ["allow(dead", "_code"],
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(endings: &[&str]) -> Vec<PathBuf> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git lists the files");
    assert!(output.status.success(), "git ls-files failed: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(PathBuf::from)
        .filter(|path| path.extension().is_some_and(|found| endings.iter().any(|ending| found == *ending)))
        .filter(|path| root().join(path).exists())
        .collect()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn files_are_short() {
    let long: Vec<String> = files(&["rs", "c", "h", "sh"])
        .iter()
        .map(|path| (path, read(path).lines().count()))
        .filter(|(_, lines)| *lines > FILE_LINES_MAX)
        .map(|(path, lines)| format!("{}: {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "longer than {FILE_LINES_MAX} lines:\n{}", long.join("\n"));
}

#[test]
fn nothing_is_left_open() {
    let mut found = Vec::new();
    for path in files(&["rs", "c", "h"]) {
        for (line, text) in read(&path).lines().enumerate() {
            if LEFT_OPEN.iter().any(|mark| text.contains(&mark.concat())) {
                found.push(format!("{}:{}: {}", path.display(), line + 1, text.trim()));
            }
        }
    }
    assert!(found.is_empty(), "left open:\n{}", found.join("\n"));
}

#[test]
fn the_map_of_the_code_names_every_folder() {
    let map = read(Path::new("ARCHITECTURE.md"));
    let manifest = read(Path::new("Cargo.toml"));
    let members = manifest.split_once("members = [").and_then(|(_, rest)| rest.split_once(']'));
    let (members, _) = members.expect("the workspace has members");
    for member in members.split(',').map(|member| member.trim().trim_matches('"')).filter(|m| !m.is_empty()) {
        assert!(map.contains(&format!("`{member}/`")), "ARCHITECTURE.md doesn't name {member}/");
    }
}
