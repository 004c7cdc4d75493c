//! Parameters that several kinds of events have.

use super::params;
use crate::flags;
use crate::param::ParamRow;
use crate::param::ParamType::*;
use crate::param::shorthand::*;

/// What is told of a new process or thread, whichever syscall made it.
pub const CLONE: &[ParamRow] = params!([
    "res": Pid, "exe": Str, "args": StrList, "tid": Pid, "pid": Pid, "ptid": Pid, "cwd": Str,
    "fdlimit": INT64, "pgft_maj": UINT64, "pgft_min": UINT64, "vm_size": UINT32, "vm_rss": UINT32,
    "vm_swap": UINT32, "comm": Str, "cgroups": StrList, "flags": flags32(flags::CLONE), "uid": UINT32,
    "gid": UINT32, "vtid": Pid, "vpid": Pid, "pidns_init_start_ts": UINT64,
]);

/// What every syscall tells that has no kind of its own.
pub const GENERIC: &[ParamRow] = params!(["ID": SyscallId, "nativeID": UINT16]);
