//! Races of a program against who watches it: the rows of docs/evasion.md that need two threads. Each makes sure of what
//! is always right, and prints how often the rest went wrong.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use lanner_event::{EventFlags, EventRef, Kind, OwnedEvent};

use super::{c, events_of, in_child, of_kind, readings, start};

/// How often each race is run.
const ROUNDS: usize = 2000;

/// Memory that two threads write and read as they like.
struct Shared(Vec<AtomicU8>);

impl Shared {
    fn new(text: &CStr) -> Shared {
        Shared(text.to_bytes_with_nul().iter().map(|byte| AtomicU8::new(*byte)).collect())
    }

    fn as_ptr(&self) -> *const libc::c_char {
        self.0.as_ptr().cast()
    }
}

/// Does something while another thread changes something all the time.
fn while_changing(change: impl Fn(bool) + Sync, act: impl FnOnce()) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut turn = false;
            while !over.load(Ordering::Relaxed) {
                turn = !turn;
                change(turn);
            }
        });
        act();
        over.store(true, Ordering::Relaxed);
    });
}

/// What a child knows to be true, a line each, and the events of it.
fn race(act: impl FnOnce(&mut dyn FnMut(&str))) -> Option<(Vec<String>, Vec<OwnedEvent>)> {
    let mut live = start()?;
    let (mut read, write) = std::io::pipe().unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        read.read_to_string(&mut text).unwrap();
        text
    });
    let pid = in_child(|| {
        let mut lines = String::new();
        act(&mut |line| {
            lines.push_str(line);
            lines.push('\n');
        });
        std::io::Write::write_all(&mut &write, lines.as_bytes()).unwrap();
    });
    drop(write);
    let lines = reader.join().unwrap().lines().map(str::to_owned).collect();
    Some((lines, events_of(&mut live, pid)))
}

/// Which of some names the file is that a descriptor stands for.
fn which(fd: i32, names: &[u64]) -> usize {
    // SAFETY: stat is a plain struct of numbers, for which zeros are valid; it lives through the call.
    let inode = unsafe {
        let mut about: libc::stat = std::mem::zeroed();
        assert_eq!(libc::fstat(fd, &raw mut about), 0);
        about.st_ino
    };
    names.iter().position(|of| *of == inode).expect("it is one of them")
}

fn inode(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().ino()
}

fn opens_below<'a>(events: &'a [OwnedEvent], base: &Path) -> Vec<EventRef<'a>> {
    let base = base.to_str().unwrap();
    let opens = of_kind(events, Kind::Openat).into_iter();
    opens.filter(|event| event.res >= 0 && readings(event, "name").0.starts_with(base)).collect()
}

/// One by one, they are what they should be.
#[track_caller]
fn same<'a>(found: impl ExactSizeIterator<Item = &'a String>, expected: &[String]) {
    assert_eq!(found.len(), expected.len());
    let wrong = found.zip(expected).position(|(found, expected)| found != expected);
    assert_eq!(wrong, None, "the first that is another");
}

/// A thread changes the string while another opens what it names: the real path is always that of the file.
#[test]
fn a_string_that_changes_hides_no_opened_file() {
    let directory = tempfile::tempdir().unwrap();
    let base = directory.path().canonicalize().unwrap();
    let files = ["a", "b"].map(|name| base.join(name));
    files.iter().for_each(|file| std::fs::write(file, "x").unwrap());
    let inodes = files.each_ref().map(|file| inode(file));
    let Some((truth, events)) = race(|say| {
        let string = Shared::new(&c(&files[0]));
        let last = &string.0[string.0.len() - 2];
        let change = |turn| last.store(if turn { b'a' } else { b'b' }, Ordering::Relaxed);
        while_changing(change, || {
            for _ in 0..ROUNDS {
                // SAFETY: whatever the string is, it ends with a NUL and lives through the call.
                unsafe {
                    let fd = libc::open(string.as_ptr(), libc::O_RDONLY);
                    say(&files[which(fd, &inodes)].display().to_string());
                    libc::close(fd);
                }
            }
        });
    }) else {
        return;
    };
    let found: Vec<_> = opens_below(&events, &base).iter().map(|event| readings(event, "name")).collect();
    same(found.iter().map(|(_, real)| real), &truth);
    let wrong = found.iter().filter(|(given, real)| given != real).count();
    eprintln!("the string was another by the end of the call {wrong} times of {ROUNDS}");
}

/// A link leads elsewhere by the time that it is followed: the real path is always that of the file.
#[test]
fn a_link_that_changes_hides_no_opened_file() {
    let directory = tempfile::tempdir().unwrap();
    let base = directory.path().canonicalize().unwrap();
    let files = ["a", "b"].map(|name| base.join(name));
    files.iter().for_each(|file| std::fs::write(file, "x").unwrap());
    let inodes = files.each_ref().map(|file| inode(file));
    let (link, new) = (c(base.join("link")), c(base.join("new")));
    let Some((truth, events)) = race(|say| {
        std::os::unix::fs::symlink("a", base.join("link")).unwrap();
        let change = |turn: bool| {
            let to = if turn { c"a" } else { c"b" };
            // SAFETY: all strings end with a NUL and live through the calls.
            unsafe {
                libc::symlink(to.as_ptr(), new.as_ptr());
                libc::rename(new.as_ptr(), link.as_ptr());
            }
        };
        while_changing(change, || {
            for _ in 0..ROUNDS {
                // SAFETY: the string ends with a NUL and lives through the call.
                unsafe {
                    let fd = libc::open(link.as_ptr(), libc::O_RDONLY);
                    say(&files[which(fd, &inodes)].display().to_string());
                    libc::close(fd);
                }
            }
        });
    }) else {
        return;
    };
    let found: Vec<_> = opens_below(&events, &base).iter().map(|event| readings(event, "name")).collect();
    assert!(found.iter().all(|(given, _)| *given == base.join("link").display().to_string()));
    same(found.iter().map(|(_, real)| real), &truth);
}

