//! Records in, effects out: what the shards promise about counts, windows and order, whatever the
//! batches and the number of steps.

use promoguard_detect::DetectSettings;
use promoguard_event::{Code, DecoderLimits, EventTime, PseudonymKey, Topic, Window};
use promoguard_pipeline::{
    AFTER_ALL, Effects, Intake, Merge, Notice, PipelineSettings, Records, RegistryChange, Routed,
    ShardSet, SourceIndex,
};
use promoguard_sketch::HashKey;
use proptest::prelude::*;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// An hour's start, so that offsets in the tests read as minutes past it.
const START: i64 = 1_770_000_000_000 - 1_770_000_000_000 % HOUR_MS;

/// Two logs, clicks and orders, into shards.
struct Pipeline {
    intake: Intake,
    merge: Merge<Routed>,
    shards: ShardSet,
    windows: Vec<Window>,
    effects: Effects,
}

impl Pipeline {
    fn new(settings: PipelineSettings) -> Self {
        let key = HashKey::documented();
        let merge = Merge::new(2, settings.reorder_slack_ms);
        let shards = ShardSet::new(settings, DetectSettings::default(), &key);
        let intake = Intake::new(
            PseudonymKey::new([7; 32]),
            DecoderLimits::default(),
            shards.hashers().clone(),
        );
        Self {
            intake,
            merge,
            shards,
            windows: Vec::new(),
            effects: Effects::default(),
        }
    }

    fn register(&mut self, line: &str) {
        let mut records = Records::default();
        self.intake
            .decode(Topic::Codes, line.as_bytes(), &mut records)
            .expect("a valid entry");
        for notice in records.notices {
            if let Notice::Code(entry) = notice {
                self.shards.submit(RegistryChange::Set(entry));
            }
        }
        self.shards.apply_registry();
    }

    fn remove(&mut self, code: &str) {
        let code = Code::from_normalised(code);
        self.shards.submit(RegistryChange::Remove(code));
        self.shards.apply_registry();
    }

    fn push(&mut self, topic: Topic, line: &str) {
        let mut records = Records::default();
        if let Err(error) = self.intake.decode(topic, line.as_bytes(), &mut records) {
            self.effects.counts.add_dead_letter(topic, error.kind);
            return;
        }
        self.effects.counts.of_mut(topic).read += 1;
        for row in &records.clicks {
            let (slot, click) = self.shards.route_click(&records, row);
            self.merge
                .push(SourceIndex(0), row.ts, Routed::Click(slot, click));
        }
        for row in std::mem::take(&mut records.orders) {
            let ts = row.ts;
            let (slot, order) = self.shards.route_order(&records, row);
            self.merge
                .push(SourceIndex(1), ts, Routed::Order(slot, order));
        }
    }

    fn step(&mut self) {
        let release_point = self.merge.release_point();
        self.release(release_point);
    }

    fn finish(mut self) -> Self {
        self.merge.end(SourceIndex(0));
        self.merge.end(SourceIndex(1));
        self.release(AFTER_ALL);
        self
    }

    fn release(&mut self, release_point: EventTime) {
        while let Some(released) = self.merge.pop_below(release_point) {
            let at = released.at;
            self.shards.accept(match released.item {
                Routed::Click(slot, mut click) => {
                    click.at = at;
                    Routed::Click(slot, click)
                }
                Routed::Order(slot, mut order) => {
                    order.at = at;
                    Routed::Order(slot, order)
                }
                other => other,
            });
        }
        self.shards.advance(release_point);
        let mut effects = self.shards.take_effects();
        self.windows.append(&mut effects.windows);
        self.effects.counts.add(&effects.counts);
        self.effects.flags.append(&mut effects.flags);
        self.effects
            .judged_orders
            .append(&mut effects.judged_orders);
    }

    fn counts(&self, topic: Topic) -> promoguard_pipeline::TopicCounts {
        *self.effects.counts.of(topic)
    }

    fn scores(&self) -> String {
        let mut lines = Vec::new();
        for score in self.shards.scores() {
            score.write_line(&mut lines);
        }
        String::from_utf8(lines).expect("JSON")
    }

