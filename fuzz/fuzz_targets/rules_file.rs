//! Any text as a rules file.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| lanner_fuzz::exercise(text));
