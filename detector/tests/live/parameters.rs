//! Parameters that the kernel tells: where they are in the program's memory, or in its own.

use std::ffi::{c_int, c_long};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::ptr::{null, null_mut};

use bumpalo::Bump;
use lanner_event::{Ctx, EventRef, FieldRef, Host, Kind, OwnedEvent, Val};

use super::{c, events_of, in_child, of_kind, only, start_with};

/// What a field of an event says.
pub fn said(event: EventRef, field: &str) -> String {
    let (field, host, scratch) = (FieldRef::from_name(field).unwrap(), Host::default(), Bump::new());
    match Ctx::new(event, &host, &scratch).get(&field) {
        Val::Str(text) => String::from_utf8_lossy(text).into_owned(),
        other => format!("{other:?}"),
    }
}

/// What the parameters of the only event of a kind are.
#[track_caller]
fn args(events: &[OwnedEvent], kind: Kind) -> String {
    said(only(events, kind), "evt.args")
}

/// The events of these kinds that a child makes.
fn events(kinds: &[Kind], act: impl FnOnce()) -> Option<Vec<OwnedEvent>> {
    let wanted = [kinds, &[Kind::Procexit]].concat();
    let mut live = start_with(&wanted, 1 << 20)?;
    let pid = in_child(act);
    Some(events_of(&mut live, pid))
}

/// A syscall, which must succeed.
macro_rules! call {
    ($name:ident $(, $argument:expr)*) => {{
        // SAFETY: what the arguments point to lives through the call.
        let result = unsafe { libc::syscall(libc::$name $(, $argument)*) };
        assert!(result >= 0, "{}: {}", stringify!($name), std::io::Error::last_os_error());
        result
    }};
}

fn pipe() -> [c_int; 2] {
    let mut pipe = [0; 2];
    call!(SYS_pipe2, pipe.as_mut_ptr(), 0);
    pipe
}

fn vector(parts: &[&[u8]]) -> Vec<libc::iovec> {
    let part = |part: &&[u8]| libc::iovec { iov_base: part.as_ptr() as *mut _, iov_len: part.len() };
    parts.iter().map(part).collect()
}

#[test]
fn vectors_are_told_as_one() {
    let kinds = [Kind::Writev, Kind::Readv, Kind::Pwritev, Kind::Preadv];
    let file = tempfile::tempfile().unwrap();
    let Some(events) = events(&kinds, || {
        let many = vec![&b"ab"[..]; 1000];
        let (two, many) = (vector(&[b"first ", b"second"]), vector(&many));
        let pipe = pipe();
        call!(SYS_writev, pipe[1], two.as_ptr(), two.len());
        let (mut front, mut back) = ([0_u8; 3], [0_u8; 100]);
        let parts = [
            libc::iovec { iov_base: front.as_mut_ptr().cast(), iov_len: front.len() },
            libc::iovec { iov_base: back.as_mut_ptr().cast(), iov_len: back.len() },
        ];
        call!(SYS_readv, pipe[0], parts.as_ptr(), parts.len());
        call!(SYS_pwritev, file.as_raw_fd(), many.as_ptr(), many.len(), 5, 0);
        call!(SYS_preadv, file.as_raw_fd(), parts.as_ptr(), 1, 6, 0);
        // What can't be read is no reason not to tell the rest.
        let broken = [two[0], libc::iovec { iov_base: 8 as *mut _, iov_len: 4 }];
        // SAFETY: it fails with what was written by then.
        unsafe { libc::syscall(libc::SYS_writev, pipe[1], broken.as_ptr(), broken.len()) };
    }) else {
        return;
    };
    let writes = of_kind(&events, Kind::Writev);
    let of = |event, field| said(event, field);
    assert_eq!(
        (of(writes[0], "evt.arg.data"), of(writes[0], "evt.arg.size")),
        ("first second".into(), "12".into())
    );
    assert_eq!(
        (of(writes[1], "evt.arg.data"), of(writes[1], "evt.arg.size")),
        ("first ".into(), "10".into())
    );
    let read = only(&events, Kind::Readv);
    assert_eq!((of(read, "evt.arg.data"), of(read, "evt.arg.size")), ("first second".into(), "12".into()));
    let write = only(&events, Kind::Pwritev);
    assert_eq!((of(write, "evt.arg.data"), of(write, "evt.arg.size")), ("ab".repeat(40), "2000".into()));
    assert_eq!(of(write, "evt.arg.pos"), "5");
    let read = only(&events, Kind::Preadv);
    assert_eq!((of(read, "evt.arg.data"), of(read, "evt.arg.size")), ("bab".into(), "3".into()));
}

