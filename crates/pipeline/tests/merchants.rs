//! Two merchants with the same leak under settings of their own, and a judge in shadow beside the
//! one whose flags count.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use promoguard_detect::{DetectSettings, MerchantSettings, SettingsBook};
use promoguard_event::{DecoderLimits, Evidence, Flag, FlagState, PseudonymKey, Topic};
use promoguard_pipeline::{
    AFTER_ALL, Effects, Intake, JudgedFlag, Notice, PipelineSettings, Records, RegistryChange,
    Routed, ShardSet,
};
use promoguard_sketch::HashKey;

const HOUR_MS: i64 = 3_600_000;
const START: i64 = 1_770_000_000_000 - 1_770_000_000_000 % (24 * HOUR_MS);
const DAYS: i64 = 40;
const LEAK_DAY: i64 = 30;
/// Of the six codes of each merchant.
const LEAKED: usize = 2;
const MERCHANTS: [&str; 2] = ["alma", "bota"];

/// Knuth's MMIX generator.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// The programme's records by time. Both merchants draw the same numbers.
fn programme() -> Vec<(i64, Topic, String)> {
    let mut lines = Vec::new();
    for merchant in MERCHANTS {
        for code in 0..6 {
            let mut draw = Draw(7 + code as u64);
            for hour in 0..DAYS * 24 {
                honest_hour(&mut lines, &mut draw, merchant, code, hour);
                let leaks = code == LEAKED && hour >= LEAK_DAY * 24;
                if leaks && hour < (LEAK_DAY + 3) * 24 && draw.below(12) == 0 {
                    leaked_order(&mut lines, &mut draw, merchant, code, hour);
                }
            }
        }
    }
    lines.sort();
    lines
}

type Lines = Vec<(i64, Topic, String)>;

fn honest_hour(lines: &mut Lines, draw: &mut Draw, merchant: &str, code: usize, hour: i64) {
    for _ in 0..draw.below(4) {
        let ts = START + hour * HOUR_MS + draw.below(1_800_000) as i64;
        let id = format!("{merchant}-{code}-{ts}-{}", draw.below(1 << 30));
        let click = format!(
            r#"{{"click_id":"{id}","ts":{ts},"code":"{merchant}{code}","visitor_id":"v{id}","referrer":"instagram.com"}}"#
        );
        lines.push((ts, Topic::Clicks, click));
        if draw.below(10) == 0 {
            let ts = ts + 600_000;
            let how = match draw.below(4) {
                0 => r#""code_entry":"typed""#.to_owned(),
                _ => format!(r#""code_entry":"link","click_id":"{id}""#),
            };
            let more = format!(
                r#"{how},"referrer":"instagram.com","customer_id":"{id}","new_customer":{},"city":"c{}""#,
                draw.below(3) > 0,
                draw.below(2) + code as u64,
            );
            lines.push((ts, Topic::Orders, order(merchant, code, ts, &id, &more)));
        }
    }
}

fn leaked_order(lines: &mut Lines, draw: &mut Draw, merchant: &str, code: usize, hour: i64) {
    let ts = START + hour * HOUR_MS + draw.below(3_600_000) as i64;
    let id = format!("{merchant}-{code}-{ts}-{}", draw.below(1 << 30));
    let entry = if draw.below(3) > 0 { "auto" } else { "typed" };
    let more = format!(
        r#""code_entry":"{entry}","referrer":"google.com","customer_id":"{id}","new_customer":false,"city":"c{}""#,
        draw.below(7)
    );
    lines.push((ts, Topic::Orders, order(merchant, code, ts, &id, &more)));
}

fn order(merchant: &str, code: usize, ts: i64, id: &str, more: &str) -> String {
    format!(
        r#"{{"order_id":"{id}","ts":{ts},"code":"{merchant}{code}","amount":"100","currency":"KZT","merchant":"{merchant}",{more}}}"#
    )
}

/// Judges the programme; `registered` tells whether the registry knows the codes.
fn judged(registered: bool, present: SettingsBook, shadow: Option<SettingsBook>) -> Effects {
    let settings = PipelineSettings {
        shards: 3,
        ..PipelineSettings::default()
    };
    let mut shards = ShardSet::new(settings, present, &HashKey::documented());
    if let Some(shadow) = shadow {
        shards = shards.with_shadow(shadow);
    }
    let mut intake = Intake::new(
        PseudonymKey::new([7; 32]),
        DecoderLimits::default(),
        shards.hashers().clone(),
    );
    let mut records = Records::default();
    for merchant in MERCHANTS.into_iter().filter(|_| registered) {
        for code in 0..6 {
            let entry = format!(
                r#"{{"code":"{merchant}{code}","partner_id":"{merchant}-p{code}","merchant":"{merchant}"}}"#
            );
            let decoded = intake.decode(Topic::Codes, entry.as_bytes(), &mut records);
            decoded.expect("a valid entry");
        }
    }
    for notice in records.notices.drain(..) {
        if let Notice::Code(entry) = notice {
            shards.submit(RegistryChange::Set(entry));
        }
    }
    shards.apply_registry();
    for (_, topic, line) in programme() {
        records.clear();
        let decoded = intake.decode(topic, line.as_bytes(), &mut records);
        decoded.expect("a valid record");
        for row in &records.clicks {
            let (slot, click) = shards.route_click(&records, row);
            shards.advance(row.ts.hour().start());
            shards.accept(Routed::Click(slot, click));
        }
        for row in std::mem::take(&mut records.orders) {
            let ts = row.ts;
            let (slot, order) = shards.route_order(&records, row);
            shards.advance(ts.hour().start());
            shards.accept(Routed::Order(slot, order));
        }
    }
    shards.advance(AFTER_ALL);
    shards.take_effects()
}

/// The label-free core alone: these tests are about settings, not about the model that is shipped.
fn deployment() -> DetectSettings {
    DetectSettings {
        learned: false,
        ..DetectSettings::default()
    }
}

/// The deployment's settings, with those of `alma`.
fn book(alma: MerchantSettings) -> SettingsBook {
    let merchants = BTreeMap::from([("Alma".to_owned(), alma)]);
    SettingsBook::new(deployment(), &merchants).expect("settings that can be meant")
}

fn budget(false_flags: f64) -> MerchantSettings {
    MerchantSettings {
        false_flags_per_1000_code_weeks: Some(false_flags),
        ..MerchantSettings::default()
    }
}

/// The outputs of the judge whose flags count, as they are written.
fn written(effects: &Effects) -> String {
    let mut text = lines_of(&effects.flags);
    let _ = write!(text, "{:?}{:?}", effects.judged_orders, effects.abstained);
    text
}

fn lines_of(flags: &[JudgedFlag]) -> String {
    let mut lines = Vec::new();
    for judged in flags {
        judged.flag.write_line(&mut lines);
    }
    String::from_utf8(lines).expect("JSON")
}

fn opened<'f>(flags: &'f [JudgedFlag], merchant: &str) -> Vec<&'f Flag> {
    flags
        .iter()
        .map(|judged| &judged.flag)
        .filter(|flag| flag.state == FlagState::Opened && flag.code.starts_with(merchant))
        .collect()
}

