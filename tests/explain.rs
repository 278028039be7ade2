//! `promoguard explain`: its text in every language, and its answers about a simulated world.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers below belong to tests as well"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use promoguard::explain::Told;
use promoguard::explain::words::Language;
use promoguard_detect::{
    Circumstance, Episode, Explanation, History, Lack, Layer, LeakedOrder, Story,
};
use promoguard_event::{
    Code, CodeEntry, Currency, Decibans, Decimal, EventTime, Evidence, Exposure, FlagKind, Hour,
    IntervalDecimal, IntervalF, Onset, Percent, ScoreLine, TopReferrer, parse_rfc3339,
};
use promoguard_pipeline::CodeAccount;
use promoguard_simulate::{World, WorldSettings, write_files};
use serde_json::Value;

/// Set this to write the golden files anew; then read the difference before committing it.
const REWRITE: &str = "PROMOGUARD_REWRITE_GOLDEN";

fn at(text: &str) -> EventTime {
    parse_rfc3339(text).unwrap()
}

fn check_golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/explain")
        .join(name);
    if std::env::var_os(REWRITE).is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    let hint = format!(
        "{} differs; if that is meant: {REWRITE}=1 cargo test --test e2e explain",
        path.display()
    );
    assert_eq!(text, golden, "{hint}");
}

fn seen(signal: &'static str, figures: Option<(f64, f64)>, n: u64, decibans: f64) -> Evidence {
    let (observed, expected) = figures.unzip();
    Evidence::Signal {
        signal,
        observed,
        expected,
        n,
        decibans: Decibans::new(decibans),
        window: (at("2026-03-01T00:00:00Z"), at("2026-03-20T15:00:00Z")),
    }
}

fn entry() -> CodeEntry {
    CodeEntry {
        code: Code::from_normalised("aru10"),
        spelling: Arc::from("Aru10"),
        partner_id: Arc::from("p-7"),
        merchant: Arc::from("kazmart"),
        aliases: Vec::new(),
        marketplace: Some(Arc::from("kaspi")),
        tier: None,
        followers: None,
        city: None,
        country: None,
        channels: Vec::new(),
        discount_pct: None,
        commission_pct: Percent::parse("10"),
        vat_payer: Some(true),
        starts_at: None,
        ends_at: None,
        offline: None,
        posts: Vec::new(),
        permitted_hosts: Vec::new(),
    }
}

fn score_line() -> ScoreLine {
    ScoreLine {
        code: "aru10".to_owned(),
        peak_score: None,
        peak_at: None,
        score: None,
        clicks: 1_500,
        orders: 41,
        clickless_orders: 19,
        reach: 1_203,
        amounts: Default::default(),
    }
}

fn flagged() -> CodeAccount {
    let core = vec![
        seen("referrer", Some((0.56, 0.013)), 9, 30.6),
        seen("auto_entry", Some((0.18, 0.013)), 17, 10.1),
        seen("sighting", Some((1.0, 0.0)), 1, 3.9),
        seen("repeat_customer", Some((0.11, 0.05)), 19, 0.0),
        seen("prior", None, 0, 2.3),
        seen("market", None, 0, -15.9),
        seen("limit", None, 0, -0.5),
        seen("mixture", None, 0, 0.0),
        seen("agreement", None, 0, 0.0),
    ];
    let learned = vec![
        seen("referrer", Some((0.5, 0.02)), 22, 24.2),
        seen("volume", Some((4.25, 1.2)), 34, 12.5),
        seen("cold", Some((0.81, 0.35)), 21, 6.0),
        seen("order_time", None, 0, -1.2),
        seen("e_detector", None, 0, 8.8),
        seen("context", None, 0, 0.01),
        seen("prior", None, 0, -14.0),
        seen("scale", None, 0, 2.0),
    ];
    let order = |ts: &str, p_leak: f64| LeakedOrder {
        ts: at(ts),
        order: None,
        money: Decimal(12_990_500),
        p_leak,
        fell_away: false,
    };
    CodeAccount {
        entry: Some(Arc::new(entry())),
        score_line: score_line(),
        explanation: Explanation {
            hour: at("2026-03-20T14:00:00Z").hour(),
            threshold_db: 30.0,
            core: Layer {
                score_db: 30.5,
                evidence: core,
            },
            learned_is_on: true,
            learned: Some(Layer {
                score_db: 38.31,
                evidence: learned,
            }),
            learned_last_db: Some(39.5),
            stories: [
                (Story::Site, 31.2),
                (Story::Extension, 12.0),
                (Story::Insider, -4.25),
                (Story::ClickReferrers, 0.0),
            ],
            abstained: vec![
                ("too_fast", "the orders do not carry the field"),
                ("rejected", "never seen in this shop"),
            ],
            peak: Some((44.4, at("2026-03-19T10:00:00Z"))),
            open: Some(Episode {
                flag_id: "6b1f00000000000000000000000000aa".to_owned(),
                rev: 4,
                opened_at: at("2026-03-18T08:11:00Z"),
                confirmed: true,
            }),
            episodes: 1,
            flood: None,
            kind: FlagKind::CouponSite,
            onset: Some(Onset {
                at: at("2026-03-15T09:30:00Z"),
                low: at("2026-03-14T20:00:00Z"),
                high: at("2026-03-16T07:45:00Z"),
            }),
            exposure: Some(Exposure {
                leaked_orders: IntervalF {
                    estimate: 18.3,
                    low: 11.0,
                    high: 25.6,
                },
                commission: Some(IntervalDecimal {
                    estimate: Decimal(1_234_567_800),
                    low: Decimal(800_000_000),
                    high: Decimal(1_700_000_000),
                }),
                vat: Some(Decimal(197_530_800)),
                currency: Currency::KZT,
            }),
            top_referrers: vec![
                TopReferrer {
                    host: "promokodus.com".to_owned(),
                    orders: 5,
                    known_coupon_site: true,
                },
                TopReferrer {
                    host: "skidki.example".to_owned(),
                    orders: 1,
                    known_coupon_site: false,
                },
            ],
            history: History {
                orders: 41,
                orders_suspected: 23,
                orders_habit: 12,
                clicks: 1_203,
                days: 51,
                last_hour: Some(Hour::from_index(492_800)),
            },
            circumstances: vec![Circumstance::PostExpected],
            lacking: Vec::new(),
            orders: vec![
                order("2026-03-14T12:00:00Z", 0.04),
                order("2026-03-19T12:00:00Z", 0.93),
            ],
        },
    }
}

