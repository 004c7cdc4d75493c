//! Of processes: making, tracing, limits, memory.

use super::{FlagName, flag, value};

/// Flags of clone(2), unshare(2) and setns(2).
pub const CLONE: &[FlagName] = &[
    flag(0x400, "CLONE_FILES"),
    flag(0x200, "CLONE_FS"),
    flag(0x80000000, "CLONE_IO"),
    flag(0x8000000, "CLONE_NEWIPC"),
    flag(0x40000000, "CLONE_NEWNET"),
    flag(0x20000, "CLONE_NEWNS"),
    flag(0x20000000, "CLONE_NEWPID"),
    flag(0x4000000, "CLONE_NEWUTS"),
    flag(0x8000, "CLONE_PARENT"),
    flag(0x100000, "CLONE_PARENT_SETTID"),
    flag(0x2000, "CLONE_PTRACE"),
    flag(0x800, "CLONE_SIGHAND"),
    flag(0x40000, "CLONE_SYSVSEM"),
    flag(0x10000, "CLONE_THREAD"),
    flag(0x800000, "CLONE_UNTRACED"),
    flag(0x100, "CLONE_VM"),
    flag(0x10000000, "CLONE_NEWUSER"),
    flag(0x200000, "CLONE_CHILD_CLEARTID"),
    flag(0x1000000, "CLONE_CHILD_SETTID"),
    flag(0x80000, "CLONE_SETTLS"),
    flag(0x4000, "CLONE_VFORK"),
    flag(0x2000000, "CLONE_NEWCGROUP"),
];

/// What Falco says of the file of a program that starts.
pub const EXEC: &[FlagName] = &[
    flag(1, "EXE_WRITABLE"),
    flag(2, "EXE_UPPER_LAYER"),
    flag(4, "EXE_FROM_MEMFD"),
    flag(8, "EXE_LOWER_LAYER"),
];

/// What ptrace(2) does, with the numbers of x86_64.
pub const PTRACE: &[FlagName] = &[
    value(0, "PTRACE_TRACEME"),
    value(1, "PTRACE_PEEKTEXT"),
    value(2, "PTRACE_PEEKDATA"),
    value(3, "PTRACE_PEEKUSR"),
    value(4, "PTRACE_POKETEXT"),
    value(5, "PTRACE_POKEDATA"),
    value(6, "PTRACE_POKEUSR"),
    value(7, "PTRACE_CONT"),
    value(8, "PTRACE_KILL"),
    value(9, "PTRACE_SINGLESTEP"),
    value(12, "PTRACE_GETREGS"),
    value(13, "PTRACE_SETREGS"),
    value(14, "PTRACE_GETFPREGS"),
    value(15, "PTRACE_SETFPREGS"),
    value(16, "PTRACE_ATTACH"),
    value(17, "PTRACE_DETACH"),
    value(18, "PTRACE_GETFPXREGS"),
    value(19, "PTRACE_SETFPXREGS"),
    value(21, "PTRACE_OLDSETOPTIONS"),
    value(24, "PTRACE_SYSCALL"),
    value(25, "PTRACE_GET_THREAD_AREA"),
    value(26, "PTRACE_SET_THREAD_AREA"),
    value(30, "PTRACE_ARCH_PRCTL"),
    value(31, "PTRACE_SYSEMU"),
    value(32, "PTRACE_SYSEMU_SINGLESTEP"),
    value(33, "PTRACE_SINGLEBLOCK"),
    value(0x4200, "PTRACE_SETOPTIONS"),
    value(0x4201, "PTRACE_GETEVENTMSG"),
    value(0x4202, "PTRACE_GETSIGINFO"),
    value(0x4203, "PTRACE_SETSIGINFO"),
    value(0x4204, "PTRACE_GETREGSET"),
    value(0x4205, "PTRACE_SETREGSET"),
    value(0x4206, "PTRACE_SEIZE"),
    value(0x4207, "PTRACE_INTERRUPT"),
    value(0x4208, "PTRACE_LISTEN"),
    value(0x4209, "PTRACE_PEEKSIGINFO"),
    value(0x420a, "PTRACE_GETSIGMASK"),
    value(0x420b, "PTRACE_SETSIGMASK"),
];

/// What is limited.
pub const RLIMIT: &[FlagName] = &[
    value(0, "RLIMIT_CPU"),
    value(1, "RLIMIT_FSIZE"),
    value(2, "RLIMIT_DATA"),
    value(3, "RLIMIT_STACK"),
    value(4, "RLIMIT_CORE"),
    value(5, "RLIMIT_RSS"),
    value(6, "RLIMIT_NPROC"),
    value(7, "RLIMIT_NOFILE"),
    value(8, "RLIMIT_MEMLOCK"),
    value(9, "RLIMIT_AS"),
    value(10, "RLIMIT_LOCKS"),
    value(11, "RLIMIT_SIGPENDING"),
    value(12, "RLIMIT_MSGQUEUE"),
    value(13, "RLIMIT_NICE"),
    value(14, "RLIMIT_RTPRIO"),
    value(15, "RLIMIT_RTTIME"),
];

