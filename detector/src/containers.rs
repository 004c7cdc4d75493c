//! Asks container engines what they know of a container, off the path of events: an engine that hangs, dies or
//! restarts costs names, never events.
//!
//! One thread asks, about several containers at once, so that a container of which nothing is heard delays no other.
//! It listens to what the engines tell, too, so that a container is known before its first process where they are
//! fast, and known at all where they fall silent in between.

mod bpm;
mod containerd;
mod cri;
mod docker;
mod engine;
mod grpc;
mod http;
mod libvirt_lxc;
mod limits;
mod lxc;
mod podman;
mod recent;
mod sockets;
mod text;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lanner_event::{Container, ContainerId};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinSet;

use recent::Recent;
use sockets::Sockets;

pub use engine::{EngineSet, EngineSpec, NoContainer, Origin, Parent, Pattern, Reason, Way};
pub use sockets::found;

/// All engines, one file each. Where a container may be of several, all of them are asked.
pub const ENGINES: &[EngineSpec] =
    &[docker::SPEC, podman::SPEC, cri::SPEC, containerd::SPEC, lxc::SPEC, libvirt_lxc::SPEC, bpm::SPEC];

/// How many containers may wait to be asked for.
const REQUESTS_MAX: usize = 1024;
/// How many containers are asked for at once.
const AT_ONCE_MAX: usize = 64;
/// How many of them may be of users' engines, which needn't answer and whose containers anybody can make.
const OF_USERS_AT_ONCE_MAX: usize = 16;
/// How long an engine has at least, however short events wait for it: what comes late serves later events.
const ANSWER_WAIT_MIN: Duration = Duration::from_secs(1);
/// How long to wait before an engine that doesn't know a container yet is asked again; twice as long each time.
const RETRY_INTERVAL: Duration = Duration::from_millis(25);
/// How long to wait before an engine that tells no more is listened to again.
const LISTEN_INTERVAL: Duration = Duration::from_secs(5);

/// Where engines are, and how long they have.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Engines that aren't as in the table.
    pub engines: Vec<EngineSettings>,
    /// How long an engine has to describe a container, but at least a second.
    pub wait: Duration,
}

/// What is configured of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineSettings {
    /// Its name in the table.
    pub name: String,
    /// Whether it is asked.
    pub enabled: bool,
    /// Where it listens, below `HOST_ROOT` where that is set; where this isn't set, as in the table.
    pub sockets: Option<Vec<PathBuf>>,
}

/// Why a container is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Its cgroup was made. It is asked for once, since its engine needn't have written it down.
    Made,
    /// Its first process was seen. It is asked for until the time is over: that may run before its engine has written
    /// it down.
    Entered,
    /// Nothing was known of it when it was asked for before. It is asked for once.
    Again,
    /// Nobody did: an engine told of it.
    Told,
}

/// What an engine said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The container.
    pub id: ContainerId,
    /// Why it was asked for.
    pub why: Why,
    /// What it is; or why that isn't known.
    pub result: Result<Described, NoContainer>,
}

/// A container as an engine describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The engine's name in the table.
    pub engine: &'static str,
    /// What it is.
    pub container: Arc<Container>,
    /// Whether that is less than was said, since it was too long.
    pub cut: bool,
}

struct Request {
    id: ContainerId,
    origin: Origin,
    deadline: Instant,
    why: Why,
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
    pub fn start(settings: &Settings) -> std::io::Result<Engines> {
        let (requests, todo) = channel(REQUESTS_MAX);
        let (reply, answers) = channel(REQUESTS_MAX);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let sockets = {
            // A connection that is made later belongs to the runtime, too.
            let _inside = runtime.enter();
            Sockets::new(&settings.engines)?
        };
        let wait = settings.wait.max(ANSWER_WAIT_MIN);
        let of_users = Semaphore::new(OF_USERS_AT_ONCE_MAX);
        let asker = Arc::new(Asker { sockets, recent: Recent::default(), of_users, wait });
        std::thread::Builder::new()
            .name("lanner-engines".to_owned())
            .spawn(move || runtime.block_on(serve(asker, todo, reply)))?;
        Ok(Engines { requests, answers, wait, refused: 0 })
    }

