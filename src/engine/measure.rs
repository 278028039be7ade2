//! What the effects of a step mean for the metrics.

use std::collections::BTreeMap;

use promoguard_event::{Code, Currency, Decision, ErrorKind, Flag, FlagKind, FlagState, Topic};
use promoguard_pipeline::{Counts, Effects, FieldDefects, Registry, ShardSet};
use serde::{Deserialize, Serialize};

use crate::telemetry::Telemetry;
use crate::telemetry::labels::{
    CurrencyLabel, Label, RecordResult, ScoreBand, SignalLabel, StatePart,
};

/// The flags that are open now, with what they stand for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct OpenFlags {
    open: BTreeMap<String, OpenFlag>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct OpenFlag {
    kind: FlagKind,
    currency: Currency,
    /// Estimated commission at stake, in units of the currency.
    exposure: f64,
    score_db: f64,
}

impl OpenFlags {
    /// Takes in a flag record.
    pub fn note(&mut self, flag: &Flag) {
        if flag.state == FlagState::Cleared {
            self.open.remove(&flag.flag_id);
            return;
        }
        let commission = flag.exposure.commission.as_ref();
        let units = commission.map_or(0, |interval| interval.estimate.0);
        let open = OpenFlag {
            kind: flag.kind,
            currency: flag.exposure.currency,
            exposure: units as f64 / 10_000.0,
            score_db: flag.score.value(),
        };
        self.open.insert(flag.flag_id.clone(), open);
    }

    /// Shows them.
    pub fn publish(&self, telemetry: &Telemetry) {
        for kind in FlagKind::ALL {
            let flags = self.open.values().filter(|flag| flag.kind == *kind);
            telemetry.set_flags_open(*kind, flags.count() as u64);
        }
        for currency in CurrencyLabel::ALL {
            let exposure = self
                .open
                .values()
                .filter(|flag| CurrencyLabel::of(flag.currency.as_str()) == Some(*currency))
                .map(|flag| flag.exposure)
                .sum();
            telemetry.set_exposure_open(*currency, exposure);
        }
    }
}

/// Adds the effects of a step to the metrics.
pub fn measure_effects(telemetry: &Telemetry, effects: &Effects, open: &mut OpenFlags) {
    measure_counts(telemetry, &effects.counts);
    for judged in &effects.flags {
        telemetry.add_flags(judged.flag.kind, judged.flag.state, 1);
        open.note(&judged.flag);
    }
    if !effects.flags.is_empty() {
        open.publish(telemetry);
    }
    for judged in &effects.shadow_flags {
        telemetry.add_shadow_flags(judged.flag.state, 1);
    }
    telemetry.add_judged_orders(effects.judged_orders.len() as u64);
    for (signal, count) in &effects.abstained {
        telemetry.add_signal_abstained(SignalLabel::of(signal), *count);
    }
}

/// Adds counts of records to the metrics.
pub fn measure_counts(telemetry: &Telemetry, counts: &Counts) {
    for topic in Topic::ALL {
        let of = counts.of(topic);
        telemetry.add_events(topic, RecordResult::Accepted, of.accepted);
        telemetry.add_events(topic, RecordResult::Duplicate, of.duplicate);
        telemetry.add_events(topic, RecordResult::TooLate, of.too_late);
        telemetry.add_events(topic, RecordResult::DeadLetter, of.dead_letter);
        telemetry.add_events(topic, RecordResult::Rekeyed, of.rekeyed);
        telemetry.add_late_events(topic, of.late);
        telemetry.add_misplaced(of.rekeyed);
        for reason in ErrorKind::ALL {
            let letters = counts.dead_letters(topic, reason);
            if letters > 0 {
                telemetry.add_dead_letters(topic, reason, letters);
            }
        }
    }
    telemetry.add_order_conflicts(counts.of(Topic::Orders).conflict);
    telemetry.add_code_conflicts(counts.code_conflicts);
    telemetry.add_attempts_not_judged(counts.attempts_not_judged);
    telemetry.add_windows_not_amended(counts.windows_not_amended);
    telemetry.add_codes_evicted(counts.codes_evicted);
}

/// Adds malformed optional fields to the metrics.
pub fn measure_defects(telemetry: &Telemetry, defects: &FieldDefects) {
    for (topic, field, count) in defects.iter() {
        telemetry.add_optional_field_defects(topic, field, count);
    }
}

/// Adds an analyst's decision to the metrics.
pub fn measure_decision(telemetry: &Telemetry, decision: &Decision, open: &OpenFlags) {
    let flag = open.open.get(&*decision.flag_id);
    let kind = flag.map_or(FlagKind::Unknown, |flag| flag.kind);
    let score = flag.map_or(ScoreBand::NONE, |flag| ScoreBand::of(flag.score_db));
    telemetry.add_decision(kind, score, decision.outcome);
}

/// Adds the orders of closed hours, by merchant. A window that was written again is passed over.
pub fn measure_windows(telemetry: &Telemetry, effects: &Effects, registry: &Registry) {
    for window in effects.windows.iter().filter(|window| window.rev == 1) {
        let orders = window.orders.created + window.orders.paid;
        if orders == 0 {
            continue;
        }
        let code = Code::parse(&window.code).ok();
        let entry = code.and_then(|code| registry.entry(&code));
        let merchant = entry.map_or("", |entry| &*entry.merchant);
        telemetry.add_merchant_orders(merchant, orders, window.clickless_orders);
    }
}

/// Shows how the scores of the codes are spread, after an hour was judged.
pub fn measure_scores(telemetry: &Telemetry, shards: &ShardSet) {
    let mut codes = vec![0; ScoreBand::ALL.len()];
    for (_, score_db) in shards.standings() {
        codes[ScoreBand::of(score_db).index()] += 1;
    }
    let scored: u64 = codes.iter().sum();
    codes[ScoreBand::NONE.index()] = (shards.codes() as u64).saturating_sub(scored);
    telemetry.set_codes_by_score(&codes);
}

/// Shows what the shards keep.
pub fn measure_state(telemetry: &Telemetry, shards: &ShardSet, early_rotations: &mut u64) {
    telemetry.set_codes_tracked(shards.codes() as u64);
    let (mut filters, mut index, mut codes, mut rotations) = (0, 0, 0, 0);
    let mut horizon_ms = i64::MAX;
    for memory in shards.memory() {
        filters += memory.click_filter_bytes as u64;
        index += memory.order_index_bytes as u64;
        codes += memory.code_slot_bytes as u64;
        rotations += memory.early_rotations;
        horizon_ms = horizon_ms.min(memory.click_horizon_ms);
    }
    telemetry.set_state_bytes(StatePart::ClickFilter, filters);
    telemetry.set_state_bytes(StatePart::OrderIndex, index);
    telemetry.set_state_bytes(StatePart::Codes, codes);
    telemetry.set_dedupe_horizon_seconds(horizon_ms as f64 / 1000.0);
    telemetry.add_dedupe_early_rotations(rotations.saturating_sub(*early_rotations));
    *early_rotations = rotations;
}
