//! The journal as the detector, the router and the workers see it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lanner_alert::{Alert, Fingerprint, Group, Kind, Notification, Priority, Timestamp};
use lanner_bus::{
    End, Entry, Handle, Held, Journal, OpenError, Outcome, Outgoing, Settings, StateChange, Stats, Step,
};
use uuid::Uuid;

fn alert(rule: &str) -> Alert {
    let time = Timestamp(1_700_000_000_000_000_000);
    Alert {
        id: Uuid::now_v7(),
        time,
        rule: rule.into(),
        priority: Priority::Warning,
        source: "syscall".into(),
        hostname: "host".into(),
        output: format!("{rule} happened"),
        output_fields: BTreeMap::new(),
        tags: Vec::new(),
        fingerprint: Fingerprint(7),
        count: 1,
        first_seen: time,
        last_seen: time,
        silenced: None,
        route: None,
        facts: BTreeMap::new(),
        causes: None,
    }
}

fn open(dir: &Path, outputs: &[&str]) -> Journal {
    Journal::open(Settings::at(dir.join("journal.db")), &names(outputs)).unwrap()
}

fn names(outputs: &[&str]) -> Vec<String> {
    outputs.iter().map(|&name| name.to_owned()).collect()
}

/// Hands all alerts that wait to all outputs, as a router without stages does.
async fn route_all(journal: &Handle) {
    loop {
        let batch = journal.after(journal.cursor().await.unwrap(), 100).await.unwrap();
        if batch.alerts.is_empty() {
            return;
        }
        let outbox = batch.alerts.iter().flat_map(|(seq, _)| {
            journal.outputs().iter().map(|output| Outgoing::Alert { seq: *seq, output: output.id })
        });
        let step =
            Step { cursor: batch.through, made: journal.now(), outbox: outbox.collect(), ..Step::default() };
        journal.step(step).await.unwrap();
    }
}

#[tokio::test]
async fn an_alert_goes_its_way() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path(), &["a", "b"]);
    let (one, two) = (alert("one"), alert("two"));
    for alert in [&one, &two] {
        journal.sender().send(Entry::Alert(alert.clone())).unwrap();
    }
    let handle = journal.handle();
    assert_eq!(handle.flush().await.unwrap(), 2);
    route_all(&handle).await;
    let [a, b] = [handle.outputs()[0].id, handle.outputs()[1].id];
    let due = handle.due(a, handle.now(), 10).await.unwrap();
    let ids: Vec<Uuid> = due.rows.iter().map(|row| row.notification.id).collect();
    assert_eq!(ids, [one.id, two.id]);
    assert_eq!(*due.rows[0].notification.alerts[0], one);

    let later = handle.now().after(Duration::from_secs(60));
    let outcomes = vec![
        Outcome { row: due.rows[0].id, end: End::Retry { not_before: later, cause: "away".into() } },
        Outcome { row: due.rows[1].id, end: End::Sent { receipt: "ts".into() } },
    ];
    handle.settle(a, outcomes).await.unwrap();
    let due = handle.due(a, handle.now(), 10).await.unwrap();
    assert_eq!((due.rows.len(), due.next), (0, Some(later)));
    let due = handle.due(a, later, 10).await.unwrap();
    assert_eq!((due.rows[0].notification.id, due.rows[0].attempt), (one.id, 1));

    let refused = handle.due(b, later, 1).await.unwrap().rows[0].id;
    handle
        .settle(b, vec![Outcome { row: refused, end: End::Refused { answer: "no".into() } }])
        .await
        .unwrap();
    let stats = Stats::read(&dir.path().join("journal.db"), handle.now()).unwrap();
    assert_eq!(stats, handle.stats().await.unwrap());
    let figures: Vec<_> =
        stats.outputs.iter().map(|o| (&*o.name, o.pending, o.sent, o.retried, o.refused)).collect();
    assert_eq!(figures, [("a", 1, 1, 1, 0), ("b", 1, 0, 0, 1)]);
    assert_eq!((stats.outputs[0].cause.as_deref(), &stats.outputs[1].cause), (Some("away"), &None));
    assert!(stats.to_string().contains("a fails: away"), "{stats}");
    assert_eq!((stats.accepted, stats.alerts, stats.cursor), (2, 2, 2));
    assert_eq!(journal.close(), 0);
}

