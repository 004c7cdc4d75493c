//! The only file of this crate that reads the disk.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The most bytes of a configuration or rules file.
pub const FILE_BYTES_MAX: u64 = 16 << 20;

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    Folder,
    File,
}

/// Where files are: the disk, or what a test gives.
pub(crate) trait Files {
    fn find(&self, path: &Path) -> io::Result<Found>;
    /// All of a file.
    fn read(&self, path: &Path) -> io::Result<String>;
    /// What is in a folder, in any order.
    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>>;
}

/// The disk.
pub(crate) struct Disk;

impl Files for Disk {
    fn find(&self, path: &Path) -> io::Result<Found> {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => Ok(Found::Folder),
            Ok(_) => Ok(Found::File),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(Found::Nothing)
            }
            Err(error) => Err(error),
        }
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        let mut bytes = Vec::new();
        File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(io::Error::other(format!("it is larger than {} MiB", FILE_BYTES_MAX >> 20)));
        }
        String::from_utf8(bytes).map_err(|_| io::Error::other("it isn't UTF-8"))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disk() {
        let dir = tempfile::tempdir().expect("a folder can be made");
        let path = |name: &str| dir.path().join(name);
        fs::write(path("text"), "é").expect("a file can be written");
        fs::write(path("bytes"), [0xff]).expect("a file can be written");
        let large = File::create(path("large")).expect("a file can be made");
        large.set_len(FILE_BYTES_MAX + 1).expect("a file can be extended");
        let find = |path: PathBuf| Disk.find(&path).expect("it can be found");
        assert_eq!(find(dir.path().to_owned()), Found::Folder);
        assert_eq!(find(path("text")), Found::File);
        assert_eq!((find(path("none")), find(path("text/none"))), (Found::Nothing, Found::Nothing));
        let read = |name| Disk.read(&path(name)).map_err(|error| error.to_string());
        assert_eq!(read("text"), Ok("é".to_owned()));
        assert_eq!(read("bytes"), Err("it isn't UTF-8".to_owned()));
        assert_eq!(read("large"), Err("it is larger than 16 MiB".to_owned()));
        let mut names = Disk.list(dir.path()).expect("a folder can be listed");
        names.sort();
        assert_eq!(names, [path("bytes"), path("large"), path("text")]);
    }
}
