//! The topics that are written: flags and dead letters, with acknowledgements that take a while.

use std::collections::{BTreeMap, BTreeSet};

use promoguard_pipeline::commit::OutboxRecord;

/// What was published.
#[derive(Default)]
pub(crate) struct Output {
    /// By key, which names flag and revision, the bytes.
    pub(crate) flags: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Appended records, repeats included.
    pub(crate) appended: u64,
    /// By log and offset.
    pub(crate) dead_letters: BTreeSet<(usize, i64)>,
    /// Not acknowledged yet: by whom, until when, what.
    on_the_way: Vec<(usize, u64, (usize, i64))>,
}

impl Output {
    /// Appends a flag; false where another text stands under its revision already.
    pub(crate) fn publish(&mut self, record: &OutboxRecord) -> bool {
        self.appended += 1;
        let key = record.key.clone().unwrap_or_default();
        let first = self
            .flags
            .entry(key)
            .or_insert_with(|| record.payload.clone());
        *first == record.payload
    }

    /// Sends a dead letter, that is there at `at`.
    pub(crate) fn send_dead_letter(&mut self, node: usize, at: u64, letter: (usize, i64)) {
        self.on_the_way.push((node, at, letter));
    }

    /// Whether everything that a node sent is there.
    pub(crate) fn is_acknowledged(&self, node: usize) -> bool {
        self.on_the_way.iter().all(|(by, _, _)| *by != node)
    }

    /// What is due arrives.
    pub(crate) fn advance(&mut self, now: u64) {
        let (arrived, later) = self
            .on_the_way
            .drain(..)
            .partition::<Vec<_>, _>(|(_, at, _)| *at <= now);
        self.on_the_way = later;
        let arrived = arrived.into_iter().map(|(_, _, letter)| letter);
        self.dead_letters.extend(arrived);
    }

    /// A node died with what it had not handed over.
    pub(crate) fn forget(&mut self, node: usize) {
        self.on_the_way.retain(|(by, _, _)| *by != node);
    }
}
