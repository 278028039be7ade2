//! The engine over records that are in memory already: two logs, clicks and orders, in order of
//! arrival. The demo, the benches and the quality measurements use it.

use anyhow::Result;
use promoguard_detect::SettingsBook;
use promoguard_event::{DecodeError, EventTime, Topic};
use promoguard_pipeline::{
    AFTER_ALL, Effects, Intake, Merge, Notice, PipelineSettings, Records, RegistryChange, Routed,
    ShardSet, SourceIndex,
};
use promoguard_sketch::HashKey;

use super::arrival::at_effective_time;
use super::decode::IntakeKeys;
use promoguard_event::{DecoderLimits, PseudonymKey};

/// Takes records one by one and gives effects.
pub struct MemoryEngine {
    intake: Intake,
    records: Records,
    merge: Merge<Routed>,
    shards: ShardSet,
    bad_lines: promoguard_pipeline::Counts,
}

/// Records after which the texts of decoded rows are let go.
const RECORDS_KEPT: usize = 4096;

impl MemoryEngine {
    /// An empty engine.
    pub fn new(
        pipeline: PipelineSettings,
        detect: impl Into<SettingsBook>,
        hash_key: &HashKey,
        pseudonym_key: PseudonymKey,
    ) -> Self {
        let merge = Merge::new(2, pipeline.reorder_slack_ms);
        let shards = ShardSet::new(pipeline, detect, hash_key);
        let keys = IntakeKeys {
            pseudonyms: pseudonym_key,
            limits: DecoderLimits::default(),
            hashers: shards.hashers().clone(),
        };
        Self {
            intake: keys.intake(),
            records: Records::default(),
            merge,
            shards,
            bad_lines: promoguard_pipeline::Counts::default(),
        }
    }

    /// Takes the lines of a registry and applies them.
    ///
    /// # Errors
    /// A line is no registry entry.
    pub fn register(&mut self, lines: &[u8]) -> Result<(), DecodeError> {
        for line in lines
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            self.intake.decode(Topic::Codes, line, &mut self.records)?;
        }
        for notice in self.records.notices.drain(..) {
            if let Notice::Code(entry) = notice {
                self.shards.submit(RegistryChange::Set(entry));
            }
        }
        self.shards.apply_registry();
        Ok(())
    }

    /// Takes a click, an order, a sighting or a decision as it arrives; a bad one is counted.
    /// Sightings and decisions are told in the log of orders.
    pub fn push(&mut self, topic: Topic, payload: &[u8]) {
        if self.records.len() >= RECORDS_KEPT {
            self.records.clear();
        }
        if let Err(error) = self.intake.decode(topic, payload, &mut self.records) {
            self.bad_lines.add_dead_letter(topic, error.kind);
            return;
        }
        let (source, ts, routed) = if matches!(topic, Topic::Sightings | Topic::Decisions) {
            let Some(notice) = self.records.notices.pop() else {
                return;
            };
            let ts = match &notice {
                Notice::Sighting(sighting) => sighting.ts,
                Notice::Decision(decision) => decision.ts,
                Notice::Code(_) => return,
            };
            (SourceIndex(1), ts, Routed::Notice(ts, notice))
        } else if topic == Topic::Clicks {
            let row = self.records.clicks[self.records.clicks.len() - 1];
            let (slot, click) = self.shards.route_click(&self.records, &row);
            (SourceIndex(0), click.ts, Routed::Click(slot, click))
        } else {
            let row = self.records.orders.pop().expect("an order was decoded");
            let (slot, order) = self.shards.route_order(&self.records, row);
            (SourceIndex(1), order.ts, Routed::Order(slot, order))
        };
        self.merge.push(source, ts, routed);
    }

    /// Applies what may be applied and judges the hours that closed.
    pub fn step(&mut self) -> Effects {
        let release_point = self.merge.release_point();
        self.release(release_point);
        self.effects()
    }

    /// Both logs have nothing before `watermark`: what is older may be applied.
    pub fn advance(&mut self, watermark: EventTime) -> Effects {
        self.merge.advance(SourceIndex(0), watermark);
        self.merge.advance(SourceIndex(1), watermark);
        self.step()
    }

    /// Ends both logs: the last hour closes.
    pub fn finish(&mut self) -> Effects {
        self.merge.end(SourceIndex(0));
        self.merge.end(SourceIndex(1));
        self.release(AFTER_ALL);
        self.effects()
    }

    /// The shards, for what they know.
    pub fn shards(&self) -> &ShardSet {
        &self.shards
    }

    fn release(&mut self, release_point: EventTime) {
        while let Some(released) = self.merge.pop_below(release_point) {
            self.shards.accept(at_effective_time(released));
        }
        self.shards.advance(release_point);
    }

    fn effects(&mut self) -> Effects {
        let mut effects = self.shards.take_effects();
        effects.counts.add(&std::mem::take(&mut self.bad_lines));
        effects
    }
}