/// What prctl(2) does.
pub const PRCTL: &[FlagName] = &[
    value(3, "PR_GET_DUMPABLE"),
    value(4, "PR_SET_DUMPABLE"),
    value(7, "PR_GET_KEEPCAPS"),
    value(8, "PR_SET_KEEPCAPS"),
    value(15, "PR_SET_NAME"),
    value(16, "PR_GET_NAME"),
    value(21, "PR_GET_SECCOMP"),
    value(22, "PR_SET_SECCOMP"),
    value(23, "PR_CAPBSET_READ"),
    value(24, "PR_CAPBSET_DROP"),
    value(27, "PR_GET_SECUREBITS"),
    value(28, "PR_SET_SECUREBITS"),
    value(33, "PR_MCE_KILL"),
    value(35, "PR_SET_MM"),
    value(36, "PR_SET_CHILD_SUBREAPER"),
    value(37, "PR_GET_CHILD_SUBREAPER"),
    value(38, "PR_SET_NO_NEW_PRIVS"),
    value(39, "PR_GET_NO_NEW_PRIVS"),
    value(40, "PR_GET_TID_ADDRESS"),
    value(41, "PR_SET_THP_DISABLE"),
    value(42, "PR_GET_THP_DISABLE"),
    value(47, "PR_CAP_AMBIENT"),
];

/// How memory may be used.
pub const PROT: &[FlagName] = &[
    flag(0x1, "PROT_READ"),
    flag(0x2, "PROT_WRITE"),
    flag(0x4, "PROT_EXEC"),
    flag(0x8, "PROT_SEM"),
    flag(0x1000000, "PROT_GROWSDOWN"),
    flag(0x2000000, "PROT_GROWSUP"),
    flag(0x10, "PROT_SAO"),
    value(0, "PROT_NONE"),
];

/// Flags of mmap(2).
pub const MMAP: &[FlagName] = &[
    flag(0x1, "MAP_SHARED"),
    flag(0x2, "MAP_PRIVATE"),
    flag(0x10, "MAP_FIXED"),
    flag(0x20, "MAP_ANONYMOUS"),
    flag(0x40, "MAP_32BIT"),
    flag(0x4000, "MAP_NORESERVE"),
    flag(0x8000, "MAP_POPULATE"),
    flag(0x10000, "MAP_NONBLOCK"),
    flag(0x100, "MAP_GROWSDOWN"),
    flag(0x800, "MAP_DENYWRITE"),
    flag(0x1000, "MAP_EXECUTABLE"),
    value(0, "MAP_FILE"),
    flag(0x2000, "MAP_LOCKED"),
];

/// Flags of mlock2(2).
pub const MLOCK2: &[FlagName] = &[flag(0x1, "MLOCK_ONFAULT")];

/// Flags of mlockall(2).
pub const MLOCKALL: &[FlagName] =
    &[flag(0x1, "MCL_CURRENT"), flag(0x2, "MCL_FUTURE"), flag(0x4, "MCL_ONFAULT")];

/// What futex(2) does.
pub const FUTEX: &[FlagName] = &[
    flag(0x100, "FUTEX_CLOCK_REALTIME"),
    flag(0x80, "FUTEX_PRIVATE_FLAG"),
    FlagName { bits: 12, mask: 0x7f, name: "FUTEX_CMP_REQUEUE_PI" },
    FlagName { bits: 11, mask: 0x7f, name: "FUTEX_WAIT_REQUEUE_PI" },
    FlagName { bits: 10, mask: 0x7f, name: "FUTEX_WAKE_BITSET" },
    FlagName { bits: 9, mask: 0x7f, name: "FUTEX_WAIT_BITSET" },
    FlagName { bits: 8, mask: 0x7f, name: "FUTEX_TRYLOCK_PI" },
    FlagName { bits: 7, mask: 0x7f, name: "FUTEX_UNLOCK_PI" },
    FlagName { bits: 6, mask: 0x7f, name: "FUTEX_LOCK_PI" },
    FlagName { bits: 5, mask: 0x7f, name: "FUTEX_WAKE_OP" },
    FlagName { bits: 4, mask: 0x7f, name: "FUTEX_CMP_REQUEUE" },
    FlagName { bits: 3, mask: 0x7f, name: "FUTEX_REQUEUE" },
    FlagName { bits: 2, mask: 0x7f, name: "FUTEX_FD" },
    FlagName { bits: 1, mask: 0x7f, name: "FUTEX_WAKE" },
    FlagName { bits: 0, mask: 0x7f, name: "FUTEX_WAIT" },
];

/// Flags of semget(2).
pub const SEMGET: &[FlagName] = &[flag(0x400, "IPC_EXCL"), flag(0x200, "IPC_CREAT")];

/// Flags of semop(2).
pub const SEMOP: &[FlagName] = &[flag(0x800, "IPC_NOWAIT"), flag(0x1000, "SEM_UNDO")];

/// What semctl(2) does.
pub const SEMCTL: &[FlagName] = &[
    value(0, "IPC_RMID"),
    value(1, "IPC_SET"),
    value(2, "IPC_STAT"),
    value(3, "IPC_INFO"),
    value(11, "GETPID"),
    value(12, "GETVAL"),
    value(13, "GETALL"),
    value(14, "GETNCNT"),
    value(15, "GETZCNT"),
    value(16, "SETVAL"),
    value(17, "SETALL"),
    value(18, "SEM_STAT"),
    value(19, "SEM_INFO"),
];

/// Flags of pidfd_open(2).
pub const PIDFD: &[FlagName] = &[flag(0x800, "PIDFD_NONBLOCK")];

/// Why memory that was reached wasn't there, by the bits of x86_64.
pub const PAGE_FAULT: &[FlagName] = &[
    flag(1, "PROTECTION_VIOLATION"),
    FlagName { bits: 0, mask: 1, name: "PAGE_NOT_PRESENT" },
    flag(2, "WRITE_ACCESS"),
    FlagName { bits: 0, mask: 2, name: "READ_ACCESS" },
    flag(4, "USER_FAULT"),
    FlagName { bits: 0, mask: 4, name: "SUPERVISOR_FAULT" },
    flag(8, "RESERVED_PAGE"),
    flag(16, "INSTRUCTION_FETCH"),
];
