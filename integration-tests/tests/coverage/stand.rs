//! What attempts need: lanner with all of upstream's rules, containers, and a host where nothing is changed.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lanner_integration_tests::containerd::Containerd;
use lanner_integration_tests::docker::{Docker, IMAGE};
use lanner_integration_tests::lanner::{Lanner, binary};
use lanner_integration_tests::{engines, program, wait_for};
use serde_json::Value;
use tempfile::TempDir;

use crate::rows::{Deed, Place};

/// Where upstream's rules are.
pub fn upstream() -> PathBuf {
    let shared = std::env::var_os("LANNER_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    shared.join("upstream/rules")
}

/// Upstream's rules files, in the order that they are meant for.
pub const RULES_FILES: &[&str] = &[
    "falco_rules.yaml",
    "falco-incubating_rules.yaml",
    "falco-sandbox_rules.yaml",
    "falco-deprecated_rules.yaml",
];
/// The rule that sees the end of an attempt.
const END: &str = "An attempt has ended";
/// The rule that sees that a name is known.
const KNOWN: &str = "A name is known";
/// The other names of `act`.
const NAMES: &[&str] = &[
    "apk", "apt-get", "base64", "bash", "cat", "curl", "debugfs", "find", "grep", "id", "java", "know",
    "kubectl", "mark", "mount", "mysqld", "nc", "nginx", "nmap", "npm", "nsenter", "passwd", "pkexec",
    "python3", "rpm", "runc", "scp", "shred", "ssh", "sshd", "sudo", "tar", "useradd", "wipe", "xmrig",
];
/// The names of addresses that rules ask for.
const HOSTS: &[(&str, &str)] =
    &[("10.111.0.2", "kubernetes.default.svc.cluster.local"), ("198.51.100.7", "xmr.crypto-pool.fr")];
/// The files and folders that attempts find.
const FILES: &str = "mkdir -p /etc/apt/sources.list.d /etc/cron.d /home /host /root/.ssh /srv /usr/bin /usr/local/bin \
    /usr/local/share /usr/share /var/lib/rpm /var/log /var/w\n\
    touch /etc/crontab /etc/passwd /etc/shadow /root/.bashrc /root/.bash_history /root/.ssh/id_ed25519 /srv/secret\n";
/// The users of containers.
const USERS: &str =
    "echo root:x:0:0::/root:/bin/sh >/etc/passwd; echo daemon:x:1:1::/:/bin/sh >>/etc/passwd\n";
/// A network of which nothing leaves the machine: two addresses, and ways to others where nobody answers.
const NETWORK: &str = "ip link set lo up\n\
    for address in 10.111.0.1 203.0.113.1; do ip addr add $address/32 dev lo; done\n\
    for net in 10.111.0.0/24 198.51.100.0/24 169.254.169.0/24 8.8.8.8/32; do \
    ip route add $net dev lo src 10.111.0.1; done\n";
/// Upper layers over what attempts write to, and devices of their own. Its argument is an empty folder.
const LAYERS: &str = "set -e\n\
    mount -t tmpfs none $1\n\
    for folder in etc home root srv usr var; do mkdir -p $1/$folder/upper $1/$folder/work\n\
    mount -t overlay -o lowerdir=/$folder,upperdir=$1/$folder/upper,workdir=$1/$folder/work none /$folder; done\n\
    mount -t tmpfs none /dev; mkdir /dev/pts /dev/shm; mknod -m 666 /dev/null c 1 3\n\
    mount -t devpts -o newinstance,ptmxmode=0666 none /dev/pts; ln -s pts/ptmx /dev/ptmx\n";

/// What a container needs to do most of what the host's root may. A privileged one can't be had everywhere.
const CAPABLE: &[&str] = &[
    "--cap-add=AUDIT_CONTROL",
    "--cap-add=SYS_ADMIN",
    "--cap-add=SYS_MODULE",
    "--security-opt=seccomp=unconfined",
    "--device-cgroup-rule=b *:* rm",
];
/// The running containers of attempts, each with its place and options.
const CONTAINERS: &[(&str, &[&str])] = &[
    ("plain", &[]),
    ("capable", CAPABLE),
    ("pod", &["--label", "io.kubernetes.pod.namespace=shop", "--label", "io.kubernetes.pod.name=till"]),
];

/// A variable of an attempt: the way in which `act` does what it does.
const WAY: &str = "WAY";

/// Everything that runs.
pub struct Stand {
    folder: TempDir,
    docker: Docker,
    containerd: Containerd,
    lanner: Lanner,
}

impl Stand {
    pub fn start() -> Stand {
        // A name without a dot in front, which rules would take for hidden; and everybody may execute what is in it.
        let folder = tempfile::Builder::new().prefix("coverage").tempdir().expect("a folder");
        let open = PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).expect("it is ours");
        for name in ["tools", "layers"] {
            std::fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        program::compile("act", &["-static"], &folder.path().join("tools"));
        for name in NAMES {
            symlink("act", folder.path().join("tools").join(name)).expect("a link");
        }
        let docker = Docker::start();
        let containerd = Containerd::start(&docker);
        let sockets = (docker.socket(), containerd.socket());
        let engines = engines::asked(&[("docker", &sockets.0), ("containerd", &sockets.1)]);
        let lanner = watch(folder.path(), &engines);
        let stand = Stand { folder, docker, containerd, lanner };
        for (name, options) in CONTAINERS {
            stand.start_container(name, options);
        }
        stand.learn_names();
        stand
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Starts a container without a network of its own, and gives it one.
    fn start_container(&self, name: &str, options: &[&str]) {
        let tools = format!("{}:/tools:ro", self.path("tools"));
        let mut arguments = vec!["run", "--pull", "never", "-d", "--network", "none", "--name", name];
        arguments.extend(["-v", &tools]);
        arguments.extend(options);
        arguments.extend([IMAGE, "sleep", "1000"]);
        self.docker.run(&arguments);
        self.docker.run(&["exec", name, "sh", "-c", &format!("{FILES}{USERS}")]);
        let first = self.docker.run(&["inspect", "-f", "{{.State.Pid}}", name]);
        let output = Command::new("nsenter").args(["-n", "-t", &first, "sh", "-c", NETWORK]).output();
        let output = output.expect("nsenter is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Waits until lanner knows the names of addresses, for which it asks at its leisure.
    fn learn_names(&self) {
        let known = || {
            for (address, _) in HOSTS {
                self.on_host(&format!("know tcp {address} 1"), None, "names");
            }
            let alerts = self.alerts();
            let names: BTreeSet<&str> = alerts
                .iter()
                .filter(|alert| alert["rule"] == KNOWN)
                .filter_map(|alert| alert["output_fields"]["fd.sip.name"].as_str())
                .collect();
            (names.len() == HOSTS.len()).then_some(())
        };
        wait_for("the names of addresses", known, || self.lanner.said());
    }

    /// The other ways of doing what a script does, where `act` has some.
    pub fn ways(&self, script: &str) -> BTreeSet<String> {
        let output = Command::new(self.path("tools/act")).arg("ways").output().expect("it runs");
        let commands = String::from_utf8(output.stdout).expect("it prints text");
        let known = |command: &&str| {
            let name = command.split(' ').next();
            script.split_whitespace().any(|word| Some(word) == name)
        };
        let ways = commands.lines().filter(known).flat_map(|command| command.split(' ').skip(1));
        ways.filter(|way| !way.is_empty()).map(str::to_owned).collect()
    }

    /// Performs something under a token, on the host in a way of `act`'s where one is given.
    pub fn perform(&self, deed: Deed, way: Option<&str>, token: &str) -> Output {
        let script = format!("mkdir -p $W\n{}\nmark\n", deed.script);
        match deed.place {
            Place::Host => self.on_host(&script, way, token),
            Place::Container => self.inside("plain", &[], &script, token),
            Place::Capable => self.inside("capable", &[], &script, token),
            Place::Terminal => self.inside("plain", &["-t"], &script, token),
            Place::Pod => self.inside("pod", &[], &script, token),
            // Nothing is written there: the image may be read by another user.
            Place::Privileged => self.privileged(&format!("{}\nmark\n", deed.script), token),
            Place::Started(options) => self.started(options, &format!("{}\nmark\n", deed.script), token),
        }
    }

    /// A script on the host, in namespaces of its own.
    fn on_host(&self, script: &str, way: Option<&str>, token: &str) -> Output {
        let path = format!("PATH={}:/usr/sbin:/usr/bin:/sbin:/bin", self.path("tools"));
        let [token, folder] = variables(token);
        let way = way.map(|way| format!("{WAY}={way}"));
        let begin = format!("{LAYERS}{NETWORK}{FILES}shift; exec env -i \"$@\"");
        let mut command = Command::new("unshare");
        command.args(["--mount", "--net", "sh", "-c", &begin, "sh", &self.path("layers")]);
        command.args([path, token, folder]).args(way).args(["sh", "-c", script]);
        command.output().expect("unshare is installed")
    }

    /// A script in a running container.
    fn inside(&self, container: &str, options: &[&str], script: &str, token: &str) -> Output {
        let [token, folder] = variables(token);
        let script = format!("{}{script}", own_names());
        let mut arguments = vec!["exec", "-e", &token, "-e", &folder, "-e", "PATH=/tools:/bin"];
        arguments.extend(options);
        arguments.extend([container, "sh", "-c", &script]);
        self.docker.output(&arguments)
    }

    /// A script in a container that is started for it.
    fn started(&self, options: &[&str], script: &str, token: &str) -> Output {
        let [token, _] = variables(token);
        let tools = format!("{}:/tools:ro", self.path("tools"));
        let mut arguments = vec!["run", "--pull", "never", "--network", "none", "-v", &tools];
        arguments.extend(["-e", &token, "-e", "PATH=/tools:/bin"]);
        arguments.extend(options);
        arguments.extend([IMAGE, "sh", "-c", script]);
        self.docker.output(&arguments)
    }

    /// A script in a container that is started for it with all privileges.
    fn privileged(&self, script: &str, attempt: &str) -> Output {
        let [token, _] = variables(attempt);
        let tools = format!("type=bind,src={},dst=/tools,options=rbind:ro", self.path("tools"));
        let options = ["--privileged", "--mount", &tools, "--env", &token, "--env", "PATH=/tools:/bin"];
        let script = format!("{}{script}", own_names());
        self.containerd.run(attempt, &options, &["/bin/sh", "-c", &script])
    }

    /// The alerts so far.
    fn alerts(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path("alerts")).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The rules that fired for each token, once the end of each is seen.
    pub fn fired(&self, tokens: &BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
        let whole = || {
            let mut fired: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for alert in self.alerts() {
                let token = alert["output_fields"]["attempt"].as_str().unwrap_or_default();
                let rule = alert["rule"].as_str().unwrap_or_default();
                fired.entry(token.to_owned()).or_default().insert(rule.to_owned());
            }
            let ended = |token: &String| fired.get(token).is_some_and(|rules| rules.contains(END));
            let open: Vec<&String> = tokens.iter().filter(|token| !ended(token)).collect();
            if open.is_empty() { Ok(fired) } else { Err(format!("{open:?}")) }
        };
        let open = || whole().err().unwrap_or_default();
        wait_for("the end of each attempt", || whole().ok(), || format!("{}\n{}", open(), self.lanner.said()))
    }

    /// Stops lanner, which has lost nothing: otherwise what is quiet may only not have been seen.
    pub fn stop(self) {
        let (status, said) = self.lanner.stop();
        assert!(status.success(), "{said}");
        assert!(!said.contains("were lost"), "{said}");
    }
}

/// Has busybox's shell execute a name of `act` where it has a command of its own under it.
fn own_names() -> String {
    let output = Command::new("/bin/busybox").arg("--list").output().expect("busybox-static is installed");
    let list = String::from_utf8_lossy(&output.stdout).into_owned();
    let own = NAMES.iter().filter(|name| list.lines().any(|command| command == **name));
    own.map(|name| format!("{name}() {{ /tools/{name} \"$@\"; }}\n")).collect()
}

/// The variables of an attempt: who it is, and its folder.
fn variables(token: &str) -> [String; 2] {
    [format!("LANNER_ATTEMPT={token}"), format!("W=/var/w/{token}")]
}

/// Starts lanner with upstream's rules, where addresses have the names that rules ask for.
fn watch(folder: &Path, engines: &str) -> Lanner {
    let path = |name: &str| folder.join(name).display().to_string();
    let mut files: Vec<String> =
        RULES_FILES.iter().map(|name| upstream().join(name).display().to_string()).collect();
    files.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/coverage/lists.yaml").display().to_string());
    let configuration = format!(
        "engine: {{modern_ebpf: {{buf_size_preset: 8}}}}\nrules_files: [{}]\nrules: [{{enable: {{rule: '*'}}}}]\nrule_matching: all\njson_output: true\n\
         append_output: [{{extra_fields: [{{attempt: '%proc.env[LANNER_ATTEMPT]'}}]}}]\n\
         file_output: {{enabled: true, filename: {}}}\njournal: {{path: {}}}\n\
         {engines}detector: {{containers: {{wait: 5s}}}}\n",
        files.join(", "),
        path("alerts"),
        path("journal.db"),
    );
    std::fs::write(folder.join("lanner.yaml"), configuration).expect("a file");
    let hosts: String = HOSTS.iter().map(|(address, name)| format!("{address} {name}\n")).collect();
    std::fs::write(folder.join("hosts"), hosts).expect("a file");
    std::fs::write(folder.join("nsswitch.conf"), "hosts: files\n").expect("a file");
    let script = "mount --bind $1/hosts /etc/hosts && mount --bind $1/nsswitch.conf /etc/nsswitch.conf && \
                  exec \"$2\" -c $1/lanner.yaml";
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script, "sh"]).arg(folder).arg(binary());
    Lanner::start_by(&mut command, &folder.join("lanner.yaml"), &folder.join("log"))
}
