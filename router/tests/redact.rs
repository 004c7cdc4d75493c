//! What is taken out of alerts and what isn't: cases as data, and what holds for every text.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use lanner_alert::{Alert, Cause, Causes, Group, Kind, Notification, Priority, Tally, Timestamp, Value};
use lanner_bus::{Journal, Outgoing, Settings};
use lanner_router::{MARK, OutputPolicy, PatternKind, Pipeline, Redact, Redactor, Route, Stage, Verdict};
use proptest::prelude::*;
use uuid::Uuid;

static KNOWN: LazyLock<Redactor> = LazyLock::new(|| Redactor::new(&[], &[]).expect("what is known compiles"));

/// The cases: texts with secrets between `‹` and `›`, one a line; those without stay as they are.
const CASES: &str = include_str!("redact/cases.txt");

fn cases() -> impl Iterator<Item = &'static str> {
    CASES.lines().filter(|line| !line.is_empty() && !line.starts_with("# "))
}

#[test]
fn cases_are_as_they_say() {
    let mut wrong = Vec::new();
    for case in cases() {
        let text = case.replace(['‹', '›'], "");
        let mut expected = String::new();
        for (at, part) in case.split('‹').enumerate() {
            let behind = if at == 0 { part } else { part.split_once('›').expect("it is closed").1 };
            expected.push_str(if at == 0 { "" } else { MARK });
            expected.push_str(behind);
        }
        let got = KNOWN.text(&text);
        if got != expected || KNOWN.text(&got) != got {
            wrong.push(format!("     text: {text}\n expected: {expected}\n      got: {got}\n"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn alert(fields: &[(&str, Value)]) -> Alert {
    let fields: BTreeMap<_, _> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let time = Timestamp(1_700_000_000_000_000_000);
    let internal = Alert::internal(
        uuid::Uuid::nil(),
        "r",
        Priority::Error,
        String::new(),
        fields.clone(),
        time,
        "host".into(),
    );
    Alert { facts: fields, ..internal }
}

#[test]
fn causes_lose_their_secrets() {
    let cause = |output: &str| Cause { output: output.to_owned(), ..Cause::of(&alert(&[])) };
    let causes: Causes = [cause("cat a"), cause("mysql --password=hunter2 shop")].into_iter().collect();
    let correlated = Alert { causes: Some(Arc::new(causes)), ..alert(&[]) };
    let redacted = KNOWN.alert(&correlated).and_then(|alert| alert.causes).expect("it had one");
    let outputs: Vec<&str> = redacted.shown.iter().map(|cause| &*cause.output).collect();
    assert_eq!((redacted.count, &outputs[..]), (2, &["cat a", "mysql --password=[redacted] shop"][..]));
}

#[test]
fn fields_lose_their_secrets_wherever_they_stand() {
    let list = |items: &[&str]| Value::List(items.iter().map(|item| Value::from(*item)).collect());
    let cases = [
        ("proc.cmdline", Value::from("mysql -phunter2 shop"), Value::from("mysql -p[redacted] shop")),
        ("proc.args", Value::from("-phunter2 shop"), Value::from("-p[redacted] shop")),
        ("proc.env[DB_PASSWORD]", Value::from("hunter2"), Value::from(MARK)),
        ("jevt.value[/requestObject/data/token]", Value::from("hunter2"), Value::from(MARK)),
        (
            "proc.env",
            list(&["HOME=/root", "PGPASSWORD=hunter2"]),
            list(&["HOME=/root", "PGPASSWORD=[redacted]"]),
        ),
        ("proc.aname[2]", Value::from("hunter2"), Value::from("hunter2")),
        ("fd.name", Value::from("/etc/passwd"), Value::from("/etc/passwd")),
        ("proc.pid", Value::Uint(7), Value::Uint(7)),
    ];
    for (name, before, after) in cases {
        let alert = alert(&[("proc.name", Value::from("mysql")), (name, before.clone())]);
        let redacted = KNOWN.alert(&alert);
        assert_eq!(redacted.is_some(), before != after, "{name}");
        let redacted = redacted.unwrap_or(alert);
        assert_eq!((redacted.field(name), &redacted.output_fields[name]), (after.clone(), &after), "{name}");
    }
    let mut alert = alert(&[("proc.name", Value::from("mysql"))]);
    alert.output = "A client ran (args=-phunter2 shop)".to_owned();
    let redacted = KNOWN.alert(&alert).expect("the output holds a password");
    assert_eq!(redacted.output, "A client ran (args=-p[redacted] shop)");
    assert_eq!((redacted.id, redacted.fingerprint), (alert.id, alert.fingerprint));
}

#[test]
fn the_stage_says_what_it_did_and_leaves_the_journals_alert() {
    let mut stage = Redact::new(Arc::new(Redactor::new(&[], &[]).unwrap()));
    let mut plain = alert(&[("proc.cmdline", Value::from("ls"))]);
    plain.output = "ls ran".to_owned();
    let with = Arc::new(alert(&[("proc.cmdline", Value::from("x --password=hunter2"))]));
    for (alert, expected) in [(Arc::new(plain), "no secret"), (with, "secrets replaced")] {
        let mut item = Notification::of(alert.clone(), alert.time);
        let before = (*alert).clone();
        assert_eq!(stage.judge(&mut item, alert.time), Verdict::Pass(expected));
        assert_eq!(*alert, before);
        assert_eq!(Arc::ptr_eq(&item.alerts[0], &alert), expected == "no secret");
    }
}

#[test]
fn one_output_is_told_less_and_others_what_there_is() {
    let outputs = ["chat", "siem"].map(|name| name.to_owned());
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::at(folder.path().join("journal.db"));
    let handle = Journal::open(settings, &outputs).unwrap().handle();
    let registered = handle.outputs();
    let mut policies: Vec<_> = outputs.iter().map(|name| OutputPolicy::everything(name)).collect();
    policies[0].redactor = Some(Arc::new(Redactor::new(&[], &[]).unwrap()));
    let mut pipeline = Pipeline::new(Route::all(2), registered, policies);
    let mut out = Vec::new();
    let secret = Arc::new(alert(&[("proc.cmdline", Value::from("x --password=hunter2"))]));
    let plain = Arc::new(alert(&[("proc.cmdline", Value::from("ls"))]));
    for (seq, alert) in [(1, &secret), (2, &plain)] {
        pipeline.push(seq, alert, alert.time, &mut out);
    }
    let chat = |outgoing: &Outgoing| match outgoing {
        Outgoing::Notification { notification, .. } => notification.alerts[0].field("proc.cmdline"),
        Outgoing::Alert { seq, output } => {
            let to = registered.iter().find(|registered| registered.id == *output).unwrap();
            Value::from(format!("alert {seq} to {}", to.name))
        }
    };
    let expected =
        ["x --password=[redacted]", "alert 1 to siem", "alert 2 to chat", "alert 2 to siem"].map(Value::from);
    assert_eq!(out.iter().map(chat).collect::<Vec<_>>(), expected);
    let redacted = pipeline.decisions().into_iter().filter(|decision| decision.stage == "redact");
    let redacted = redacted.map(|decision| (decision.output, decision.reason, decision.count));
    let chat = |reason| ("chat".to_owned(), reason, 1);
    assert_eq!(redacted.collect::<Vec<_>>(), [chat("no secret"), chat("secrets replaced")]);
}

#[test]
fn own_patterns_add_and_keep() {
    let texts = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>();
    for (patterns, keep, before, after) in [
        (&["ACME-[0-9]{4}"][..], &[][..], "id ACME-1234, ACME-12", "id [redacted], ACME-12"),
        (&["card=([0-9]+)"], &[], "card=4111 é card=5", "card=[redacted] é card=[redacted]"),
        (&["x*"], &[], "axxb", "a[redacted]b"),
        (&["."], &[], "é€", "[redacted][redacted]"),
        (
            &[],
            &["test-.*", "hunter2"],
            "--token test-1 --token=hunter22 --token=hunter2",
            "--token test-1 --token=[redacted] --token=hunter2",
        ),
    ] {
        let redactor = Redactor::new(&texts(patterns), &texts(keep)).unwrap();
        assert_eq!(redactor.text(before), after, "{patterns:?}");
        assert_eq!(redactor.text(after), after, "{patterns:?} twice");
    }
    for (patterns, keep, at) in [
        (&["a", "("][..], &[][..], (PatternKind::Secret, 1)),
        (&[], &["["], (PatternKind::Keep, 0)),
        (&["[a-z]{1000}{1000}"], &[], (PatternKind::Secret, 0)),
    ] {
        let error = Redactor::new(&texts(patterns), &texts(keep)).expect_err("it can't be compiled");
        assert_eq!((error.kind, error.at), at, "{error}");
        assert!(!error.to_string().is_empty());
    }
    // Past the limit nothing is shown rather than a secret.
    let many = Redactor::new(&texts(&["x"]), &[]).unwrap();
    let text = format!("{}tail", "x ".repeat(1000));
    assert_eq!(many.text(&text), format!("{}{MARK}", format!("{MARK} ").repeat(256)));
}

/// Pieces that mean something to the scanner, from which texts are made that get far into it.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "password",
            "--token",
            "PWD",
            "secret",
            "=",
            ":",
            " ",
            "\"",
            "'",
            "\\",
            "://",
            "@",
            "user",
            "mysql ",
            "-p",
            "curl ",
            "-u",
            "login",
            "docker ",
            "AKIA",
            "IOSFODNN7EXAMPLE",
            "eyJhbGciOiJIUzI1NiJ9",
            ".",
            "ghp_",
            "Authorization",
            "Bearer ",
            "cookie",
            ";",
            ",",
            "$",
            "{",
            "(",
            ")",
            "`",
            "[redacted]",
            "key",
            "\n",
            "&",
            "?",
            "-----BEGIN ",
            "PRIVATE KEY-----",
            "-----END ",
            "é",
            "0123456789abcdefABCDEF0123456789",
        ])
        .prop_map(str::to_owned),
        "[a-zA-Z0-9]{1,24}",
        any::<char>().prop_map(String::from),
    ]
}

fn hostile() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..40).prop_map(|pieces| pieces.concat())
}

