//! The promise, under `kill -9`: everything accepted arrives, and what arrives twice was in flight.

use std::collections::{BTreeMap, HashSet};
use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use lanner_alert::{Notification, Priority};
use lanner_bus::{Entry, Journal, Settings};
use lanner_router::{
    DeliveryError, DeliverySettings, LimitSettings, Output, OutputPolicy, Pipeline, Receipt, Route, Router,
    system_jitter,
};

use crate::common::alert;

const DIR: &str = "LANNER_TEST_CRASH_DIR";
const LAST: &str = "LANNER_TEST_CRASH_LAST";
const RUNS: usize = 10;
/// Each output with the size of its batches; the last one has a limit.
const OUTPUTS: [(&str, usize); 3] = [("single", 1), ("batched", 20), ("limited", 1)];

/// Writes down what arrives: id and count, a line each, a batch with one call.
struct Log(File);

impl Log {
    fn open(path: &Path) -> Log {
        Log(OpenOptions::new().create(true).append(true).open(path).unwrap())
    }
}

impl Output for Log {
    fn deliver<'a>(
        &'a mut self,
        batch: &'a [Notification],
    ) -> BoxFuture<'a, Vec<Result<Receipt, DeliveryError>>> {
        let lines: String = batch.iter().map(|item| format!("{} {}\n", item.id, item.count())).collect();
        self.0.write_all(lines.as_bytes()).unwrap();
        async { batch.iter().map(|_| Ok(Receipt::default())).collect() }.boxed()
    }

    fn check(&mut self) -> BoxFuture<'_, Result<(), DeliveryError>> {
        async { Ok(()) }.boxed()
    }
}

/// The process that is killed: it sends alerts without end and writes down which were accepted. The last one
/// only drains, without a limit.
#[test]
fn the_killed_one() {
    let Some(dir) = env::var_os(DIR).map(PathBuf::from) else { return };
    let last = env::var_os(LAST).is_some();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let names = OUTPUTS.map(|(name, _)| name.to_owned());
        let journal = Journal::open(Settings::at(dir.join("journal.db")), &names).unwrap();
        let mut policies: Vec<_> = names.iter().map(|name| OutputPolicy::everything(name)).collect();
        policies[2].limit = (!last).then_some(LimitSettings {
            per: Vec::new(),
            period: Duration::from_millis(2),
            burst: NonZeroU32::MIN,
            summary: Duration::from_millis(20),
        });
        let pipeline = Pipeline::new(Route::all(names.len()), journal.handle().outputs(), policies);
        let output = |(name, batch): (&str, usize)| -> (Box<dyn Output>, _, _) {
            let settings = DeliverySettings { batch, ..DeliverySettings::default() };
            (Box::new(Log::open(&dir.join(name))), settings, system_jitter())
        };
        let router = Router::start(journal.handle(), pipeline, OUTPUTS.map(output).into()).await.unwrap();
        if last {
            for report in router.stop(Duration::from_secs(60)).await {
                assert_eq!(report.pending, Some(0), "{report:?}");
            }
            journal.close();
            return;
        }
        let mut accepted = OpenOptions::new().create(true).append(true).open(dir.join("accepted")).unwrap();
        loop {
            let mut lines = String::new();
            for _ in 0..10 {
                let alert = alert("rule", Priority::Warning);
                lines += &format!("{}\n", alert.id);
                journal.sender().send(Entry::Alert(alert)).unwrap();
            }
            journal.handle().flush().await.unwrap();
            accepted.write_all(lines.as_bytes()).unwrap();
        }
    });
}

fn child(dir: &Path, last: bool) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "crash::the_killed_one", "--quiet"]).env(DIR, dir);
    if last {
        command.env(LAST, "1");
    }
    command.stdout(std::process::Stdio::null()).spawn().unwrap()
}

fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect()
}

#[test]
fn what_is_accepted_arrives_and_only_what_was_in_flight_twice() {
    let dir = tempfile::tempdir().unwrap();
    let mut ends: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for run in 0..RUNS {
        let goal = lines(&dir.path().join("accepted")).len() + 50 + run * 37;
        let mut child = child(dir.path(), false);
        while lines(&dir.path().join("accepted")).len() < goal {
            assert!(child.try_wait().unwrap().is_none(), "it doesn't end by itself");
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for (name, _) in OUTPUTS {
            ends.entry(name).or_default().push(lines(&dir.path().join(name)).len());
        }
    }
    assert!(child(dir.path(), true).wait().unwrap().success());

    let accepted = lines(&dir.path().join("accepted"));
    let mut all = 0;
    for (name, _) in OUTPUTS {
        let got = lines(&dir.path().join(name));
        let once = once(name, &got, &ends[name]);
        let count = |line: &&String| line.split_once(' ').unwrap().1.parse::<u64>().unwrap();
        let counted: u64 = once.iter().map(count).sum();
        let ids: HashSet<&str> = once.iter().map(|line| line.split_once(' ').unwrap().0).collect();
        if name == "limited" {
            assert_eq!(counted, all, "what the limit withheld is counted in summaries");
            assert!(once.len() < accepted.len(), "the limit withheld something");
        } else {
            all = counted;
            let missing = accepted.iter().filter(|id| !ids.contains(id.as_str())).count();
            assert_eq!((missing, ids.len()), (0, once.len()), "{name}: of {}", accepted.len());
        }
    }
}

/// What arrived, without second copies; those must be what was sent last before a crash, sent again first.
fn once<'a>(name: &str, got: &'a [String], ends: &[usize]) -> Vec<&'a String> {
    let mut once = Vec::new();
    let mut seen = HashSet::new();
    let mut start = 0;
    for end in ends.iter().copied().chain([got.len()]) {
        let run = &got[start..end];
        let again = run.iter().take_while(|line| seen.contains(line.as_str())).count();
        assert_eq!(run[..again], got[start - again..start], "{name}: only what was in flight comes again");
        for line in &run[again..] {
            assert!(seen.insert(line.as_str()), "{name}: a second copy of what wasn't in flight");
            once.push(line);
        }
        start = end;
    }
    once
}
