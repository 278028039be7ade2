//! All shards of a process and what they share: names, registry, market. It routes rows to their
//! shards, closes hours, and runs the two phases of the judge around the exchange of sums.

use std::collections::BTreeMap;
use std::sync::Arc;

use promoguard_detect::{Explanation, FeatureRow, SettingsBook, Verdict};
use promoguard_event::{
    Code, CodeEntry, EventTime, Flag, Hour, JudgedOrder, ScoreLine, Topic, Window,
};
use promoguard_sketch::HashKey;

use crate::code_state::CodeState;
use crate::counts::Counts;
use crate::hashing::Hashers;
use crate::hour_judge::{HourJudge, Side};
use crate::hour_row::ClosedRow;
use crate::names::{CodeSlot, CodeTable, HostTable};
use crate::placement::partition_of;
use crate::records::{ClickRow, Notice, OrderRow, Records};
use crate::registry::{Registry, RegistryChange, RegistryConflict};
use crate::settings::PipelineSettings;
use crate::shard::{Shard, ShardMemory};
use crate::shard_batch::{ShardBatch, ShardClick, ShardOrder};

mod saved;

pub use saved::SavedRouted;
use saved::Unsaved;

/// A flag and the hour whose close raised it.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgedFlag {
    /// The hour that was judged.
    pub hour: Hour,
    /// The flag.
    pub flag: Flag,
}

/// Everything that the outside has to do after a step, in order.
#[derive(Debug, Default)]
pub struct Effects {
    /// Windows, by hour, code and rev.
    pub windows: Vec<Window>,
    /// Flags, by (hour judged, `ts`, code, rev).
    pub flags: Vec<JudgedFlag>,
    /// Flags of the judge in shadow, in the same order. They are for comparison and nobody's output.
    pub shadow_flags: Vec<JudgedFlag>,
    /// Judged orders, by hour and code.
    pub judged_orders: Vec<JudgedOrder>,
    /// Signals that abstained, with how often.
    pub abstained: Vec<(&'static str, u64)>,
    /// What the learned judge saw, where the settings ask for it.
    pub features: Vec<FeatureRow>,
    /// What was refused of the registry.
    pub conflicts: Vec<RegistryConflict>,
    /// What was counted.
    pub counts: Counts,
    /// How many hours were judged.
    pub judged_hours: u64,
    /// The newest hour that was judged.
    pub judged_hour: Option<Hour>,
}

/// A row with its shard, between routing and release.
#[derive(Clone, Debug)]
pub enum Routed {
    /// A click.
    Click(CodeSlot, ShardClick),
    /// An order.
    Order(CodeSlot, ShardOrder),
    /// A registry entry, a sighting or a decision.
    Notice(EventTime, Notice),
}

/// What is known of one code, for whoever asks about it.
#[derive(Clone, Debug)]
pub struct CodeAccount {
    /// Its registry entry.
    pub entry: Option<Arc<CodeEntry>>,
    /// Its totals and scores.
    pub score_line: ScoreLine,
    /// Its evidence as of the last judged hour.
    pub explanation: Explanation,
}

/// The shards of this process.
pub struct ShardSet {
    settings: PipelineSettings,
    hashers: Hashers,
    names: CodeTable,
    hosts: HostTable,
    registry: Registry,
    judge: HourJudge,
    shadow: Option<HourJudge>,
    shards: Vec<Shard>,
    batches: Vec<ShardBatch>,
    batched: usize,
    verdicts: Vec<Verdict>,
    effects: Effects,
    judged_hour: Option<Hour>,
    /// What changed since the last save, if anybody saves.
    unsaved: Option<Unsaved>,
}

/// Records applied at once; large enough for the prefetches of a batch to pay.
const BATCH_RECORDS: usize = 4096;

impl ShardSet {
    /// Empty shards with the keys of the deployment, judged by one set of settings or by a book
    /// with those of merchants.
    pub fn new(settings: PipelineSettings, detect: impl Into<SettingsBook>, key: &HashKey) -> Self {
        let hashers = Hashers::new(key);
        let shards = (0..settings.shards)
            .map(|_| Shard::new(&settings, &hashers))
            .collect();
        let batches = (0..settings.shards)
            .map(|_| ShardBatch::default())
            .collect();
        Self {
            names: CodeTable::new(settings.shards),
            hosts: HostTable::new(settings.hosts_max),
            registry: Registry::default(),
            judge: HourJudge::new(Side::Present, detect.into()),
            shadow: None,
            shards,
            batches,
            batched: 0,
            verdicts: Vec::new(),
            effects: Effects::default(),
            judged_hour: None,
            unsaved: None,
            hashers,
            settings,
        }
    }