    /// Asks for a container; `false` where too many are waiting.
    pub fn ask(&mut self, id: &ContainerId, origin: Origin, why: Why) -> bool {
        let request = Request { id: id.clone(), origin, deadline: Instant::now() + self.wait, why };
        let taken = self.requests.try_send(request).is_ok();
        self.refused += u64::from(!taken && why == Why::Entered);
        taken
    }

    /// The next answer that has come.
    pub fn answer(&mut self) -> Option<Answer> {
        self.answers.try_recv().ok()
    }

    /// The next answer; `None` where none comes in time.
    pub fn wait_for_answer(&mut self, limit: Duration) -> Option<Answer> {
        let deadline = Instant::now() + limit;
        loop {
            match self.answer() {
                None if Instant::now() < deadline => std::thread::sleep(RETRY_INTERVAL / 5),
                answer => return answer,
            }
        }
    }
}

/// What asks.
struct Asker {
    sockets: Sockets,
    recent: Recent,
    /// Room for questions to engines of users.
    of_users: Semaphore,
    wait: Duration,
}

async fn serve(asker: Arc<Asker>, mut todo: Receiver<Request>, reply: Sender<Answer>) {
    let mut asking = JoinSet::new();
    let mut listening = JoinSet::new();
    for at in 0..asker.sockets.fixed().len() {
        listening.spawn(listen(asker.clone(), at, reply.clone()));
    }
    loop {
        tokio::select! {
            request = todo.recv(), if asking.len() < AT_ONCE_MAX => {
                let Some(request) = request else { return };
                let (asker, reply) = (asker.clone(), reply.clone());
                asking.spawn(async move {
                    let result = asker.ask(&request).await;
                    // Nobody is there to hear it when the detector has ended.
                    let _ = reply.send(Answer { id: request.id, why: request.why, result }).await;
                });
            }
            Some(_) = asking.join_next() => {}
        }
    }
}

impl Asker {
    async fn ask(&self, request: &Request) -> Result<Described, NoContainer> {
        let _room = match request.origin.user {
            Some(user) => Some(self.of_users.try_acquire().map_err(|_| NoContainer::Trouble {
                engine: "a user's engine",
                reason: Reason::Busy,
                cause: format!("too many containers of users are asked for, one of user {user} among them"),
            })?),
            None => None,
        };
        let mut pause = RETRY_INTERVAL;
        // What an engine of the host told of before is of use where it says nothing now, as long as somebody waits.
        let known = request.origin.user.is_none().then(|| self.recent.get(&request.id)).flatten();
        let patience = if known.is_some() { self.wait / 2 } else { Duration::ZERO };
        let deadline = request.deadline - patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let cause = match self.sockets.inspect(&request.id, request.origin, left).await {
                Ok(described) => return Ok(described),
                Err(cause) => cause,
            };
            if let Some(known) = known {
                return Ok(known);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let absent = matches!(cause, NoContainer::Trouble { reason: Reason::Absent, .. });
            if request.why != Why::Entered || left <= pause || absent {
                return Err(cause);
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }
}

/// Listens to an engine for as long as the thread runs, and asks for the containers that it tells of.
async fn listen(asker: Arc<Asker>, at: usize, reply: Sender<Answer>) {
    let socket = &asker.sockets.fixed()[at];
    loop {
        if socket.is_there() {
            let (told, mut ids) = channel(REQUESTS_MAX);
            // What doesn't fit is asked for when it is seen.
            let mut tell = |id: &str| drop(told.try_send(ContainerId::from(id)));
            let watch = socket.engine.watch(&mut tell);
            let fetch = async {
                while let Some(id) = ids.recv().await {
                    if let Ok(described) = socket.inspect(&id, asker.wait).await {
                        asker.recent.put(id.clone(), described.clone());
                        // Where too many answers wait, those that were asked for come first.
                        let _ = reply.try_send(Answer { id, why: Why::Told, result: Ok(described) });
                    }
                }
            };
            tokio::select! {
                ended = watch => if ended == Err(NoContainer::Unknown) { return },
                () = fetch => {}
            }
        }
        tokio::time::sleep(LISTEN_INTERVAL).await;
    }
}
