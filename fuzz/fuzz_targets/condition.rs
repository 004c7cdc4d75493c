//! Any text as a condition.
#![no_main]

libfuzzer_sys::fuzz_target!(|condition: &str| {
    lanner_fuzz::exercise(&lanner_fuzz::rule(condition, "o"));
});
