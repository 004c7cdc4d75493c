//! The attacks, numbered, and what must come of each.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use lanner_integration_tests::docker::IMAGE;
use lanner_integration_tests::{free_port, wait_for};
use serde_json::Value;

use crate::outputs::Seen;
use crate::stand::{ADDRESS, CONTAINER, Stand};

/// An alert that must come: the rule, what its text must hold to be the one, and how often at each output.
#[derive(Debug, Clone)]
pub struct Expected {
    pub attack: u8,
    pub rule: &'static str,
    pub token: String,
    pub count: usize,
    /// What every output must say of it.
    pub facts: Vec<String>,
    priority: &'static str,
    command: String,
    /// The session in the process's own pid namespace, where the test knows it.
    pub session: Option<i32>,
    /// The container's name, for one of [`IMAGE`].
    container: Option<String>,
}

impl Expected {
    /// Whether an output's notification is this alert.
    pub fn is(&self, seen: &Seen) -> bool {
        seen.text.contains(self.rule) && seen.text.contains(&self.token)
    }

    /// The alert as JSON is right, field by field.
    pub fn check(&self, json: &Value) {
        let field = |name: &str| json["output_fields"][name].clone();
        assert_eq!(json["rule"], self.rule);
        assert_eq!(json["priority"], self.priority, "{json:#}");
        assert_eq!(field("user.name"), "root", "{json:#}");
        assert_eq!(field("proc.name"), process(&self.command), "{json:#}");
        assert_eq!(field("proc.cmdline"), self.command, "{json:#}");
        let session = field("proc.sid").as_i64().unwrap_or_default();
        match self.session {
            Some(known) => assert_eq!(session, i64::from(known), "{json:#}"),
            None => assert!(session > 0, "{json:#}"),
        }
        let (container, image) = match &self.container {
            Some(container) => (container.as_str(), IMAGE),
            None => ("host", ":"),
        };
        assert_eq!(field("container.name"), container, "{json:#}");
        let text = |name: &str| field(name).as_str().unwrap_or_default().to_owned();
        let seen = format!("{}:{}", text("container.image.repository"), text("container.image.tag"));
        assert_eq!(seen, image, "{json:#}");
    }
}

/// An attack.
pub struct Attack {
    pub number: u8,
    perform: fn(&Stand, &str) -> Vec<Expected>,
}

impl Attack {
    pub fn perform(&self, stand: &Stand, run: &str) -> Vec<Expected> {
        let mut expected = (self.perform)(stand, run);
        expected.iter_mut().for_each(|alert| alert.attack = alert.attack.max(self.number));
        expected
    }
}

/// An alert of a command on the host, once at each output.
fn on_host(rule: &'static str, priority: &'static str, command: String, token: &str) -> Expected {
    // SAFETY: getsid of oneself can't fail and touches no memory.
    let session = Some(unsafe { libc::getsid(0) });
    let facts = [rule, priority, "root", &command].map(str::to_owned).to_vec();
    let token = token.to_owned();
    Expected { attack: 0, rule, token, count: 1, facts, priority, command, session, container: None }
}

/// An alert of a command in a container, once at each output.
fn inside(
    container: &str,
    rule: &'static str,
    priority: &'static str,
    command: String,
    token: &str,
) -> Expected {
    let mut alert = on_host(rule, priority, command, token);
    alert.session = None;
    alert.container = Some(container.to_owned());
    alert.facts.push(IMAGE.split(':').next().expect("a name").to_owned());
    alert.facts.push(container.to_owned());
    alert
}

/// The name of a command's process.
fn process(command: &str) -> &str {
    command.split(' ').next().unwrap_or_default()
}

