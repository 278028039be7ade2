//! `promoguard simulate`: a made-up world with known leaks, as files or into Kafka.
//!
//! Decides where the records of a world go and how fast. Must not know how a world is made.

use std::fs;
use std::num::NonZeroU32;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use promoguard_event::{Code, parse_rfc3339};
use promoguard_kafka::{Output, OutputRecord};
use promoguard_simulate::{Outputs, RecordBatch, Topic, World, WorldSettings, write_world};

use crate::config::sections::Config;
use crate::config::{SimulatePlan, SimulateTarget};

use super::DONE;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: f64 = 24.0 * HOUR_MS as f64;

/// Records between two looks at the clock: fine enough for a steady rate, rare enough to be free.
const BATCH_RECORDS: usize = 256;

/// Writes the world.
///
/// # Errors
/// A file or a broker that does not take it.
pub(super) fn execute(plan: SimulatePlan) -> Result<u8> {
    match &plan.target {
        SimulateTarget::Files { folder, gzip } => to_files(&plan, folder, *gzip)?,
        SimulateTarget::Kafka { rate } => to_kafka(&plan, *rate)?,
    }
    Ok(DONE)
}

fn to_files(plan: &SimulatePlan, folder: &Path, gzip: bool) -> Result<()> {
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot make folder {}", folder.display()))?;
    let extension = if gzip { "ndjson.gz" } else { "ndjson" };
    let create = |name: &str| {
        promoguard_storage::Output::create(&folder.join(format!("{name}.{extension}")))
    };
    let names = [
        "clicks",
        "orders",
        "codes",
        "sightings",
        "truth",
        "leaked-orders",
    ];
    let mut outputs = names
        .into_iter()
        .map(create)
        .collect::<Result<Vec<_>, _>>()?;
    let [clicks, orders, codes, sightings, truth, leaked_orders] = outputs.as_mut_slice() else {
        unreachable!("one output for each name");
    };
    let mut world = World::new(plan.world.clone())?;
    let totals = write_world(
        &mut world,
        &mut Outputs {
            clicks,
            orders,
            codes,
            sightings,
            truth,
            leaked_orders,
        },
    )
    .with_context(|| format!("cannot write the world into {}", folder.display()))?;
    for output in outputs {
        output.commit()?;
    }
    if !plan.quiet {
        let leaks = world.truth().iter().filter(|code| code.leaked()).count();
        eprintln!(
            "wrote {} records of clicks and {} of orders; {leaks} of {} codes leak; in {}",
            totals.click_records,
            totals.order_records,
            plan.world.codes,
            folder.display()
        );
    }
    Ok(())
}

fn to_kafka(plan: &SimulatePlan, rate: Option<NonZeroU32>) -> Result<()> {
    let mut settings = plan.world.clone();
    if !plan.starts_as_said {
        settings.start = start_to_end_now(&settings, SystemTime::now());
    }
    let mut world = World::new(settings)?;
    let mut output = Output::new(&plan.config.kafka.settings())?;
    send_registry(&world, &plan.config, &mut output)?;
    let topics = &plan.config.kafka.topics;
    let mut batch = RecordBatch::with_records_max(BATCH_RECORDS);
    let (started, mut sent) = (Instant::now(), 0u64);
    while world.fill(&mut batch) > 0 {
        for record in batch.iter() {
            let topic = match record.topic {
                Topic::Clicks => &topics.clicks,
                Topic::Orders => &topics.orders,
            };
            send(&mut output, topic, record.key, record.payload)?;
        }
        sent += batch.len() as u64;
        batch.clear();
        output.poll();
        if let Some(rate) = rate {
            let due = Duration::from_secs_f64(sent as f64 / f64::from(rate.get()));
            std::thread::sleep(due.saturating_sub(started.elapsed()));
        }
        if output.failed() > 0 {
            break;
        }
    }
    finish(plan, &mut output)?;
    if !plan.quiet {
        eprintln!("sent {sent} records of {} codes", plan.world.codes);
    }
    Ok(())
}

/// The registry and the sightings go first, so that every code is known before its events.
fn send_registry(world: &World, config: &Config, output: &mut Output) -> Result<()> {
    for (code, entry) in world.code_entries() {
        send(output, &config.kafka.topics.codes, code, &entry)?;
    }
    // A crawler may find a code after the world's last hour; Kafka would refuse that as the future.
    let end = world.settings().start + (world.settings().days * 86_400_000.0) as i64;
    for line in world
        .sightings()
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        let sighting: serde_json::Value = serde_json::from_slice(line)?;
        let seen = parse_rfc3339(sighting["ts"].as_str().unwrap_or_default())
            .context("the simulator wrote a sighting without a time")?;
        if seen.millis() > end {
            continue;
        }
        let code = sighting["code"].as_str().unwrap_or_default();
        let code = Code::parse(code).context("the simulator wrote a sighting without a code")?;
        send(output, &config.kafka.topics.sightings, code.as_str(), line)?;
    }
    Ok(())
}

fn send(output: &mut Output, topic: &str, key: &str, payload: &[u8]) -> Result<()> {
    output.send(OutputRecord {
        topic,
        partition: None,
        key: Some(key.as_bytes()),
        headers: &[],
        payload: Some(payload),
    })?;
    Ok(())
}

fn finish(plan: &SimulatePlan, output: &mut Output) -> Result<()> {
    let patience = Duration::from_millis(plan.config.kafka.delivery_timeout_ms.into());
    output
        .flush(patience)
        .with_context(|| format!("cannot deliver to {}", plan.config.kafka.brokers.join(",")))
}

/// Events of the future would be refused, and old ones would be late: the last day is today.
fn start_to_end_now(settings: &WorldSettings, now: SystemTime) -> i64 {
    let now = now
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let start = now - (settings.days * DAY_MS) as i64;
    start - start.rem_euclid(HOUR_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_for_kafka_ends_within_the_hour_and_not_in_the_future() {
        let settings = WorldSettings {
            days: 2.0,
            ..WorldSettings::default()
        };
        let now_ms = 1_790_000_123_456;
        let now = UNIX_EPOCH + Duration::from_millis(now_ms);
        let end = start_to_end_now(&settings, now) + 2 * 24 * HOUR_MS;
        let ahead = end - i64::try_from(now_ms).unwrap();
        assert!((-HOUR_MS..=0).contains(&ahead), "{ahead} ms");
    }
}
