//! Standard output: what a person at a terminal or a log collector reads.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use lanner_alert::{AlertId, Notification, Priority, falco};
use lanner_diagnostic::{Node, NodeError};
use lanner_router::{DeliveryError, Output, Receipt};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::task::JoinHandle;

use crate::{Common, Made, OutputSpec, render, template};

/// Standard output.
pub const SPEC: OutputSpec = OutputSpec {
    name: "stdout",
    summary: "One line per alert on standard output, coloured by priority where a terminal reads it.",
    example: "name: terminal\ntype: stdout\n",
    redact: false,
    templates: &[template::LINE],
    schema: || schemars::schema_for!(Settings),
    build,
};

/// Standard output has no settings of its own: Falco's `json_output` and its kin say what a line is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {}

fn build(node: &Node, common: &Common) -> Made {
    let Settings {} = node.read()?;
    let stdout = io::stdout();
    // https://no-color.org: set and not empty.
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let file = stdout.as_fd().try_clone_to_owned().map_err(|error| NodeError {
        message: format!("there is no standard output: {error}"),
        place: Some(node.place),
        help: None,
    })?;
    let colour = stdout.is_terminal() && !plain;
    Ok(Box::new(Stdout { file: Arc::new(file.into()), colour, under_way: None, common: common.clone() }))
}

struct Stdout {
    file: Arc<File>,
    colour: bool,
    /// The write that isn't done yet, and whose it is.
    under_way: Option<(AlertId, JoinHandle<io::Result<()>>)>,
    common: Common,
}

impl Stdout {
    fn line(&self, notification: &Notification) -> String {
        let own = self.common.templates.medium(template::LINE.key).is_some();
        if own || self.common.json_output || !self.colour {
            return render::line(notification, &self.common) + "\n";
        }
        let alert = render::as_alert(notification, &self.common);
        let time = self.common.json.time_format.format(alert.time);
        let colour = colour(alert.priority);
        format!("\x1b[2m{time}:\x1b[0m \x1b[{colour}m{}\x1b[0m {}\n", alert.priority, falco::message(&alert))
    }
}

/// The SGR parameters (ECMA-48 §8.3.117) of a priority: the louder, the more important.
fn colour(priority: Priority) -> &'static str {
    match priority {
        Priority::Emergency | Priority::Alert => "1;97;41",
        Priority::Critical => "1;31",
        Priority::Error => "31",
        Priority::Warning => "33",
        Priority::Notice => "36",
        Priority::Informational => "32",
        Priority::Debug => "2",
    }
}

impl Stdout {
    /// Writes one line. A terminal may be halted, a pipe full: only this output waits for them. Where the wait
    /// was given up and the notification is tried again, the first attempt is still under way and is waited
    /// for, so that the line isn't written twice.
    async fn write(&mut self, notification: &Notification) -> io::Result<()> {
        if let Some((id, under_way)) = &mut self.under_way {
            let (id, result) = (*id, under_way.await);
            self.under_way = None;
            if id == notification.id {
                return result.unwrap_or_else(|error| Err(io::Error::other(error)));
            }
        }
        let (file, line) = (self.file.clone(), self.line(notification));
        let write = tokio::task::spawn_blocking(move || write_all(&file, line.as_bytes()));
        let (_, under_way) = self.under_way.insert((notification.id, write));
        let result = under_way.await;
        self.under_way = None;
        result.unwrap_or_else(|error| Err(io::Error::other(error)))
    }
}

impl Output for Stdout {
    fn deliver<'a>(
        &'a mut self,
        batch: &'a [Notification],
    ) -> BoxFuture<'a, Vec<Result<Receipt, DeliveryError>>> {
        async move {
            let mut results = Vec::with_capacity(batch.len());
            for notification in batch {
                let written = self.write(notification).await;
                results.push(written.map(|()| Receipt::default()).map_err(|error| unwritten(&error)));
            }
            results
        }
        .boxed()
    }

    fn check(&mut self) -> BoxFuture<'_, Result<(), DeliveryError>> {
        async { Ok(()) }.boxed()
    }
}

fn unwritten(error: &io::Error) -> DeliveryError {
    let cause = match error.kind() {
        ErrorKind::BrokenPipe => "nobody reads standard output any more".to_owned(),
        _ => format!("standard output: {error}"),
    };
    DeliveryError::Retry { after: None, cause }
}

/// Writes all of it, also where whoever shares the descriptor has made it non-blocking.
fn write_all(mut file: &File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => wait_writable(file)?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn wait_writable(file: &File) -> io::Result<()> {
    let mut poll = libc::pollfd { fd: file.as_raw_fd(), events: libc::POLLOUT, revents: 0 };
    // SAFETY: the pointer is to one `pollfd` that lives through the call.
    if unsafe { libc::poll(&raw mut poll, 1, -1) } < 0 {
        let error = io::Error::last_os_error();
        if error.kind() != ErrorKind::Interrupted {
            return Err(error);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::samples;

    fn stdout(file: impl Into<std::os::fd::OwnedFd>, colour: bool) -> Stdout {
        Stdout { file: Arc::new(file.into().into()), colour, under_way: None, common: samples::common() }
    }

    #[tokio::test]
    async fn colours_the_priority_only() {
        let (mut read, write) = io::pipe().unwrap();
        assert_eq!(stdout(write, true).deliver(&[samples::single()]).await, [Ok(Receipt::default())]);
        let mut text = String::new();
        read.read_to_string(&mut text).unwrap();
        assert_eq!(
            text,
            "\x1b[2m12:26:40.123456789:\x1b[0m \x1b[33mWarning\x1b[0m A shell was used in a container \
             (user=root\\ncommand=sh -c echo <b>hi</b> `id` <!here>)\n"
        );
    }

    #[tokio::test]
    async fn what_was_given_up_while_it_waited_is_written_once() {
        let (mut read, mut write) = io::pipe().unwrap();
        // A write of this size waits until the pipe is read.
        // SAFETY: the descriptor is open.
        let size = unsafe { libc::fcntl(write.as_raw_fd(), libc::F_GETPIPE_SZ) };
        write.write_all(&vec![b'x'; usize::try_from(size).unwrap()]).unwrap();
        let (mut stdout, batch) = (stdout(write, false), [samples::single(), samples::summary()]);
        assert!(stdout.deliver(&batch).now_or_never().is_none());
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            read.read_to_string(&mut text).map(|_| text)
        });
        assert!(stdout.deliver(&batch).await.iter().all(Result::is_ok));
        drop(stdout);
        assert_eq!(reader.join().unwrap().unwrap().lines().count(), 2);
    }

    #[tokio::test]
    async fn a_closed_pipe_is_no_crash() {
        let (read, write) = io::pipe().unwrap();
        drop(read);
        let results = stdout(write, false).deliver(&[samples::single()]).await;
        let cause = "nobody reads standard output any more".to_owned();
        assert_eq!(results, [Err(DeliveryError::Retry { after: None, cause })]);
    }
}