/// An update of a group comes with what was said of the group's first notification, by the same output.
#[tokio::test]
async fn an_update_knows_what_was_said_of_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path(), &["a", "b"]);
    let handle = journal.handle();
    let first = Uuid::now_v7();
    let told = |id, update| Notification {
        id,
        kind: Kind::Group,
        group: Some(Box::new(Group { id: first, update, by: Vec::new(), new: 1, receipt: None })),
        ..Notification::of(Arc::new(alert("rule")), handle.now())
    };
    let outputs: Vec<_> = handle.outputs().iter().map(|output| output.id).collect();
    let put = |notification| {
        let outbox = vec![Outgoing::Notification { notification, outputs: outputs.clone() }];
        handle.step(Step { made: handle.now(), outbox, ..Step::default() })
    };
    put(told(first, 0)).await.unwrap();
    for (output, receipt) in outputs.iter().zip(["C1:1.2", ""]) {
        let due = handle.due(*output, handle.now(), 1).await.unwrap();
        assert_eq!(due.rows[0].notification.group.as_ref().unwrap().receipt, None);
        let end = match receipt {
            "" => End::Refused { answer: "no".into() },
            receipt => End::Sent { receipt: receipt.into() },
        };
        handle.settle(*output, vec![Outcome { row: due.rows[0].id, end }]).await.unwrap();
    }
    put(told(Uuid::now_v7(), 1)).await.unwrap();
    for (output, receipt) in outputs.iter().zip([Some("C1:1.2"), None]) {
        let due = handle.due(*output, handle.now(), 1).await.unwrap();
        assert_eq!(due.rows[0].notification.group.as_ref().unwrap().receipt.as_deref(), receipt);
    }
}

#[tokio::test]
async fn a_flush_waits_for_all_that_came_before() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path(), &[]);
    for _ in 0..7000 {
        journal.sender().send(Entry::Alert(alert("x"))).unwrap();
    }
    assert_eq!(journal.handle().flush().await.unwrap(), 7000);
}

#[tokio::test]
async fn what_is_held_survives() {
    let dir = tempfile::tempdir().unwrap();
    let held = |n: u8| Held { id: Uuid::now_v7(), deadline: Timestamp(u64::from(n)), body: vec![n, 0, 255] };
    let (one, two) = (held(1), held(2));
    let journal = open(dir.path(), &[]);
    let sender = journal.sender();
    sender.send(Entry::Hold(one.clone())).unwrap();
    sender.send(Entry::Hold(two.clone())).unwrap();
    sender.send(Entry::Judged { held: one.id, alerts: vec![alert("x"), alert("y")] }).unwrap();
    assert_eq!(journal.handle().flush().await.unwrap(), 2);
    journal.close();
    let journal = Journal::open(
        Settings {
            max_age: Duration::from_secs(u32::MAX.into()),
            ..Settings::at(dir.path().join("journal.db"))
        },
        &[],
    )
    .unwrap();
    assert_eq!(journal.held(), [two]);
    assert!(sender.send(Entry::Alert(alert("late"))).is_err(), "that journal was closed");
}

#[tokio::test]
async fn state_and_shared_notifications_survive() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path(), &["a", "b"]);
    let handle = journal.handle();
    let outputs: Vec<_> = handle.outputs().iter().map(|output| output.id).collect();
    let change = |key: &str, value: Option<&str>| StateChange {
        stage: "limit",
        key: key.into(),
        value: value.map(str::to_owned),
    };
    let notification = Notification::of(Arc::new(alert("x")), handle.now());
    let step = Step {
        made: handle.now(),
        state: vec![
            change("a", Some("1")),
            change("b", Some("2")),
            change("a", Some("3")),
            change("b", None),
        ],
        outbox: vec![Outgoing::Notification { notification: notification.clone(), outputs: outputs.clone() }],
        ..Step::default()
    };
    handle.step(step).await.unwrap();
    journal.close();

    let journal = open(dir.path(), &["b", "a"]);
    let handle = journal.handle();
    assert_eq!(handle.state().await.unwrap(), [("limit".to_owned(), "a".to_owned(), "3".to_owned())]);
    for output in outputs {
        let due = handle.due(output, handle.now(), 10).await.unwrap();
        assert_eq!(due.rows[0].notification, notification);
        handle
            .settle(output, vec![Outcome { row: due.rows[0].id, end: End::Sent { receipt: String::new() } }])
            .await
            .unwrap();
    }
    journal.close();
    let db = rusqlite::Connection::open(dir.path().join("journal.db")).unwrap();
    let left: i64 = db.query_row("SELECT COUNT(*) FROM notifications", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0, "the last one to want it took it along");
}

