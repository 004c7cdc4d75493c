//! Each real part, started, used and stopped, so that a test that fails because of one is told from a test that
//! fails because of Lanner.

use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use lanner_integration_tests::client::{Response, post};
use lanner_integration_tests::collector::Collector;
use lanner_integration_tests::docker::{self, Docker};
use lanner_integration_tests::kafka::{self, Kafka};
use lanner_integration_tests::mailpit::{self, Mailpit};
use lanner_integration_tests::need::can_run;
use lanner_integration_tests::rsyslog::{self, Rsyslog};
use lanner_integration_tests::slack::{self, Slack, Via};
use lanner_integration_tests::wait_for;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use rdkafka::config::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::{Value, json};

#[test]
fn docker_runs_commands_in_containers() {
    if !can_run(&[docker::NEED]) {
        return;
    }
    let docker = Docker::start();
    docker.start_container("part", &[]);
    assert_eq!(docker.run(&["exec", "part", "echo", "hello"]), "hello");
    assert_eq!(docker.run(&["inspect", "-f", "{{.Config.Image}}", "part"]), docker::IMAGE);
    docker.run(&["rm", "-f", "part"]);
    assert_eq!(docker.run(&["ps", "-aq"]), "");
    let socket = docker.socket();
    drop(docker);
    assert!(!socket.parent().expect("a folder").exists(), "it leaves nothing behind");
}

#[test]
fn mailpit_wants_tls_and_a_login() {
    if !can_run(&[mailpit::NEED]) {
        return;
    }
    let mailpit = Mailpit::start();
    let pem = std::fs::read(mailpit.certificate()).expect("the certificate is there");
    let certificate = Certificate::from_pem(&pem).expect("it is one");
    let tls = TlsParameters::builder("127.0.0.1".to_owned()).add_root_certificate(certificate).build();
    let tls = Tls::Required(tls.expect("it can be used"));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let send = |tls: Tls, password: &str| {
        let mail = Message::builder()
            .from("lanner@example.org".parse().expect("an address"))
            .to("soc@example.org".parse().expect("an address"))
            .subject("a part")
            .body("of the tests".to_owned())
            .expect("a mail");
        let login = Credentials::new(mailpit::USER.to_owned(), password.to_owned());
        let server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1");
        let server = server.port(mailpit.port()).tls(tls).credentials(login);
        // The connection belongs to the runtime: it is made and dropped there.
        runtime.block_on(async { server.build().send(mail).await.is_ok() })
    };
    assert!(!send(Tls::None, mailpit::PASSWORD));
    assert!(!send(tls.clone(), "a wrong one"));
    assert!(send(tls, mailpit::PASSWORD));
    let mails = mailpit.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!((mails[0].subject.as_str(), mails[0].text.trim()), ("a part", "of the tests"));
}

#[test]
fn rsyslog_takes_messages_from_its_socket() {
    if !can_run(&[rsyslog::NEED]) {
        return;
    }
    let rsyslog = Rsyslog::start();
    let socket = UnixDatagram::unbound().expect("a socket");
    socket.send_to(b"<131>Nov 24 10:00:00 lanner[7]: hello", rsyslog.socket()).expect("it listens");
    let first = || rsyslog.messages().into_iter().next();
    let message = wait_for("the message", first, String::new);
    // 131 is local0 (16 * 8) and an error (3).
    assert_eq!((&message["syslogfacility"], &message["syslogseverity"]), (&json!("16"), &json!("3")));
    assert_eq!((&message["programname"], &message["msg"]), (&json!("lanner"), &json!(" hello")));
}

#[test]
fn kafka_keeps_its_records_over_a_kill() {
    if !can_run(&[kafka::NEED]) {
        return;
    }
    let mut kafka = Kafka::start();
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", kafka.broker())
        .set("acks", "all")
        .set("reconnect.backoff.max.ms", "200")
        .create()
        .expect("a producer can be made");
    let produce = |value: &str| {
        let headers = OwnedHeaders::new().insert(Header { key: "id", value: Some("an id") });
        let record = BaseRecord::to("part").key("a key").headers(headers).payload(value);
        producer.send(record).expect("there is room");
        producer.flush(Duration::from_secs(60)).expect("it is taken");
    };
    produce("before");
    let record = kafka.records("part").remove(0);
    assert_eq!((record.id.as_str(), record.key.as_str()), ("an id", "a key"));
    kafka.kill();
    assert!(TcpStream::connect(kafka.broker()).is_err(), "nobody answers");
    kafka.resume();
    produce("after");
    let records = kafka.records("part");
    assert_eq!(records.iter().map(|record| record.value.as_str()).collect::<Vec<_>>(), ["before", "after"]);
}

