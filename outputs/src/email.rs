//! Mail: text and HTML, at once or as a digest, over SMTP.

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use lanner_alert::{Fingerprint, Kind, Notification, Priority, printable, truncate};
use lanner_diagnostic::{Node, NodeError};
use lanner_router::{DeliveryError, Output, Receipt};
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{AsyncSmtpTransportBuilder, Error, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use percent_encoding::percent_decode_str;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use crate::secret::Secret;
use crate::settings::{self, Period, read_file, wrong};
use crate::{Common, Made, Medium, OutputSpec, Slot, render, web};

mod body;

/// How long the server may take for each answer unless told otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long a connection is kept for the next mail.
const IDLE: Duration = Duration::from_secs(30);
/// The most bytes of a subject before it is encoded.
const SUBJECT_BYTES_MAX: usize = 200;

/// Mail.
pub const SPEC: OutputSpec = OutputSpec {
    name: "email",
    summary: "A mail per alert, or per digest, as text and HTML.",
    example: "name: team\ntype: email\nsmtp: smtp://lanner:${SMTP_PASSWORD}@mail.example.org:587\n\
              from: Lanner <lanner@example.org>\nto: [soc@example.org]\nimmediate_from: critical\n\
              digest: { every: 1h }\n",
    redact: true,
    templates: &[
        Slot {
            key: "subject",
            medium: Some(Medium::Plain),
            doc: "A template of the subject; `[PRIORITY] RULE on HOST` unless set.",
        },
        Slot {
            key: "template",
            medium: Some(Medium::Plain),
            doc: "A template of the text, which is the mail's HTML too unless that has a template of its own.",
        },
        Slot { key: "html", medium: Some(Medium::Html), doc: "A template of the HTML." },
    ],
    schema: || schemars::schema_for!(Settings),
    build,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The server: `smtp://host`, or `smtps://host` where TLS begins at once, with `user:password@` before the
    /// host where it wants a login and `:port` behind it where that isn't 25 (587 with a login, 465 for
    /// smtps).
    smtp: Secret,
    /// The user, where the URL doesn't hold it.
    #[serde(default)]
    username: Option<String>,
    /// The password, where the URL doesn't hold it (there, `/`, `#`, `?` and `%` must be percent-encoded).
    #[serde(default)]
    password: Option<Secret>,
    /// Whether `smtp://` must turn to TLS (STARTTLS): `required`, `opportunistic` or `none`. Required where
    /// there is a login unless set, else opportunistic.
    #[serde(default)]
    tls: Option<StartTls>,
    /// A file with more certificates (PEM) to trust beside the system's.
    #[serde(default)]
    ca_cert: String,
    /// Whether to accept any certificate.
    #[serde(default)]
    insecure: bool,
    /// The sender.
    from: String,
    /// The recipients.
    #[serde(deserialize_with = "settings::one_or_many")]
    to: Vec<String>,
    /// How long the server may take for each answer.
    #[serde(default = "timeout")]
    timeout: Period,
}

fn timeout() -> Period {
    Period(TIMEOUT)
}

/// What becomes of `smtp://` once the server has said what it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum StartTls {
    Required,
    Opportunistic,
    None,
}

fn build(node: &Node, common: &Common) -> Made {
    Ok(Box::new(email(node, common)?))
}

fn email(node: &Node, common: &Common) -> Result<Email, NodeError> {
    let settings: Settings = node.read()?;
    let mailbox = |key, text: &str| {
        text.parse::<Mailbox>()
            .map_err(|error| wrong(node, key, format!("`{text}` is no mail address: {error}")))
    };
    let from = mailbox("from", &settings.from)?;
    let to = settings.to.iter().map(|text| mailbox("to", text)).collect::<Result<Vec<_>, _>>()?;
    if to.is_empty() {
        return Err(wrong(node, "to", "at least one recipient is needed"));
    }
    let url = server(node, &settings)?;
    let (transport, password) = transport(node, &settings, &url)?;
    let mut receiver = web::Receiver::new(&url);
    receiver.secrets.extend(password);
    Ok(Email { from, to, make: transport, transport: None, receiver, common: common.clone() })
}

fn server(node: &Node, settings: &Settings) -> Result<Url, NodeError> {
    let url = settings.smtp.expose().parse::<Url>().ok();
    let known = |url: &Url| matches!(url.scheme(), "smtp" | "smtps") && url.has_host();
    url.filter(known).ok_or_else(|| {
        wrong(
            node,
            "smtp",
            "this should be smtp://host or smtps://host, with `user:password@` and `:port` if needed",
        )
    })
}

