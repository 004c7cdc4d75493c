//! Kafka: each alert a message of a topic, written once by an idempotent producer.
//!
//! librdkafka keeps a queue and tries of its own. Both end with its delivery report, which is always waited
//! for: so no message that was given up here is delivered behind our back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, join_all};
use lanner_alert::Notification;
use lanner_diagnostic::Node;
use lanner_router::{DeliveryError, Output, Receipt};
use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer, PurgeConfig};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::secret::Secret;
use crate::settings::{self, Period, wrong};
use crate::{Common, Made, Medium, OutputSpec, Slot, render, template};

/// The most messages that librdkafka holds; the worker gives fewer at once.
const QUEUE_MESSAGES_MAX: &str = "10000";
/// The most KiB that librdkafka holds.
const QUEUE_KIBIBYTES_MAX: &str = "65536";
/// The most milliseconds between two attempts to reach a broker, unless `properties` say otherwise: alerts that
/// have waited for it should not wait ten seconds more, which is librdkafka's own.
const RECONNECT_MILLISECONDS_MAX: &str = "1000";
/// How long a message may take unless told otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A Kafka topic.
pub const SPEC: OutputSpec = OutputSpec {
    name: "kafka",
    summary: "A message per alert in a Kafka topic: Falco's JSON, written once (idempotent, acks=all), with \
              the headers `id`, `rule` and `priority`.",
    example: "name: siem\ntype: kafka\nbrokers: [broker-1:9093, broker-2:9093]\ntopic: alerts\nproperties:\n  \
              security.protocol: sasl_ssl\n  sasl.mechanism: SCRAM-SHA-512\n  sasl.username: lanner\n  \
              sasl.password: ${KAFKA_PASSWORD}\n",
    redact: false,
    templates: &[
        Slot {
            key: "key",
            medium: Some(Medium::Plain),
            doc: "A template of the key of a message; the host's name unless set. Messages of one key keep their order.",
        },
        template::LINE,
    ],
    schema: || schemars::schema_for!(Settings),
    build,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Some of the cluster's brokers, as `host:port`.
    #[serde(deserialize_with = "settings::one_or_many")]
    brokers: Vec<String>,
    /// The topic.
    topic: String,
    /// How long a message may take before it is tried again later.
    #[serde(default = "timeout")]
    timeout: Period,
    /// Settings of librdkafka by its own names, such as those of SASL and TLS.
    #[serde(default)]
    properties: BTreeMap<String, Secret>,
}

fn timeout() -> Period {
    Period(TIMEOUT)
}

fn build(node: &Node, common: &Common) -> Made {
    let settings: Settings = node.read()?;
    if settings.brokers.is_empty() {
        return Err(wrong(node, "brokers", "at least one broker is needed"));
    }
    let ours = ours(&settings);
    for (name, value) in &settings.properties {
        let at = node.get("properties").unwrap_or(node);
        if ours.iter().any(|(our, _)| our == name) {
            return Err(wrong(
                at,
                name,
                format!("`{name}` can't be set: delivering each alert once needs its value"),
            ));
        }
        let mut alone = ClientConfig::new();
        alone.set(name, value.expose());
        if let Err(KafkaError::ClientConfig(_, why, _, _)) = alone.create_native_config() {
            return Err(wrong(at, name, value.hide(&why)));
        }
    }
    let mut config = ClientConfig::new();
    config.set("reconnect.backoff.max.ms", RECONNECT_MILLISECONDS_MAX);
    for (name, value) in settings.properties.iter().map(|(name, value)| (name.as_str(), value.expose())) {
        config.set(name, value);
    }
    for (name, value) in ours {
        config.set(name, value);
    }
    // What librdkafka says goes to the log of ours, which has its own levels.
    config.set_log_level(RDKafkaLogLevel::Warning);
    Ok(Box::new(Kafka { settings, config, producer: None, said: Said::default(), common: common.clone() }))
}

/// The properties on which what is promised depends.
fn ours(settings: &Settings) -> [(&'static str, String); 6] {
    [
        ("bootstrap.servers", settings.brokers.join(",")),
        ("enable.idempotence", "true".to_owned()),
        ("acks", "all".to_owned()),
        ("message.timeout.ms", settings.timeout.0.as_millis().to_string()),
        ("queue.buffering.max.messages", QUEUE_MESSAGES_MAX.to_owned()),
        ("queue.buffering.max.kbytes", QUEUE_KIBIBYTES_MAX.to_owned()),
    ]
}

/// What librdkafka last said was wrong, which a delivery report doesn't tell.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Option<String>>>);

impl Said {
    fn set(&self, reason: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    }

    fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ClientContext for Said {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        // A broker that is away is said once, by the delivery that fails; librdkafka says it without end.
        tracing::debug!(target: "lanner::kafka", facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(target: "lanner::kafka", reason);
        // That all are down is said after why each is.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            self.set(Some(reason.to_owned()));
        }
    }
}

/// Takes what is still queued out of the queue where a delivery is abandoned, so that it isn't made behind our
/// back; after a delivery there is nothing to take.
struct InHand<'a>(&'a FutureProducer<Said>);

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.0.purge(PurgeConfig::default().queue());
    }
}

