//! Falco's own vectors for its filter parser: each filter is accepted or rejected as they say.

use std::path::PathBuf;

/// Where material beside the project is; tests that need it are skipped where it isn't.
fn shared() -> PathBuf {
    std::env::var_os("LANNER_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from)
}

/// The text of a Python string literal.
fn literal(text: &str) -> String {
    let quote = text.chars().next().expect("a quote");
    let inner = text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote)).expect("two quotes");
    let mut out = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next().expect("something is escaped") {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'x' => {
                let code: String = chars.by_ref().take(2).collect();
                out.push(char::from(u8::from_str_radix(&code, 16).expect("two digits")));
            }
            other => out.push(other),
        }
    }
    out
}

#[test]
fn every_vector_is_judged_as_it_says() {
    let path = shared().join("reference/filter_parser_vectors.tsv");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} isn't there", path.display());
        return;
    };
    let mut wrong = Vec::new();
    for line in text.lines().skip(1) {
        let (verdict, filter) = line.split_once('\t').expect("two columns");
        let result = lanner_rules::check_condition(&literal(filter));
        if result.is_ok() != (verdict == "accept") {
            wrong.push(format!("{verdict} {filter}: {result:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of them wrong:\n{}", wrong.len(), wrong.join("\n"));
}
