//! A receiver of alerts over HTTP.

use std::sync::{Arc, Mutex, PoisonError};

use crate::free_port;
pub use crate::server::Request;
use crate::server::{Answer, Server};

/// A server that takes whatever is posted.
pub struct Collector {
    port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
    _server: Server,
}

impl Collector {
    /// Starts it.
    pub fn start() -> Collector {
        let port = free_port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = requests.clone();
        let server = Server::start(
            port,
            Arc::new(move |request| {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                Answer { status: 200, kind: "text/plain", body: String::new() }
            }),
        );
        Collector { port, requests, _server: server }
    }

    /// Where to post to.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/alerts", self.port)
    }

    /// What was posted, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
