//! A file to which lines are appended, as Falco's `file_output` does.
//!
//! Whoever reads it must never see half a line followed by another: a write that failed halfway, on a full
//! disk, is taken back.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use futures_util::future::{BoxFuture, FutureExt};
use lanner_alert::Notification;
use lanner_diagnostic::Node;
use lanner_router::{DeliveryError, Output, Receipt};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Common, Made, OutputSpec, render, template};

/// Alerts tell much about a host: a new file is for its owner only.
const MODE: u32 = 0o600;

/// A file.
pub const SPEC: OutputSpec = OutputSpec {
    name: "file",
    summary: "One line per alert appended to a file, which is opened again on SIGUSR1.",
    example: "name: log\ntype: file\nfilename: /var/log/lanner/alerts.log\nkeep_alive: true\n",
    redact: false,
    templates: &[template::LINE],
    schema: || schemars::schema_for!(Settings),
    build,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The path of the file. It is created where it doesn't exist, readable by its owner only.
    filename: PathBuf,
    /// Whether to keep the file open between alerts, until SIGUSR1. Otherwise it is opened for each batch, so
    /// that it may be moved away at any time.
    #[serde(default)]
    keep_alive: bool,
}

fn build(node: &Node, common: &Common) -> Made {
    let settings: Settings = node.read()?;
    if settings.filename.as_os_str().is_empty() {
        return Err(crate::settings::wrong(node, "filename", "the path of the file is missing"));
    }
    Ok(Box::new(Log { settings, open: None, common: common.clone() }))
}

struct Log {
    settings: Settings,
    open: Option<File>,
    common: Common,
}

impl Output for Log {
    fn deliver<'a>(
        &'a mut self,
        batch: &'a [Notification],
    ) -> BoxFuture<'a, Vec<Result<Receipt, DeliveryError>>> {
        async move {
            let lines: Vec<String> =
                batch.iter().map(|notification| render::line(notification, &self.common) + "\n").collect();
            let (path, open) = (self.settings.filename.clone(), self.open.take());
            // Disks can be slow: only this output waits for them.
            let task = tokio::task::spawn_blocking(move || append(&path, open, &lines));
            let (file, written, error) = match task.await {
                Ok(done) => done,
                Err(error) => (None, 0, Some(io::Error::other(error))),
            };
            self.open = file.filter(|_| self.settings.keep_alive);
            let failed = error.map(|error| self.failed(&error));
            let result = |at: usize| match &failed {
                Some(error) if at >= written => Err(error.clone()),
                _ => Ok(Receipt::default()),
            };
            (0..batch.len()).map(result).collect()
        }
        .boxed()
    }

    fn check(&mut self) -> BoxFuture<'_, Result<(), DeliveryError>> {
        async {
            // Opened without being created: a check changes nothing.
            let path = &self.settings.filename;
            let opened = match OpenOptions::new().append(true).open(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
                    std::fs::metadata(parent.unwrap_or(Path::new("."))).map(|_| ())
                }
                opened => opened.map(|_| ()),
            };
            opened.map_err(|error| self.failed(&error))
        }
        .boxed()
    }

    fn reopen(&mut self) {
        self.open = None;
    }
}

impl Log {
    fn failed(&self, error: &io::Error) -> DeliveryError {
        DeliveryError::Retry { after: None, cause: format!("{}: {error}", self.settings.filename.display()) }
    }
}

/// Appends the lines: gives the file back, how many lines are in it whole, and why not all.
fn append(path: &Path, open: Option<File>, lines: &[String]) -> (Option<File>, usize, Option<io::Error>) {
    let opened = match open {
        Some(file) => Ok(file),
        // A pipe that nobody reads must not keep a thread for ever; a disk doesn't mind.
        None => {
            OpenOptions::new().append(true).create(true).mode(MODE).custom_flags(libc::O_NONBLOCK).open(path)
        }
    };
    let mut file = match opened {
        Ok(file) => file,
        Err(error) => return (None, 0, Some(error)),
    };
    let bytes = lines.concat();
    let (written, error) = write_whole(&mut file, bytes.as_bytes());
    let Some(error) = error else { return (Some(file), lines.len(), None) };
    let mut whole = 0;
    let mut end = 0;
    while whole < lines.len() && end + lines[whole].len() <= written {
        end += lines[whole].len();
        whole += 1;
    }
    take_back(&mut file, (written - end) as u64);
    // The next attempt opens it again, in case that helps.
    (None, whole, Some(error))
}