fn abstained(flag: &Flag, name: &str) -> Option<&'static str> {
    flag.evidence.iter().find_map(|item| match item {
        Evidence::Abstained { signal, abstained } if *signal == name => Some(*abstained),
        _ => None,
    })
}

#[test]
fn a_budget_of_one_merchant_is_the_threshold_of_its_codes_alone() {
    for registered in [true, false] {
        let run = |false_flags| {
            let book = book(budget(false_flags));
            judged(registered, book, None).flags
        };
        let (generous, strict) = (run(5.0), run(0.01));
        assert_eq!(opened(&generous, "alma").len(), 1, "{registered}");
        assert!(opened(&strict, "alma").is_empty(), "{registered}");
        for flags in [&generous, &strict] {
            assert_eq!(opened(flags, "bota").len(), 1, "{registered}");
        }
        let of_alma = &opened(&generous, "alma")[0].detector;
        let of_bota = &opened(&generous, "bota")[0].detector;
        assert_eq!(*of_bota, deployment().detector());
        assert_eq!(*of_alma, budget(5.0).over(&deployment()).detector());
        assert_ne!(of_alma, of_bota);
    }
}

#[test]
fn a_signal_is_off_for_one_merchant_and_speaks_for_the_other() {
    let alma = MerchantSettings {
        signals_off: Some(vec!["returning".to_owned(), "sighting".to_owned()]),
        ..budget(5.0)
    };
    let effects = judged(true, book(alma), None);
    let (alma, bota) = (
        opened(&effects.flags, "alma"),
        opened(&effects.flags, "bota"),
    );
    for signal in ["returning", "sighting"] {
        assert_eq!(
            abstained(alma[0], signal),
            Some("switched off in the settings")
        );
    }
    assert_eq!(abstained(bota[0], "returning"), None);
    let silent = effects
        .abstained
        .iter()
        .find(|(name, _)| *name == "returning");
    let orders = effects
        .judged_orders
        .iter()
        .filter(|order| order.merchant == "alma");
    let least = orders.count() as u64 / 2;
    assert!(
        silent.is_some_and(|(_, count)| *count > least),
        "{silent:?}"
    );
}

#[test]
fn a_shadow_with_equal_settings_gives_equal_flags() {
    let book = || book(budget(0.01));
    let effects = judged(true, book(), Some(book()));
    assert!(!effects.flags.is_empty());
    assert_eq!(lines_of(&effects.flags), lines_of(&effects.shadow_flags));
}

#[test]
fn a_shadow_with_another_budget_differs_and_changes_no_byte_of_the_outputs() {
    let present = || SettingsBook::from(deployment());
    let strict = SettingsBook::from(budget(0.01).over(&deployment()));
    let alone = judged(true, present(), None);
    let beside = judged(true, present(), Some(strict));
    assert_eq!(written(&alone), written(&beside));
    assert!(alone.shadow_flags.is_empty());
    for merchant in MERCHANTS {
        assert_eq!(opened(&beside.flags, merchant).len(), 1);
        assert!(opened(&beside.shadow_flags, merchant).is_empty());
    }
}