#[tokio::test]
async fn a_new_output_begins_at_now_and_a_removed_one_blocks_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path(), &["old"]);
    journal.sender().send(Entry::Alert(alert("x"))).unwrap();
    journal.handle().flush().await.unwrap();
    route_all(&journal.handle()).await;
    journal.close();
    let journal = open(dir.path(), &["new"]);
    assert_eq!(journal.handle().outputs()[0].since, 1);
    let stats = journal.handle().stats().await.unwrap();
    let figures: Vec<_> = stats.outputs.iter().map(|o| (&*o.name, o.configured, o.pending)).collect();
    assert_eq!(figures, [("new", true, 0), ("old", false, 1)]);
}

/// A clock that a test moves.
fn clock(at: &Arc<AtomicU64>) -> lanner_bus::Clock {
    let at = at.clone();
    Arc::new(move || Timestamp(at.load(Ordering::Relaxed)))
}

#[tokio::test]
async fn what_becomes_too_old_is_given_up_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let at = Arc::new(AtomicU64::new(1_000_000_000));
    let settings = Settings {
        max_age: Duration::from_secs(3600),
        clock: clock(&at),
        ..Settings::at(dir.path().join("journal.db"))
    };
    let journal = Journal::open(settings.clone(), &names(&["a", "b"])).unwrap();
    let handle = journal.handle();
    for _ in 0..3 {
        journal.sender().send(Entry::Alert(alert("routed"))).unwrap();
    }
    handle.flush().await.unwrap();
    route_all(&handle).await;
    let a = handle.outputs()[0].id;
    let first = handle.due(a, handle.now(), 1).await.unwrap().rows[0].id;
    handle.settle(a, vec![Outcome { row: first, end: End::Sent { receipt: "r".into() } }]).await.unwrap();
    journal.sender().send(Entry::Alert(alert("not routed"))).unwrap();
    handle.flush().await.unwrap();
    journal.close();

    at.store(7_200_000_000_000, Ordering::Relaxed);
    // `b` is removed: what it was owed expires like the rest.
    let journal = Journal::open(settings, &names(&["a"])).unwrap();
    let handle = journal.handle();
    let mut accepted = handle.accepted();
    accepted.wait_for(|&seq| seq == 5).await.unwrap();
    let stats = handle.stats().await.unwrap();
    let figures: Vec<_> = stats.outputs.iter().map(|o| (&*o.name, o.pending, o.sent, o.given_up)).collect();
    assert_eq!(figures, [("a", 0, 1, 2), ("b", 0, 0, 3)]);
    assert_eq!((stats.given_up, stats.pruned, stats.alerts), (1, 3, 1));
    let told = handle.after(stats.cursor, 10).await.unwrap();
    assert_eq!(
        told.alerts[0].1.output,
        "The journal's bounds made Lanner give up: 2 for a, 3 for b, 1 not yet routed"
    );
}

