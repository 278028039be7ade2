//! What holds for every run.

use promoguard_detect::{CodeWatch, DetectSettings, HourSums, Market};
use promoguard_event::{Evidence, Flag, FlagState};

use crate::leaks::site_leak;
use crate::world::{World, run, run_in_shards};

#[test]
fn any_number_of_shards_writes_the_same_flags() {
    let world = World {
        days: 42,
        ..World::default()
    };
    let lines = |shards| {
        let outcome = run_in_shards(&world, shards, |moment| site_leak(moment, 4, 20, 5.0));
        let mut lines = Vec::new();
        for (_, flag) in &outcome.flags {
            flag.write_line(&mut lines);
        }
        (lines, outcome.watches, outcome.judged)
    };
    let one = lines(1);
    assert!(!one.0.is_empty());
    assert!(one == lines(2));
    assert!(one == lines(5));
}

#[test]
fn evidence_adds_up_to_the_score_of_every_flag_and_revisions_rise() {
    let outcome = run(&World::default(), |moment| site_leak(moment, 4, 28, 5.0));
    let mut rev = 0;
    assert!(outcome.flags.len() > 3);
    for (_, flag) in &outcome.flags {
        assert_eq!(flag.score, Flag::score_from(&flag.evidence));
        assert_eq!(flag.rev, rev + 1);
        rev = flag.rev;
        if flag.state == FlagState::Opened {
            assert!(flag.score.value() >= 30.0 - 1e-6, "{}", flag.score);
        }
        assert!(flag.onset.low <= flag.onset.at && flag.onset.at <= flag.onset.high);
        let orders = flag.exposure.leaked_orders;
        assert!(orders.low <= orders.estimate && orders.estimate <= orders.high);
    }
}

#[test]
fn a_signal_that_is_off_brings_nothing_to_a_flag_of_either_layer() {
    let off = ["returning", "sighting", "click_referrer"];
    for learned in [true, false] {
        let settings = DetectSettings {
            hopper_buckets: 4096,
            signals_off: off.map(str::to_owned).to_vec(),
            learned,
            ..DetectSettings::default()
        };
        let world = World {
            settings,
            ..World::default()
        };
        let outcome = run(&world, |moment| site_leak(moment, 4, 28, 6.0));
        assert_eq!(outcome.flagged(), [4]);
        for (_, flag) in &outcome.flags {
            let told: Vec<&str> = flag
                .evidence
                .iter()
                .filter_map(|item| match item {
                    Evidence::Signal { signal, .. } => {
                        assert!(!off.contains(signal), "{signal}");
                        None
                    }
                    Evidence::Abstained { signal, abstained } => {
                        (*abstained == "switched off in the settings").then_some(*signal)
                    }
                })
                .collect();
            assert_eq!(told.len(), off.len(), "{told:?}");
            if flag.state == FlagState::Opened {
                assert!(flag.score.value() >= 30.0 - 1e-6, "{}", flag.score);
            }
        }
    }
}

#[test]
fn without_an_accepted_order_nothing_is_ever_flagged() {
    let outcome = run(
        &World {
            days: 21,
            ..World::default()
        },
        |moment| {
            moment.facts.attempts.clear();
            if moment.code == 3 {
                let clicks = moment.draw.count(5.0);
                moment.add_clicks(clicks, Some("promokodus.com"));
                for _ in 0..3 {
                    let buyer = moment.pasted();
                    moment.attempt(&buyer, true);
                }
            }
        },
    );
    assert!(outcome.flags.is_empty());
    assert!(
        outcome
            .watches
            .iter()
            .all(|watch| watch.score().is_none() && watch.peak().is_none())
    );
}

#[test]
fn one_customer_is_one_piece_of_evidence_a_day_however_often_he_orders() {
    let outcome = run(&World::default(), |moment| {
        if moment.code == 4 && moment.day == 30 {
            for _ in 0..10 {
                let mut buyer = moment.pasted();
                buyer.customer = 5;
                moment.order(&buyer);
            }
        }
    });
    assert!(outcome.flags.is_empty());
}

#[test]
fn a_late_order_is_judged_once_and_counts() {
    let mut late = 0;
    let outcome = run(&World::default(), |moment| {
        site_leak(moment, 4, 28, 5.0);
        if moment.code == 4 {
            for attempt in &mut moment.facts.attempts {
                // Polled every day: everything arrives half a day late.
                attempt.late = true;
                attempt.ts = attempt.ts.plus_millis(-12 * 3_600_000);
                late += 1;
            }
        }
    });
    assert_eq!(outcome.flagged(), [4]);
    assert!(outcome.judged >= late);
}

#[test]
fn an_ended_leak_is_cleared_and_a_clean_code_stays_small() {
    let world = World {
        days: 84,
        ..World::default()
    };
    let outcome = run(&world, |moment| {
        if moment.day < 40 {
            site_leak(moment, 4, 28, 5.0);
        }
    });
    assert_eq!(outcome.flagged(), [4]);
    assert!(outcome.of(4, FlagState::Cleared).next().is_some());
    for (code, watch) in outcome.watches.iter().enumerate() {
        let bytes = watch.memory_bytes();
        // Suspects of the day may hold a ledger; most must be clean.
        assert!(bytes <= 4_096 + 800, "code {code}: {bytes}");
    }
    let clean = outcome
        .watches
        .iter()
        .filter(|watch| watch.memory_bytes() <= 800)
        .count();
    assert!(
        clean >= 10,
        "{:?}",
        outcome
            .watches
            .iter()
            .map(CodeWatch::memory_bytes)
            .collect::<Vec<_>>()
    );
}

#[test]
fn watch_and_market_survive_being_written_and_read() {
    let settings = DetectSettings {
        hopper_buckets: 64,
        ..DetectSettings::default()
    };
    let outcome = run(
        &World {
            days: 40,
            ..World::default()
        },
        |moment| site_leak(moment, 4, 28, 5.0),
    );
    for watch in &outcome.watches {
        let text = serde_json::to_string(watch).unwrap();
        assert_eq!(&serde_json::from_str::<CodeWatch>(&text).unwrap(), watch);
    }
    let market = Market::new(&settings);
    let text = serde_json::to_string(&market).unwrap();
    assert_eq!(serde_json::from_str::<Market>(&text).unwrap(), market);
    let sums = serde_json::to_string(&HourSums::default()).unwrap();
    assert!(serde_json::from_str::<HourSums>(&sums).unwrap().is_empty());
}

#[test]
fn settings_that_would_convict_on_one_order_are_refused() {
    DetectSettings::default().validate().unwrap();
    for broken in [
        DetectSettings {
            order_ratio_max: 1e6,
            ..DetectSettings::default()
        },
        DetectSettings {
            flag_orders_min: 0,
            ..DetectSettings::default()
        },
        DetectSettings {
            day_deposit: f64::NAN,
            ..DetectSettings::default()
        },
    ] {
        assert!(broken.validate().is_err());
    }
    let other = DetectSettings {
        own_pseudo: 7.0,
        ..DetectSettings::default()
    };
    assert_ne!(
        other.version_hash(),
        DetectSettings::default().version_hash()
    );
}
