//! Lanner, with rules that are true of whatever the programs do, and the programs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use lanner_integration_tests::lanner::{self, Lanner};
use lanner_integration_tests::program::compile;
use lanner_integration_tests::wait_for;
use serde_json::Value;

use crate::told::text;

/// The rule that is true of all that cells do, and the one that isn't where a path leads through what only the one
/// reading has: so it has the other.
const GIVEN: &str = "what a cell did";
pub const REAL: &str = "what a cell really did";

/// What begins the name of whoever performs a cell, and the one that ends them all.
const CELL: &str = "cell-";
const END: &str = "cell-end";

/// Fields that are compared besides parameters.
const FIELDS: &[&str] = &[
    "evt.num",
    "evt.type",
    "evt.res",
    "evt.rawres",
    "evt.failed",
    "evt.is_async",
    "proc.name",
    "proc.pid",
    "proc.ppid",
    "thread.tid",
    "proc.cmdline",
    "proc.exepath",
    "proc.cwd",
    "proc.exe",
    "proc.args",
    "proc.pname",
    "user.uid",
    "user.name",
    "group.gid",
    "container.id",
    "fd.num",
    "fd.type",
    "fd.typechar",
    "fd.name",
    "fd.name.given",
    "fd.name.real",
    "fd.ino",
    "fd.is_lower_layer",
    "fd.is_upper_layer",
    "fd.dev.major",
    "fd.dev.minor",
    "fd.cip",
    "fd.cport",
    "fd.sip",
    "fd.sport",
    "fd.lport",
    "fd.rport",
    "fd.l4proto",
    "fd.is_server",
];

/// An event that rules can name, with its parameters and their types.
struct Event {
    name: String,
    params: Vec<(String, String)>,
}

/// An alert.
pub struct Alert {
    pub rule: String,
    /// The event's number.
    pub number: i64,
    fields: Value,
}

impl Alert {
    /// The text of a field.
    pub fn field(&self, name: &str) -> String {
        text(&self.fields[name])
    }
}

/// What there is while they run.
pub struct Stand {
    folder: tempfile::TempDir,
    events: Vec<String>,
    lanner: Lanner,
}

impl Stand {
    /// Compiles the programs, and watches what they are about to do.
    pub fn start(families: &[&str]) -> Stand {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("variants")).expect("a folder");
        std::fs::write(folder.path().join("narrow.h"), narrow_numbers()).expect("a file");
        let include = format!("-I{}", folder.path().display());
        for family in families {
            compile(
                &format!("variants/{family}"),
                &["-static", "-Wno-unused-function", &include],
                folder.path(),
            );
        }
        let events = events();
        let lanner = watch(folder.path(), &events);
        Stand { folder, events: events.into_iter().map(|event| event.name).collect(), lanner }
    }

    /// The events of which more is told than that they happened.
    pub fn events(&self) -> &[String] {
        &self.events
    }

    /// Has a program perform its cells; what it tells.
    pub fn perform(&self, family: &str) -> String {
        let work = self.folder.path().join(format!("{family}.work"));
        std::fs::create_dir(&work).expect("a folder");
        let program = self.folder.path().join("variants").join(family);
        let output = Command::new(program).arg(work).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{family} ended with {}:\n{said}", output.status);
        String::from_utf8(output.stdout).expect("it tells texts")
    }

    /// All alerts, by the cell they are of.
    pub fn alerts(&self) -> BTreeMap<String, Vec<Alert>> {
        let end = self.folder.path().join(END);
        std::os::unix::fs::symlink("/bin/true", &end).expect("a link");
        assert!(Command::new(&end).status().is_ok_and(|status| status.success()));
        let whole = || {
            let mut alerts: BTreeMap<String, Vec<Alert>> = BTreeMap::new();
            let text = std::fs::read_to_string(self.folder.path().join("alerts")).unwrap_or_default();
            for mut alert in text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
                let fields = alert["output_fields"].take();
                let alert = Alert {
                    rule: alert["rule"].as_str().unwrap_or_default().to_owned(),
                    number: fields["evt.num"].as_i64().unwrap_or_default(),
                    fields,
                };
                alerts.entry(alert.field("proc.name")).or_default().push(alert);
            }
            alerts.contains_key(END).then_some(alerts)
        };
        wait_for("the alert of the end", whole, || self.lanner.said())
    }

    /// Stops lanner; what it said.
    pub fn stop(self) -> String {
        let (status, said) = self.lanner.stop();
        assert!(status.success(), "{said}");
        said
    }
}

