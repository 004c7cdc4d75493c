//! Conditions and events, and whether one is true of the other.

use super::world::World;
use super::{Options, compiled, hits, named, rule};
use crate::Matching;

/// Whether a condition is true (`yes`), false (`no`), or not known yet (`later`) of an event.
fn check(event: &str, cases: &[(&str, &str)]) {
    let world = World::new(event);
    let mut wrong = Vec::new();
    for (condition, expected) in cases {
        let set = compiled(&[&rule(condition)], &Options::default());
        let found = match hits(&set, &world).as_str() {
            "" => "no",
            "r" => "yes",
            "r*" => "real",
            "r?" => "later",
            other => panic!("{other}"),
        };
        if found != *expected {
            wrong.push(format!("{condition}: {found}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{event}\n{}", wrong.join("\n"));
}

#[test]
fn texts() {
    check(
        "openat path=/etc/ssh/Sshd.conf proc=vim",
        &[
            ("proc.name = vim", "yes"),
            ("proc.name == vim", "yes"),
            ("proc.name = \"vim\"", "yes"),
            ("proc.name != vim", "no"),
            ("proc.name != vi", "yes"),
            ("proc.name in (vi, vim)", "yes"),
            ("proc.name in ()", "no"),
            ("proc.name intersects (vi, vim)", "yes"),
            ("proc.name in(vim)", "yes"),
            ("fd.name contains ssh/S", "yes"),
            ("fd.name contains SSH", "no"),
            ("fd.name icontains SSH/s", "yes"),
            ("fd.name startswith /etc/", "yes"),
            ("fd.name endswith .conf", "yes"),
            ("fd.name endswith .CONF", "no"),
            ("fd.name glob /etc/*.conf", "yes"),
            ("fd.name glob /ETC/*", "no"),
            ("fd.name iglob \"/ETC/*/sshd.????\"", "yes"),
            ("fd.name regex \"/etc/.*\"", "yes"),
            ("fd.name regex \"etc\"", "no"),
            ("fd.name pmatch (/usr, /etc)", "yes"),
            ("fd.name pmatch (/et)", "no"),
            ("fd.name pmatch (/*/ssh)", "yes"),
            ("proc.name exists", "yes"),
            ("tolower(fd.name) endswith sshd.conf", "yes"),
            ("toupper(proc.name) = VIM", "yes"),
            ("basename(fd.name) = Sshd.conf", "yes"),
            ("len(proc.name) = 3", "yes"),
            ("concat(proc.name, \"@\", evt.type) = vim@openat", "yes"),
            ("concat(proc.name, fs.path.target) = vim", "no"),
            ("join(\"-\", (proc.name, tolower(fd.filename))) = vim-sshd.conf", "yes"),
            ("toupper(concat(proc.name, proc.name)) = VIMVIM", "yes"),
            ("fd.name startswith anyof (/usr, /etc)", "yes"),
            ("fd.name contains allof (etc, ssh)", "yes"),
            ("fd.name contains allof (etc, tmp)", "no"),
            ("evt.hostname contains val(proc.name)", "no"),
            ("proc.exe = val(proc.name)", "yes"),
            ("fd.name endswith val(fd.filename)", "yes"),
        ],
    );
}

#[test]
fn base64() {
    for (text, condition, expected) in [
        ("L2Jpbi9zaA==", "b64(proc.args) = /bin/sh", "yes"),
        ("L2Jpbi9zaA", "b64(proc.args) = /bin/sh", "yes"),
        ("L2Jpbi9zaA=", "b64(proc.args) exists", "no"),
        ("YWJj", "b64(proc.args) = abc", "yes"),
        ("YQ==", "b64(proc.args) = a", "yes"),
        ("Y", "b64(proc.args) exists", "no"),
        ("a-b_", "b64(proc.args) exists", "no"),
    ] {
        check(&format!("openat args={text}"), &[(condition, expected)]);
    }
}

/// What is missing makes every comparison false; `not` stands outside.
#[test]
fn missing_values() {
    check(
        "openat proc=vim",
        &[
            ("fd.name = a", "no"),
            ("fd.name != a", "no"),
            ("not fd.name = a", "yes"),
            ("not fd.name != a", "yes"),
            ("not fd.name in (a)", "yes"),
            ("fd.name exists", "no"),
            ("not fd.name exists", "yes"),
            ("proc.pname = val(proc.name)", "no"),
            ("proc.name != val(proc.pname)", "no"),
            ("fd.ip != 1.2.3.4", "no"),
            ("fd.sport != 1", "no"),
            ("evt.arg.path = x", "no"),
        ],
    );
}

#[test]
fn numbers_and_booleans() {
    check(
        "openat path=/x flags=65 res=-13 tty=34816",
        &[
            ("proc.tty != 0", "yes"),
            ("proc.tty > 34815", "yes"),
            ("proc.tty <= 34816", "yes"),
            ("proc.tty < 0x8800", "no"),
            ("proc.tty in (0, 34816)", "yes"),
            ("evt.rawres < 0", "yes"),
            ("evt.rawres >= 0", "no"),
            ("evt.rawres = -13", "yes"),
            ("evt.res = EACCES", "yes"),
            ("evt.failed = true", "yes"),
            ("evt.failed != true", "no"),
            ("evt.is_open_write = true", "yes"),
            ("evt.is_open_read = true", "no"),
            ("evt.failed in (true, false)", "yes"),
            ("evt.arg.flags contains O_CREAT", "yes"),
            ("evt.num = 0", "no"),
            ("evt.num != 0", "yes"),
            ("evt.num > 0", "yes"),
        ],
    );
}

/// Either end may be the one; with `!=` both must differ.
#[test]
fn addresses() {
    check(
        "connect local=10.0.0.5:40000 peer=93.184.216.34:443 role=client proc=curl",
        &[
            ("fd.ip = 93.184.216.34", "yes"),
            ("fd.ip != 93.184.216.34", "no"),
            ("fd.ip != 1.1.1.1", "yes"),
            ("fd.ip in (1.1.1.1, 10.0.0.5)", "yes"),
            ("fd.ip = ::1", "no"),
            ("fd.ip != ::1", "yes"),
            ("fd.sip = 93.184.216.34", "yes"),
            ("fd.cip = 93.184.216.34", "no"),
            ("fd.net = 10.0.0.0/8", "yes"),
            ("fd.net != 10.0.0.0/8", "no"),
            ("fd.net in (192.168.0.0/16, 10.0.0.0/8)", "yes"),
            ("fd.snet in (10.0.0.0/8)", "no"),
            ("fd.cnet = 10.0.0.0/8", "yes"),
            ("fd.port = 443", "yes"),
            ("fd.port != 443", "no"),
            ("fd.port != 80", "yes"),
            ("fd.port in (80, 443)", "yes"),
            ("fd.sport = 443", "yes"),
            ("fd.sport in (1, 2)", "no"),
            ("fd.lport >= 40000", "yes"),
            ("fd.l4proto = tcp", "yes"),
            ("fd.name contains ->93.184", "yes"),
        ],
    );
}

/// Rules that need texts of one source are found by it: all that are true, and under either reading.
#[test]
fn rules_that_need_the_same_source() {
    let rules: String = [
        ("a", "fd.name startswith /etc"),
        ("b", "fd.name startswith /etc/ssh"),
        ("c", "fd.name in (/etc/ssh/x, /tmp/y)"),
        ("d", "fd.name startswith /tmp"),
        ("e", "(fd.name = /q or fd.name startswith /etc/ssh/)"),
        ("f", "fd.name startswith /etc/sshz"),
        ("g", "not fd.name startswith /etc"),
    ]
    .map(|(name, condition)| named(name, &format!("evt.type = openat and {condition} and evt.rawres >= 0")))
    .concat();
    let set = compiled(&[&rules], &Options { matching: Matching::All, ..Options::default() });
    for (event, expected) in [
        ("openat path=/etc/ssh/x", "a b c e"),
        ("openat path=/etc/sshzz", "a b f"),
        ("openat path=/etc/ssi", "a"),
        ("openat path=/etc/passwd", "a"),
        ("openat path=/q", "e g"),
        ("openat path=/tmp/y real=/etc/ssh/x", "a* b* c d e* g"),
        ("openat path=/etc/passwd real=/tmp/z", "a d* g*"),
        ("openat path=/zzz", "g"),
        ("openat", "g"),
    ] {
        assert_eq!(hits(&set, &World::new(event)), expected, "{event}");
    }
}

#[test]
fn ancestors() {
    check(
        "openat path=/x proc=sh parents=bash,sshd,systemd",
        &[
            ("proc.aname = sshd", "yes"),
            ("proc.aname = sh", "no"),
            ("proc.aname in (cron, systemd)", "yes"),
            // One ancestor that differs is enough.
            ("proc.aname != sshd", "yes"),
            ("not proc.aname = sshd", "no"),
            ("proc.aname[0] = sh", "yes"),
            ("proc.aname[1] = bash", "yes"),
            ("proc.aname[2] = bash", "no"),
            ("proc.aname[9] != bash", "no"),
            ("proc.pname = bash", "yes"),
        ],
    );
}

#[test]
fn precedence_and_event_types() {
    check(
        "openat path=/x",
        &[
            ("evt.type = openat", "yes"),
            ("evt.type in (open, openat)", "yes"),
            ("evt.type != open", "yes"),
            ("not evt.type in (open, openat)", "no"),
            ("evt.type = open or evt.type = openat and not proc.name = vi", "yes"),
            ("(evt.type = open or evt.type = openat) and proc.name = vi", "no"),
            ("not (evt.type = open and proc.name = vi)", "yes"),
            ("not not evt.type = openat", "yes"),
            ("evt.type startswith open", "yes"),
        ],
    );
}

/// A rule is true once if it is true under either reading, and says which.
#[test]
fn two_readings() {
    check(
        "openat path=/tmp/link real=/etc/shadow proc=cat",
        &[
            ("fd.name = /tmp/link", "yes"),
            ("fd.name = /etc/shadow", "real"),
            ("fd.name in (/tmp/link, /etc/shadow)", "yes"),
            ("fd.name = /etc/shadow and proc.name = cat", "real"),
            ("fd.name = /etc/shadow and fd.name = /tmp/link", "no"),
            ("fd.directory = /etc", "real"),
            ("fd.name.given = /tmp/link and fd.name.real = /etc/shadow", "yes"),
            ("proc.name = cat", "yes"),
            ("not fd.name = /tmp/link", "real"),
            ("not fd.name startswith /tmp and not fd.name startswith /etc", "no"),
        ],
    );
    check("openat path=/etc/shadow real=/etc/shadow", &[("not fd.name = /etc/shadow", "no")]);
}

/// What hasn't come yet is neither true nor false.
#[test]
fn late_data() {
    check(
        "openat path=/etc/shadow proc=cat container=pending",
        &[
            ("container.image.repository = busybox", "later"),
            ("container.image.repository != busybox", "later"),
            ("not container.image.repository = busybox", "later"),
            ("container.name exists", "later"),
            ("container.name = x and proc.name = vi", "no"),
            ("container.name = x or proc.name = cat", "yes"),
            ("container.name = x and proc.name = cat", "later"),
            ("container.id != host", "yes"),
            ("container.id = host", "no"),
        ],
    );
    check(
        "openat path=/x container=box:library/busybox:1.36",
        &[
            ("container.image.repository = library/busybox", "yes"),
            ("container.image.repository endswith busybox and container.name = box", "yes"),
            ("container.image.tag != latest", "yes"),
        ],
    );
    check("openat path=/x container=gone", &[("not container.image.repository = a", "yes")]);
    check("openat path=/x", &[("container.id = host", "yes"), ("container.id != host", "no")]);
}
