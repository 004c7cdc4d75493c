/*
 * What the kernel side sends to user space, and what user space tells the kernel side.
 *
 * The Rust side is made from this header by build.rs, which understands just what stands here: `#define`s of
 * numbers, `enum`s, and `struct`s of `__u8` to `__s64`, arrays of them, and structs from above. Every struct is
 * laid out without padding, which both compilers check: so sizes and offsets are the same on both sides.
 */
#ifndef LANNER_LAYOUT_H
#define LANNER_LAYOUT_H

/* How many bytes a record's parts may take together. */
#define PARTS_MAX 24576
/* The longest string that is read from a program, its NUL included. */
#define STRING_MAX 4096
/* How many steps a walk along a path takes: its components, and those again that were renamed meanwhile. */
#define STEPS_MAX 512
/* How often a walk begins again. */
#define WALKS_MAX 3
/* The longest name of one component, its NUL included. */
#define NAME_MAX 256
/* How many bytes of a socket's address are read. */
#define SOCKADDR_MAX 128
/* How many kinds of event there may be: a power of two, so that the verifier sees the bound. */
#define EVENT_KINDS_MAX 1024
/* Rows of the table of syscalls: 64-bit ones, 32-bit ones, and those that 32-bit programs make by socketcall(2). */
#define SYSCALLS_MAX 512
#define SOCKETCALLS_MAX 32
/* How many bytes of a program's data are read: as many as Falco does. */
#define DATA_MAX 128
/* An argument that there isn't. */
#define NO_ARG 255
/* In place of an argument: the result. */
#define ARG_RESULT 254
/* In place of an argument: the number at the beginning of the bytes. */
#define ARG_BYTES 253
/* How many descriptors that are waited for are told of, as in Falco. */
#define POLLED_MAX 16
/* How many words of 64 descriptors are counted. */
#define DESCRIPTOR_WORDS_MAX 16384
/* How many parts a vector may have, as in the kernel (UIO_MAXIOV). */
#define VECTOR_MAX 1024
/* The argument whose place the bytes of a vector take, added up: no syscall that has one needs it. */
#define ARG_TOTAL 5
/* The arguments whose place the length of a queue takes, and the longest that it may be. */
#define ARG_QUEUE 4
#define ARG_QUEUE_MAX 5

/* What a record tells of. */
enum record_kind {
	RECORD_SYSCALL = 0,
	RECORD_EXEC = 1,
	RECORD_FORK = 2,
	RECORD_EXIT = 3,
	RECORD_CGROUP_MKDIR = 4,
	RECORD_PROCESS = 5,
	/* A request of io_uring, which its result stands for, and that it was done, with the request as first argument. */
	RECORD_REQUEST = 6,
	RECORD_REQUEST_DONE = 7,
	/* A syscall that was called, as what it is about will be gone, and that it returned. */
	RECORD_CALLED = 8,
	RECORD_RETURNED = 9,
	RECORD_KINDS = 10
};

/* What a part of a record holds. */
enum part_kind {
	/* The string of the first and of the second path, and the directory it is relative to, leaf first. */
	PART_GIVEN_0 = 0,
	PART_GIVEN_1 = 1,
	PART_BASE_0 = 2,
	PART_BASE_1 = 3,
	/* The path of the file that was opened, leaf first. */
	PART_REAL = 4,
	/* The program's arguments, a NUL after each. */
	PART_ARGS = 5,
	PART_EXE = 6,
	PART_CWD = 7,
	/* The names of the cgroup and its parents, leaf first. */
	PART_CGROUP = 8,
	/* The address that was passed. */
	PART_SOCKADDR = 9,
	/* A string that isn't a path. */
	PART_STRING = 10,
	/* The path that a unix socket is bound to, and that of its peer. */
	PART_UNIX_LOCAL = 11,
	PART_UNIX_PEER = 12,
	/* Bytes of the program's: a buffer, or a structure. */
	PART_DATA = 13,
	/* The program's environment, a NUL after each variable. */
	PART_ENV = 14,
	/* A struct exe_record. */
	PART_EXE_FILE = 15,
	/* A second structure, a second string that isn't a path, and what goes with a message. */
	PART_MORE = 16,
	PART_TEXT = 17,
	PART_CONTROL = 18,
	/* A struct several_record: a request that may be done several times. */
	PART_SEVERAL = 19,
	/* A struct usage_record. */
	PART_USAGE = 20,
	/* Parts of descriptors, of each its own and then a PART_LISTED: those that are waited for, and the first three. */
	PART_POLLED = 21,
	PART_STANDARD = 22,
	/* A struct listed_record. */
	PART_LISTED = 23,
	/* The names of hierarchies of cgroups, behind each those of the cgroup and its parents, leaf first. */
	PART_CGROUPS = 24,
	PART_KINDS = 25
};

