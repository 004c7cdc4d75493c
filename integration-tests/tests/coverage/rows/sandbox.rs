//! The rules that upstream experiments with.

use super::Place::{Capable, Container, Started};
use super::{Row, both, deed, inside, on_host, within};

pub const ROWS: &[Row] = &[
    both("Unexpected inbound connection source", "act pair 203.0.113.1 4000", "act pair 127.0.0.1 4000"),
    both("Read Shell Configuration File", "act read /root/.bashrc", "act append /root/.bashrc"),
    both(
        "Update Package Repository",
        "act create /etc/apt/sources.list.d/x",
        "apt-get create /etc/apt/sources.list.d/x",
    ),
    both("Write below binary dir", "act create /usr/bin/x", "act create /usr/share/x"),
    both("Write below monitored dir", "act create /usr/local/bin/x", "act create /usr/local/share/x"),
    both("Write below etc", "act create /etc/x", "useradd create /etc/x"),
    both("Write below root", "act create /root/x", "act create /root/.ssh/x"),
    both("Write below rpm database", "act create /var/lib/rpm/x", "rpm create /var/lib/rpm/x"),
    both(
        "Modify binary dirs",
        "act create /usr/bin/y + rename /usr/bin/y /usr/bin/z",
        "act create /usr/share/y + rename /usr/share/y /usr/share/z",
    ),
    both("Mkdir binary dirs", "act mkdir /usr/bin/d", "act mkdir /usr/share/d"),
    // What isn't mounted is in no list, so that the rule is true of every container that starts, in Falco too.
    within(
        "Launch Sensitive Mount Container",
        deed(Started(&["-v", "/etc:/mnt:ro"]), ":"),
        deed(Container, ":"),
    ),
    within(
        "Launch Disallowed Container",
        deed(Started(&[]), ":"),
        deed(Started(&["--name", "allowed"]), ":"),
    ),
    both(
        "Interpreted procs inbound network activity",
        "python3 pair 203.0.113.1 4001",
        "act pair 203.0.113.1 4002",
    ),
    both(
        "Interpreted procs outbound network activity",
        "python3 udp 198.51.100.1 9",
        "python3 udp 10.111.0.9 9",
    ),
    inside("Unexpected K8s NodePort Connection", "act tcp 198.51.100.1 30000", "act tcp 198.51.100.1 29999"),
    both("Create Hidden Files or Directories", "act create $W/.x", "act create $W/x"),
    both(
        "Detect outbound connections to common miner pool ports",
        "act tcp 198.51.100.7 3333",
        "act tcp 198.51.100.7 3330",
    ),
    both(
        "Detect crypto miners using the Stratum protocol",
        "act - stratum+tcp://10.111.0.9",
        "act - tcp://10.111.0.9",
    ),
    inside("Kubernetes Client Tool Launched in Container", "kubectl -", "act - kubectl"),
    inside(
        "Container Drift Detected (chmod)",
        "act create $W/x + chmod 755 $W/x",
        "act create $W/x + chmod 644 $W/x",
    ),
    inside("Container Drift Detected (open+create)", "act make 755 $W/x", "act make 644 $W/x"),
    within("Container Run as Root User", deed(Started(&[]), ":"), deed(Started(&["--user", "1"]), ":")),
    on_host(
        "Sudo Potential Privilege Escalation",
        r"act login 1000 + exec sudo -s '\'",
        r"act login 0 + exec sudo -s '\'",
    )
    .and_within(
        deed(Capable, r"act login 1000 + exec sudo -s '\'"),
        deed(Capable, r"act login 0 + exec sudo -s '\'"),
    ),
    on_host(
        "Unprivileged Delegation of Page Faults Handling to a Userspace Process",
        "act as 1 + userfaultfd",
        "act userfaultfd",
    )
    .and_within(deed(Capable, "act as 1 + userfaultfd"), deed(Capable, "act userfaultfd")),
    on_host(
        "Polkit Local Privilege Escalation Vulnerability (CVE-2021-4034)",
        "act login 1000 + exec pkexec",
        "act login 1000 + exec pkexec -",
    )
    .and_within(
        deed(Capable, "act login 1000 + exec pkexec"),
        deed(Capable, "act login 1000 + exec pkexec -"),
    ),
    both(
        "Java Process Class File Download",
        "java pair 10.111.0.1 4004 + receive cafebabe",
        "java pair 10.111.0.1 4003 + receive cafebabf",
    ),
    inside(
        "Modify Container Entrypoint",
        "act create $W/x + append /proc/self/fd/3",
        "act create $W/x + append $W/x",
    ),
    inside("Decoding Payload in Container", "base64 -d", "base64 -w0"),
    both("Basic Interactive Reconnaissance", "act terminal + exec id -", "id -"),
    on_host("Netcat/Socat Remote Code Execution on Host", "nc -e sh", "nc -l 1"),
    inside("Network Tool Executed During NPM Package Install", "npm spawn nc -", "act spawn nc -"),
    both("Known Cryptominer Process Executed", "xmrig -", "act - xmrig"),
    both("Web Server Spawned Shell", "nginx spawn sh -c :", "nginx spawn sh -c ': healthcheck'"),
    both("Web Server Spawned Suspicious Child Process", "nginx spawn curl -", "nginx spawn curl - status"),
    both("Reverse Shell from Web Server", "nginx spawn bash -i", "act spawn bash -i"),
    within(
        "Privileged Container Device Access",
        // Under a disk's name an empty loop device, which is nobody's.
        deed(Capable, "mknod /dev/sda b 7 0; act read /dev/sda"),
        deed(Capable, "act read /dev/full"),
    ),
    inside("Container Access to Host Sensitive Paths", "act create /host/x", "act create /srv/x"),
];