/// Neither while it runs nor while it is closed does a clock that was ahead keep anything for longer.
#[tokio::test]
async fn a_clock_that_is_set_back_holds_nothing_up() {
    const DAY: u64 = 24 * 3600 * 1_000_000_000;
    for closed in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let at = Arc::new(AtomicU64::new(400 * DAY));
        let settings = Settings { clock: clock(&at), ..Settings::at(dir.path().join("journal.db")) };
        let mut journal = Journal::open(settings.clone(), &names(&["a"])).unwrap();
        let mut handle = journal.handle();
        for _ in 0..2500 {
            journal.sender().send(Entry::Alert(alert("x"))).unwrap();
        }
        handle.flush().await.unwrap();
        route_all(&handle).await;
        let a = handle.outputs()[0].id;
        let row = handle.due(a, handle.now(), 1).await.unwrap().rows[0].id;
        let not_before = handle.now().after(Duration::from_secs(60));
        let end = End::Retry { not_before, cause: "away".into() };
        handle.settle(a, vec![Outcome { row, end }]).await.unwrap();
        at.fetch_add(20_000_000_000, Ordering::Relaxed);
        journal.sender().send(Entry::Alert(alert("last"))).unwrap();
        handle.flush().await.unwrap();
        route_all(&handle).await;
        handle.due(a, handle.now(), 1).await.unwrap();

        if closed {
            journal.close();
        }
        at.fetch_sub(300 * DAY, Ordering::Relaxed);
        if closed {
            journal = Journal::open(settings.clone(), &names(&["a"])).unwrap();
            handle = journal.handle();
        }
        let first = async |after: u64| {
            let time = Timestamp(100 * DAY + after * 1_000_000_000);
            handle.due(a, time, 1).await.unwrap().rows[0].id
        };
        assert_ne!(first(59).await, row, "the wait isn't over");
        assert_eq!(first(60).await, row);
        // A week later all of it is too old.
        at.store(108 * DAY, Ordering::Relaxed);
        let given_up = handle.accepted().wait_for(|&seq| seq > 2501).await.map(|seq| *seq);
        assert_eq!(given_up.unwrap(), 2502);
        let stats = handle.stats().await.unwrap();
        assert_eq!((stats.alerts, stats.outputs[0].pending, stats.outputs[0].given_up), (1, 0, 2501));
    }
}

#[tokio::test]
async fn the_file_stays_within_its_bound() {
    const MAX: u64 = 2 << 20;
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { max_size: MAX, ..Settings::at(dir.path().join("journal.db")) };
    let journal = Journal::open(settings.clone(), &names(&["a"])).unwrap();
    let (sender, handle) = (journal.sender(), journal.handle());
    let mut big = alert("big");
    big.output = "x".repeat(2000);
    for round in 0..40 {
        for _ in 0..100 {
            big.id = Uuid::now_v7();
            sender.send(Entry::Alert(big.clone())).unwrap();
        }
        handle.flush().await.unwrap();
        if round % 2 == 0 {
            route_all(&handle).await;
        }
        // What is committed is answered before the bound is looked at, and a reader of the figures may hold a
        // checkpoint up: each round must come within the bound, not each moment.
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let bytes = handle.stats().await.unwrap().bytes;
            if bytes.database + bytes.wal <= MAX + (MAX / 8) {
                break;
            }
            assert!(Instant::now() < deadline, "{bytes:?} in round {round}");
            sender.send(Entry::Alert(alert("small"))).unwrap();
            handle.flush().await.unwrap();
        }
    }
    let stats = handle.stats().await.unwrap();
    let a = &stats.outputs[0];
    // Every alert is waiting, or counted as given up: for the output, or before it was routed.
    let unrouted = stats.accepted - stats.cursor;
    assert_eq!(a.pending + a.given_up + stats.given_up + unrouted, stats.accepted, "{stats:?}");
    assert!(stats.accepted >= 4000 && a.given_up > 1000, "{stats:?}");
    journal.close();

    // Pruning to nothing and starting again doesn't give a place twice.
    let journal = Journal::open(Settings { max_age: Duration::ZERO, ..settings }, &names(&["a"])).unwrap();
    let handle = journal.handle();
    handle.accepted().wait_for(|&seq| seq > stats.accepted).await.unwrap();
    assert_eq!(handle.stats().await.unwrap().outputs[0].pending, 0);
}