/* What is special about a record. */
enum record_flag {
	FLAG_COMPAT = 1,
	FLAG_TRUNCATED = 2,
	/* A string could not be read from the program's memory. */
	FLAG_FAULT = 4,
	/* A walk was still going when it had to stop. */
	FLAG_WALK_ENDED = 8,
	/* The program that started isn't the file that was named, but its interpreter. */
	FLAG_INTERPRETED = 16,
	/* The file system of the thread's root is local: no program and no network can keep a lookup waiting. */
	FLAG_LOCAL_ROOT = 32,
	/* The file is in the upper layer of an overlay, or in a lower one. */
	FLAG_UPPER_LAYER = 64,
	FLAG_LOWER_LAYER = 128,
	/* The socket listens, or comes of one that does. */
	FLAG_SERVER = 256,
	/* A path was changed while it was walked, each time. */
	FLAG_RACED = 512,
	/* The file was given no descriptor, but a place among those of a ring. */
	FLAG_DIRECT = 1024,
	/* The name of the program that started was made by the kernel, of a descriptor. */
	FLAG_BY_DESCRIPTOR = 2048
};

/* What there is to send of a syscall besides its arguments. */
enum syscall_what {
	/* The third argument is a struct open_how. */
	WHAT_OPEN_HOW = 1,
	/* Only when it failed: success has a record of its own. */
	WHAT_FAILURE_ONLY = 2,
	/* Its paths are resolved by user space, which needs to know the root. */
	WHAT_ROOT = 4,
	/* The bytes are where an array of struct iovec says, whose length is the next argument. */
	WHAT_IOVEC = 8,
	/* The bytes and the address are where a struct msghdr says. */
	WHAT_MSGHDR = 16,
	/* The length of the address is behind a pointer. */
	WHAT_LENGTH_BEHIND = 32,
	/* Only when it succeeded are there bytes. */
	WHAT_BYTES_OF_SUCCESS = 64,
	/* The string is one only where the first argument is PR_SET_NAME. */
	WHAT_SET_NAME = 128,
	/* The thread's working directory, where it was changed. */
	WHAT_CWD = 256,
	/* It doesn't return, or not to where it was called: it is told when it is called. */
	WHAT_ENTER = 512,
	/* The struct msghdr is the first of several, each with the length of its message behind. */
	WHAT_MMSGHDR = 1024,
	/* The queue of the socket that the first argument is. */
	WHAT_QUEUE = 2048,
	/* What the bytes are depends on another argument: that they can't be read is no loss. */
	WHAT_MAYBE = 4096,
	/* The thread's root, where it was changed. */
	WHAT_NEW_ROOT = 8192,
	/* What it is about is gone when it returns: it is told when it is called, and its result when it returns. */
	WHAT_CALLED = 16384,
	/* What the process uses. */
	WHAT_USAGE = 32768,
	/* The descriptors that are waited for: an array of struct pollfd, whose length is the next argument. */
	WHAT_POLLED = 65536,
	/* A program's arguments and its environment, arrays of strings: the bytes, and the second structure. */
	WHAT_STRINGS = 131072
};

/* What there is to send of every event, since a rule reads it. */
enum asked {
	/* What the process uses, and that only where it begins or starts a program. */
	ASKED_USAGE = 1,
	ASKED_USAGE_AT_START = 2,
	/* What its first three descriptors stand for. */
	ASKED_STANDARD = 4,
	/* Its cgroups in all hierarchies. */
	ASKED_CGROUPS = 8
};

/* Counters of the kernel side, summed over the processors. */
enum counter {
	COUNTER_SELF_EXCLUDED = 0,
	COUNTER_TRUNCATED = 1,
	COUNTER_FAULTS = 2,
	COUNTER_RACED = 3,
	COUNTERS = 4
};

/* A row of the table of syscalls: which arguments are what. */
struct syscall_row {
	__u16 kind;
	/* The most bytes that are read. */
	__u16 size;
	__u32 what;
	__u8 wanted;
	/* The descriptor that the event is about. */
	__u8 fd;
	__u8 path[2];
	__u8 dirfd[2];
	__u8 string;
	/* Where bytes are, and how many where that isn't their size. */
	__u8 bytes;
	__u8 length;
	/* Where a socket's address is; its length is the next argument. */
	__u8 address;
	/* How many arguments a 32-bit program has in memory for it. */
	__u8 args;
	/* How many bytes each has of what the length counts. */
	__u8 unit;
	/* Which arguments say where a number of 32 bits is, or one of 64: a bit each. The number takes the argument's place. */
	__u8 behind;
	__u8 behind_wide;
	/* Where a second structure is, of the same size, and a second string. */
	__u8 more;
	__u8 text;
};

