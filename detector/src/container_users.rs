//! The users and groups of containers, which have a passwd(5) and a group(5) of their own.
//!
//! They are read through the root of a process that lives there, on threads of their own: a file system that doesn't
//! answer, which a container's may be made to, costs names and delays nothing. Nothing outside of that root is ever
//! read, whatever links lead to. A process that an engine is about to start still has the host's root: it is tried
//! again until it has another.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use lanner_event::{ContainerId, Users};
use rustix::fs::{Mode, OFlags, ResolveFlags};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::{JoinSet, spawn_blocking};

use crate::host_root::host_path;
use crate::passwd::{self, Version};
use crate::state::{CONTAINERS_MAX, is_same_process};

/// How many containers may wait to be read, and how many answers to be taken.
const QUEUE_MAX: usize = 1024;
/// How many files are read at once. A file system that doesn't answer keeps one of these threads.
const THREADS_MAX: usize = 8;
/// How long a file may be, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// How many bytes of files the users may be of that are known at once.
const BYTES_MAX: usize = 32 << 20;
/// How long to wait before a process is looked at again that still has the host's root. What it starts in its own may
/// end as soon.
const RETRY_INTERVAL: Duration = Duration::from_millis(2);

/// A process that lives in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inhabitant {
    /// The container.
    pub container: ContainerId,
    /// The process.
    pub pid: i32,
    /// When it was started, which tells it from another with that number ([`lanner_event::Task::start`]).
    pub start: u64,
}

/// The users of a container; `None` where they can't be had.
pub type Answer = (ContainerId, Option<Arc<Users>>);

/// Reads the users of containers. The default has no thread, and refuses everything.
#[derive(Default)]
pub struct ContainerUsers {
    link: Option<(Sender<Inhabitant>, Receiver<Answer>)>,
}

impl ContainerUsers {
    /// Starts the threads; they end with this. A container has that long until it is answered that its users can't be
    /// had.
    ///
    /// # Errors
    /// Where there can be no thread.
    pub fn start(wait: Duration) -> io::Result<ContainerUsers> {
        let (requests, todo) = channel(QUEUE_MAX);
        let (reply, answers) = channel(QUEUE_MAX);
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().max_blocking_threads(THREADS_MAX).build()?;
        let thread = std::thread::Builder::new().name("lanner-users".to_owned());
        thread.spawn(move || {
            runtime.block_on(serve(wait, todo, reply));
            // What a file system keeps waiting is not waited for.
            runtime.shutdown_background();
        })?;
        Ok(ContainerUsers { link: Some((requests, answers)) })
    }

    /// Reads the users of a container, if they have changed since they were read last; `false` where too many wait.
    pub fn read(&self, inhabitant: Inhabitant) -> bool {
        self.link.as_ref().is_some_and(|(requests, _)| requests.try_send(inhabitant).is_ok())
    }

    /// The next answer that has come.
    pub fn answer(&mut self) -> Option<Answer> {
        self.link.as_mut()?.1.try_recv().ok()
    }
}

/// The versions of the two files, where there are any.
type Versions = [Option<Version>; 2];

/// What was read of a container, and how many bytes that was.
struct Known {
    versions: Versions,
    users: Weak<Users>,
    bytes: usize,
}

/// What came of reading.
enum Found {
    /// As it was.
    Same,
    /// Something else.
    Users(Arc<Users>, Versions, usize),
    /// The process has the host's root.
    HostRoot,
    /// Nothing: the process has ended, or it can't be read.
    Nothing,
}

async fn serve(wait: Duration, mut todo: Receiver<Inhabitant>, reply: Sender<Answer>) {
    let mut known: HashMap<ContainerId, Known> = HashMap::new();
    // Containers that are being read, and by which process again.
    let mut next: HashMap<ContainerId, Option<Inhabitant>> = HashMap::new();
    let mut reading = JoinSet::new();
    let start = |reading: &mut JoinSet<_>, known: &HashMap<ContainerId, Known>, inhabitant: Inhabitant| {
        let last = known.get(&inhabitant.container).filter(|known| known.users.strong_count() > 0);
        reading.spawn(read_in_time(wait, inhabitant, last.map(|known| known.versions), reply.clone()));
    };
    loop {
        tokio::select! {
            inhabitant = todo.recv() => {
                let Some(inhabitant) = inhabitant else { return };
                match next.get_mut(&inhabitant.container) {
                    Some(next) => *next = Some(inhabitant),
                    None => {
                        next.insert(inhabitant.container.clone(), None);
                        start(&mut reading, &known, inhabitant);
                    }
                }
            }
            Some(done) = reading.join_next() => {
                let Ok((container, found, told)) = done else { continue };
                let again = next.remove(&container).flatten();
                let answer = match found {
                    Found::Same => None,
                    Found::Users(users, versions, bytes) => {
                        let users_known = Known { versions, users: Arc::downgrade(&users), bytes };
                        Some(note(&mut known, container.clone(), users_known).then_some(users))
                    }
                    // Another process may do better.
                    Found::HostRoot | Found::Nothing => (again.is_none() && !told).then_some(None),
                };
                if let Some(answer) = answer {
                    // Nobody is there to hear it when the detector has ended.
                    let _ = reply.send((container.clone(), answer)).await;
                }
                // Who asked since then asked about what is so now.
                if let Some(inhabitant) = again {
                    next.insert(container, None);
                    start(&mut reading, &known, inhabitant);
                }
            }
        }
    }
}

