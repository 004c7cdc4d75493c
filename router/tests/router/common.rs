//! What the tests of the router have in common: alerts, and an output that does as a test says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use lanner_alert::{Alert, Fingerprint, Notification, Priority, Timestamp};
use lanner_router::{DeliveryError, DeliverySettings, Jitter, Output, Receipt};
use uuid::Uuid;

/// Waits until it is so, looking again and again, and fails where that takes too long.
pub async fn until(is_so: impl Fn() -> bool) {
    let so = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), so).await.expect("it comes in time");
}

pub fn alert(rule: &str, priority: Priority) -> Alert {
    let time = Timestamp(1_700_000_000_000_000_000);
    Alert {
        id: Uuid::now_v7(),
        time,
        rule: rule.into(),
        priority,
        source: "syscall".into(),
        hostname: "host".into(),
        output: format!("{rule} happened"),
        output_fields: BTreeMap::new(),
        tags: Vec::new(),
        fingerprint: Fingerprint(7),
        count: 1,
        first_seen: time,
        last_seen: time,
        silenced: None,
        route: None,
        facts: BTreeMap::new(),
        causes: None,
    }
}

/// How the receiver answers one attempt.
#[derive(Clone, Copy)]
pub enum Answer {
    Take,
    Retry,
    /// Asks to be tried again in an hour.
    RetryInAnHour,
    /// Asks for batches of more than five again.
    RetryLarge,
    /// Refuses those batches that hold an alert of the rule `bad`, as a whole.
    RefuseBad,
    /// Asks for those batches again that hold an alert of the rule `bad`, as a whole.
    RetryBad,
    Panic,
    /// Never answers.
    Hang,
    /// Never answers, and keeps the thread.
    Block,
}

/// What arrived, and how the receiver answers.
#[derive(Clone)]
pub struct Receiver {
    pub got: Arc<Mutex<Vec<Notification>>>,
    pub answer: Arc<Mutex<Answer>>,
    /// The sizes of the batches that came, taken or not.
    pub attempts: Arc<Mutex<Vec<usize>>>,
}

impl Receiver {
    pub fn new(answer: Answer) -> Receiver {
        Receiver { got: Arc::default(), answer: Arc::new(Mutex::new(answer)), attempts: Arc::default() }
    }

    /// The output that sends here, in batches of that size; its waits are as short as they can be.
    pub fn output(&self, batch: usize) -> (Box<dyn Output>, DeliverySettings, Jitter) {
        let settings =
            DeliverySettings { batch, timeout: Duration::from_millis(50), ..DeliverySettings::default() };
        (Box::new(self.clone()), settings, Box::new(|| 1.0))
    }

    pub fn ids(&self) -> Vec<Uuid> {
        self.got.lock().unwrap().iter().map(|notification| notification.id).collect()
    }

    /// Waits until so many have arrived.
    pub async fn wait(&self, count: usize) {
        until(|| self.got.lock().unwrap().len() >= count).await;
    }
}

impl Output for Receiver {
    fn deliver<'a>(
        &'a mut self,
        batch: &'a [Notification],
    ) -> BoxFuture<'a, Vec<Result<Receipt, DeliveryError>>> {
        async move {
            self.attempts.lock().unwrap().push(batch.len());
            let answer = *self.answer.lock().unwrap();
            let bad = batch.iter().any(|item| item.alerts.iter().any(|alert| &*alert.rule == "bad"));
            let all = |error: DeliveryError| batch.iter().map(|_| Err(error.clone())).collect();
            match answer {
                Answer::Take => {}
                Answer::RetryLarge if batch.len() <= 5 => {}
                Answer::Retry | Answer::RetryLarge => {
                    return all(DeliveryError::Retry { after: None, cause: "away".into() });
                }
                Answer::RetryInAnHour => {
                    let after = Some(Duration::from_secs(3600));
                    return all(DeliveryError::Retry { after, cause: "busy".into() });
                }
                Answer::RefuseBad if bad => {
                    return all(DeliveryError::Refused { cause: "bad\nbatch".into() });
                }
                Answer::RetryBad if bad => {
                    return all(DeliveryError::Retry { after: None, cause: "bad".into() });
                }
                Answer::RefuseBad | Answer::RetryBad => {}
                Answer::Panic => panic!("on purpose"),
                Answer::Hang => std::future::pending().await,
                Answer::Block => loop {
                    std::thread::park();
                },
            }
            self.got.lock().unwrap().extend_from_slice(batch);
            batch.iter().map(|_| Ok(Receipt::default())).collect()
        }
        .boxed()
    }

    fn check(&mut self) -> BoxFuture<'_, Result<(), DeliveryError>> {
        async { Ok(()) }.boxed()
    }
}
