//! Capture.

use crate::key::{Family, Key, Owner};
use crate::kind::Kind;

const KMOD: &str = "Lanner has no kernel module";
const CAPTURE: &str = "writing capture files";
const NEEDED: &str = "Lanner watches what the loaded rules need, and asks the kernel for the state";
const TABLE: &str = "limits of the process table that can be set";

pub(super) const FAMILY: Family = Family {
    title: "Capture",
    owner: Owner::Falco,
    keys: &[
        Key::new("engine.kind", Kind::OneOf(&["modern_ebpf", "kmod", "replay", "nodriver"]), "modern_ebpf", "What events come from. Lanner always uses eBPF, for `kmod` too; `replay` and `nodriver` are errors until there are other sources.").fatal(),
        Key::new("engine.kmod.buf_size_preset", Kind::Whole(1, 10), "4", "The size of the kernel module's buffers.").never(KMOD),
        Key::new("engine.kmod.drop_failed_exit", Kind::Bool, "false", "Whether the kernel module leaves out failed system calls.").never(KMOD),
        Key::new("engine.modern_ebpf.cpus_for_each_buffer", Kind::Whole(0, i64::MAX), "2", "How many CPUs share a ring buffer; 0 for all.").not_yet("more than one ring buffer"),
        Key::new("engine.modern_ebpf.buf_size_preset", Kind::Whole(1, 10), "4", "The size of the ring buffer: 1 for 1 MiB, and each step doubles it, up to 10 for 512 MiB."),
        Key::new("engine.modern_ebpf.drop_failed_exit", Kind::Bool, "false", "Whether to leave out failed system calls.").not_yet("leaving them out in the kernel"),
        Key::new("engine.modern_ebpf.disable_iterators", Kind::Bool, "false", "Whether to read the processes at start from `/proc` instead of from the kernel.").not_yet("the choice between the two"),
        Key::new("engine.replay.capture_file", Kind::Text, "", "The capture file to read events from.").not_yet("reading capture files"),
        Key::new("capture.enabled", Kind::Bool, "false", "Whether a rule that fires begins a capture file.").not_yet(CAPTURE),
        Key::new("capture.path_prefix", Kind::Text, "/tmp/falco", "What the names of capture files begin with.").not_yet(CAPTURE),
        Key::new("capture.mode", Kind::OneOf(&["rules", "all_rules"]), "rules", "Whether only rules with `capture: true` begin one, or all.").not_yet(CAPTURE),
        Key::new("capture.default_duration", Kind::Whole(0, i64::MAX), "5000", "How long a capture is, in ms.").not_yet(CAPTURE),
        Key::new("capture.max_file_size_mb", Kind::Whole(0, i64::MAX), "0", "How large a capture file may become, in MB; 0 for any size.").not_yet(CAPTURE),
        Key::new("syscall_event_timeouts.max_consecutives", Kind::Whole(1, i64::MAX), "1000", "After how many waits without any event an alert says so.").fatal().not_yet("the watchdog over the source"),
        Key::new("syscall_event_drops.threshold", Kind::Number(0.0, 1.0), "0", "Above which share of the events of a second that were lost to act. Falco's default is `.1`; what is lost below it is logged.").fatal(),
        Key::new("syscall_event_drops.actions[]", Kind::OneOf(&["ignore", "log", "alert", "exit"]), "", "What to do then: nothing, log it, raise an alert, or end with an error. Unless it is set: `log` and `alert`.").fatal(),
        Key::new("syscall_event_drops.rate", Kind::Number(0.0, f64::INFINITY), ".03333", "How often to act, per second."),
        Key::new("syscall_event_drops.max_burst", Kind::Whole(0, i64::MAX), "1", "How often to act at once."),
        Key::new("syscall_event_drops.simulate_drops", Kind::Bool, "false", "Whether to act as if an event were lost each second, for testing."),
        Key::new("base_syscalls.custom_set[]", Kind::Text, "", "System calls, or other events, that rules which name no event type see too, although programs make them often; with a `!` before it, one that they don't see. Events that a rule names are always captured, and the state needs none."),
        Key::new("base_syscalls.repair", Kind::Bool, "false", "Whether to watch the fewest system calls that keep the state right.").never(NEEDED),
        Key::new("base_syscalls.all", Kind::Bool, "false", "Whether rules which name no event type see all events, those too that programs make often: reading, writing, waiting, memory."),
        Key::new("falco_libs.thread_table_size", Kind::Whole(1, i64::MAX), "262144", "The most threads that are kept.").not_yet(TABLE),
        Key::new("falco_libs.thread_table_auto_purging_interval_s", Kind::Whole(0, i64::MAX), "300", "How often threads that ended are looked for, in seconds.").not_yet(TABLE),
        Key::new("falco_libs.thread_table_auto_purging_thread_timeout_s", Kind::Whole(0, i64::MAX), "300", "After how many seconds a thread is looked at.").not_yet(TABLE),
        Key::new("falco_libs.snaplen", Kind::Whole(0, 65_535), "80", "How many bytes of what is read or written are captured.").not_yet("events that carry such bytes"),
    ],
};