    /// With a second judge beside the first: it sees the same closed hours, has a market and a
    /// memory of its own, and writes to [`Effects::shadow_flags`] alone.
    pub fn with_shadow(mut self, detect: impl Into<SettingsBook>) -> Self {
        self.shadow = Some(HourJudge::new(Side::Shadow, detect.into()));
        for shard in &mut self.shards {
            shard.start_shadow();
        }
        self
    }

    /// The hashers, for intakes that feed these shards.
    pub fn hashers(&self) -> &Hashers {
        &self.hashers
    }

    /// Submits a change of the registry; it takes effect when the next hour closes.
    pub fn submit(&mut self, change: RegistryChange) {
        self.registry.submit(change);
    }

    /// Applies submitted changes now: for a registry that is read to its end before the first event.
    pub fn apply_registry(&mut self) {
        let applied = self.registry.apply_pending();
        self.effects.counts.code_conflicts += applied.conflicts.len() as u64;
        self.effects.conflicts.extend(applied.conflicts);
        if let Some(unsaved) = &mut self.unsaved {
            unsaved.entries.extend(applied.changed.iter().cloned());
            unsaved.names |= !applied.changed.is_empty();
        }
        for code in applied.changed {
            // A code without events gets its entry when it is first met.
            if let Some(slot) = self.names.find(code.as_str(), &self.hashers.record) {
                let entry = self.registry.entry(&code).cloned();
                self.shards[slot.shard as usize].set_entry(slot.local, entry);
            }
        }
        for (alias, code) in applied.aliases {
            let slot = self.slot(code.as_str());
            self.names.point(&alias, slot, &self.hashers.record);
        }
    }

    /// The shard and slot of a normalised code or alias.
    pub fn slot(&mut self, text: &str) -> CodeSlot {
        let (slot, new) = self.names.slot(text, &self.hashers.record);
        if let Some(new) = new {
            let entry = self.registry.entry(&new.code).cloned();
            self.shards[slot.shard as usize].meet(slot.local, new.code, new.hash, entry);
        }
        slot
    }

    /// The normalised code of a slot.
    pub fn code(&self, slot: CodeSlot) -> &str {
        self.shards[slot.shard as usize]
            .state(slot.local)
            .code
            .as_str()
    }

    /// A click with its slot and host looked up; its effective time is still its own. What was
    /// routed is either accepted or [dropped](ShardSet::drop_routed).
    pub fn route_click(&mut self, records: &Records, row: &ClickRow) -> (CodeSlot, ShardClick) {
        let slot = self.expect(records.text(row.code));
        let host = self
            .hosts
            .index(records.text(row.host), &self.hashers.record);
        let click = ShardClick {
            at: row.ts,
            ts: row.ts,
            local: slot.local,
            host,
            key: row.key,
            visitor: row.visitor,
            bot: row.bot,
        };
        (slot, click)
    }

    /// An order with its slot looked up; its effective time is still its own. What was routed is
    /// either accepted or [dropped](ShardSet::drop_routed).
    pub fn route_order(&mut self, records: &Records, row: OrderRow) -> (CodeSlot, ShardOrder) {
        let slot = self.expect(records.text(row.code));
        let order = ShardOrder {
            at: row.ts,
            ts: row.ts,
            local: slot.local,
            order: row.order,
        };
        (slot, order)
    }

    /// A routed record goes elsewhere: its code no longer waits for it.
    pub fn drop_routed(&mut self, slot: CodeSlot) {
        self.shards[slot.shard as usize].settle(slot.local);
    }

    fn expect(&mut self, text: &str) -> CodeSlot {
        let slot = self.slot(text);
        self.shards[slot.shard as usize].expect(slot.local);
        slot
    }

