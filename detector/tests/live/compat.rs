//! 32-bit programs, whose syscalls have numbers and registers of their own: made here by `int 0x80`.

use std::arch::asm;
use std::net::Ipv4Addr;

use lanner_event::{EventFlags, Kind};

use super::{c, events_of, in_child, only, readings, start};

const OPENAT: u32 = 295;
const SOCKETCALL: u32 = 102;

/// Memory whose address a 32-bit program can name.
struct Low(*mut u8);

impl Low {
    fn new() -> Low {
        let (protection, flags) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_32BIT);
        // SAFETY: a new mapping is asked for, which touches no other.
        let at = unsafe { libc::mmap(std::ptr::null_mut(), 4096, protection, flags, -1, 0) };
        assert_ne!(at, libc::MAP_FAILED);
        Low(at.cast())
    }

    /// Puts bytes there and gives their address.
    fn put(&self, at: usize, bytes: &[u8]) -> u32 {
        assert!(at + bytes.len() <= 4096);
        // SAFETY: the mapping has 4096 bytes.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.0.add(at), bytes.len()) };
        self.0 as u32 + at as u32
    }
}

fn syscall(nr: u32, args: [u32; 4]) -> i32 {
    let mut result = u64::from(nr);
    // SAFETY: rbx, which the compiler keeps for itself, is put back; the kernel changes rax, and may clear r8 to r11.
    unsafe {
        asm!(
            "xchg rbx, {first}", "int 0x80", "xchg rbx, {first}",
            first = inout(reg) u64::from(args[0]) => _,
            inout("rax") result,
            in("rcx") u64::from(args[1]), in("rdx") u64::from(args[2]), in("rsi") u64::from(args[3]),
            in("rdi") 0_u64, out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
    result as i32
}

#[test]
fn a_32_bit_program_is_no_blind_spot() {
    let Some(mut live) = start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let base = directory.path().canonicalize().unwrap();
    std::fs::write(base.join("file"), "x").unwrap();
    std::os::unix::fs::symlink("file", base.join("link")).unwrap();
    let pid = in_child(|| {
        let path = Low::new().put(0, c(base.join("link")).as_bytes_with_nul());
        assert!(syscall(OPENAT, [libc::AT_FDCWD as u32, path, 0, 0]) >= 0);
    });
    let events = events_of(&mut live, pid);
    let open = only(&events, Kind::Openat);
    assert!(open.flags.contains(EventFlags::COMPAT));
    let here = |name: &str| base.join(name).display().to_string();
    assert_eq!(readings(&open, "name"), (here("link"), here("file")));
}

#[test]
fn nor_are_its_sockets() {
    let Some(mut live) = start() else { return };
    let pid = in_child(|| {
        // SAFETY: it touches no memory.
        let fd = unsafe { libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0) } as u32;
        let low = Low::new();
        let mut address = vec![libc::AF_INET as u8, 0, 0, 0];
        address.extend_from_slice(&Ipv4Addr::LOCALHOST.octets());
        address.resize(16, 0);
        let address = low.put(0, &address);
        let call = |number: u32, args: &[u32]| {
            let args: Vec<u8> = args.iter().flat_map(|arg| arg.to_ne_bytes()).collect();
            // At the very end of what can be read: no more than the arguments may be.
            syscall(SOCKETCALL, [number, low.put(4096 - args.len(), &args), 0, 0])
        };
        assert_eq!(call(2, &[fd, address, 16]), 0);
        assert_eq!(call(4, &[fd, 5]), 0);
    });
    let events = events_of(&mut live, pid);
    let (bind, listen) = (only(&events, Kind::Bind), only(&events, Kind::Listen));
    let local =
        |event: &lanner_event::EventRef| event.fd.and_then(|fd| fd.socket).and_then(|socket| socket.local);
    assert_eq!(local(&bind).unwrap().ip, Ipv4Addr::LOCALHOST);
    assert_ne!(local(&listen).unwrap().port, 0);
    assert_eq!(listen.param("backlog"), Some(lanner_event::Param::Int(5)));
    assert!(bind.flags.contains(EventFlags::COMPAT) && listen.flags.contains(EventFlags::COMPAT));
}