fn unflagged() -> CodeAccount {
    CodeAccount {
        entry: None,
        score_line: score_line(),
        explanation: Explanation {
            core: Layer {
                score_db: -0.04,
                evidence: Vec::new(),
            },
            learned_is_on: true,
            learned: None,
            learned_last_db: None,
            stories: Story::ALL.map(|story| (story, -0.3)),
            abstained: vec![("cold", "too few clicks are known for this code")],
            peak: None,
            open: None,
            episodes: 2,
            kind: FlagKind::Unknown,
            onset: None,
            exposure: None,
            top_referrers: Vec::new(),
            history: History {
                orders: 1,
                orders_suspected: 0,
                orders_habit: 0,
                clicks: 2,
                days: 1,
                last_hour: None,
            },
            circumstances: Circumstance::ALL.to_vec(),
            lacking: vec![
                Lack::Orders { have: 1, least: 3 },
                Lack::LearnedOrders,
                Lack::Validity,
                Lack::Score(30.04),
                Lack::Order,
            ],
            orders: Vec::new(),
            ..flagged().explanation
        },
    }
}

#[test]
fn the_text_in_every_language_is_the_one_that_was_read_and_agreed() {
    for (name, account) in [("flagged", flagged()), ("unflagged", unflagged())] {
        for language in Language::ALL {
            let told = Told::new(&account, language, "Asia/Almaty").unwrap();
            let text = told.text();
            check_golden(&format!("{name}.{}.txt", language.as_str()), &text);
            for line in text.lines() {
                assert!(line.chars().count() <= 100, "{line}");
                assert!(!line.contains(['{', '}']), "{line}");
            }
        }
    }
    let account = flagged();
    let told = Told::new(&account, Language::English, "Asia/Almaty").unwrap();
    let value: Value = serde_json::from_str(&told.json()).unwrap();
    let pretty = serde_json::to_string_pretty(&value).unwrap();
    check_golden("flagged.json", &(pretty + "\n"));
}

