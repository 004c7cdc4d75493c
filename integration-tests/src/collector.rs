//! A receiver of alerts over HTTP.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::free_port;
pub use crate::server::Request;
use crate::server::{Answer, Server};

#[derive(Default)]
struct State {
    requests: Vec<Request>,
    /// A text whose requests are left without an answer.
    withheld: Option<String>,
    unanswered: Vec<Request>,
}

/// A server that takes whatever is posted.
pub struct Collector {
    port: u16,
    shared: Arc<(Mutex<State>, Condvar)>,
    _server: Server,
}

impl Collector {
    /// Starts it.
    pub fn start() -> Collector {
        let port = free_port();
        let shared: Arc<(Mutex<State>, Condvar)> = Arc::default();
        let kept = shared.clone();
        let server = Server::start(port, Arc::new(move |request| Some(take(&kept, request))));
        Collector { port, shared, _server: server }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where to post to.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/alerts", self.port)
    }

    /// What was posted, in order.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.shared.0).requests.clone()
    }

    /// From now on what is posted with this text in it is taken, but not answered: it stays in flight.
    pub fn withhold(&self, text: &str) {
        lock(&self.shared.0).withheld = Some(text.to_owned());
    }

    /// What was taken and not answered.
    pub fn unanswered(&self) -> Vec<Request> {
        lock(&self.shared.0).unanswered.clone()
    }

    /// Answers everything again.
    pub fn release(&self) {
        lock(&self.shared.0).withheld = None;
        self.shared.1.notify_all();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn take((state, released): &(Mutex<State>, Condvar), request: Request) -> Answer {
    let mut state = lock(state);
    let body = String::from_utf8_lossy(&request.body).into_owned();
    state.requests.push(request.clone());
    if state.withheld.as_ref().is_some_and(|text| body.contains(text)) {
        state.unanswered.push(request);
        let state = released.wait_while(state, |state| state.withheld.is_some());
        drop(state.unwrap_or_else(PoisonError::into_inner));
    }
    Answer { status: 200, kind: "text/plain", body: String::new(), retry_after: None }
}