    /// Takes a record in order of effective time.
    pub fn accept(&mut self, routed: Routed) {
        match routed {
            Routed::Click(slot, click) => {
                self.batches[slot.shard as usize].clicks.push(click);
                self.batched += 1;
            }
            Routed::Order(slot, order) => {
                self.batches[slot.shard as usize].orders.push(order);
                self.batched += 1;
            }
            Routed::Notice(at, notice) => self.accept_notice(at, notice),
        }
        if self.batched >= BATCH_RECORDS {
            self.apply_batches();
        }
    }

    /// Everything with an effective time below `watermark` was accepted: applies it, closes the
    /// hours that end by then and judges them.
    pub fn advance(&mut self, watermark: EventTime) {
        self.apply_batches();
        for shard in &mut self.shards {
            shard.advance(watermark, &self.hosts);
        }
        // A shard may be ahead of the others; an hour is judged once all of them passed it.
        while let Some(hour) = self.shards.iter().filter_map(Shard::next_closed).min()
            && hour.end() <= watermark
        {
            self.judge(hour);
        }
    }

    /// Applies what was accepted and is not applied yet. That may close an hour of a shard, whose
    /// windows are then among the effects.
    pub fn apply(&mut self) {
        self.apply_batches();
    }

    /// Hands out what happened since the last call.
    pub fn take_effects(&mut self) -> Effects {
        for shard in &mut self.shards {
            self.effects.windows.append(&mut shard.take_windows());
            self.effects.counts.add(&shard.take_counts());
        }
        self.effects
            .windows
            .sort_by(|a, b| (a.hour, &a.code, a.rev).cmp(&(b.hour, &b.code, b.rev)));
        std::mem::take(&mut self.effects)
    }

    /// One line per code that had events, by code.
    pub fn scores(&self) -> Vec<ScoreLine> {
        let mut scores: Vec<ScoreLine> = self.shards.iter().flat_map(Shard::scores).collect();
        scores.sort_by(|a, b| a.code.cmp(&b.code));
        scores
    }

    /// The codes that have evidence, each with its score of the last judged hour in decibans, in a
    /// fixed order; for whoever follows scores from hour to hour.
    pub fn standings(&self) -> impl Iterator<Item = (&Code, f64)> {
        self.shards.iter().flat_map(Shard::standings)
    }

    /// What is known of a code, or of the code that an alias stands for, as of the last judged
    /// hour; `None` for a code that had no event and is not in the registry, and before any hour
    /// was judged.
    pub fn explain(&self, code: &Code) -> Option<CodeAccount> {
        let hour = self.judged_hour?;
        let account = |state: &CodeState| CodeAccount {
            explanation: self.judge.explain(hour, state),
            entry: state.entry.clone(),
            score_line: state.score_line(),
        };
        if let Some(slot) = self.names.find(code.as_str(), &self.hashers.record) {
            let state = self.shards[slot.shard as usize].state(slot.local);
            return Some(account(state));
        }
        let entry = self.registry.entry(code)?.clone();
        Some(account(&CodeState::new(code.clone(), 0, Some(entry))))
    }

    /// The last hour that was judged.
    pub fn judged_hour(&self) -> Option<Hour> {
        self.judged_hour
    }

    /// Every code that had an event or is in the registry, in no order.
    pub fn known_codes(&self) -> impl Iterator<Item = &Code> {
        let seen = self.shards.iter().flat_map(Shard::known_codes);
        seen.chain(self.registry.entries().map(|entry| &entry.code))
    }

    /// The registry as of the last closed hour.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// How many codes have state.
    pub fn codes(&self) -> usize {
        self.shards.iter().map(Shard::codes).sum()
    }

    /// Memory of each shard's filters and index.
    pub fn memory(&self) -> impl Iterator<Item = ShardMemory> + '_ {
        self.shards.iter().map(Shard::memory)
    }

    /// Settings in force.
    pub fn settings(&self) -> &PipelineSettings {
        &self.settings
    }