#[test]
fn what_can_not_be_opened_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let error = |path: &Path| Journal::open(Settings::at(path), &[]).err().map(|error| error.to_string());

    let journal = open(dir.path(), &[]);
    assert_eq!(
        error(&path).unwrap(),
        format!(
            "the journal {} is in use by process {}: only one lanner may run on a journal",
            path.display(),
            std::process::id()
        )
    );
    Stats::read(&path, Timestamp(0)).unwrap();
    journal.close();

    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let newer = Journal::open(Settings::at(&path), &[]).err().unwrap();
    assert!(matches!(newer, OpenError::Newer { found: 99, .. }), "{newer}");

    let other = dir.path().join("passwd");
    std::fs::write(&other, "x".repeat(5000)).unwrap();
    let said = error(&other).unwrap();
    assert!(said.contains("passwd can't be used (file is not a database)"), "{said}");
    assert_eq!(std::fs::read(&other).unwrap().len(), 5000, "it is left alone");

    // The same journal under another name, of the file and of its folder.
    std::fs::create_dir(dir.path().join("real")).unwrap();
    let real = open(&dir.path().join("real"), &[]);
    std::os::unix::fs::symlink(dir.path().join("real/journal.db"), dir.path().join("link.db")).unwrap();
    std::os::unix::fs::symlink(dir.path().join("real"), dir.path().join("folder")).unwrap();
    for name in ["link.db", "folder/journal.db"] {
        let linked = Journal::open(Settings::at(dir.path().join(name)), &[]).err();
        assert!(matches!(linked, Some(OpenError::InUse { .. })), "{name}: {linked:?}");
    }
    real.close();

    let foreign = dir.path().join("foreign.db");
    let db = rusqlite::Connection::open(&foreign).unwrap();
    db.execute_batch("CREATE TABLE alerts (x); PRAGMA user_version = 3").unwrap();
    drop(db);
    let before = std::fs::read(&foreign).unwrap();
    let said = error(&foreign).unwrap();
    assert!(
        said.ends_with("foreign.db is a database, but not a journal of lanner: name another file"),
        "{said}"
    );
    assert_eq!(std::fs::read(&foreign).unwrap(), before, "it is left alone");
    // One that was made before journals were marked is known, and marked.
    let older = dir.path().join("real/journal.db");
    let mark =
        |db: &rusqlite::Connection| db.query_row("PRAGMA application_id", [], |row| row.get::<_, i32>(0));
    let db = rusqlite::Connection::open(&older).unwrap();
    db.pragma_update(None, "application_id", 0).unwrap();
    open(&dir.path().join("real"), &[]).close();
    assert_eq!(mark(&db).unwrap(), 0x4c41_4e4e);

    let nowhere = dir.path().join("nowhere/journal.db");
    assert!(error(&nowhere).unwrap().contains("can't be opened: No such file or directory"));
}

