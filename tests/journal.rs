//! The commands that look into a journal, and ask its owner for something.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use lanner_alert::{Alert, AlertId, Priority, Timestamp};
use lanner_bus::{End, Entry, Journal, Outcome, Outgoing, Settings, Step};
use tempfile::TempDir;

/// A folder with a journal for the output `soc`.
struct Stand(TempDir);

impl Stand {
    fn new() -> Stand {
        Stand(TempDir::new().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("journal.db")
    }

    /// Accepts alerts of such rules, hands them to the output, and closes the journal with these ends of
    /// their first attempts.
    fn deliver(&self, rules: &[(&str, End)]) {
        let journal = Journal::open(Settings::at(self.path()), &["soc".to_owned()]).unwrap();
        for (at, (rule, _)) in rules.iter().enumerate() {
            journal.sender().send(Entry::Alert(alert(at, rule))).unwrap();
        }
        let handle = journal.handle();
        let soc = handle.outputs()[0].id;
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let through = handle.flush().await.unwrap();
            let outbox = (1..=through).map(|seq| Outgoing::Alert { seq, output: soc }).collect();
            let step = Step { cursor: through, made: handle.now(), outbox, ..Step::default() };
            handle.step(step).await.unwrap();
            let rows = handle.due(soc, handle.now(), 100).await.unwrap().rows;
            let ends = rules.iter().map(|(_, end)| end.clone());
            let outcomes = rows.iter().zip(ends).map(|(row, end)| Outcome { row: row.id, end });
            handle.settle(soc, outcomes.collect()).await.unwrap();
        });
        assert_eq!(journal.close(), 0);
    }

    /// Runs a command on the journal: how it ends, and what it must say.
    #[track_caller]
    fn check(&self, command: &str, code: i32, parts: &[&str]) {
        let output = Command::new(env!("CARGO_BIN_EXE_lanner"))
            .args(command.split(' '))
            .args(["--journal", "journal.db"])
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{command}: {said}");
        parts.iter().for_each(|part| assert!(said.contains(part), "{command}: `{part}` isn't in\n{said}"));
    }
}

fn alert(at: usize, rule: &str) -> Alert {
    let id = AlertId::from_u128(at as u128 + 1);
    let time = Timestamp(1_700_000_000_000_000_000);
    let output = format!("{rule} happened");
    Alert::internal(id, rule, Priority::Error, output, Default::default(), time, "host".into())
}

#[test]
fn accepted_alerts_are_listed_and_shown_with_what_became_of_them() {
    let stand = Stand::new();
    stand.deliver(&[
        ("A rule", End::Sent { receipt: "250 ok".into() }),
        ("B", End::Refused { answer: "no".into() }),
        ("C", End::Retry { not_before: Timestamp(0), cause: "away".into() }),
    ]);
    let parts = ["A rule ", "soc: sent\n", "soc: refused (dead letter 1)", "soc: waiting, tried 1×"];
    stand.check("journal ls", 0, &parts);
    stand.check("journal ls --since 1h --until 2026-01-01T00:00:00Z", 0, &[""]);
    stand.check(
        "journal ls --rule B --json",
        0,
        &[r#""fates":[{"output":"soc","state":"refused","dead_letter":1"#],
    );
    stand.check("journal ls --since yesterday", 2, &["or how long ago, such as 2h"]);
    stand.check(
        "journal show 1",
        0,
        &["soc       sent at 2", "after 1 attempt: 250 ok", r#""rule": "A rule""#],
    );
    let id = AlertId::from_u128(3).to_string();
    stand.check(
        &format!("journal show {id}"),
        0,
        &["tried 1×, again at 1970-01-01T00:00:00.000000000Z: away"],
    );
    stand.check("journal show 4", 1, &["the journal has no alert 4"]);
    stand.check("journal show x", 1, &["`x` is neither the number of an alert nor an id"]);
    stand.check("journal show", 1, &["say which"]);
    stand.check("journal replay --since 1h", 1, &["say with --to which output"]);
    stand.check("journal replay --to soc", 1, &["say with --since"]);
    stand.check(
        "journal replay --to soc --since 1h",
        1,
        &["Send 3 alerts again to soc? There is no terminal"],
    );
    stand.check("journal replay --to x --since 1h --yes", 1, &["has no output `x`"]);
    stand.check("journal replay --to soc --since 1h --yes", 0, &["3 alerts to be sent again"]);
    stand.check("journal stats", 0, &["accepted   3"]);
}

#[test]
fn dead_letters_are_listed_shown_sent_again_and_removed() {
    let stand = Stand::new();
    let refused = |answer: &str| End::Refused { answer: answer.to_owned() };
    stand.deliver(&[
        ("A rule", refused("no")),
        ("B", End::Sent { receipt: String::new() }),
        ("C", refused("\u{1b}")),
    ]);
    stand.check("dead-letters ls", 0, &["     1 20", "soc", "A rule", "no\n", "     2 20", "C", "\\u{1b}"]);
    stand.check("dead-letters ls --output other", 0, &[""]);
    stand.check(
        "dead-letters ls --json",
        0,
        &[r#""output":"soc","configured":true,"attempts":1,"answer":"no""#],
    );
    stand.check(
        "dead-letters show 1",
        0,
        &["after 1 attempt", "answer       no", r#""output": "A rule happened""#],
    );
    stand.check("dead-letters show 3", 1, &["there is no dead letter 3"]);
    stand.check("dead-letters show", 1, &["say which"]);
    stand.check("dead-letters retry", 1, &["say which: their numbers, or --all"]);
    stand.check("dead-letters retry 1 3", 1, &["there is no dead letter 3"]);
    stand.check("dead-letters retry --all", 0, &["2 dead letters to be sent again"]);
    stand.check("dead-letters ls", 0, &["no (to be sent again)"]);
    stand.check("dead-letters rm 1", 0, &["1 dead letter removed"]);
    stand.check("dead-letters rm 1", 1, &["there is no dead letter 1"]);
}
