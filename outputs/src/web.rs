//! HTTP as the outputs that speak it need it: a client that follows no redirect, answers of bounded length,
//! and what a status says about trying again.

use std::error::Error;
use std::time::{Duration, SystemTime};

use lanner_alert::{printable, truncate};
use lanner_router::DeliveryError;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, RequestBuilder, Response, StatusCode, redirect};

use crate::secret::Secret;

/// How long to wait for an answer unless told otherwise.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// The most bytes that are read of an answer.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// The most bytes of an answer that are quoted in an error.
const QUOTE_BYTES_MAX: usize = 256;
/// The longest wait that a receiver's `Retry-After` is believed.
const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);
/// How long a connection may idle before keep-alive packets ask whether the other side is still there.
pub const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// `lanner/VERSION`.
pub const USER_AGENT: &str = concat!("lanner/", env!("CARGO_PKG_VERSION"));

/// What a receiver answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// What it asked to wait, if it did.
    pub retry_after: Option<Duration>,
    /// The body's first bytes, as text.
    pub body: String,
}

/// The receiver as errors name it, and what they must not hold.
#[derive(Debug, Clone)]
pub struct Receiver {
    /// Its host, and its port where that is unusual.
    pub host: String,
    /// What is to be hidden in what it answers.
    pub secrets: Vec<Secret>,
}

/// A client that follows no redirect: a receiver must not be able to send alerts elsewhere.
pub fn client(timeout: Duration) -> ClientBuilder {
    Client::builder().timeout(timeout).redirect(redirect::Policy::none()).user_agent(USER_AGENT)
}

impl Receiver {
    /// The receiver at that URL, which is a secret, and so are its parts that may hold one.
    pub fn new(url: &reqwest::Url) -> Self {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let secrets = [
            url.as_str(),
            &url[url::Position::BeforePath..],
            url.path(),
            url.query().unwrap_or_default(),
            url.password().unwrap_or_default(),
        ];
        Receiver {
            host: format!("{}{port}", url.host_str().unwrap_or_default()),
            secrets: secrets.into_iter().map(Secret::from).collect(),
        }
    }

    /// Sends a request and reads the answer.
    ///
    /// # Errors
    /// To be tried again, where there was no answer.
    pub async fn send(&self, request: RequestBuilder) -> Result<Answer, DeliveryError> {
        let mut response = request.send().await.map_err(|error| self.unreached(error))?;
        let mut body = Vec::new();
        while body.len() < ANSWER_BYTES_MAX {
            // The status has been said; an answer that breaks off changes nothing about it.
            let Ok(Some(chunk)) = response.chunk().await else { break };
            body.extend_from_slice(&chunk[..chunk.len().min(ANSWER_BYTES_MAX - body.len())]);
        }
        Ok(self.answer(&response, &body))
    }

    fn answer(&self, response: &Response, body: &[u8]) -> Answer {
        Answer {
            status: response.status(),
            retry_after: retry_after(response.headers(), SystemTime::now()),
            body: self.hide(&String::from_utf8_lossy(body)),
        }
    }

    fn unreached(&self, error: reqwest::Error) -> DeliveryError {
        let error = error.without_url();
        let what = if error.is_timeout() { "no answer in time".to_owned() } else { causes(&error) };
        self.retry(None, &what)
    }

    /// What the answer means for what was sent.
    ///
    /// # Errors
    /// Refused where the receiver has judged the content. What may change without it (overload, but also
    /// credentials, the route to the service or a redirect, which are for the operator to set right) is to be
    /// tried again, so that nothing is lost meanwhile.
    pub fn judge(&self, answer: &Answer) -> Result<(), DeliveryError> {
        let Answer { status, retry_after, body } = answer;
        if status.is_success() {
            return Ok(());
        }
        let what = match quote(body).as_str() {
            "" => status.to_string(),
            quoted => format!("{status}: {quoted}"),
        };
        match status.as_u16() {
            300..400 => {
                Err(self
                    .retry(*retry_after, &format!("{status}: redirects are not followed; set the new URL")))
            }
            401 | 403 | 404 | 407 | 408 | 421 | 423 | 425 | 429 => Err(self.retry(*retry_after, &what)),
            400..500 => Err(self.refused(&what)),
            _ => Err(self.retry(*retry_after, &what)),
        }
    }

    /// The text without the secrets.
    pub fn hide(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| secret.hide(&text))
    }

    /// To be tried again, said of this receiver.
    pub fn retry(&self, after: Option<Duration>, what: &str) -> DeliveryError {
        DeliveryError::Retry { after, cause: format!("{}: {}", self.host, self.hide(what)) }
    }

    /// Refused by this receiver.
    pub fn refused(&self, what: &str) -> DeliveryError {
        DeliveryError::Refused { cause: format!("{}: {}", self.host, self.hide(what)) }
    }
}

/// An answer as it may stand in an error: one line, bounded.
pub fn quote(body: &str) -> String {
    truncate(&printable(body.trim()), QUOTE_BYTES_MAX).into_owned()
}

/// The error and what caused it, outermost first, each said once.
pub fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let cause = error.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
        next = error.source();
    }
    text
}

/// `Retry-After` in both its forms (RFC 9110 §10.2.3): seconds, or a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date =
                jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text).ok()?;
            let date = Duration::from_secs(u64::try_from(date.as_second()).ok()?);
            date.saturating_sub(now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
        }
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_as_asked() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_762_000_000);
        let wait =
            |text: &str| retry_after(&HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]), now);
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait("Sat, 01 Nov 2025 12:27:10 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(wait("Sat, 01 Nov 2025 12:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("99999999999999"), Some(RETRY_AFTER_MAX));
        assert_eq!(wait("soon"), None);
    }

    #[test]
    fn names_no_secret() {
        let url = "https://user:pa55word@example.org:8443/services/T0/B0/token?key=abcdef".parse().unwrap();
        let receiver = Receiver::new(&url);
        let error =
            receiver.refused("no route /services/T0/B0/token?key=abcdef for user:pa55word, key=abcdef");
        assert_eq!(error.to_string(), "example.org:8443: no route *** for user:***, ***");
    }
}