/// Writes until all is written or the file refuses; says how much was.
fn write_whole(file: &mut File, bytes: &[u8]) -> (usize, Option<io::Error>) {
    let mut written = 0;
    while written < bytes.len() {
        match file.write(&bytes[written..]) {
            Ok(0) => return (written, Some(io::ErrorKind::WriteZero.into())),
            Ok(size) => written += size,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (written, Some(error)),
        }
    }
    (written, None)
}

/// Takes the last bytes off the file. Where another has written behind them, or the file can't be cut, what
/// was begun is ended as a line instead; where even that fails, nothing more can be done.
fn take_back(file: &mut File, size: u64) {
    if size == 0 {
        return;
    }
    let end = file.stream_position().ok().filter(|end| file.metadata().is_ok_and(|file| file.len() == *end));
    let cut = end.and_then(|end| end.checked_sub(size)).map(|end| file.set_len(end));
    if !matches!(cut, Some(Ok(()))) {
        let _ = file.write(b"\n");
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::samples;

    fn log(path: &Path, keep_alive: bool) -> Log {
        let settings = Settings { filename: path.to_owned(), keep_alive };
        Log { settings, open: None, common: samples::common() }
    }

    #[tokio::test]
    async fn appends_and_opens_again() {
        let dir = tempfile::tempdir().unwrap();
        let (path, moved) = (dir.path().join("log"), dir.path().join("log.1"));
        let mut log = log(&path, true);
        let two = [samples::single(), samples::summary()];
        assert!(log.deliver(&two).await.iter().all(Result::is_ok));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, MODE);
        std::fs::rename(&path, &moved).unwrap();
        assert!(log.deliver(&two[..1]).await[0].is_ok());
        assert!(!path.exists(), "kept open");
        log.reopen();
        assert!(log.deliver(&two[..1]).await[0].is_ok());
        let lines = |path| std::fs::read_to_string(path).unwrap().lines().count();
        assert_eq!((lines(&moved), lines(&path)), (3, 1));
    }

    #[tokio::test]
    async fn without_keep_alive_a_moved_file_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut log = log(&path, false);
        assert!(log.deliver(&[samples::single()]).await[0].is_ok());
        std::fs::rename(&path, dir.path().join("log.1")).unwrap();
        assert!(log.deliver(&[samples::single()]).await[0].is_ok());
        assert!(path.exists());
    }

    #[tokio::test]
    async fn what_cannot_be_written_is_tried_again() {
        let results = log(Path::new("/dev/full"), false).deliver(&[samples::single()]).await;
        let Err(DeliveryError::Retry { cause, .. }) = &results[0] else { panic!("{results:?}") };
        assert!(cause.starts_with("/dev/full: No space left"), "{cause}");
        assert!(log(Path::new("/no/such/dir/log"), false).check().await.is_err());
    }

    #[tokio::test]
    async fn a_pipe_that_nobody_reads_is_tried_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipe");
        let name = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
        // SAFETY: the name is a string that ends with a zero byte.
        assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
        let results = log(&path, false).deliver(&[samples::single()]).await;
        assert!(matches!(results[..], [Err(DeliveryError::Retry { .. })]), "{results:?}");
    }

    #[test]
    fn half_a_line_is_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut file = OpenOptions::new().append(true).create(true).open(&path).unwrap();
        file.write_all(b"whole\nhal").unwrap();
        take_back(&mut file, 3);
        file.write_all(b"hal").unwrap();
        std::io::Write::write_all(&mut OpenOptions::new().append(true).open(&path).unwrap(), b"x\n").unwrap();
        take_back(&mut file, 3);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "whole\nhalx\n\n");
    }
}
