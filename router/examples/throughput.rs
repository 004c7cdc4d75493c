//! How many alerts a second come from the channel through the journal and all stages to an output that takes
//! everything, and what that costs:
//! `cargo run --release -p lanner-router --example throughput [ALERTS [BATCH [PER_SECOND]]]`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use lanner_alert::{Alert, Fingerprint, Notification, Priority, Value};
use lanner_bus::{Entry, Journal, Settings};
use lanner_router::{
    DeliveryError, DeliverySettings, Output, OutputPolicy, Pipeline, Receipt, Route, Router, system_jitter,
};
use uuid::Uuid;

/// Takes everything, and says nothing.
struct Null;

impl Output for Null {
    fn deliver<'a>(
        &'a mut self,
        batch: &'a [Notification],
    ) -> BoxFuture<'a, Vec<Result<Receipt, DeliveryError>>> {
        async { batch.iter().map(|_| Ok(Receipt::default())).collect() }.boxed()
    }

    fn check(&mut self) -> BoxFuture<'_, Result<(), DeliveryError>> {
        async { Ok(()) }.boxed()
    }
}

/// An alert as one of Falco's stable rules makes it.
fn alert(number: u64, clock: &lanner_bus::Clock) -> Alert {
    let now = clock();
    let field = |name: &str, value: &str| (name.to_owned(), Value::from(value));
    let output_fields = BTreeMap::from([
        field("evt.type", "openat"),
        field("user.name", "root"),
        ("user.uid".to_owned(), Value::Uint(0)),
        ("user.loginuid".to_owned(), Value::from(-1_i64)),
        ("proc.pid".to_owned(), Value::Uint(number)),
        field("proc.name", "cat"),
        field("proc.pname", "bash"),
        field("proc.exepath", "/usr/bin/cat"),
        field("proc.cmdline", "cat /etc/shadow"),
        field("fd.name", "/etc/shadow"),
        field("container.id", "3ad7b26ded6d"),
        field("container.name", "web"),
        field("container.image.repository", "docker.io/library/nginx"),
    ]);
    Alert {
        id: Uuid::now_v7(),
        time: now,
        rule: "Read sensitive file untrusted".into(),
        priority: Priority::Warning,
        source: "syscall".into(),
        hostname: "host".into(),
        output: "Sensitive file opened for reading by non-trusted program | file=/etc/shadow gparent=sshd \
                 ggparent=systemd gggparent=<NA> evt_type=openat user=root user_uid=0 process=cat \
                 command=cat /etc/shadow terminal=34816 container_id=3ad7b26ded6d container_name=web"
            .into(),
        output_fields,
        tags: ["T1555", "container", "filesystem", "host", "mitre_credential_access"]
            .map(String::from)
            .to_vec(),
        fingerprint: Fingerprint(u128::from(number)),
        count: 1,
        first_seen: now,
        last_seen: now,
        silenced: None,
        route: None,
        facts: BTreeMap::new(),
        causes: None,
    }
}

/// CPU seconds of this process, user and system, from `/proc/self/stat` in ticks of 10 ms.
fn cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let alerts = arguments.next().transpose()?.unwrap_or(200_000);
    let batch = arguments.next().transpose()?.unwrap_or(100);
    let rate = arguments.next().transpose()?.map(|per_second| per_second as f64);
    let dir = PathBuf::from(format!("/var/tmp/lanner-throughput-{}", std::process::id()));
    fs::create_dir(&dir)?;
    let names = vec!["null".to_owned()];
    let settings = Settings::at(dir.join("journal.db"));
    let clock = settings.clock.clone();
    let journal = Journal::open(settings, &names)?;
    let policies = vec![OutputPolicy::everything("null")];
    let pipeline = Pipeline::new(Route::all(1), journal.handle().outputs(), policies);
    let delivery = DeliverySettings { batch, ..DeliverySettings::default() };
    let router =
        Router::start(journal.handle(), pipeline, vec![(Box::new(Null), delivery, system_jitter())]).await?;

    let made: Vec<Alert> = (0..alerts as u64).map(|number| alert(number, &clock)).collect();
    let (start, cpu_before) = (Instant::now(), cpu());
    let sender = journal.sender();
    let detector = std::thread::spawn(move || {
        for (number, alert) in made.into_iter().enumerate() {
            if let Some(rate) = rate {
                let due = Duration::from_secs_f64(number as f64 / rate);
                std::thread::sleep(due.saturating_sub(start.elapsed()));
            }
            sender.send(Entry::Alert(alert))?;
        }
        Ok::<u64, lanner_bus::JournalError>(sender.full())
    });
    let full =
        tokio::task::spawn_blocking(|| detector.join()).await?.map_err(|_| "the sender panicked")??;
    let last = journal.handle().flush().await?;
    let accepted = start.elapsed();
    let reports = router.stop(Duration::from_secs(600)).await;
    let (took, cost) = (start.elapsed(), cpu() - cpu_before);
    let bytes = journal.handle().stats().await?.bytes;
    journal.close();
    fs::remove_dir_all(&dir)?;
    assert_eq!((last, reports[0].sent), (alerts as u64, alerts as u64));
    let count = alerts as f64;
    println!("{alerts} alerts in batches of {batch}: {:.0} alerts/s", count / took.as_secs_f64());
    println!("accepted {:.0} alerts/s; the channel was full {full} times", count / accepted.as_secs_f64());
    println!("{:.2} CPU seconds per 100,000", cost / count * 100_000.0);
    println!("database {} MB, WAL {} MB", bytes.database >> 20, bytes.wal >> 20);
    Ok(())
}
