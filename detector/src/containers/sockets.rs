//! The sockets of the engines: which there are, and which are asked about a container.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lanner_event::Container;
use tokio::task::JoinSet;

use super::engine::{Asked, Engine, EngineSet, NoContainer, Origin, Reason, Way, by_cgroup};
use super::{Described, ENGINES, EngineSettings, EngineSpec, limits};
use crate::host_root::host_file;

/// Stands in the path of a socket for the number of the user whose it is.
const USER: &str = "*";

/// An engine at a socket.
#[derive(Clone)]
pub struct Socket {
    /// Its place in the table.
    at: usize,
    path: PathBuf,
    pub(super) engine: Arc<dyn Engine>,
}

impl Socket {
    /// The engine's row in the table.
    fn spec(&self) -> &'static EngineSpec {
        &ENGINES[self.at]
    }

    /// Whether it is there.
    pub fn is_there(&self) -> bool {
        self.path.exists()
    }

    /// What the engine knows of a container, and in time.
    pub(super) async fn inspect(&self, id: &str, limit: Duration) -> Result<Described, NoContainer> {
        let asked: Asked<Container> = self.engine.inspect(id, limit);
        match tokio::time::timeout(limit, asked).await {
            Ok(answer) => answer.map(|mut container| {
                let cut = limits::cut(&mut container);
                container.source = self.path.display().to_string().into();
                Described { engine: self.spec().name, container: Arc::new(container), cut }
            }),
            Err(_) => Err(NoContainer::Trouble {
                engine: self.spec().name,
                reason: Reason::Silent,
                cause: format!("{}: no answer in time", self.path.display()),
            }),
        }
    }
}

/// Where the engines that are asked may be: their places in the table, and paths of the host.
fn places(settings: &[EngineSettings]) -> impl Iterator<Item = (usize, String)> {
    ENGINES.iter().enumerate().flat_map(|(at, spec)| {
        let own = settings.iter().rev().find(|own| own.name == spec.name);
        let paths: Vec<String> = match (&spec.way, own) {
            (Way::Cgroup(_), _) | (_, Some(EngineSettings { enabled: false, .. })) => Vec::new(),
            (_, Some(EngineSettings { sockets: Some(sockets), .. })) => {
                sockets.iter().map(|path| path.display().to_string()).collect()
            }
            (Way::Socket { defaults, .. }, _) => defaults.iter().map(|path| (*path).to_owned()).collect(),
        };
        paths.into_iter().map(move |path| (at, path))
    })
}

/// The sockets that are there: each with the name of its engine in the table, and where Lanner reaches it.
pub fn found(settings: &[EngineSettings]) -> Vec<(&'static str, PathBuf)> {
    let there = places(settings).flat_map(|(at, path)| {
        let paths = match path.split_once(USER) {
            None => vec![host_file(path)],
            Some((folder, rest)) => {
                let users = std::fs::read_dir(host_file(folder)).into_iter().flatten().flatten();
                users.map(|user| user.path().join(rest.trim_start_matches('/'))).collect()
            }
        };
        paths.into_iter().filter(|path| path.exists()).map(move |path| (ENGINES[at].name, path))
    });
    there.collect()
}

/// All sockets that may be asked.
pub struct Sockets {
    fixed: Vec<Socket>,
    /// Of engines that users run: where, and their places in the table.
    of_users: Vec<(usize, String)>,
}

impl Sockets {
    /// Those of the table, but for what is configured.
    ///
    /// # Errors
    /// Where a connection can't be prepared.
    pub fn new(settings: &[EngineSettings]) -> std::io::Result<Sockets> {
        let mut sockets = Sockets { fixed: Vec::new(), of_users: Vec::new() };
        for (at, path) in places(settings) {
            if path.contains(USER) {
                sockets.of_users.push((at, path));
                continue;
            }
            let path = host_file(path);
            if let Way::Socket { connect, .. } = &ENGINES[at].way {
                sockets.fixed.push(Socket { at, engine: connect(&path)?, path });
            }
        }
        Ok(sockets)
    }

    /// Those that belong to the host.
    pub fn fixed(&self) -> &[Socket] {
        &self.fixed
    }

    /// Those that are asked about a container: of a user's container, that user's alone.
    fn of(&self, origin: Origin) -> Vec<Socket> {
        let Some(user) = origin.user else {
            return self.fixed.iter().filter(|socket| origin.engines.has(socket.at)).cloned().collect();
        };
        let own = self.of_users.iter().filter(|(at, _)| origin.engines.has(*at));
        let socket = |(at, path): &(usize, String)| {
            let path = host_file(path.replace(USER, &user.to_string()));
            let Way::Socket { connect, .. } = &ENGINES[*at].way else { return None };
            Some(Socket { at: *at, engine: connect(&path).ok()?, path })
        };
        own.filter_map(socket).collect()
    }