    fn accept_notice(&mut self, at: EventTime, notice: Notice) {
        self.apply_batches();
        let (topic, code) = match &notice {
            Notice::Code(_) => {
                self.effects.counts.of_mut(Topic::Codes).accepted += 1;
                if let Notice::Code(entry) = notice {
                    self.submit(RegistryChange::Set(entry));
                }
                return;
            }
            Notice::Sighting(sighting) => (Topic::Sightings, sighting.code.clone()),
            Notice::Decision(decision) => (Topic::Decisions, decision.code.clone()),
        };
        self.effects.counts.of_mut(topic).accepted += 1;
        let slot = self.slot(code.as_str());
        let shard = &mut self.shards[slot.shard as usize];
        shard.open_hour(at.hour(), &self.hosts);
        match notice {
            Notice::Sighting(sighting) => shard.note_sighting(at, slot.local, *sighting),
            Notice::Decision(decision) => shard.note_decision(at, slot.local, *decision),
            Notice::Code(_) => {}
        }
    }

    fn apply_batches(&mut self) {
        for (shard, batch) in self.shards.iter_mut().zip(&mut self.batches) {
            if !batch.is_empty() {
                shard.accept(batch, &self.hosts);
            }
        }
        self.batched = 0;
    }

    /// Judges one hour, in shadow too where that is asked for.
    fn judge(&mut self, hour: Hour) {
        self.apply_registry();
        let rows: Vec<Vec<ClosedRow>> = self
            .shards
            .iter_mut()
            .map(|shard| shard.take_closed(hour))
            .collect();
        self.judge
            .judge(hour, &mut self.shards, &rows, &mut self.verdicts);
        if let Some(unsaved) = &mut self.unsaved {
            unsaved.markets = true;
        }
        self.collect_verdicts(hour);
        if let Some(shadow) = &mut self.shadow {
            shadow.judge(hour, &mut self.shards, &rows, &mut self.verdicts);
            self.collect_shadow_verdicts(hour);
        }
        self.evict_junk(hour);
        self.effects.judged_hours += 1;
        self.effects.judged_hour = Some(hour);
        self.judged_hour = Some(hour);
    }

    fn collect_verdicts(&mut self, hour: Hour) {
        let first_flag = self.effects.flags.len();
        for verdict in self.verdicts.drain(..) {
            match verdict {
                Verdict::Flag(flag) => self.effects.flags.push(JudgedFlag { hour, flag: *flag }),
                Verdict::Judged(order) => self.effects.judged_orders.push(order),
                Verdict::Abstained(signal) => count_signal(&mut self.effects.abstained, signal),
                Verdict::Features(row) => self.effects.features.push(*row),
            }
        }
        put_in_order(&mut self.effects.flags[first_flag..]);
    }

    fn collect_shadow_verdicts(&mut self, hour: Hour) {
        let flags = &mut self.effects.shadow_flags;
        let first_flag = flags.len();
        flags.extend(self.verdicts.drain(..).filter_map(|verdict| match verdict {
            Verdict::Flag(flag) => Some(JudgedFlag { hour, flag: *flag }),
            _ => None,
        }));
        put_in_order(&mut flags[first_flag..]);
    }

    fn evict_junk(&mut self, judged: Hour) {
        let mut gone = BTreeMap::new();
        for (shard, of) in self.shards.iter_mut().zip(0..) {
            let evicted = shard.evict_junk(judged).into_iter();
            gone.extend(evicted.map(|(local, code)| (CodeSlot { shard: of, local }, code)));
        }
        if gone.is_empty() {
            return;
        }
        let shards = &self.shards;
        let is_taken = |slot: CodeSlot| shards[slot.shard as usize].code_at(slot.local).is_some();
        for (alias, hash) in self.names.forget(&gone, is_taken) {
            if let Some(unsaved) = &mut self.unsaved {
                unsaved.names = true;
            }
            // It may have had events of its own before it stood for another code.
            let shard = partition_of(alias.as_str().as_bytes(), self.settings.shards);
            if let Some(local) = shards[shard as usize].slot_of(&alias) {
                self.names.put_back(&alias, hash, CodeSlot { shard, local });
            }
        }
    }
}

/// Flags of one hour by time, code and rev.
fn put_in_order(flags: &mut [JudgedFlag]) {
    flags.sort_by(|a, b| {
        (a.flag.ts, &a.flag.code, a.flag.rev).cmp(&(b.flag.ts, &b.flag.code, b.flag.rev))
    });
}

fn count_signal(counts: &mut Vec<(&'static str, u64)>, signal: &'static str) {
    match counts.iter_mut().find(|(known, _)| *known == signal) {
        Some((_, count)) => *count += 1,
        None => counts.push((signal, 1)),
    }
}
