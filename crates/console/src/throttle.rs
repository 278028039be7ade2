//! How often a sign-in may be tried.
//!
//! Five a minute for a name and for an address, then twice the wait for each further failure, up to
//! a quarter of an hour; nobody is locked out for good.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::{Mutex, PoisonError};

/// Failures that cost nothing.
const FREE: u32 = 5;
const MINUTE_MS: i64 = 60_000;
const WAIT_MS_MAX: i64 = 15 * MINUTE_MS;
/// Names and addresses remembered; when there are more, those that may try again go.
const REMEMBERED_MAX: usize = 10_000;

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last_ms: i64,
}

impl Failures {
    /// When the next try is welcome.
    fn until_ms(self) -> i64 {
        if self.count < FREE {
            return self.last_ms;
        }
        let doublings = (self.count - FREE).min(10);
        self.last_ms + (MINUTE_MS << doublings).min(WAIT_MS_MAX)
    }

    fn is_forgotten(self, now_ms: i64) -> bool {
        now_ms - self.last_ms > WAIT_MS_MAX
    }
}

type Known = HashMap<String, Failures, BuildHasherDefault<std::hash::DefaultHasher>>;

/// Who failed to sign in lately.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<Known>);

impl Throttle {
    /// How long all of `keys` have to wait; zero when they may try.
    pub(crate) fn wait_ms(&self, keys: &[String], now_ms: i64) -> i64 {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = keys.iter().filter_map(|key| known.get(key));
        let until_ms = waits.map(|failures| failures.until_ms()).max();
        until_ms.map_or(0, |until_ms| (until_ms - now_ms).max(0))
    }

    /// Somebody failed.
    pub(crate) fn failed(&self, keys: &[String], now_ms: i64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_MAX {
            known.retain(|_, failures| failures.until_ms() > now_ms);
        }
        for key in keys {
            let failures = known.entry(key.clone()).or_insert(Failures {
                count: 0,
                last_ms: now_ms,
            });
            if failures.is_forgotten(now_ms) {
                failures.count = 0;
            }
            failures.count += 1;
            failures.last_ms = now_ms;
        }
    }

    /// Somebody got in.
    pub(crate) fn succeeded(&self, keys: &[String]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            known.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_are_free_then_the_wait_doubles_and_ends() {
        let throttle = Throttle::default();
        let keys = ["name dana".to_owned(), "address 10.0.0.1".to_owned()];
        let other = ["name aru".to_owned()];
        for _ in 0..4 {
            throttle.failed(&keys, 0);
        }
        assert_eq!(throttle.wait_ms(&keys, 0), 0);
        throttle.failed(&keys, 0);
        assert_eq!(throttle.wait_ms(&keys, 0), MINUTE_MS);
        throttle.failed(&keys, MINUTE_MS);
        assert_eq!(throttle.wait_ms(&keys, MINUTE_MS), 2 * MINUTE_MS);
        for _ in 0..20 {
            throttle.failed(&keys, MINUTE_MS);
        }
        assert_eq!(throttle.wait_ms(&keys, MINUTE_MS), WAIT_MS_MAX);
        assert_eq!(throttle.wait_ms(&keys, MINUTE_MS + WAIT_MS_MAX), 0);
        assert_eq!(throttle.wait_ms(&other, 0), 0);
        throttle.succeeded(&keys);
        assert_eq!(throttle.wait_ms(&keys, MINUTE_MS), 0);
    }
}
