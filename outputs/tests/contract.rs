//! What is true of every output, walked over the table, and of those that speak HTTP, against a server.

use std::time::Duration;

use lanner_alert::Notification;
use lanner_diagnostic::{Node, NodeError, SourceText, Sources, Value, parse};
use lanner_outputs::{Common, OUTPUTS, Templates, build, reference, take_templates};
use lanner_router::{DeliveryError, Output, Receipt};

mod samples;
mod server;

use server::{Answer, Server};

/// The keys that every output has, which an output doesn't see.
const COMMON_KEYS: &[&str] = &["name", "type", "min_priority", "batch", "digest", "immediate_from"];

fn node(text: &str) -> Node {
    let mut sources = Sources::default();
    let id = sources.add(SourceText::new("test", text));
    let mut node = parse(sources.get(id), id).expect("the text is YAML").remove(0);
    if let Value::Mapping(entries) = &mut node.value {
        entries.retain(|(key, _)| !COMMON_KEYS.contains(&key.as_str().unwrap_or_default()));
    }
    node
}

fn output(kind: &str, text: &str, common: &Common) -> Box<dyn Output> {
    let (mut node, mut common) = (node(text), common.clone());
    let (templates, errors) = take_templates(kind, &mut node, &common);
    assert_eq!(errors, [], "{text}");
    common.templates = templates;
    build(kind, &node, &common).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn wrong(kind: &str, text: &str) -> NodeError {
    build(kind, &node(text), &samples::common()).err().unwrap_or_else(|| panic!("accepted: {text}"))
}

#[test]
fn the_table_is_in_order() {
    assert!(OUTPUTS.is_sorted_by_key(|spec| spec.name));
    for spec in OUTPUTS {
        assert!(spec.name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{}", spec.name);
        assert!(spec.summary.ends_with('.'), "{}", spec.summary);
        assert!(spec.example.contains(&format!("type: {}\n", spec.name)), "{}", spec.example);
        let schema = (spec.schema)().to_value();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let says = property["description"].as_str().unwrap_or_default();
            assert!(says.ends_with('.'), "{} of {} is not explained: {says}", name, spec.name);
            assert!(!spec.templates.iter().any(|slot| slot.key == name), "{name} is there twice");
        }
        assert!(spec.templates.iter().all(|slot| slot.doc.ends_with('.')), "{}", spec.name);
        assert!(spec.templates.iter().any(|slot| slot.key == "template"), "{}", spec.name);
    }
}

#[test]
fn examples_are_accepted_and_unknown_keys_are_not() {
    for spec in OUTPUTS {
        output(spec.name, spec.example, &samples::common());
        let text = format!("{}nonsense: 1\n", spec.example);
        let error = wrong(spec.name, &text);
        assert_eq!(error.message, "unknown key `nonsense`", "{}", spec.name);
        let place = error.place.expect("a place").span;
        assert_eq!(&text[place.start..place.end], "nonsense", "{}", spec.name);
    }
    let error = wrong("slak", "a: 1");
    assert_eq!(error.to_string(), "there is no output of the type `slak` (did you mean `slack`?)");
}

#[test]
fn the_page_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/outputs.md");
    if cfg!(not(feature = "kafka")) {
        return eprintln!("the page is checked with all features only");
    }
    if std::env::var_os("LANNER_BLESS").is_some() {
        std::fs::write(path, reference()).unwrap();
    }
    let page = std::fs::read_to_string(path).unwrap_or_default();
    assert!(page == reference(), "docs/outputs.md is stale: LANNER_BLESS=1 cargo test -p lanner-outputs");
}

#[test]
fn the_pages_templates_work() {
    let page = reference();
    let (_, templates) = page.split_once("## Templates").expect("a section on templates");
    let example =
        templates.split("```").nth(1).and_then(|text| text.strip_prefix("yaml\n")).expect("an example");
    let outputs = node(example);
    for entry in outputs.get("outputs").and_then(Node::as_sequence).expect("outputs") {
        let (kind, mut settings) = (entry.get("type").and_then(Node::as_str).expect("a type"), entry.clone());
        let (templates, errors) = take_templates(kind, &mut settings, &samples::common());
        assert_eq!(errors, []);
        assert!(templates.render("template", &samples::digest(), &samples::common()).is_some());
    }
}

