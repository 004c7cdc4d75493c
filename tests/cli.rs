//! The command line, as its user sees it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn lanner(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output: Output = Command::new(env!("CARGO_BIN_EXE_lanner"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("SLACK_TOKEN")
        .output()
        .expect("lanner runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().expect("it ends by itself"), text(&output.stdout), text(&output.stderr))
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

const RULE: &str =
    "- rule: A\n  desc: a\n  condition: evt.type = openat and fd.name = /a\n  output: a\n  priority: INFO\n";

#[test]
fn everything_that_is_wrong_is_reported_at_once_with_its_place() {
    let files = [
        (
            "c.yaml",
            "json_ouput: true\nrules_files: [r.yaml]\noutputs:\n  - {name: a, type: slak}\n  - {name: b, type: file, filname: x}\n  - {name: c, type: slack, token: '${SLACK_TOKEN}', channel: x}\n",
        ),
        (
            "r.yaml",
            "- rule: A\n  desc: a\n  condition: evt.type = opnat and proc.nam = x\n  output: '%fd.nme'\n  priority: INFO\n",
        ),
    ];
    let folder = folder(&files);
    let (code, said, _) = lanner(folder.path(), &["check", "-c", "c.yaml"]);
    assert_eq!(code, 1, "{said}");
    for part in [
        "unknown key `json_ouput`",
        "c.yaml:1:1",
        "did you mean `json_output`?",
        "did you mean `slack`?",
        "did you mean `filename`?",
        "SLACK_TOKEN",
        "r.yaml:3:25",
        "did you mean `openat`?",
        "did you mean `proc.name`?",
        "did you mean `fd.name`?",
    ] {
        assert!(said.contains(part), "`{part}` isn't said:\n{said}");
    }
}

#[test]
fn what_is_right_is_said_to_be() {
    let folder =
        folder(&[("c.yaml", "rules_files: [r.yaml]\nstdout_output: {enabled: true}\n"), ("r.yaml", RULE)]);
    let (code, said, _) = lanner(folder.path(), &["check", "-c", "c.yaml"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("1 rule enabled, 1 output; 0 errors, 0 warnings"), "{said}");
    let (code, said, _) = lanner(folder.path(), &["check"]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_local_file_overrides() {
    let local = "- rule: A\n  priority: CRITICAL\n  enabled: false\n  override: {priority: replace, enabled: replace}\n";
    let folder = folder(&[
        ("c.yaml", "rules_files: [r.yaml, r.local.yaml]\nstdout_output: {enabled: true}\n"),
        ("r.yaml", RULE),
        ("r.local.yaml", local),
    ]);
    let (code, said, _) = lanner(folder.path(), &["check", "-c", "c.yaml"]);
    assert_eq!(code, 1);
    assert!(said.contains("no rule is loaded"), "{said}");
}

#[test]
fn no_rule_and_no_configuration_are_errors() {
    let folder = folder(&[("c.yaml", "rules_files: [none.yaml]\nstdout_output: {enabled: true}\n")]);
    let (code, said, _) = lanner(folder.path(), &["check", "-c", "c.yaml"]);
    assert_eq!(code, 1);
    assert!(
        said.contains("none.yaml doesn't exist: skipped") && said.contains("no rule is loaded"),
        "{said}"
    );
    let (code, _, said) = lanner(folder.path(), &["-c", "none.yaml"]);
    assert_eq!(code, 1);
    assert!(said.contains("none.yaml"), "{said}");
}

#[test]
fn a_journal_that_is_not_there_is_an_error() {
    let folder = folder(&[]);
    let (code, _, said) = lanner(folder.path(), &["journal", "stats", "--journal", "none.db"]);
    assert_eq!(code, 1);
    assert!(said.contains("none.db"), "{said}");
}

#[test]
fn falcos_own_configuration_is_accepted_whole() {
    let shared = std::env::var_os("LANNER_SHARED").map(PathBuf::from);
    let shared = shared.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    let path = shared.join("upstream/falco.yaml");
    if !path.exists() {
        eprintln!("skipped: {} isn't there", path.display());
        return;
    }
    let folder = folder(&[("r.yaml", RULE)]);
    let (code, said, _) =
        lanner(folder.path(), &["check", "-c", &path.display().to_string(), "-r", "r.yaml"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("0 errors, 0 warnings"), "{said}");
    assert_eq!(said.matches("`watch_config_files` has no effect yet").count(), 1);
}
