//! A notification as Slack's Block Kit.
//!
//! What an attacker chose stands only in `plain_text` objects, which Slack shows as they are, or in code
//! spans from which nothing can break out. Slack's own limits are kept, since it refuses the whole message
//! where one is passed: <https://docs.slack.dev/reference/block-kit/blocks>.

use lanner_alert::{Alert, CAUSES_MAX, Notification, Priority, printable, truncate};
use serde_json::{Value, json};

use crate::{Common, render};

/// The most characters of a header's text. What Lanner cuts, it cuts by bytes, which are never fewer.
const HEADER_MAX: usize = 150;
/// The most characters of a section's text.
const SECTION_MAX: usize = 3000;
/// The most characters of a field's text.
const FIELD_MAX: usize = 2000;
/// The most fields of a section.
const FIELDS_MAX: usize = 10;
/// The most characters of a value that shares its line with another.
const SHORT_VALUE_MAX: usize = 60;
/// The most characters of one of the alerts that an alert was made of: all that are shown have room in a section.
const CAUSE_MAX: usize = SECTION_MAX / (CAUSES_MAX + 2) - 1;
/// The most alerts of a digest that are shown, so that there are no more than 50 blocks.
const ALERTS_MAX: usize = 20;
/// The most sections of a template's text.
const SECTIONS_MAX: usize = 40;
/// The most characters of an alert in a digest.
const DIGEST_ALERT_MAX: usize = 500;

/// The body of `chat.postMessage` without its channel, which is also that of a webhook.
pub fn message(notification: &Notification, common: &Common) -> Value {
    let own = common.templates.render("title", notification, common);
    let title =
        own.unwrap_or_else(|| format!("{} {}", symbol(notification.priority), render::title(notification)));
    let mut blocks = vec![json!({ "type": "header", "text": plain(&title, HEADER_MAX) })];
    let said = match render::single(notification) {
        Some(alert) => alert.output.clone(),
        None => render::sentence(notification, &common.zone),
    };
    match common.templates.render("template", notification, common) {
        Some(own) => blocks.extend(sections(&own)),
        None => blocks.extend(built_in(notification, &said, common)),
    }
    blocks.push(context(notification, common));
    json!({
        // What a notification on a phone shows.
        "text": escape(&format!("{title}: {}", printable(&said)), SECTION_MAX),
        "mrkdwn": false,
        "unfurl_links": false,
        "unfurl_media": false,
        "blocks": blocks,
    })
}

fn built_in(notification: &Notification, said: &str, common: &Common) -> Vec<Value> {
    let mut blocks = vec![section(said)];
    match render::single(notification) {
        Some(alert) => {
            blocks.extend(fact_blocks(alert));
            let causes = render::causes(alert, &common.zone, CAUSE_MAX);
            blocks.extend(
                (!causes.is_empty()).then(|| json!({ "type": "section", "text": plain_lines(&causes) })),
            );
        }
        None => {
            blocks.push(mrkdwn_section(&rules(notification)));
            blocks.extend(top(notification));
            blocks.extend(notification.alerts.iter().take(ALERTS_MAX).map(|alert| digest_block(alert)));
        }
    }
    blocks
}

