#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    missing_docs,
    dead_code,
    clippy::unwrap_used
)]
mod hot_stage;
use promoguard_detect::{DetectSettings, Verdict, feature_names};
use promoguard_event::{FlagKind, FlagState};
use promoguard_simulate::{Family, World, WorldSettings};
use std::collections::BTreeMap;
use std::io::Write;

fn main() {
    let a: Vec<String> = std::env::args().collect();
    let family = Family::named(&a[1]).unwrap();
    let preset = a[2].as_str();
    let (first, last) = a[3].split_once("..").unwrap();
    let out = &a[4];
    let names: Vec<String> = feature_names()
        .into_iter()
        .map(|n| format!("{}|{}|{:?}", n.name, n.signal, n.direction))
        .collect();
    std::fs::write(
        format!("{out}/names.json"),
        serde_json::to_string(&names).unwrap(),
    )
    .unwrap();
    for seed in first.parse::<u64>().unwrap()..=last.parse().unwrap() {
        let mut ws = match preset {
            "mixed" => WorldSettings::default(),
            "walled" => WorldSettings::walled_gardens(seed),
            "hard" => WorldSettings::hard(seed),
            _ => WorldSettings::default(),
        };
        ws.seed = seed;
        ws.family = family;
        if let Some(x) = a.get(5) {
            ws.spread = x.parse().unwrap();
        }
        dump(ws, &format!("{out}/{}-{preset}-{seed}", a[1]));
    }
}

fn dump(ws: WorldSettings, path: &str) {
    let world = World::new(ws).unwrap();
    let facts = hot_stage::facts_of(world);
    let settings = DetectSettings {
        export_features: true,
        ..DetectSettings::default()
    };
    let keys: BTreeMap<String, usize> = facts
        .truths
        .iter()
        .enumerate()
        .map(|(i, t)| (t.code.to_lowercase(), i))
        .collect();
    let mut bytes: Vec<u8> = Vec::new();
    let mut layer1: BTreeMap<usize, i32> = BTreeMap::new();
    hot_stage::judge(&settings, &facts, |code, v| match v {
        Verdict::Features(row) => {
            let Some(i) = keys.get(code) else { return };
            bytes.extend((*i as f32).to_le_bytes());
            bytes.extend((row.hour.index() as f32 - 490_000.0).to_le_bytes());
            for v in &row.values {
                bytes.extend(v.to_le_bytes());
            }
        }
        Verdict::Flag(f) if f.state == FlagState::Opened && f.kind != FlagKind::ClickFlood => {
            if let Some(i) = keys.get(code) {
                layer1.entry(*i).or_insert(f.hour.index() - 490_000);
            }
        }
        _ => {}
    });
    std::fs::File::create(format!("{path}.bin"))
        .unwrap()
        .write_all(&bytes)
        .unwrap();
    let mut leaked: BTreeMap<usize, Vec<(i32, f64)>> = BTreeMap::new();
    for o in &facts.orders {
        if o.leaked
            && let Some(i) = keys.get(&o.code)
        {
            leaked
                .entry(*i)
                .or_default()
                .push((o.hour - 490_000, o.amount));
        }
    }
    let codes: Vec<serde_json::Value> = facts.truths.iter().enumerate().map(|(i, t)| serde_json::json!({
        "clean": t.clean(), "leaked": t.leaked(), "kind": t.kind.map(|k| k.name()), "walled": t.marketplace.is_some(),
        "onset": t.onset.map(|o| o.div_euclid(3_600_000) - 490_000), "end": t.end.map(|o| o.div_euclid(3_600_000) - 490_000),
        "size": t.leak_size, "story": t.honest_lookalike.map(|k| k.name()), "organic": t.organic_orders,
        "leaks": leaked.get(&i).cloned().unwrap_or_default(), "layer1": layer1.get(&i),
    })).collect();
    std::fs::write(
        format!("{path}.json"),
        serde_json::json!({"weeks": facts.weeks, "codes": codes}).to_string(),
    )
    .unwrap();
    println!("{path} rows {}", bytes.len());
}
