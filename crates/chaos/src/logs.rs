//! The logs that the nodes read: two partitions of clicks and two of orders, appended over time.

use promoguard_pipeline::commit::LogName;

use crate::chance::Chance;

/// Logs there are: clicks and orders of two partitions.
pub(crate) const LOGS: usize = 4;
/// How far a watermark stays behind.
pub(crate) const SLACK_MS: i64 = 300;

/// A record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    /// Its own time.
    pub(crate) ts: i64,
    /// When it is there to be read.
    pub(crate) appended_at: u64,
    pub(crate) code: u8,
    /// It cannot be read and becomes a dead letter.
    pub(crate) bad: bool,
}

/// All logs, by number.
pub(crate) struct Logs(pub(crate) [Vec<Record>; LOGS]);

/// The name of a log: numbers 0 and 1 are clicks, 2 and 3 orders.
pub(crate) fn name_of(log: usize) -> LogName {
    LogName {
        topic: if log < 2 { "clicks" } else { "orders" }.to_owned(),
        partition: (log % 2) as i32,
    }
}

/// The number of a log by its name.
pub(crate) fn number_of(name: &LogName) -> usize {
    name.partition as usize + if name.topic == "clicks" { 0 } else { 2 }
}

impl Logs {
    /// Records over `span_ms`, with quiet stretches, late ones and bad ones.
    pub(crate) fn new(chance: &mut Chance, records: u64, span_ms: u64) -> Self {
        let mut logs: [Vec<Record>; LOGS] = Default::default();
        for log in &mut logs {
            let mut at = 0;
            let count = chance.between(records / 2, records);
            while (log.len() as u64) < count {
                // Bursts and gaps, so that logs are quiet at different times.
                at += if chance.in_thousand(50) {
                    chance.between(500, 4_000)
                } else {
                    chance.below(2 * span_ms / records.max(1))
                };
                let late = chance.in_thousand(150);
                let behind = chance.below(if late { 3_000 } else { 200 });
                log.push(Record {
                    ts: at as i64 - behind as i64,
                    appended_at: at,
                    code: chance.below(6) as u8,
                    bad: chance.in_thousand(30),
                });
            }
        }
        let end = logs.iter().flatten().map(|r| r.appended_at).max();
        let end = end.unwrap_or(0) + 1;
        // After the end of everything: they only let the others pass, and are never applied.
        for log in &mut logs {
            log.push(Record {
                ts: end as i64 + 1_000_000_000,
                appended_at: end,
                code: 0,
                bad: false,
            });
        }
        Self(logs)
    }

    /// The end of a log now.
    pub(crate) fn end(&self, log: usize, now: u64) -> i64 {
        self.0[log].partition_point(|record| record.appended_at <= now) as i64
    }
}
