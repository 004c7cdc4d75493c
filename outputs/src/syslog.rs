//! Syslog: the host's own, over its local socket, in the form that syslog(3) writes and every syslog daemon
//! reads there.

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use lanner_alert::{Notification, printable, truncate};
use lanner_diagnostic::Node;
use lanner_router::{DeliveryError, Output, Receipt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::net::UnixDatagram;
use tokio::time::timeout;

use crate::{Common, Made, OutputSpec, render, settings, template};

/// The most bytes of a datagram: what rsyslog takes by default (`$MaxMessageSize`).
const MESSAGE_BYTES_MAX: usize = 8 * 1024;
/// The most bytes of a tag (RFC 3164 §4.1.3).
const TAG_BYTES_MAX: usize = 32;
/// How long the daemon may leave a datagram waiting.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The host's syslog.
pub const SPEC: OutputSpec = OutputSpec {
    name: "syslog",
    summary: "A message per alert to the host's syslog daemon, whose severity is the rule's priority.",
    example: "name: syslog\ntype: syslog\nfacility: authpriv\n",
    redact: false,
    templates: &[template::LINE],
    schema: || schemars::schema_for!(Settings),
    build,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The socket of the daemon.
    #[serde(default = "socket")]
    socket: PathBuf,
    /// The facility: `user`, `daemon`, `auth`, `authpriv`, or `local0` to `local7`.
    #[serde(default)]
    facility: Facility,
    /// The name of the program in each message.
    #[serde(default = "tag")]
    tag: String,
}

fn socket() -> PathBuf {
    "/dev/log".into()
}

fn tag() -> String {
    "lanner".to_owned()
}

/// The facilities of RFC 5424 §6.2.1 that a program like this may use; Falco's is `user`.
#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Facility {
    #[default]
    User = 1,
    Daemon = 3,
    Auth = 4,
    Authpriv = 10,
    Local0 = 16,
    Local1,
    Local2,
    Local3,
    Local4,
    Local5,
    Local6,
    Local7,
}

fn build(node: &Node, common: &Common) -> Made {
    let settings: Settings = node.read()?;
    let named = |c: char| c.is_ascii_graphic() && !matches!(c, ':' | '[' | ']');
    if settings.tag.is_empty() || settings.tag.len() > TAG_BYTES_MAX || !settings.tag.chars().all(named) {
        let message = format!("a tag is 1 to {TAG_BYTES_MAX} visible characters, none of them : [ or ]");
        return Err(settings::wrong(node, "tag", message));
    }
    Ok(Box::new(Syslog { settings, connected: None, common: common.clone() }))
}

struct Syslog {
    settings: Settings,
    connected: Option<UnixDatagram>,
    common: Common,
}

impl Syslog {
    /// `<PRI>Mmm dd hh:mm:ss TAG[PID]: MESSAGE` (RFC 3164 §4.1 without the host, as on a local socket).
    fn message(&self, notification: &Notification) -> String {
        let Settings { facility, tag, .. } = &self.settings;
        let pri = *facility as u8 * 8 + notification.priority.severity();
        let time = notification.time.zoned(self.common.zone.clone()).strftime("%b %e %H:%M:%S").to_string();
        let line = render::line(notification, &self.common);
        let line = printable(&line);
        let message = format!("<{pri}>{time} {tag}[{}]: {line}", std::process::id());
        truncate(&message, MESSAGE_BYTES_MAX).into_owned()
    }

    /// Sends a datagram; where the daemon was started anew since the last, connects once more.
    async fn send(&mut self, message: &[u8]) -> io::Result<()> {
        if let Some(socket) = &self.connected {
            match socket.send(message).await {
                Ok(_) => return Ok(()),
                Err(error) if gone(&error) => self.connected = None,
                Err(error) => return Err(error),
            }
        }
        let socket = self.connect()?;
        socket.send(message).await?;
        self.connected = Some(socket);
        Ok(())
    }

    fn connect(&self) -> io::Result<UnixDatagram> {
        let socket = UnixDatagram::unbound()?;
        socket.connect(&self.settings.socket)?;
        Ok(socket)
    }

    fn failed(&self, error: &io::Error) -> DeliveryError {
        DeliveryError::Retry { after: None, cause: format!("{}: {error}", self.settings.socket.display()) }
    }
}

fn gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::NotConnected
            | ErrorKind::BrokenPipe
    )
}

impl Output for Syslog {
    fn deliver<'a>(
        &'a mut self,
        batch: &'a [Notification],
    ) -> BoxFuture<'a, Vec<Result<Receipt, DeliveryError>>> {
        async move {
            let mut results = Vec::with_capacity(batch.len());
            for notification in batch {
                let message = self.message(notification);
                let sent = timeout(TIMEOUT, self.send(message.as_bytes())).await;
                let sent = sent.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()));
                results.push(sent.map(|()| Receipt::default()).map_err(|error| self.failed(&error)));
            }
            results
        }
        .boxed()
    }

    fn check(&mut self) -> BoxFuture<'_, Result<(), DeliveryError>> {
        async { self.connect().map(|_| ()).map_err(|error| self.failed(&error)) }.boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[tokio::test]
    async fn writes_what_a_daemon_reads_and_finds_a_new_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let settings = Settings { socket: path.clone(), facility: Facility::Authpriv, tag: tag() };
        let mut syslog = Syslog { settings, connected: None, common: samples::common() };
        assert!(syslog.check().await.is_err(), "nobody listens yet");
        let mut long = samples::alert();
        long.output = "x".repeat(20_000);
        let batch = [samples::single(), Notification::of(long.into(), samples::TIME)];
        for _ in 0..2 {
            let daemon = UnixDatagram::bind(&path).unwrap();
            assert!(syslog.deliver(&batch).await.iter().all(Result::is_ok));
            let mut bytes = vec![0; 65536];
            let size = daemon.recv(&mut bytes).await.unwrap();
            let expected = format!(
                "<84>Nov  1 12:26:40 lanner[{}]: 12:26:40.123456789: Warning A shell was used in a container \
                 (user=root\\ncommand=sh -c echo <b>hi</b> `id` <!here>)",
                std::process::id()
            );
            assert_eq!(std::str::from_utf8(&bytes[..size]), Ok(&*expected));
            assert_eq!(daemon.recv(&mut bytes).await.unwrap(), MESSAGE_BYTES_MAX);
            std::fs::remove_file(&path).unwrap();
        }
    }
}
