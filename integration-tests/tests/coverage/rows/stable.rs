//! The rules that upstream ships enabled.

use super::Place::{Capable, Container, Privileged, Terminal};
use super::{Row, both, deed, inside, on_host, within};

pub const ROWS: &[Row] = &[
    // A shell as the parent is allowed to.
    both(
        "Directory traversal monitored file read",
        "act spawn act read /usr/../usr/../etc/passwd",
        "act spawn act read /usr/../etc/passwd",
    ),
    both(
        "Read sensitive file trusted after startup",
        "nginx wait 5100 + read /etc/shadow",
        "nginx read /etc/shadow",
    ),
    both("Read sensitive file untrusted", "act read /etc/shadow", "passwd read /etc/shadow"),
    both("Run shell untrusted", "nginx spawn sh -c :", "act spawn sh -c :"),
    both("System user interactive", "sshd spawn act as 1 + exec act -", "act spawn act as 1 + exec act -"),
    within("Terminal shell in container", deed(Terminal, ":"), deed(Container, ":")),
    inside("Contact K8S API Server From Container", "act tcp 10.111.0.2 443", "act tcp 10.111.0.3 443"),
    inside("Netcat Remote Code Execution in Container", "nc -l -p 1 -e sh", "nc -l -p 1"),
    both(
        "Search Private Keys or Passwords",
        "grep -r 'BEGIN RSA PRIVATE KEY' /home",
        "grep -r 'BEGIN RSA PUBLIC KEY' /home",
    ),
    both("Clear Log Activities", "act create /var/log/syslog", "act append /var/log/syslog"),
    both("Remove Bulk Data from Disk", "shred -u /none", "wipe -u /none"),
    both(
        "Create Symlink Over Sensitive Files",
        "act symlink /etc/shadow $W/link",
        "act symlink /etc/passwd $W/link",
    ),
    both(
        "Create Hardlink Over Sensitive Files",
        "act link /etc/shadow /etc/shadow.1",
        "act link /etc/passwd /etc/passwd.1",
    ),
    inside("Packet socket created in container", "act packet", "act raw"),
    inside(
        "Redirect STDOUT/STDIN to Network Connection in Container",
        "act tcp 198.51.100.1 9 + dup 0",
        "act tcp 198.51.100.1 9 + dup 9",
    ),
    within(
        "Linux Kernel Module Injection Detected",
        deed(Capable, "act module"),
        deed(Container, "act module"),
    ),
    within(
        "Debugfs Launched in Privileged Container",
        deed(Privileged, "debugfs -w"),
        deed(Container, "debugfs -w"),
    ),
    within(
        "Detect release_agent File Container Escapes",
        deed(Capable, "act create $W/release_agent"),
        deed(Container, "act create $W/release_agent"),
    ),
    both("PTRACE attached to process", "act attach", "act traceme"),
    both("PTRACE anti-debug attempt", "act traceme", "act attach"),
    both("Find AWS Credentials", "find -path /root/.aws/credentials", "find -path /root/.aws/config"),
    // A container's /dev/shm has no executables, but a shell that is told to execute one is enough.
    on_host(
        "Execution from /dev/shm",
        "cp $(command -v act) /dev/shm/x; /dev/shm/x -",
        "cp $(command -v act) $W/x; $W/x -",
    )
    .and_within(
        deed(Container, "sh -c '/dev/shm/none' 2>/dev/null"),
        deed(Container, "sh -c '/dev/none' 2>/dev/null"),
    ),
    inside(
        "Drop and execute new binary in container",
        "cp /bin/busybox $W/true; $W/true",
        "/bin/busybox true",
    ),
    both(
        "Disallowed SSH Connection Non Standard Port",
        "ssh tcp 198.51.100.1 443",
        "ssh tcp 198.51.100.1 22",
    ),
    both("Fileless execution via memfd_create", "act memfd", "act exec act -"),
];
