//! Of files: opening, paths, modes, mounts.

use super::{FlagName, flag, value};

// The flags of open(2) that have another number on each machine.
#[cfg(target_arch = "aarch64")]
const O_DIRECTORY: u64 = 0o40000;
#[cfg(target_arch = "aarch64")]
const O_NOFOLLOW: u64 = 0o100000;
#[cfg(target_arch = "aarch64")]
const O_DIRECT: u64 = 0o200000;
#[cfg(target_arch = "aarch64")]
const O_LARGEFILE: u64 = 0o400000;
#[cfg(not(target_arch = "aarch64"))]
const O_DIRECT: u64 = 0o40000;
#[cfg(not(target_arch = "aarch64"))]
const O_LARGEFILE: u64 = 0o100000;
#[cfg(not(target_arch = "aarch64"))]
const O_DIRECTORY: u64 = 0o200000;
#[cfg(not(target_arch = "aarch64"))]
const O_NOFOLLOW: u64 = 0o400000;

/// Access modes and flags of open(2), with the kernel's numbers.
/// `O_F_CREATED` is Falco's: the file wasn't there before. The last four Falco has no names for.
pub const OPEN: &[FlagName] = &[
    flag(O_LARGEFILE, "O_LARGEFILE"),
    flag(O_DIRECTORY, "O_DIRECTORY"),
    flag(O_DIRECT, "O_DIRECT"),
    flag(0o1000, "O_TRUNC"),
    flag(0o4010000, "O_SYNC"),
    flag(0o4000, "O_NONBLOCK"),
    flag(0o200, "O_EXCL"),
    flag(0o10000, "O_DSYNC"),
    flag(0o2000, "O_APPEND"),
    flag(0o100, "O_CREAT"),
    FlagName { bits: 2, mask: 3, name: "O_RDWR" },
    FlagName { bits: 1, mask: 3, name: "O_WRONLY" },
    FlagName { bits: 0, mask: 3, name: "O_RDONLY" },
    flag(0o2000000, "O_CLOEXEC"),
    flag(0o20000000 | O_DIRECTORY, "O_TMPFILE"),
    flag(O_F_CREATED, "O_F_CREATED"),
    flag(FD_UPPER_LAYER, "FD_UPPER_LAYER"),
    flag(FD_LOWER_LAYER, "FD_LOWER_LAYER"),
    flag(0o400, "O_NOCTTY"),
    flag(O_NOFOLLOW, "O_NOFOLLOW"),
    flag(0o1000000, "O_NOATIME"),
    flag(0o10000000, "O_PATH"),
];

/// Falco's own flag beside those of open(2): the file was made by this open.
pub const O_F_CREATED: u64 = 1 << 62;
/// Falco's own: the file is in the upper layer of an overlay.
pub const FD_UPPER_LAYER: u64 = 1 << 61;
/// Falco's own: the file is in a lower layer of an overlay.
pub const FD_LOWER_LAYER: u64 = 1 << 60;

/// What Falco says of a file that creat(2) made.
pub const CREAT: &[FlagName] =
    &[flag(FD_UPPER_LAYER, "FD_UPPER_LAYER_CREAT"), flag(FD_LOWER_LAYER, "FD_LOWER_LAYER_CREAT")];

/// Flags that descriptors are made with: pipe2(2), dup3(2), eventfd2(2), inotify_init1(2), userfaultfd(2).
pub const DESCRIPTOR: &[FlagName] =
    &[flag(O_DIRECT, "O_DIRECT"), flag(0o4000, "O_NONBLOCK"), flag(0o2000000, "O_CLOEXEC")];

/// How openat2(2) follows a path.
pub const RESOLVE: &[FlagName] = &[
    flag(0x8, "RESOLVE_BENEATH"),
    flag(0x10, "RESOLVE_IN_ROOT"),
    flag(0x2, "RESOLVE_NO_MAGICLINKS"),
    flag(0x4, "RESOLVE_NO_SYMLINKS"),
    flag(0x1, "RESOLVE_NO_XDEV"),
    flag(0x20, "RESOLVE_CACHED"),
];

/// Flags of unlinkat(2).
pub const UNLINKAT: &[FlagName] = &[flag(0x200, "AT_REMOVEDIR")];

