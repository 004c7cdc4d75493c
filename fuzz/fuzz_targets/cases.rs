//! Any text as a file of cases, and as a file of recorded events.
#![no_main]

use lanner_diagnostic::{SourceText, Sources};
use lanner_rules::cases::{Cases, recorded};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let mut sources = Sources::default();
    let id = sources.add(SourceText::new("cases", text));
    Cases::read(&mut sources, id, &mut |_| Ok(text.to_owned()));
    let _ = recorded(&mut sources, "recorded", text);
});