#[test]
fn messages_are_told_with_what_goes_with_them() {
    let kinds = [Kind::Sendmsg, Kind::Recvmsg, Kind::Sendmmsg, Kind::Recvmmsg, Kind::Socketpair];
    let Some(events) = events(&kinds, || {
        let mut pair = [0; 2];
        call!(SYS_socketpair, libc::AF_UNIX, libc::SOCK_DGRAM, 0, pair.as_mut_ptr());
        let parts = vector(&[b"one", b"two"]);
        // SAFETY: zeros are a message without address and contents.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        (message.msg_iov, message.msg_iovlen) = (parts.as_ptr().cast_mut(), parts.len());
        call!(SYS_sendmsg, pair[0], &raw const message, 0);
        let (mut buffer, mut control) = ([b'?'; 200], [0_u8; 64]);
        let part = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
        let mut received = message;
        (received.msg_iov, received.msg_iovlen) = ((&raw const part).cast_mut(), 1);
        (received.msg_control, received.msg_controllen) = (control.as_mut_ptr().cast(), control.len());
        let on: c_int = 1;
        call!(SYS_setsockopt, pair[1], libc::SOL_SOCKET, libc::SO_PASSCRED, &raw const on, 4);
        call!(SYS_sendmsg, pair[0], &raw const message, 0);
        call!(SYS_recvmsg, pair[1], &raw mut received, 0);
        let mut several = [libc::mmsghdr { msg_hdr: message, msg_len: 0 }; 2];
        assert_eq!(call!(SYS_sendmmsg, pair[0], several.as_mut_ptr(), 2, 0), 2);
        let mut several = libc::mmsghdr { msg_hdr: received, msg_len: 0 };
        assert_eq!(call!(SYS_recvmmsg, pair[1], &raw mut several, 1, 0, null::<libc::timespec>()), 1);
    }) else {
        return;
    };
    let of = |event, field: &str| said(event, field);
    let pair = only(&events, Kind::Socketpair);
    assert!(of(pair, "evt.arg.fd1").starts_with("<u>"), "{}", of(pair, "evt.args"));
    for event in of_kind(&events, Kind::Sendmsg).into_iter().chain([only(&events, Kind::Sendmmsg)]) {
        assert_eq!((of(event, "evt.arg.data"), of(event, "evt.arg.size")), ("onetwo".into(), "6".into()));
    }
    let received = only(&events, Kind::Recvmsg);
    assert_eq!((of(received, "evt.arg.data"), of(received, "evt.arg.size")), ("onetwo".into(), "6".into()));
    let received = only(&events, Kind::Recvmmsg);
    assert_eq!((of(received, "evt.arg.data"), of(received, "evt.arg.size")), ("onetwo".into(), "200".into()));
    // The credentials of the sender: their length, level and type, then they.
    assert_ne!(of(received, "evt.arg.msgcontrol"), "Missing");
}

#[test]
fn numbers_are_found_behind_pointers() {
    let kinds = [
        Kind::Getresuid,
        Kind::Getresgid,
        Kind::Sendfile,
        Kind::CopyFileRange,
        Kind::Prlimit,
        Kind::Signalfd4,
    ];
    let (from, to) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    from.set_len(100).unwrap();
    let Some(events) = events(&kinds, || {
        let mut ids = [0_u32; 3];
        let [real, effective, saved] = ids.each_mut().map(|id| &raw mut *id);
        call!(SYS_setresgid, 1, 2, 3);
        call!(SYS_setresuid, 4, 5, 0);
        call!(SYS_getresuid, real, effective, saved);
        call!(SYS_getresgid, real, effective, saved);
        let (mut first, mut second) = (10_i64, 20_i64);
        let (from, to) = (from.as_raw_fd(), to.as_raw_fd());
        call!(SYS_sendfile, to, from, &raw mut first, 5);
        call!(SYS_copy_file_range, from, &raw mut first, to, &raw mut second, 7, 0_u64);
        let limit = |rlim_cur, rlim_max| libc::rlimit { rlim_cur, rlim_max };
        let (first, second, mut old) = (limit(5, 6), limit(3, 4), [0_u64; 2]);
        call!(SYS_prlimit64, 0, libc::RLIMIT_CORE, &raw const first, null::<u64>());
        call!(SYS_prlimit64, 0, libc::RLIMIT_CORE, &raw const second, old.as_mut_ptr());
        assert_eq!(old, [5, 6]);
        let set = 1_u64 << (libc::SIGUSR1 - 1);
        call!(SYS_signalfd4, -1, &raw const set, 8, 0);
    }) else {
        return;
    };
    let ids =
        |kind, names: [&str; 3]| names.map(|name| said(only(&events, kind), &format!("evt.rawarg.{name}")));
    assert_eq!(ids(Kind::Getresuid, ["ruid", "euid", "suid"]), ["Int(4)", "Int(5)", "Int(0)"]);
    assert_eq!(ids(Kind::Getresgid, ["rgid", "egid", "sgid"]), ["Int(1)", "Int(2)", "Int(3)"]);
    assert_eq!(said(only(&events, Kind::Sendfile), "evt.arg.offset"), "15");
    let copied = only(&events, Kind::CopyFileRange);
    assert_eq!((said(copied, "evt.arg.offin"), said(copied, "evt.arg.offout")), ("22".into(), "27".into()));
    let limits = of_kind(&events, Kind::Prlimit);
    let of = |event, names: [&str; 4]| names.map(|name| said(event, &format!("evt.arg.{name}")));
    let names = ["newcur", "newmax", "oldcur", "oldmax"];
    assert_eq!(of(limits[0], names), ["5", "6", "Missing", "Missing"]);
    assert_eq!(of(limits[1], names), ["3", "4", "5", "6"]);
    assert_eq!(said(only(&events, Kind::Signalfd4), "evt.arg.mask"), "200");
}

