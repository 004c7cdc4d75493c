//! The rows: Falco's events (driver/event_table.c of its libs) as they are when a syscall returns, with its names and
//! order of parameters, then the state's own, then every other syscall.

use ParamType::*;
use serde::{Deserialize, Serialize};

use super::lists::{CLONE, GENERIC};
use super::{Category, Class, KindRow, kinds, params};
use crate::flags;
use crate::param::shorthand::*;
use crate::param::{ParamRow, ParamType};

kinds! {
    Syscall File {
        Open "open" "A file was opened." [
            "fd": Fd, "name": Path, "flags": flags32(flags::OPEN), "mode": OCT32, "dev": HEX32, "ino": UINT64,
        ]
        Creat "creat" "A file was made and opened." [
            "fd": Fd, "name": Path, "mode": OCT32, "dev": HEX32, "ino": UINT64,
            "creat_flags": flags16(flags::CREAT),
        ]
        Stat "stat" "A file was asked about." ["res": Errno, "path": Path]
        Lstat "lstat" "A file was asked about, a symbolic link itself." ["res": Errno, "path": Path]
        Fstat "fstat" "An open file was asked about." ["res": Errno, "fd": Fd]
        Stat64 "stat64" "A file was asked about, by a 32-bit program." ["res": Errno, "path": Path]
        Lstat64 "lstat64" "A file was asked about, a symbolic link itself, by a 32-bit program." [
            "res": Errno, "path": Path,
        ]
        Fstat64 "fstat64" "An open file was asked about, by a 32-bit program." ["res": Errno]
        Lseek "lseek" "The place in a file was moved." [
            "res": Errno, "fd": Fd, "offset": UINT64, "whence": enum8(flags::WHENCE),
        ]
        Llseek "llseek" "The place in a file was moved, by a 32-bit program." [
            "res": Errno, "fd": Fd, "offset": UINT64, "whence": enum8(flags::WHENCE),
        ]
        Getcwd "getcwd" "The working directory was asked for." ["res": Errno, "path": Str]
        Chdir "chdir" "The working directory was changed." ["res": Errno, "path": Str]
        Fchdir "fchdir" "The working directory was changed to an open one." ["res": Errno, "fd": Fd]
        Rename "rename" "A file was renamed." ["res": Errno, "oldpath": Path, "newpath": Path]
        Renameat "renameat" "A file was renamed relative to directory descriptors." [
            "res": Errno, "olddirfd": Fd, "oldpath": Path, "newdirfd": Fd, "newpath": Path,
        ]
        Symlink "symlink" "A symbolic link was made." ["res": Errno, "target": Str, "linkpath": Path]
        Symlinkat "symlinkat" "A symbolic link was made relative to a directory descriptor." [
            "res": Errno, "target": Str, "linkdirfd": Fd, "linkpath": Path,
        ]
        Getdents "getdents" "A directory was read, by an old program." ["res": Errno, "fd": Fd]
        Getdents64 "getdents64" "A directory was read." ["res": Errno, "fd": Fd]
        Flock "flock" "A file was locked or unlocked." [
            "res": Errno, "fd": Fd, "operation": flags32(flags::LOCK),
        ]
        Mount "mount" "A file system was mounted, or a mount changed." [
            "res": Errno, "dev": Path, "dir": Path, "type": Str, "flags": flags32(flags::MOUNT),
        ]
        Access "access" "Whether a file may be reached was asked." [
            "res": Errno, "name": Path, "mode": flags32(flags::ACCESS),
        ]
        Mkdir "mkdir" "A directory was made." ["res": Errno, "path": Path, "mode": HEX32]
        Rmdir "rmdir" "A directory was removed." ["res": Errno, "path": Path]
        Unlink "unlink" "A file's name was removed." ["res": Errno, "path": Path]
        Unlinkat "unlinkat" "A file's name was removed relative to a directory descriptor." [
            "res": Errno, "dirfd": Fd, "name": Path, "flags": flags32(flags::UNLINKAT),
        ]
        Mkdirat "mkdirat" "A directory was made relative to a directory descriptor." [
            "res": Errno, "dirfd": Fd, "path": Path, "mode": HEX32,
        ]
        Openat "openat" "A file was opened relative to a directory descriptor." [
            "fd": Fd, "dirfd": Fd, "name": Path, "flags": flags32(flags::OPEN), "mode": OCT32, "dev": HEX32,
            "ino": UINT64,
        ]
        Link "link" "A file was given another name." ["res": Errno, "oldpath": Path, "newpath": Path]
        Linkat "linkat" "A file was given another name relative to directory descriptors." [
            "res": Errno, "olddir": Fd, "oldpath": Path, "newdir": Fd, "newpath": Path,
            "flags": flags32(flags::LINKAT),
        ]
        Fchmodat "fchmodat" "A file's mode was changed relative to a directory descriptor." [
            "res": Errno, "dirfd": Fd, "filename": Path, "mode": Mode(flags::PERMISSIONS),
        ]
        Chmod "chmod" "A mode was changed." ["res": Errno, "filename": Path, "mode": Mode(flags::PERMISSIONS)]
        Fchmod "fchmod" "A mode was changed." ["res": Errno, "fd": Fd, "mode": Mode(flags::PERMISSIONS)]
        Renameat2 "renameat2" "A file was renamed relative to directory descriptors, with flags." [
            "res": Errno, "olddirfd": Fd, "oldpath": Path, "newdirfd": Fd, "newpath": Path,
            "flags": flags32(flags::RENAME),
        ]
        Userfaultfd "userfaultfd" "A process took the handling of page faults over." [
            "res": Errno, "flags": flags32(flags::DESCRIPTOR),
        ]
        Openat2 "openat2" "A file was opened relative to a directory descriptor, with restrictions." [
            "fd": Fd, "dirfd": Fd, "name": Path, "flags": flags32(flags::OPEN), "mode": OCT32,
            "resolve": flags32(flags::RESOLVE), "dev": HEX32, "ino": UINT64,
        ]
        CopyFileRange "copy_file_range" "Data were copied from one file to another." [
            "res": Errno, "fdout": Fd, "offout": UINT64, "fdin": Fd, "offin": UINT64, "len": UINT64,
        ]
        OpenByHandleAt "open_by_handle_at" "A file was opened by a handle instead of a path." [
            "fd": Fd, "mountfd": Fd, "flags": flags32(flags::OPEN), "path": RealPath, "dev": HEX32,
            "ino": UINT64,
        ]
        Chown "chown" "A file's owner was changed." ["res": Errno, "path": Path, "uid": UINT32, "gid": UINT32]
        Lchown "lchown" "A file's owner was changed, that of a symbolic link itself." [
            "res": Errno, "path": Path, "uid": UINT32, "gid": UINT32,
        ]
        Fchown "fchown" "A file's owner was changed." ["res": Errno, "fd": Fd, "uid": UINT32, "gid": UINT32]
        Fchownat "fchownat" "A file's owner was changed relative to a directory descriptor." [
            "res": Errno, "dirfd": Fd, "pathname": Path, "uid": UINT32, "gid": UINT32,
            "flags": flags32(flags::CHOWNAT),
        ]
        Umount "umount" "A file system was unmounted, by an old syscall." ["res": Errno, "name": Path]
        Umount2 "umount2" "A file system was unmounted." [
            "res": Errno, "name": Path, "flags": flags32(flags::UMOUNT),
        ]
        Newfstatat "newfstatat" "A file was asked about relative to a directory descriptor." [
            "res": Errno, "dirfd": Fd, "path": Path, "flags": flags32(flags::STATAT),
        ]
    }
    Syscall Process {
        Getrlimit "getrlimit" "A limit was asked for." [
            "res": Errno, "cur": INT64, "max": INT64, "resource": enum8(flags::RLIMIT),
        ]
        Setrlimit "setrlimit" "A limit was set." [
            "res": Errno, "cur": INT64, "max": INT64, "resource": enum8(flags::RLIMIT),
        ]
        Prlimit "prlimit" "A limit of a process was set or asked for." [
            "res": Errno, "newcur": INT64, "newmax": INT64, "oldcur": INT64, "oldmax": INT64, "pid": INT64,
            "resource": enum8(flags::RLIMIT),
        ]
        Ptrace "ptrace" "A process traced another, or asked to be traced." [
            "res": Errno, "addr": Dyn, "data": Dyn, "request": enum16(flags::PTRACE), "pid": Pid,
        ]
        Clone "clone" "A process or a thread was made; the event is the child's." CLONE
        Fork "fork" "A process was made." CLONE
        Vfork "vfork" "A process was made that borrows its parent's memory." CLONE
        Setns "setns" "A thread went into a namespace." [
            "res": Errno, "fd": Fd, "nstype": flags32(flags::CLONE),
        ]
        Semop "semop" "Semaphores were changed." [
            "res": Errno, "nsops": UINT32, "sem_num_0": UINT16, "sem_op_0": INT16,
            "sem_flg_0": flags16(flags::SEMOP), "sem_num_1": UINT16, "sem_op_1": INT16,
            "sem_flg_1": flags16(flags::SEMOP), "semid": INT32,
        ]
        Semctl "semctl" "A set of semaphores was changed or asked about." [
            "res": Errno, "semid": INT32, "semnum": INT32, "cmd": flags16(flags::SEMCTL), "val": INT32,
        ]
        Semget "semget" "A set of semaphores was made or found." [
            "res": Errno, "key": INT32_HEX, "nsems": INT32, "semflg": flags32(flags::SEMGET),
        ]
        Chroot "chroot" "The root directory was changed." ["res": Errno, "path": Path]
        Setsid "setsid" "A session was begun." ["res": Pid]
        Unshare "unshare" "A thread left namespaces or tables that it shared." [
            "res": Errno, "flags": flags32(flags::CLONE),
        ]
        Execve "execve" "A program was started, or could not be." [
            "res": Errno, "exe": Str, "args": StrList, "tid": Pid, "pid": Pid, "ptid": Pid, "cwd": Str,
            "fdlimit": UINT64, "pgft_maj": UINT64, "pgft_min": UINT64, "vm_size": UINT32, "vm_rss": UINT32,
            "vm_swap": UINT32, "comm": Str, "cgroups": StrList, "env": StrList, "tty": UINT32, "vpgid": Pid,
            "loginuid": Uid, "flags": flags32(flags::EXEC), "cap_inheritable": HEX64, "cap_permitted": HEX64,
            "cap_effective": HEX64, "exe_ino": UINT64, "exe_ino_ctime": AbsTime, "exe_ino_mtime": AbsTime,
            "uid": Uid, "trusted_exepath": RealPath, "pgid": Pid, "gid": Gid, "filename": Path,
        ]
        Setpgid "setpgid" "A process was put into a process group." ["res": Errno, "pid": Pid, "pgid": Pid]
        Execveat "execveat" "A program was started relative to a directory descriptor, or could not be." [
            "res": Errno, "exe": Str, "args": StrList, "tid": Pid, "pid": Pid, "ptid": Pid, "cwd": Str,
            "fdlimit": UINT64, "pgft_maj": UINT64, "pgft_min": UINT64, "vm_size": UINT32, "vm_rss": UINT32,
            "vm_swap": UINT32, "comm": Str, "cgroups": StrList, "env": StrList, "tty": UINT32, "vpgid": Pid,
            "loginuid": Uid, "flags": flags32(flags::EXEC), "cap_inheritable": HEX64, "cap_permitted": HEX64,
            "cap_effective": HEX64, "exe_ino": UINT64, "exe_ino_ctime": AbsTime, "exe_ino_mtime": AbsTime,
            "uid": Uid, "trusted_exepath": RealPath, "pgid": Pid, "gid": Gid, "dirfd": Fd, "pathname": Path,
        ]
        Clone3 "clone3" "A process or a thread was made, with more arguments." CLONE
        Capset "capset" "A thread's capabilities were set." [
            "res": Errno, "cap_inheritable": HEX64, "cap_permitted": HEX64, "cap_effective": HEX64,
        ]
        Prctl "prctl" "A process's or thread's own settings were changed or asked for." [
            "res": Errno, "option": enum32(flags::PRCTL), "arg2_str": Str, "arg2_int": INT64,
        ]
        PidfdGetfd "pidfd_getfd" "A descriptor of another process was copied." [
            "fd": Fd, "pid_fd": Fd, "target_fd": Fd, "flags": HEX32,
        ]
        PidfdOpen "pidfd_open" "A descriptor for a process was made." [
            "fd": Fd, "pid": Pid, "flags": flags32(flags::PIDFD),
        ]
    }
    Syscall Net {
        Socket "socket" "A socket was made." [
            "fd": Fd, "domain": enum32(flags::FAMILY), "type": UINT32, "proto": UINT32,
        ]
        Bind "bind" "A socket was given an address." ["res": Errno, "addr": SockAddr, "fd": Fd]
        Connect "connect" "A socket was connected, or its connection began (EINPROGRESS)." [
            "res": Errno, "tuple": SockTuple, "fd": Fd, "addr": SockAddr,
        ]
        Listen "listen" "A socket began to listen." ["res": Errno, "fd": Fd, "backlog": INT32]
        Shutdown "shutdown" "One way of a connection, or both, was shut down." [
            "res": Errno, "fd": Fd, "how": enum8(flags::SHUTDOWN),
        ]
        Getsockname "getsockname" "A socket's own address was asked for." []
        Getpeername "getpeername" "The address at the other end of a socket was asked for." []
        Setsockopt "setsockopt" "An option of a socket was set." [
            "res": Errno, "fd": Fd, "level": enum8(flags::OPTION_LEVEL), "optname": enum8(flags::OPTION),
            "val": Dyn, "optlen": UINT32,
        ]
        Getsockopt "getsockopt" "An option of a socket was asked for." [
            "res": Errno, "fd": Fd, "level": enum8(flags::OPTION_LEVEL), "optname": enum8(flags::OPTION),
            "val": Dyn, "optlen": UINT32,
        ]
        Accept "accept" "A connection was accepted." [
            "fd": Fd, "tuple": SockTuple, "queuepct": UINT8, "queuelen": UINT32, "queuemax": UINT32,
        ]
        Accept4 "accept4" "A connection was accepted, with flags." [
            "fd": Fd, "tuple": SockTuple, "queuepct": UINT8, "queuelen": UINT32, "queuemax": UINT32,
            "flags": INT32_HEX,
        ]
    }
    Syscall Other {
        Seccomp "seccomp" "A process restricted its syscalls." ["res": Errno, "op": UINT64, "flags": HEX64]
        Bpf "bpf" "Something was done with BPF programs or maps." ["fd": Fd, "cmd": enum32(flags::BPF)]
        InitModule "init_module" "A kernel module was loaded from memory." [
            "res": Errno, "img": Bytes, "length": UINT64, "uargs": Str,
        ]
        FinitModule "finit_module" "A kernel module was loaded from a file." [
            "res": Errno, "fd": Fd, "uargs": Str, "flags": flags32(flags::MODULE_INIT),
        ]
        Mknod "mknod" "A device, a pipe or a file was made." [
            "res": Errno, "path": Path, "mode": Mode(flags::MODE), "dev": UINT32,
        ]
        Mknodat "mknodat" "A device, a pipe or a file was made relative to a directory descriptor." [
            "res": Errno, "dirfd": Fd, "path": Path, "mode": Mode(flags::MODE), "dev": UINT32,
        ]
        DeleteModule "delete_module" "A kernel module was unloaded." [
            "res": Errno, "name": Str, "flags": flags32(flags::MODULE_DELETE),
        ]
    }
    Syscall IoOther {
        Close "close" "A descriptor was closed." ["res": Errno, "fd": Fd]
        Fcntl "fcntl" "A descriptor's flags, locks or owner were changed or asked for, or it was copied." [
            "res": Fd, "fd": Fd, "cmd": enum8(flags::FCNTL),
        ]
        Splice "splice" "Data were moved between a pipe and a descriptor." [
            "res": Errno, "fd_in": Fd, "fd_out": Fd, "size": UINT64, "flags": flags32(flags::SPLICE),
        ]
        Ioctl "ioctl" "A device was told." ["res": Errno, "fd": Fd, "request": HEX64, "argument": HEX64]
        IoUringSetup "io_uring_setup" "An io_uring was made." [
            "res": Errno, "entries": UINT32, "sq_entries": UINT32, "cq_entries": UINT32,
            "flags": flags32(flags::IO_URING_SETUP), "sq_thread_cpu": UINT32, "sq_thread_idle": UINT32,
            "features": flags32(flags::IO_URING_FEATURE),
        ]
        IoUringEnter "io_uring_enter" "Requests were given to an io_uring, or their results waited for." [
            "res": Errno, "fd": Fd, "to_submit": UINT32, "min_complete": UINT32,
            "flags": flags32(flags::IO_URING_ENTER), "sig": SigSet,
        ]
        IoUringRegister "io_uring_register" "Buffers, files or others were given to an io_uring." [
            "res": Errno, "fd": Fd, "opcode": enum16(flags::IO_URING_REGISTER), "arg": HEX64,
            "nr_args": UINT32,
        ]
        Dup2 "dup2" "A descriptor was copied to a number." ["res": Fd, "oldfd": Fd, "newfd": Fd]
        Dup3 "dup3" "A descriptor was copied to a number, with flags." [
            "res": Fd, "oldfd": Fd, "newfd": Fd, "flags": flags32(flags::DESCRIPTOR),
        ]
        Dup "dup" "A descriptor was copied." ["res": Fd, "oldfd": Fd]
    }
    Syscall IoRead {
        Read "read" "Something was read." ["res": Errno, "data": Bytes, "fd": Fd, "size": UINT32]
        Recv "recv" "Something was received by a connected socket." [
            "res": Errno, "data": Bytes, "fd": Fd, "size": UINT32, "tuple": SockTuple,
        ]
        Recvfrom "recvfrom" "Something was received by a socket, with the sender's address." [
            "res": Errno, "data": Bytes, "tuple": SockTuple, "fd": Fd, "size": UINT32,
        ]
        Recvmsg "recvmsg" "A message was received by a socket." [
            "res": Errno, "size": UINT32, "data": Bytes, "tuple": SockTuple, "msgcontrol": Bytes, "fd": Fd,
        ]
        Recvmmsg "recvmmsg" "Several messages were received by a socket." [
            "res": Errno, "fd": Fd, "size": UINT32, "data": Bytes, "tuple": SockTuple, "msgcontrol": Bytes,
        ]
        Pread "pread" "Something was read from a place in a file." [
            "res": Errno, "data": Bytes, "fd": Fd, "size": UINT32, "pos": UINT64,
        ]
        Readv "readv" "Something was read, in parts." ["res": Errno, "size": UINT32, "data": Bytes, "fd": Fd]
        Preadv "preadv" "Something was read from a place in a file into several buffers." [
            "res": Errno, "size": UINT32, "data": Bytes, "fd": Fd, "pos": UINT64,
        ]
    }
    Syscall IoWrite {
        Write "write" "Something was written." ["res": Errno, "data": Bytes, "fd": Fd, "size": UINT32]
        Send "send" "Something was sent by a connected socket." [
            "res": Errno, "data": Bytes, "fd": Fd, "size": UINT32, "tuple": SockTuple,
        ]
        Sendto "sendto" "Something was sent by a socket, perhaps to an address." [
            "res": Errno, "data": Bytes, "fd": Fd, "size": UINT32, "tuple": SockTuple,
        ]
        Sendmsg "sendmsg" "A message was sent by a socket." [
            "res": Errno, "data": Bytes, "fd": Fd, "size": UINT32, "tuple": SockTuple,
        ]
        Sendmmsg "sendmmsg" "Several messages were sent by a socket." [
            "res": Errno, "fd": Fd, "size": UINT32, "data": Bytes, "tuple": SockTuple,
        ]
        Pwrite "pwrite" "Something was written to a place in a file." [
            "res": Errno, "data": Bytes, "fd": Fd, "size": UINT32, "pos": UINT64,
        ]
        Writev "writev" "Something was written, in parts." [
            "res": Errno, "data": Bytes, "fd": Fd, "size": UINT32,
        ]
        Pwritev "pwritev" "Something was written to a place in a file from several buffers." [
            "res": Errno, "data": Bytes, "fd": Fd, "size": UINT32, "pos": UINT64,
        ]
        Sendfile "sendfile" "Data were copied from one descriptor to another." [
            "res": Errno, "offset": UINT64, "out_fd": Fd, "in_fd": Fd, "size": UINT64,
        ]
    }
    Syscall Ipc {
        Socketpair "socketpair" "Two sockets were made that are connected with each other." [
            "res": Errno, "fd1": Fd, "fd2": Fd, "source": HEX64, "peer": HEX64,
            "domain": enum32(flags::FAMILY), "type": UINT32, "proto": UINT32,
        ]
        Pipe "pipe" "A pipe was made." ["res": Errno, "fd1": Fd, "fd2": Fd, "ino": UINT64]
        Eventfd "eventfd" "A descriptor for notices was made." ["res": Fd, "initval": UINT64, "flags": HEX32]
        Futex "futex" "A thread waited for a lock, or woke one that did." [
            "res": Errno, "addr": HEX64, "op": flags16(flags::FUTEX), "val": UINT64,
        ]
        InotifyInit "inotify_init" "A descriptor for changes of files was made." ["res": Fd, "flags": HEX8]
        Pipe2 "pipe2" "A pipe was made, with flags." [
            "res": Errno, "fd1": Fd, "fd2": Fd, "ino": UINT64, "flags": flags32(flags::DESCRIPTOR),
        ]
        InotifyInit1 "inotify_init1" "A descriptor for changes of files was made, with flags." [
            "res": Fd, "flags": flags16(flags::DESCRIPTOR),
        ]
        Eventfd2 "eventfd2" "A descriptor for notices was made, with flags." [
            "res": Fd, "flags": flags16(flags::DESCRIPTOR), "initval": UINT64,
        ]
        ProcessVmReadv "process_vm_readv" "A process's memory was read." [
            "res": INT64, "pid": Pid, "data": Bytes,
        ]
        ProcessVmWritev "process_vm_writev" "A process's memory was written." [
            "res": INT64, "pid": Pid, "data": Bytes,
        ]
    }
    Syscall Wait {
        EpollWait "epoll_wait" "A thread waited for an epoll." ["res": Errno, "maxevents": Errno]
        Poll "poll" "A thread waited for descriptors." ["res": Errno, "fds": FdList, "timeout": INT64]
        Select "select" "A thread waited for descriptors, by their numbers in sets." ["res": Errno]
        Ppoll "ppoll" "A thread waited for descriptors, with other signals blocked." [
            "res": Errno, "fds": FdList, "timeout": RelTime, "sigmask": SigSet,
        ]
        EpollCreate "epoll_create" "An epoll was made." ["res": Errno, "size": INT32]
        EpollCreate1 "epoll_create1" "An epoll was made, with flags." [
            "res": Errno, "flags": flags32(flags::EPOLL),
        ]
    }
    Syscall Signal {
        Signalfd "signalfd" "A descriptor for signals was made or changed." [
            "res": Fd, "fd": Fd, "mask": HEX32, "flags": HEX8,
        ]
        Kill "kill" "A signal was sent to a process." ["res": Errno, "pid": Pid, "sig": Signal]
        Tkill "tkill" "A signal was sent to a thread." ["res": Errno, "tid": Pid, "sig": Signal]
        Tgkill "tgkill" "A signal was sent to a thread of a process." [
            "res": Errno, "pid": Pid, "tid": Pid, "sig": Signal,
        ]
        Signalfd4 "signalfd4" "A descriptor for signals was made or changed, with flags." [
            "res": Fd, "flags": flags16(flags::DESCRIPTOR), "fd": Fd, "mask": HEX32,
        ]
    }
    Syscall Sleep {
        Nanosleep "nanosleep" "A thread slept." ["res": Errno, "interval": RelTime]
    }
    Syscall Time {
        TimerfdCreate "timerfd_create" "A descriptor for a timer was made." [
            "res": Fd, "clockid": UINT8, "flags": HEX8,
        ]
    }
    Syscall Memory {
        Brk "brk" "The end of a process's data was moved." [
            "res": HEX64, "vm_size": UINT32, "vm_rss": UINT32, "vm_swap": UINT32, "addr": HEX64,
        ]
        Mmap "mmap" "Memory was mapped." [
            "res": Errno, "vm_size": UINT32, "vm_rss": UINT32, "vm_swap": UINT32, "addr": HEX64,
            "length": UINT64, "prot": flags32(flags::PROT), "flags": flags32(flags::MMAP), "fd": Fd,
            "offset": UINT64,
        ]
        Mmap2 "mmap2" "Memory was mapped, by a 32-bit program." [
            "res": Errno, "vm_size": UINT32, "vm_rss": UINT32, "vm_swap": UINT32, "addr": HEX64,
            "length": UINT64, "prot": flags32(flags::PROT), "flags": flags32(flags::MMAP), "fd": Fd,
            "pgoffset": UINT64,
        ]
        Munmap "munmap" "Memory was unmapped." [
            "res": Errno, "vm_size": UINT32, "vm_rss": UINT32, "vm_swap": UINT32, "addr": HEX64,
            "length": UINT64,
        ]
        Mprotect "mprotect" "How memory may be used was changed." [
            "res": Errno, "addr": HEX64, "length": UINT64, "prot": flags32(flags::PROT),
        ]
        Mlock "mlock" "Memory was locked." ["res": Errno, "addr": HEX64, "len": UINT64]
        Munlock "munlock" "Memory was unlocked." ["res": Errno, "addr": HEX64, "len": UINT64]
        Mlockall "mlockall" "All memory was locked." ["res": Errno, "flags": flags32(flags::MLOCKALL)]
        Munlockall "munlockall" "All memory was unlocked." ["res": Errno]
        Mlock2 "mlock2" "Memory was locked, with flags." [
            "res": Errno, "addr": HEX64, "len": UINT64, "flags": flags32(flags::MLOCK2),
        ]
        MemfdCreate "memfd_create" "A file without a path, in memory, was made." [
            "fd": Fd, "name": Str, "flags": flags32(flags::MEMFD),
        ]
    }
    Syscall User {
        Quotactl "quotactl" "Quotas were changed or asked for." [
            "res": Errno, "special": Str, "quotafilepath": Str, "dqb_bhardlimit": UINT64,
            "dqb_bsoftlimit": UINT64, "dqb_curspace": UINT64, "dqb_ihardlimit": UINT64,
            "dqb_isoftlimit": UINT64, "dqb_btime": RelTime, "dqb_itime": RelTime, "dqi_bgrace": RelTime,
            "dqi_igrace": RelTime, "dqi_flags": flags8(flags::QUOTA_INFO),
            "quota_fmt_out": flags8(flags::QUOTA_FORMAT), "cmd": flags16(flags::QUOTA_COMMAND),
            "type": flags8(flags::QUOTA_TYPE), "id": UINT32, "quota_fmt": flags8(flags::QUOTA_FORMAT),
        ]
        Setresuid "setresuid" "The real, effective and saved user were set." [
            "res": Errno, "ruid": Uid, "euid": Uid, "suid": Uid,
        ]
        Setresgid "setresgid" "The real, effective and saved group were set." [
            "res": Errno, "rgid": Gid, "egid": Gid, "sgid": Gid,
        ]
        Setuid "setuid" "The user was set." ["res": Errno, "uid": Uid]
        Setgid "setgid" "The group was set." ["res": Errno, "gid": Gid]
        Getuid "getuid" "The real user was asked for." ["uid": Uid]
        Geteuid "geteuid" "The effective user was asked for." ["euid": Uid]
        Getgid "getgid" "The real group was asked for." ["gid": Gid]
        Getegid "getegid" "The effective group was asked for." ["egid": Gid]
        Getresuid "getresuid" "The real, effective and saved user were asked for." [
            "res": Errno, "ruid": Uid, "euid": Uid, "suid": Uid,
        ]
        Getresgid "getresgid" "The real, effective and saved group were asked for." [
            "res": Errno, "rgid": Gid, "egid": Gid, "sgid": Gid,
        ]
        Setreuid "setreuid" "The real and effective user were set." ["res": Errno, "ruid": Uid, "euid": Uid]
        Setregid "setregid" "The real and effective group were set." ["res": Errno, "rgid": Gid, "egid": Gid]
    }
    Syscall System {
        Fsconfig "fsconfig" "A file system that is to be mounted was configured." [
            "res": Errno, "fd": Fd, "cmd": enum32(flags::FSCONFIG), "key": Str, "value_bytebuf": Bytes,
            "value_charbuf": Str, "aux": INT32,
        ]
    }
    Tracepoint Process {
        Procexit "procexit" "A thread ended; of a process where it was the last." [
            "status": Errno, "ret": Errno, "sig": Signal, "core": UINT8, "reaper_tid": Pid,
        ]
    }
    Tracepoint Scheduler {
        Switch "switch" "A processor went to another thread." [
            "next": Pid, "pgft_maj": UINT64, "pgft_min": UINT64, "vm_size": UINT32, "vm_rss": UINT32,
            "vm_swap": UINT32,
        ]
    }
    Tracepoint Signal {
        Signaldeliver "signaldeliver" "A signal reached a process." ["spid": Pid, "dpid": Pid, "sig": Signal]
    }
    Tracepoint Other {
        PageFault "page_fault" "Memory was reached that wasn't there." [
            "addr": HEX64, "ip": HEX64, "error": flags32(flags::PAGE_FAULT),
        ]
    }
    Meta Process {
        Container "container" "A container was started and is now known by name and image." ["json": Str]
        Useradded "useradded" "A user was added." [
            "uid": UINT32, "gid": UINT32, "name": Str, "home": Str, "shell": Str, "container_id": Str,
        ]
        Userdeleted "userdeleted" "A user was deleted." [
            "uid": UINT32, "gid": UINT32, "name": Str, "home": Str, "shell": Str, "container_id": Str,
        ]
        Groupadded "groupadded" "A group was added." ["gid": UINT32, "name": Str, "container_id": Str]
        Groupdeleted "groupdeleted" "A group was deleted." ["gid": UINT32, "name": Str, "container_id": Str]
    }
    Meta Internal {
        Drop "drop" "Falco dropped events; Lanner says so by an alert instead." ["ratio": UINT32]
        Scapevent "scapevent" "A notice of Falco's to itself." ["event_type": UINT32, "event_data": UINT64]
        Procinfo "procinfo" "What a process used, as Falco asked it." ["cpu_usr": UINT64, "cpu_sys": UINT64]
        K8s "k8s" "What an old Falco learned of Kubernetes." ["json": Str]
        Mesos "mesos" "What an old Falco learned of Mesos." ["json": Str]
        Infra "infra" "What an old Falco learned of the infrastructure." [
            "source": Str, "name": Str, "description": Str, "scope": Str,
        ]
    }
    Meta System {
        CpuHotplug "cpu_hotplug" "A processor came or went." ["cpu": UINT32, "action": UINT32]
    }
    Meta Other {
        Tracer "tracer" "A mark that a traced program wrote for an old Falco." [
            "id": INT64, "tags": StrList, "args": StrList,
        ]
        Notification "notification" "A notice of an old Falco." ["id": Str, "desc": Str]
        Asyncevent "asyncevent" "Something that is not the kernel's was told while events flowed." [
            "plugin_id": UINT32, "name": Str, "data": Bytes,
        ]
    }
    Plugin Other {
        Pluginevent "pluginevent" "Something that another source than the kernel told of, such as an API server's audit log." [
            "plugin_id": UINT32, "event_data": Bytes,
        ]
    }
    State Internal {
        CgroupMkdir "cgroup_mkdir" "A cgroup was made." ["cgroup": UINT64, "path": Str]
        Cwd "cwd" "A process went to another working directory." ["path": RealPath]
        Process "process" "A process that was there before the capture began." [
            "exe": Str, "args": StrList, "cwd": Str, "cgroups": StrList, "trusted_exepath": RealPath,
            "exe_ino": UINT64,
        ]
    }
    @generic "A syscall of which no more than its number is told." {
        Syscall "syscall",
        OldLlseek "_llseek", OldNewselect "_newselect", OldSysctl "_sysctl", Acct "acct", AddKey "add_key",
        Adjtimex "adjtimex", AfsSyscall "afs_syscall", Alarm "alarm", ArchPrctl "arch_prctl",
        Bdflush "bdflush", Cachestat "cachestat", Capget "capget", ClockAdjtime "clock_adjtime",
        ClockGetres "clock_getres", ClockGettime "clock_gettime", ClockNanosleep "clock_nanosleep",
        ClockSettime "clock_settime", CloseRange "close_range", CreateModule "create_module",
        EpollCtl "epoll_ctl", EpollCtlOld "epoll_ctl_old", EpollPwait "epoll_pwait",
        EpollPwait2 "epoll_pwait2", EpollWaitOld "epoll_wait_old", Exit "exit", ExitGroup "exit_group",
        Faccessat "faccessat", Faccessat2 "faccessat2", Fadvise64 "fadvise64", Fallocate "fallocate",
        FanotifyInit "fanotify_init", FanotifyMark "fanotify_mark", Fchmodat2 "fchmodat2", Fcntl64 "fcntl64",
        Fdatasync "fdatasync", Fgetxattr "fgetxattr", FileGetattr "file_getattr", FileSetattr "file_setattr",
        Flistxattr "flistxattr", Fremovexattr "fremovexattr", Fsetxattr "fsetxattr", Fsmount "fsmount",
        Fsopen "fsopen", Fspick "fspick", Fstatat64 "fstatat64", Fstatfs "fstatfs", Fstatfs64 "fstatfs64",
        Fsync "fsync", Ftruncate "ftruncate", FutexRequeue "futex_requeue", FutexWait "futex_wait",
        FutexWaitv "futex_waitv", FutexWake "futex_wake", Futimesat "futimesat",
        GetKernelSyms "get_kernel_syms", GetMempolicy "get_mempolicy", GetRobustList "get_robust_list",
        GetThreadArea "get_thread_area", Getcpu "getcpu", Getegid32 "getegid32", Geteuid32 "geteuid32",
        Getgid32 "getgid32", Getgroups "getgroups", Getitimer "getitimer", Getpgid "getpgid",
        Getpgrp "getpgrp", Getpid "getpid", Getpmsg "getpmsg", Getppid "getppid", Getpriority "getpriority",
        Getrandom "getrandom", Getresgid32 "getresgid32", Getresuid32 "getresuid32", Getrusage "getrusage",
        Getsid "getsid", Gettid "gettid", Gettimeofday "gettimeofday", Getuid32 "getuid32",
        Getxattr "getxattr", Getxattrat "getxattrat", Idle "idle", InotifyAddWatch "inotify_add_watch",
        InotifyRmWatch "inotify_rm_watch", IoCancel "io_cancel", IoDestroy "io_destroy",
        IoGetevents "io_getevents", IoPgetevents "io_pgetevents", IoSetup "io_setup", IoSubmit "io_submit",
        Ioperm "ioperm", Iopl "iopl", IoprioGet "ioprio_get", IoprioSet "ioprio_set", Ipc "ipc", Kcmp "kcmp",
        KexecFileLoad "kexec_file_load", KexecLoad "kexec_load", Keyctl "keyctl",
        LandlockAddRule "landlock_add_rule", LandlockCreateRuleset "landlock_create_ruleset",
        LandlockRestrictSelf "landlock_restrict_self", Lgetxattr "lgetxattr", Listmount "listmount",
        Listxattr "listxattr", Listxattrat "listxattrat", Llistxattr "llistxattr",
        LookupDcookie "lookup_dcookie", Lremovexattr "lremovexattr", Lsetxattr "lsetxattr",
        LsmGetSelfAttr "lsm_get_self_attr", LsmListModules "lsm_list_modules",
        LsmSetSelfAttr "lsm_set_self_attr", Madvise "madvise", MapShadowStack "map_shadow_stack",
        Mbind "mbind", Membarrier "membarrier", MemfdSecret "memfd_secret", MigratePages "migrate_pages",
        Mincore "mincore", ModifyLdt "modify_ldt", MountSetattr "mount_setattr", MoveMount "move_mount",
        MovePages "move_pages", MqGetsetattr "mq_getsetattr", MqNotify "mq_notify", MqOpen "mq_open",
        MqTimedreceive "mq_timedreceive", MqTimedsend "mq_timedsend", MqUnlink "mq_unlink", Mremap "mremap",
        Mseal "mseal", Msgctl "msgctl", Msgget "msgget", Msgrcv "msgrcv", Msgsnd "msgsnd", Msync "msync",
        Multiplexer "multiplexer", NameToHandleAt "name_to_handle_at", Nfsservctl "nfsservctl", Nice "nice",
        Oldfstat "oldfstat", Oldlstat "oldlstat", Oldolduname "oldolduname", Oldstat "oldstat",
        Olduname "olduname", OpenTree "open_tree", OpenTreeAttr "open_tree_attr", Pause "pause",
        PciconfigIobase "pciconfig_iobase", PciconfigRead "pciconfig_read", PciconfigWrite "pciconfig_write",
        PerfEventOpen "perf_event_open", Personality "personality", PidfdSendSignal "pidfd_send_signal",
        PivotRoot "pivot_root", PkeyAlloc "pkey_alloc", PkeyFree "pkey_free", PkeyMprotect "pkey_mprotect",
        Pread64 "pread64", Preadv2 "preadv2", Prlimit64 "prlimit64", ProcessMadvise "process_madvise",
        ProcessMrelease "process_mrelease", Pselect6 "pselect6", Putpmsg "putpmsg", Pwrite64 "pwrite64",
        Pwritev2 "pwritev2", QueryModule "query_module", QuotactlFd "quotactl_fd", Readahead "readahead",
        Readdir "readdir", Readlink "readlink", Readlinkat "readlinkat", Reboot "reboot",
        RemapFilePages "remap_file_pages", Removexattr "removexattr", Removexattrat "removexattrat",
        RequestKey "request_key", RestartSyscall "restart_syscall", RiscvFlushIcache "riscv_flush_icache",
        RiscvHwprobe "riscv_hwprobe", Rseq "rseq", RtSigaction "rt_sigaction", RtSigpending "rt_sigpending",
        RtSigprocmask "rt_sigprocmask", RtSigqueueinfo "rt_sigqueueinfo", RtSigreturn "rt_sigreturn",
        RtSigsuspend "rt_sigsuspend", RtSigtimedwait "rt_sigtimedwait", RtTgsigqueueinfo "rt_tgsigqueueinfo",
        Rtas "rtas", S390GuardedStorage "s390_guarded_storage", S390PciMmioRead "s390_pci_mmio_read",
        S390PciMmioWrite "s390_pci_mmio_write", S390RuntimeInstr "s390_runtime_instr", S390Sthyi "s390_sthyi",
        SchedGetPriorityMax "sched_get_priority_max", SchedGetPriorityMin "sched_get_priority_min",
        SchedGetaffinity "sched_getaffinity", SchedGetattr "sched_getattr", SchedGetparam "sched_getparam",
        SchedGetscheduler "sched_getscheduler", SchedRrGetInterval "sched_rr_get_interval",
        SchedSetaffinity "sched_setaffinity", SchedSetattr "sched_setattr", SchedSetparam "sched_setparam",
        SchedSetscheduler "sched_setscheduler", SchedYield "sched_yield", Security "security",
        Semtimedop "semtimedop", Sendfile64 "sendfile64", SetMempolicy "set_mempolicy",
        SetMempolicyHomeNode "set_mempolicy_home_node", SetRobustList "set_robust_list",
        SetThreadArea "set_thread_area", SetTidAddress "set_tid_address", Setdomainname "setdomainname",
        Setfsgid "setfsgid", Setfsuid "setfsuid", Setgid32 "setgid32", Setgroups "setgroups",
        Sethostname "sethostname", Setitimer "setitimer", Setpriority "setpriority",
        Setresgid32 "setresgid32", Setresuid32 "setresuid32", Settimeofday "settimeofday",
        Setuid32 "setuid32", Setxattr "setxattr", Setxattrat "setxattrat", Sgetmask "sgetmask", Shmat "shmat",
        Shmctl "shmctl", Shmdt "shmdt", Shmget "shmget", Sigaction "sigaction", Sigaltstack "sigaltstack",
        Signal "signal", Sigpending "sigpending", Sigprocmask "sigprocmask", Sigreturn "sigreturn",
        Sigsuspend "sigsuspend", Socketcall "socketcall", SpuCreate "spu_create", SpuRun "spu_run",
        Ssetmask "ssetmask", Statfs "statfs", Statfs64 "statfs64", Statmount "statmount", Statx "statx",
        Stime "stime", SubpageProt "subpage_prot", Swapcontext "swapcontext", Swapoff "swapoff",
        Swapon "swapon", SwitchEndian "switch_endian", Sync "sync", SyncFileRange "sync_file_range",
        SyncFileRange2 "sync_file_range2", Syncfs "syncfs", SysDebugSetcontext "sys_debug_setcontext",
        Sysfs "sysfs", Sysinfo "sysinfo", Syslog "syslog", Tee "tee", Time "time", TimerCreate "timer_create",
        TimerDelete "timer_delete", TimerGetoverrun "timer_getoverrun", TimerGettime "timer_gettime",
        TimerSettime "timer_settime", Timerfd "timerfd", TimerfdGettime "timerfd_gettime",
        TimerfdSettime "timerfd_settime", Times "times", Truncate "truncate", Tuxcall "tuxcall",
        Ugetrlimit "ugetrlimit", Umask "umask", Uname "uname", Uretprobe "uretprobe", Uselib "uselib",
        Ustat "ustat", Utime "utime", Utimensat "utimensat", Utimes "utimes", Vhangup "vhangup", Vm86 "vm86",
        Vmsplice "vmsplice", Vserver "vserver", Wait4 "wait4", Waitid "waitid", Waitpid "waitpid",
    }
}
