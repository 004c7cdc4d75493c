//! HTTP over an engine's socket: each request and its answer bounded in time and size.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::StatusCode;
use serde::de::DeserializeOwned;

use super::engine::{NoContainer, Reason};

/// How long an answer may be, in bytes.
pub const ANSWER_MAX: usize = 1 << 20;

/// An API at a socket.
#[derive(Debug, Clone)]
pub struct Api {
    client: reqwest::Client,
    engine: &'static str,
    socket: PathBuf,
}

impl Api {
    /// That of an engine, by its name in the table, at a socket.
    pub fn new(engine: &'static str, socket: &Path) -> std::io::Result<Api> {
        let client = reqwest::Client::builder()
            .unix_socket(socket)
            .redirect(reqwest::redirect::Policy::none())
            // Nothing is encrypted, so no certificates are loaded.
            .tls_certs_only([])
            .build()
            .map_err(std::io::Error::other)?;
        Ok(Api { client, engine, socket: socket.to_owned() })
    }

    /// Some trouble with it, in words.
    pub fn trouble(&self, reason: Reason, cause: impl std::fmt::Display) -> NoContainer {
        let cause = format!("{}: {cause}", self.socket.display());
        NoContainer::Trouble { engine: self.engine, reason, cause }
    }

    /// Gets what is at a path.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, limit: Duration) -> Result<T, NoContainer> {
        let answer = tokio::time::timeout(limit, self.fetch(path)).await;
        let (status, body) = answer
            .map_err(|_| self.trouble(Reason::Silent, "no answer in time"))?
            .map_err(|error| self.trouble(Reason::Unreachable, causes(&error)))?;
        match status {
            StatusCode::OK if body.len() > ANSWER_MAX => {
                Err(self.trouble(Reason::Wrong, format_args!("the answer is longer than {ANSWER_MAX} bytes")))
            }
            StatusCode::OK => {
                serde_json::from_slice(&body).map_err(|error| self.trouble(Reason::Wrong, error))
            }
            StatusCode::NOT_FOUND => Err(NoContainer::Unknown),
            other => Err(self.trouble(Reason::Wrong, format_args!("it answered {other}"))),
        }
    }

    /// Tells what is at a path, line by line as it comes; ends with an error.
    pub async fn follow<T: DeserializeOwned>(&self, path: &str, mut tell: impl FnMut(T)) -> NoContainer {
        let broken = |error: reqwest::Error| self.trouble(Reason::Unreachable, causes(&error));
        let mut response = match self.client.get(format!("http://engine{path}")).send().await {
            Ok(response) if response.status() == StatusCode::OK => response,
            Ok(response) => {
                return self.trouble(Reason::Wrong, format_args!("it answered {}", response.status()));
            }
            Err(error) => return broken(error),
        };
        let mut rest = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => rest.extend_from_slice(&chunk),
                Ok(None) => return self.trouble(Reason::Unreachable, "it tells no more"),
                Err(error) => return broken(error),
            }
            while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = rest.drain(..=end).collect();
                // What isn't understood is of no use here, and what is may follow.
                if let Ok(item) = serde_json::from_slice(&line) {
                    tell(item);
                }
            }
            if rest.len() > ANSWER_MAX {
                return self.trouble(Reason::Wrong, format_args!("a line is longer than {ANSWER_MAX} bytes"));
            }
        }
    }

    /// The answer's status and body; no more of it than shows that it is too long.
    async fn fetch(&self, path: &str) -> reqwest::Result<(StatusCode, Vec<u8>)> {
        let mut response = self.client.get(format!("http://engine{path}")).send().await?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_MAX {
                break;
            }
        }
        Ok((response.status(), body))
    }
}

/// An error's last cause: the ones before only say that a request failed.
pub fn causes(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}