/// A text with Slack's formatting, cut between lines where it is too long for one section, and where it is too long
/// for a message.
fn sections(text: &str) -> Vec<Value> {
    let mut parts = vec![String::new()];
    for line in text.split_inclusive('\n') {
        // An entity or a code span may be cut only where a line alone is longer than a section.
        let line = truncate(line, SECTION_MAX);
        match parts.last_mut() {
            Some(part) if part.len() + line.len() <= SECTION_MAX => part.push_str(&line),
            _ => parts.push(line.into_owned()),
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts.truncate(SECTIONS_MAX);
    parts.iter().map(|part| mrkdwn_section(part)).collect()
}

fn fact_blocks(alert: &Alert) -> Vec<Value> {
    let (short, long): (Vec<_>, Vec<_>) =
        render::facts(alert).into_iter().partition(|(_, value)| value.len() <= SHORT_VALUE_MAX);
    let fields: Vec<_> = short.iter().map(|(label, value)| mrkdwn(&fact(label, value, FIELD_MAX))).collect();
    let mut blocks: Vec<_> =
        fields.chunks(FIELDS_MAX).map(|fields| json!({ "type": "section", "fields": fields })).collect();
    blocks.extend(long.iter().map(|(label, value)| mrkdwn_section(&fact(label, value, SECTION_MAX))));
    blocks
}

fn fact(label: &str, value: &str, max: usize) -> String {
    let label = format!("*{label}*\n");
    let room = max - label.len() - 2;
    format!("{label}`{}`", escape(&value.replace('`', "ˋ"), room))
}

fn rules(notification: &Notification) -> String {
    let ranked = render::ranked(&notification.tally);
    let mut text = String::new();
    for (rule, count) in ranked.iter().take(render::RULES_LISTED_MAX) {
        let rule = escape(&printable(rule).replace('`', "ˋ"), 100);
        let new = if count.new { " *new*" } else { "" };
        text.push_str(&format!("{} *{}* × `{rule}`{new}\n", symbol(count.priority), count.count));
    }
    if ranked.len() > render::RULES_LISTED_MAX {
        text.push_str(&format!("and {} more rules\n", ranked.len() - render::RULES_LISTED_MAX));
    }
    text
}

/// Where most of it happened.
fn top(notification: &Notification) -> Option<Value> {
    let field = |(_, word, values): (_, &str, Vec<String>)| {
        mrkdwn(&fact(&format!("By {word}"), &values.join(", "), FIELD_MAX))
    };
    let fields: Vec<_> = render::top(&notification.tally).into_iter().map(field).collect();
    (!fields.is_empty()).then(|| json!({ "type": "section", "fields": fields }))
}

fn digest_block(alert: &Alert) -> Value {
    let text = format!("{} {}: {}", symbol(alert.priority), printable(&alert.rule), printable(&alert.output));
    json!({ "type": "section", "text": plain(&text, DIGEST_ALERT_MAX) })
}

fn context(notification: &Notification, common: &Common) -> Value {
    let (host, time, tags) = match render::single(notification) {
        Some(alert) => (&alert.hostname, alert.time, alert.tags.join(", ")),
        None => (&common.hostname, notification.time, String::new()),
    };
    let mut parts = vec![render::moment(time, &common.zone), host.to_string(), tags];
    parts.retain(|part| !part.is_empty());
    parts.push(format!("id {}", notification.id));
    json!({ "type": "context", "elements": [plain(&parts.join(" · "), FIELD_MAX)] })
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": plain(text, SECTION_MAX) })
}

fn mrkdwn_section(text: &str) -> Value {
    json!({ "type": "section", "text": mrkdwn(text) })
}

/// A text that Slack shows as it is.
fn plain(text: &str, max: usize) -> Value {
    json!({ "type": "plain_text", "text": truncate(&printable(text), max), "emoji": false })
}

/// Lines, in which nothing but their ends breaks one, as Slack shows them.
fn plain_lines(lines: &[String]) -> Value {
    json!({ "type": "plain_text", "text": truncate(&lines.join("\n"), SECTION_MAX), "emoji": false })
}

/// A text with Slack's formatting. `verbatim` keeps Slack from making links and mentions of what looks like
/// some.
fn mrkdwn(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text, "verbatim": true })
}

/// The text with the three characters that Slack's control sequences begin with written as entities
/// (<https://docs.slack.dev/messaging/formatting-message-text#escaping>), cut to `max` bytes between
/// entities.
pub fn escape(text: &str, max: usize) -> String {
    const ELLIPSIS: &str = "…";
    let mut out = String::with_capacity(text.len().min(max));
    for (at, c) in text.char_indices() {
        let mut buffer = [0; 4];
        let piece = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            c => c.encode_utf8(&mut buffer),
        };
        let last = at + c.len_utf8() == text.len();
        if out.len() + piece.len() + if last { 0 } else { ELLIPSIS.len() } > max {
            out.push_str(ELLIPSIS);
            break;
        }
        out.push_str(piece);
    }
    out
}

fn symbol(priority: Priority) -> &'static str {
    match priority {
        Priority::Emergency | Priority::Alert => "🚨",
        Priority::Critical => "🔴",
        Priority::Error => "🟠",
        Priority::Warning => "🟡",
        Priority::Notice => "🔵",
        Priority::Informational => "🟢",
        Priority::Debug => "⚪",
    }
}

