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
