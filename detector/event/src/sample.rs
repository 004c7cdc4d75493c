//! Events made by hand: an event and its host, built from the values that fields are to have.
//!
//! A rule is tested with what its author can name. What is built here is read by the same getters as what was
//! captured, so that a test says what will happen.

mod container;
mod details;
mod document;
mod file;
mod hints;
mod numbers;
mod params;
mod setters;
mod socket;

use std::sync::Arc;

use crate::{
    CUT, Container, ContainerId, ContainerState, Details, Document, DocumentError, Event, EventBatch,
    EventFlags, EventSource, FieldError, FieldRef, Host, Kind, Param, ParamType, Path, Process, Slice, Task,
    User, UsersState,
};

/// The number of the process that does it.
const PID: i32 = 1000;
/// The number of the session that it is in, of which it isn't the leader.
const SESSION: i32 = 1;
/// The cgroup that its container has, where it has one.
const CGROUP: u64 = 1;
/// How many ancestors can be told of.
const ANCESTORS_MAX: i32 = 64;

/// How many characters of a value an error shows.
const SHOWN_MAX: usize = 80;

/// A value as errors show it: not the whole of a long one.
pub fn shown(value: &str) -> String {
    match value.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

/// Why a field can't be given a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SampleError {
    /// There is no such field.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// It follows from others.
    #[error("`{field}` can't be given a value: it follows from {from}")]
    Derived {
        /// The field.
        field: String,
        /// From what: fields to give instead.
        from: &'static str,
    },
    /// The value isn't one that it can have in an event of this kind.
    #[error("`{field}` can't be `{value}` in an event `{kind}`")]
    Value {
        /// The field.
        field: String,
        /// The value, or how it begins.
        value: String,
        /// The kind of event.
        kind: &'static str,
    },
    /// It has no second reading.
    #[error("`{0}` is not a path of this event, which could be another in reality")]
    NotAPath(String),
    /// The document isn't one.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

/// What a parameter is where nothing is said: no flag is set.
fn ordinary(ty: ParamType) -> Param {
    match ty {
        ParamType::Flags(_) | ParamType::Enum(_) | ParamType::Mode(_) => Param::Uint(0),
        _ => Param::Missing,
    }
}

/// An event and its host. At first root does it, on the host, without a terminal, and it succeeds.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The event.
    pub event: Event,
    /// The host.
    pub host: Host,
    /// What is known of the event's container, where it is in one. While that is on its way, so are its users.
    pub container: ContainerState,
    container_id: Option<ContainerId>,
    params: Vec<Param>,
    batch: EventBatch,
    details: Option<Details>,
    document: Option<String>,
    /// How long its process has lived, where that is said.
    duration: Option<u64>,
    /// Whether it opens a file to read, where that is said.
    reads: Option<bool>,
    /// Which numbers of processes take each other's place, one after the other.
    swaps: Vec<(i32, i32)>,
}

impl Sample {
    /// An event of that kind in which nothing else is known.
    pub fn new(kind: Kind) -> Sample {
        let task = Task {
            pid: PID,
            tid: PID,
            vpid: PID,
            vtid: PID,
            ppid: PID - 1,
            sid: SESSION,
            pgid: 1,
            vsid: 1,
            vpgid: 1,
            loginuid: u32::MAX,
            cgroup: CGROUP,
            ..Task::default()
        };
        let mut host = Host::default();
        let root = User { name: (*b"root").into(), home: (*b"/root").into(), shell: (*b"/bin/sh").into() };
        host.users.users.insert(0, root);
        host.users.groups.insert(0, (*b"root").into());
        host.processes.insert(Process { pid: PID, ppid: PID - 1, ..Process::default() });
        Sample {
            event: Event {
                num: 1,
                time: 0,
                kind,
                flags: EventFlags::empty(),
                cpu: 0,
                res: if setters::makes_descriptor(kind) { 3 } else { 0 },
                task,
                fd: setters::fd(kind),
                params: Slice::default(),
                document: None,
                details: None,
            },
            host,
            container: ContainerState::Known(Container::default().into()),
            container_id: None,
            params: kind.row().params.iter().map(|row| ordinary(row.ty)).collect(),
            batch: EventBatch::default(),
            details: None,
            document: (kind.source() == EventSource::K8sAudit).then(|| document::FIRST.to_owned()),
            duration: None,
            reads: None,
            swaps: Vec::new(),
        }
    }