#[test]
fn settings_that_cannot_work_are_errors_at_their_place() {
    for (kind, text, at, message) in [
        ("http", "url: ftp://x/", "ftp://x/", "this should be a URL that begins with http:// or https://"),
        (
            "http",
            "url: https://x/\nca_cert: /no/such",
            "/no/such",
            "/no/such: No such file or directory (os error 2)",
        ),
        (
            "http",
            "url: http://x/\ntimeout: soon",
            "soon",
            "this should be a duration such as `10s`, of at most a day",
        ),
        ("http", "url: http://x/\nheaders: {a b: c}", "c", "`a b` is not the name of a header"),
        ("file", "filename: ''", "''", "the path of the file is missing"),
        ("slack", "token: t", "t", "a token needs the key `channel` beside it"),
        ("slack", "channel: c", "c", "a channel needs the key `token` beside it"),
        ("syslog", "facility: kern", "kern", "unknown value `kern`"),
        ("syslog", "tag: 'a b'", "'a b'", "a tag is 1 to 32 visible characters, none of them : [ or ]"),
        (
            "email",
            "smtp: mail.example.org\nfrom: a@b\nto: a@b",
            "mail.example.org",
            "this should be smtp://host or smtps://host, with `user:password@` and `:port` if needed",
        ),
        ("email", "smtp: smtp://me@x\nfrom: a@b\nto: a@b", "smtp://me@x", "there is a user but no password"),
        #[cfg(feature = "kafka")]
        (
            "kafka",
            "brokers: x\ntopic: t\nproperties: {acks: '0'}",
            "'0'",
            "`acks` can't be set: delivering each alert once needs its value",
        ),
        #[cfg(feature = "kafka")]
        (
            "kafka",
            "brokers: x\ntopic: t\nproperties: {security.protocl: ssl}",
            "ssl",
            "No such configuration property: \"security.protocl\"",
        ),
    ] {
        let error = wrong(kind, text);
        let place = error.place.expect("a place").span;
        assert_eq!((&text[place.start..place.end], &*error.message), (at, message), "{kind}: {text}");
    }
}

async fn http(server: &Server, settings: &str, common: &Common) -> Box<dyn Output> {
    output(
        "http",
        &format!("url: http://u:pa55word@{}/hook/s3cret?k=v4lue\n{settings}", server.address),
        common,
    )
}

fn retries(result: &Result<Receipt, DeliveryError>) -> Option<Duration> {
    match result {
        Err(DeliveryError::Retry { after, .. }) => *after,
        other => panic!("not to be tried again: {other:?}"),
    }
}

#[tokio::test]
async fn http_posts_as_falco_does() {
    let server = Server::start(|_| ("200 OK", "", String::new())).await;
    let mut common = samples::common();
    for json in [false, true] {
        common.json_output = json;
        let mut output = http(&server, "headers: {X-Team: blue}", &common).await;
        let results = output.deliver(&[samples::single(), samples::summary()]).await;
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        let asked = server.asked();
        assert_eq!(asked.len(), 2);
        let header = |name: &str| asked[0].headers.get(name).map(String::as_str);
        assert_eq!(asked[0].line, "POST /hook/s3cret?k=v4lue HTTP/1.1");
        assert_eq!(header("idempotency-key"), Some("019a0000-0000-7000-8000-000000000001"));
        assert_eq!(header("x-team"), Some("blue"));
        assert_eq!(header("authorization"), Some("Basic dTpwYTU1d29yZA=="));
        let kind = if json { "application/json" } else { "text/plain; charset=utf-8" };
        assert_eq!(header("content-type"), Some(kind));
        insta::assert_snapshot!(format!("http_{}", if json { "json" } else { "text" }), asked[0].text());
    }
}

