//! Slack: a message per alert in a channel, by an incoming webhook or as a bot.

use futures_util::future::{BoxFuture, FutureExt};
use lanner_alert::Notification;
use lanner_diagnostic::Node;
use lanner_router::{DeliveryError, Output, Receipt};
use reqwest::{Client, RequestBuilder, Url};
use schemars::JsonSchema;
use serde::Deserialize;

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
    /// A bot's token with the scope `chat:write`. Needs `channel`.
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
            let post = url("api_url", &format!("{base}/chat.postMessage"))?;
            Way::Bot { test: url("api_url", &format!("{base}/auth.test"))?, post, token, channel }
        }
        (None, None, Some(webhook)) => Way::Webhook(url("webhook_url", webhook.expose())?),
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
        Way::Bot { post, token, .. } => {
            let host = web::Receiver::new(post).host;
            web::Receiver { host, secrets: vec![token.clone()] }
        }
    };
    Ok(Box::new(Slack { way, client, receiver, common: common.clone() }))
}

enum Way {
    Webhook(Url),
    Bot { post: Url, test: Url, token: Secret, channel: String },
}

struct Slack {
    way: Way,
    client: Client,
    receiver: web::Receiver,
    common: Common,
}

/// What `chat.postMessage` and `auth.test` answer.
#[derive(Deserialize)]
struct Said {
    ok: bool,
    #[serde(default)]
    error: String,
    #[serde(default)]
    ts: String,
}

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
    async fn post(&self, notification: &Notification) -> Result<Receipt, DeliveryError> {
        let mut message = blocks::message(notification, &self.common);
        match &self.way {
            Way::Webhook(url) => {
                let answer = self.receiver.send(self.client.post(url.clone()).json(&message)).await?;
                // A webhook says its error in words, with a status that tells little.
                if !answer.status.is_success() && CONTENT_ERRORS.contains(&answer.body.trim()) {
                    return Err(self.receiver.refused(answer.body.trim()));
                }
                match self.receiver.judge(&answer) {
                    Err(DeliveryError::Refused { cause }) => Err(DeliveryError::Retry { after: None, cause }),
                    judged => judged.map(|()| Receipt::default()),
                }
            }
            Way::Bot { post, token, channel, .. } => {
                message["channel"] = channel.as_str().into();
                let request = self.client.post(post.clone()).bearer_auth(token.expose()).json(&message);
                self.ask(request).await.map(Receipt)
            }
        }
    }

    /// Calls a method of the API: the `ts` that it answers.
    async fn ask(&self, request: RequestBuilder) -> Result<String, DeliveryError> {
        let answer = self.receiver.send(request).await?;
        let said: Said = match serde_json::from_str(&answer.body) {
            Ok(said) => said,
            Err(_) => {
                self.receiver.judge(&answer)?;
                return Err(self
                    .receiver
                    .retry(None, &format!("not Slack's answer: {}", web::quote(&answer.body))));
            }
        };
        match said {
            Said { ok: true, ts, .. } => Ok(ts),
            Said { error, .. } if CONTENT_ERRORS.contains(&&*error) => Err(self.receiver.refused(&error)),
            Said { error, .. } => Err(self.receiver.retry(answer.retry_after, &web::quote(&error))),
        }
    }
}

impl Output for Slack {
    fn deliver<'a>(
        &'a mut self,
        batch: &'a [Notification],
    ) -> BoxFuture<'a, Vec<Result<Receipt, DeliveryError>>> {
        async move {
            let mut results = Vec::with_capacity(batch.len());
            for notification in batch {
                results.push(self.post(notification).await);
            }
            results
        }
        .boxed()
    }

    fn check(&mut self) -> BoxFuture<'_, Result<(), DeliveryError>> {
        async {
            match &self.way {
                // A webhook can only post: that it answers is all that can be known.
                Way::Webhook(url) => self.receiver.send(self.client.head(url.clone())).await.map(|_| ()),
                Way::Bot { test, token, .. } => {
                    self.ask(self.client.post(test.clone()).bearer_auth(token.expose())).await.map(|_| ())
                }
            }
        }
        .boxed()
    }
}