    /// Gives a field a value.
    ///
    /// # Errors
    /// Where there is no such field, it can't be set, or not to that.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SampleError> {
        let field = FieldRef::from_name(name)?;
        let done = match setters::of(field.field.name) {
            Some(setter) => setter(self, &field.arg, value),
            None if document::has_place(field.field.name) => self.put(&field, value),
            None => {
                let from = hints::of(field.field.name).unwrap_or("other fields");
                return Err(SampleError::Derived { field: shown(name), from });
            }
        };
        done.ok_or_else(|| self.not(name, value))
    }

    /// Puts a value into the event's document.
    fn put(&mut self, field: &FieldRef, value: &str) -> Option<()> {
        let document = self.document.as_mut()?;
        *document = document::put(document, field, value)?;
        Some(())
    }

    fn not(&self, field: &str, value: &str) -> SampleError {
        let kind = self.event.kind.row().name;
        SampleError::Value { field: shown(field), value: shown(value), kind }
    }

    /// Gives the event its document, instead of the one that it has. Its time is that of the stage that the document
    /// tells of, unless it is given another.
    ///
    /// # Errors
    /// Where it isn't JSON, or events of this kind carry none.
    pub fn set_document(&mut self, text: &str) -> Result<(), SampleError> {
        Document::parse(text.as_bytes())?;
        match &mut self.document {
            Some(document) => *document = text.to_owned(),
            None => return Err(self.not("document", text)),
        }
        Ok(())
    }

    /// Gives a field that is a path its real reading.
    ///
    /// # Errors
    /// Where the field isn't a path, or has no given reading yet.
    pub fn set_real(&mut self, name: &str, value: &str) -> Result<(), SampleError> {
        let field = FieldRef::from_name(name)?;
        let real = Some(self.batch.push_bytes(value.as_bytes()));
        if let Some(fd) = self.event.fd.as_mut().filter(|_| field.field.name == "fd.name") {
            fd.path.real = real;
            return Ok(());
        }
        match setters::param_of(self.event.kind, &field).and_then(|name| self.param_mut(name)) {
            Some(Param::Path(path)) => path.real = real,
            _ => return Err(SampleError::NotAPath(name.to_owned())),
        }
        Ok(())
    }

    /// The event in a batch, and its host.
    pub fn build(&self) -> (EventBatch, Host) {
        let (mut event, mut batch, mut host) = (self.event, self.batch.clone(), self.host.clone());
        let mut params = self.params.clone();
        if let Some(fd) = event.fd.as_mut().filter(|_| setters::makes_descriptor(event.kind)) {
            fd.num = event.res;
            fd.kind = fd.kind.filter(|_| event.res >= 0);
        }
        for (at, row) in event.kind.row().params.iter().enumerate() {
            match (row.name, row.ty, event.fd) {
                ("res", ParamType::Fd, _) if params[at] != Param::Missing => {}
                ("res", ParamType::Errno | ParamType::Fd, _) => params[at] = Param::Int(event.res),
                ("fd", ParamType::Fd, Some(fd)) => params[at] = Param::Int(fd.num),
                ("name", ParamType::Path, Some(fd)) => params[at] = Param::Path(fd.path),
                _ => {}
            }
        }
        event.params = batch.push_params(&params);
        event.details = self.details.map(|details| batch.push_details(details));
        let document = self.document.as_ref().and_then(|text| Document::parse(text.as_bytes()).ok());
        if let Some(document) = document {
            if event.time == 0 {
                event.time = document.stage_time().unwrap_or_default();
            }
            event.document = Some(batch.push_document(document));
        }
        if let Some(duration) = self.duration {
            event.time = event.time.max(duration);
            event.task.start = event.time - duration;
            host.boot_time = 0;
        }
        numbers::apply(&self.swaps, &mut event.task, &mut host.processes);
        batch.events.push(event);
        let container = self.container_id.clone();
        if let Some(id) = &container {
            host.containers.by_id.insert(id.clone(), self.container.clone());
            let users = match self.container {
                ContainerState::Pending => UsersState::Pending,
                _ => UsersState::Known(Arc::new(host.users.clone())),
            };
            host.containers.users.insert(id.clone(), users);
        }
        host.containers.by_cgroup.insert(CGROUP, container);
        (batch, host)
    }

    /// Gives a parameter a value; does nothing where the event has none of that name.
    pub fn param(&mut self, name: &str, value: Param) -> Option<()> {
        *self.param_mut(name)? = value;
        Some(())
    }

    fn param_mut(&mut self, name: &str) -> Option<&mut Param> {
        let at = self.event.kind.row().params.iter().position(|row| row.name == name)?;
        self.params.get_mut(at)
    }

    /// A path with one reading.
    fn path(&mut self, text: &str) -> Path {
        let cut = text.as_bytes().starts_with(CUT) || text.as_bytes().ends_with(CUT);
        self.event.flags.set(EventFlags::PATH_CUT, cut || self.event.flags.contains(EventFlags::PATH_CUT));
        let slice = self.batch.push_bytes(text.as_bytes());
        Path { raw: slice, given: slice, real: None }
    }

    /// An ancestor by number, 0 is the process itself.
    fn process(&mut self, number: u32) -> Option<&mut Process> {
        let number = i32::try_from(number).ok().filter(|number| *number <= ANCESTORS_MAX)?;
        for pid in PID - number..PID {
            if self.host.processes.get(pid).is_none() {
                self.host.processes.insert(Process { pid, ppid: pid - 1, ..Process::default() });
            }
        }
        self.host.processes.get_mut(PID - number)
    }

    /// The text of a field, `<NA>` where there is none.
    #[cfg(test)]
    pub(crate) fn text(&self, field: &str) -> String {
        let (batch, host) = self.build();
        let scratch = bumpalo::Bump::new();
        let field = FieldRef::from_name(field).unwrap();
        tests::printed(crate::Ctx::new(batch.get(0), &host, &scratch).get(&field))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Val;

    fn joined(items: &[Val], between: &str) -> String {
        items.iter().map(|item| printed(*item)).collect::<Vec<_>>().join(between)
    }

    pub fn printed(value: Val) -> String {
        match value {
            Val::Missing => "<NA>".to_owned(),
            Val::Pending => "<pending>".to_owned(),
            Val::Bool(value) => value.to_string(),
            Val::Int(value) => value.to_string(),
            Val::Uint(value) => value.to_string(),
            Val::Double(value) => value.to_string(),
            Val::Ip(value) => value.to_string(),
            Val::Str(text) | Val::Cut(text) => String::from_utf8_lossy(text).into_owned(),
            Val::List(items) => format!("({})", joined(items, ",")),
            Val::Any(items) => joined(items, " "),
        }
    }

    #[test]
    fn what_is_set_is_read() {
        for (kind, field, value) in [
            (Kind::Openat, "evt.num", "7"),
            (Kind::Openat, "evt.rawtime", "8"),
            (Kind::Openat, "evt.hostname", "node"),
            (Kind::Openat, "evt.res", "EACCES"),
            (Kind::Openat, "evt.arg.flags", "O_CREAT|O_RDWR"),
            (Kind::Openat, "evt.arg.dirfd", "AT_FDCWD"),
            (Kind::Openat, "evt.arg.name", "/a"),
            (Kind::Openat, "evt.arg.mode", "0755"),
            (Kind::Rename, "evt.arg.oldpath", "/a"),
            (Kind::Execve, "proc.cmdline", "sh -c ls"),
            (Kind::Execve, "proc.acmdline[2]", "sshd -D"),
            (Kind::Execve, "proc.exepath", "/bin/sh"),
            (Kind::Execve, "proc.aexepath[2]", "/sbin/sshd"),
            (Kind::Execve, "proc.is_sid_leader", "true"),
            (Kind::Execve, "proc.is_sid_leader", "false"),
            (Kind::Execve, "proc.tty", "34816"),
            (Kind::Execve, "proc.pexe", "-bash"),
            (Kind::Execve, "proc.aexe[2]", "sshd:"),
            (Kind::Execve, "proc.duration", "5000000000"),
            (Kind::Execve, "proc.is_vpgid_leader", "true"),
            (Kind::Execve, "proc.is_vpgid_leader", "false"),
            (Kind::Execve, "proc.is_pgid_leader", "true"),
            (Kind::Execve, "proc.env[HOME]", "/root"),
            (Kind::Execve, "proc.env", "A=b C=d"),
            (Kind::Execve, "proc.exe_ino.ctime", "7"),
            (Kind::Execve, "group.name", "wheel"),
            (Kind::Openat, "fd.nameraw", "../a"),
            (Kind::Openat, "fd.ino", "7"),
            (Kind::Openat, "evt.cpu", "3"),
            (Kind::Execve, "proc.vpid", "1"),
            (Kind::Execve, "proc.pvpid", "1"),
            (Kind::Execve, "user.name", "alice"),
            (Kind::Execve, "user.loginname", "bob"),
            (Kind::Execve, "user.loginuid", "-1"),
            (Kind::Openat, "fd.type", "directory"),
            (Kind::Bind, "fd.name", "0.0.0.0:80"),
            (Kind::Connect, "fd.name", "/run/x.sock"),
            (Kind::Connect, "fd.l4proto", "udp"),
            (Kind::Unlink, "fs.path.name", "/a"),
            (Kind::Execve, "container.id", "0123456789ab"),
            (Kind::Execve, "container.mounts", "/a:/b:ro:false:rslave,/c:/d::true:"),
            (Kind::Execve, "container.privileged", "true"),
            (Kind::Execve, "k8s.ns.name", "default"),
            (Kind::Execve, "container.label[a]", "b"),
            (Kind::Execve, "container.ip", "10.0.0.7"),
            (Kind::Execve, "container.host_network", "true"),
            (Kind::Execve, "container.healthcheck", "/bin/sh -c true"),
            (Kind::Execve, "container.healthcheck", "NONE"),
            (Kind::Execve, "container.start_ts", "7"),
            (Kind::Execve, "k8s.pod.label[app]", "web"),
            (Kind::Execve, "k8s.pod.sandbox_id", "ba9876543210"),
            (Kind::Execve, "k8s.pod.ip", "10.0.0.7"),
            (Kind::Pluginevent, "ka.verb", "get"),
            (Kind::Pluginevent, "ka.response.code", "201"),
            (Kind::Pluginevent, "ka.user.groups", "(a,b)"),
            (Kind::Pluginevent, "ka.uri.param[x y]", "a b&c"),
            (Kind::Pluginevent, "ka.req.pod.containers.image", "(a,b)"),
            (Kind::Pluginevent, "ka.req.pod.initContainers.privileged[2]", "(true)"),
            (Kind::Pluginevent, "ka.req.pod.volumes.hostpath", "(/etc)"),
            (Kind::Pluginevent, "ka.req.role.rules.verbs", "(get,*)"),
            (Kind::Pluginevent, "jevt.value[/a/1/b~1c]", "[1,\"x\"]"),
        ] {
            let mut sample = Sample::new(kind);
            let inside = value.strip_prefix('(').and_then(|value| value.strip_suffix(')')).unwrap_or(value);
            assert_eq!(sample.set(field, inside), Ok(()), "{field}");
            assert_eq!(sample.text(field), value, "{field}");
        }
    }

    #[test]
    fn what_can_not_be_is_refused() {
        let mut sample = Sample::new(Kind::Openat);
        for (field, value, said) in [
            ("proc.nme", "x", "there is no field `proc.nme`"),
            ("fd.net", "a", "`fd.net` can't be given a value: it follows from `fd.cip` or `fd.sip`"),
            ("fd.dev", "1", "`fd.dev` can't be given a value: it follows from other fields"),
            ("evt.dir", ">", "`evt.dir` can't be `>` in an event `openat`"),
            ("proc.name", "sixteen-bytes-lo", "`proc.name` can't be `sixteen-bytes-lo` in an event `openat`"),
            ("fs.path.target", "/a", "`fs.path.target` can't be `/a` in an event `openat`"),
            ("fd.name", "a", "`fd.name` can't be `a` in an event `openat`"),
            ("proc.aname[65]", "a", "`proc.aname[65]` can't be `a` in an event `openat`"),
            ("ka.verb", "get", "`ka.verb` can't be `get` in an event `openat`"),
        ] {
            assert_eq!(sample.set(field, value).unwrap_err().to_string(), said);
        }
        let long = sample.set("proc.name", &"é".repeat(10_000_000)).unwrap_err().to_string();
        assert_eq!(long, format!("`proc.name` can't be `{}…` in an event `openat`", "é".repeat(80)));
        assert!(sample.set_real("fs.path.target", "/a").is_err());
        assert!(sample.set_document("{}").is_err());
        let mut audit = Sample::new(Kind::Pluginevent);
        assert!(audit.set_document("{").is_err());
        for field in ["jevt.value[/stage/x]", "jevt.value[/a/64]", "ka.req.binding.subjects.user_names"] {
            assert!(audit.set(field, "x").is_err(), "{field}");
        }
        assert_eq!(sample.set_real("fd.name", "/a"), Ok(()));
    }
}
