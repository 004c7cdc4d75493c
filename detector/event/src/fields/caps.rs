//! The names of capabilities (capabilities(7)), as `thread.cap_permitted` shows them.

use super::text::Text;
use crate::{Ctx, Val};

/// By bit.
const NAMES: &[&str] = &[
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
];

/// The names of the bits that are set, a blank between.
pub fn text<'a>(ctx: &Ctx<'a>, bits: u64) -> Val<'a> {
    let mut text = Text::new(ctx);
    for (_, name) in NAMES.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1) {
        if text.len() > 0 {
            text.push(b" ");
        }
        text.push(name.as_bytes());
    }
    text.val()
}

/// The bits of capabilities that are named, a blank between; `None` where one isn't known.
pub fn bits(names: &str) -> Option<u64> {
    let bit = |name| NAMES.iter().position(|known| *known == name).map(|bit| 1 << bit);
    names.split_whitespace().try_fold(0, |bits, name| Some(bits | bit(name)?))
}
