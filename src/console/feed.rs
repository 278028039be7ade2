//! The review store follows the topics, and decisions leave for theirs.
//!
//! One thread, one turn after the other: read a batch and store it together with its offsets; send
//! what waits in the outbox, wait for the brokers' word, and only then note that it left. Whenever
//! the process dies, the topics are read on from what is stored, and a decision of which the word
//! was not noted leaves once more.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use promoguard_kafka::{
    Intake, KafkaSettings, Output, OutputRecord, RawRecord, StartOffset, TopicPartition, describe,
};
use promoguard_review::{DeadLetter, FeedKind, Position, Store};
use tracing::{info, warn};

use super::lines::FeedLines;
use crate::config::sections::Topics;
use crate::http::Health;

/// How long one poll waits for records.
const POLL_MS: u32 = 200;
/// Records of one transaction.
const RECORDS_MAX: usize = 5_000;
/// Decisions sent in one turn.
const DECISIONS_MAX: u32 = 500;
/// How often the end of the trail is vouched for.
const ANCHOR_EVERY: Duration = Duration::from_secs(300);
/// The feed has stopped if it did not turn for so long; a send may take the delivery timeout.
const PATIENCE: Duration = Duration::from_secs(300);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Line(FeedKind),
    DeadLetter,
}

/// Follows the topics until told to stop.
///
/// # Errors
/// A topic is missing, the client is beyond repair, or the store cannot be written.
pub fn follow(
    store: &Store,
    kafka: &KafkaSettings,
    topics: &Topics,
    health: &Health,
    stop: &AtomicBool,
) -> Result<()> {
    let wanted = [
        (topics.codes.as_str(), What::Line(FeedKind::Code)),
        (topics.windows.as_str(), What::Line(FeedKind::Window)),
        (topics.judged_orders.as_str(), What::Line(FeedKind::Order)),
        (topics.flags.as_str(), What::Line(FeedKind::Flag)),
        (topics.dead_letters.as_str(), What::DeadLetter),
    ];
    let assignments = assignments(store, kafka, &wanted)?;
    let mut intake = Intake::new(kafka, &assignments).context("cannot read the topics")?;
    let mut output = Output::new(kafka).context("cannot start the producer")?;
    let mut lines = FeedLines::default();
    let mut anchored = Instant::now();
    info!(
        partitions = assignments.len(),
        "the review store follows the topics"
    );
    while !stop.load(Ordering::Relaxed) {
        health.moved("feed", PATIENCE);
        let mut letters = Vec::new();
        let mut next: BTreeMap<u32, i64> = BTreeMap::new();
        let mut records: Vec<(u32, Vec<u8>)> = Vec::new();
        let outcome = intake.poll_batch(POLL_MS, RECORDS_MAX, &mut |record| {
            next.insert(record.source.0, record.offset + 1);
            let what = kind_of(record.source.0, &assignments, &wanted);
            match (what, record.payload) {
                (Some(What::DeadLetter), Some(_)) => letters.push(dead_letter(&record)),
                (Some(What::Line(_)), Some(payload)) => {
                    records.push((record.source.0, payload.to_vec()));
                }
                // A code that leaves the registry keeps its past here.
                (_, None) | (None, _) => {}
            }
        })?;
        for issue in &outcome.issues {
            warn!(issue = %issue, "Kafka");
        }
        for (source, payload) in &records {
            if let Some(What::Line(kind)) = kind_of(*source, &assignments, &wanted) {
                lines.add(kind, payload);
            }
        }
        if !next.is_empty() {
            store.keep_dead_letters(&letters)?;
            let positions = positions(&next, &assignments);
            let report = lines.feed(store, &positions)?;
            if report.refused_count > 0 {
                let first = report.refused.first().map_or("", String::as_str);
                warn!(
                    count = report.refused_count,
                    first, "records that the review store cannot read"
                );
            }
        }
        publish(store, &mut output, kafka, &topics.decisions)?;
        health.ready("feed");
        if anchored.elapsed() >= ANCHOR_EVERY {
            store.anchor(wall_ms())?;
            anchored = Instant::now();
        }
    }
    store.anchor(wall_ms())?;
    health.finished("feed");
    Ok(())
}

