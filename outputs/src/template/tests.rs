use std::sync::Arc;

use lanner_alert::{Notification, Value as FieldValue};
use proptest::prelude::*;

use super::*;
use crate::samples;

const SLOTS: &[Slot] = &[
    LINE,
    Slot { key: "plain", medium: Some(Medium::Plain), doc: "" },
    Slot { key: "slack", medium: Some(Medium::Slack), doc: "" },
    Slot { key: "html", medium: Some(Medium::Html), doc: "" },
    Slot { key: "json", medium: Some(Medium::Json), doc: "" },
];

fn taken(key: &str, text: &str) -> (Templates, Vec<TemplateError>) {
    let scalar = |text: &str| Node { place: Place::default(), value: NodeValue::Quoted(text.to_owned()) };
    let entries = vec![(scalar(key), scalar(text))];
    let mut node = Node { place: Place::default(), value: NodeValue::Mapping(entries) };
    let taken = Templates::take(SLOTS, &mut node, &samples::common());
    assert!(node.get(key).is_none(), "it is left in the settings");
    taken
}

#[track_caller]
fn check(key: &str, text: &str, expected: &str) {
    check_of(key, text, &samples::single(), expected);
}

#[track_caller]
fn check_of(key: &str, text: &str, notification: &Notification, expected: &str) {
    let (templates, errors) = taken(key, text);
    assert_eq!(errors, [], "{text}");
    let rendered = templates.render(key, notification, &samples::common());
    assert_eq!(rendered.as_deref(), Some(expected), "{text}");
}

#[track_caller]
fn wrong(key: &str, text: &str, part: &str, message: &str) {
    let (templates, errors) = taken(key, text);
    assert_eq!((errors.len(), templates.medium(key)), (1, None), "{text}");
    let error = &errors[0];
    let said = match &error.help {
        Some(help) => format!("{} ({help})", error.message),
        None => error.message.clone(),
    };
    assert_eq!((&text[error.part.clone()], &*said), (part, message), "{text}");
}

#[test]
fn every_name_is_there_for_every_kind() {
    for notification in [samples::single(), samples::summary(), samples::digest()] {
        let context = context::context(&notification, &samples::common());
        for (name, says) in NAMES {
            assert!(!context.get_attr(name).expect("a mapping").is_undefined(), "{name}");
            assert!(says.ends_with('.'), "{says}");
        }
        assert_eq!(context.try_iter().expect("names").count(), NAMES.len());
    }
    for (name, _) in FILTERS {
        check("plain", &format!("{{{{ count|{name} }}}}"), "1");
    }
}

#[test]
fn notifications_are_told() {
    check(
        "plain",
        "{{ priority }}: {{ rule }} on {{ hostname }}\n",
        "Warning: Terminal shell in container on node-1",
    );
    check(
        "plain",
        "%priority %proc.name(%proc.pid) %fd.name %no.such 100%.",
        "Warning sh(4711) <NA> <NA> 100%.",
    );
    check(
        "plain",
        "{{ fields['fd.name'] }} {{ fields['proc.pid'] }} {{ count + 1 }} {{ tags }}",
        "<NA> 4711 2 (T1059,container,mitre_execution,shell)",
    );
    check("plain", "{% raw %}%rule {{ x }}{% endraw %} {# %rule #}{{ '%rule' }}", "%rule {{ x }} %rule");
    check(
        "plain",
        "{{ time|local('%H:%M') }} {{ time|local }} {{ rule|truncate(9) }}",
        "12:26 2025-11-01 12:26:40 UTC Termin…",
    );
    check("plain", "{% if fields['fd.name'] %}file{% else %}none{% endif %}", "none");
    let rules = "{{ kind }} {{ count }}{% for r in rules %}, {{ r.count }} {{ r.rule }}{% endfor %}";
    check("plain", rules, "alert 1, 1 Terminal shell in container");
    check_of(
        "plain",
        rules,
        &samples::summary(),
        "summary 40, 2 Sensitive file opened for reading, 7 Terminal shell in container, 31 Outbound connection not expected",
    );
    check_of(
        "plain",
        "{{ title }}: {% for a in alerts %}{{ a.rule }} {{ a.fields['proc.name'] }}; {% endfor %}",
        &samples::digest(),
        "40 alerts: Sensitive file opened for reading sh; Terminal shell in container sh; ",
    );
}

