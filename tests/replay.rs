//! `promoguard replay` as a whole process: exact counts, the same bytes whatever the split, the
//! order of the lines and the threads, and damaged lines that change nothing else.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers below belong to tests as well"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use promoguard_simulate::{World, WorldSettings, write_files};
use serde_json::Value;

fn promoguard(arguments: &[String]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_promoguard"))
        .env_clear()
        .args(arguments)
        .output()
        .unwrap()
}

/// A folder with a world, and what replays of it wrote.
struct Case {
    folder: tempfile::TempDir,
}

impl Case {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut world = World::new(WorldSettings {
            codes: 40,
            merchants: 4,
            days: 21.0,
            leak_share: 0.4,
            leak_size_min: 2.0,
            duplicate_share: 0.02,
            late_share: 0.05,
            ..WorldSettings::default()
        })
        .unwrap();
        write_files(&mut world, folder.path()).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn lines(&self, name: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.path(name)).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    fn write(&self, name: &str, lines: &[String]) {
        std::fs::write(self.path(name), lines.join("\n") + "\n").unwrap();
    }

    /// Replays and returns flags, scores, windows and dead letters.
    fn replay(&self, clicks: &[&str], orders: &[&str], more: &[&str]) -> [String; 4] {
        let mut arguments = vec!["replay".to_owned(), "--quiet".to_owned()];
        for (option, names) in [("--clicks", clicks), ("--orders", orders)] {
            arguments.push(option.to_owned());
            arguments.extend(names.iter().map(|name| text(&self.path(name))));
        }
        arguments.extend(["--codes".to_owned(), text(&self.path("codes.ndjson"))]);
        let outputs = ["flags", "scores", "windows", "dead-letters"];
        for name in outputs {
            arguments.extend([format!("--{name}-out"), text(&self.path(name))]);
        }
        arguments.extend(more.iter().map(|word| (*word).to_owned()));
        let output = promoguard(&arguments);
        assert!(output.status.success(), "{output:?}");
        outputs.map(|name| std::fs::read_to_string(self.path(name)).unwrap())
    }
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// A fixed shuffle.
fn shuffled(lines: &[String]) -> Vec<String> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut keyed: Vec<(u64, &String)> = lines
        .iter()
        .map(|line| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state, line)
        })
        .collect();
    keyed.sort();
    keyed.into_iter().map(|(_, line)| line.clone()).collect()
}

#[test]
fn splits_shuffles_and_threads_change_no_byte() {
    let case = Case::new();
    let whole = case.replay(&["clicks.ndjson"], &["orders.ndjson"], &["--threads", "1"]);
    assert!(!whole[0].is_empty(), "the world must have a leak to find");
    for line in whole[0].lines() {
        let flag: Value = serde_json::from_str(line).unwrap();
        let score = flag["score"].as_f64().unwrap();
        assert!(flag["state"] != "opened" || score >= 30.0, "{line}");
    }
    let two_threads = case.replay(&["clicks.ndjson"], &["orders.ndjson"], &["--threads", "2"]);
    assert_eq!(whole, two_threads);

    let clicks = shuffled(&case.lines("clicks.ndjson"));
    let orders = shuffled(&case.lines("orders.ndjson"));
    let (first, second) = clicks.split_at(clicks.len() / 3);
    case.write("c1", first);
    case.write("c2", second);
    let (first, second) = orders.split_at(orders.len() / 2);
    case.write("o1", first);
    case.write("o2", second);
    let small_sort = "pipeline.sort_memory_bytes=1048576";
    let split = case.replay(&["c2", "c1"], &["o1", "o2"], &["--set", small_sort]);
    assert_eq!(whole, split);
}