/* The thread that did it. */
struct task_record {
	__s32 pid;
	__s32 tid;
	__s32 vpid;
	__s32 vtid;
	__s32 ppid;
	__s32 sid;
	__s32 pgid;
	__s32 vsid;
	__s32 vpgid;
	__u32 tty;
	__u32 uid;
	__u32 euid;
	__u32 gid;
	__u32 egid;
	__u32 loginuid;
	__u32 mnt_ns;
	__u32 pid_ns;
	__u32 net_ns;
	__u64 cgroup;
	__u64 start;
	/* Capabilities, a bit each. */
	__u64 cap_inheritable;
	__u64 cap_permitted;
	__u64 cap_effective;
	__u8 comm[16];
};

/* A file or a socket. */
struct fd_record {
	__u64 ino;
	__u32 dev;
	/* The file system's magic number. */
	__u32 magic;
	/* How many names it has: of a deleted file, or one that never had any, none. */
	__u32 links;
	__u16 mode;
	__u16 family;
	__u16 type;
	__u16 protocol;
	__u16 local_port;
	__u16 peer_port;
	__u8 local[16];
	__u8 peer[16];
};

/* The head of every record; its parts follow. */
struct record {
	__u64 time;
	__s64 res;
	__u64 args[6];
	__u32 size;
	__u16 kind;
	__u16 cpu;
	__u32 nr;
	__u32 flags;
	/* The kind of event, from the syscall's row. */
	__u16 event;
	/* The low bits of the result of an exit. */
	__u16 exit;
	__u32 parent;
	/* The id of the mount that is the thread's root; 0 where that isn't said, or the root is inside a mount. */
	__u32 root_mount;
	/* The kernel's mode of an opened file (FMODE_*). */
	__u32 file_mode;
	struct task_record task;
	struct fd_record fd;
};

/* The file of a program that started: its times, its owner, and who may do what with it. */
struct exe_record {
	__u64 ctime;
	__u64 mtime;
	__u32 uid;
	__u32 gid;
	__u32 mode;
	__u32 links;
};

/* What a process uses: memory in pages. */
struct usage_record {
	__u64 descriptors;
	__u64 descriptors_max;
	__u64 vm_size;
	__u64 vm_rss;
	__u64 vm_swap;
	__u64 faults_major;
	__u64 faults_minor;
	__u64 threads;
};

/* A descriptor of several: its number, what happened (POLLIN…), and what it stands for. */
struct listed_record {
	__s32 num;
	__u32 events;
	__u32 flags;
	__u32 unused;
	struct fd_record fd;
};

/* What tells apart the requests that may be done several times. */
struct several_record {
	__u64 ring;
	__u64 user_data;
};

/* The operations of io_uring that do what syscalls do (enum io_uring_op, include/uapi/linux/io_uring.h). */
enum uring_op {
	OP_READV = 1,
	OP_WRITEV = 2,
	OP_FSYNC = 3,
	OP_READ_FIXED = 4,
	OP_WRITE_FIXED = 5,
	OP_SYNC_FILE_RANGE = 8,
	OP_SENDMSG = 9,
	OP_RECVMSG = 10,
	OP_ACCEPT = 13,
	OP_CONNECT = 16,
	OP_FALLOCATE = 17,
	OP_OPENAT = 18,
	OP_CLOSE = 19,
	OP_STATX = 21,
	OP_READ = 22,
	OP_WRITE = 23,
	OP_FADVISE = 24,
	OP_MADVISE = 25,
	OP_SEND = 26,
	OP_RECV = 27,
	OP_OPENAT2 = 28,
	OP_EPOLL_CTL = 29,
	OP_SPLICE = 30,
	OP_TEE = 33,
	OP_SHUTDOWN = 34,
	OP_RENAMEAT = 35,
	OP_UNLINKAT = 36,
	OP_MKDIRAT = 37,
	OP_SYMLINKAT = 38,
	OP_LINKAT = 39,
	OP_FSETXATTR = 41,
	OP_SETXATTR = 42,
	OP_FGETXATTR = 43,
	OP_GETXATTR = 44,
	OP_SOCKET = 45,
	OP_SEND_ZC = 47,
	OP_SENDMSG_ZC = 48,
	OP_READ_MULTISHOT = 49,
	OP_WAITID = 50,
	OP_FUTEX_WAIT = 51,
	OP_FUTEX_WAKE = 52,
	OP_FUTEX_WAITV = 53,
	OP_FTRUNCATE = 55,
	OP_BIND = 56,
	OP_LISTEN = 57,
	OP_RECV_ZC = 58,
	OP_EPOLL_WAIT = 59,
	OP_READV_FIXED = 60,
	OP_WRITEV_FIXED = 61,
	OP_PIPE = 62
};

/* The head of a part; its bytes follow. */
struct part {
	__u16 kind;
	__u16 size;
};

#endif
