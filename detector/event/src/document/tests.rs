//! Documents: what is one, what is read of it, and how it is printed.

use proptest::prelude::*;
use serde_json::Value;

use super::{Document, Json};

fn parse(text: &str) -> Document {
    Document::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn what_is_no_document_is_refused() {
    let long = format!(r#"["{}"]"#, "a".repeat(Document::BYTES_MAX));
    let deep = "[".repeat(129) + &"]".repeat(129);
    for (bytes, said) in [
        (&b""[..], "the document is not JSON: EOF while parsing a value at line 1 column 0"),
        (b"{\"a\":}", "the document is not JSON: expected value at line 1 column 6"),
        (b"{} {}", "the document is not JSON: trailing characters at line 1 column 4"),
        (
            b"[\"\n\"]",
            "the document is not JSON: control character (\\u0000-\\u001F) found while parsing a string at line 1 column 2",
        ),
        (b"7", "the document is neither an object nor an array"),
        (b"\"{\"", "the document is neither an object nor an array"),
        (b"[\"\xff\"]", "the document is not UTF-8 from byte 2 on"),
        (deep.as_bytes(), "the document is nested deeper than 128 objects and arrays"),
        (long.as_bytes(), "the document has 262148 bytes, more than 262144"),
    ] {
        assert_eq!(Document::parse(bytes).unwrap_err().to_string(), said);
    }
    assert!(Document::parse(&deep.as_bytes()[1..256 + 1]).is_ok());
}

#[test]
fn values_are_printed_without_blanks() {
    for (text, printed) in [
        (r#" { "a" : [ 1 , -2.50e+3, true, null, "x y" ] } "#, r#"{"a":[1,-2.50e+3,true,null,"x y"]}"#),
        ("[]", "[]"),
        ("[{},[[]],\"\"]", "[{},[[]],\"\"]"),
        // What Go's encoder escapes, and fastjson doesn't.
        (r#"["\u003c\u0026\/"]"#, r#"["<&/"]"#),
        (r#"["\u00e9\ud83d\ude00"]"#, "[\"é😀\"]"),
        (r#"["a\"\\\n\t\u0001\u007f\b\f\u000b\u0007é"]"#, r#"["a\"\\\n\t\x01\x7f\b\f\v\aé"]"#),
        (r#"["\u007f"]"#, "[\"\u{7f}\"]"),
        (r#"{"\u0061\\":"\""}"#, r#"{"a\\":"\""}"#),
        // Half of a pair stays as it is.
        (r#"["\ud800"]"#, r#"["\\ud800"]"#),
    ] {
        let mut out = String::new();
        parse(text).root().write(&mut out).unwrap();
        assert_eq!(out, printed);
    }
}

#[test]
fn documents_are_printed_with_a_line_for_each_value() {
    for (text, printed) in [
        (
            r#"{"a":[1,{"b":"x, {y}: \"z\\"}],"c":{},"d":[ ]}"#,
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x, {y}: \\\"z\\\\\"\n    }\n  ],\n  \"c\": {},\n  \"d\": []\n}",
        ),
        (" [ ] ", "[]"),
        ("[[1]]", "[\n  [\n    1\n  ]\n]"),
        (r#"["\u003c",1.0]"#, "[\n  \"\\u003c\",\n  1.0\n]"),
    ] {
        let mut out = String::new();
        parse(text).write_indented(&mut out).unwrap();
        assert_eq!(out, printed);
    }
    let (open, close) = ("[".repeat(100), "]".repeat(100));
    let mut out = String::new();
    parse(&format!("{open}{}1{close}", "1,".repeat(100_000))).write_indented(&mut out).unwrap();
    assert_eq!(out.len(), Document::INDENTED_MAX);
}

#[test]
fn pointers_lead_to_values() {
    let document = parse(r#"{"a":{"":1,"b/c":2,"~d":3,"0":4,"~1":7,"h~":8},"e":["x",{"f":5}],"g\n":6}"#);
    for (pointer, value) in [
        ("/a/", Some("1")),
        ("/a/b~1c", Some("2")),
        ("/a/~0d", Some("3")),
        ("/a/~01", Some("7")),
        ("/a/~1", None),
        ("/a/h~", Some("8")),
        ("/a/b~0c", None),
        ("/a/0", Some("4")),
        ("a/0", Some("4")),
        ("/e/0", Some("x")),
        ("/e/1/f", Some("5")),
        ("/g\n", Some("6")),
        ("/e/2", None),
        ("/e/-", None),
        ("/e/0/0", None),
        ("/b", None),
    ] {
        assert_eq!(document.root().pointer(pointer).map(|json| json.scalar().unwrap()), value, "{pointer}");
    }
}

#[test]
fn times_are_those_of_the_stage() {
    for (time, nanoseconds) in [
        (r#""2018-10-26T13:42:46.808261Z""#, Some(1_540_561_366_808_261_000)),
        (r#""2018-10-26T15:42:46+02:00""#, Some(1_540_561_366_000_000_000)),
        (r#""1969-01-01T00:00:00Z""#, None),
        (r#""yesterday""#, None),
        ("7", None),
    ] {
        assert_eq!(parse(&format!(r#"{{"stageTimestamp":{time}}}"#)).stage_time(), nanoseconds, "{time}");
    }
}

#[test]
fn a_document_is_written_down_as_its_text() {
    let document = parse(r#"{"a": "\u003c"}"#);
    let written = serde_json::to_string(&document).unwrap();
    assert_eq!(serde_json::from_str::<Document>(&written).unwrap().text(), document.text());
    assert!(serde_json::from_str::<Document>(r#""{""#).is_err());
}

fn value(json: Json) -> Value {
    match json.scalar() {
        Some(text) if json.str().is_some() => Value::String(text.to_owned()),
        Some(text) => serde_json::from_str(text).unwrap(),
        None if json.is_array() => json.elements().map(value).collect(),
        None => Value::Object(json.members().map(|(name, json)| (name.to_owned(), value(json))).collect()),
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn documents_are_what_serde_reads(json in any_json(), pretty: bool) {
        let json = Value::from(vec![json]);
        let text = if pretty { serde_json::to_string_pretty(&json) } else { serde_json::to_string(&json) };
        let document = parse(&text.unwrap());
        // What it reads of a number need not be what it wrote.
        let json: Value = serde_json::from_str(document.text()).unwrap();
        prop_assert_eq!(value(document.root()), json.clone());
        let mut indented = String::new();
        document.write_indented(&mut indented).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&indented).unwrap(), json);
    }

    #[test]
    fn nothing_panics(bytes in "[\\[\\]{}\",:\\\\u0dtrue x1.-]{0,40}") {
        if let Ok(document) = Document::parse(bytes.as_bytes()) {
            let mut out = String::new();
            document.root().write(&mut out).unwrap();
            document.write_indented(&mut out).unwrap();
            document.root().pointer("/0/x");
        }
    }
}
