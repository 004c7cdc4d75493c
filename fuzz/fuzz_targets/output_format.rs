//! Any text as the output of a rule that is true of every event.
#![no_main]

libfuzzer_sys::fuzz_target!(|output: &str| {
    lanner_fuzz::exercise(&lanner_fuzz::rule("evt.num > 0", output));
});
