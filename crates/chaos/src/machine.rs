//! The toy that stands for the shards: real merges, and a state that any change of order changes.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use promoguard_event::EventTime;
use promoguard_pipeline::commit::{Change, IdleStep, OutboxRecord};
use promoguard_pipeline::{AFTER_ALL, Merge, SavedMerge, SourceIndex};
use serde::{Deserialize, Serialize};

use crate::logs::{LOGS, Logs, SLACK_MS, name_of, number_of};

/// A record that waits in a merge: code, log and offset.
type Item = (u8, usize, i64);

/// What is remembered of a code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct CodeState {
    records: u64,
    /// Of everything applied, in order.
    digest: u64,
    rev: u32,
}

#[derive(Serialize, Deserialize)]
struct Rest {
    next: [i64; LOGS],
    merges: [SavedMerge<Item>; 2],
}

/// The state of both partitions.
pub(crate) struct Machine {
    merges: [Merge<Item>; 2],
    /// By partition and code.
    codes: BTreeMap<[u8; 2], CodeState>,
    pub(crate) dirty: BTreeSet<[u8; 2]>,
    pub(crate) next: [i64; LOGS],
    /// Outputs since they were last taken.
    pub(crate) outbox: Vec<OutboxRecord>,
    /// Bad records since they were last taken, by log and offset.
    pub(crate) dead_letters: Vec<(usize, i64)>,
    idle_steps: BTreeMap<(usize, i64), i64>,
}

const REST_KEY: &[u8] = b"rest";
/// A flag is told at every so many records of a code.
const RECORDS_PER_FLAG: u64 = 3;

impl Machine {
    pub(crate) fn new() -> Self {
        Self {
            merges: [Merge::new(2, SLACK_MS), Merge::new(2, SLACK_MS)],
            codes: BTreeMap::new(),
            dirty: BTreeSet::new(),
            next: [0; LOGS],
            outbox: Vec::new(),
            dead_letters: Vec::new(),
            idle_steps: BTreeMap::new(),
        }
    }

    pub(crate) fn restore(state: &BTreeMap<Vec<u8>, Vec<u8>>) -> Self {
        let mut machine = Self::new();
        for (key, value) in state {
            if key == REST_KEY {
                let rest: Rest = postcard::from_bytes(value).expect("it was encoded here");
                machine.next = rest.next;
                let restore = |saved| Merge::restore(saved, SLACK_MS, Ok::<_, Infallible>);
                machine.merges = rest.merges.map(|saved| match restore(saved) {
                    Ok(merge) => merge,
                    Err(never) => match never {},
                });
            } else {
                let code: CodeState = postcard::from_bytes(value).expect("it was encoded here");
                machine.codes.insert([key[0], key[1]], code);
            }
        }
        machine
    }

    /// What changed; the caller decides when the list of dirty codes is emptied.
    pub(crate) fn changes(&self, with_waiting: bool) -> Vec<Change> {
        let code = |code: &[u8; 2]| {
            let bytes = postcard::to_stdvec(&self.codes[code]).expect("plain values");
            (code.to_vec(), Some(bytes))
        };
        let mut merges = [0, 1].map(|partition: usize| self.merges[partition].save(|item| *item));
        if !with_waiting {
            for (partition, saved) in merges.iter_mut().enumerate() {
                let mut empty: Merge<Item> = Merge::new(2, SLACK_MS);
                for source in 0..2 {
                    let source = SourceIndex(source);
                    empty.advance(source, self.merges[partition].watermark(source));
                }
                *saved = empty.save(|item| *item);
            }
        }
        let rest = Rest {
            next: self.next,
            merges,
        };
        let rest = postcard::to_stdvec(&rest).expect("plain values");
        let codes = self.dirty.iter().map(code);
        codes.chain([(REST_KEY.to_vec(), Some(rest))]).collect()
    }

