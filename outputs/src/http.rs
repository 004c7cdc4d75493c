//! HTTP: one POST per alert, as Falco's `http_output` does, or several as one JSON array.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::future::{BoxFuture, FutureExt};
use lanner_alert::falco::json;
use lanner_alert::{Fingerprint, Notification};
use lanner_diagnostic::{Node, NodeError};
use lanner_router::{DeliveryError, Output, Receipt};
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Client, ClientBuilder, Identity, Url};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::secret::Secret;
use crate::settings::{Period, read_file, wrong};
use crate::{Common, Made, Medium, OutputSpec, Slot, render, template, web};

/// An HTTP endpoint.
pub const SPEC: OutputSpec = OutputSpec {
    name: "http",
    summary: "A POST per alert to an HTTP endpoint, as Falco's, or a JSON array of several, each with its `id`, \
              where `batch` is set. The header `Idempotency-Key` is the same when one is sent again.",
    example: "name: collector\ntype: http\nurl: https://collector.example.org/alerts\n\
              headers:\n  Authorization: Bearer ${COLLECTOR_TOKEN}\nbatch: 100\n",
    redact: false,
    templates: &[Slot {
        doc: "A template of what is sent of a notification, each by itself. Where it begins with `{`, it is JSON.",
        ..template::LINE
    }],
    schema: || schemars::schema_for!(Settings),
    build,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Where to POST. It may hold a user and password. Redirects are not followed.
    url: Secret,
    /// The `User-Agent`; `lanner/VERSION` unless set.
    #[serde(default)]
    user_agent: Option<String>,
    /// More headers, such as `Authorization`.
    #[serde(default)]
    headers: BTreeMap<String, Secret>,
    /// How long to wait for an answer.
    #[serde(default = "timeout")]
    timeout: Period,
    /// Whether to accept any certificate.
    #[serde(default)]
    insecure: bool,
    /// A file with the only certificates (PEM) to trust.
    #[serde(default)]
    ca_cert: String,
    /// The same, where `ca_cert` is not set.
    #[serde(default)]
    ca_bundle: String,
    /// A folder with certificates to trust beside the system's.
    #[serde(default)]
    ca_path: String,
    /// Whether to show a certificate of one's own.
    #[serde(default)]
    mtls: bool,
    /// A file with that certificate (PEM).
    #[serde(default = "client_cert")]
    client_cert: String,
    /// A file with its key (PEM).
    #[serde(default = "client_key")]
    client_key: String,
    /// Whether to log what the receiver answers.
    #[serde(default)]
    echo: bool,
    /// Whether to compress what is sent (gzip).
    #[serde(default)]
    compress_uploads: bool,
    /// Whether to keep idle connections alive by packets of their own (TCP keep-alive).
    #[serde(default)]
    keep_alive: bool,
}

fn timeout() -> Period {
    Period(web::TIMEOUT)
}

fn client_cert() -> String {
    "/etc/ssl/certs/client.crt".to_owned()
}

fn client_key() -> String {
    "/etc/ssl/certs/client.key".to_owned()
}