#[tokio::test]
async fn http_sends_what_its_template_says() {
    let server = Server::start(|_| ("200 OK", "", String::new())).await;
    let common = Common { batch: 10, ..samples::common() };
    for (template, kind, body) in [
        (
            "'{\"text\": \"%rule\", \"count\": {{ count }}}'",
            "application/json",
            "{\"text\": \"Terminal shell in container\", \"count\": 1}",
        ),
        ("'%rule'", "text/plain; charset=utf-8", "Terminal shell in container"),
    ] {
        let mut output = http(&server, &format!("template: {template}"), &common).await;
        assert!(output.deliver(&[samples::single(), samples::summary()]).await.iter().all(Result::is_ok));
        let asked = server.asked();
        assert_eq!((asked.len(), &*asked[0].headers["content-type"]), (2, kind));
        assert_eq!(String::from_utf8_lossy(&asked[0].body), body);
    }
}

#[tokio::test]
async fn http_sends_an_array_where_there_is_a_batch() {
    let server = Server::start(|_| ("202 Accepted", "", String::new())).await;
    let common = Common { batch: 10, ..samples::common() };
    let mut output = http(&server, "compress_uploads: true", &common).await;
    let batch = [samples::single(), samples::summary()];
    assert!(output.deliver(&batch).await.iter().all(Result::is_ok));
    assert!(output.deliver(&batch[..1]).await.iter().all(Result::is_ok));
    assert!(output.deliver(&[]).await.is_empty());
    let ids = server.asked().into_iter().map(|request| {
        let array: Vec<serde_json::Value> =
            serde_json::from_reader(flate2::read::GzDecoder::new(&*request.body)).unwrap();
        (
            request.headers["idempotency-key"].clone(),
            array.into_iter().map(|alert| alert["id"].clone()).collect(),
        )
    });
    let [first, second] = [&batch[0], &batch[1]].map(|notification| notification.id.to_string());
    let (both, hash): (Vec<serde_json::Value>, _) =
        (vec![first.clone().into(), second.into()], "8303958a707e4e081c66e1a82a0b83b1");
    let expected = [(format!("{first}-{hash}"), both.clone()), (first, both[..1].to_vec())];
    assert_eq!(ids.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn http_statuses_say_whether_to_try_again() {
    async fn result(status: &'static str, headers: &'static str) -> Result<Receipt, DeliveryError> {
        let server = Server::start(move |_| (status, headers, String::new())).await;
        http(&server, "", &samples::common()).await.deliver(&[samples::single()]).await.remove(0)
    }
    for status in ["200 OK", "201 Created", "204 No Content"] {
        assert_eq!(result(status, "").await, Ok(Receipt::default()), "{status}");
    }
    for status in ["302 Found", "401 x", "403 x", "404 x", "408 x", "425 x", "429 x", "500 x", "503 x"] {
        assert_eq!(retries(&result(status, "location: http://127.0.0.1:1/\r\n").await), None, "{status}");
    }
    for status in ["400 x", "406 x", "410 x", "413 x", "415 x", "422 x"] {
        let result = result(status, "").await;
        assert!(matches!(result, Err(DeliveryError::Refused { .. })), "{status}: {result:?}");
    }
    let waited = result("429 Too Many Requests", "retry-after: 17\r\n").await;
    assert_eq!(retries(&waited), Some(Duration::from_secs(17)));
}

#[tokio::test]
async fn what_is_away_is_tried_again() {
    let settings = [
        ("http", "url: http://127.0.0.1:1/"),
        ("slack", "webhook_url: http://127.0.0.1:1/"),
        ("email", "smtp: smtp://127.0.0.1:1\nfrom: a@b\nto: a@b"),
        ("syslog", "socket: /no/such/socket"),
        ("file", "filename: /no/such/file"),
        #[cfg(feature = "kafka")]
        ("kafka", "brokers: 127.0.0.1:1\ntopic: t\ntimeout: 200ms"),
    ];
    for (kind, text) in settings {
        let mut output = output(kind, text, &samples::common());
        let results = output.deliver(&[samples::correlated(), samples::digest()]).await;
        assert_eq!(results.len(), 2, "{kind}");
        assert_eq!(retries(&results[0]).or(retries(&results[1])), None, "{kind}");
        let error = output.check().await.expect_err(kind);
        assert!(error.to_string().len() > 20, "{kind}: {error}");
    }
}

const TOKEN: &str = "xoxb-1234-s3cret";

async fn slack(answer: fn() -> Answer) -> (Server, Result<Receipt, DeliveryError>) {
    let server = Server::start(move |_| answer()).await;
    let text = format!("token: {TOKEN}\nchannel: '#soc'\napi_url: http://{}/api/", server.address);
    let result = output("slack", &text, &samples::common()).deliver(&[samples::single()]).await.remove(0);
    (server, result)
}

#[tokio::test]
async fn slack_posts_to_its_channel() {
    let (server, result) =
        slack(|| ("200 OK", "", r#"{"ok":true,"channel":"C1","ts":"1762000000.000100"}"#.into())).await;
    assert_eq!(result, Ok(Receipt("C1:1762000000.000100".into())));
    let request = server.asked().remove(0);
    assert_eq!(request.line, "POST /api/chat.postMessage HTTP/1.1");
    assert_eq!(request.headers["authorization"], format!("Bearer {TOKEN}"));
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&request.body).unwrap()["channel"], "#soc");
}

/// What Slack is asked, as method, channel and message, where it answers so to `chat.update`, and the receipts.
async fn updates(
    batch: &[Notification],
    update: fn() -> &'static str,
) -> (Vec<(String, String, String)>, Vec<Receipt>) {
    let server = Server::start(move |request| {
        let posted = r#"{"ok":true,"channel":"C1","ts":"9.9"}"#;
        ("200 OK", "", if request.line.contains("chat.update") { update() } else { posted }.to_owned())
    })
    .await;
    let text = format!("token: {TOKEN}\nchannel: '#soc'\napi_url: http://{}/api", server.address);
    let results = output("slack", &text, &samples::common()).deliver(batch).await;
    let asked = server.asked().into_iter().map(|request| {
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
        (request.line.split('/').nth(2).unwrap().replace(" HTTP", ""), text("channel"), text("ts"))
    });
    (asked.collect(), results.into_iter().map(Result::unwrap).collect())
}

#[tokio::test]
async fn slack_changes_the_message_of_a_group() {
    let call = |method: &str, channel: &str, ts: &str| (method.to_owned(), channel.to_owned(), ts.to_owned());
    let told = |receipt: Option<&str>| {
        let mut update = samples::update();
        update.group.as_mut().unwrap().receipt = receipt.map(str::to_owned);
        update
    };
    let taken = || r#"{"ok":true,"channel":"C1","ts":"1.2"}"#;
    let (asked, receipts) = updates(&[told(Some("C1:1.2"))], taken).await;
    assert_eq!(asked, [call("chat.update", "C1", "1.2")]);
    assert_eq!(receipts, [Receipt("C1:1.2".into())]);

    // The first has just been sent with it.
    let (asked, _) = updates(&[samples::group(), told(None)], taken).await;
    assert_eq!(asked, [call("chat.postMessage", "#soc", ""), call("chat.update", "C1", "9.9")]);

    // Where the first isn't there (any more) it is a message of its own.
    let gone = || r#"{"ok":false,"error":"message_not_found"}"#;
    let (asked, receipts) = updates(&[told(Some("C1:1.2"))], gone).await;
    assert_eq!(asked, [call("chat.update", "C1", "1.2"), call("chat.postMessage", "#soc", "")]);
    assert_eq!(receipts, [Receipt("C1:9.9".into())]);
    let (asked, _) = updates(&[told(None)], gone).await;
    assert_eq!(asked, [call("chat.postMessage", "#soc", "")]);
}

#[tokio::test]
async fn slack_says_whether_to_try_again() {
    for answer in [
        || ("200 OK", "", r#"{"ok":false,"error":"channel_not_found"}"#.to_owned()),
        || ("200 OK", "", r#"{"ok":false,"error":"internal_error"}"#.to_owned()),
        || ("200 OK", "", "<html>".to_owned()),
        || ("502 Bad Gateway", "", "<html>".to_owned()),
    ] {
        assert_eq!(retries(&slack(answer).await.1), None);
    }
    let limited = || ("429 x", "retry-after: 3\r\n", r#"{"ok":false,"error":"ratelimited"}"#.to_owned());
    assert_eq!(retries(&slack(limited).await.1), Some(Duration::from_secs(3)));
    for answer in [
        || ("200 OK", "", r#"{"ok":false,"error":"invalid_blocks"}"#.to_owned()),
        || ("200 OK", "", r#"{"ok":false,"error":"msg_too_long"}"#.to_owned()),
    ] {
        let result = slack(answer).await.1;
        assert!(matches!(result, Err(DeliveryError::Refused { .. })), "{result:?}");
    }
}

#[tokio::test]
async fn slack_webhooks_say_it_in_words() {
    for (status, body, refused) in [
        ("400 x", "invalid_blocks", true),
        ("400 x", "invalid_token", false),
        ("403 x", "action_prohibited", false),
        ("410 x", "channel_is_archived", false),
    ] {
        let server = Server::start(move |_| (status, "", body.into())).await;
        let text = format!("webhook_url: http://{}/services/T0/B0/s3cret", server.address);
        let result = output("slack", &text, &samples::common()).deliver(&[samples::single()]).await.remove(0);
        assert_eq!(matches!(result, Err(DeliveryError::Refused { .. })), refused, "{body}: {result:?}");
    }
}

#[tokio::test]
async fn mail_servers_say_whether_to_try_again() {
    async fn result(rcpt: &'static str) -> Result<Receipt, DeliveryError> {
        let text =
            format!("smtp: smtp://{}\nfrom: a@example.org\nto: b@example.org", server::smtp(rcpt).await);
        output("email", &text, &samples::common()).deliver(&[samples::single()]).await.remove(0)
    }
    assert_eq!(result("250 yes").await, Ok(Receipt(format!("<{}@example.org>", samples::single().id))));
    for later in ["421 closing", "450 busy", "451 greylisted", "530 login first", "535 who are you"] {
        assert_eq!(retries(&result(later).await), None, "{later}");
    }
    for never in ["550 nobody here", "552 too much", "554 looks bad"] {
        let result = result(never).await;
        assert!(matches!(result, Err(DeliveryError::Refused { .. })), "{never}: {result:?}");
    }
}

#[tokio::test]
async fn errors_hold_no_secret() {
    for status in ["400 Bad Request", "500 Internal Server Error"] {
        let server = Server::start(move |request| (status, "", request.quoted())).await;
        let address = &server.address;
        let settings = [
            (
                "http",
                format!("url: http://u:pa55word@{address}/hook/s3cret?k=v4lue\nheaders: {{A: Bearer t0ken}}"),
            ),
            ("slack", format!("webhook_url: http://{address}/services/T0/B0/s3cret")),
            ("slack", format!("token: {TOKEN}\nchannel: c\napi_url: http://{address}/")),
        ];
        for (kind, text) in settings {
            let result =
                output(kind, &text, &samples::common()).deliver(&[samples::single()]).await.remove(0);
            let error = format!("{result:?}");
            for secret in ["pa55word", "s3cret", "v4lue", "t0ken", "dTpwYTU1d29yZA"] {
                assert!(!error.contains(secret), "{kind} says {secret}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn answers_are_bounded() {
    let server = Server::start(|_| ("400 x", "", "a\n".repeat(1_000_000))).await;
    let result = http(&server, "", &samples::common()).await.deliver(&[samples::single()]).await.remove(0);
    let error = result.expect_err("400").to_string();
    assert!(error.len() < 400 && !error.contains('\n'), "{error}");
}
