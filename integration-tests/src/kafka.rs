//! An Apache Kafka broker, which can be killed and started again on its data and port.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::{Offset, TopicPartitionList};
use tempfile::TempDir;

use crate::need::{Need, on_path};
use crate::process::Running;
use crate::{cache, free_port, wait_for};

/// What it needs.
pub const NEED: Need = Need {
    what: "Java, and Kafka (`scripts/setup.sh test` fetches it)",
    there: || on_path("java") && jars().join("complete").is_file(),
};

fn jars() -> PathBuf {
    cache().join("kafka-4.3.1")
}

/// A record of a topic.
#[derive(Debug, Clone)]
pub struct Record {
    /// The header `id`.
    pub id: String,
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
}

/// The broker.
pub struct Kafka {
    port: u16,
    folder: TempDir,
    running: Option<Running>,
}

impl Kafka {
    /// Starts a new broker.
    ///
    /// # Panics
    /// Where it can't be.
    pub fn start() -> Kafka {
        let folder = tempfile::tempdir().expect("a folder");
        let (port, controller) = (free_port(), free_port());
        // A killed broker isn't let in again until its session has ended.
        let properties = format!(
            "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.voters=1@127.0.0.1:{controller}\n\
             listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
             advertised.listeners=PLAINTEXT://127.0.0.1:{port}\ncontroller.listener.names=CONTROLLER\n\
             inter.broker.listener.name=PLAINTEXT\n\
             listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\nlog.dirs={}\n\
             num.partitions=1\noffsets.topic.replication.factor=1\ntransaction.state.log.replication.factor=1\n\
             transaction.state.log.min.isr=1\n\
             broker.session.timeout.ms=1000\nbroker.heartbeat.interval.ms=200\n",
            folder.path().join("data").display(),
        );
        std::fs::write(folder.path().join("server.properties"), properties)
            .expect("the properties can be written");
        let mut kafka = Kafka { port, folder, running: None };
        let mut format = kafka.java("kafka.tools.StorageTool");
        format
            .args(["format", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c"])
            .arg(kafka.folder.path().join("server.properties"));
        let formatted = format.output().expect("java runs");
        assert!(formatted.status.success(), "{}", String::from_utf8_lossy(&formatted.stdout));
        kafka.resume();
        kafka
    }

    fn java(&self, class: &str) -> Command {
        let mut command = Command::new("java");
        command
            .args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
            .arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
            .arg("-cp")
            .arg(jars().join("lib/*"))
            .arg(class);
        command
    }

    /// Kills it.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// Starts it again.
    ///
    /// # Panics
    /// Where it doesn't answer in time.
    pub fn resume(&mut self) {
        let mut command = self.java("kafka.Kafka");
        command.arg(self.folder.path().join("server.properties"));
        let running = Running::start(&mut command, &self.folder.path().join("log"));
        let consumer = self.consumer();
        let ready = || consumer.fetch_metadata(None, Duration::from_millis(500)).is_ok().then_some(());
        wait_for("Kafka", ready, || running.said());
        self.running = Some(running);
    }

    /// The broker, for the setting `brokers` of an output.
    pub fn broker(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn consumer(&self) -> BaseConsumer {
        ClientConfig::new()
            .set("bootstrap.servers", self.broker())
            .set("group.id", "test")
            .set("enable.auto.commit", "false")
            .set("log_level", "0")
            // It is asked again and again until it answers.
            .set("reconnect.backoff.max.ms", "200")
            .create()
            .expect("a consumer can be made")
    }

    /// All records of a topic; none where there is no such topic yet.
    pub fn records(&self, topic: &str) -> Vec<Record> {
        let consumer = self.consumer();
        let timeout = Duration::from_secs(5);
        let Ok((low, high)) = consumer.fetch_watermarks(topic, 0, timeout) else { return Vec::new() };
        let mut partitions = TopicPartitionList::new();
        let from = partitions.add_partition_offset(topic, 0, Offset::Offset(low));
        if from.and_then(|()| consumer.assign(&partitions)).is_err() {
            return Vec::new();
        }
        let mut records = Vec::new();
        while (records.len() as i64) < high - low {
            let Some(Ok(message)) = consumer.poll(timeout) else { break };
            let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
            let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
            let id = headers.filter(|header| header.key == "id").find_map(|header| header.value);
            records.push(Record { id: text(id), key: text(message.key()), value: text(message.payload()) });
        }
        records
    }
}
