//! Upstream's rules against the real kernel: an attack for each of them, and beside it what only looks like one.

mod page;
mod rows;
mod stand;

use std::collections::BTreeSet;

use lanner_integration_tests::docker;
use lanner_integration_tests::need::{CLANG, WATCHING, can_run};

use page::{Found, Outcome, is_stale};
use rows::{Deed, Pair, Place, SETS};
use stand::{Stand, upstream};

/// How `docker run` ends where the container can't be started.
const NOT_STARTED: i32 = 125;

/// An attempt: what is performed, under which token, whether it could begin, and what failed.
struct Attempt {
    deed: Deed,
    token: String,
    begun: bool,
    failed: Option<String>,
}

#[test]
fn each_upstream_rule_fires_for_its_attack_alone() {
    if !can_run(&[WATCHING, CLANG, docker::NEED]) {
        return;
    }
    if !upstream().is_dir() {
        eprintln!("skipped: needs {}, where LANNER_SHARED names the folder", upstream().display());
        return;
    }
    assert_eq!(rules_of_the_table(), rules_of_upstream());
    let stand = Stand::start();
    let attempts: Vec<_> = pairs()
        .enumerate()
        .map(|(number, (set, rule, pair))| {
            let [attack, miss] = [("attack", pair.attack), ("miss", pair.miss)]
                .map(|(kind, deed)| attempt(&stand, deed, format!("{number}-{kind}")));
            (set, rule, attack, miss)
        })
        .collect();
    let all = attempts.iter().flat_map(|(_, _, attack, miss)| [attack, miss]);
    let tokens = all.filter(|attempt| attempt.begun).map(|attempt| attempt.token.clone()).collect();
    let fired = stand.fired(&tokens);
    let found: Vec<Found> = attempts
        .into_iter()
        .map(|(set, rule, attack, miss)| {
            let [attack, miss] = [attack, miss].map(|attempt| Outcome {
                deed: attempt.deed,
                begun: attempt.begun,
                fired: fired.get(&attempt.token).is_some_and(|rules| rules.contains(rule)),
                failed: attempt.failed,
            });
            Found { set, rule, attack, miss }
        })
        .collect();
    stand.stop();
    let page = page::print(&found);
    if std::env::var_os("LANNER_BLESS").is_some() {
        std::fs::write(page::path(), &page).expect("the page can be written");
    }
    let wrong: Vec<&str> = found.iter().filter(|found| !found.right()).map(|found| found.rule).collect();
    assert_eq!(wrong, Vec::<&str>::new(), "\n{page}");
    let written = std::fs::read_to_string(page::path()).unwrap_or_default();
    assert!(
        !is_stale(&written, &page),
        "docs/rule-coverage.md is written again with LANNER_BLESS=1:\n{page}"
    );
}

/// Each rule, where it is tried, with its set.
fn pairs() -> impl Iterator<Item = (&'static str, &'static str, Pair)> {
    SETS.iter().flat_map(|(set, rows)| {
        rows.iter().flat_map(move |row| {
            [row.host, row.container].into_iter().flatten().map(move |pair| (*set, row.rule, pair))
        })
    })
}

fn attempt(stand: &Stand, deed: Deed, token: String) -> Attempt {
    let output = stand.perform(deed, &token);
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if matches!(deed.place, Place::Started(_)) && output.status.code().is_some_and(|code| code >= NOT_STARTED)
    {
        // `docker: …: unable to start container process: REASON: unknown`
        let reason = said.split("process: ").nth(1).unwrap_or(&said).lines().next().unwrap_or_default();
        let failed = Some(reason.trim_end_matches(": unknown").to_owned());
        return Attempt { deed, token, begun: false, failed };
    }
    // Each line says what failed and its errno: anything else is a slip of the table.
    let failure = |line: &str| {
        let errno = line.rsplit_once(": ").unwrap_or_default().1;
        let known = errno.starts_with('E') && errno.chars().all(|letter| letter.is_ascii_alphanumeric());
        assert!(known, "`{}` said: {said}", deed.script);
        line.to_owned()
    };
    let failed = said.lines().map(str::trim).filter(|line| !line.is_empty()).map(failure).next_back();
    Attempt { deed, token, begun: true, failed }
}

fn rules_of_the_table() -> BTreeSet<String> {
    SETS.iter().flat_map(|(_, rows)| rows.iter().map(|row| row.rule.to_owned())).collect()
}

/// The names of upstream's rules, which stand in lines of their own.
fn rules_of_upstream() -> BTreeSet<String> {
    let texts = stand::RULES_FILES
        .iter()
        .map(|name| std::fs::read_to_string(upstream().join(name)).expect("upstream's rules can be read"));
    let names = |text: String| {
        let rules = text.lines().filter_map(|line| line.strip_prefix("- rule: "));
        rules.map(|name| name.trim().to_owned()).collect::<Vec<_>>()
    };
    texts.flat_map(names).collect()
}
