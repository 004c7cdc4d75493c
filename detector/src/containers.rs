//! Asks container engines what they know of a container, off the path of events: an engine that hangs, dies or
//! restarts costs names, never events.
//!
//! One thread asks, about several containers at once, so that a container of which nothing is heard delays no other.

mod docker;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lanner_event::{Container, ContainerId};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinSet;

use docker::Docker;

/// How many containers may wait to be asked for.
const REQUESTS_MAX: usize = 1024;
/// How many containers are asked for at once.
const AT_ONCE_MAX: usize = 64;
/// How long an engine has at least, however short events wait for it: what comes late serves later events.
const ANSWER_WAIT_MIN: Duration = Duration::from_secs(1);
/// How long to wait before an engine that doesn't know a container yet is asked again; twice as long each time.
const RETRY_INTERVAL: Duration = Duration::from_millis(25);

/// Where engines are, and how long they have.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Docker's socket; below `HOST_ROOT` where that is set.
    pub docker_socket: PathBuf,
    /// How long an engine has to describe a container, but at least a second.
    pub wait: Duration,
}

/// Why nothing is known of a container.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoContainer {
    /// The engine says that it has none of that id.
    #[error("no engine knows it")]
    Unknown,
    /// The engine didn't answer, or not as it should.
    #[error("{0}")]
    Trouble(String),
}

/// What an engine said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The container that was asked for.
    pub id: ContainerId,
    /// What it is; or why that isn't known.
    pub result: Result<Arc<Container>, NoContainer>,
}

struct Request {
    id: ContainerId,
    deadline: Instant,
    /// Whether to ask until the deadline: a container's first processes run before its engine has written it down.
    insist: bool,
}

/// A thread that asks.
pub struct Engines {
    requests: Sender<Request>,
    answers: Receiver<Answer>,
    wait: Duration,
    /// Containers that weren't asked for because too many were waiting.
    pub refused: u64,
}

impl Engines {
    /// Starts the thread; it ends with this.
    ///
    /// # Errors
    /// Where there can be no thread.
    pub fn start(settings: Settings) -> std::io::Result<Engines> {
        let (requests, todo) = channel(REQUESTS_MAX);
        let (reply, answers) = channel(REQUESTS_MAX);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let docker = Docker::new(&settings.docker_socket)?;
        std::thread::Builder::new()
            .name("lanner-engines".to_owned())
            .spawn(move || runtime.block_on(serve(docker, todo, reply)))?;
        Ok(Engines { requests, answers, wait: settings.wait.max(ANSWER_WAIT_MIN), refused: 0 })
    }

    /// Asks for a container; `false` where too many are waiting.
    pub fn ask(&mut self, id: &ContainerId) -> bool {
        let taken = self.request(id, true);
        self.refused += u64::from(!taken);
        taken
    }

    /// Asks once more for a container that nothing was known of; `false` where too many are waiting.
    pub fn ask_again(&self, id: &ContainerId) -> bool {
        self.request(id, false)
    }

    fn request(&self, id: &ContainerId, insist: bool) -> bool {
        let request = Request { id: id.clone(), deadline: Instant::now() + self.wait, insist };
        self.requests.try_send(request).is_ok()
    }

    /// The next answer that has come.
    pub fn answer(&mut self) -> Option<Answer> {
        self.answers.try_recv().ok()
    }
}

async fn serve(docker: Docker, mut todo: Receiver<Request>, reply: Sender<Answer>) {
    let mut asking = JoinSet::new();
    loop {
        tokio::select! {
            request = todo.recv(), if asking.len() < AT_ONCE_MAX => {
                let Some(request) = request else { return };
                let (docker, reply) = (docker.clone(), reply.clone());
                asking.spawn(async move {
                    let result = ask(&docker, &request).await.map(Arc::new);
                    // Nobody is there to hear it when the detector has ended.
                    let _ = reply.send(Answer { id: request.id, result }).await;
                });
            }
            Some(_) = asking.join_next() => {}
        }
    }
}

async fn ask(docker: &Docker, request: &Request) -> Result<Container, NoContainer> {
    let mut pause = RETRY_INTERVAL;
    loop {
        let left = request.deadline.saturating_duration_since(Instant::now());
        let cause = match docker.inspect(&request.id, left).await {
            Ok(container) => return Ok(container),
            Err(cause) => cause,
        };
        let left = request.deadline.saturating_duration_since(Instant::now());
        if !request.insist || left <= pause || !docker.is_there() {
            return Err(cause);
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
}
