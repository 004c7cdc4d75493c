//! Compiles the eBPF programs with clang, and makes the Rust side of their layout from `layout.h`.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    // The directory stands for the files in it.
    println!("cargo:rerun-if-changed=.");
    println!("cargo:rerun-if-env-changed=CLANG");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let layout = std::fs::read_to_string("layout.h").expect("layout.h is beside build.rs");
    let (rust, checks) = translate(&layout);
    std::fs::write(out.join("layout.rs"), rust).expect("OUT_DIR can be written");
    std::fs::write(out.join("layout_check.h"), checks).expect("OUT_DIR can be written");
    compile(&out);
}

fn compile(out: &Path) {
    // The machine that they are to run on, whose registers they read.
    let target = match std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() {
        Ok("x86_64") => "-D__TARGET_ARCH_x86",
        Ok("aarch64") => "-D__TARGET_ARCH_arm64",
        other => panic!(
            "the eBPF programs don't know the registers of {other:?}, only those of x86_64 and aarch64"
        ),
    };
    let clang = std::env::var("CLANG").ok().or_else(find_clang).unwrap_or_else(|| {
        panic!("clang is missing, which compiles the eBPF programs: apt-get install clang-14 libbpf-dev")
    });
    let output = Command::new(&clang)
        .args(["-O2", "-g", "-target", "bpf", "-Wall", "-Werror", target, "-include"])
        .arg(out.join("layout_check.h"))
        .args(["-I", ".", "-c", "lanner.bpf.c", "-o"])
        .arg(out.join("lanner.bpf.o"))
        .output()
        .unwrap_or_else(|error| panic!("{clang} could not be run: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("bpf/bpf_helpers.h") {
        panic!("libbpf's headers are missing: apt-get install libbpf-dev\n{said}");
    }
    assert!(output.status.success(), "{clang} could not compile the eBPF programs:\n{said}");
}

fn find_clang() -> Option<String> {
    ["clang-14", "clang", "clang-19", "clang-18", "clang-17", "clang-16", "clang-15"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success()))
        .map(str::to_owned)
}

/// The Rust side of the header, and the C checks that both sides have the same sizes and offsets.
fn translate(header: &str) -> (String, String) {
    let mut rust = String::new();
    let mut checks = String::from("#include \"kernel.h\"\n#include \"layout.h\"\n");
    let text = strip_comments(header);
    for line in text.lines() {
        if let Some((name, value)) = line.strip_prefix("#define ").and_then(|rest| rest.split_once(' ')) {
            line_of(&mut rust, format_args!("pub const {name}: usize = {};", value.trim()));
        }
    }
    for (kind, name, body) in blocks(&text) {
        match kind {
            "enum" => translate_enum(body, &mut rust),
            _ => translate_struct(name, body, &mut rust, &mut checks),
        }
    }
    (rust, checks)
}

fn line_of(text: &mut String, line: std::fmt::Arguments) {
    writeln!(text, "{line}").expect("a string can be written");
}

fn strip_comments(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").expect("every comment ends").1;
    }
    out + rest
}

/// The `enum`s and `struct`s, in order: what they are, their names, and what stands between their braces.
fn blocks(text: &str) -> Vec<(&str, &str, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let head = before.lines().last().unwrap_or_default();
        let (kind, name) = head.trim().split_once(' ').expect("a block has a kind and a name");
        let (body, after) = after.split_once("};").expect("every block ends");
        found.push((kind, name.trim(), body));
        rest = after;
    }
    found
}

fn translate_enum(body: &str, rust: &mut String) {
    for item in body.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        let (name, value) = item.split_once('=').expect("every value of an enum is written out");
        line_of(rust, format_args!("pub const {}: u32 = {};", name.trim(), value.trim()));
    }
}

fn translate_struct(name: &str, body: &str, rust: &mut String, checks: &mut String) {
    let rust_name: String = name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
    line_of(rust, format_args!("#[repr(C)]\n#[derive(Debug, Clone, Copy)]\npub struct {rust_name} {{"));
    let (mut sizes, mut rust_sizes) = (Vec::new(), Vec::new());
    for field in body.split(';').map(str::trim).filter(|field| !field.is_empty()) {
        let (ty, declared) = field.rsplit_once(' ').expect("a field has a type and a name");
        let (field, count) = match declared.split_once('[') {
            Some((field, count)) => (field, Some(count.trim_end_matches(']'))),
            None => (declared, None),
        };
        let (rust_ty, c_ty) = scalar(ty);
        let (full, size) = match count {
            Some(count) => (format!("[{rust_ty}; {count}]"), format!("{count} * sizeof({c_ty})")),
            None => (rust_ty, format!("sizeof({c_ty})")),
        };
        let field_name = if field == "type" { "r#type" } else { field };
        line_of(rust, format_args!("    pub {field_name}: {full},"));
        rust_sizes.push(format!("size_of::<{full}>()"));
        sizes.push(size);
    }
    line_of(rust, format_args!("}}"));
    let total = rust_sizes.join(" + ");
    line_of(rust, format_args!("const _: () = assert!(size_of::<{rust_name}>() == {total});\n"));
    let total = sizes.join(" + ");
    line_of(
        checks,
        format_args!("_Static_assert(sizeof(struct {name}) == {total}, \"struct {name} has padding\");"),
    );
}

fn scalar(ty: &str) -> (String, String) {
    let rust = match ty.trim() {
        "__u8" => "u8",
        "__u16" => "u16",
        "__s32" => "i32",
        "__u32" => "u32",
        "__s64" => "i64",
        "__u64" => "u64",
        other => {
            let name = other.strip_prefix("struct ").expect("a field is a number or a struct");
            let rust = name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
            return (rust, other.to_owned());
        }
    };
    (rust.to_owned(), ty.trim().to_owned())
}