/// A thread puts another file in the place of the descriptor before the call returns: the given path is right.
#[test]
fn a_descriptor_that_changes_leaves_the_given_path() {
    let directory = tempfile::tempdir().unwrap();
    let base = directory.path().canonicalize().unwrap();
    let files = ["secret", "decoy"].map(|name| base.join(name));
    files.iter().for_each(|file| std::fs::write(file, "x").unwrap());
    let Some((_, events)) = race(|_| {
        let decoy = c(&files[1]);
        let secret = c(&files[0]);
        // SAFETY: the strings end with a NUL and live through the calls. The descriptors are nobody else's: those of
        // the test were closed, or are below.
        unsafe {
            let decoy = libc::open(decoy.as_ptr(), libc::O_RDONLY);
            let target = libc::open(secret.as_ptr(), libc::O_RDONLY);
            libc::close(target);
            let change = |_| {
                libc::dup2(decoy, target);
                libc::close(target);
            };
            while_changing(change, || {
                for _ in 0..ROUNDS {
                    let fd = libc::open(secret.as_ptr(), libc::O_RDONLY);
                    if fd != target {
                        libc::close(fd);
                    }
                }
            });
        }
    }) else {
        return;
    };
    let [secret, decoy] = files.map(|file| file.display().to_string());
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let found = opens_below(&events, &base).into_iter().map(|event| readings(&event, "name"));
    for (given, real) in found.filter(|(given, _)| *given == secret) {
        assert_eq!(given, secret);
        assert!([&secret, &decoy, "-"].contains(&&*real), "{real}");
        *counts.entry(real).or_default() += 1;
    }
    assert!(counts.values().sum::<usize>() >= ROUNDS);
    eprintln!("real paths of {secret}: {counts:?}");
}

/// A directory gets another name, elsewhere, while its files are opened: the real path is one that the file had.
#[test]
fn a_directory_that_moves_hides_no_opened_file() {
    let directory = tempfile::tempdir().unwrap();
    let base = directory.path().canonicalize().unwrap();
    let places = ["one/first", "two/second"].map(|name| base.join(name));
    std::fs::create_dir_all(&places[0]).unwrap();
    std::fs::create_dir(base.join("two")).unwrap();
    std::fs::write(places[0].join("file"), "x").unwrap();
    let [first, second] = places.each_ref().map(c);
    let Some((_, events)) = race(|_| {
        // SAFETY: all strings end with a NUL and live through the calls.
        unsafe {
            let at = libc::open(first.as_ptr(), libc::O_PATH);
            let change = |turn: bool| {
                let (from, to) = if turn { (&first, &second) } else { (&second, &first) };
                libc::rename(from.as_ptr(), to.as_ptr());
            };
            while_changing(change, || {
                for _ in 0..ROUNDS {
                    libc::close(libc::openat(at, c"file".as_ptr(), libc::O_RDONLY));
                }
            });
        }
    }) else {
        return;
    };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let had = places.map(|place| place.join("file").display().to_string());
    for event in opens_below(&events, &base).iter().skip(1) {
        let real = readings(event, "name").1;
        let marked = event.flags.contains(EventFlags::RACED);
        assert!(marked || had.contains(&real), "{real}");
        *counts.entry(if marked { "marked".to_owned() } else { real }).or_default() += 1;
    }
    eprintln!("{counts:?}");
    assert_eq!(counts.values().sum::<usize>(), ROUNDS);
}

/// A thread changes the string of a name that another makes. No hook of the kernel tells the directory here, so the path
/// is what the string was when the call ended: each call is told of, and as one of the two.
#[test]
fn a_string_that_changes_may_hide_a_name() {
    let directory = tempfile::tempdir().unwrap();
    let base = directory.path().canonicalize().unwrap();
    let names = ["a", "b"].map(|name| base.join(name));
    let Some((truth, events)) = race(|say| {
        let string = Shared::new(&c(&names[0]));
        let last = &string.0[string.0.len() - 2];
        let change = |turn| last.store(if turn { b'a' } else { b'b' }, Ordering::Relaxed);
        let paths = names.each_ref().map(c);
        while_changing(change, || {
            for _ in 0..ROUNDS {
                // SAFETY: whatever the strings are, they end with a NUL and live through the calls.
                unsafe {
                    assert_eq!(libc::mkdir(string.as_ptr(), 0o700), 0);
                    let made = paths.iter().position(|path| libc::rmdir(path.as_ptr()) == 0).unwrap();
                    say(&names[made].display().to_string());
                }
            }
        });
    }) else {
        return;
    };
    let found: Vec<_> = of_kind(&events, Kind::Mkdir).iter().map(|event| readings(event, "path").0).collect();
    assert_eq!((found.len(), truth.len()), (ROUNDS, ROUNDS));
    let names = names.map(|name| name.display().to_string());
    assert!(found.iter().all(|path| names.contains(path)));
    let wrong = found.iter().zip(&truth).filter(|(found, truth)| found != truth).count();
    eprintln!("the string was another by the end of the call {wrong} times of {ROUNDS}");
}
