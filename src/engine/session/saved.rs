//! What a session adds to the saved state, and how it goes on from there.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use promoguard_kafka::{Intake as KafkaIntake, TopicPartition};
use promoguard_pipeline::ShardSet;
use promoguard_pipeline::commit::{Draft, IdleStep, LogName, Manifest, Restored};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Session;
use crate::engine::checkpoint::Job;
use crate::engine::live::{Layout, LiveSettings};
use crate::engine::measure::{OpenFlags, measure_counts};
use crate::engine::partition::Partition;
use crate::telemetry::Telemetry;

/// Keys of the engine begin so; those of the shards do not.
const MERGE: &[u8] = b"em";
const TAKEN: &[u8] = b"et";
const OPEN_FLAGS: &[u8] = b"ef";

/// The shards that were saved, or new ones.
pub(super) fn shards_of(
    settings: &LiveSettings,
    layout: &Layout,
    restored: Option<&Restored>,
) -> Result<ShardSet> {
    let mut pipeline = settings.pipeline.clone();
    pipeline.shards = layout.partitions as u32;
    let (detect, shadow) = (settings.detect.clone(), settings.shadow.clone());
    if let Some(restored) = restored {
        let key = &settings.hash_key;
        return ShardSet::restore(pipeline, detect, shadow, key, &restored.state).context(
            "cannot take the state from the checkpoint; `promoguard run --rebuild` builds it anew \
             from what Kafka still has",
        );
    }
    let shards = ShardSet::new(pipeline, detect, &settings.hash_key);
    Ok(match shadow {
        Some(shadow) => shards.with_shadow(shadow),
        None => shards,
    })
}

/// Where logs are to be read from.
#[derive(Default)]
pub(super) struct Starts {
    next_offsets: BTreeMap<LogName, i64>,
    accept_gap: bool,
}

impl Starts {
    pub(super) fn of(manifest: &Manifest, accept_gap: bool) -> Self {
        Self {
            next_offsets: manifest.next_offsets.clone(),
            accept_gap,
        }
    }

    /// The first record of a log that the state does not contain; `None` for a log that it does
    /// not know.
    pub(super) fn next_of(&self, log: &TopicPartition) -> Option<i64> {
        let name = LogName {
            topic: log.topic.clone(),
            partition: log.partition,
        };
        self.next_offsets.get(&name).copied()
    }

    /// The same, once the broker was asked whether it has that record. That takes a fraction of a
    /// second a log; a gap in a log that nobody asked about shows when it is read.
    ///
    /// # Errors
    /// The broker does not have what comes next, or never had what came before.
    pub(super) fn checked(&self, kafka: &KafkaIntake, log: &TopicPartition) -> Result<Option<i64>> {
        let Some(next) = self.next_of(log) else {
            return Ok(None);
        };
        let (earliest, end) = kafka.watermarks(log)?;
        if next > end {
            bail!(
                "{log} ends at offset {end}, and the saved state contains it up to {next}: the topic \
                 was made anew or lost records; `promoguard run --rebuild` builds the state from \
                 what is there"
            );
        }
        if next >= earliest {
            return Ok(Some(next));
        }
        if self.accept_gap {
            tracing::warn!(%log, from = next, to = earliest, "records are gone and will not be counted");
            return Ok(Some(earliest));
        }
        bail!(
            "{} records of {log} were deleted before they were read: the saved state ends at offset \
             {next}, and the broker begins at {earliest}; `promoguard run --accept-gap` goes on \
             without them, `promoguard run --rebuild` builds the state anew from what is there",
            earliest - next
        )
    }
}

impl Session {
    /// What is to be committed of this moment: the state and the outputs that it implies.
    pub fn job(
        &mut self,
        open_flags: &OpenFlags,
        detector: String,
        telemetry: &Telemetry,
    ) -> (Job, Vec<i64>) {
        // Accepted records may not be applied yet, and what they lead to belongs to this commit.
        self.desk.shards.apply();
        let effects = self.desk.shards.take_effects();
        self.keep(&effects);
        measure_counts(telemetry, &effects.counts);
        let mut changes = self.desk.shards.save();
        for (number, partition) in &self.desk.partitions {
            let key = [MERGE, &number.to_be_bytes()].concat();
            changes.push((key, Some(encode(&partition.save()))));
        }
        changes.push((TAKEN.to_vec(), Some(encode(&self.desk.taken))));
        changes.push((OPEN_FLAGS.to_vec(), Some(encode(open_flags))));
        let outbox = self.take_outbox();
        let steps = std::mem::take(&mut self.idle_steps).into_iter();
        let steps = steps.map(|((log, before_offset), watermark_ms)| IdleStep {
            log,
            before_offset,
            watermark_ms,
        });
        let draft = Draft {
            next_offsets: self.offsets(),
            idle_steps: steps.collect(),
            outbox: outbox.records,
            counters: self.counters.clone(),
            detector,
            ..Draft::default()
        };
        (Job { changes, draft }, outbox.flag_hours)
    }

    /// Takes back what a session adds to the state.
    pub(super) fn restore(&mut self, restored: &Restored) -> Result<()> {
        let context = "cannot take the state from the checkpoint; `promoguard run --rebuild` builds \
                       it anew from what Kafka still has";
        let state = &restored.state;
        for (number, partition) in &mut self.desk.partitions {
            let key = [MERGE, &number.to_be_bytes()].concat();
            let saved = decode(state, &key).context(context)?;
            *partition =
                Partition::restore(saved, self.slack_ms, &mut self.desk.shards).context(context)?;
        }
        self.desk.taken = decode(state, TAKEN).context(context)?;
        self.counters = restored.head.manifest.counters.clone();
        Ok(())
    }

    fn offsets(&self) -> BTreeMap<LogName, i64> {
        let name = |source| {
            let log = self.kafka.topic_partition(source)?;
            Some(LogName {
                topic: log.topic.clone(),
                partition: log.partition,
            })
        };
        let next = self.next_offsets.iter();
        next.filter_map(|(source, offset)| Some((name(*source)?, offset.0)))
            .collect()
    }
}

/// The flags that were open when the state was saved.
pub fn open_flags_of(restored: &Restored) -> OpenFlags {
    // Only the gauges need them, so a state without them is no reason to stop.
    decode(&restored.state, OPEN_FLAGS).unwrap_or_default()
}

fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_stdvec(value).expect("saved values have nothing that fails")
}

fn decode<T: DeserializeOwned>(state: &BTreeMap<Vec<u8>, Vec<u8>>, key: &[u8]) -> Result<T> {
    let bytes = state.get(key).context("a part of the state is missing")?;
    Ok(postcard::from_bytes(bytes)?)
}