/// Notes what is known now; `false` where there is no room.
fn note(known: &mut HashMap<ContainerId, Known>, container: ContainerId, new: Known) -> bool {
    known.remove(&container);
    let bytes = |known: &HashMap<ContainerId, Known>| known.values().map(|known| known.bytes).sum::<usize>();
    if known.len() >= CONTAINERS_MAX || bytes(known) + new.bytes > BYTES_MAX {
        known.retain(|_, known| known.users.strong_count() > 0);
    }
    let room = bytes(known) + new.bytes <= BYTES_MAX;
    if room {
        known.insert(container, new);
    }
    room
}

/// Reads a container's users, and says that they can't be had as soon as that takes too long; it goes on until it is
/// over, so that no second thread waits for the same. What came of it in the end, and whether that was said.
async fn read_in_time(
    wait: Duration,
    inhabitant: Inhabitant,
    last: Option<Versions>,
    reply: Sender<Answer>,
) -> (ContainerId, Found, bool) {
    let container = inhabitant.container.clone();
    let mut reading = std::pin::pin!(read_when_ready(wait, inhabitant, last));
    match tokio::time::timeout(wait, &mut reading).await {
        Ok(found) => (container, found, false),
        Err(_) => {
            if last.is_none() {
                // As above.
                let _ = reply.send((container.clone(), None)).await;
            }
            (container, reading.await, true)
        }
    }
}

async fn read_when_ready(wait: Duration, inhabitant: Inhabitant, last: Option<Versions>) -> Found {
    let deadline = Instant::now() + wait;
    loop {
        let of = inhabitant.clone();
        // A panic in there would be a fault of ours, and costs this container's names.
        let found = spawn_blocking(move || read(&of, last)).await.unwrap_or(Found::Nothing);
        if !matches!(found, Found::HostRoot) || Instant::now() + RETRY_INTERVAL > deadline {
            return found;
        }
        tokio::time::sleep(RETRY_INTERVAL).await;
    }
}

fn read(of: &Inhabitant, last: Option<Versions>) -> Found {
    let found = read_root(of.pid, last).unwrap_or(Found::Nothing);
    // Another process may have got the number.
    if is_same_process(of.pid, of.start) { found } else { Found::Nothing }
}

fn read_root(pid: i32, last: Option<Versions>) -> io::Result<Found> {
    let root = File::open(host_path(format!("/proc/{pid}/root")))?;
    if is_hosts(&root)? {
        return Ok(Found::HostRoot);
    }
    let files = [file_in(&root, "etc/passwd")?, file_in(&root, "etc/group")?];
    let mut versions = [None; 2];
    let mut texts = [Vec::new(), Vec::new()];
    for (at, file) in files.iter().enumerate() {
        let Some(file) = file else { continue };
        versions[at] = Some(Version::of(&file.metadata()?));
    }
    if last == Some(versions) {
        return Ok(Found::Same);
    }
    for (file, text) in files.into_iter().zip(&mut texts) {
        let Some(file) = file else { continue };
        if file.take(FILE_BYTES_MAX + 1).read_to_end(text)? as u64 > FILE_BYTES_MAX {
            return Ok(Found::Nothing);
        }
    }
    let [passwd, group] = texts;
    let uids = IdMap::of(pid, "uid_map")?;
    let gids = IdMap::of(pid, "gid_map")?;
    let users = Users {
        users: passwd::users(&passwd, |uid| uids.outside(uid)),
        groups: passwd::groups(&group, |gid| gids.outside(gid)),
    };
    Ok(Found::Users(Arc::new(users), versions, passwd.len() + group.len()))
}

/// Whether that root is the one of the host's first process.
fn is_hosts(root: &File) -> io::Result<bool> {
    let host =
        std::fs::metadata(host_path("/proc/1/root/")).or_else(|_| std::fs::metadata(host_path("/")))?;
    let root = root.metadata()?;
    Ok((root.dev(), root.ino()) == (host.dev(), host.ino()))
}

/// A plain file below a root; `None` where there is none. Opening anything else might wait, or do something.
fn file_in(root: &File, path: &str) -> io::Result<Option<File>> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let found = match rustix::fs::openat2(root, path, flags, Mode::empty(), resolve) {
        Ok(found) => File::from(found),
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if !found.metadata()?.is_file() {
        return Ok(None);
    }
    // The file itself is opened, which no name leads to any more.
    use std::os::fd::AsRawFd;
    File::open(format!("/proc/self/fd/{}", found.as_raw_fd())).map(Some)
}

/// How a user namespace's numbers are known outside of it (user_namespaces(7)).
struct IdMap(Vec<[u32; 3]>);

impl IdMap {
    fn of(pid: i32, name: &str) -> io::Result<IdMap> {
        let text = std::fs::read_to_string(host_path(format!("/proc/{pid}/{name}")))?;
        let range = |line: &str| {
            let mut numbers = line.split_ascii_whitespace().map(str::parse);
            let mut number = || numbers.next()?.ok();
            Some([number()?, number()?, number()?])
        };
        Ok(IdMap(text.lines().filter_map(range).collect()))
    }

    fn outside(&self, id: u32) -> Option<u32> {
        self.0.iter().find_map(|[inside, outside, count]| {
            let at = id.checked_sub(*inside).filter(|at| at < count)?;
            outside.checked_add(at)
        })
    }
}
