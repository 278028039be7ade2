//! A world read back: records decoded as any reader of the contract would, without this crate's help.

use std::collections::{BTreeMap, HashMap, HashSet};

use promoguard_simulate::{CodeTruth, Family, Marks, RecordBatch, Topic, World, WorldSettings};
use serde_json::Value;

/// A record as it left the world.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Read {
    pub(crate) topic: Topic,
    pub(crate) key: String,
    pub(crate) ts: i64,
    pub(crate) arrival: i64,
    pub(crate) marks: Marks,
    pub(crate) payload: Vec<u8>,
}

impl Read {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.payload).unwrap()
    }
}

pub(crate) fn read_batch(batch: &RecordBatch) -> Vec<Read> {
    batch
        .iter()
        .map(|record| Read {
            topic: record.topic,
            key: record.key.to_owned(),
            ts: record.ts,
            arrival: record.arrival,
            marks: record.marks,
            payload: record.payload.to_vec(),
        })
        .collect()
}

pub(crate) fn run(world: &mut World, records_max: usize) -> Vec<Read> {
    let mut batch = RecordBatch::with_records_max(records_max);
    let mut read = Vec::new();
    while world.fill(&mut batch) > 0 {
        assert!(batch.len() <= records_max);
        read.extend(read_batch(&batch));
        batch.clear();
    }
    read
}

/// A world of modest size: 60 codes, two weeks.
pub(crate) fn small() -> WorldSettings {
    WorldSettings {
        codes: 60,
        merchants: 12,
        days: 14.0,
        clicks_per_order: 6.0,
        ..WorldSettings::default()
    }
}

/// The settings once for every family.
pub(crate) fn in_every_family(settings: &WorldSettings) -> impl Iterator<Item = WorldSettings> {
    Family::ALL.into_iter().map(|family| WorldSettings {
        family,
        ..settings.clone()
    })
}

/// An order when it was first accepted.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) code: String,
    pub(crate) leaked: bool,
    pub(crate) ts: i64,
    pub(crate) json: Value,
}

impl Order {
    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        self.json.get(field).and_then(Value::as_str)
    }

    pub(crate) fn is_walled(&self) -> bool {
        self.text("marketplace").is_some()
    }
}

/// A finished world, its orders counted from the records alone.
pub(crate) struct Finished {
    pub(crate) world: World,
    pub(crate) records: Vec<Read>,
    pub(crate) orders: Vec<Order>,
}

impl Finished {
    pub(crate) fn of(settings: WorldSettings) -> Self {
        let mut world = World::new(settings).unwrap();
        let records = run(&mut world, 5_000);
        let canonical = canonical_codes(&world);
        let mut seen = HashSet::new();
        let mut orders = Vec::new();
        for record in records
            .iter()
            .filter(|record| record.topic == Topic::Orders && !record.marks.malformed)
        {
            let json = record.json();
            let text = |field: &str| json[field].as_str().unwrap().to_owned();
            let status = json
                .get("status")
                .and_then(Value::as_str)
                .unwrap_or("created");
            let spelled = text("code").trim().to_lowercase();
            let Some(code) = canonical.get(&spelled) else {
                continue;
            };
            let accepted = matches!(status, "created" | "paid");
            if accepted && seen.insert((code.clone(), text("merchant"), text("order_id"))) {
                orders.push(Order {
                    code: code.clone(),
                    leaked: record.marks.fraudulent,
                    ts: record.ts,
                    json,
                });
            }
        }
        Self {
            world,
            records,
            orders,
        }
    }

    /// The truths by normalised code.
    pub(crate) fn truths(&self) -> BTreeMap<String, &CodeTruth> {
        self.world
            .truth()
            .iter()
            .map(|truth| (truth.code.to_lowercase(), truth))
            .collect()
    }
}

/// Every text that stands for a code, to the code: its own, and the aliases of the registry.
fn canonical_codes(world: &World) -> HashMap<String, String> {
    let mut canonical: HashMap<String, String> = world
        .truth()
        .iter()
        .map(|truth| (truth.code.to_lowercase(), truth.code.to_lowercase()))
        .collect();
    for entry in lines(&world.codes()) {
        let code = entry["code"].as_str().unwrap().to_lowercase();
        for alias in entry["aliases"].as_array().into_iter().flatten() {
            canonical.insert(alias.as_str().unwrap().to_lowercase(), code.clone());
        }
    }
    canonical
}

pub(crate) fn lines(bytes: &[u8]) -> Vec<Value> {
    std::str::from_utf8(bytes)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Share of `of` for which `holds`; of those only that are `asked`.
pub(crate) fn share<'a>(
    of: impl IntoIterator<Item = &'a Order>,
    asked: impl Fn(&Order) -> bool,
    holds: impl Fn(&Order) -> bool,
) -> f64 {
    let (mut n, mut k) = (0u32, 0u32);
    for order in of {
        if asked(order) {
            n += 1;
            k += u32::from(holds(order));
        }
    }
    assert!(n >= 30, "only {n} orders to judge by");
    f64::from(k) / f64::from(n)
}
