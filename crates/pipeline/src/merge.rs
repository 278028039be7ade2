//! Decides in which order the records of several logs are applied: a pure function of the logs.
//!
//! For record `o` of source `s`, the watermark W(o) is the highest event time of the records up
//! to `o`, less the slack; its *effective time* is e(o) = max(ts(o), W(o − 1)). Records leave in
//! the order (e, source, position), and only while e is below the release point, the lowest
//! watermark of all sources. A record that comes later has e ≥ its source's watermark ≥ the
//! release point, so nothing released can be overtaken, however the sources interleave in
//! arrival. Releasing at e = the release point would break this, for a tie could still arrive.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use promoguard_event::EventTime;
use serde::{Deserialize, Serialize};

/// Index of a log in its [`Merge`]; ties in effective time go to the lower index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceIndex(pub u32);

#[derive(Debug)]
struct Waiting<T> {
    at: EventTime,
    source: SourceIndex,
    position: u64,
    late: bool,
    item: T,
}

impl<T> Waiting<T> {
    fn order(&self) -> (EventTime, SourceIndex, u64) {
        (self.at, self.source, self.position)
    }
}
impl<T> PartialEq for Waiting<T> {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}
impl<T> Eq for Waiting<T> {}
impl<T> PartialOrd for Waiting<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Waiting<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

/// A record that may be applied now.
#[derive(Debug, PartialEq, Eq)]
pub struct Released<T> {
    /// Effective time: never below that of a record released before.
    pub at: EventTime,
    /// The record was behind its source's watermark when it arrived.
    pub late: bool,
    /// What was pushed.
    pub item: T,
}

#[derive(Clone, Copy, Debug)]
struct Source {
    watermark: EventTime,
    position: u64,
    ended: bool,
}

/// Merges logs into one order by effective time.
#[derive(Debug)]
pub struct Merge<T> {
    sources: Vec<Source>,
    slack_ms: i64,
    waiting: BinaryHeap<Reverse<Waiting<T>>>,
}

const BEFORE_ALL: EventTime = EventTime::from_millis(i64::MIN / 4);
/// Where the watermark of a source that ended stands: after every time that an event can have.
pub const AFTER_ALL: EventTime = EventTime::from_millis(i64::MAX / 4);

impl<T> Merge<T> {
    /// A merge of `sources` logs; a log's watermark stays `slack_ms` behind its newest record.
    pub fn new(sources: usize, slack_ms: i64) -> Self {
        let source = Source {
            watermark: BEFORE_ALL,
            position: 0,
            ended: false,
        };
        Self {
            sources: vec![source; sources],
            slack_ms,
            waiting: BinaryHeap::new(),
        }
    }

    /// Takes the next record of `source`, whose event time is `ts`.
    pub fn push(&mut self, source: SourceIndex, ts: EventTime, item: T) {
        let log = &mut self.sources[source.0 as usize];
        let late = ts < log.watermark;
        let at = ts.max(log.watermark);
        let position = log.position;
        log.position += 1;
        self.waiting.push(Reverse(Waiting {
            at,
            source,
            position,
            late,
            item,
        }));
        self.observe(source, ts);
    }

    /// Moves the watermark of `source` past a record that is not merged (a dead letter with a
    /// readable time does not; a record sent on to another shard does).
    pub fn observe(&mut self, source: SourceIndex, ts: EventTime) {
        let log = &mut self.sources[source.0 as usize];
        let reached = EventTime::from_millis(ts.millis() - self.slack_ms);
        log.watermark = log.watermark.max(reached);
    }

    /// Moves the watermark of an idle `source` to `watermark`: the one step that is not a
    /// function of the log itself, so the caller records it.
    pub fn advance(&mut self, source: SourceIndex, watermark: EventTime) {
        let log = &mut self.sources[source.0 as usize];
        log.watermark = log.watermark.max(watermark);
    }

    /// The log has no further records; it holds nothing back from now on.
    pub fn end(&mut self, source: SourceIndex) {
        self.sources[source.0 as usize].ended = true;
    }

    /// The watermark of one source.
    pub fn watermark(&self, source: SourceIndex) -> EventTime {
        self.sources[source.0 as usize].watermark
    }

    /// Everything with an effective time below this may be applied, and everything still to come
    /// has one at or above it. `AFTER_ALL` once every source ended.
    pub fn release_point(&self) -> EventTime {
        self.sources
            .iter()
            .filter(|source| !source.ended)
            .map(|source| source.watermark)
            .min()
            .unwrap_or(AFTER_ALL)
    }

    /// The next record in order, if it may be applied already.
    pub fn pop(&mut self) -> Option<Released<T>> {
        let release_point = self.release_point();
        self.pop_below(release_point)
    }