    /// Takes the next record of a log and applies what may be applied.
    pub(crate) fn take(&mut self, logs: &Logs, log: usize) {
        let offset = self.next[log];
        let record = logs.0[log][offset as usize];
        self.next[log] += 1;
        if record.bad {
            self.dead_letters.push((log, offset));
            return;
        }
        let (merge, source) = place(log);
        let item = (record.code, log, offset);
        self.merges[merge].push(source, EventTime::from_millis(record.ts), item);
        self.release(merge);
    }

    /// Moves the watermark of a quiet log, and notes that it was moved.
    pub(crate) fn step_idle(&mut self, log: usize, watermark_ms: i64) {
        let (merge, source) = place(log);
        let to = EventTime::from_millis(watermark_ms);
        if self.merges[merge].watermark(source) < to {
            self.merges[merge].advance(source, to);
            // Of several steps before one record the last one says all.
            self.idle_steps.insert((log, self.next[log]), watermark_ms);
            self.release(merge);
        }
    }

    /// The watermark of a log, epoch ms.
    pub(crate) fn watermark(&self, log: usize) -> i64 {
        let (merge, source) = place(log);
        self.merges[merge].watermark(source).millis()
    }

    pub(crate) fn take_idle_steps(&mut self) -> Vec<IdleStep> {
        std::mem::take(&mut self.idle_steps)
            .into_iter()
            .map(|((log, before_offset), watermark_ms)| IdleStep {
                log: name_of(log),
                before_offset,
                watermark_ms,
            })
            .collect()
    }

    /// Whether only closing records are left.
    pub(crate) fn is_through(&self, logs: &Logs) -> bool {
        let read = (0..LOGS).all(|log| self.next[log] == logs.0[log].len() as i64);
        read && self.merges.iter().all(|merge| merge.waiting() == 2)
    }

    /// Records applied to each code.
    pub(crate) fn totals(&self) -> BTreeMap<[u8; 2], u64> {
        let codes = self.codes.iter();
        codes.map(|(code, state)| (*code, state.records)).collect()
    }

    fn release(&mut self, merge: usize) {
        while let Some(released) = self.merges[merge].pop() {
            let (code, log, offset) = released.item;
            let code = [merge as u8, code];
            let state = self.codes.entry(code).or_default();
            self.dirty.insert(code);
            state.records += 1;
            for word in [log as u64, offset as u64, released.at.millis() as u64] {
                state.digest = (state.digest ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                state.digest ^= state.digest >> 29;
            }
            if state.records.is_multiple_of(RECORDS_PER_FLAG) {
                state.rev += 1;
                self.outbox.push(OutboxRecord {
                    topic: "flags".to_owned(),
                    key: Some(vec![code[0], code[1], state.rev as u8]),
                    headers: Vec::new(),
                    payload: postcard::to_stdvec(&(code, &*state)).expect("plain values"),
                });
            }
        }
    }
}

/// The merge of a log's partition, and the log's place in it.
fn place(log: usize) -> (usize, SourceIndex) {
    (log % 2, SourceIndex((log / 2) as u32))
}

/// What an uninterrupted reader of the logs, that makes the recorded steps, ends with.
pub(crate) fn reference(
    logs: &Logs,
    steps: &[IdleStep],
) -> (BTreeMap<[u8; 2], u64>, Vec<OutboxRecord>) {
    let mut machine = Machine::new();
    for log in 0..LOGS {
        for offset in 0..=logs.0[log].len() {
            let here = steps
                .iter()
                .filter(|step| number_of(&step.log) == log && step.before_offset == offset as i64);
            for step in here {
                let (merge, source) = place(log);
                let to = EventTime::from_millis(step.watermark_ms);
                machine.merges[merge].advance(source, to.min(AFTER_ALL));
            }
            if offset < logs.0[log].len() {
                // Released below only, so that the order of reading cannot matter.
                let record = logs.0[log][offset];
                machine.next[log] += 1;
                if !record.bad {
                    let (merge, source) = place(log);
                    let item = (record.code, log, offset as i64);
                    machine.merges[merge].push(source, EventTime::from_millis(record.ts), item);
                }
            }
        }
    }
    machine.release(0);
    machine.release(1);
    (machine.totals(), machine.outbox)
}
