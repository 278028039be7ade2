//! `--order arrival`: each file is a partition of a log, with the watermarks and the lateness
//! that Kafka would show.

use anyhow::Result;
use promoguard_event::{DecodeError, ErrorKind, Field, Hour, Topic};
use promoguard_pipeline::{
    AFTER_ALL, Merge, Plausibility, PlausibleTime, Released, Routed, ShardSet, SourceIndex,
};

use super::decode::{DecodePool, DecodedChunk, FileSource};
use super::progress::Progress;
use super::replay::{Inputs, ReplaySettings};
use super::sinks::Sinks;
use super::sorted::{report_failed, times_of};

struct Log {
    source: FileSource,
    times: PlausibleTime,
    started: bool,
    ended: bool,
}

/// Drives the shards through all files as they stand.
///
/// # Errors
/// An input cannot be read or an output cannot be written.
pub fn drive(
    inputs: &Inputs,
    settings: &ReplaySettings,
    shards: &mut ShardSet,
    sinks: &mut Sinks,
    progress: &Progress,
) -> Result<()> {
    let mut pool = DecodePool::new(settings.threads, &settings.intake_keys(shards));
    let mut logs = open_logs(inputs, settings)?;
    let notices = settings.notices(inputs, sinks)?;
    let slack_ms = shards.settings().reorder_slack_ms;
    let mut merge = Merge::new(logs.len() + 1, slack_ms);
    let notice_source = SourceIndex(logs.len() as u32);
    for (ts, notice) in notices {
        merge.push(notice_source, ts, Routed::Notice(ts, notice));
    }
    merge.end(notice_source);
    progress.stage("judging");
    let mut hour = None;
    while let Some(place) = most_behind(&logs, &merge) {
        let source = SourceIndex(place as u32);
        match logs[place].source.next(&mut pool)? {
            Some(decoded) => {
                progress.read(&logs[place].source, &decoded);
                take(&mut logs[place], source, decoded, &mut merge, shards, sinks)?;
            }
            None => {
                logs[place].ended = true;
                merge.end(source);
            }
        }
        if release(&mut merge, &mut hour, settings, shards, sinks)? == Reached::End {
            break;
        }
    }
    shards.advance(AFTER_ALL);
    sinks.perform(shards.take_effects())
}

fn open_logs(inputs: &Inputs, settings: &ReplaySettings) -> Result<Vec<Log>> {
    let clicks = inputs.clicks.iter().map(|path| (path, Topic::Clicks));
    let orders = inputs.orders.iter().map(|path| (path, Topic::Orders));
    clicks
        .chain(orders)
        .map(|(path, topic)| {
            Ok(Log {
                source: FileSource::open(path, topic)?,
                times: PlausibleTime::new(settings.file_future_ms_max),
                started: false,
                ended: false,
            })
        })
        .collect()
}

/// The log that holds the others back: reading it next keeps the fewest records waiting.
fn most_behind(logs: &[Log], merge: &Merge<Routed>) -> Option<usize> {
    (0..logs.len())
        .filter(|place| !logs[*place].ended)
        .min_by_key(|place| merge.watermark(SourceIndex(*place as u32)))
}

fn take(
    log: &mut Log,
    source: SourceIndex,
    mut decoded: Box<DecodedChunk>,
    merge: &mut Merge<Routed>,
    shards: &mut ShardSet,
    sinks: &mut Sinks,
) -> Result<()> {
    if !log.started {
        log.times.start_with(times_of(&decoded.records));
        log.started = true;
    }
    let topic = log.source.topic();
    report_failed(topic, log.source.path(), &decoded, sinks)?;
    let orders = std::mem::take(&mut decoded.records.orders);
    let mut orders = orders.into_iter();
    for row in 0..decoded.lines.len() {
        let click = decoded.records.clicks.get(row);
        let order = if click.is_none() { orders.next() } else { None };
        let times = (click.map(|row| row.ts), order.as_ref().map(|row| row.ts));
        let ts = times.0.or(times.1).expect("a line has a row");
        if log.times.check(ts) == Plausibility::Ahead {
            let line = decoded.chunk.line_at(decoded.lines[row] as usize);
            let line = line.expect("a row has a line");
            let error = DecodeError::of_field(ErrorKind::TsInFuture, Field::Ts);
            sinks.dead_letter(topic, log.source.path(), &line, error)?;
            continue;
        }
        let routed = match (click, order) {
            (Some(click), _) => {
                let (slot, click) = shards.route_click(&decoded.records, click);
                Routed::Click(slot, click)
            }
            (None, order) => {
                let order = order.expect("a line has a row");
                let (slot, order) = shards.route_order(&decoded.records, order);
                Routed::Order(slot, order)
            }
        };
        merge.push(source, ts, routed);
    }
    log.source.recycle(decoded);
    Ok(())
}

/// How far the records went.
#[derive(PartialEq, Eq)]
enum Reached {
    /// To the release point.
    ReleasePoint,
    /// To where the run ends before its inputs do.
    End,
}

fn release(
    merge: &mut Merge<Routed>,
    hour: &mut Option<Hour>,
    settings: &ReplaySettings,
    shards: &mut ShardSet,
    sinks: &mut Sinks,
) -> Result<Reached> {
    let release_point = merge.release_point();
    while let Some(released) = merge.pop_below(release_point) {
        if !settings.is_before_end(released.at) {
            return Ok(Reached::End);
        }
        let entered = released.at.hour();
        if *hour != Some(entered) {
            *hour = Some(entered);
            shards.advance(entered.start());
            sinks.perform(shards.take_effects())?;
        }
        shards.accept(at_effective_time(released));
    }
    shards.advance(release_point);
    sinks.perform(shards.take_effects())?;
    Ok(Reached::ReleasePoint)
}

/// The record with its effective time, at which it is applied.
pub fn at_effective_time(released: Released<Routed>) -> Routed {
    let at = released.at;
    match released.item {
        Routed::Click(slot, mut click) => {
            click.at = at;
            Routed::Click(slot, click)
        }
        Routed::Order(slot, mut order) => {
            order.at = at;
            Routed::Order(slot, order)
        }
        Routed::Notice(_, notice) => Routed::Notice(at, notice),
    }
}