/// Flags of linkat(2).
pub const LINKAT: &[FlagName] = &[flag(0x400, "AT_SYMLINK_FOLLOW"), flag(0x1000, "AT_EMPTY_PATH")];

/// Flags of newfstatat(2).
pub const STATAT: &[FlagName] =
    &[flag(0x1000, "AT_EMPTY_PATH"), flag(0x800, "AT_NO_AUTOMOUNT"), flag(0x100, "AT_SYMLINK_NOFOLLOW")];

/// Flags of fchownat(2).
pub const CHOWNAT: &[FlagName] = &[flag(0x100, "AT_SYMLINK_NOFOLLOW"), flag(0x1000, "AT_EMPTY_PATH")];

/// Flags of renameat2(2).
pub const RENAME: &[FlagName] =
    &[flag(0x1, "RENAME_NOREPLACE"), flag(0x2, "RENAME_EXCHANGE"), flag(0x4, "RENAME_WHITEOUT")];

/// What access(2) asks for.
pub const ACCESS: &[FlagName] = &[value(0, "F_OK"), flag(0x4, "R_OK"), flag(0x2, "W_OK"), flag(0x1, "X_OK")];

/// What flock(2) does.
pub const LOCK: &[FlagName] = &[
    flag(0x1, "LOCK_SH"),
    flag(0x2, "LOCK_EX"),
    flag(0x4, "LOCK_NB"),
    flag(0x8, "LOCK_UN"),
    value(0, "LOCK_NONE"),
];

/// The bits of a mode that chmod(2) sets.
pub const PERMISSIONS: &[FlagName] = &[
    flag(0x1, "S_IXOTH"),
    flag(0x2, "S_IWOTH"),
    flag(0x4, "S_IROTH"),
    flag(0x8, "S_IXGRP"),
    flag(0x10, "S_IWGRP"),
    flag(0x20, "S_IRGRP"),
    flag(0x40, "S_IXUSR"),
    flag(0x80, "S_IWUSR"),
    flag(0x100, "S_IRUSR"),
    flag(0x200, "S_ISVTX"),
    flag(0x400, "S_ISGID"),
    flag(0x800, "S_ISUID"),
];

/// The bits of a mode, and the kind of file that mknod(2) makes.
pub const MODE: &[FlagName] = &[
    flag(0x1, "S_IXOTH"),
    flag(0x2, "S_IWOTH"),
    flag(0x4, "S_IROTH"),
    flag(0x8, "S_IXGRP"),
    flag(0x10, "S_IWGRP"),
    flag(0x20, "S_IRGRP"),
    flag(0x40, "S_IXUSR"),
    flag(0x80, "S_IWUSR"),
    flag(0x100, "S_IRUSR"),
    flag(0x200, "S_ISVTX"),
    flag(0x400, "S_ISGID"),
    flag(0x800, "S_ISUID"),
    FlagName { bits: 0o100000, mask: 0o170000, name: "S_IFREG" },
    FlagName { bits: 0o20000, mask: 0o170000, name: "S_IFCHR" },
    FlagName { bits: 0o60000, mask: 0o170000, name: "S_IFBLK" },
    FlagName { bits: 0o10000, mask: 0o170000, name: "S_IFIFO" },
    FlagName { bits: 0o140000, mask: 0o170000, name: "S_IFSOCK" },
];

/// Flags of mount(2).
pub const MOUNT: &[FlagName] = &[
    flag(0x1, "RDONLY"),
    flag(0x2, "NOSUID"),
    flag(0x4, "NODEV"),
    flag(0x8, "NOEXEC"),
    flag(0x10, "SYNCHRONOUS"),
    flag(0x20, "REMOUNT"),
    flag(0x40, "MANDLOCK"),
    flag(0x80, "DIRSYNC"),
    flag(0x400, "NOATIME"),
    flag(0x800, "NODIRATIME"),
    flag(0x1000, "BIND"),
    flag(0x2000, "MOVE"),
    flag(0x4000, "REC"),
    flag(0x8000, "SILENT"),
    flag(0x10000, "POSIXACL"),
    flag(0x20000, "UNBINDABLE"),
    flag(0x40000, "PRIVATE"),
    flag(0x80000, "SLAVE"),
    flag(0x100000, "SHARED"),
    flag(0x200000, "RELATIME"),
    flag(0x400000, "KERNMOUNT"),
    flag(0x800000, "I_VERSION"),
    flag(0x1000000, "STRICTATIME"),
    flag(0x2000000, "LAZYTIME"),
    flag(0x10000000, "NOSEC"),
    flag(0x20000000, "BORN"),
    flag(0x40000000, "ACTIVE"),
    flag(0x80000000, "NOUSER"),
];