#[test]
fn what_is_made_and_what_is_done_is_told() {
    let Some(events) = events(&[Kind::Semop, Kind::Pipe2], || {
        let semaphores = call!(SYS_semget, libc::IPC_PRIVATE, 3, 0o600);
        let operation = |sem_num, sem_op| libc::sembuf { sem_num, sem_op, sem_flg: libc::IPC_NOWAIT as i16 };
        let operations = [operation(2, 3), operation(2, -1), operation(1, 1)];
        call!(SYS_semop, semaphores, operations.as_ptr(), 3);
        call!(SYS_semop, semaphores, operations.as_ptr(), 1);
        call!(SYS_semctl, semaphores, 0, libc::IPC_RMID);
        pipe();
    }) else {
        return;
    };
    let operations: Vec<String> =
        of_kind(&events, Kind::Semop).iter().map(|event| said(*event, "evt.args")).collect();
    let flags = "sem_flg_0=2048(IPC_NOWAIT)";
    let two =
        format!("nsops=3 sem_num_0=2 sem_op_0=3 {flags} sem_num_1=2 sem_op_1=-1 sem_flg_1=2048(IPC_NOWAIT) ");
    let one = format!("nsops=1 sem_num_0=2 sem_op_0=3 {flags} sem_num_1=0 sem_op_1=0 sem_flg_1=0 ");
    assert!(operations[0].contains(&two), "{}", operations[0]);
    assert!(operations[1].contains(&one), "{}", operations[1]);
    let pipe = only(&events, Kind::Pipe2);
    assert_eq!(said(pipe, "evt.arg.fd1"), "<p>");
    assert_eq!(said(pipe, "evt.rawarg.ino"), format!("Uint({})", pipe.fd.unwrap().ino));
    assert_ne!(pipe.fd.unwrap().ino, 0);
}

#[test]
fn options_of_sockets_have_types() {
    let Some(events) = events(&[Kind::Setsockopt, Kind::Getsockopt], || {
        let socket = call!(SYS_socket, libc::AF_INET, libc::SOCK_STREAM, 0);
        let time = libc::timeval { tv_sec: 1, tv_usec: 500_000 };
        let number: c_int = 7;
        let set = |level: c_int, option: c_int, value: *const u8, length: usize| {
            call!(SYS_setsockopt, socket, level, option, value, length);
        };
        set(libc::SOL_SOCKET, libc::SO_RCVTIMEO, (&raw const time).cast(), size_of_val(&time));
        set(libc::SOL_SOCKET, libc::SO_PRIORITY, (&raw const number).cast(), 4);
        set(libc::IPPROTO_TCP, libc::TCP_CONGESTION, b"reno".as_ptr(), 4);
        let (mut value, mut length) = (0_u64, 4);
        call!(SYS_getsockopt, socket, libc::SOL_SOCKET, libc::SO_ERROR, &raw mut value, &raw mut length);
        length = 8;
        call!(SYS_getsockopt, socket, libc::SOL_SOCKET, libc::SO_PRIORITY, &raw mut value, &raw mut length);
        assert_eq!(length, 4);
    }) else {
        return;
    };
    let values = |kind| -> Vec<(String, String)> {
        let of = of_kind(&events, kind);
        of.iter().map(|event| (said(*event, "evt.arg.val"), said(*event, "evt.arg.optlen"))).collect()
    };
    let pair = |value: &str, length: &str| (value.to_owned(), length.to_owned());
    assert_eq!(values(Kind::Setsockopt), [pair("1.5s", "16"), pair("7", "4"), pair("reno", "4")]);
    assert_eq!(values(Kind::Getsockopt), [pair("0", "4"), pair("7", "4")]);
}

