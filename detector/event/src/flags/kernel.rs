//! Of what changes the kernel: modules and BPF.

use super::{FlagName, flag, value};

/// What bpf(2) does.
pub const BPF: &[FlagName] = &[
    value(0, "BPF_MAP_CREATE"),
    value(1, "BPF_MAP_LOOKUP_ELEM"),
    value(2, "BPF_MAP_UPDATE_ELEM"),
    value(3, "BPF_MAP_DELETE_ELEM"),
    value(4, "BPF_MAP_GET_NEXT_KEY"),
    value(5, "BPF_PROG_LOAD"),
    value(6, "BPF_OBJ_PIN"),
    value(7, "BPF_OBJ_GET"),
    value(8, "BPF_PROG_ATTACH"),
    value(9, "BPF_PROG_DETACH"),
    value(10, "BPF_PROG_TEST_RUN"),
    value(10, "BPF_PROG_RUN"),
    value(11, "BPF_PROG_GET_NEXT_ID"),
    value(12, "BPF_MAP_GET_NEXT_ID"),
    value(13, "BPF_PROG_GET_FD_BY_ID"),
    value(14, "BPF_MAP_GET_FD_BY_ID"),
    value(15, "BPF_OBJ_GET_INFO_BY_FD"),
    value(16, "BPF_PROG_QUERY"),
    value(17, "BPF_RAW_TRACEPOINT_OPEN"),
    value(18, "BPF_BTF_LOAD"),
    value(19, "BPF_BTF_GET_FD_BY_ID"),
    value(20, "BPF_TASK_FD_QUERY"),
    value(21, "BPF_MAP_LOOKUP_AND_DELETE_ELEM"),
    value(22, "BPF_MAP_FREEZE"),
    value(23, "BPF_BTF_GET_NEXT_ID"),
    value(24, "BPF_MAP_LOOKUP_BATCH"),
    value(25, "BPF_MAP_LOOKUP_AND_DELETE_BATCH"),
    value(26, "BPF_MAP_UPDATE_BATCH"),
    value(27, "BPF_MAP_DELETE_BATCH"),
    value(28, "BPF_LINK_CREATE"),
    value(29, "BPF_LINK_UPDATE"),
    value(30, "BPF_LINK_GET_FD_BY_ID"),
    value(31, "BPF_LINK_GET_NEXT_ID"),
    value(32, "BPF_ENABLE_STATS"),
    value(33, "BPF_ITER_CREATE"),
    value(34, "BPF_LINK_DETACH"),
    value(35, "BPF_PROG_BIND_MAP"),
];

/// Flags of delete_module(2).
pub const MODULE_DELETE: &[FlagName] = &[flag(0x800, "O_NONBLOCK"), flag(0x200, "O_TRUNC")];

/// Flags of finit_module(2).
pub const MODULE_INIT: &[FlagName] = &[
    flag(0x1, "MODULE_INIT_IGNORE_MODVERSIONS"),
    flag(0x2, "MODULE_INIT_IGNORE_VERMAGIC"),
    flag(0x4, "MODULE_INIT_COMPRESSED_FILE"),
];
