//! Asks container engines what they know of a container, off the path of events: an engine that hangs, dies or
//! restarts costs names, never events.

mod docker;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use lanner_event::{Container, ContainerId};

/// How many containers may wait to be asked for.
const REQUESTS_MAX: usize = 1024;
/// How long to wait before an engine that doesn't know a container yet is asked again.
const RETRY_INTERVAL: Duration = Duration::from_millis(25);

/// Where engines are, and how long they have.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Docker's socket.
    pub docker_socket: PathBuf,
    /// How long an engine has to describe a container.
    pub wait: Duration,
}

/// What an engine said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The container that was asked for.
    pub id: ContainerId,
    /// What it is; or why that isn't known.
    pub result: Result<Arc<Container>, String>,
}

/// A thread that asks.
pub struct Engines {
    requests: SyncSender<(ContainerId, Instant)>,
    answers: Receiver<Answer>,
    wait: Duration,
    /// Containers that weren't asked for because too many were waiting.
    pub refused: u64,
}

impl Engines {
    /// Starts the thread; it ends with this.
    pub fn start(settings: Settings) -> std::io::Result<Engines> {
        let (requests, todo) = sync_channel::<(ContainerId, Instant)>(REQUESTS_MAX);
        let (reply, answers) = sync_channel(REQUESTS_MAX);
        let wait = settings.wait;
        std::thread::Builder::new().name("lanner-engines".to_owned()).spawn(move || {
            for (id, deadline) in todo {
                let result = ask(&settings, &id, deadline);
                if reply.send(Answer { id, result }).is_err() {
                    return;
                }
            }
        })?;
        Ok(Engines { requests, answers, wait, refused: 0 })
    }

    /// Asks for a container; `false` where too many are waiting.
    pub fn ask(&mut self, id: &ContainerId) -> bool {
        match self.requests.try_send((id.clone(), Instant::now() + self.wait)) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.refused += 1;
                false
            }
        }
    }

    /// The next answer that has come.
    pub fn answer(&self) -> Option<Answer> {
        self.answers.try_recv().ok()
    }
}

/// Asks until the engine knows the container or the deadline has passed: a container's first processes run
/// before its engine has written it down.
fn ask(settings: &Settings, id: &str, deadline: Instant) -> Result<Arc<Container>, String> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let cause = match docker::inspect(&settings.docker_socket, id, left) {
            Ok(container) => return Ok(Arc::new(container)),
            Err(cause) => cause,
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || !settings.docker_socket.exists() {
            return Err(cause);
        }
        std::thread::sleep(RETRY_INTERVAL.min(left));
    }
}
