//! A journal that is damaged is put aside, said, and a new one is begun: at the start, and while it is used.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use lanner_alert::{Alert, Priority, Timestamp};
use lanner_bus::{Entry, Journal, Outgoing, Settings, Step};
use tempfile::TempDir;
use uuid::Uuid;

fn open(path: &Path) -> Journal {
    Journal::open(Settings::at(path), &["a".to_owned(), "b".to_owned()]).unwrap()
}

fn send(journal: &Journal, count: usize, output: &str) {
    for _ in 0..count {
        let (fields, output) = (BTreeMap::new(), output.to_owned());
        let alert =
            Alert::internal(Uuid::now_v7(), "rule", Priority::Error, output, fields, Timestamp(0), "".into());
        journal.sender().send(Entry::Alert(alert)).unwrap();
    }
}

/// What was put aside, without the files beside it.
fn aside(dir: &Path) -> Vec<PathBuf> {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let is = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.contains(".damaged-") && !name.ends_with("-wal") && !name.ends_with("-shm")
    };
    names.filter(is).collect()
}

#[tokio::test]
async fn a_damaged_journal_is_put_aside_at_the_start() {
    for (at, with) in [(0, "garbage".repeat(100)), (100, "x".repeat(4000))] {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("journal.db");
        let journal = open(&path);
        send(&journal, 10, "it happened");
        journal.close();
        let mut file = OpenOptions::new().write(true).open(&path).unwrap();
        file.seek(SeekFrom::Start(at)).unwrap();
        file.write_all(with.as_bytes()).unwrap();
        let damaged = fs::read(&path).unwrap();

        let journal = open(&path);
        let aside = aside(dir.path());
        assert_eq!(aside.len(), 1, "{aside:?}");
        assert_eq!(fs::read(&aside[0]).unwrap(), damaged);
        let told = journal.handle().after(0, 10).await.unwrap().alerts;
        assert_eq!((told.len(), told[0].1.priority), (1, Priority::Critical));
        assert_eq!(told[0].1.field("lanner.journal").to_string(), aside[0].display().to_string());
        send(&journal, 1, "more");
        assert_eq!(journal.handle().flush().await.unwrap(), 2);
        assert_eq!(journal.close(), 0);
    }
}

#[tokio::test]
async fn a_journal_that_is_damaged_while_it_is_used_is_put_aside_too() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("journal.db");
    let journal = open(&path);
    // More than is kept in memory, of alerts and of the database.
    send(&journal, 20_000, &"x".repeat(800));
    let handle = journal.handle();
    assert_eq!(handle.flush().await.unwrap(), 20_000);
    let a = handle.outputs()[0].id;
    let outbox = vec![Outgoing::Alert { seq: 1, output: a }];
    handle.step(Step { cursor: 19_990, outbox, made: handle.now(), ..Step::default() }).await.unwrap();
    for name in [path.clone(), dir.path().join("journal.db-wal")] {
        let length = fs::metadata(&name).unwrap().len();
        let mut file = OpenOptions::new().write(true).open(&name).unwrap();
        file.seek(SeekFrom::Start(100)).unwrap();
        file.write_all(&vec![0xee; usize::try_from(length).unwrap() - 100]).unwrap();
    }

    let mut accepted = handle.accepted();
    // SQLite keeps some pages in memory; of the others it finds out as they are read, here or to keep the bounds.
    let mut from = 0;
    while handle.after(from, 1).await.is_ok() && *accepted.borrow() == 20_000 {
        from += 10;
        assert!(from < 20_000, "some of it can't be read");
    }
    accepted.wait_for(|&seq| seq == 20_001).await.unwrap();
    assert_eq!(aside(dir.path()).len(), 1);
    // What wasn't routed yet is there under its number, and the outputs are too.
    let batch = handle.after(handle.cursor().await.unwrap(), 100).await.unwrap();
    let seqs: Vec<u64> = batch.alerts.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(seqs, (19_991..=20_001).collect::<Vec<_>>());
    assert!(batch.alerts[10].1.output.starts_with("The journal can't be used"));
    assert!(handle.due(a, handle.now(), 10).await.unwrap().rows.is_empty());
    let outbox = vec![Outgoing::Alert { seq: 20_001, output: a }];
    handle.step(Step { cursor: 20_001, outbox, made: handle.now(), ..Step::default() }).await.unwrap();
    assert_eq!(handle.due(a, handle.now(), 10).await.unwrap().rows.len(), 1);
    send(&journal, 1, "more");
    assert_eq!(handle.flush().await.unwrap(), 20_002);
    assert_eq!(journal.close(), 0);

    let journal = open(&path);
    let handle = journal.handle();
    assert_eq!(handle.outputs()[0].id, a);
    assert_eq!((handle.cursor().await.unwrap(), *handle.accepted().borrow()), (20_001, 20_002));
    assert_eq!(handle.due(a, handle.now(), 10).await.unwrap().rows.len(), 1);
}
