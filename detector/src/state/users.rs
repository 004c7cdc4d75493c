//! The host's users and groups, from passwd(5) and group(5).

use std::path::PathBuf;

use lanner_event::Users;

use crate::passwd::{self, Version};

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

impl Watched {
    /// The file's text, where it has changed since the last time.
    fn read(&mut self) -> Option<Vec<u8>> {
        let metadata = std::fs::metadata(&self.path).ok()?;
        let version = Version::of(&metadata);
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
            users.users = passwd::users(&text, Some);
        }
        if let Some(text) = self.group.read() {
            users.groups = passwd::groups(&text, Some);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_seen() {
        let directory = tempfile::tempdir().unwrap();
        let (passwd, groups) = (directory.path().join("passwd"), directory.path().join("group"));
        std::fs::write(&passwd, "root:x:0:0:root:/root:/bin/bash\n").unwrap();
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
