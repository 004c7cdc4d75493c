//! How long to wait before trying again.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// The wait after a first failure.
const FIRST: Duration = Duration::from_secs(1);
/// Waits double up to this.
const LONGEST: Duration = Duration::from_secs(60);

/// A random number from 0 to 1, so that many senders don't come back at the same moment.
pub type Jitter = Box<dyn FnMut() -> f64 + Send>;

/// Random numbers from the system.
pub fn system_jitter() -> Jitter {
    Box::new(|| f64::from(RandomState::new().build_hasher().finish() as u32) / f64::from(u32::MAX))
}

/// The wait after so many failures in a row: doubling from a second to a minute, less up to half by jitter.
pub(crate) fn backoff(failures: u32, jitter: &mut Jitter) -> Duration {
    let whole = FIRST.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST);
    whole.mul_f64(1.0 - jitter().clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute() {
        let waits = |jitter: f64| -> Vec<u64> {
            let mut jitter: Jitter = Box::new(move || jitter);
            (1..9).map(|failures| backoff(failures, &mut jitter).as_millis() as u64).collect()
        };
        assert_eq!(waits(0.0), [1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000]);
        assert_eq!(waits(1.0), [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
        let mut jitter = system_jitter();
        assert!((0..100).all(|_| (0.0..=1.0).contains(&jitter())));
        assert_eq!(backoff(u32::MAX, &mut jitter).max(LONGEST), LONGEST);
    }
}