/// The way to the server, which isn't gone yet, and the password.
fn transport(
    node: &Node,
    settings: &Settings,
    url: &Url,
) -> Result<(AsyncSmtpTransportBuilder, Option<Secret>), NodeError> {
    let host = url.host_str().unwrap_or_default();
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let user =
        settings.username.clone().or_else(|| Some(decoded(url.username()))).filter(|user| !user.is_empty());
    let password =
        settings.password.clone().or_else(|| url.password().map(|text| Secret::from(&*decoded(text))));
    let login = match (user, &password) {
        (Some(user), Some(password)) => Some(Credentials::new(user, password.expose().to_owned())),
        (None, None) => None,
        (Some(_), None) => return Err(wrong(node, "smtp", "there is a user but no password")),
        (None, Some(_)) => return Err(wrong(node, "smtp", "there is a password but no user")),
    };
    let default = if login.is_some() { StartTls::Required } else { StartTls::Opportunistic };
    let (tls, port) = match (url.scheme(), settings.tls.unwrap_or(default)) {
        ("smtps", StartTls::None) => {
            return Err(wrong(node, "tls", "smtps:// is TLS: use smtp:// to have none"));
        }
        ("smtps", _) => (Tls::Wrapper(parameters(node, settings, host)?), 465),
        (_, StartTls::Required) => (Tls::Required(parameters(node, settings, host)?), 587),
        (_, StartTls::Opportunistic) => (Tls::Opportunistic(parameters(node, settings, host)?), 25),
        (_, StartTls::None) => (Tls::None, 25),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
        .port(url.port().unwrap_or(port))
        .tls(tls)
        .timeout(Some(settings.timeout.0))
        .pool_config(PoolConfig::new().max_size(1).idle_timeout(IDLE));
    if let Some(login) = login {
        builder = builder.credentials(login);
    }
    Ok((builder, password))
}

fn parameters(node: &Node, settings: &Settings, host: &str) -> Result<TlsParameters, NodeError> {
    let mut tls = TlsParameters::builder(host.to_owned()).dangerous_accept_invalid_certs(settings.insecure);
    if !settings.ca_cert.is_empty() {
        let pem = read_file(node, "ca_cert", &settings.ca_cert)?;
        let certificate = Certificate::from_pem(&pem).map_err(|error| {
            wrong(node, "ca_cert", format!("{}: {}", settings.ca_cert, web::causes(&error)))
        })?;
        tls = tls.add_root_certificate(certificate);
    }
    tls.build_rustls().map_err(|error| wrong(node, "smtp", web::causes(&error)))
}

struct Email {
    from: Mailbox,
    to: Vec<Mailbox>,
    make: AsyncSmtpTransportBuilder,
    /// Made at first use: it needs the runtime.
    transport: Option<AsyncSmtpTransport<Tokio1Executor>>,
    receiver: web::Receiver,
    common: Common,
}

impl Email {
    fn transport(&mut self) -> AsyncSmtpTransport<Tokio1Executor> {
        self.transport.get_or_insert_with(|| self.make.clone().build()).clone()
    }

    /// The mail, with its `Message-ID`. What belongs together makes a thread: a group, alerts with the same
    /// fingerprint, and an output's digests and its summaries.
    fn compose(&self, notification: &Notification) -> Result<(Message, String), DeliveryError> {
        let domain = self.from.email.domain();
        let id = format!("<{}@{domain}>", notification.id);
        let of_output = |kind| format!("{kind}.{}", Fingerprint::of(&self.common.name, []));
        let thread = match (&notification.group, notification.alerts.first()) {
            (Some(group), _) => group.id.to_string(),
            (None, Some(alert)) if notification.kind == Kind::Alert => alert.fingerprint.to_string(),
            _ => of_output(render::kind(notification.kind)),
        };
        let thread = format!("<{thread}@{domain}>");
        let mut mail = Message::builder()
            .from(self.from.clone())
            .subject(self.subject(notification))
            .date(std::time::UNIX_EPOCH + Duration::from_nanos(notification.time.0))
            .message_id(Some(id.clone()));
        // The first of a group begins its thread.
        if thread != id {
            mail = mail.in_reply_to(thread.clone()).references(thread);
        }
        // RFC 3834 §5: nobody's absence assistant should answer.
        mail = mail.raw_header(raw("Auto-Submitted", "auto-generated"));
        if notification.priority >= Priority::Critical {
            mail = mail.raw_header(raw("Importance", "high"));
        }
        for to in &self.to {
            mail = mail.to(to.clone());
        }
        let text = body::text(notification, &self.common);
        let html = body::html(notification, &self.common);
        let mail = mail.multipart(MultiPart::alternative_plain_html(text, html));
        mail.map(|mail| (mail, id)).map_err(|error| self.receiver.refused(&error.to_string()))
    }

    fn subject(&self, notification: &Notification) -> String {
        let own = self.common.templates.render("subject", notification, &self.common);
        let subject = own.unwrap_or_else(|| {
            let alert = render::as_alert(notification, &self.common);
            // Mail programs keep mails of one thread together only where they have the same subject.
            let what = match (&notification.group, notification.kind) {
                (Some(group), _) => format!("Alerts: {}", render::together(group)),
                (None, Kind::Alert) => alert.rule.to_string(),
                (None, _) => render::title(notification),
            };
            format!("[{}] {what} on {}", alert.priority, alert.hostname)
        });
        truncate(&printable(&subject), SUBJECT_BYTES_MAX).into_owned()
    }

    fn failed(&self, error: &Error) -> DeliveryError {
        let what = printable(&web::causes(error)).into_owned();
        match error.status().map(|code| code.to_string()).as_deref() {
            // Logins that are wanted or wrong (RFC 4954 §6) are for the operator to set right.
            Some("530" | "534" | "535" | "538") => self.receiver.retry(None, &what),
            _ if error.is_permanent() => self.receiver.refused(&what),
            _ => self.receiver.retry(None, &what),
        }
    }
}

fn raw(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

impl Output for Email {
    fn deliver<'a>(
        &'a mut self,
        batch: &'a [Notification],
    ) -> BoxFuture<'a, Vec<Result<Receipt, DeliveryError>>> {
        async move {
            let transport = self.transport();
            let mut results = Vec::with_capacity(batch.len());
            for notification in batch {
                results.push(match self.compose(notification) {
                    Ok((mail, id)) => match transport.send(mail).await {
                        Ok(_) => Ok(Receipt(id)),
                        Err(error) => Err(self.failed(&error)),
                    },
                    Err(error) => Err(error),
                });
            }
            results
        }
        .boxed()
    }

    fn check(&mut self) -> BoxFuture<'_, Result<(), DeliveryError>> {
        async {
            match self.transport().test_connection().await {
                Ok(true) => Ok(()),
                Ok(false) => Err(self.receiver.retry(None, "the server gave no answer to NOOP")),
                Err(error) => Err(self.failed(&error)),
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lanner_diagnostic::{SourceId, SourceText, parse};

    use super::*;
    use crate::{Templates, samples};

    fn headers(more: &str, notification: &Notification) -> String {
        let text =
            format!("smtp: smtp://localhost\nfrom: Lanner <lanner@example.org>\nto: soc@example.org\n{more}");
        let mut node = parse(&SourceText::new("test", text), SourceId(0)).unwrap().remove(0);
        let (templates, _) = Templates::take(SPEC.templates, &mut node, &samples::common());
        let common = Common { templates, ..samples::common() };
        let (mail, _) = email(&node, &common).unwrap().compose(notification).unwrap();
        let mail = String::from_utf8(mail.formatted()).unwrap();
        mail.split("MIME-Version").next().unwrap().replace("\r\n", "\n")
    }

    #[test]
    fn headers_of_each_kind() {
        let kinds =
            [samples::single(), samples::summary(), samples::digest(), samples::group(), samples::update()];
        insta::assert_snapshot!(kinds.map(|notification| headers("", &notification)).join("\n"));
    }

    #[test]
    fn no_alert_adds_a_header() {
        let mut alert = samples::alert();
        alert.rule = "x\r\nBcc: a@evil.example".into();
        let notification = Notification::of(Arc::new(alert), samples::TIME);
        for more in ["", "subject: '%rule %user.name'"] {
            let headers = headers(more, &notification);
            let names: Vec<_> = headers
                .lines()
                .filter(|line| !line.starts_with(' '))
                .filter_map(|line| line.split(':').next())
                .collect();
            let expected = [
                "From",
                "Subject",
                "Date",
                "Message-ID",
                "In-Reply-To",
                "References",
                "Auto-Submitted",
                "To",
            ];
            assert_eq!(names, expected, "{headers}");
        }
    }
}
