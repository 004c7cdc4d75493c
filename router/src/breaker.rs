//! The circuit breaker of an output. A receiver that fails again and again is not helped by more of the same:
//! after some failures in a row the circuit opens, and only a probe, one notification, is sent from time to
//! time, until one goes through.

use std::time::Duration;

use crate::backoff::{Jitter, backoff};

/// When an output's circuit opens, and how often it is probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerSettings {
    /// It opens after so many attempts in a row of which nothing came.
    pub failures: u32,
    /// A probe is sent after this time, less up to half by jitter.
    pub pause: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        BreakerSettings { failures: 5, pause: Duration::from_secs(30) }
    }
}

/// What an attempt changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Nothing.
    None,
    /// The first failure after something went through.
    Failing,
    /// The circuit opened.
    Opened,
    /// Something went through again before the circuit opened.
    Recovered,
    /// Something went through, and the circuit closed.
    Closed,
}

pub(crate) struct Breaker {
    settings: BreakerSettings,
    /// Attempts in a row of which nothing came.
    failures: u32,
}

impl Breaker {
    pub(crate) fn new(settings: BreakerSettings) -> Breaker {
        Breaker { settings, failures: 0 }
    }

    /// Whether only probes are sent.
    pub(crate) fn is_open(&self) -> bool {
        self.failures >= self.settings.failures.max(1)
    }

    /// Nothing came of an attempt: what that changes, and how long to wait at least.
    pub(crate) fn failed(&mut self, jitter: &mut Jitter) -> (Turn, Duration) {
        let was_open = self.is_open();
        self.failures = self.failures.saturating_add(1);
        let turn = match (was_open, self.is_open()) {
            (false, true) => Turn::Opened,
            (false, false) if self.failures == 1 => Turn::Failing,
            _ => Turn::None,
        };
        let wait = if self.is_open() {
            self.settings.pause.mul_f64(1.0 - jitter().clamp(0.0, 1.0) / 2.0)
        } else {
            backoff(self.failures, jitter)
        };
        (turn, wait)
    }

    /// The receiver took something, or judged it: what that changes.
    pub(crate) fn answered(&mut self) -> Turn {
        let turn = match (self.is_open(), self.failures) {
            (true, _) => Turn::Closed,
            (false, 0) => Turn::None,
            (false, _) => Turn::Recovered,
        };
        self.failures = 0;
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_some_failures_and_closes_at_the_first_answer() {
        let settings = BreakerSettings { failures: 3, pause: Duration::from_secs(20) };
        let mut breaker = Breaker::new(settings);
        let mut jitter: Jitter = Box::new(|| 0.0);
        let mut failed = |breaker: &mut Breaker| {
            let (turn, wait) = breaker.failed(&mut jitter);
            (turn, wait.as_secs(), breaker.is_open())
        };
        assert_eq!(breaker.answered(), Turn::None);
        assert_eq!(failed(&mut breaker), (Turn::Failing, 1, false));
        assert_eq!(failed(&mut breaker), (Turn::None, 2, false));
        assert_eq!(breaker.answered(), Turn::Recovered);
        assert_eq!(failed(&mut breaker), (Turn::Failing, 1, false));
        assert_eq!(failed(&mut breaker), (Turn::None, 2, false));
        assert_eq!(failed(&mut breaker), (Turn::Opened, 20, true));
        assert_eq!(failed(&mut breaker), (Turn::None, 20, true));
        assert_eq!(breaker.answered(), Turn::Closed);
        assert!(!breaker.is_open());
        assert_eq!(breaker.answered(), Turn::None);
        let mut half: Jitter = Box::new(|| 1.0);
        let mut at_once = Breaker::new(BreakerSettings { failures: 1, ..settings });
        assert_eq!(at_once.failed(&mut half), (Turn::Opened, Duration::from_secs(10)));
    }
}