#[test]
fn a_shadow_writes_its_own_flags_and_changes_no_byte_of_the_others() {
    let case = Case::new();
    let alone = case.replay(&["clicks.ndjson"], &["orders.ndjson"], &[]);
    let replay = |budget: &str| {
        let shadow = text(&case.path("shadow"));
        let setting = format!("detect.shadow.false_flags_per_1000_code_weeks={budget}");
        let more = ["--shadow-flags-out", &shadow, "--set", &setting];
        let beside = case.replay(&["clicks.ndjson"], &["orders.ndjson"], &more);
        assert_eq!(beside, alone);
        std::fs::read_to_string(case.path("shadow")).unwrap()
    };
    assert_eq!(replay("1.0"), alone[0]);
    let strict = replay("0.001");
    assert!(strict.lines().count() < alone[0].lines().count());
    let detector = |lines: &str| -> Option<String> {
        let flag: Value = serde_json::from_str(lines.lines().next()?).unwrap();
        Some(flag["detector"].as_str().unwrap().to_owned())
    };
    assert_ne!(detector(&strict), detector(&alone[0]));
}

#[test]
fn the_summary_of_a_replay_with_a_shadow_says_who_flagged_what() {
    let case = Case::new();
    let of = |name: &str| text(&case.path(name));
    let words = |settings: &[&str]| -> Vec<String> {
        let arguments = [
            "replay".to_owned(),
            "--no-progress".to_owned(),
            "--orders".to_owned(),
            of("orders.ndjson"),
            "--codes".to_owned(),
            of("codes.ndjson"),
            "--flags-out".to_owned(),
            of("flags"),
        ];
        let settings = settings.iter().map(|word| (*word).to_owned());
        arguments.into_iter().chain(settings).collect()
    };
    let output = promoguard(&words(&["--set", "detect.shadow.flag_orders_min=3"]));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = said.lines().find(|line| line.starts_with("shadow: "));
    let line = line.unwrap_or_else(|| panic!("no line about the shadow: {said}"));
    let equal = ", 0 only by the present settings, 0 only by the shadow";
    assert!(line.ends_with(equal), "{line}");
    // The shipped model as a file of its own: the same judge, so the same flags.
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/crates/detect/data/judge.json");
    let by_model = format!("model.shadow_file={shipped}");
    let output = promoguard(&words(&["--set", &by_model]));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.lines().any(|said| said == line), "{said}");
    let output = promoguard(&words(&["--shadow-flags-out", &of("shadow")]));
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("[detect.shadow]"));
}

/// Sums per code: clicks, orders, click-less orders, amount in 1/10,000, visitors.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sums {
    clicks: u64,
    orders: u64,
    clickless: u64,
    amount: u128,
}

/// What an independent reading of the files counts.
fn independent_sums(case: &Case) -> BTreeMap<String, Sums> {
    let mut codes = BTreeMap::new();
    for line in case.lines("codes.ndjson") {
        let entry: Value = serde_json::from_str(&line).unwrap();
        let code = entry["code"].as_str().unwrap().trim().to_lowercase();
        for alias in entry["aliases"].as_array().into_iter().flatten() {
            codes.insert(alias.as_str().unwrap().trim().to_lowercase(), code.clone());
        }
    }
    let code_of = |record: &Value| {
        let code = record["code"].as_str().unwrap().trim().to_lowercase();
        codes.get(&code).cloned().unwrap_or(code)
    };
    let mut sums: BTreeMap<String, Sums> = BTreeMap::new();
    let mut clicks = BTreeSet::new();
    for line in case.lines("clicks.ndjson") {
        let click: Value = serde_json::from_str(&line).unwrap();
        if clicks.insert(click["click_id"].as_str().unwrap().to_owned()) {
            sums.entry(code_of(&click)).or_default().clicks += 1;
        }
    }
    let mut accepted = BTreeSet::new();
    for line in case.lines("orders.ndjson") {
        let order: Value = serde_json::from_str(&line).unwrap();
        let status = order["status"].as_str().unwrap_or("created");
        let code = code_of(&order);
        let sum = sums.entry(code.clone()).or_default();
        let key = (
            code,
            order["merchant"].to_string(),
            order["order_id"].to_string(),
        );
        if matches!(status, "created" | "paid") && accepted.insert(key) {
            sum.orders += 1;
            sum.clickless += u64::from(order["click_id"].is_null());
            sum.amount += units(order["amount"].to_string().trim_matches('"'));
        }
    }
    sums
}

