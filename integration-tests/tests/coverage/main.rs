//! Upstream's rules against the real kernel: an attack for each of them, and beside it what only looks like one.

mod page;
mod rows;
mod stand;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use lanner_integration_tests::need::{CLANG, WATCHING, can_run};
use lanner_integration_tests::{containerd, docker};

use page::{Found, Outcome, is_stale};
use rows::{Deed, Pair, Place, SETS};
use stand::{Stand, upstream};

/// How `docker run` ends where the container can't be started.
const NOT_STARTED: i32 = 125;

/// How many pairs are tried at once. Most of the time is waited for containers.
const WORKERS: usize = 2;

/// An attempt: what is performed, under which token, whether it could begin, and what failed.
struct Attempt {
    deed: Deed,
    token: String,
    begun: bool,
    failed: Option<String>,
}

/// A pair that was tried: the attack in the other ways too.
struct Tried {
    set: &'static str,
    rule: &'static str,
    attack: Attempt,
    ways: Vec<(String, Attempt)>,
    miss: Attempt,
}

#[test]
fn each_upstream_rule_fires_for_its_attack_alone() {
    if !can_run(&[WATCHING, CLANG, docker::NEED, containerd::NEED]) {
        return;
    }
    if !upstream().is_dir() {
        eprintln!("skipped: needs {}, where LANNER_SHARED names the folder", upstream().display());
        return;
    }
    assert_eq!(rules_of_the_table(), rules_of_upstream());
    let stand = Stand::start();
    let tried = try_all(&stand);
    let begun = tried.iter().flat_map(Tried::attempts).filter(|attempt| attempt.begun);
    let fired = stand.fired(&begun.map(|attempt| attempt.token.clone()).collect());
    stand.stop();
    let outcome = |rule: &str, attempt: Attempt| Outcome {
        deed: attempt.deed,
        begun: attempt.begun,
        fired: fired.get(&attempt.token).is_some_and(|rules| rules.contains(rule)),
        failed: attempt.failed,
    };
    let found = |tried: Tried| Found {
        set: tried.set,
        rule: tried.rule,
        attack: outcome(tried.rule, tried.attack),
        ways: tried.ways.into_iter().map(|(way, attempt)| (way, outcome(tried.rule, attempt))).collect(),
        miss: outcome(tried.rule, tried.miss),
    };
    let found: Vec<Found> = tried.into_iter().map(found).collect();
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

impl Tried {
    fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        [&self.attack, &self.miss].into_iter().chain(self.ways.iter().map(|(_, attempt)| attempt))
    }
}

/// Tries each pair, some of them at once, and gives them in their order.
fn try_all(stand: &Stand) -> Vec<Tried> {
    let pairs: Vec<_> = pairs().collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let numbers = std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)));
        let numbers = numbers.take_while(|number| *number < pairs.len());
        numbers.map(|number| (number, try_pair(stand, number, pairs[number]))).collect::<Vec<_>>()
    };
    let mut tried: Vec<(usize, Tried)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("it tries all")).collect()
    });
    tried.sort_by_key(|(number, _)| *number);
    tried.into_iter().map(|(_, tried)| tried).collect()
}

fn try_pair(stand: &Stand, number: usize, (set, rule, pair): (&'static str, &'static str, Pair)) -> Tried {
    let by = |kind: &str, deed, way: Option<&str>| attempt(stand, deed, way, format!("{number}-{kind}"));
    let attack = by("attack", pair.attack, None);
    // Containers are kept from much of it, and the kernel is the same.
    let ways = if matches!(pair.attack.place, Place::Host) {
        stand.ways(pair.attack.script)
    } else {
        BTreeSet::new()
    };
    let ways = ways.into_iter().map(|way| {
        let attempt = by(&way, pair.attack, Some(&way));
        (way, attempt)
    });
    Tried { set, rule, attack, ways: ways.collect(), miss: by("miss", pair.miss, None) }
}

/// Each rule, where it is tried, with its set.
fn pairs() -> impl Iterator<Item = (&'static str, &'static str, Pair)> {
    SETS.iter().flat_map(|(set, rows)| {
        rows.iter().flat_map(move |row| {
            [row.host, row.container].into_iter().flatten().map(move |pair| (*set, row.rule, pair))
        })
    })
}

fn attempt(stand: &Stand, deed: Deed, way: Option<&str>, token: String) -> Attempt {
    let output = stand.perform(deed, way, &token);
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let not_started = match deed.place {
        Place::Started(_) => output.status.code().is_some_and(|code| code >= NOT_STARTED),
        Place::Privileged => said.starts_with("ctr: "),
        _ => false,
    };
    if not_started {
        // `docker: …: unable to start container process: REASON: unknown`
        let reason = said.split("process: ").nth(1).unwrap_or(&said).lines().next().unwrap_or_default();
        let failed = Some(reason.trim_end_matches(": unknown").to_owned());
        return Attempt { deed, token, begun: false, failed };
    }
    // Each line says what failed and its errno: anything else is a slip of the table.
    let failure = |line: &str| {
        let errno = line.rsplit_once(": ").unwrap_or_default().1;
        let known = errno.starts_with('E') && errno.chars().all(|letter| letter.is_ascii_alphanumeric());
        assert!(known, "`{}` by {way:?} said: {said}", deed.script);
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
