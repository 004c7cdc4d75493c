//! The kernel side: eBPF programs in C, the object they were compiled into, and the layout of what they send.
//!
//! The programs are C, because Rust's eBPF target has no CO-RE relocations. They are loaded by
//! `lanner-detector`, with aya.

/// The layout of records, made from `layout.h`.
#[allow(missing_docs, reason = "made from layout.h, where everything is explained")]
pub mod layout {
    include!(concat!(env!("OUT_DIR"), "/layout.rs"));
}

#[repr(C, align(8))]
struct Aligned<Bytes: ?Sized>(Bytes);

static ALIGNED: &Aligned<[u8]> = &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/lanner.bpf.o")));

/// The compiled programs, an ELF object, aligned as its reader wants it.
pub static OBJECT: &[u8] = &ALIGNED.0;