fn units(amount: &str) -> u128 {
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    format!("{whole}{fraction:0<4}").parse().unwrap()
}

fn sums_of(scores: &str) -> BTreeMap<String, Sums> {
    let sums = scores.lines().map(|line| {
        let score: Value = serde_json::from_str(line).unwrap();
        let amounts = score["amounts"].as_object().unwrap();
        let sums = Sums {
            clicks: score["clicks"].as_u64().unwrap(),
            orders: score["orders"].as_u64().unwrap(),
            clickless: score["clickless_orders"].as_u64().unwrap(),
            amount: amounts
                .values()
                .map(|sum| units(sum.as_str().unwrap()))
                .sum(),
        };
        (score["code"].as_str().unwrap().to_owned(), sums)
    });
    sums.collect()
}

#[test]
fn counts_are_those_of_an_independent_computation_in_both_orders() {
    let case = Case::new();
    let expected = independent_sums(&case);
    for order in ["event-time", "arrival"] {
        let outputs = case.replay(&["clicks.ndjson"], &["orders.ndjson"], &["--order", order]);
        assert_eq!(sums_of(&outputs[1]), expected, "{order}");
    }
}

#[test]
fn damaged_lines_are_kept_and_change_nothing_else() {
    let case = Case::new();
    let clean = case.replay(&["clicks.ndjson"], &["orders.ndjson"], &[]);
    let mut damaged_lines = 0;
    for name in ["clicks.ndjson", "orders.ndjson"] {
        let mut lines = Vec::new();
        for (number, line) in case.lines(name).into_iter().enumerate() {
            if number % 9 == 0 {
                let damaged = damage(&line, number / 9);
                damaged_lines += usize::from(!damaged.is_empty());
                lines.push(damaged);
            }
            lines.push(line);
        }
        case.write(&format!("dirty-{name}"), &lines);
    }
    let dirty = case.replay(&["dirty-clicks.ndjson"], &["dirty-orders.ndjson"], &[]);
    assert_eq!(dirty[0], clean[0]);
    assert_eq!(dirty[1], clean[1]);
    assert_eq!(dirty[2], clean[2]);
    assert_eq!(dirty[3].lines().count(), damaged_lines);
    for line in dirty[3].lines() {
        let letter: Value = serde_json::from_str(line).unwrap();
        assert!(letter["error"].is_string() && letter["raw_base64"].is_string());
    }
}

/// A line that nobody may accept; every eighth time a blank one, which is no record.
fn damage(line: &str, nth: usize) -> String {
    match nth % 8 {
        0 => line[..line.len() - 1].to_owned(),
        1 => format!("{line}}}"),
        2 => line.replacen("\"code\"", "\"kode\"", 1),
        3 => line.replacen("\"ts\":", "\"ts\":\"then\",\"was\":", 1),
        4 => format!("{}{{\"a\":1}}", "[".repeat(40)),
        5 => line.replacen('{', "{\"ts\":4102444800000,\"ts\":4102444800000,", 1),
        6 => line.replacen("\"ts\":", "\"ts\":4102444800000,\"was\":", 1),
        _ => String::new(),
    }
}

#[test]
fn wrong_usage_exits_2_and_a_missing_file_1() {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(
        promoguard(&words("replay --clicks x")).status.code(),
        Some(2)
    );
    let missing = promoguard(&words(
        "replay --clicks /nonexistent/c --orders /nonexistent/o --flags-out -",
    ));
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("/nonexistent"));
}