fn build(node: &Node, common: &Common) -> Made {
    let settings: Settings = node.read()?;
    let url: Url =
        settings.url.expose().parse().map_err(|error| wrong(node, "url", format!("not a URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(wrong(node, "url", "this should be a URL that begins with http:// or https://"));
    }
    let mut receiver = web::Receiver::new(&url);
    receiver.secrets.extend(settings.headers.values().cloned());
    let mut client = web::client(settings.timeout.0).default_headers(headers(node, &settings)?);
    if let Some(user_agent) = &settings.user_agent {
        client = client.user_agent(user_agent);
    }
    if settings.keep_alive {
        client = client.tcp_keepalive(web::KEEP_ALIVE);
    }
    if url.scheme() == "https" {
        client = tls(client, node, &settings)?;
    }
    let client = client.build().map_err(|error| {
        let message = receiver.hide(&web::causes(&error.without_url()));
        NodeError { message, place: Some(node.place), help: None }
    })?;
    receiver.secrets.extend(login(&client, &url));
    Ok(Box::new(Http { settings, url, client, receiver, common: common.clone() }))
}

/// The login of the URL as it is sent, since a receiver may quote that.
fn login(client: &Client, url: &Url) -> Option<Secret> {
    let request = client.post(url.clone()).build().ok()?;
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    Some(Secret::from(header.trim_start_matches("Basic ")))
}

fn headers(node: &Node, settings: &Settings) -> Result<HeaderMap, NodeError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &settings.headers {
        let at = node.get("headers").unwrap_or(node);
        let wrong_name = |_| wrong(at, name, format!("`{name}` is not the name of a header"));
        let wrong_value = |_| wrong(at, name, "a header can't hold this value");
        let header = HeaderName::try_from(name).map_err(wrong_name)?;
        let mut value = HeaderValue::try_from(value.expose()).map_err(wrong_value)?;
        value.set_sensitive(true);
        headers.insert(header, value);
    }
    Ok(headers)
}

fn tls(mut client: ClientBuilder, node: &Node, settings: &Settings) -> Result<ClientBuilder, NodeError> {
    let only = [("ca_cert", &settings.ca_cert), ("ca_bundle", &settings.ca_bundle)];
    if let Some((key, path)) = only.into_iter().find(|(_, path)| !path.is_empty()) {
        let certificates = Certificate::from_pem_bundle(&read_file(node, key, path)?)
            .map_err(|error| wrong(node, key, format!("{path}: {}", web::causes(&error))))?;
        client = client.tls_certs_only(certificates);
    } else if !settings.ca_path.is_empty() {
        client = client.tls_certs_merge(certificates_in(node, &settings.ca_path)?);
    }
    if settings.mtls {
        let mut pem = read_file(node, "client_cert", &settings.client_cert)?;
        pem.push(b'\n');
        pem.extend(read_file(node, "client_key", &settings.client_key)?);
        let identity = Identity::from_pem(&pem).map_err(|error| {
            wrong(node, "client_cert", format!("{}: {}", settings.client_cert, web::causes(&error)))
        })?;
        client = client.identity(identity);
    }
    Ok(client.tls_danger_accept_invalid_certs(settings.insecure))
}

/// The certificates in a folder; what isn't one is passed over, as OpenSSL does.
fn certificates_in(node: &Node, path: &str) -> Result<Vec<Certificate>, NodeError> {
    let entries =
        Path::new(path).read_dir().map_err(|error| wrong(node, "ca_path", format!("{path}: {error}")))?;
    Ok(entries
        .filter_map(|entry| std::fs::read(entry.ok()?.path()).ok())
        .filter_map(|pem| Certificate::from_pem_bundle(&pem).ok())
        .flatten()
        .collect())
}

struct Http {
    settings: Settings,
    url: Url,
    client: Client,
    receiver: web::Receiver,
    common: Common,
}

impl Http {
    /// Sends each notification alone.
    async fn one_by_one(&self, batch: &[Notification]) -> Vec<Result<Receipt, DeliveryError>> {
        let mut results = Vec::with_capacity(batch.len());
        let json = match self.common.templates.medium(template::LINE.key) {
            Some(medium) => medium == Medium::Json,
            None => self.common.json_output,
        };
        let kind = if json { "application/json" } else { "text/plain; charset=utf-8" };
        for notification in batch {
            let body = render::line(notification, &self.common);
            results.push(self.post(kind, body, &notification.id.to_string()).await);
        }
        results
    }

    /// Sends the notifications as one array: all are taken, or none.
    async fn as_array(&self, batch: &[Notification]) -> Vec<Result<Receipt, DeliveryError>> {
        let alerts: Vec<_> = batch.iter().map(|item| render::as_alert(item, &self.common)).collect();
        // The notification's id can't be a header here.
        let elements =
            alerts.iter().zip(batch).map(|(alert, item)| json(alert, &self.common.json).with_id(item.id));
        let elements: Vec<_> = elements.collect();
        // Nothing in it is more than JSON can say.
        let body = serde_json::to_string(&elements).unwrap_or_default();
        let result = self.post("application/json", body, &batch_key(batch)).await;
        vec![result; batch.len()]
    }

    async fn post(&self, kind: &str, body: String, key: &str) -> Result<Receipt, DeliveryError> {
        let request =
            self.client.post(self.url.clone()).header(CONTENT_TYPE, kind).header("idempotency-key", key);
        let request = match self.settings.compress_uploads {
            true => request.header(CONTENT_ENCODING, "gzip").body(gzip(body.as_bytes())),
            false => request.body(body),
        };
        let answer = self.receiver.send(request).await?;
        if self.settings.echo {
            tracing::info!(output = %self.common.name, status = %answer.status, answer = web::quote(&answer.body));
        }
        self.receiver.judge(&answer).map(|()| Receipt::default())
    }
}

/// The same for the same notifications: one's own id, or the first's and a hash of all.
fn batch_key(part: &[Notification]) -> String {
    match part {
        [one] => one.id.to_string(),
        part => {
            let ids: Vec<_> =
                part.iter().map(|item| lanner_alert::Value::from(item.id.to_string())).collect();
            format!("{}-{}", part[0].id, Fingerprint::of("", &ids))
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to a vector can't fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

impl Output for Http {
    fn deliver<'a>(
        &'a mut self,
        batch: &'a [Notification],
    ) -> BoxFuture<'a, Vec<Result<Receipt, DeliveryError>>> {
        async move {
            // What an own text looks like in an array isn't known.
            let own = self.common.templates.medium(template::LINE.key).is_some();
            match batch {
                [] => Vec::new(),
                batch if own || self.common.batch <= 1 => self.one_by_one(batch).await,
                batch => self.as_array(batch).await,
            }
        }
        .boxed()
    }

    fn check(&mut self) -> BoxFuture<'_, Result<(), DeliveryError>> {
        // Any answer will do: receivers differ in what they say to HEAD.
        async { self.receiver.send(self.client.head(self.url.clone())).await.map(|_| ()) }.boxed()
    }
}
