//! The rules and the events that are measured.

use std::path::{Path, PathBuf};

use lanner_diagnostic::{Place, SourceId, SourceText, Sources};
use lanner_event::fields::Fields;
use lanner_event::{EventRef, Host, OwnedEvent, Record};
use lanner_rules::{Options, RuleSet, Selection, Toggle};

/// How many rules there are of a large site, those of Falco with them.
const RULES: usize = 1000;

/// Which rules are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// Those that Lanner brings.
    Shipped,
    /// Falco's stable ones.
    Stable,
    /// All of Falco's for syscalls, those with them that are disabled as they come.
    Upstream,
    /// The same, and generated ones up to a thousand.
    Grown,
}

impl Rules {
    /// The rules compiled, and all of them enabled; `None` where Falco's, which are beside the project, aren't at hand.
    pub fn compile(self) -> Option<RuleSet> {
        let mut sources = Sources::default();
        let texts = self.texts()?.into_iter();
        let files: Vec<SourceId> = texts.map(|text| sources.add(SourceText::new("rules", text))).collect();
        let all = Selection {
            toggle: Toggle::Enable,
            rule: Some("*".to_owned()),
            tag: None,
            place: Place::default(),
        };
        let options = Options { selection: vec![all], ..Options::default() };
        Some(RuleSet::compile(&sources, &files, Fields::ALL, &[], &options).0)
    }

    fn texts(self) -> Option<Vec<String>> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let shared =
            std::env::var_os("LANNER_SHARED").map_or_else(|| here.join("../../../shared"), PathBuf::from);
        let falco = |name: &str| shared.join("upstream/rules").join(name);
        let stable = || vec![falco("falco_rules.yaml")];
        let more = || [falco("falco-incubating_rules.yaml"), falco("falco-sandbox_rules.yaml")];
        let files: Vec<PathBuf> = match self {
            Rules::Shipped => vec![here.join("../../config/rules/lanner_rules.yaml")],
            Rules::Stable => stable(),
            Rules::Upstream | Rules::Grown => stable().into_iter().chain(more()).collect(),
        };
        let texts: Vec<String> =
            files.iter().map(|path| std::fs::read_to_string(path).ok()).collect::<Option<_>>()?;
        let generated = (self == Rules::Grown).then(|| {
            let there = texts.iter().map(|text| text.matches("\n- rule: ").count()).sum();
            (there..RULES).map(generated).collect::<String>()
        });
        Some(texts.into_iter().chain(generated).collect())
    }
}

/// A rule with constants of its own, as a large site may have it.
fn generated(at: usize) -> String {
    let (high, low) = (at / 250, at % 250);
    let condition = match at % 12 {
        0 => format!(
            "evt.type in (open, openat) and fd.name startswith /srv/site{at}/ and not proc.name in (worker{at}, nginx)"
        ),
        1 => format!(
            "evt.type in (execve, execveat) and proc.name in (tool{at}, helper{at}) and not proc.pname = cron{at}"
        ),
        2 => format!(
            "evt.type in (open, openat, openat2) and evt.is_open_read = true and fd.name endswith .secret{at}"
        ),
        3 => format!(
            "evt.type = execve and proc.cmdline contains \"--token-{at}\" and not user.name = user{at}"
        ),
        4 => format!("evt.type = connect and fd.sip = \"198.18.{high}.{low}\" and not proc.name = proxy{at}"),
        5 => format!(
            "evt.type in (connect, accept, accept4) and fd.sport = {} and proc.name != service{at}",
            20_000 + at
        ),
        6 => format!(
            "evt.type in (open, openat) and evt.is_open_write = true and fd.directory = /opt/app{at}/keys"
        ),
        7 => format!(
            "evt.type in (unlink, unlinkat, rename, renameat) and fs.path.name startswith /var/lib/store{at}/"
        ),
        8 => format!(
            "evt.type in (open, openat) and fd.name glob /home/*/.vault{at}/* and container.id = host"
        ),
        9 => format!(
            "evt.type in (open, openat) and container.id != host and container.image.repository = app{at}"
        ),
        10 => format!("evt.type in (open, openat) and fd.name pmatch (/data/tenant{at}, /data/backup{at})"),
        _ => format!(
            "evt.type = execve and proc.pname in (server{at}, daemon{at}) and proc.args icontains \"-e job{at}\""
        ),
    };
    format!(
        "\n- rule: generated {at}\n  desc: d\n  priority: info\n  output: o\n  condition: '{condition}'\n"
    )
}

/// An event and its host.
pub struct Recorded {
    event: OwnedEvent,
    /// The host.
    pub host: Host,
}

impl Recorded {
    /// The event.
    pub fn event(&self) -> EventRef<'_> {
        self.event.as_ref()
    }
}

/// What was going on.
pub struct Scenario {
    /// In a word.
    pub name: String,
    /// The events, in order.
    pub events: Vec<Recorded>,
}

/// The work that is measured: each file `recorded/NAME.jsonl`, as `lanner record` wrote it.
pub fn scenarios() -> Vec<Scenario> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/recorded");
    let entries = std::fs::read_dir(folder).expect("the recordings are in the tree");
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "jsonl"));
    files.sort();
    let recorded = |line: &str| {
        let record: Record = serde_json::from_str(line).expect("a line of a recording is an event");
        Recorded { host: record.host(), event: record.event }
    };
    let scenario = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).expect("the recording can be read");
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Scenario { name, events: text.lines().map(recorded).collect() }
    };
    files.iter().map(scenario).collect()
}
