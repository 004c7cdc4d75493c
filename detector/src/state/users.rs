//! The host's users and groups, from passwd(5) and group(5).

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use lanner_event::{User, Users};

/// How long a file may be, in bytes.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// The two files, and what they were when they were read last.
pub struct Files {
    passwd: Watched,
    group: Watched,
}

struct Watched {
    path: PathBuf,
    read: Option<Version>,
}

/// What tells one version of a file from the next: an editor puts a new file in its place, which may be as old.
#[derive(PartialEq)]
struct Version {
    inode: u64,
    bytes: u64,
    changed: (i64, i64),
}

impl Watched {
    /// The file's text, where it has changed since the last time.
    fn read(&mut self) -> Option<Vec<u8>> {
        let metadata = std::fs::metadata(&self.path).ok()?;
        let changed = (metadata.ctime(), metadata.ctime_nsec());
        let version = Version { inode: metadata.ino(), bytes: metadata.len(), changed };
        if self.read.as_ref() == Some(&version) {
            return None;
        }
        self.read = Some(version);
        if metadata.len() > FILE_BYTES_MAX {
            tracing::warn!(
                "{} is longer than {FILE_BYTES_MAX} bytes: names stay as they were",
                self.path.display()
            );
            return None;
        }
        std::fs::read(&self.path).ok()
    }
}

impl Files {
    /// Files at these paths, not read yet.
    pub fn new(passwd: impl Into<PathBuf>, group: impl Into<PathBuf>) -> Files {
        let watched = |path| Watched { path, read: None };
        Files { passwd: watched(passwd.into()), group: watched(group.into()) }
    }

    /// Reads what has changed.
    pub fn read(&mut self, users: &mut Users) {
        if let Some(text) = self.passwd.read() {
            users.users = lines(&text).filter_map(user).collect();
        }
        if let Some(text) = self.group.read() {
            users.groups = lines(&text).filter_map(group).collect();
        }
    }
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n')
}

fn user(line: &[u8]) -> Option<(u32, User)> {
    let columns: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
    let [name, _, uid, _, _, home, shell] = columns.as_slice() else { return None };
    let user = User { name: (*name).into(), home: (*home).into(), shell: (*shell).into() };
    Some((number(uid)?, user))
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
    fn lines_are_read_and_changes_seen() {
        let directory = tempfile::tempdir().unwrap();
        let (passwd, groups) = (directory.path().join("passwd"), directory.path().join("group"));
        std::fs::write(&passwd, "root:x:0:0:root:/root:/bin/bash\nbroken\nx:x:y:0::/:/x\n").unwrap();
        std::fs::write(&groups, "root:x:0:\nadm:x:4:a,b\n").unwrap();
        let mut files = Files::new(&passwd, &groups);
        let mut users = Users::default();
        files.read(&mut users);
        assert_eq!(users.users.len(), 1);
        assert_eq!(&*users.users[&0].name, b"root");
        assert_eq!(&*users.groups[&4], b"adm");
        std::fs::write(&passwd, "a:x:7:0::/:/x\n").unwrap();
        files.read(&mut users);
        assert!(users.users.contains_key(&7) && !users.users.contains_key(&0));
    }
}