/// Sends what waits; notes as sent what the brokers have.
fn publish(store: &Store, output: &mut Output, kafka: &KafkaSettings, topic: &str) -> Result<()> {
    let waiting = store.unpublished(DECISIONS_MAX)?;
    if waiting.is_empty() {
        return Ok(());
    }
    for decision in &waiting {
        output.send(OutputRecord {
            topic,
            partition: None,
            key: Some(decision.code.as_bytes()),
            headers: &[],
            payload: Some(decision.line.as_bytes()),
        })?;
    }
    let timeout = Duration::from_millis(kafka.delivery_timeout_ms.into());
    match output.flush(timeout) {
        Ok(()) => {
            let ids: Vec<i64> = waiting.iter().map(|decision| decision.id).collect();
            store.mark_published(&ids, wall_ms())?;
            info!(count = ids.len(), "decisions have left");
        }
        Err(error) => {
            // They stay in the outbox and leave with the next turn.
            output.take_failed();
            if let Some(reason) = output.fatal_error() {
                bail!("decisions cannot be sent: {reason}");
            }
            warn!(%error, "decisions have not left yet");
        }
    }
    Ok(())
}

/// Every partition of the topics, from where the store stands.
fn assignments(
    store: &Store,
    kafka: &KafkaSettings,
    wanted: &[(&str, What)],
) -> Result<Vec<(TopicPartition, StartOffset)>> {
    let names: Vec<&str> = wanted.iter().map(|(name, _)| *name).collect();
    let cluster = describe(kafka, &names).context("cannot reach Kafka")?;
    let known = store.positions()?;
    let mut assignments = Vec::new();
    for name in names {
        let Some(topic) = cluster.topics.get(name) else {
            bail!("the topic {name} does not exist: promoguard topics create makes it");
        };
        for partition in 0..topic.partitions {
            let position = known
                .iter()
                .find(|position| position.topic == name && position.partition == partition);
            let start = position.map_or(StartOffset::Earliest, |position| {
                StartOffset::At(position.next_offset)
            });
            assignments.push((TopicPartition::new(name, partition), start));
        }
    }
    Ok(assignments)
}

/// Sources are numbered in the order in which they were assigned.
fn kind_of(
    source: u32,
    assignments: &[(TopicPartition, StartOffset)],
    wanted: &[(&str, What)],
) -> Option<What> {
    let (partition, _) = assignments.get(source as usize)?;
    let known = wanted.iter().find(|(name, _)| *name == partition.topic);
    known.map(|(_, what)| *what)
}

fn positions(
    next: &BTreeMap<u32, i64>,
    assignments: &[(TopicPartition, StartOffset)],
) -> Vec<Position> {
    next.iter()
        .filter_map(|(source, next_offset)| {
            let (partition, _) = assignments.get(*source as usize)?;
            Some(Position {
                topic: partition.topic.clone(),
                partition: partition.partition,
                next_offset: *next_offset,
            })
        })
        .collect()
}

fn dead_letter(record: &RawRecord<'_>) -> DeadLetter {
    let header = |name: &str| {
        let value = record.header(name);
        value.map(|value| String::from_utf8_lossy(value).into_owned())
    };
    let source = header("source-topic").unwrap_or_default();
    let partition = header("source-partition").unwrap_or_default();
    let offset = header("source-offset").unwrap_or_default();
    DeadLetter {
        error: header("error").unwrap_or_default(),
        field: header("field"),
        source,
        place: format!("{partition}:{offset}"),
        raw: record.payload.unwrap_or_default().to_vec(),
        seen_ms: record.timestamp_ms,
    }
}

fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}
