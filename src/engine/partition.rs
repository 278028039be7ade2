//! One owned partition: its logs, their merge, and the steps that idle logs take.

use promoguard_event::EventTime;
use promoguard_pipeline::{
    Merge, Released, Routed, SavedMerge, SavedRouted, ShardSet, SourceIndex, StateError,
};

/// The logs of a partition, in the order in which ties are settled: as kinds are, click first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// `promo.clicks`.
    Clicks = 0,
    /// `promo.orders`.
    Orders = 1,
    /// `promo.rekeyed`: holds nothing back, its records are applied as they come.
    Rekeyed = 2,
}

impl Log {
    const MERGED: [Log; 2] = [Log::Clicks, Log::Orders];

    fn index(self) -> SourceIndex {
        SourceIndex(self as u32)
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Quiet {
    /// Wall clock, epoch ms, since when the log has been at its end without a record.
    since_ms: Option<i64>,
}

/// The state of a partition's intake.
pub struct Partition {
    merge: Merge<Routed>,
    quiet: [Quiet; 2],
}

impl Partition {
    /// Nothing read yet.
    pub fn new(slack_ms: i64) -> Self {
        let mut merge = Merge::new(3, slack_ms);
        merge.end(Log::Rekeyed.index());
        Self {
            merge,
            quiet: [Quiet::default(); 2],
        }
    }

    /// Takes the next record of a log.
    pub fn push(&mut self, log: Log, ts: EventTime, routed: Routed) {
        match log {
            Log::Rekeyed => self.merge.advance(log.index(), self.merge.release_point()),
            Log::Clicks | Log::Orders => self.quiet[log as usize].since_ms = None,
        }
        self.merge.push(log.index(), ts, routed);
    }

    /// A record of a log was read that is not applied here: it went to its own partition.
    pub fn pass(&mut self, log: Log, ts: EventTime) {
        if log != Log::Rekeyed {
            self.quiet[log as usize].since_ms = None;
            self.merge.observe(log.index(), ts);
        }
    }

    /// A log was read to its end at the wall clock time `now_ms`.
    pub fn reached_end(&mut self, log: Log, now_ms: i64) {
        if log != Log::Rekeyed {
            self.quiet[log as usize].since_ms.get_or_insert(now_ms);
        }
    }

    /// The highest watermark of the logs that are not idle; `None` if all are.
    pub fn busy_watermark(&self, now_ms: i64, idle_ms: i64) -> Option<EventTime> {
        Log::MERGED
            .into_iter()
            .filter(|log| !self.is_idle(*log, now_ms, idle_ms))
            .map(|log| self.merge.watermark(log.index()))
            .max()
    }

    /// Moves the idle logs to `watermark`; returns those that it moved.
    pub fn advance_idle(&mut self, watermark: EventTime, now_ms: i64, idle_ms: i64) -> Vec<Log> {
        let mut moved = Vec::new();
        for log in Log::MERGED {
            let is_behind = self.merge.watermark(log.index()) < watermark;
            if is_behind && self.is_idle(log, now_ms, idle_ms) {
                self.merge.advance(log.index(), watermark);
                moved.push(log);
            }
        }
        moved
    }

    /// The merge as it is saved. That a log is quiet is seen again by whoever goes on.
    pub fn save(&self) -> SavedMerge<SavedRouted> {
        self.merge.save(SavedRouted::of)
    }

    /// What was saved.
    ///
    /// # Errors
    /// A record that waits belongs to no code of `shards`.
    pub fn restore(
        saved: SavedMerge<SavedRouted>,
        slack_ms: i64,
        shards: &mut ShardSet,
    ) -> Result<Self, StateError> {
        let merge = Merge::restore(saved, slack_ms, |item| shards.restore_routed(item))?;
        Ok(Self {
            merge,
            quiet: [Quiet::default(); 2],
        })
    }

    /// Below this everything was handed out.
    pub fn release_point(&self) -> EventTime {
        self.merge.release_point()
    }

    /// The next record in order.
    pub fn pop_below(&mut self, release_point: EventTime) -> Option<Released<Routed>> {
        self.merge.pop_below(release_point)
    }

    /// Records that wait for a slower log.
    pub fn waiting(&self) -> usize {
        self.merge.waiting()
    }

    /// The log that is ahead of the other one, if either is.
    pub fn ahead(&self) -> Option<Log> {
        let clicks = self.merge.watermark(Log::Clicks.index());
        let orders = self.merge.watermark(Log::Orders.index());
        match clicks.cmp(&orders) {
            std::cmp::Ordering::Greater => Some(Log::Clicks),
            std::cmp::Ordering::Less => Some(Log::Orders),
            std::cmp::Ordering::Equal => None,
        }
    }

    fn is_idle(&self, log: Log, now_ms: i64, idle_ms: i64) -> bool {
        self.quiet[log as usize]
            .since_ms
            .is_some_and(|since| now_ms - since >= idle_ms)
    }
}

/// Where idle logs stand now: beside the busiest of all partitions, or the wall clock less the
/// slack where nothing is busy. One empty partition must not hold back every flag of a small
/// brand.
pub fn idle_watermark<'a>(
    partitions: impl Iterator<Item = &'a Partition>,
    now_ms: i64,
    idle_ms: i64,
    slack_ms: i64,
) -> EventTime {
    partitions
        .filter_map(|partition| partition.busy_watermark(now_ms, idle_ms))
        .max()
        .unwrap_or(EventTime::from_millis(now_ms - slack_ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use promoguard_event::{Code, Sighting};
    use promoguard_pipeline::Notice;
    use std::sync::Arc;

    const SLACK_MS: i64 = 30_000;
    const IDLE_MS: i64 = 5_000;
    const HOUR_MS: i64 = 3_600_000;

    fn record(ts: i64) -> (EventTime, Routed) {
        let ts = EventTime::from_millis(ts);
        let sighting = Sighting {
            code: Code::from_normalised("a"),
            ts,
            url_host: None,
            url: Arc::from("u"),
            source: Arc::from("s"),
        };
        (ts, Routed::Notice(ts, Notice::Sighting(Box::new(sighting))))
    }

    fn step(partitions: &mut [Partition], now_ms: i64) {
        let watermark = idle_watermark(partitions.iter(), now_ms, IDLE_MS, SLACK_MS);
        for partition in partitions {
            partition.advance_idle(watermark, now_ms, IDLE_MS);
        }
    }

    #[test]
    fn three_orders_a_day_on_twelve_partitions_pass_within_the_hour_and_the_slack() {
        let mut partitions: Vec<Partition> = (0..12).map(|_| Partition::new(SLACK_MS)).collect();
        let ordered_at = 1_800_000_000_000;
        for partition in &mut partitions {
            partition.reached_end(Log::Clicks, ordered_at);
            partition.reached_end(Log::Orders, ordered_at);
        }
        let (ts, order) = record(ordered_at);
        partitions[3].push(Log::Orders, ts, order);
        partitions[3].reached_end(Log::Orders, ordered_at);
        let hour_end = ts.hour().end().millis();
        step(&mut partitions, hour_end + SLACK_MS);
        assert!(
            partitions
                .iter()
                .all(|p| p.release_point().millis() >= hour_end)
        );
        assert!(hour_end + SLACK_MS <= ordered_at + HOUR_MS + SLACK_MS);
    }

    #[test]
    fn an_idle_log_follows_the_busiest_and_not_the_wall_clock() {
        let mut partitions = vec![Partition::new(SLACK_MS), Partition::new(SLACK_MS)];
        let long_ago = 1_000_000_000_000;
        let now = 1_800_000_000_000;
        for log in [Log::Clicks, Log::Orders] {
            let (ts, routed) = record(long_ago);
            partitions[0].push(log, ts, routed);
            partitions[1].reached_end(log, now - 2 * IDLE_MS);
        }
        step(&mut partitions, now);
        assert_eq!(partitions[1].release_point().millis(), long_ago - SLACK_MS);
    }

    #[test]
    fn a_log_that_just_reached_its_end_still_holds_back() {
        let mut partition = Partition::new(SLACK_MS);
        let (ts, routed) = record(1_000_000_000_000);
        partition.push(Log::Clicks, ts, routed);
        partition.reached_end(Log::Orders, 1_800_000_000_000);
        let mut partitions = [partition];
        step(&mut partitions, 1_800_000_000_000 + IDLE_MS - 1);
        assert!(
            partitions[0]
                .pop_below(partitions[0].release_point())
                .is_none()
        );
    }

    #[test]
    fn a_rekeyed_record_is_applied_at_once_and_never_before_what_was_released() {
        let mut partition = Partition::new(0);
        for log in [Log::Clicks, Log::Orders] {
            let (ts, routed) = record(1_000);
            partition.push(log, ts, routed);
        }
        let (ts, routed) = record(10);
        partition.push(Log::Rekeyed, ts, routed);
        let (ts, routed) = record(2_000);
        partition.push(Log::Clicks, ts, routed);
        let (ts, routed) = record(2_000);
        partition.push(Log::Orders, ts, routed);
        let release_point = partition.release_point();
        let released: Vec<i64> = std::iter::from_fn(|| partition.pop_below(release_point))
            .map(|released| released.at.millis())
            .collect();
        assert_eq!(released, [1_000, 1_000, 1_000]);
    }
}
