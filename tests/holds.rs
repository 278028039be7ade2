//! `promoguard holds` over the outputs of a replay, beside what the core thinks of the same orders.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers below belong to tests as well"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use promoguard::engine::progress::Progress;
use promoguard::engine::replay::{Inputs, ReplayOrder, ReplaySettings, replay_then};
use promoguard::engine::sinks::OutputPaths;
use promoguard_detect::{DetectSettings, order_hash};
use promoguard_event::{Code, DecoderLimits, EventTime, PseudonymKey, parse_rfc3339};
use promoguard_pipeline::PipelineSettings;
use promoguard_review::holds::{FallenOrders, HoldFrom, HoldRequest, Reason, Rule, holds, read};
use promoguard_simulate::{World, WorldSettings, write_files};
use promoguard_sketch::HashKey;
use serde_json::Value;

struct Case {
    folder: tempfile::TempDir,
    /// The last revision of the open flag with the most leaked orders.
    flag: Value,
    /// What the core thought of the code's orders at that revision, by their hash.
    posterior: BTreeMap<u32, f64>,
}

impl Case {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut world = World::new(WorldSettings {
            codes: 80,
            merchants: 6,
            days: 42.0,
            leak_share: 0.4,
            leak_size_min: 2.0,
            ..WorldSettings::default()
        })
        .unwrap();
        write_files(&mut world, folder.path()).unwrap();
        let mut case = Self {
            folder,
            flag: Value::Null,
            posterior: BTreeMap::new(),
        };
        let written = OutputPaths {
            flags: Some(case.path("flags")),
            judged_orders: Some(case.path("judged")),
            ..OutputPaths::default()
        };
        case.replay(&written, None, None);
        let text = std::fs::read_to_string(case.path("flags")).unwrap();
        let flags = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let last: BTreeMap<String, Value> = flags
            .map(|flag| (flag["flag_id"].to_string(), flag))
            .collect();
        let leaked = |flag: &Value| {
            let estimate = &flag["exposure"]["leaked_orders"]["estimate"];
            estimate.as_f64().unwrap()
        };
        case.flag = last
            .into_values()
            .filter(|flag| flag["state"] != "cleared")
            .max_by(|a, b| leaked(a).total_cmp(&leaked(b)))
            .expect("the world must have a leak to find");
        let code = Code::parse(case.flag["code"].as_str().unwrap()).unwrap();
        let windows = case.flag["evidence"].as_array().unwrap().iter();
        let ends = windows.filter_map(|item| item["window"]["to"].as_str());
        let until = parse_rfc3339(ends.max().unwrap()).unwrap();
        case.posterior = case.replay(&OutputPaths::default(), Some(until), Some(code));
        case
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn replay(
        &self,
        outputs: &OutputPaths,
        until: Option<EventTime>,
        code: Option<Code>,
    ) -> BTreeMap<u32, f64> {
        let inputs = Inputs {
            clicks: vec![self.path("clicks.ndjson")],
            orders: vec![self.path("orders.ndjson")],
            codes: vec![self.path("codes.ndjson")],
            sightings: vec![self.path("sightings.ndjson")],
            ..Inputs::default()
        };
        let settings = ReplaySettings {
            pipeline: PipelineSettings::default(),
            detect: DetectSettings::default().into(),
            shadow: None,
            hash_key: HashKey::documented(),
            pseudonym_key: PseudonymKey::new([7; 32]),
            decoder: DecoderLimits::default(),
            order: ReplayOrder::EventTime,
            threads: 1,
            sort_memory_bytes_max: 64 << 20,
            temp_dir: self.folder.path().to_owned(),
            file_future_ms_max: 14 * 86_400_000,
            zone: "UTC".to_owned(),
            until,
        };
        let progress = Progress::new(inputs.paths(), false);
        let (_, account) = replay_then(&inputs, outputs, &settings, &progress, &|shards| {
            code.as_ref().and_then(|code| shards.explain(code))
        })
        .unwrap();
        let orders = account.map_or_else(Vec::new, |account| account.explanation.orders);
        orders
            .into_iter()
            .filter_map(|order| Some((order.order?, order.p_leak)))
            .collect()
    }