/// Flags of umount2(2).
pub const UMOUNT: &[FlagName] =
    &[flag(0x1, "FORCE"), flag(0x2, "DETACH"), flag(0x4, "EXPIRE"), flag(0x8, "NOFOLLOW")];

/// What lseek(2) counts from.
pub const WHENCE: &[FlagName] = &[value(0, "SEEK_SET"), value(1, "SEEK_CUR"), value(2, "SEEK_END")];

/// What fsconfig(2) does.
pub const FSCONFIG: &[FlagName] = &[
    value(0, "FSCONFIG_SET_FLAG"),
    value(1, "FSCONFIG_SET_STRING"),
    value(2, "FSCONFIG_SET_BINARY"),
    value(3, "FSCONFIG_SET_PATH"),
    value(4, "FSCONFIG_SET_PATH_EMPTY"),
    value(5, "FSCONFIG_SET_FD"),
    value(6, "FSCONFIG_CMD_CREATE"),
    value(7, "FSCONFIG_CMD_RECONFIGURE"),
];

/// What fcntl(2) does.
pub const FCNTL: &[FlagName] = &[
    value(0, "F_DUPFD"),
    value(1, "F_GETFD"),
    value(2, "F_SETFD"),
    value(3, "F_GETFL"),
    value(4, "F_SETFL"),
    value(5, "F_GETLK"),
    value(6, "F_SETLK"),
    value(7, "F_SETLKW"),
    value(8, "F_SETOWN"),
    value(9, "F_GETOWN"),
    value(10, "F_SETSIG"),
    value(11, "F_GETSIG"),
    value(15, "F_SETOWN_EX"),
    value(16, "F_GETOWN_EX"),
    value(36, "F_OFD_GETLK"),
    value(37, "F_OFD_SETLK"),
    value(38, "F_OFD_SETLKW"),
    value(1024, "F_SETLEASE"),
    value(1025, "F_GETLEASE"),
    value(1026, "F_NOTIFY"),
    value(1030, "F_DUPFD_CLOEXEC"),
    value(1031, "F_SETPIPE_SZ"),
    value(1032, "F_GETPIPE_SZ"),
];

/// Flags of splice(2).
pub const SPLICE: &[FlagName] = &[
    flag(0x1, "SPLICE_F_MOVE"),
    flag(0x2, "SPLICE_F_NONBLOCK"),
    flag(0x4, "SPLICE_F_MORE"),
    flag(0x8, "SPLICE_F_GIFT"),
];

/// Flags of epoll_create1(2).
pub const EPOLL: &[FlagName] = &[flag(0x80000, "EPOLL_CLOEXEC")];

/// Flags of memfd_create(2).
pub const MEMFD: &[FlagName] =
    &[flag(0x1, "MFD_CLOEXEC"), flag(0x2, "MFD_ALLOW_SEALING"), flag(0x4, "MFD_HUGETLB")];

/// What quotactl(2) does: the command without the type of quota.
pub const QUOTA_COMMAND: &[FlagName] = &[
    value(0x5801, "Q_XQUOTAON"),
    value(0x5802, "Q_XQUOTAOFF"),
    value(0x5803, "Q_XGETQUOTA"),
    value(0x5804, "Q_XSETQLIM"),
    value(0x5805, "Q_XGETQSTAT"),
    value(0x5806, "Q_XQUOTARM"),
    value(0x5807, "Q_XQUOTASYNC"),
    value(0x800001, "Q_SYNC"),
    value(0x800002, "Q_QUOTAON"),
    value(0x800003, "Q_QUOTAOFF"),
    value(0x800004, "Q_GETFMT"),
    value(0x800005, "Q_GETINFO"),
    value(0x800006, "Q_SETINFO"),
    value(0x800007, "Q_GETQUOTA"),
    value(0x800008, "Q_SETQUOTA"),
];

