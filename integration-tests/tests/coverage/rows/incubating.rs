//! The rules that upstream tries out.

use super::Place::{Capable, Container, Pod, Privileged, Started};
use super::{Row, both, deed, inside, on_host, within};

pub const ROWS: &[Row] = &[
    both("Modify Shell Configuration File", "act append /root/.bashrc", "act read /root/.bashrc"),
    both("Schedule Cron Jobs", "act create /etc/cron.d/x", "act read /etc/crontab"),
    both("Read ssh information", "act read /root/.ssh/id_ed25519", "ssh read /root/.ssh/id_ed25519"),
    both("DB program spawned process", "mysqld spawn act -", "mysqld spawn mysqld -"),
    on_host("Change thread namespace", "act setns", "nsenter setns")
        .and_within(deed(Capable, "act setns"), deed(Capable, "runc setns")),
    within(
        "Change namespace privileges via unshare",
        deed(Container, "act unshare"),
        deed(Capable, "act unshare"),
    ),
    within("Launch Privileged Container", deed(Privileged, ":"), deed(Started(&[]), ":")),
    within(
        "Launch Excessively Capable Container",
        deed(Started(&["--cap-add", "SYS_PTRACE"]), ":"),
        deed(Started(&["--cap-add", "SYS_NICE"]), ":"),
    ),
    both("System procs network activity", "cat udp 198.51.100.1 53", "act udp 198.51.100.1 53"),
    both(
        "Program run with disallowed http proxy env",
        "HTTP_PROXY=http://10.111.0.9 curl -",
        "FTP_PROXY=http://10.111.0.9 curl -",
    ),
    both("Unexpected UDP Traffic", "act udp 198.51.100.1 4000", "act tcp 198.51.100.1 4000"),
    both("Non sudo setuid", "act as 1 + setuid 2", "sshd as 1 + setuid 2"),
    on_host("User mgmt binaries", "useradd -m x", "useradd -D"),
    both("Create files below dev", "act create /dev/x", "act create /dev/shm/y"),
    inside(
        "Contact EC2 Instance Metadata Service From Container",
        "act tcp 169.254.169.254 80",
        "act tcp 169.254.169.253 80",
    ),
    inside(
        "Contact cloud metadata service from container",
        "act udp 169.254.169.254 80",
        "act udp 169.254.169.253 80",
    ),
    inside("Launch Package Management Process in Container", "apk -", "act - apk"),
    inside("Launch Suspicious Network Tool in Container", "nmap -", "act -"),
    on_host("Launch Suspicious Network Tool on Host", "nmap -", "act -"),
    both(
        "Delete or rename shell history",
        "act unlink /root/.bash_history",
        "act append /root/.bash_history",
    ),
    both(
        "Set Setuid or Setgid bit",
        "act create $W/x + chmod 4755 $W/x",
        "act create $W/x + chmod 1755 $W/x",
    ),
    inside("Launch Remote File Copy Tools in Container", "scp -", "ssh -"),
    within(
        "Network Connection outside Local Subnet",
        deed(Pod, "act tcp 198.51.100.1 9"),
        deed(Pod, "act tcp 10.111.0.9 9"),
    ),
    within(
        "Mount Launched in Privileged Container",
        deed(Privileged, "mount -t tmpfs none /mnt"),
        deed(Privileged, "mount -l"),
    ),
    inside("Launch Ingress Remote File Copy Tools in Container", "curl - -o x", "curl - -s x"),
    inside(
        "Read environment variable from /proc files",
        "act read /proc/1/environ",
        "act read /proc/1/status",
    ),
    // The shell becomes the program, whose parent is then the container's runtime.
    inside(
        "Exfiltrating Artifacts via Kubernetes Control Plane",
        "exec /tools/tar read /srv/secret + exec mark",
        "tar read /srv/secret",
    ),
    both(
        "Adding ssh keys to authorized_keys",
        "act append /root/.ssh/authorized_keys",
        "act append /root/.ssh/known_hosts",
    ),
    both(
        "Potential Local Privilege Escalation via Environment Variables Misuse",
        "GLIBC_TUNABLES=glibc.malloc.check=0 act -",
        "GLIBC=glibc.malloc.check=0 act -",
    ),
    both(
        "Backdoored library loaded into SSHD (CVE-2024-3094)",
        "act create $W/liblzma.so.5.6.1; sshd read $W/liblzma.so.5.6.1",
        "act create $W/liblzma.so.5.6.2; sshd read $W/liblzma.so.5.6.2",
    ),
    on_host("BPF Program Not Profiled", "act bpf 5", "act bpf 0")
        .and_within(deed(Capable, "act bpf 5"), deed(Capable, "act bpf 0")),
];