    fn flag_id(&self) -> &str {
        self.flag["flag_id"].as_str().unwrap()
    }

    fn run(&self, more: &[&str]) -> (String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_promoguard"))
            .env_clear()
            .args(["holds", "--flag", self.flag_id()])
            .arg("--flags")
            .arg(self.path("flags"))
            .arg("--judged-orders")
            .arg(self.path("judged"))
            .args(more)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(output.stdout), text(output.stderr))
    }
}

/// An amount in units of 1/10,000.
fn units(amount: &str) -> i128 {
    let (whole, part) = amount.split_once('.').unwrap();
    format!("{whole}{part:0<4}").parse().unwrap()
}

#[test]
fn the_printed_list_adds_up_to_its_printed_totals_and_leaves_cancelled_orders_out() {
    let case = Case::new();
    let orders = case.path("orders.ndjson");
    let (list, totals) = case.run(&["--orders", orders.to_str().unwrap()]);
    let mut sums = [0; 3];
    let mut fallen = 0;
    let rows: Vec<Vec<&str>> = list
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect())
        .collect();
    assert!(!rows.is_empty());
    for row in &rows {
        for (sum, column) in sums.iter_mut().zip([6, 9, 10]) {
            *sum += units(row[column]);
        }
        if ["cancelled", "returned"].contains(&row[11]) {
            fallen += 1;
            assert_eq!(units(row[9]), 0, "{row:?}");
        }
        let low = case.flag["onset"]["low"].as_str().unwrap();
        assert!(row[3] >= low, "{row:?} is before {low}");
    }
    assert!(fallen > 0, "the world must have cancelled orders");
    let told: Vec<&str> = totals
        .lines()
        .find(|line| line.contains(" held + "))
        .unwrap()
        .split(' ')
        .collect();
    let told = [4, 6, 9].map(|word| units(told[word]));
    assert_eq!(told, sums, "{totals}");
    assert_eq!(sums[0], sums[1] + sums[2]);
    assert!(totals.contains("the flag itself (rev "), "{totals}");

    let (json, _) = case.run(&["--format", "ndjson", "--quiet"]);
    for (line, row) in json.lines().zip(&rows) {
        let value: Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["order_id"], row[0]);
        assert_eq!(value["commission"], row[6]);
    }
}

#[test]
fn the_probabilities_are_those_that_the_core_reaches_with_all_the_evidence() {
    let case = Case::new();
    let mut flag = None;
    let flags = std::fs::read_to_string(case.path("flags")).unwrap();
    for line in flags.lines() {
        read::take_flag(line.as_bytes(), case.flag_id(), &mut flag).unwrap();
    }
    let judged = std::fs::read_to_string(case.path("judged")).unwrap();
    let orders = judged
        .lines()
        .map(|line| read::judged_order(line.as_bytes()).unwrap());
    let orders: Vec<_> = orders.collect();
    let request = HoldRequest {
        flag_id: case.flag_id(),
        flag: flag.as_ref(),
        from: HoldFrom::Low,
        rule: Rule::Part,
    };
    let list = holds(&request, &orders, &FallenOrders::new()).unwrap();
    let (mut errors, mut as_judged, mut compared) = (0.0, 0.0, 0.0);
    for line in &list.lines {
        assert_ne!(line.reason, Reason::BelowThreshold);
        let hash = order_hash(&line.order.merchant, &line.order.order_id);
        let Some(core) = case.posterior.get(&hash) else {
            continue;
        };
        errors += (f64::from(line.p_leak_ppm) / 1e6 - core).abs();
        as_judged += (line.order.p_leak - core).abs();
        compared += 1.0;
    }
    assert!(compared >= 10.0, "{compared} orders compared");
    assert!(
        errors / compared < 0.2,
        "mean difference {}",
        errors / compared
    );
    assert!(errors < as_judged, "{errors} against {as_judged} as judged");
}

#[test]
fn a_flag_that_is_not_there_fails() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_promoguard"))
        .env_clear()
        .args(["holds", "--flag", "f", "--flags"])
        .arg(&empty)
        .arg("--judged-orders")
        .arg(&empty)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("there is no flag f in the flags given"),
        "{said}"
    );
}
