//! Whether the process lives and whether it is ready, and why not.
//!
//! Decides how reasons are collected and shown. Must not know what the parts of the process do.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What `/livez` and `/readyz` answer from. Cloning gives another handle on the same state.
///
/// Ready means: take me into service. Not alive means: restart me, nothing else will help.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Why a part is not ready, by part.
    waiting: BTreeMap<&'static str, String>,
    /// Why a part is beyond help, by part.
    dead: BTreeMap<&'static str, String>,
    /// When a part last moved, and how long it may stand still.
    moving: BTreeMap<&'static str, (Instant, Duration)>,
}

impl Health {
    /// A process that is ready as soon as no part says otherwise.
    pub fn new() -> Self {
        Self::default()
    }

    /// A part cannot do its work yet, or not at the moment.
    pub fn not_ready(&self, part: &'static str, reason: impl Into<String>) {
        self.state().waiting.insert(part, reason.into());
    }

    /// A part can do its work.
    pub fn ready(&self, part: &'static str) {
        self.state().waiting.remove(part);
    }

    /// A part has ended for good, and the process is of no use without it.
    pub fn dead(&self, part: &'static str, reason: impl Into<String>) {
        self.state().dead.insert(part, reason.into());
    }

    /// A part moves on; when it does not do so again within `patience`, the process is not alive.
    /// Called once a turn, not once an event.
    pub fn moved(&self, part: &'static str, patience: Duration) {
        self.state().moving.insert(part, (Instant::now(), patience));
    }

    /// A part has ended as it should and will not move again.
    pub fn finished(&self, part: &'static str) {
        self.state().moving.remove(part);
    }

    /// Why the process is not alive; empty when it is.
    pub fn reasons_not_alive(&self) -> Vec<String> {
        self.reasons_not_alive_at(Instant::now())
    }

    fn reasons_not_alive_at(&self, now: Instant) -> Vec<String> {
        let state = self.state();
        let dead = state
            .dead
            .iter()
            .map(|(part, reason)| format!("{part}: {reason}"));
        let stuck = state.moving.iter().filter_map(|(part, (last, patience))| {
            let still = now.saturating_duration_since(*last);
            let seconds = still.as_secs();
            (still > *patience).then(|| format!("{part}: has not moved for {seconds} s"))
        });
        dead.chain(stuck).collect()
    }

    /// Why the process is not ready; empty when it is.
    pub fn reasons_not_ready(&self) -> Vec<String> {
        let mut reasons = self.reasons_not_alive();
        let state = self.state();
        let waiting = state
            .waiting
            .iter()
            .map(|(part, reason)| format!("{part}: {reason}"));
        reasons.extend(waiting);
        reasons
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_ready_when_every_part_is() {
        let health = Health::new();
        health.not_ready("kafka", "no partition assigned yet");
        health.not_ready("registry", "being read");
        health.ready("registry");
        assert_eq!(
            health.reasons_not_ready(),
            ["kafka: no partition assigned yet"]
        );
        assert!(health.reasons_not_alive().is_empty());
        health.ready("kafka");
        assert!(health.reasons_not_ready().is_empty());
    }

    #[test]
    fn a_part_that_stands_still_too_long_is_neither_alive_nor_ready() {
        let health = Health::new();
        health.moved("engine", Duration::from_secs(30));
        let now = Instant::now();
        let at = |seconds| health.reasons_not_alive_at(now + Duration::from_secs(seconds));
        assert!(at(29).is_empty());
        assert_eq!(at(61).len(), 1);
        health.finished("engine");
        assert!(at(61).is_empty());
    }

    #[test]
    fn a_dead_part_stays_dead() {
        let health = Health::new();
        health.dead("partition 3", "panicked twice");
        health.ready("partition 3");
        assert_eq!(health.reasons_not_alive(), ["partition 3: panicked twice"]);
        assert_eq!(health.reasons_not_ready(), ["partition 3: panicked twice"]);
    }
}