/// Whose quota it is.
pub const QUOTA_TYPE: &[FlagName] = &[value(0, "USRQUOTA"), value(1, "GRPQUOTA")];

/// The format of quotas.
pub const QUOTA_FORMAT: &[FlagName] =
    &[value(0, "QFMT_NOT_USED"), value(1, "QFMT_VFS_OLD"), value(2, "QFMT_VFS_V0"), value(4, "QFMT_VFS_V1")];

/// Flags of a file system's quotas.
pub const QUOTA_INFO: &[FlagName] = &[value(0, "DQF_NONE"), flag(1, "V1_DQF_RSQUASH")];

/// Flags of io_uring_setup(2).
pub const IO_URING_SETUP: &[FlagName] = &[
    flag(0x1, "IORING_SETUP_IOPOLL"),
    flag(0x2, "IORING_SETUP_SQPOLL"),
    flag(0x4, "IORING_SETUP_SQ_AFF"),
    flag(0x8, "IORING_SETUP_CQSIZE"),
    flag(0x10, "IORING_SETUP_CLAMP"),
    flag(0x20, "IORING_SETUP_ATTACH_RW"),
    flag(0x40, "IORING_SETUP_R_DISABLED"),
];

/// What an io_uring can do.
pub const IO_URING_FEATURE: &[FlagName] = &[
    flag(0x1, "IORING_FEAT_SINGLE_MMAP"),
    flag(0x2, "IORING_FEAT_NODROP"),
    flag(0x4, "IORING_FEAT_SUBMIT_STABLE"),
    flag(0x8, "IORING_FEAT_RW_CUR_POS"),
    flag(0x10, "IORING_FEAT_CUR_PERSONALITY"),
    flag(0x20, "IORING_FEAT_FAST_POLL"),
    flag(0x40, "IORING_FEAT_POLL_32BITS"),
    flag(0x80, "IORING_FEAT_SQPOLL_NONFIXED"),
    flag(0x100, "IORING_FEAT_ENTER_EXT_ARG"),
    flag(0x200, "IORING_FEAT_NATIVE_WORKERS"),
    flag(0x400, "IORING_FEAT_RSRC_TAGS"),
];

/// Flags of io_uring_enter(2).
pub const IO_URING_ENTER: &[FlagName] = &[
    flag(0x1, "IORING_ENTER_GETEVENTS"),
    flag(0x2, "IORING_ENTER_SQ_WAKEUP"),
    flag(0x4, "IORING_ENTER_SQ_WAIT"),
    flag(0x8, "IORING_ENTER_EXT_ARG"),
];

/// What io_uring_register(2) does.
pub const IO_URING_REGISTER: &[FlagName] = &[
    value(0, "IORING_REGISTER_BUFFERS"),
    value(1, "IORING_UNREGISTER_BUFFERS"),
    value(2, "IORING_REGISTER_FILES"),
    value(3, "IORING_UNREGISTER_FILES"),
    value(4, "IORING_REGISTER_EVENTFD"),
    value(5, "IORING_UNREGISTER_EVENTFD"),
    value(6, "IORING_REGISTER_FILES_UPDATE"),
    value(7, "IORING_REGISTER_EVENTFD_ASYNC"),
    value(8, "IORING_REGISTER_PROBE"),
    value(9, "IORING_REGISTER_PERSONALITY"),
    value(10, "IORING_UNREGISTER_PERSONALITY"),
    value(11, "IORING_REGISTER_RESTRICTIONS"),
    value(12, "IORING_REGISTER_ENABLE_RINGS"),
    value(13, "IORING_REGISTER_FILES2"),
    value(14, "IORING_REGISTER_FILES_UPDATE2"),
    value(15, "IORING_REGISTER_BUFFERS2"),
    value(16, "IORING_REGISTER_BUFFERS_UPDATE"),
    value(17, "IORING_REGISTER_IOWQ_AFF"),
    value(18, "IORING_UNREGISTER_IOWQ_AFF"),
    value(19, "IORING_REGISTER_IOWQ_MAX_WORKERS"),
    value(20, "IORING_REGISTER_RING_FDS"),
    value(21, "IORING_UNREGISTER_RING_FDS"),
];