#[cfg(test)]
mod tests {
    use lanner_diagnostic::{SourceId, SourceText, parse};

    use super::*;
    use crate::slack::SPEC;
    use crate::{Templates, samples};

    #[test]
    fn alert() {
        insta::assert_json_snapshot!(message(&samples::single(), &samples::common()));
    }

    #[test]
    fn correlated() {
        let message = message(&samples::correlated(), &samples::common());
        insta::assert_json_snapshot!(message["blocks"].as_array().unwrap().iter().rev().nth(1));
    }

    #[test]
    fn digest() {
        insta::assert_json_snapshot!(message(&samples::digest(), &samples::common()));
    }

    #[test]
    fn update_of_a_group() {
        insta::assert_json_snapshot!(message(&samples::update(), &samples::common()));
    }

    #[test]
    fn own_texts() {
        let yaml = "title: \"%priority <x>\"\ntemplate: \"*%rule*\\n`%proc.cmdline`\"";
        let mut node = parse(&SourceText::new("test", yaml), SourceId(0)).unwrap().remove(0);
        let (templates, errors) = Templates::take(SPEC.templates, &mut node, &samples::common());
        assert_eq!(errors, []);
        let message = message(&samples::single(), &Common { templates, ..samples::common() });
        let blocks = message["blocks"].as_array().unwrap();
        assert_eq!((blocks.len(), &blocks[0]["text"]["text"]), (3, &json!("Warning <x>")));
        let text = "*Terminal shell in container*\n`sh -c echo &lt;b&gt;hi&lt;/b&gt; &amp; ˋidˋ *x* &lt;!here&gt; \
                    https://evil.example`";
        assert_eq!(blocks[1]["text"], mrkdwn(text));
        let long = format!("{}\n", "x".repeat(1000)).repeat(1000) + &"é".repeat(10_000);
        let sections = sections(&long);
        let length = |block: &Value| block["text"]["text"].as_str().unwrap().len();
        assert!(sections.len() == SECTIONS_MAX && sections.iter().all(|block| length(block) <= SECTION_MAX));
    }

    #[test]
    fn limits_hold_for_the_longest_of_alerts() {
        let mut alert = samples::alert();
        alert.rule = "é".repeat(500).into();
        alert.output = "&".repeat(100_000);
        for value in alert.output_fields.values_mut() {
            *value = lanner_alert::Value::from("`&<".repeat(10_000));
        }
        alert.tags = vec!["t".repeat(300); 50];
        let mut digest = samples::digest();
        digest.alerts = vec![alert.clone().into(); 100];
        let rule = digest.tally.rules.values().next().cloned().unwrap();
        digest.tally.rules =
            (0..1000).map(|n| (format!("{n}{}", "&".repeat(300)).into(), rule.clone())).collect();
        for notification in [Notification::of(alert.into(), samples::TIME), digest] {
            let message = message(&notification, &samples::common());
            let blocks = message["blocks"].as_array().unwrap();
            assert!(blocks.len() <= 50, "{} blocks", blocks.len());
            let within = |text: &Value, max| {
                let size = text["text"].as_str().unwrap().chars().count();
                assert!((1..=max).contains(&size), "{size} characters: {text}");
            };
            for block in blocks {
                match block["type"].as_str().unwrap() {
                    "header" => within(&block["text"], 150),
                    "context" => within(&block["elements"][0], 2000),
                    _ => match block["fields"].as_array() {
                        Some(fields) => fields.iter().for_each(|field| within(field, 2000)),
                        None => within(&block["text"], 3000),
                    },
                }
            }
            assert!(message["text"].as_str().unwrap().len() <= 4000);
        }
    }

    #[test]
    fn entities_stay_whole() {
        assert_eq!(escape("<!here> & you", 100), "&lt;!here&gt; &amp; you");
        assert_eq!(escape("a<b", 6), "a…");
        assert_eq!(escape("a<bcd", 7), "a…");
        assert_eq!(escape("a<bcd", 8), "a&lt;…");
    }
}