#[test]
fn no_value_gets_out_of_its_medium() {
    let cmdline = "sh -c echo <b>hi</b> & `id` *x* <!here> https://evil.example";
    check("plain", "%user.name", "root\\r\\nBcc: x@evil.example");
    check(
        "slack",
        "`%proc.cmdline`",
        "`sh -c echo &lt;b&gt;hi&lt;/b&gt; &amp; ˋidˋ *x* &lt;!here&gt; https://evil.example`",
    );
    check(
        "html",
        "<p>{{ fields['proc.cmdline'] }}",
        "<p>sh -c echo &lt;b&gt;hi&lt;/b&gt; &amp; `id` *x* &lt;!here&gt; https://evil.example",
    );
    check(
        "json",
        "{\"a\": {{ fields['proc.cmdline'] }}, \"b\": \"x %user.name\", \"c\": %proc.pid, \"d\": {{ fields['fd.name'] }}}",
        &format!(
            "{{\"a\": \"{cmdline}\", \"b\": \"x root\\r\\nBcc: x@evil.example\", \"c\": 4711, \"d\": null}}"
        ),
    );
    // What is escaped stays so, is escaped once, and only for this medium.
    for text in [
        "{{ x }}",
        "{{ x|e }}",
        "{{ x|html }}",
        "{{ x|html|e }}",
        "{% set y %}{{ x }}{% endset %}{{ y }}",
        "{% autoescape false %}{{ x }}{% endautoescape %}",
        "{{ [x]|join(', ') }}",
        "{{ x ~ '' }}",
        "{% macro m(v) %}{{ v }}{% endmacro %}{{ m(x) }}",
        "{{ x|terminal }}",
    ] {
        check("html", &format!("{{% set x = '<i>' %}}{text}"), "&lt;i&gt;");
    }
    check("slack", "{{ '<i>`'|html }}", "&amp;lt;i&amp;gt;ˋ");
    for filter in ["safe", "tojson"] {
        wrong("html", &format!("{{{{ rule|{filter} }}}}"), filter, &format!("filter {filter} is unknown"));
    }
    assert_eq!(Medium::of_line(" {\"a\": 1}"), Medium::Json);
    for text in ["{{ a }}", "{% if x %}", "{# x #}", "[{{ x }}]", "", "x"] {
        assert_eq!(Medium::of_line(text), Medium::Plain);
    }
}

#[test]
fn mistakes_have_their_place() {
    wrong("plain", "%rule {{ priorty }}", "priorty", "`priorty` is not there (did you mean `priority`?)");
    wrong("plain", "%rule\n%rule {{ alerts[0].x }}", "alerts[0].x", "`alerts[0].x` is not there");
    wrong("plain", "{{ rule", "rule", "unexpected end of input, expected end of variable block");
    wrong("plain", "{% if rule %}{{ rule }}", "}}", "unexpected end of input, expected end of block");
    wrong("plain", "", "", "a template is a text of 1 to 65536 bytes");
    wrong("plain", "{# nothing #}", "{# nothing #}", "nothing comes of this template for an alert");
    wrong(
        "plain",
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
        "this takes more than 200000 steps",
    );
    wrong(
        "json",
        "{\"a\": \"{{ rule }}\"}",
        "",
        "what comes of this template for an alert is not JSON: expected `,` or `}` at line 1 column 9 \
         (a value is written with its quotes; `%field` stands inside a text)",
    );
}

