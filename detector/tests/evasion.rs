//! `docs/evasion.md` names a test for each of its lines, and there is such a test.

use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn each_line_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    sources(&root.join("detector/tests"), &mut files);
    sources(&root.join("integration-tests/tests"), &mut files);
    let texts: Vec<String> = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let page = std::fs::read_to_string(root.join("docs/evasion.md")).unwrap();
    let (tested, _) = page.split_once("## Not seen").unwrap();
    let rows = tested.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| how |"));
    let mut count = 0;
    for row in rows {
        let tests = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let names: Vec<&str> = tests.split(", ").map(|name| name.trim_matches('`')).collect();
        for name in names {
            assert!(texts.iter().any(|text| text.contains(&format!("\nfn {name}() {{"))), "{name} of: {row}");
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}