/// The numbers of 32-bit programs' syscalls, beside those of 64-bit ones.
fn narrow_numbers() -> String {
    let mut command = Command::new("clang-14");
    command.args(["-E", "-dM", "-x", "c", "-include", "asm/unistd_32.h", "/dev/null"]);
    let output = command.output().expect("clang runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("it prints text");
    let numbers = text.lines().filter_map(|line| line.strip_prefix("#define __NR_"));
    numbers.map(|number| format!("#define I386_{number}\n")).collect()
}

/// The syscalls that come of which more is told than their numbers.
fn events() -> Vec<Event> {
    let output = lanner::run(&["--list-events", "--format", "json"]);
    let list: Value = serde_json::from_slice(&output.stdout).expect("it prints JSON");
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let event = |event: &Value| {
        let params = event["params"].as_array().into_iter().flatten();
        let params = params.map(|param| (word(&param["name"]), word(&param["type"])));
        Event { name: word(&event["name"]), params: params.collect() }
    };
    let all = list["Syscall events"].as_array().into_iter().flatten();
    let told = all.filter(|event| event["available"] == true).map(event);
    told.filter(|event| event.params.first().is_none_or(|(name, _)| name != "ID")).collect()
}

/// The rules: one shows all fields, and the other all of the other reading.
fn rules(events: &[Event]) -> String {
    let params: BTreeSet<&(String, String)> = events.iter().flat_map(|event| &event.params).collect();
    let mut fields: BTreeSet<String> = FIELDS.iter().map(|field| (*field).to_owned()).collect();
    let is_path = |ty: &str| ty.starts_with("FS");
    for (name, ty) in &params {
        fields.insert(format!("evt.arg.{name}"));
        if is_path(ty) || ["FD", "PID"].contains(&&**ty) {
            fields.insert(format!("evt.rawarg.{name}"));
        }
    }
    let output: Vec<String> = fields.iter().map(|field| format!("%{field}")).collect();
    let names: Vec<&str> = events.iter().map(|event| &*event.name).collect();
    let mut paths: BTreeSet<&str> =
        params.iter().filter(|(_, ty)| is_path(ty)).map(|(name, _)| &**name).collect();
    // It is a path of the kernel's, in both readings.
    paths.remove("trusted_exepath");
    let apart: Vec<String> = paths
        .iter()
        .flat_map(|name| {
            [format!("evt.arg.{name} contains /link/"), format!("evt.arg.{name} startswith /proc/")]
        })
        .collect();
    let has_path = |event: &&Event| event.params.iter().any(|(_, ty)| is_path(ty));
    let with_paths: Vec<&str> = events.iter().filter(has_path).map(|event| &*event.name).collect();
    let done = |names: &[&str]| format!("proc.name startswith {CELL} and evt.type in ({})", names.join(", "));
    let rule = |name: &str, condition: &str| {
        format!(
            "- rule: {name}\n  desc: d\n  priority: notice\n  condition: {condition}\n  output: \"{}\"\n",
            output.join(" ")
        )
    };
    rule(GIVEN, &done(&names))
        + &rule(REAL, &format!("{} and not ({})", done(&with_paths), apart.join(" or ")))
}

fn watch(folder: &Path, events: &[Event]) -> Lanner {
    let path = |name: &str| folder.join(name);
    std::fs::write(path("rules.yaml"), rules(events)).expect("a file");
    // A rule that names so many sees those alone that programs don't make all the time, unless they are asked for.
    let names: Vec<&str> = events.iter().map(|event| &*event.name).collect();
    let configuration = format!(
        "engine: {{modern_ebpf: {{buf_size_preset: 9}}}}\nbase_syscalls: {{custom_set: [{}]}}\nrules_files: [{}]\nrule_matching: all\njson_output: true\n\
         file_output: {{enabled: true, filename: {}}}\njournal: {{path: {}}}\n",
        names.join(", "),
        path("rules.yaml").display(),
        path("alerts").display(),
        path("journal.db").display()
    );
    std::fs::write(path("lanner.yaml"), configuration).expect("a file");
    Lanner::start(&path("lanner.yaml"), &path("log"))
}
