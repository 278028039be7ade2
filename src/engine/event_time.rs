//! `--order event-time`: all inputs as one sequence in the total order (`ts`, kind, dedupe key,
//! record bytes), whatever files and lines the records stand in.

use std::collections::VecDeque;

use anyhow::Result;
use promoguard_event::{EventTime, Hour, Topic};
use promoguard_pipeline::{AFTER_ALL, CodeSlot, Notice, Routed, ShardOrder, ShardSet};

use super::click_stream::{ClickStream, order_of};
use super::decode::DecodePool;
use super::progress::Progress;
use super::replay::{Inputs, ReplaySettings};
use super::sinks::Sinks;
use super::sorted::{SortSettings, SortedStream, sort_files};

/// How the inputs were put in order, for the summary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ordering {
    /// Clicks were not nearly sorted, so they were sorted as the orders are.
    pub clicks_sorted: bool,
    /// Sorted runs that went through the disk.
    pub spilled_runs: u64,
}

struct OrderStream {
    stream: SortedStream,
    ready: VecDeque<(CodeSlot, ShardOrder)>,
}

impl OrderStream {
    fn head_at(&mut self, shards: &mut ShardSet) -> Result<Option<EventTime>> {
        if self.ready.is_empty() && self.stream.next_piece()? {
            let rows = std::mem::take(&mut self.stream.records.orders);
            for row in rows {
                self.ready
                    .push_back(shards.route_order(&self.stream.records, row));
            }
        }
        Ok(self.ready.front().map(|(_, order)| order.ts))
    }
}

/// Drives the shards through all inputs in event time.
///
/// # Errors
/// [`super::click_stream::NotNearlySorted`] if clicks were streamed and must be sorted; an input
/// cannot be read or an output cannot be written.
pub fn drive(
    inputs: &Inputs,
    settings: &ReplaySettings,
    sort_clicks: bool,
    shards: &mut ShardSet,
    sinks: &mut Sinks,
    progress: &Progress,
) -> Result<Ordering> {
    let mut pool = DecodePool::new(settings.threads, &settings.intake_keys(shards));
    let sort = SortSettings {
        memory_bytes_max: settings.sort_memory_bytes_max,
        temp_dir: settings.temp_dir.clone(),
        future_ms_max: settings.file_future_ms_max,
    };
    let mut ordering = Ordering {
        clicks_sorted: sort_clicks,
        spilled_runs: 0,
    };
    let mut sorted = |topic: Topic, paths, pool: &mut DecodePool, sinks: &mut Sinks| {
        progress.stage("sorting");
        let lines = sort_files(paths, topic, &sort, pool, sinks, progress)?;
        ordering.spilled_runs += lines.spilled_runs();
        let intake = settings.intake_keys(shards).intake();
        anyhow::Ok(SortedStream::new(topic, lines, intake))
    };
    let mut orders = OrderStream {
        stream: sorted(Topic::Orders, &inputs.orders, &mut pool, sinks)?,
        ready: VecDeque::new(),
    };
    let mut clicks = if sort_clicks {
        let stream = sorted(Topic::Clicks, &inputs.clicks, &mut pool, sinks)?;
        vec![ClickStream::sorted(stream)]
    } else {
        inputs
            .clicks
            .iter()
            .map(|path| ClickStream::open(path, settings.file_future_ms_max))
            .collect::<Result<Vec<_>>>()?
    };
    progress.stage("judging");
    let mut sequence = Sequence {
        notices: settings.notices(inputs, sinks)?.into(),
        hour: None,
    };
    // The last instant that is taken.
    let end = settings.until.map(|until| until.plus_millis(-1));
    loop {
        let mut first: Option<usize> = None;
        for place in 0..clicks.len() {
            if clicks[place].fill(shards, &mut pool, sinks, progress)?
                && first.is_none_or(|best| head_order(&clicks, place) < head_order(&clicks, best))
            {
                first = Some(place);
            }
        }
        let in_time = |at: &EventTime| settings.is_before_end(*at);
        let order_at = orders.head_at(shards)?.filter(in_time);
        let click_at = first.and_then(|place| clicks[place].head().map(|(_, click)| click.ts));
        let click_at = click_at.filter(in_time);
        match (click_at, order_at) {
            (None, None) => break,
            (Some(click), Some(order)) if order < click => {
                sequence.order(&mut orders, shards, sinks)?
            }
            (None, Some(_)) => sequence.order(&mut orders, shards, sinks)?,
            (Some(_), _) => {
                let place = first.expect("a click is at the head");
                let rival = (0..clicks.len())
                    .filter(|other| *other != place)
                    .filter_map(|other| clicks[other].head().map(|(_, click)| order_of(click)))
                    .min();
                let stop_at = order_at.into_iter().chain(end).min();
                sequence.clicks(&mut clicks[place], rival, stop_at, shards, sinks)?;
            }
        }
    }
    sequence.end(shards, sinks)?;
    Ok(ordering)
}

fn head_order(clicks: &[ClickStream], place: usize) -> Option<(EventTime, u128, u64)> {
    clicks[place].head().map(|(_, click)| order_of(click))
}

/// Feeds the shards and closes hours as time goes on.
struct Sequence {
    notices: VecDeque<(EventTime, Notice)>,
    hour: Option<Hour>,
}

impl Sequence {
    /// Takes clicks from one stream for as long as they come before everything else and not
    /// after `stop_at`.
    fn clicks(
        &mut self,
        stream: &mut ClickStream,
        rival: Option<(EventTime, u128, u64)>,
        stop_at: Option<EventTime>,
        shards: &mut ShardSet,
        sinks: &mut Sinks,
    ) -> Result<()> {
        while let Some((_, click)) = stream.head() {
            if rival.is_some_and(|rival| order_of(click) > rival)
                || stop_at.is_some_and(|stop_at| stop_at < click.ts)
            {
                break;
            }
            self.reach(click.ts, shards, sinks)?;
            let (slot, click) = stream.pop().expect("a head was seen");
            shards.accept(Routed::Click(slot, click));
        }
        Ok(())
    }

    fn order(
        &mut self,
        orders: &mut OrderStream,
        shards: &mut ShardSet,
        sinks: &mut Sinks,
    ) -> Result<()> {
        let (slot, order) = orders.ready.pop_front().expect("a head was seen");
        self.reach(order.ts, shards, sinks)?;
        shards.accept(Routed::Order(slot, order));
        Ok(())
    }

    /// Everything before `at` was accepted.
    fn reach(&mut self, at: EventTime, shards: &mut ShardSet, sinks: &mut Sinks) -> Result<()> {
        while self.notices.front().is_some_and(|(ts, _)| *ts < at) {
            let (ts, notice) = self.notices.pop_front().expect("a front was seen");
            self.enter(ts.hour(), shards, sinks)?;
            shards.accept(Routed::Notice(ts, notice));
        }
        self.enter(at.hour(), shards, sinks)
    }

    fn enter(&mut self, hour: Hour, shards: &mut ShardSet, sinks: &mut Sinks) -> Result<()> {
        if self.hour == Some(hour) {
            return Ok(());
        }
        self.hour = Some(hour);
        shards.advance(hour.start());
        sinks.perform(shards.take_effects())
    }

    fn end(mut self, shards: &mut ShardSet, sinks: &mut Sinks) -> Result<()> {
        while let Some((ts, notice)) = self.notices.pop_front() {
            self.enter(ts.hour(), shards, sinks)?;
            shards.accept(Routed::Notice(ts, notice));
        }
        shards.advance(AFTER_ALL);
        sinks.perform(shards.take_effects())
    }
}
