//! Short configurations and what is said about them.

use super::memory::{lines, load};

#[track_caller]
fn check(yaml: &str, expected: &str) {
    assert_eq!(lines(&load(yaml, &[], &[])), expected, "\n{yaml}");
}

#[test]
fn yaml_as_it_comes() {
    check("", "");
    check("# nothing\n", "");
    check("---\n...\n", "");
    check("\"json_output\": 'true'\n", "");
    check("json_output: &a true\ntime_format_iso_8601: *a\n", "");
}
