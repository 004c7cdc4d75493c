//! Slack: a message per alert in a channel, by an incoming webhook or as a bot.

use futures_util::future::{BoxFuture, FutureExt};
use lanner_alert::Notification;
use lanner_diagnostic::Node;
use lanner_router::{DeliveryError, Output, Receipt};
use reqwest::{Client, RequestBuilder, Url};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::secret::Secret;
use crate::settings::{Period, wrong};
use crate::{Common, Made, Medium, OutputSpec, Slot, web};

mod blocks;

/// A text in which nothing is a link, a mention, or the end of a code span.
pub fn escape(text: &str) -> String {
    blocks::escape(&text.replace('`', "ˋ"), usize::MAX)
}

/// Slack.
pub const SPEC: OutputSpec = OutputSpec {
    name: "slack",
    summary: "A message per alert in a Slack channel, by a bot's token or an incoming webhook.",
    example: "name: soc\ntype: slack\ntoken: ${SLACK_BOT_TOKEN}\nchannel: \"#soc\"\nmin_priority: warning\n",
    redact: true,
    templates: &[
        Slot { key: "title", medium: Some(Medium::Plain), doc: "A template of the message's heading." },
        Slot {
            key: "template",
            medium: Some(Medium::Slack),
            doc: "A template of the message below its heading, with Slack's formatting (mrkdwn).",
        },
    ],
    schema: || schemars::schema_for!(Settings),
    build,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// A bot's token with the scope `chat:write`. Needs `channel`. What becomes of a group is then one message that
    /// changes; a webhook can only post another.
    #[serde(default)]
    token: Option<Secret>,
    /// The channel, by id or by name.
    #[serde(default)]
    channel: Option<String>,
    /// The URL of an incoming webhook, in place of token and channel.
    #[serde(default)]
    webhook_url: Option<Secret>,
    /// Where Slack's API is.
    #[serde(default = "api_url")]
    api_url: String,
    /// How long to wait for an answer.
    #[serde(default = "timeout")]
    timeout: Period,
}

fn api_url() -> String {
    "https://slack.com/api/".to_owned()
}

fn timeout() -> Period {
    Period(web::TIMEOUT)
}

fn build(node: &Node, common: &Common) -> Made {
    let settings: Settings = node.read()?;
    let url = |key, text: &str| {
        let url = text.parse::<Url>().ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        url.ok_or_else(|| wrong(node, key, "this should be a URL that begins with https://"))
    };
    let way = match (settings.token, settings.channel, settings.webhook_url) {
        (Some(token), Some(channel), None) => {
            let base = settings.api_url.trim_end_matches('/');
            let method = |name: &str| url("api_url", &format!("{base}/{name}"));
            let (post, update) = (method("chat.postMessage")?, method("chat.update")?);
            Way::Bot(Box::new(Bot { post, update, test: method("auth.test")?, token, channel }))
        }
        (None, None, Some(webhook)) => Way::Webhook(Box::new(url("webhook_url", webhook.expose())?)),
        (Some(_), None, _) => return Err(wrong(node, "token", "a token needs the key `channel` beside it")),
        (Some(_), _, Some(_)) => {
            return Err(wrong(node, "webhook_url", "either `token` or `webhook_url`, not both"));
        }
        (None, Some(_), _) => {
            return Err(wrong(node, "channel", "a channel needs the key `token` beside it"));
        }
        (None, None, None) => return Err(wrong(node, "", "one of `token` and `webhook_url` is missing")),
    };
    let client = web::client(settings.timeout.0)
        .build()
        .map_err(|error| wrong(node, "", web::causes(&error.without_url())))?;
    let receiver = match &way {
        Way::Webhook(url) => web::Receiver::new(url),
        Way::Bot(bot) => {
            let host = web::Receiver::new(&bot.post).host;
            web::Receiver { host, secrets: vec![bot.token.clone()] }
        }
    };
    Ok(Box::new(Slack { way, client, receiver, common: common.clone() }))
}

enum Way {
    Webhook(Box<Url>),
    Bot(Box<Bot>),
}

/// A bot's token and channel, and the methods that it calls.
struct Bot {
    post: Url,
    update: Url,
    test: Url,
    token: Secret,
    channel: String,
}

struct Slack {
    way: Way,
    client: Client,
    receiver: web::Receiver,
    common: Common,
}

/// What `chat.postMessage`, `chat.update` and `auth.test` answer.
#[derive(Deserialize)]
struct Said {
    ok: bool,
    #[serde(default)]
    error: String,
    /// The channel's id, by which alone a message can be changed.
    #[serde(default)]
    channel: String,
    #[serde(default)]
    ts: String,
}

/// The errors by which Slack says that a message is there no more, or can't be changed any more.
const UNCHANGEABLE_ERRORS: &[&str] =
    &["cant_update_message", "channel_not_found", "edit_window_closed", "message_not_found"];

