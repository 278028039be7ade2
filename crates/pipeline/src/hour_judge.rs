//! One judge over the closed rows of all shards: its settings, its market, its two phases.
//!
//! Decides: under whose settings a code is judged, and in which order. The judge whose flags count
//! and one in shadow differ in nothing but their settings and in what they remember. Must not know:
//! what becomes of a verdict.

use std::collections::BTreeSet;

use promoguard_detect::{
    CodeWatch, Explanation, HourOfCode, HourSums, Market, Page, SettingsBook, Verdict,
};
use promoguard_event::{Code, CodeEntry, Hour};

use crate::code_state::CodeState;
use crate::hour_row::ClosedRow;
use crate::shard::Shard;

/// Whose memory is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Of the judge whose flags count.
    Present,
    /// Of the one that tries other settings beside it.
    Shadow,
}

/// What one judge remembers of one code.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    pub(crate) watch: CodeWatch,
    /// Settings of the merchant of its last order, for when the registry names none.
    pub(crate) ordered_under: Page,
}

impl Watched {
    /// Where the settings stand that hold for the code in this hour.
    fn page(&mut self, book: &SettingsBook, entry: Option<&CodeEntry>, row: &ClosedRow) -> Page {
        let accepted = row.attempts.iter().rev().find(|order| !order.rejected);
        if let Some(order) = accepted {
            self.ordered_under = book.page_of(&order.merchant);
        }
        self.page_now(book, entry)
    }

    /// The same between hours.
    fn page_now(&self, book: &SettingsBook, entry: Option<&CodeEntry>) -> Page {
        entry.map_or(self.ordered_under, |entry| book.page_of(&entry.merchant))
    }
}

/// Codes that a judge in shadow watches in one shard, by their slots there.
#[derive(Debug, Default)]
pub(crate) struct ShadowWatches {
    pub(crate) watched: Vec<Watched>,
    pub(crate) attentive: BTreeSet<u32>,
}

/// A judge.
pub(crate) struct HourJudge {
    side: Side,
    book: SettingsBook,
    market: Market,
}

impl HourJudge {
    /// A judge that has seen nothing. What merchants share is under the deployment's settings.
    pub(crate) fn new(side: Side, book: SettingsBook) -> Self {
        Self {
            side,
            market: Market::new(book.deployment()),
            book,
        }
    }

    /// Judges one hour: every shard sums up what it saw, the sums are exchanged, then every shard
    /// judges its codes against the market that contains this hour.
    pub(crate) fn judge(
        &mut self,
        hour: Hour,
        shards: &mut [Shard],
        rows: &[Vec<ClosedRow>],
        verdicts: &mut Vec<Verdict>,
    ) {
        let mut sums = HourSums::default();
        for (shard, rows) in shards.iter_mut().zip(rows) {
            let mut contribution = HourSums::default();
            for row in rows {
                let (code, entry, watched) = shard.watched(self.side, row.local);
                let page = watched.page(&self.book, entry, row);
                watched.watch.summarise(
                    self.book.settings(page),
                    &self.market,
                    &hour_of_code(hour, code, entry, row),
                    &mut contribution,
                );
            }
            sums.merge(contribution);
        }
        self.market.absorb(hour, &sums);
        for (shard, rows) in shards.iter_mut().zip(rows) {
            self.judge_shard(hour, shard, rows, verdicts);
        }
    }

    /// What merchants share.
    pub(crate) fn market(&self) -> &Market {
        &self.market
    }

    /// Whose settings stand where.
    pub(crate) fn book(&self) -> &SettingsBook {
        &self.book
    }

    /// Goes on with a market that was saved, under the settings of now.
    pub(crate) fn resume(&mut self, mut market: Market) {
        market.set_settings(self.book.deployment());
        self.market = market;
    }

    /// Tells a code's evidence as of the close of `hour`; of the judge whose flags count.
    pub(crate) fn explain(&self, hour: Hour, state: &CodeState) -> Explanation {
        let entry = state.entry.as_deref();
        let page = state.watched.page_now(&self.book, entry);
        let settings = self.book.settings(page);
        let watch = &state.watched.watch;
        watch.explain(settings, &self.market, hour, &state.code, entry)
    }

    fn judge_shard(
        &self,
        hour: Hour,
        shard: &mut Shard,
        rows: &[ClosedRow],
        verdicts: &mut Vec<Verdict>,
    ) {
        let quiet = ClosedRow::quiet();
        let mut steps: Vec<(Code, u32, &ClosedRow)> = rows
            .iter()
            .map(|row| (shard.state(row.local).code.clone(), row.local, row))
            .collect();
        let active: BTreeSet<u32> = rows.iter().map(|row| row.local).collect();
        let waiting: Vec<u32> = shard
            .attentive(self.side)
            .difference(&active)
            .copied()
            .collect();
        for local in waiting {
            let (code, _, watched) = shard.watched(self.side, local);
            if watched.watch.wants_step(hour) {
                steps.push((code.clone(), local, &quiet));
            }
        }
        steps.sort_by(|a, b| a.0.cmp(&b.0));
        for (_, local, row) in steps {
            let (code, entry, watched) = shard.watched(self.side, local);
            let page = watched.page(&self.book, entry, row);
            watched.watch.judge(
                self.book.settings(page),
                &self.market,
                &hour_of_code(hour, code, entry, row),
                verdicts,
            );
            let is_open = watched.watch.episode_open();
            let attentive = shard.attentive(self.side);
            if is_open {
                attentive.insert(local);
            } else {
                attentive.remove(&local);
            }
        }
    }
}

fn hour_of_code<'a>(
    hour: Hour,
    code: &'a Code,
    entry: Option<&'a CodeEntry>,
    row: &'a ClosedRow,
) -> HourOfCode<'a> {
    HourOfCode {
        hour,
        code,
        entry,
        clicks: &row.clicks,
        attempts: &row.attempts,
        changes: &row.changes,
        sightings: &row.sightings,
        decisions: &row.decisions,
        data_gap: false,
    }
}
