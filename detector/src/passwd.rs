//! The files passwd(5) and group(5): what lines they have, and whether they have changed. What isn't a line of theirs is
//! passed over, as the C library does.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use hashbrown::HashMap;
use lanner_event::User;

/// How long a line may be, in bytes: whoever writes the file chooses what alerts show.
const LINE_BYTES_MAX: usize = 4096;

/// What tells one version of a file from the next: an editor puts a new file in its place, which may be as old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    device: u64,
    inode: u64,
    bytes: u64,
    changed: (i64, i64),
}

impl Version {
    /// The version of an open file, or of one by name.
    pub fn of(file: &Metadata) -> Version {
        let changed = (file.ctime(), file.ctime_nsec());
        Version { device: file.dev(), inode: file.ino(), bytes: file.len(), changed }
    }
}

/// The users of a passwd(5), by number as `known_as` has it; those that it has none for are left out. Of several with
/// one number the first counts, as in getpwuid(3).
pub fn users(text: &[u8], known_as: impl Fn(u32) -> Option<u32>) -> HashMap<u32, User> {
    let mut users = HashMap::new();
    for (uid, user) in lines(text).filter_map(user) {
        if let Some(uid) = known_as(uid) {
            users.entry(uid).or_insert(user);
        }
    }
    users
}

/// The names of the groups of a group(5), by number; see [`users`].
pub fn groups(text: &[u8], known_as: impl Fn(u32) -> Option<u32>) -> HashMap<u32, Box<[u8]>> {
    let mut groups = HashMap::new();
    for (gid, name) in lines(text).filter_map(group) {
        if let Some(gid) = known_as(gid) {
            groups.entry(gid).or_insert(name);
        }
    }
    groups
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n').filter(|line| line.len() <= LINE_BYTES_MAX)
}

fn user(line: &[u8]) -> Option<(u32, User)> {
    let mut columns = line.split(|byte| *byte == b':');
    let (name, _, uid, _) = (columns.next()?, columns.next()?, columns.next()?, columns.next()?);
    let (_, home, shell) = (columns.next()?, columns.next()?, columns.next()?);
    let user = User { name: name.into(), home: home.into(), shell: shell.into() };
    Some((number(uid)?, user)).filter(|_| columns.next().is_none())
}

fn group(line: &[u8]) -> Option<(u32, Box<[u8]>)> {
    let mut columns = line.split(|byte| *byte == b':');
    let (name, _, gid) = (columns.next()?, columns.next()?, columns.next()?);
    Some((number(gid)?, name.into()))
}

fn number(text: &[u8]) -> Option<u32> {
    str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_line_is_passed_over() {
        let long = format!("x:x:8:8::/{}:/x\n", "x".repeat(LINE_BYTES_MAX));
        let text = format!(
            "root:x:0:0:root:/root:/bin/bash\nbroken\nx:x:y:0::/:/x\na:x:7:0::/:/x:more\ntoor:x:0:0::/:\n{long}"
        );
        let found = users(text.as_bytes(), Some);
        assert_eq!(found.len(), 1);
        assert_eq!((&*found[&0].name, &*found[&0].shell), (&b"root"[..], &b"/bin/bash"[..]));
        let found = groups(b"root:x:0:\nadm:x:4:a,b\n:::\nadmin:x:4:\n", Some);
        assert_eq!((found.len(), &*found[&4]), (2, &b"adm"[..]));
    }

    #[test]
    fn numbers_may_be_others_outside() {
        let outside = |uid: u32| (uid < 2).then_some(uid + 1000);
        let found = users(b"a:x:0:0::/:/x\nb:x:1:1::/:/x\nc:x:2:2::/:/x\n", outside);
        assert_eq!((found.len(), &*found[&1001].name), (2, &b"b"[..]));
        assert_eq!(groups(b"a:x:1:\nb:x:9:\n", outside), [(1001, b"a"[..].into())].into());
    }
}