/// The errors by which Slack judges a message's content. All others, such as `channel_not_found` or
/// `invalid_auth`, are for the operator to set right, and meanwhile nothing must be lost.
const CONTENT_ERRORS: &[&str] = &[
    "attachment_payload_limit_exceeded",
    "invalid_blocks",
    "invalid_blocks_format",
    "invalid_json",
    "invalid_payload",
    "json_not_object",
    "markdown_text_conflict",
    "msg_blocks_too_long",
    "msg_too_long",
    "no_text",
    "too_many_attachments",
];

impl Slack {
    /// Posts a message, or changes the one that was `sent` of the same group.
    async fn post(&self, notification: &Notification, sent: Option<&str>) -> Result<Receipt, DeliveryError> {
        let mut message = blocks::message(notification, &self.common);
        match &self.way {
            Way::Webhook(url) => {
                let answer = self.receiver.send(self.client.post(Url::clone(url)).json(&message)).await?;
                // A webhook says its error in words, with a status that tells little.
                if !answer.status.is_success() && CONTENT_ERRORS.contains(&answer.body.trim()) {
                    return Err(self.receiver.refused(answer.body.trim()));
                }
                match self.receiver.judge(&answer) {
                    Err(DeliveryError::Refused { cause }) => Err(DeliveryError::Retry { after: None, cause }),
                    judged => judged.map(|()| Receipt::default()),
                }
            }
            Way::Bot(bot) => {
                let Bot { post, update, token, channel, .. } = &**bot;
                let send = async |url: &Url, message: &Value| {
                    self.ask(self.client.post(url.clone()).bearer_auth(token.expose()).json(message)).await
                };
                if let Some((channel, ts)) = sent.and_then(|receipt| receipt.split_once(':')) {
                    (message["channel"], message["ts"]) = (channel.into(), ts.into());
                    let said = send(update, &message).await?;
                    if said.ok || !UNCHANGEABLE_ERRORS.contains(&&*said.error) {
                        return self.judge(said);
                    }
                    message["ts"].take();
                }
                message["channel"] = channel.as_str().into();
                self.judge(send(post, &message).await?)
            }
        }
    }

    /// Calls a method of the API, which may take it or not.
    async fn ask(&self, request: RequestBuilder) -> Result<Said, DeliveryError> {
        let answer = self.receiver.send(request).await?;
        match serde_json::from_str(&answer.body) {
            Ok(Said { ok: false, error, .. }) if answer.retry_after.is_some() => {
                Err(self.receiver.retry(answer.retry_after, &web::quote(&error)))
            }
            Ok(said) => Ok(said),
            Err(_) => {
                self.receiver.judge(&answer)?;
                Err(self.receiver.retry(None, &format!("not Slack's answer: {}", web::quote(&answer.body))))
            }
        }
    }

    /// What it said, as a receipt: the channel's id and the message's `ts`.
    fn judge(&self, said: Said) -> Result<Receipt, DeliveryError> {
        match said {
            Said { ok: true, ts, .. } if ts.is_empty() => Ok(Receipt::default()),
            Said { ok: true, channel, ts, .. } => Ok(Receipt(format!("{channel}:{ts}"))),
            Said { error, .. } if CONTENT_ERRORS.contains(&&*error) => Err(self.receiver.refused(&error)),
            Said { error, .. } => Err(self.receiver.retry(None, &web::quote(&error))),
        }
    }
}

/// What Slack said of the first notification of a group: before, or of one earlier in this batch.
fn first_of_group<'a>(
    notification: &'a Notification,
    earlier: &'a [Notification],
    results: &'a [Result<Receipt, DeliveryError>],
) -> Option<&'a str> {
    let group = notification.group.as_ref().filter(|group| group.update > 0)?;
    let mut sent = earlier.iter().zip(results).filter(|(earlier, _)| earlier.id == group.id);
    let sent = sent.find_map(|(_, result)| result.as_ref().ok()).map(|receipt| &*receipt.0);
    sent.or(group.receipt.as_deref())
}

impl Output for Slack {
    fn deliver<'a>(
        &'a mut self,
        batch: &'a [Notification],
    ) -> BoxFuture<'a, Vec<Result<Receipt, DeliveryError>>> {
        async move {
            let mut results = Vec::with_capacity(batch.len());
            for (at, notification) in batch.iter().enumerate() {
                let sent = first_of_group(notification, &batch[..at], &results);
                let result = self.post(notification, sent).await;
                results.push(result);
            }
            results
        }
        .boxed()
    }

    fn check(&mut self) -> BoxFuture<'_, Result<(), DeliveryError>> {
        async {
            match &self.way {
                // A webhook can only post: that it answers is all that can be known.
                Way::Webhook(url) => self.receiver.send(self.client.head(Url::clone(url))).await.map(|_| ()),
                Way::Bot(bot) => {
                    let Bot { test, token, .. } = &**bot;
                    let said = self.ask(self.client.post(test.clone()).bearer_auth(token.expose())).await?;
                    self.judge(said).map(|_| ())
                }
            }
        }
        .boxed()
    }
}