    /// The next record in order, if its effective time is below `release_point`, which the
    /// caller took from [`Merge::release_point`] (taken once for a batch, it saves a look at
    /// every source for every record).
    pub fn pop_below(&mut self, release_point: EventTime) -> Option<Released<T>> {
        let Reverse(first) = self.waiting.peek()?;
        if first.at >= release_point {
            return None;
        }
        let Reverse(first) = self.waiting.pop().expect("a record was peeked");
        Some(Released {
            at: first.at,
            late: first.late,
            item: first.item,
        })
    }

    /// Records that wait for the release point.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Everything that is needed to go on elsewhere; `save_item` gives the saved form of a record
    /// that waits.
    pub fn save<S>(&self, mut save_item: impl FnMut(&T) -> S) -> SavedMerge<S> {
        let mut waiting: Vec<&Waiting<T>> = self.waiting.iter().map(|entry| &entry.0).collect();
        waiting.sort_unstable();
        SavedMerge {
            sources: self
                .sources
                .iter()
                .map(|source| (source.watermark, source.position, source.ended))
                .collect(),
            waiting: waiting
                .into_iter()
                .map(|entry| SavedWaiting {
                    at: entry.at,
                    source: entry.source.0,
                    position: entry.position,
                    late: entry.late,
                    item: save_item(&entry.item),
                })
                .collect(),
        }
    }

    /// The merge that was saved.
    ///
    /// # Errors
    /// Those of `restore_item`.
    pub fn restore<S, E>(
        saved: SavedMerge<S>,
        slack_ms: i64,
        mut restore_item: impl FnMut(S) -> Result<T, E>,
    ) -> Result<Self, E> {
        let source = |(watermark, position, ended)| Source {
            watermark,
            position,
            ended,
        };
        let waiting = saved.waiting.into_iter().map(|entry| {
            Ok(Reverse(Waiting {
                at: entry.at,
                source: SourceIndex(entry.source),
                position: entry.position,
                late: entry.late,
                item: restore_item(entry.item)?,
            }))
        });
        Ok(Self {
            waiting: waiting.collect::<Result<_, E>>()?,
            sources: saved.sources.into_iter().map(source).collect(),
            slack_ms,
        })
    }
}

/// A [`Merge`] as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedMerge<S> {
    /// Watermark, next position and whether it ended, of each source.
    sources: Vec<(EventTime, u64, bool)>,
    /// In order.
    waiting: Vec<SavedWaiting<S>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SavedWaiting<S> {
    at: EventTime,
    source: u32,
    position: u64,
    late: bool,
    item: S,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn drain(merge: &mut Merge<(u32, u64)>, out: &mut Vec<(i64, bool, (u32, u64))>) {
        while let Some(released) = merge.pop() {
            out.push((released.at.millis(), released.late, released.item));
        }
    }

    fn run(logs: &[Vec<i64>], schedule: &[usize]) -> Vec<(i64, bool, (u32, u64))> {
        let mut merge = Merge::new(logs.len(), 5);
        let mut next = vec![0_usize; logs.len()];
        let mut out = Vec::new();
        let turns = schedule
            .iter()
            .copied()
            .chain((0..logs.len()).flat_map(|s| vec![s; logs[s].len()]));
        for source in turns {
            let source = source % logs.len();
            if let Some(ts) = logs[source].get(next[source]) {
                let index = SourceIndex(source as u32);
                merge.push(
                    index,
                    EventTime::from_millis(*ts),
                    (source as u32, next[source] as u64),
                );
                next[source] += 1;
                drain(&mut merge, &mut out);
            }
        }
        for source in 0..logs.len() {
            merge.end(SourceIndex(source as u32));
        }
        drain(&mut merge, &mut out);
        out
    }

    proptest! {
        #[test]
        fn the_order_is_a_function_of_the_logs_alone(
            logs in prop::collection::vec(prop::collection::vec(0_i64..40, 0..30), 1..4),
            one in prop::collection::vec(0_usize..4, 0..60),
            other in prop::collection::vec(0_usize..4, 0..60),
        ) {
            let first = run(&logs, &one);
            prop_assert_eq!(&first, &run(&logs, &other));
            prop_assert_eq!(first.len(), logs.iter().map(Vec::len).sum::<usize>());
            prop_assert!(first.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        }
    }

    #[test]
    fn a_record_behind_its_own_log_is_late_and_applied_at_the_watermark() {
        let released = run(&[vec![100, 10]], &[]);
        assert_eq!(released, vec![(95, true, (0, 1)), (100, false, (0, 0))]);
    }

    #[test]
    fn an_idle_source_holds_the_others_back_until_it_is_advanced() {
        let mut merge: Merge<&str> = Merge::new(2, 0);
        merge.push(SourceIndex(0), EventTime::from_millis(10), "a");
        merge.push(SourceIndex(0), EventTime::from_millis(20), "b");
        assert_eq!(merge.pop(), None);
        merge.advance(SourceIndex(1), EventTime::from_millis(20));
        assert_eq!(merge.pop().map(|released| released.item), Some("a"));
        assert_eq!(merge.pop(), None, "a tie could still arrive");
    }
}
