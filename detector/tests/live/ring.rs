//! A ring of io_uring, whose requests are done one after the other.

use std::ffi::c_int;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU32, Ordering};

/// A request (struct io_uring_sqe).
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Request {
    pub op: u8,
    pub flags: u8,
    pub ioprio: u16,
    pub fd: i32,
    pub off: u64,
    pub addr: u64,
    pub len: u32,
    pub op_flags: u32,
    pub user_data: u64,
    pub buf_group: u16,
    pub personality: u16,
    pub file_index: u32,
    pub addr3: u64,
    pub unused: u64,
}

/// Where the parts of the rings are (struct io_uring_params).
#[repr(C)]
#[derive(Default)]
struct Params {
    entries: [u32; 2],
    unused: [u32; 8],
    /// Head, tail, ring mask, ring entries, flags, dropped, array.
    sq: [u32; 10],
    /// Head, tail, ring mask, ring entries, overflow, completions.
    cq: [u32; 10],
}

const SIZE: usize = 1 << 16;
const AT_REQUESTS: i64 = 0x1000_0000;
const GETEVENTS: u32 = 1;

/// The ring.
pub struct Ring {
    pub fd: c_int,
    params: Params,
    rings: *mut u8,
    requests: *mut Request,
}

fn map(fd: c_int, offset: i64) -> *mut u8 {
    let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_POPULATE);
    // SAFETY: a new mapping is asked for, which touches no other.
    let at = unsafe { libc::mmap(null_mut(), SIZE, protection, flags, fd, offset) };
    assert_ne!(at, libc::MAP_FAILED, "{}", std::io::Error::last_os_error());
    at.cast()
}

impl Ring {
    pub fn new() -> Ring {
        let mut params = Params::default();
        // SAFETY: the parameters live through the call.
        let fd = unsafe { libc::syscall(libc::SYS_io_uring_setup, 1024, &raw mut params) } as c_int;
        assert!(fd >= 0, "{}", std::io::Error::last_os_error());
        Ring { fd, rings: map(fd, 0), requests: map(fd, AT_REQUESTS).cast(), params }
    }

    fn number(&self, at: u32) -> &AtomicU32 {
        // SAFETY: the kernel said that a number is there, and the mapping lives as long as the process.
        unsafe { &*self.rings.add(at as usize).cast() }
    }

    /// Gives a request to the kernel, and waits until so many results have come.
    pub fn submit(&self, request: Request, results: u32) {
        let (tail, mask) = (self.number(self.params.sq[1]), self.params.entries[0] - 1);
        let place = tail.load(Ordering::Relaxed) & mask;
        // SAFETY: there are as many places as the mask says.
        unsafe { self.requests.add(place as usize).write(request) };
        self.number(self.params.sq[6] + 4 * place).store(place, Ordering::Relaxed);
        tail.fetch_add(1, Ordering::Release);
        self.enter(1, results);
    }

    /// Waits until so many results have come.
    pub fn enter(&self, requests: u32, results: u32) {
        let none = null_mut::<u8>();
        // SAFETY: it takes numbers.
        let done = unsafe {
            libc::syscall(libc::SYS_io_uring_enter, self.fd, requests, results, GETEVENTS, none, 0_usize)
        };
        assert!(done >= 0, "{}", std::io::Error::last_os_error());
    }

    /// The next result, which has come.
    pub fn result(&self) -> i32 {
        let (head, tail) = (self.number(self.params.cq[0]), self.number(self.params.cq[1]));
        let at = head.load(Ordering::Relaxed);
        assert_ne!(at, tail.load(Ordering::Acquire), "there is no result");
        let place = at & (self.params.entries[1] - 1);
        // The result stands behind 8 bytes of the program's own.
        let result = self.number(self.params.cq[5] + 16 * place + 8).load(Ordering::Relaxed);
        head.store(at + 1, Ordering::Release);
        result as i32
    }

    /// Has a request done, and gives its result.
    pub fn run(&self, request: Request) -> i32 {
        self.submit(request, 1);
        self.result()
    }
}