/// A secret, and a text in which it stands as secrets do.
fn seeded() -> impl Strategy<Value = (String, String)> {
    let forms = prop::sample::select(vec![
        "{before} --password {secret} {after}",
        "{before} --db-password={secret} {after}",
        "{before} AWS_SECRET_ACCESS_KEY={secret} {after}",
        "{before} mysql -u root -p{secret} {after}",
        "{before} sshpass -p {secret} {after}",
        "{before} curl -u me:{secret} {after}",
        "{before} https://me:{secret}@host.example/ {after}",
        "{before} -H Authorization: Bearer {secret} {after}",
        "{before} {\"password\": \"{secret}\"} {after}",
        "{before} https://host.example/?a=b&access_token={secret}&c=d {after}",
        "{before} export API_KEY='{secret}' {after}",
    ]);
    let words = "([a-z./-]{1,12} ){0,6}";
    (forms, words, "[A-Za-z0-9]{8,40}", words).prop_map(|(form, before, secret, after)| {
        let secret = format!("{secret}Q9z");
        let text = form.replace("{before}", &before).replace("{secret}", &secret).replace("{after}", &after);
        (secret, text)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_redacted_stays_as_it_is(text in hostile()) {
            let once = KNOWN.text(&text).into_owned();
        prop_assert_eq!(KNOWN.text(&once), once.as_str(), "{}", text);
    }

    #[test]
    fn no_seeded_secret_is_left((secret, text) in seeded()) {
        let redacted = KNOWN.text(&text).into_owned();
        prop_assert!(!redacted.contains(&secret), "{}\n{}", text, redacted);
        prop_assert!(redacted.contains(MARK));
    }
}

#[test]
fn what_stands_for_many_loses_its_secrets_too() {
    let redactor = Redactor::new(&["ACME-[0-9]+".to_owned()], &[]).unwrap();
    let fields = BTreeMap::from([("proc.name".to_owned(), Value::from("ACME-77"))]);
    let (text, time) = ("ACME-77 ran".to_owned(), Timestamp(0));
    let alert = Alert::internal(Uuid::nil(), "r", Priority::Error, text, fields, time, "host".into());
    let mut tally = Tally::default();
    tally.add(&alert);
    let by = vec![("proc.name".to_owned(), Value::from("ACME-77"))];
    let group = Some(Box::new(Group { id: Uuid::nil(), update: 0, by, new: 1, receipt: None }));
    let single = Notification::of(Arc::new(alert), time);
    let mut item = Notification { kind: Kind::Group, tally, group, ..single };
    assert_eq!(Redact::new(Arc::new(redactor)).judge(&mut item, time).reason(), "secrets replaced");
    let written = serde_json::to_string(&item).unwrap();
    assert!(!written.contains("ACME-77"), "{written}");
}