    /// What the engines know of a container; the first of them that knows it counts.
    pub async fn inspect(&self, id: &str, origin: Origin, limit: Duration) -> Result<Described, NoContainer> {
        if let Some((engine, kind)) = known_by_cgroup(origin.engines) {
            return Ok(Described { engine, container: Arc::new(by_cgroup(kind, id)), cut: false });
        }
        let mut asking = JoinSet::new();
        for socket in self.of(origin).into_iter().filter(Socket::is_there) {
            let id = id.to_owned();
            asking.spawn(async move { socket.inspect(&id, limit).await });
        }
        if asking.is_empty() {
            let rows = ENGINES.iter().enumerate().filter(|(at, _)| origin.engines.has(*at));
            let names: Vec<&'static str> = rows.map(|(_, spec)| spec.name).collect();
            let engine = names.first().copied().unwrap_or_default();
            let cause = format!("there is no socket of {}", names.join(", "));
            return Err(NoContainer::Trouble { engine, reason: Reason::Absent, cause });
        }
        let mut worst = NoContainer::Unknown;
        while let Some(answer) = asking.join_next().await {
            match answer {
                Ok(Ok(container)) => return Ok(container),
                Ok(Err(cause @ NoContainer::Trouble { .. })) => worst = cause,
                Ok(Err(NoContainer::Unknown)) | Err(_) => {}
            }
        }
        Err(worst)
    }
}

/// The engine of a container that none can be asked about, and its `container.type`.
fn known_by_cgroup(engines: EngineSet) -> Option<(&'static str, &'static str)> {
    let rows = ENGINES.iter().enumerate().filter(|(at, _)| engines.has(*at)).map(|(_, spec)| spec);
    let mut types = rows.map(|spec| match spec.way {
        Way::Cgroup(kind) => Some((spec.name, kind)),
        Way::Socket { .. } => None,
    });
    let first = types.next()??;
    types.all(|kind| kind.is_some()).then_some(first)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixListener;
    use std::path::Path;

    use super::*;

    /// An engine that calls every container by one name, for as long as the test runs.
    fn engine(socket: &Path, name: &'static str) {
        std::fs::create_dir_all(socket.parent().unwrap()).unwrap();
        let listener = UnixListener::bind(socket).unwrap();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let _ = stream.read(&mut [0; 1024]);
                let _ = write!(stream, "HTTP/1.0 200 OK\r\n\r\n{{\"Id\":\"ab\",\"Name\":\"/{name}\"}}");
            }
        });
    }

    #[test]
    fn an_engine_of_a_user_is_asked_about_that_users_containers_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = |user: &str| folder.path().join(user).join("docker.sock");
        engine(&path("host"), "host");
        engine(&path("1000"), "user");
        let docker = EngineSettings {
            name: "docker".to_owned(),
            enabled: true,
            sockets: Some(vec![path("host"), path(USER)]),
        };
        let mut found: Vec<PathBuf> =
            found(std::slice::from_ref(&docker)).into_iter().map(|(_, path)| path).collect();
        found.retain(|path| path.starts_with(folder.path()));
        found.sort();
        // A folder of every name may be a user's, where a pattern says so.
        found.dedup();
        assert_eq!(found, [path("1000"), path("host")]);
        let engines = EngineSet::of(|spec| spec.name == "docker");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let inside = runtime.enter();
        let sockets = Sockets::new(&[docker]).unwrap();
        drop(inside);
        let asked = |user: Option<u32>| {
            let limit = Duration::from_secs(20);
            let answer = runtime.block_on(sockets.inspect("ab", Origin { engines, user }, limit));
            answer.map(|described| described.container.name.to_string()).map_err(|cause| cause.to_string())
        };
        assert_eq!(asked(None), Ok("host".to_owned()));
        assert_eq!(asked(Some(1000)), Ok("user".to_owned()));
        assert_eq!(asked(Some(1001)), Err("docker: there is no socket of docker".to_owned()));
    }

    #[test]
    fn what_the_cgroup_alone_tells_is_asked_of_nobody() {
        let of = |name: &'static str| EngineSet::of(|spec| spec.name == name);
        assert_eq!(known_by_cgroup(of("lxc")), Some(("lxc", "lxc")));
        assert_eq!(known_by_cgroup(of("libvirt_lxc")), Some(("libvirt_lxc", "libvirt-lxc")));
        assert_eq!(known_by_cgroup(of("docker")), None);
        assert_eq!(known_by_cgroup(EngineSet::default()), None);
    }

    #[test]
    fn the_page_of_containers_names_every_socket() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/containers.md");
        let page = std::fs::read_to_string(page).unwrap();
        for (at, path) in places(&[]) {
            assert!(page.contains(&format!("`{path}`")), "{} of {}", path, ENGINES[at].name);
        }
    }
}
