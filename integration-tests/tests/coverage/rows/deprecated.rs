//! The rules that upstream has given up.

use super::{Row, both, inside};

pub const ROWS: &[Row] = &[
    both("Disallowed SSH Connection", "act tcp 198.51.100.1 22", "act tcp 198.51.100.1 23"),
    both("Unexpected outbound connection destination", "act udp 198.51.100.1 9", "act udp 8.8.8.8 9"),
    inside(
        "Outbound or Inbound Traffic not to Authorized Server Process and Port",
        "act tcp 198.51.100.1 9",
        "act tcp 198.51.100.1 8443",
    ),
    both("Outbound Connection to C2 Servers", "act udp 198.51.100.66 9", "act udp 198.51.100.67 9"),
];
