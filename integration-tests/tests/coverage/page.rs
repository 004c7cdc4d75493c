//! `docs/rule-coverage.md`, as a run finds it.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::rows::{Deed, Place};

/// What became of a rule in one place.
pub struct Found {
    pub set: &'static str,
    pub rule: &'static str,
    pub attack: Outcome,
    /// The attack in other ways.
    pub ways: Vec<(String, Outcome)>,
    pub miss: Outcome,
}

/// What became of one attempt.
pub struct Outcome {
    pub deed: Deed,
    /// Whether it could begin.
    pub begun: bool,
    /// Whether the rule fired.
    pub fired: bool,
    /// What failed, with its errno.
    pub failed: Option<String>,
}

impl Found {
    /// Whether the rule fired for what it must and for nothing else; or couldn't be tried on this machine.
    pub fn right(&self) -> bool {
        let mut attacks = std::iter::once(&self.attack).chain(self.ways.iter().map(|(_, attack)| attack));
        attacks.all(|attack| attack.fired || attack.failed.is_some()) && !self.miss.fired
    }
}

/// Where the page is.
pub fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rule-coverage.md")
}

const HEAD: &str = "# Coverage of upstream's rules

Written by the test `coverage` of `integration-tests`, which performs an attack for each syscall rule that Falco's \
project publishes, and beside it the closest thing that isn't one: on the host, in a mount and a network namespace of \
its own, and in containers of Docker; privileged ones are containerd's. All rules are loaded at once, the disabled ones too. An attack must fire its rule, \
and its near miss must not. What can't be tried on the machine that wrote this says why; where what a near miss does \
failed, its errno stands beside. On the host each attack is made in other ways, too: by the syscalls that came before or \
after, through io_uring, and by the syscalls of 32-bit programs (`int80`).

`act` is `integration-tests/programs/act.c`, which does what its arguments say. Every other program is the same under \
another name, since rules know programs by their names, but for the shell and its own commands. `$W` is an empty folder.
";

/// What a line holds that says of something that it can't be tried on a machine.
const CANNOT: &str = "can't:";

/// The page.
pub fn print(found: &[Found]) -> String {
    let host = |found: &&Found| matches!(found.attack.deed.place, Place::Host);
    let on_host = count(found.iter().filter(host));
    let inside = count(found.iter().filter(|found| !host(found)));
    let mut page = format!("{HEAD}\nOn the host {on_host}. In containers {inside}.\n");
    let mut set = "";
    for found in found {
        if found.set != set {
            set = found.set;
            let head = "| rule | where | attack | | near miss | |\n|---|---|---|---|---|---|";
            let _ = write!(page, "\n## Rules of the maturity {set}\n\n{head}\n");
        }
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} |",
            found.rule,
            place(found.attack.deed.place),
            script(found.attack.deed, found.attack.deed),
            attacked(&found.attack) + &ways(&found.ways),
            script(found.miss.deed, found.attack.deed),
            missed(&found.miss),
        );
    }
    page
}

/// Whether a page says something else than another. What only one machine could try is left out.
pub fn is_stale(written: &str, page: &str) -> bool {
    let differs = |(written, page): (&str, &str)| {
        written != page && !written.contains(CANNOT) && !page.contains(CANNOT)
    };
    written.lines().count() != page.lines().count() || written.lines().zip(page.lines()).any(differs)
}

fn count<'a>(found: impl Iterator<Item = &'a Found> + Clone) -> String {
    let fired = found.clone().filter(|found| found.attack.fired).count();
    let quiet = found.clone().filter(|found| !found.miss.fired).count();
    let all = found.count();
    let rest = if fired < all { format!("; {CANNOT} {}", all - fired) } else { String::new() };
    format!("{fired} attacks of {all} fire their rule, and {quiet} near misses don't{rest}")
}

fn place(place: Place) -> String {
    match place {
        Place::Host => "host".to_owned(),
        Place::Container => "container".to_owned(),
        Place::Capable => "capable container".to_owned(),
        Place::Terminal => "container, with a terminal".to_owned(),
        Place::Pod => "pod's container".to_owned(),
        Place::Privileged => "privileged container".to_owned(),
        Place::Started([]) => "started container".to_owned(),
        Place::Started(options) => format!("container started with `{}`", options.join(" ")),
    }
}

/// What was done, and where, if not where the attack was.
fn script(deed: Deed, beside: Deed) -> String {
    let code = format!("`{}`", deed.script.replace('|', "\\|"));
    let [own, other] = [place(deed.place), place(beside.place)];
    if own == other { code } else { format!("{code} in a {own}") }
}

fn attacked(attack: &Outcome) -> String {
    match (attack.fired, &attack.failed) {
        (true, _) => "fires".to_owned(),
        (false, Some(failed)) => format!("{CANNOT} {failed}"),
        (false, None) => "**quiet**".to_owned(),
    }
}

fn ways(ways: &[(String, Outcome)]) -> String {
    let told = |wanted: fn(&Outcome) -> bool, before: &str| {
        let names: Vec<String> =
            ways.iter().filter(|(_, way)| wanted(way)).map(|(name, _)| format!("`{name}`")).collect();
        if names.is_empty() { String::new() } else { format!("{before} {}", names.join(", ")) }
    };
    told(|way| way.fired, ", also by")
        + &told(|way| !way.fired && way.failed.is_none(), ", **not by**")
        + &told(|way| !way.fired && way.failed.is_some(), &format!(", {CANNOT}"))
}

fn missed(miss: &Outcome) -> String {
    match (miss.fired, &miss.failed) {
        (true, _) => "**fires**".to_owned(),
        (false, Some(failed)) if !miss.begun => format!("{CANNOT} {failed}"),
        (false, Some(failed)) => format!("quiet ({failed})"),
        (false, None) => "quiet".to_owned(),
    }
}
