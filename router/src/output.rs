//! What an output is: something that sends, and nothing else.

use std::time::Duration;

use futures_util::future::BoxFuture;
use lanner_alert::Notification;

/// What the receiver said of a notification that it took, such as Slack's channel and `ts`, or the `Message-ID`;
/// empty where it says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receipt(pub String);

/// Why a notification was not delivered. The cause is said to the user and must hold no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// It may work later: the receiver is away, overloaded, or asks for patience.
    #[error("{cause}")]
    Retry {
        /// What the receiver asked to wait, if it did.
        after: Option<Duration>,
        /// What went wrong.
        cause: String,
    },
    /// The receiver has judged this notification, and trying again can't help.
    #[error("{cause}")]
    Refused {
        /// What the receiver said.
        cause: String,
    },
}

/// Sends; nothing else. Retry, backoff, batching, metrics and acknowledgement live in the worker.
pub trait Output: Send {
    /// Sends the notifications, in order, and says for each, in the same order, whether the receiver has it.
    fn deliver<'a>(
        &'a mut self,
        batch: &'a [Notification],
    ) -> BoxFuture<'a, Vec<Result<Receipt, DeliveryError>>>;

    /// Whether the receiver could be reached, without sending anything: for `lanner check`.
    fn check(&mut self) -> BoxFuture<'_, Result<(), DeliveryError>>;

    /// Opens again what it holds open by name, such as a log file that was moved away (SIGUSR1).
    fn reopen(&mut self) {}
}
