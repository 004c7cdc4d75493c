//! The kernel side: eBPF programs in C, their layout, and the objects built from them