struct Kafka {
    settings: Settings,
    config: ClientConfig,
    producer: Option<FutureProducer<Said>>,
    said: Said,
    common: Common,
}

impl Kafka {
    /// The producer: made at first use, and anew where it has failed for good.
    fn producer(&mut self) -> Result<FutureProducer<Said>, DeliveryError> {
        if let Some(producer) = &self.producer
            && producer.client().fatal_error().is_none()
        {
            return Ok(producer.clone());
        }
        let made: Result<FutureProducer<Said>, _> = self.config.create_with_context(self.said.clone());
        let producer = made.map_err(|error| self.retry(&error.to_string()))?;
        self.producer = Some(producer.clone());
        Ok(producer)
    }

    async fn send(
        &self,
        producer: &FutureProducer<Said>,
        item: &Notification,
    ) -> Result<Receipt, DeliveryError> {
        let alert = render::as_alert(item, &self.common);
        let own = self.common.templates.render(template::LINE.key, item, &self.common);
        let value = own.unwrap_or_else(|| lanner_alert::falco::json(&alert, &self.common.json).to_string());
        let key = self.common.templates.render("key", item, &self.common);
        let key = key.unwrap_or_else(|| alert.hostname.to_string());
        let id = item.id.to_string();
        let headers = [("id", &*id), ("rule", &*alert.rule), ("priority", alert.priority.name())];
        let headers = headers.into_iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
            headers.insert(Header { key, value: Some(value) })
        });
        // The message's time stays that of its sending: by the event's, a topic's retention could end a late
        // alert at once.
        let record = FutureRecord::to(&self.settings.topic).key(&key).payload(&value).headers(headers);
        let report = match producer.send_result(record) {
            Ok(report) => report.await,
            Err((error, _)) => return Err(self.judge(&error)),
        };
        match report {
            Ok(Ok(delivery)) => {
                self.said.set(None);
                Ok(Receipt(format!("{}/{}", delivery.partition, delivery.offset)))
            }
            Ok(Err((error, _))) => Err(self.judge(&error)),
            Err(_) => Err(self.retry("the producer was ended")),
        }
    }

    /// Refused where the cluster or librdkafka has judged the message itself.
    fn judge(&self, error: &KafkaError) -> DeliveryError {
        match error.rdkafka_error_code() {
            Some(
                RDKafkaErrorCode::MessageSizeTooLarge
                | RDKafkaErrorCode::InvalidMessageSize
                | RDKafkaErrorCode::InvalidRecord
                | RDKafkaErrorCode::PolicyViolation,
            ) => DeliveryError::Refused { cause: self.hide(&error.to_string()) },
            _ => self.retry(&error.to_string()),
        }
    }

    fn retry(&self, what: &str) -> DeliveryError {
        let said = self.said.get().map(|said| format!(" ({said})")).unwrap_or_default();
        DeliveryError::Retry { after: None, cause: self.hide(&format!("{what}{said}")) }
    }

    fn hide(&self, text: &str) -> String {
        let hidden = |(name, _): &(&String, &Secret)| name.contains("password") || name.contains("secret");
        let secrets = self.settings.properties.iter().filter(hidden);
        secrets.fold(text.to_owned(), |text, (_, secret)| secret.hide(&text))
    }
}

impl Output for Kafka {
    fn deliver<'a>(
        &'a mut self,
        batch: &'a [Notification],
    ) -> BoxFuture<'a, Vec<Result<Receipt, DeliveryError>>> {
        async move {
            match self.producer() {
                Ok(producer) => {
                    let _in_hand = InHand(&producer);
                    join_all(batch.iter().map(|item| self.send(&producer, item))).await
                }
                Err(error) => vec![Err(error); batch.len()],
            }
        }
        .boxed()
    }

    fn check(&mut self) -> BoxFuture<'_, Result<(), DeliveryError>> {
        async {
            let (producer, timeout) = (self.producer()?, self.settings.timeout.0);
            // Without a topic's name, which might create it.
            let asked = tokio::task::spawn_blocking(move || {
                producer.client().fetch_metadata(None, timeout).map(|_| ())
            });
            match asked.await {
                Ok(result) => result.map_err(|error| self.retry(&error.to_string())),
                Err(error) => Err(self.retry(&error.to_string())),
            }
        }
        .boxed()
    }
}