#[test]
fn an_accepted_connection_says_how_many_wait() {
    let Some(events) = events(&[Kind::Accept4], || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        call!(SYS_listen, listener.as_raw_fd(), 4);
        let address = listener.local_addr().unwrap();
        let clients = [0; 3].map(|_| TcpStream::connect(address).unwrap());
        // All three have arrived when the last can be heard of.
        let mut waiting = libc::pollfd { fd: listener.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: the descriptor lives through the call.
        assert_eq!(unsafe { libc::poll(&raw mut waiting, 1, -1) }, 1);
        let accepted = listener.accept().unwrap();
        drop((clients, accepted));
    }) else {
        return;
    };
    let accepted = only(&events, Kind::Accept4);
    let of = |name: &str| said(accepted, &format!("evt.arg.{name}"));
    assert_eq!([of("queuepct"), of("queuelen"), of("queuemax")], ["50", "2", "4"]);
}

#[test]
fn what_is_read_from_another_process_is_told() {
    let Some(events) = events(&[Kind::ProcessVmReadv, Kind::ProcessVmWritev], || {
        let (secret, mut buffer) = (*b"secret", [0_u8; 6]);
        let own = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: 6 };
        let theirs = vector(&[&secret]);
        // SAFETY: it touches no memory.
        let pid = unsafe { libc::getpid() };
        call!(SYS_process_vm_readv, pid, &raw const own, 1, theirs.as_ptr(), 1, 0_u64);
        call!(SYS_process_vm_writev, pid, theirs.as_ptr(), 1, &raw const own, 1, 0_u64);
    }) else {
        return;
    };
    for kind in [Kind::ProcessVmReadv, Kind::ProcessVmWritev] {
        assert_eq!(said(only(&events, kind), "evt.arg.data"), "secret", "{kind:?}");
    }
}

#[test]
fn what_a_command_takes_depends_on_the_command() {
    const FSCONFIG_SET_STRING: c_long = 1;
    let device = c("/dev/none");
    let file = c("/aquota");
    let Some(events) = events(&[Kind::Fsconfig, Kind::Quotactl], || {
        let context = call!(SYS_fsopen, c"tmpfs".as_ptr(), 0);
        call!(SYS_fsconfig, context, FSCONFIG_SET_STRING, c"size".as_ptr(), c"1m".as_ptr(), 0);
        let limits = [10_u64, 9, 8, 7, 6, 5, 4, 3, 0b111];
        let quota = |command: c_int, id: c_int, argument: *const u8| {
            // SAFETY: what the arguments point to lives through the call, which fails, as there is no such device.
            unsafe { libc::syscall(libc::SYS_quotactl, command << 8 | 1, device.as_ptr(), id, argument) };
        };
        quota(libc::Q_SETQUOTA, 77, limits.as_ptr().cast());
        quota(libc::Q_QUOTAON, 2, file.as_ptr().cast());
        // SAFETY: as above.
        unsafe {
            libc::syscall(libc::SYS_quotactl, libc::Q_SYNC << 8, null_mut::<u8>(), 0, null_mut::<u8>())
        };
    }) else {
        return;
    };
    let set = args(&events, Kind::Fsconfig);
    assert!(set.contains("key=size value_bytebuf=NULL value_charbuf=1m aux=0"), "{set}");
    let quotas: Vec<String> =
        of_kind(&events, Kind::Quotactl).iter().map(|event| said(*event, "evt.args")).collect();
    for (said, part) in [
        (
            &quotas[0],
            "special=/dev/none quotafilepath=<NA> dqb_bhardlimit=10 dqb_bsoftlimit=9 dqb_curspace=8 ",
        ),
        (&quotas[0], "dqb_ihardlimit=7 dqb_isoftlimit=6 dqb_btime=0(0s) "),
        (&quotas[0], "(Q_SETQUOTA) type=1(GRPQUOTA) id=77 quota_fmt=0(QFMT_NOT_USED)"),
        (&quotas[1], "quotafilepath=/aquota dqb_bhardlimit=0 "),
        (&quotas[1], "(Q_QUOTAON) type=1(GRPQUOTA) id=0 quota_fmt=2(QFMT_VFS_V0)"),
        (&quotas[2], "(Q_SYNC) type=0(USRQUOTA) id=0 "),
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
}