/// A folder with a world.
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
            ..WorldSettings::default()
        })
        .unwrap();
        write_files(&mut world, folder.path()).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn run(&self, command: &str, more: &[&str]) -> Output {
        let inputs = ["clicks", "orders", "codes", "sightings"].map(|name| {
            let file = self.path(&format!("{name}.ndjson"));
            [format!("--{name}"), file]
        });
        Command::new(env!("CARGO_BIN_EXE_promoguard"))
            .env_clear()
            .args([command, "--quiet"])
            .args(inputs.as_flattened())
            .args(more)
            .output()
            .unwrap()
    }

    fn explain(&self, more: &[&str]) -> Value {
        let output = self.run("explain", &[more, &["--json"]].concat());
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn lines(&self, name: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.path(name)).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

fn sum(layer: &Value) -> f64 {
    let items = layer["evidence"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["decibans"].as_f64().unwrap())
        .sum()
}

#[test]
fn a_flagged_code_and_an_unflagged_one_are_explained_as_they_stand() {
    let case = Case::new();
    let flags = case.path("flags");
    assert!(
        case.run("replay", &["--flags-out", &flags])
            .status
            .success()
    );
    let flags = case.lines("flags");
    let last = flags.last().expect("the world must have a leak to find");
    let code = last["code"].as_str().unwrap();
    let is_open = last["state"] != "cleared";

    let told = case.explain(&["--code", &format!(" {} ", code.to_lowercase())]);
    assert_eq!(told["code"], code);
    assert_eq!(told["flagged"], is_open);
    if is_open {
        assert_eq!(told["state"]["open"]["flag_id"], last["flag_id"]);
        assert_eq!(told["state"]["open"]["rev"], last["rev"]);
        assert_eq!(told["lacking"].as_array().unwrap().len(), 0);
    }
    assert!((sum(&told["core"]) - told["core"]["score"].as_f64().unwrap()).abs() < 1e-6);
    assert!((sum(&told["learned"]) - told["learned"]["score"].as_f64().unwrap()).abs() < 1e-6);
    assert_eq!(told, case.explain(&["--code", code, "--threads", "1"]));

    let is_flagged = |code: &Value| flags.iter().any(|flag| flag["code"] == *code);
    let calm = case.lines("codes.ndjson");
    let calm = calm
        .iter()
        .map(|entry| &entry["code"])
        .find(|code| !is_flagged(code))
        .unwrap();
    let told = case.explain(&["--code", calm.as_str().unwrap()]);
    assert_eq!(told["flagged"], false);
    assert!(!told["lacking"].as_array().unwrap().is_empty());
}

#[test]
fn as_of_a_time_is_as_if_the_files_ended_there() {
    let case = Case::new();
    let flags = case.path("flags");
    assert!(
        case.run("replay", &["--flags-out", &flags])
            .status
            .success()
    );
    let code = case.lines("flags")[0]["code"].as_str().unwrap().to_owned();
    let until = "2026-03-14T07:30:00Z";
    for order in ["event-time", "arrival"] {
        let asked = ["--code", &code, "--order", order];
        let whole = case.explain(&[&asked[..], &["--at", until]].concat());
        let cut = Case {
            folder: tempfile::tempdir().unwrap(),
        };
        for name in ["clicks", "orders", "codes", "sightings"] {
            let file = format!("{name}.ndjson");
            let lines = case.lines(&file).into_iter().filter(|line| {
                line.get("ts").is_none_or(|ts| {
                    let millis = ts
                        .as_i64()
                        .unwrap_or_else(|| at(ts.as_str().unwrap()).millis());
                    millis < at(until).millis()
                })
            });
            let text: Vec<String> = lines.map(|line| line.to_string() + "\n").collect();
            fs::write(cut.path(&file), text.concat()).unwrap();
        }
        assert_eq!(whole, cut.explain(&asked), "{order}");
        assert_eq!(whole["as_of"], "2026-03-14T08:00:00.000Z");
    }
}

#[test]
fn a_code_that_nobody_knows_fails_and_names_those_that_look_like_it() {
    let case = Case::new();
    let entry = &case.lines("codes.ndjson")[0];
    let mut mistyped = entry["code"].as_str().unwrap().to_lowercase();
    mistyped.push('q');
    let output = case.run("explain", &["--code", &mistyped]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    let known = entry["code"].as_str().unwrap().to_lowercase();
    assert!(
        said.contains("is neither in the events nor in the registry"),
        "{said}"
    );
    assert!(said.contains(&known), "{said}");
    let early = case.run(
        "explain",
        &["--code", &known, "--at", "2020-01-01T00:00:00Z"],
    );
    assert_eq!(early.status.code(), Some(1));
    assert!(
        String::from_utf8(early.stderr)
            .unwrap()
            .contains("nothing was judged")
    );
}

#[test]
fn an_alias_and_a_code_without_events_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let codes = "{\"code\":\"ARU10\",\"partner_id\":\"p\",\"merchant\":\"m\",\"aliases\":[\"uuid-1\"]}\n\
                 {\"code\":\"Quiet\",\"partner_id\":\"p\",\"merchant\":\"m\"}\n";
    let order = "{\"order_id\":\"1\",\"ts\":\"2026-03-01T10:00:00Z\",\"code\":\"uuid-1\",\
                 \"amount\":\"100\",\"currency\":\"KZT\",\"merchant\":\"m\"}\n";
    fs::write(path("codes"), codes).unwrap();
    fs::write(path("orders"), order).unwrap();
    for (asked, code, orders) in [
        ("UUID-1", "ARU10", 1),
        ("aru10", "ARU10", 1),
        ("quiet", "Quiet", 0),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_promoguard"))
            .env_clear()
            .args(["explain", "--quiet", "--json", "--code", asked])
            .args(["--orders", &path("orders"), "--codes", &path("codes")])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(told["code"], code);
        assert_eq!(told["history"]["orders"], orders);
        assert_eq!(told["lacking"][0]["name"], "orders");
    }
}