#[test]
fn the_collector_keeps_what_is_posted_and_withholds_answers() {
    let collector = Collector::start();
    let post = |body: &str| post(collector.port(), "/alerts", "Idempotency-Key: 7\r\n", body);
    assert_eq!(post("one").map(|answer| answer.status), Some(200));
    std::thread::scope(|scope| {
        collector.withhold("two");
        assert_eq!(post("meanwhile").map(|answer| answer.status), Some(200));
        let second = scope.spawn(|| post("two"));
        let unanswered = || (!collector.unanswered().is_empty()).then_some(());
        wait_for("the request", unanswered, String::new);
        assert!(!second.is_finished());
        collector.release();
        assert_eq!(second.join().expect("no panic").map(|answer| answer.status), Some(200));
    });
    let requests = collector.requests();
    let bodies: Vec<&[u8]> = requests.iter().map(|request| request.body.as_slice()).collect();
    assert_eq!(bodies, [b"one".as_slice(), b"meanwhile", b"two"]);
    assert_eq!(requests[0].header("idempotency-key"), Some("7"));
}

fn authorization() -> String {
    format!("Authorization: Bearer {}\r\n", slack::TOKEN)
}

#[test]
fn slack_answers_as_slack_does() {
    let mut slack = Slack::start();
    let port = slack.port();
    let message = json!({"channel": "#soc", "text": "hello"}).to_string();
    let hook = || post(port, slack::WEBHOOK, "", &message);
    let said = |answer: Option<Response>| answer.map(|answer| (answer.status, answer.body));
    let api = |headers: &str, body: &str| {
        let (_, body) = said(post(port, slack::POST_MESSAGE, headers, body)).expect("an answer");
        serde_json::from_str::<Value>(&body).expect("JSON")
    };
    assert_eq!(said(hook()), Some((200, "ok".to_owned())));
    assert_eq!(api(&authorization(), &message)["ok"], true);
    assert_eq!(api("", &message)["error"], "invalid_auth");
    assert_eq!(api(&authorization(), &json!({"text": "a"}).to_string())["error"], "channel_not_found");
    assert_eq!(said(post(port, "/services/wrong", "", &message)).map(|(status, _)| status), Some(404));
    slack.fail_next(&[(429, Some(3)), (503, None)]);
    let busy = hook().expect("an answer");
    assert!(busy.status == 429 && busy.headers.contains("Retry-After: 3"), "{busy:?}");
    assert_eq!(hook().map(|answer| answer.status), Some(503));
    slack.stop();
    assert!(hook().is_none(), "nobody answers");
    slack.resume();
    assert_eq!(hook().map(|answer| answer.status), Some(200));
    assert_eq!((slack.messages(Via::Webhook).len(), slack.messages(Via::PostMessage).len()), (2, 1));
}

#[test]
fn slack_refuses_what_block_kit_does_not_allow() {
    let slack = Slack::start();
    let words = |count: usize| "w".repeat(count);
    let header = |text: String| json!({"type": "header", "text": {"type": "plain_text", "text": text}});
    let mrkdwn = |text: String| json!({"type": "mrkdwn", "text": text});
    let section = |text: String| json!({"type": "section", "text": mrkdwn(text)});
    let fields = |fields: Vec<Value>| json!({"type": "section", "fields": fields});
    let context = |elements: Vec<Value>| json!({"type": "context", "elements": elements});
    // What is just allowed, and what isn't any more.
    let pairs = [
        (vec![header(words(150))], vec![header(words(151))]),
        (vec![section(words(3000))], vec![section(words(3001))]),
        (vec![fields(vec![mrkdwn(words(2000)); 10])], vec![fields(vec![mrkdwn(words(1)); 11])]),
        (vec![context(vec![mrkdwn(words(1)); 10])], vec![context(vec![mrkdwn(words(1)); 11])]),
        (vec![json!({"type": "divider"}); 50], vec![json!({"type": "divider"}); 51]),
        (vec![fields(vec![mrkdwn(words(1))])], vec![fields(vec![mrkdwn(words(2001))])]),
        (vec![section(words(1))], vec![section(words(0))]),
        (vec![header(words(1))], vec![json!({"type": "header", "text": mrkdwn(words(1))})]),
        (vec![], vec![json!({"type": "unheard_of"})]),
        (vec![], vec![json!({"type": "section"})]),
    ];
    let status = |body: Value| post(slack.port(), slack::WEBHOOK, "", &body.to_string()).map(|a| a.status);
    for (allowed, refused) in pairs {
        assert_eq!(status(json!({"text": "a", "blocks": allowed})), Some(200), "{allowed:?}");
        assert_eq!(status(json!({"text": "a", "blocks": refused})), Some(400), "{refused:?}");
    }
    assert_eq!(status(json!({"blocks": []})), Some(400), "a text for notifications is missing");
}
