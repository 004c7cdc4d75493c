//! The alerts that are made, each of the size that the shipped rules make.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::{Duration, Instant};

use lanner_alert::{Alert, Fingerprint, Priority, Value};
use lanner_bus::{Clock, Entry, Journal, JournalError, Sender, system_clock};
use lanner_integration_tests::cpu;
use lanner_integration_tests::pipe::Feed;

/// Which rule each sixteenth alert is of.
const RULES: [(&str, Priority); 16] = {
    let event = ("event", Priority::Warning);
    let mut rules = [event; 16];
    rules[0] = ("quiet", Priority::Notice);
    rules[1] = ("worse", Priority::Critical);
    rules[2] = ("lesser", Priority::Notice);
    rules[3] = ("lesser", Priority::Notice);
    rules
};

/// So many are made at a time where the next don't wait for anything.
const MADE_AT_ONCE: usize = 64;

/// Sends the alerts to the bus until they are accepted; the CPU seconds that making them took, where it was taken.
pub async fn feed(feed: &Feed, journal: &Journal) -> Result<f64, Box<dyn Error>> {
    let count = feed.count.unwrap_or(u64::MAX);
    match &feed.accepted {
        Some((path, chunk)) => {
            let mut accepted = OpenOptions::new().create(true).append(true).open(path)?;
            let (mut pace, mut number) = (Pace::new(feed), 0);
            while number < count {
                let through = count.min(number + 1 + number.wrapping_mul(7919) % chunk);
                let mut ids = String::new();
                for number in number..through {
                    pace.wait(number);
                    let alert = alert(number, feed.keys, &pace.clock);
                    writeln!(ids, "{}", alert.id)?;
                    journal.sender().send(Entry::Alert(alert))?;
                }
                number = through;
                journal.handle().flush().await?;
                accepted.write_all(ids.as_bytes())?;
            }
        }
        None => {
            let (sender, feed) = (journal.sender(), feed.clone());
            let making = tokio::task::spawn_blocking(move || send(&sender, &feed, count)).await??;
            journal.handle().flush().await?;
            return Ok(making);
        }
    }
    Ok(0.0)
}

fn send(sender: &Sender, feed: &Feed, count: u64) -> Result<f64, JournalError> {
    let (mut pace, mut making) = (Pace::new(feed), 0.0);
    let mut numbers = 0..count;
    while !numbers.is_empty() {
        let before = cpu::thread();
        let some = numbers.by_ref().take(MADE_AT_ONCE);
        let made: Vec<_> = some.map(|number| (number, alert(number, feed.keys, &pace.clock))).collect();
        making += cpu::thread() - before;
        for (number, alert) in made {
            pace.wait(number);
            sender.send(Entry::Alert(alert))?;
        }
    }
    Ok(making)
}

/// When each is due.
struct Pace {
    start: Instant,
    per_second: Option<u64>,
    clock: Clock,
}

impl Pace {
    fn new(feed: &Feed) -> Pace {
        Pace { start: Instant::now(), per_second: feed.per_second, clock: system_clock() }
    }

    fn wait(&mut self, number: u64) {
        if let Some(per_second) = self.per_second {
            let due = Duration::from_secs_f64(number as f64 / per_second as f64);
            std::thread::sleep(due.saturating_sub(self.start.elapsed()));
        }
    }
}

fn alert(number: u64, keys: u64, clock: &Clock) -> Alert {
    let key = number % keys.max(1);
    let (rule, priority) = RULES[(number / 3 % 16) as usize];
    let field = |name: &str, value: &str| (name.to_owned(), Value::from(value));
    let fields = BTreeMap::from([
        field("container.id", "3c1b0f9a7d52"),
        field("container.image.repository", "registry.example.org/team/web"),
        field("container.name", &format!("web-{key}")),
        field("fd.name", "/etc/shadow"),
        field("proc.cmdline", "cat /etc/shadow /etc/passwd /etc/group"),
        field("proc.exepath", "/usr/bin/cat"),
        field("proc.name", "cat"),
        ("proc.pid".to_owned(), Value::Uint(number)),
        field("proc.pname", "bash"),
        field("user.name", "root"),
        ("user.uid".to_owned(), Value::Uint(0)),
    ]);
    let time = clock();
    Alert {
        id: uuid::Uuid::now_v7(),
        time,
        rule: rule.into(),
        priority,
        source: "syscall".into(),
        hostname: "pipe".into(),
        output: format!(
            "Sensitive file opened for reading by non-trusted program | file=/etc/shadow gparent=sshd \
             evt_type=openat user=root user_uid=0 process=cat command=cat /etc/shadow /etc/passwd /etc/group \
             terminal=34816 container_id=3c1b0f9a7d52 container_name=web-{key}"
        ),
        output_fields: fields,
        tags: vec!["T1003.008".to_owned(), "host".to_owned(), "mitre_credential_access".to_owned()],
        fingerprint: Fingerprint::of(rule, [&Value::Uint(key)]),
        count: 1,
        first_seen: time,
        last_seen: time,
        silenced: None,
        route: None,
        causes: None,
        facts: BTreeMap::new(),
    }
}
