//! A journal as it lies on the disk after a kill, read with nothing of Lanner's but the form of its texts.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use lanner_integration_tests::receiver::Counts;
use rusqlite::{Connection, OpenFlags, Row};
use serde_json::Value;
use uuid::Uuid;

/// An accepted alert.
pub struct Accepted {
    pub id: Uuid,
    pub rule: String,
    /// What the correlation and the inhibition compare.
    pub container: String,
}

/// What the journal says of an output.
#[derive(Default)]
pub struct Ledger {
    /// Not acknowledged yet.
    pub waiting: BTreeMap<Uuid, Counts>,
    /// Refused.
    pub dead: BTreeMap<Uuid, Counts>,
    /// What stages hold.
    pub held: Counts,
    pub sent: u64,
    pub refused: u64,
    pub given_up: u64,
}

/// A journal.
#[derive(Default)]
pub struct Snapshot {
    /// Those that are in it, in order, each with its place.
    pub alerts: Vec<(u64, Accepted)>,
    /// Those that were ever accepted.
    pub accepted: u64,
    /// The last of them that was routed.
    pub cursor: u64,
    /// Those that were given up before they were routed.
    pub given_up: u64,
    /// By name.
    pub outputs: BTreeMap<String, Ledger>,
}

impl Snapshot {
    /// Reads a copy of the journal, so that the next run finds what the last one left. It stays for as long as the
    /// folder.
    pub fn take(journal: &Path, folder: &Path) -> Snapshot {
        let copy = folder.join("copy.db");
        for suffix in ["", "-wal", "-shm"] {
            let beside = |path: &Path| format!("{}{suffix}", path.display());
            let _ = fs::remove_file(beside(&copy));
            // What is shared between processes is made again of the log, and the log may be none.
            if suffix != "-shm" && fs::exists(beside(journal)).expect("a folder") {
                fs::copy(beside(journal), beside(&copy)).expect("a copy");
            }
        }
        let db = Connection::open_with_flags(&copy, OpenFlags::SQLITE_OPEN_READ_WRITE).expect("a database");
        let version: u64 = db.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("a version");
        match version {
            0 => Snapshot::default(),
            _ => Snapshot::read(&db).expect("what is committed can be read"),
        }
    }

    fn read(db: &Connection) -> rusqlite::Result<Snapshot> {
        let number = |sql: &str| db.query_row(sql, [], |row| row.get::<_, u64>(0));
        let mut select = db.prepare("SELECT seq, alert FROM alerts ORDER BY seq")?;
        let alerts = select.query_map([], |row| Ok((row.get(0)?, accepted(&json(row, 1)?))))?;
        let mut snapshot = Snapshot {
            alerts: alerts.collect::<rusqlite::Result<_>>()?,
            accepted: number("SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'alerts'")?,
            cursor: number("SELECT cursor FROM router")?,
            given_up: number("SELECT given_up FROM router")?,
            outputs: BTreeMap::new(),
        };
        let mut select = db.prepare("SELECT name, id, sent, refused, given_up FROM outputs")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let id: u64 = row.get(1)?;
            let ledger = Ledger {
                waiting: Self::notifications(
                    db,
                    "SELECT COALESCE(notification.notification, alerts.alert) FROM outbox \
                     LEFT JOIN notifications AS notification ON notification.id = outbox.notification \
                     LEFT JOIN alerts ON alerts.seq = outbox.alert WHERE output = ?",
                    id,
                )?,
                dead: Self::notifications(db, "SELECT notification FROM dead_letters WHERE output = ?", id)?,
                held: Counts::new(),
                sent: row.get(2)?,
                refused: row.get(3)?,
                given_up: row.get(4)?,
            };
            snapshot.outputs.insert(row.get(0)?, ledger);
        }
        snapshot.read_state(db)?;
        Ok(snapshot)
    }

    fn notifications(db: &Connection, sql: &str, output: u64) -> rusqlite::Result<BTreeMap<Uuid, Counts>> {
        let mut select = db.prepare(sql)?;
        let rows = select.query_map([output], |row| json(row, 0))?;
        rows.map(|value| value.map(|value| (id(&value), counts(&value)))).collect()
    }

    /// What stages hold: a new stage that holds alerts says here where it counts them.
    fn read_state(&mut self, db: &Connection) -> rusqlite::Result<()> {
        let mut select = db.prepare("SELECT stage, key, value FROM state")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let (stage, key): (String, String) = (row.get(0)?, row.get(1)?);
            let Some((key, output)) = key.split_once('@') else { continue };
            let value = json(row, 2)?;
            let held = match &*stage {
                "dedup" => value["repeats"].is_object().then(|| alert_counts(&value["repeats"])),
                "limit" | "digest" => key.is_empty().then(|| tally(&value["tally"])),
                "group" => value["new"].as_u64().map(new),
                other => panic!("what does the stage {other} hold?"),
            };
            let ledger = self.outputs.get_mut(output).expect("a stage of an output");
            add(&mut ledger.held, &held.unwrap_or_default());
        }
        Ok(())
    }
}

/// Adds some counts to others.
pub fn add(to: &mut Counts, counts: &Counts) {
    for (rule, count) in counts {
        *to.entry(rule.clone()).or_default() += count;
    }
}

fn json(row: &Row, at: usize) -> rusqlite::Result<Value> {
    let text: String = row.get(at)?;
    Ok(serde_json::from_str(&text).expect("what the journal holds is JSON"))
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn id(value: &Value) -> Uuid {
    text(&value["id"]).parse().expect("an id")
}

fn accepted(alert: &Value) -> Accepted {
    let container = ["output_fields", "facts"].iter().find_map(|of| alert[of]["container.name"].as_str());
    Accepted {
        id: id(alert),
        rule: text(&alert["rule"]),
        container: container.unwrap_or_default().to_owned(),
    }
}

/// What an alert or a notification stands for.
fn counts(value: &Value) -> Counts {
    match value["kind"].as_str() {
        None => alert_counts(value),
        Some("alert") => alert_counts(&value["alerts"][0]),
        Some("group") => new(value["group"]["new"].as_u64().expect("a count")),
        Some(_) => tally(&value["tally"]),
    }
}

fn alert_counts(alert: &Value) -> Counts {
    Counts::from([(text(&alert["rule"]), alert["count"].as_u64().expect("a count"))])
}

/// What is new in a group, of whatever rules.
fn new(count: u64) -> Counts {
    Counts::from([(String::new(), count)])
}

fn tally(tally: &Value) -> Counts {
    let rules = tally["rules"].as_object().expect("counts by rule");
    let count = |(rule, of): (&String, &Value)| (rule.clone(), of["count"].as_u64().expect("a count"));
    rules.iter().map(count).collect()
}
