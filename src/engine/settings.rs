//! Settings of the configuration as the engine wants them.

use std::time::Duration;

use promoguard_detect::SettingsBook;
use promoguard_event::{DecoderLimits, PseudonymKey};
use promoguard_pipeline::PipelineSettings;
use promoguard_pipeline::commit::TidyRule;
use promoguard_sketch::HashKey;

use super::checkpoint::CheckpointSettings;
use super::live::LiveSettings;
use super::replay::{Inputs, ReplayOrder, ReplaySettings};
use crate::cli::Order;
use crate::config::keys::KeyRing;
use crate::config::{Config, ReplayInputs};

const DAY_MS: i64 = 86_400_000;

/// Bounds and horizons of the pipeline.
pub fn pipeline_settings(config: &Config) -> PipelineSettings {
    let pipeline = &config.pipeline;
    PipelineSettings {
        shards: pipeline.partitions,
        reorder_slack_ms: pipeline.reorder_slack_ms.into(),
        lateness_ms_max: i64::from(pipeline.lateness_days) * DAY_MS,
        click_filter_bytes_max: pipeline.click_dedupe_memory_bytes,
        click_horizon_ms: i64::from(pipeline.click_dedupe_horizon_hours) * 3_600_000,
        order_horizon_ms: i64::from(pipeline.order_index_days) * DAY_MS,
        order_index_entries_max: pipeline.order_index_entries_max,
        attempts_per_code_hour_max: pipeline.attempts_per_code_hour_max as usize,
        unregistered_codes_max: pipeline.unregistered_codes_max as usize,
        hosts_max: pipeline.hosts_max as usize,
        ..PipelineSettings::default()
    }
}

/// Settings of the judge, those of merchants among them.
pub fn settings_book(config: &Config) -> SettingsBook {
    let book = config.detect.book();
    book.expect("settings are checked when they are read")
}

/// Settings that are tried in shadow, if any.
pub fn shadow_book(config: &Config) -> Option<SettingsBook> {
    let book = config.detect.shadow_book();
    book.expect("settings are checked when they are read")
}

/// Settings of a run over Kafka.
pub fn live_settings(config: &Config, keys: &KeyRing) -> LiveSettings {
    let pipeline = &config.pipeline;
    LiveSettings {
        kafka: config.kafka.settings(),
        topics: config.kafka.topics.clone(),
        pipeline: pipeline_settings(config),
        detect: settings_book(config),
        shadow: shadow_book(config),
        hash_key: HashKey::new(*keys.hash.bytes()),
        pseudonym_key: PseudonymKey::new(*keys.pseudonym.bytes()),
        decoder: DecoderLimits::default(),
        idle_ms: pipeline.idle_partition_ms.into(),
        future_ms_max: i64::from(pipeline.future_tolerance_minutes) * 60_000,
        batch_records_max: pipeline.batch_records_max as usize,
        waiting_records_max: 1 << 18,
        checkpoint: checkpoint_settings(config),
        rebuild: false,
        accept_gap: false,
    }
}

/// Where checkpoints are kept and how often they are made.
pub fn checkpoint_settings(config: &Config) -> CheckpointSettings {
    let checkpoint = &config.checkpoint;
    CheckpointSettings {
        location: checkpoint.location.clone(),
        interval: Duration::from_millis(checkpoint.interval_ms.into()),
        outbox_bytes_max: checkpoint.outbox_kbytes_max as usize * 1024,
        tidy: TidyRule {
            manifests_kept: checkpoint.kept as usize,
            grace_ms: u64::from(checkpoint.grace_hours) * 3_600_000,
        },
    }
}

impl From<Order> for ReplayOrder {
    fn from(order: Order) -> Self {
        match order {
            Order::EventTime => ReplayOrder::EventTime,
            Order::Arrival => ReplayOrder::Arrival,
        }
    }
}

impl From<ReplayInputs> for Inputs {
    fn from(inputs: ReplayInputs) -> Self {
        Inputs {
            clicks: inputs.clicks,
            orders: inputs.orders,
            codes: inputs.codes,
            sightings: inputs.sightings,
            decisions: inputs.decisions,
        }
    }
}

/// Settings of a replay.
pub fn replay_settings(config: &Config, keys: &KeyRing, order: ReplayOrder) -> ReplaySettings {
    let pipeline = &config.pipeline;
    ReplaySettings {
        pipeline: pipeline_settings(config),
        detect: settings_book(config),
        shadow: shadow_book(config),
        hash_key: HashKey::new(*keys.hash.bytes()),
        pseudonym_key: PseudonymKey::new(*keys.pseudonym.bytes()),
        decoder: DecoderLimits::default(),
        order,
        threads: config.threads().get(),
        sort_memory_bytes_max: pipeline.sort_memory_bytes as usize,
        temp_dir: pipeline.temp_dir.clone().unwrap_or_else(std::env::temp_dir),
        file_future_ms_max: i64::from(pipeline.file_future_days) * DAY_MS,
        zone: config.display.zone.clone(),
        until: None,
    }
}
