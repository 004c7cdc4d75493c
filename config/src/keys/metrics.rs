//! Metrics.

use crate::key::{Family, Key, Owner};
use crate::kind::Kind;

const METRICS: &str = "metrics";

pub(super) const FAMILY: Family = Family {
    title: "Metrics",
    owner: Owner::Falco,
    keys: &[
        Key::new(
            "metrics.enabled",
            Kind::Bool,
            "false",
            "Whether Lanner counts what it does for others to read.",
        )
        .not_yet(METRICS),
        Key::new("metrics.interval", Kind::Duration("100ms", "10y"), "1h", "How often a snapshot is taken.")
            .not_yet(METRICS),
        Key::new("metrics.output_rule", Kind::Bool, "true", "Whether a snapshot is an alert.")
            .not_yet(METRICS),
        Key::new("metrics.output_file", Kind::Text, "", "A file that snapshots are appended to.")
            .not_yet(METRICS),
        Key::new("metrics.rules_counters_enabled", Kind::Bool, "true", "Whether there are counts by rule.")
            .not_yet(METRICS),
        Key::new(
            "metrics.resource_utilization_enabled",
            Kind::Bool,
            "true",
            "Whether there are CPU and memory.",
        )
        .not_yet(METRICS),
        Key::new(
            "metrics.state_counters_enabled",
            Kind::Bool,
            "true",
            "Whether there are counts of the state.",
        )
        .not_yet(METRICS),
        Key::new(
            "metrics.kernel_event_counters_enabled",
            Kind::Bool,
            "true",
            "Whether there are the kernel's counts.",
        )
        .not_yet(METRICS),
        Key::new(
            "metrics.kernel_event_counters_per_cpu_enabled",
            Kind::Bool,
            "false",
            "Whether those are by CPU too.",
        )
        .not_yet(METRICS),
        Key::new(
            "metrics.libbpf_stats_enabled",
            Kind::Bool,
            "true",
            "Whether there are runs and times of the eBPF programs.",
        )
        .not_yet(METRICS),
        Key::new(
            "metrics.plugins_metrics_enabled",
            Kind::Bool,
            "true",
            "Whether there are the plugins' own.",
        )
        .not_yet(METRICS),
        Key::new(
            "metrics.kernel_iter_event_counters_enabled",
            Kind::Bool,
            "true",
            "Whether there are counts of the kernel's iterators.",
        )
        .not_yet(METRICS),
        Key::new(
            "metrics.jemalloc_stats_enabled",
            Kind::Bool,
            "false",
            "Whether there are the memory allocator's.",
        )
        .not_yet(METRICS),
        Key::new("metrics.convert_memory_to_mb", Kind::Bool, "true", "Whether memory is in MB.")
            .not_yet(METRICS),
        Key::new("metrics.include_empty_values", Kind::Bool, "false", "Whether zeros are shown.")
            .not_yet(METRICS),
    ],
};
