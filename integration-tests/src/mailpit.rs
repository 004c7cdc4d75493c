//! mailpit: a mail server that wants STARTTLS and a login, and shows what it got.

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::need::{Need, on_path};
use crate::process::Running;
use crate::{cache, client, free_port, wait_for};

/// What it needs.
pub const NEED: Need = Need {
    what: "mailpit (`scripts/setup.sh test` installs it) and openssl",
    there: || program().is_file() && on_path("openssl"),
};
/// The login that is accepted.
pub const USER: &str = "lanner";
/// Its password.
pub const PASSWORD: &str = "pass-word";

/// A mail as it was received.
#[derive(Debug, Clone)]
pub struct Mail {
    /// `Message-ID` without its brackets.
    pub id: String,
    /// The subject.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

fn program() -> PathBuf {
    cache().join("bin/mailpit")
}

/// The running server.
pub struct Mailpit {
    smtp: u16,
    http: u16,
    folder: TempDir,
    _running: Running,
}

impl Mailpit {
    /// Starts it.
    ///
    /// # Panics
    /// Where it can't be.
    pub fn start() -> Mailpit {
        let folder = tempfile::tempdir().expect("a folder");
        let (smtp, http) = (free_port(), free_port());
        let path = |name: &str| folder.path().join(name);
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"])
            .args(["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"])
            .arg("-keyout")
            .arg(path("key.pem"))
            .arg("-out")
            .arg(path("cert.pem"))
            .output()
            .expect("openssl makes a certificate");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        std::fs::write(path("logins"), format!("{USER}:{PASSWORD}\n")).expect("the logins can be written");
        let mut command = Command::new(program());
        command
            .arg("--disable-version-check")
            .arg("--database")
            .arg(path("mails.db"))
            .args(["--smtp", &format!("127.0.0.1:{smtp}"), "--listen", &format!("127.0.0.1:{http}")])
            .arg("--smtp-require-starttls")
            .arg("--smtp-tls-cert")
            .arg(path("cert.pem"))
            .arg("--smtp-tls-key")
            .arg(path("key.pem"))
            .arg("--smtp-auth-file")
            .arg(path("logins"));
        let running = Running::start(&mut command, &path("log"));
        let mailpit = Mailpit { smtp, http, folder, _running: running };
        let ready = || {
            (mailpit.get("/api/v1/info").is_some() && TcpStream::connect(("127.0.0.1", smtp)).is_ok())
                .then_some(())
        };
        wait_for("mailpit", ready, || mailpit._running.said());
        mailpit
    }

    /// Its port for mail.
    pub fn port(&self) -> u16 {
        self.smtp
    }

    /// The server, for the setting `smtp` of an output.
    pub fn url(&self) -> String {
        format!("smtp://{USER}:{PASSWORD}@127.0.0.1:{}", self.smtp)
    }

    /// The certificate that it shows.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// All mails.
    pub fn mails(&self) -> Vec<Mail> {
        let list: Value = self.get("/api/v1/messages?limit=1000").unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let messages = list["messages"].as_array().cloned().unwrap_or_default();
        messages
            .iter()
            .filter_map(|message| self.get(&format!("/api/v1/message/{}", message["ID"].as_str()?)))
            .map(|mail: Value| Mail {
                id: text(&mail["MessageID"]),
                subject: text(&mail["Subject"]),
                text: text(&mail["Text"]),
                html: text(&mail["HTML"]),
            })
            .collect()
    }

    fn get(&self, path: &str) -> Option<Value> {
        serde_json::from_str(&client::get(self.http, path)?.body).ok()
    }
}