#[test]
fn fields_are_named() {
    let (templates, _) = taken(
        "plain",
        "%proc.name {% for f in ['fd.name', 'x'] %}{{ fields[f] }}{{ fields[\"user.nam\"] }}{% endfor %}",
    );
    let fields: Vec<_> = templates.fields().map(|(key, named)| (key, &*named.name, named.sure)).collect();
    assert_eq!(
        fields,
        [("plain", "proc.name", true), ("plain", "fd.name", false), ("plain", "user.nam", true)]
    );
}

#[test]
fn what_fails_is_counted_and_loses_nothing() {
    let (templates, errors) = taken(
        "template",
        "{% if count > 1 %}{{ fields['proc.name'] * count * 1000000 }}{% else %}{{ count }}{% endif %}",
    );
    assert_eq!(errors, []);
    let common = crate::Common { templates, ..samples::common() };
    assert_eq!(crate::render::line(&samples::single(), &common), "1");
    let mut alert = samples::alert();
    alert.count = 2;
    alert.output_fields.insert("proc.name".to_owned(), FieldValue::from("x".repeat(1000)));
    let many = Notification::of(Arc::new(alert), samples::TIME);
    for failures in 1..3 {
        assert!(crate::render::line(&many, &common).contains("A shell was used in a container"));
        assert_eq!(common.templates.failures(), failures);
    }
}

/// Pieces of templates.
fn template() -> impl Strategy<Value = String> {
    let pieces = vec![
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        " rule ",
        "fields['proc.name']",
        "%proc.name",
        "%",
        "'",
        "\"",
        "[",
        "]",
        "(",
        ")",
        "|",
        "html",
        "json",
        "if ",
        "endif",
        "for a in alerts",
        "endfor",
        "raw",
        "endraw",
        "{% raw %}",
        "é",
        "\n",
        "{",
        "\\",
        ".",
        "count",
        "~",
        "*",
        "1000000",
    ];
    let piece = prop_oneof![
        prop::sample::select(pieces).prop_map(str::to_owned),
        any::<char>().prop_map(String::from)
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_template_is_taken_or_refused_at_a_place(text in template(), key in prop::sample::select(vec!["plain", "json"])) {
        let (templates, errors) = taken(key, &text);
        prop_assert_eq!(errors.len(), usize::from(templates.medium(key).is_none()));
        for part in errors.iter().map(|error| &error.part).chain(templates.fields().map(|(_, named)| &named.part)) {
            prop_assert!(text.get(part.clone()).is_some(), "{:?}", part);
        }
    }

    #[test]
    fn no_text_breaks_out(said in "[ -~\\n\\t\u{1b}\u{202e}é<>&`'\"]{0,40}") {
        let mut alert = samples::alert();
        alert.output = said.clone();
        alert.output_fields.insert("proc.name".to_owned(), FieldValue::from(said.as_str()));
        let notification = Notification::of(Arc::new(alert), samples::TIME);
        for (key, breaks) in [("plain", ""), ("slack", "<>`"), ("html", "<>\"'")] {
            for text in ["{{ output }}.", "%proc.name.", "{% set x %}{{ output }}{% endset %}{{ [x, output]|join }}.",
                "{{ (output|e) ~ output }}.", "{{ output|slack }}{{ output|html }}{{ output|json }}."] {
                let rendered = taken(key, text).0.render(key, &notification, &samples::common()).expect("it renders");
                let wrong = |c: char| breaks.contains(c) || c.is_control() || c == '\u{202e}';
                prop_assert!(!rendered.contains(wrong), "{}: {}", text, rendered);
            }
        }
        let rendered = taken("json", "[{{ output }}, \"%proc.name\"]").0.render("json", &notification, &samples::common());
        let read: Vec<String> = serde_json::from_str(&rendered.expect("it renders")).expect("JSON");
        prop_assert_eq!(&read[0], &said);
    }
}