/// Each attack, and the alerts that it must raise, once at each output.
pub const ATTACKS: &[Attack] = &[
    // 1: a shell with a terminal in a container -> Shell with a terminal in a container, once.
    Attack {
        number: 1,
        perform: |stand, run| {
            let token = format!("shell-{run}");
            let script = format!("echo $$; echo {token}");
            let said = stand.docker.run(&["exec", "-t", CONTAINER, "sh", "-c", &script]);
            // A shell that is executed leads its session.
            let session = said.lines().next().and_then(|pid| pid.trim().parse().ok());
            assert!(session.is_some(), "{said}");
            let command = format!("sh -c {script}");
            let rule = "Shell with a terminal in a container";
            vec![Expected { session, ..inside(CONTAINER, rule, "Notice", command, &token) }]
        },
    },
    // 2: /etc/shadow read by a program that isn't expected to -> Sensitive file read, once.
    Attack {
        number: 2,
        perform: |_, run| {
            let token = format!("/none/plain-{run}");
            let command = cat(&["/etc/shadow", &token]);
            vec![on_host("Sensitive file read", "Warning", command, &token)]
        },
    },
    // 3: the same through a symbolic link and through /proc/self/root -> Sensitive file read, once for each.
    Attack {
        number: 3,
        perform: |stand, run| {
            let link = stand.path(&format!("link-{run}")).display().to_string();
            symlink("/etc/shadow", &link).expect("a link");
            let through_link = cat(&[&link]);
            let token = format!("/none/proc-{run}");
            let through_proc = cat(&["/proc/self/root/etc/shadow", &token]);
            vec![
                on_host("Sensitive file read", "Warning", through_link, &link),
                on_host("Sensitive file read", "Warning", through_proc, &token),
            ]
        },
    },
    // 4: a binary renamed below a binary directory in a container, and back
    //    -> Program renamed or linked below a binary directory, once for each.
    Attack {
        number: 4,
        perform: |stand, run| {
            let hidden = format!("/bin/ls.{run}");
            let moved = |from: &str, to: &str| {
                stand.docker.run(&["exec", CONTAINER, "mv", from, to]);
                let command = format!("mv {from} {to}");
                let rule = "Program renamed or linked below a binary directory";
                inside(CONTAINER, rule, "Error", command.clone(), &command)
            };
            vec![moved("/bin/ls", &hidden), moved(&hidden, "/bin/ls")]
        },
    },
    // 5: a container with the host's /etc -> Container started with a sensitive host directory, once.
    Attack {
        number: 5,
        perform: |stand, run| {
            let name = format!("mounts-{run}");
            stand.docker.start_container(&name, &["-v", "/etc:/host-etc:ro"]);
            let rule = "Container started with a sensitive host directory";
            let alert = inside(&name, rule, "Warning", "sleep 1000".to_owned(), &name);
            // The first process of a container leads its first session.
            vec![Expected { session: Some(1), ..alert }]
        },
    },
    // 6: a listener on an odd port -> Unexpected port listened on, once;
    // 7: a connection to it -> Unexpected outbound connection, once.
    Attack {
        number: 6,
        perform: |stand, _| {
            let port = free_port().to_string();
            let listen = format!("nc -l -p {port}");
            let connect = format!("nc {ADDRESS} {port}");
            let mut listener = exec(stand, &listen);
            wait_for("the listener", || listening(&port).then_some(()), String::new);
            let mut client = exec(stand, &connect);
            let _ = client.wait();
            let _ = listener.wait();
            let listened =
                inside(CONTAINER, "Unexpected port listened on", "Warning", listen.clone(), &listen);
            let connected =
                inside(CONTAINER, "Unexpected outbound connection", "Warning", connect.clone(), &connect);
            vec![listened, Expected { attack: 7, ..connected }]
        },
    },
];

/// Reads files, and gives the command that did.
fn cat(files: &[&str]) -> String {
    // It fails for the files that don't exist, which are there to be recognized.
    let output = Command::new("cat").args(files).output().expect("cat runs");
    assert!(String::from_utf8_lossy(&output.stdout).contains("root:"), "the file was read");
    format!("cat {}", files.join(" "))
}

/// Starts a command in the container without waiting for it.
fn exec(stand: &Stand, command: &str) -> Child {
    Command::new("docker")
        .args(["-H", &format!("unix://{}", stand.docker.socket().display()), "exec", CONTAINER])
        .args(command.split(' '))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("docker runs")
}

/// Whether somebody listens on a port of this host, without connecting to it.
fn listening(port: &str) -> bool {
    let wanted = format!(":{:04X} ", port.parse::<u16>().expect("a port"));
    ["/proc/net/tcp", "/proc/net/tcp6"].iter().any(|path| {
        let text = std::fs::read_to_string(Path::new(path)).unwrap_or_default();
        // The local address is the first that is followed by a remote one of zeros, and state 0A is listening.
        text.lines().any(|line| line.contains(&wanted) && line.contains(" 0A "))
    })
}