    /// (hours after `START`, rev, clicks, created orders) of every window of a code.
    fn windows_of(&self, code: &str) -> Vec<(i64, u32, u64, u64)> {
        let of_code = self.windows.iter().filter(|window| window.code == code);
        of_code
            .map(|window| {
                let hour = (window.hour.start().millis() - START) / HOUR_MS;
                (hour, window.rev, window.clicks, window.orders.created)
            })
            .collect()
    }
}

fn click(id: &str, minute: i64, code: &str) -> String {
    let ts = START + minute * 60_000;
    format!(r#"{{"click_id":"{id}","ts":{ts},"code":"{code}","visitor_id":"v{id}"}}"#)
}

fn order(id: &str, minute: i64, code: &str, status: &str, amount: &str) -> String {
    let ts = START + minute * 60_000;
    format!(
        r#"{{"order_id":"{id}","ts":{ts},"code":"{code}","amount":"{amount}","currency":"KZT","merchant":"m","status":"{status}"}}"#
    )
}

fn pipeline() -> Pipeline {
    Pipeline::new(PipelineSettings {
        shards: 3,
        ..PipelineSettings::default()
    })
}

#[test]
fn an_order_counts_once_whatever_its_statuses_and_whichever_comes_first() {
    let mut pipeline = pipeline();
    pipeline.push(Topic::Orders, &order("1", 1, "a", "paid", "10"));
    pipeline.push(Topic::Orders, &order("1", 2, "a", "created", "10"));
    pipeline.push(Topic::Orders, &order("1", 3, "a", "returned", "10"));
    pipeline.push(Topic::Orders, &order("2", 4, "a", "rejected", "10"));
    let pipeline = pipeline.finish();
    assert!(
        pipeline
            .scores()
            .contains(r#""orders":1,"clickless_orders":1"#)
    );
    assert!(pipeline.scores().contains(r#""amount":"10.00""#));
    assert_eq!(pipeline.counts(Topic::Orders).accepted, 4);
}

#[test]
fn a_repeat_is_a_duplicate_and_with_another_amount_a_conflict() {
    let mut pipeline = pipeline();
    for amount in ["10", "10.00", "11"] {
        pipeline.push(Topic::Orders, &order("1", 1, "a", "created", amount));
    }
    pipeline.push(Topic::Clicks, &click("c", 1, "a"));
    pipeline.push(Topic::Clicks, &click("c", 1, "A "));
    let pipeline = pipeline.finish();
    let orders = pipeline.counts(Topic::Orders);
    assert_eq!(
        (orders.accepted, orders.duplicate, orders.conflict),
        (1, 2, 1)
    );
    assert_eq!(pipeline.counts(Topic::Clicks).duplicate, 1);
}

#[test]
fn a_late_event_amends_the_window_of_its_own_hour() {
    let mut pipeline = pipeline();
    pipeline.push(Topic::Orders, &order("1", 5, "a", "created", "1"));
    pipeline.push(Topic::Orders, &order("2", 125, "a", "created", "1"));
    pipeline.push(Topic::Orders, &order("3", 6, "a", "created", "1"));
    let pipeline = pipeline.finish();
    assert_eq!(
        pipeline.windows_of("a"),
        [(0, 1, 0, 1), (0, 2, 0, 2), (2, 1, 0, 1)]
    );
    assert_eq!(pipeline.counts(Topic::Orders).late, 1);
    assert_eq!(
        pipeline.effects.judged_orders.len(),
        3,
        "late is judged too"
    );
}

#[test]
fn an_event_older_than_the_horizon_counts_in_totals_only() {
    let mut pipeline = pipeline();
    let minutes_of_15_days = 15 * DAY_MS / 60_000;
    pipeline.push(
        Topic::Orders,
        &order("1", minutes_of_15_days, "a", "created", "1"),
    );
    pipeline.push(Topic::Orders, &order("2", 0, "a", "created", "1"));
    let pipeline = pipeline.finish();
    assert_eq!(pipeline.counts(Topic::Orders).too_late, 1);
    assert!(pipeline.scores().contains(r#""orders":2"#));
    assert_eq!(pipeline.windows_of("a").len(), 1);
    assert_eq!(pipeline.effects.judged_orders.len(), 1);
}

#[test]
fn an_alias_counts_for_its_code() {
    let mut pipeline = pipeline();
    pipeline.register(r#"{"code":"SAVE10","partner_id":"p","merchant":"m","aliases":["uuid-1"]}"#);
    pipeline.push(Topic::Orders, &order("1", 1, "UUID-1", "created", "1"));
    pipeline.push(Topic::Orders, &order("2", 2, "save10", "created", "1"));
    let pipeline = pipeline.finish();
    assert!(pipeline.scores().starts_with(r#"{"code":"save10""#));
    assert!(pipeline.scores().contains(r#""orders":2"#));
}

#[test]
fn junk_codes_are_let_go_and_counted_and_codes_with_orders_stay() {
    let mut pipeline = Pipeline::new(PipelineSettings {
        shards: 1,
        unregistered_codes_max: 10,
        ..PipelineSettings::default()
    });
    pipeline.push(Topic::Orders, &order("1", 0, "kept", "created", "1"));
    for n in 0..200 {
        let minute = n * 60;
        pipeline.push(
            Topic::Clicks,
            &click(&format!("c{n}"), minute, &format!("junk{n}")),
        );
        let rejected =
            |id: &str, minute| order(&format!("{id}{n}"), minute, "kept", "rejected", "1");
        pipeline.push(Topic::Orders, &rejected("r", minute));
        pipeline.push(Topic::Clicks, &click(&format!("k{n}"), minute + 30, "kept"));
        // Late, for a code that is about to be let go, in an hour that stays open for now.
        let late = click(&format!("l{n}"), minute - 90, &format!("junk{}", n / 2));
        pipeline.push(Topic::Clicks, &late);
        pipeline.push(Topic::Clicks, &click(&format!("m{n}"), minute + 31, "kept"));
        pipeline.push(Topic::Orders, &rejected("s", minute + 31));
        pipeline.step();
    }
    let pipeline = pipeline.finish();
    assert!(pipeline.shards.codes() <= 13, "{}", pipeline.shards.codes());
    assert!(pipeline.effects.counts.codes_evicted >= 185);
    assert!(pipeline.scores().contains(r#""code":"kept""#));
}

/// One click an hour, each of a code that nobody registered, so that older junk is let go.
fn push_junk(pipeline: &mut Pipeline, hours: std::ops::Range<i64>) {
    for n in hours {
        let junk = click(&format!("c{n}"), n * 60, &format!("junk{n}"));
        pipeline.push(Topic::Clicks, &junk);
        pipeline.push(
            Topic::Orders,
            &order(&format!("o{n}"), n * 60, "kept", "rejected", "1"),
        );
        pipeline.step();
    }
}

fn with_room_for_ten() -> Pipeline {
    Pipeline::new(PipelineSettings {
        shards: 1,
        unregistered_codes_max: 10,
        ..PipelineSettings::default()
    })
}

/// What the scores say of a code.
fn scores_of(pipeline: &Pipeline, code: &str) -> Vec<String> {
    let scores = pipeline.scores();
    let of_code = scores
        .lines()
        .filter(|line| line.starts_with(&format!(r#"{{"code":"{code}""#)));
    of_code.map(str::to_owned).collect()
}

#[test]
fn an_alias_goes_with_its_code_when_that_is_let_go_as_junk() {
    let mut pipeline = with_room_for_ten();
    pipeline.register(r#"{"code":"gone","partner_id":"p","merchant":"m","aliases":["brief"]}"#);
    pipeline.remove("gone");
    let mut hour = 0;
    while pipeline.effects.counts.codes_evicted == 0 {
        push_junk(&mut pipeline, hour..hour + 1);
        hour += 1;
    }
    // The place of its code is free now, and not given to another yet.
    pipeline.push(Topic::Clicks, &click("b", hour * 60, "brief"));
    let pipeline = pipeline.finish();
    let brief = scores_of(&pipeline, "brief");
    assert_eq!(brief.len(), 1, "{brief:?}");
    assert!(brief[0].contains(r#""clicks":1,"#), "{brief:?}");
}

#[test]
fn a_code_keeps_its_state_when_what_its_alias_was_before_is_let_go() {
    let mut pipeline = with_room_for_ten();
    pipeline.push(Topic::Clicks, &click("b", 0, "brief"));
    push_junk(&mut pipeline, 0..1);
    pipeline.register(r#"{"code":"long","partner_id":"p","merchant":"m","aliases":["brief"]}"#);
    pipeline.push(Topic::Clicks, &click("l", 61, "long"));
    push_junk(&mut pipeline, 2..60);
    pipeline.push(Topic::Clicks, &click("a", 60 * 60, "brief"));
    let pipeline = pipeline.finish();
    let long = scores_of(&pipeline, "long");
    assert_eq!(long.len(), 1, "{long:?}");
    assert!(long[0].contains(r#""clicks":2,"#), "{long:?}");
    assert!(scores_of(&pipeline, "brief").is_empty());
}

#[test]
fn an_alias_is_again_what_it_was_before_when_its_code_is_let_go() {
    let mut pipeline = with_room_for_ten();
    pipeline.push(Topic::Orders, &order("b", 0, "brief", "created", "1"));
    push_junk(&mut pipeline, 0..1);
    pipeline.register(r#"{"code":"gone","partner_id":"p","merchant":"m","aliases":["brief"]}"#);
    pipeline.remove("gone");
    push_junk(&mut pipeline, 1..60);
    pipeline.push(Topic::Clicks, &click("a", 60 * 60, "brief"));
    let pipeline = pipeline.finish();
    let brief = scores_of(&pipeline, "brief");
    assert_eq!(brief.len(), 1, "{brief:?}");
    assert!(brief[0].contains(r#""clicks":1,"orders":1"#), "{brief:?}");
}

#[derive(Clone, Debug)]
struct Line {
    topic: Topic,
    text: String,
}

fn lines() -> impl Strategy<Value = Vec<Line>> {
    let status = prop::sample::select(vec!["created", "paid", "cancelled", "rejected"]);
    let line = (
        any::<bool>(),
        0..40_u8,
        0..1_400_i64,
        0..5_u8,
        status,
        0..3_u8,
    )
        .prop_map(|(is_click, id, minute, code, status, broken)| {
            let code = format!("code{code}");
            let topic = if is_click {
                Topic::Clicks
            } else {
                Topic::Orders
            };
            let mut text = match topic {
                // A click id belongs to one code, as the contract says.
                Topic::Clicks => click(&format!("{id}-{code}"), minute, &code),
                _ => order(&id.to_string(), minute, &code, status, "12.50"),
            };
            if broken == 0 && id % 7 == 0 {
                text.truncate(text.len() - 1);
            }
            Line { topic, text }
        });
    prop::collection::vec(line, 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_record_read_is_accounted_for_once(lines in lines()) {
        let mut pipeline = pipeline();
        for line in &lines {
            pipeline.push(line.topic, &line.text);
        }
        let pipeline = pipeline.finish();
        for topic in [Topic::Clicks, Topic::Orders] {
            let counts = pipeline.counts(topic);
            prop_assert_eq!(counts.read, counts.accounted());
            let sent = lines.iter().filter(|line| line.topic == topic).count();
            prop_assert_eq!(counts.read, sent as u64);
        }
    }

    #[test]
    fn how_often_the_shards_are_stepped_changes_nothing(
        lines in lines(),
        steps in prop::collection::vec(any::<bool>(), 120),
    ) {
        let run = |stepping: bool| {
            let mut pipeline = pipeline();
            for (line, step) in lines.iter().zip(&steps) {
                pipeline.push(line.topic, &line.text);
                if stepping && *step {
                    pipeline.step();
                }
            }
            let mut pipeline = pipeline.finish();
            pipeline.windows.sort_by(|a, b| {
                (a.hour, &a.code, a.rev).cmp(&(b.hour, &b.code, b.rev))
            });
            let windows = format!("{:?}", pipeline.windows);
            let judged = format!("{:?}", pipeline.effects.judged_orders);
            (windows, judged, pipeline.scores())
        };
        prop_assert_eq!(run(false), run(true));
    }

    #[test]
    fn the_number_of_shards_changes_no_count(lines in lines()) {
        let run = |shards: u32| {
            let mut pipeline = Pipeline::new(PipelineSettings {
                shards,
                ..PipelineSettings::default()
            });
            for line in &lines {
                pipeline.push(line.topic, &line.text);
            }
            let pipeline = pipeline.finish();
            let mut windows: Vec<String> =
                pipeline.windows.iter().map(|window| format!("{window:?}")).collect();
            windows.sort();
            (windows, pipeline.scores())
        };
        prop_assert_eq!(run(1), run(7));
    }
}