#[tokio::test]
async fn a_full_channel_makes_the_sender_wait() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { channel_max: 4, ..Settings::at(dir.path().join("journal.db")) };
    let journal = Journal::open(settings, &[]).unwrap();
    // As long as someone else writes to the database, nothing can be committed.
    let other = rusqlite::Connection::open(dir.path().join("journal.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let sender = journal.sender();
    let detector = std::thread::spawn({
        let sender = sender.clone();
        move || (0..100).for_each(|_| sender.send(Entry::Alert(alert("x"))).unwrap())
    });
    while sender.full() == 0 {
        std::thread::yield_now();
    }
    assert!(sender.depth() <= 4);
    other.execute_batch("ROLLBACK").unwrap();
    detector.join().unwrap();
    assert_eq!(journal.handle().flush().await.unwrap(), 100);
    assert!(sender.full() > 0);
}

/// A small file system in memory, which goes with the value.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    /// None where this process may not mount one.
    fn mount(at: &Path) -> Option<SmallDisk> {
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(at).output();
        mount.is_ok_and(|done| done.status.success()).then(|| SmallDisk(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// A small disk; none where there is nobody who may mount one, which is no excuse under CI.
fn small_disk(at: &Path) -> Option<SmallDisk> {
    let disk = SmallDisk::mount(at);
    if disk.is_none() {
        eprintln!("skipped: a test with a full disk needs root, to mount a small one");
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "must not be skipped under CI");
    }
    disk
}

#[test]
fn a_disk_that_is_full_at_the_start_is_said() {
    for there in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let Some(_disk) = small_disk(dir.path()) else { return };
        let path = dir.path().join("journal.db");
        if there {
            let journal = open(dir.path(), &["a"]);
            journal.sender().send(Entry::Alert(alert("x"))).unwrap();
            journal.close();
        }
        let filler = dir.path().join("filler");
        let mut file = std::fs::File::create(&filler).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
        let full = Journal::open(Settings::at(&path), &names(&["a"])).err();
        assert!(matches!(full, Some(OpenError::Full { .. })), "{full:?}");
        drop(file);
        std::fs::remove_file(&filler).unwrap();
        let journal = open(dir.path(), &["a"]);
        assert_eq!(*journal.handle().accepted().borrow(), u64::from(there));
    }
}

#[tokio::test]
async fn a_full_disk_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let Some(_disk) = small_disk(dir.path()) else { return };
    let filler = dir.path().join("filler");
    std::fs::write(&filler, vec![0; 3 << 20]).unwrap();
    let settings = Settings { channel_max: 16, ..Settings::at(dir.path().join("journal.db")) };
    let journal = Journal::open(settings, &[]).unwrap();
    let sender = journal.sender();
    let mut big = alert("big");
    big.output = "x".repeat(10_000);
    let detector = std::thread::spawn(move || {
        (0..200)
            .for_each(|_| sender.send(Entry::Alert(Alert { id: Uuid::now_v7(), ..big.clone() })).unwrap());
    });
    // The disk is full when what is accepted comes to a halt while the detector still waits.
    let mut accepted = journal.handle().accepted();
    let halt = Duration::from_millis(700);
    while tokio::time::timeout(halt, accepted.changed()).await.is_ok() {}
    assert!(!detector.is_finished() && *accepted.borrow() < 200, "{}", *accepted.borrow());
    std::fs::remove_file(filler).unwrap();
    assert!(
        tokio::time::timeout(Duration::from_secs(20), accepted.wait_for(|&seq| seq == 200)).await.is_ok()
    );
    detector.join().unwrap();
    assert_eq!(journal.handle().stats().await.unwrap().alerts, 200);
    assert_eq!(journal.close(), 0);
}

/// A journal that can't be written is closed all the same, and says how much it leaves behind.
#[tokio::test]
async fn closing_does_not_wait_for_a_full_disk() {
    let dir = tempfile::tempdir().unwrap();
    let Some(_disk) = small_disk(dir.path()) else { return };
    std::fs::write(dir.path().join("filler"), vec![0; 3 << 20]).unwrap();
    let settings = Settings { channel_max: 16, ..Settings::at(dir.path().join("journal.db")) };
    let journal = Journal::open(settings, &names(&["a"])).unwrap();
    let (sender, handle) = (journal.sender(), journal.handle());
    let mut big = alert("big");
    big.output = "x".repeat(10_000);
    let detector = std::thread::spawn(move || {
        let sent = |_: &i32| sender.send(Entry::Alert(Alert { id: Uuid::now_v7(), ..big.clone() })).is_ok();
        (0..1000).take_while(sent).count()
    });
    let mut accepted = handle.accepted();
    while tokio::time::timeout(Duration::from_millis(700), accepted.changed()).await.is_ok() {}
    // The router and the workers wait, too.
    let steps = [0, 1].map(|_| {
        tokio::spawn({
            let handle = handle.clone();
            async move { handle.step(Step { made: handle.now(), ..Step::default() }).await }
        })
    });
    journal.shut();
    let sent = detector.join().unwrap();
    assert!(sent < 1000, "who waits for room is told that there will be none");
    let lost = tokio::task::spawn_blocking(|| journal.close());
    let lost = tokio::time::timeout(Duration::from_secs(20), lost).await.expect("it ends").unwrap();
    assert!(lost > 0);
    assert_eq!(sent, lost + usize::try_from(*accepted.borrow()).unwrap());
    for step in steps {
        assert!(step.await.unwrap().is_err());
    }
}
