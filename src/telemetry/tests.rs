//! What is on the wire from the start, and that only closed lists get there.

use std::collections::{BTreeMap, BTreeSet};

use super::table::{METRICS, MetricKind};
use super::*;

/// Samples by series, help and type by metric.
#[derive(Default)]
struct Exposition {
    samples: BTreeMap<String, f64>,
    help: BTreeSet<String>,
    types: BTreeMap<String, String>,
}

fn parse(text: &str) -> Exposition {
    let mut exposition = Exposition::default();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').expect("help has a text");
            assert!(!words.is_empty());
            assert!(
                exposition.help.insert(name.to_owned()),
                "two helps for {name}"
            );
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a type has a word");
            exposition.types.insert(name.to_owned(), kind.to_owned());
        } else {
            let (series, value) = line.rsplit_once(' ').expect("a sample has a value");
            let value = value.parse().expect("a number");
            assert!(
                exposition
                    .samples
                    .insert(series.to_owned(), value)
                    .is_none(),
                "{series} twice"
            );
        }
    }
    exposition
}

#[test]
fn every_metric_is_there_at_zero_from_the_start() {
    let exposition = parse(&Telemetry::new().render());
    // These exist for each assigned partition, which nobody knows at the start.
    let later = [
        table::LAG_RECORDS.name,
        table::LAG_SECONDS.name,
        table::RETENTION_HEADROOM.name,
        table::PARTITION_WATERMARK.name,
    ];
    for metric in METRICS
        .iter()
        .filter(|metric| !later.contains(&metric.name))
    {
        let kind = match metric.kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram(_) => "histogram",
        };
        assert_eq!(
            exposition.types.get(metric.name).map(String::as_str),
            Some(kind),
            "{}",
            metric.name
        );
        assert!(exposition.help.contains(metric.name), "{}", metric.name);
    }
    let ours = exposition
        .samples
        .iter()
        .filter(|(series, _)| series.starts_with("promoguard_"));
    let is_constant = |series: &str| series.starts_with(table::CODES_BY_SCORE_SHIPPED.name);
    for (series, value) in ours.filter(|(series, _)| !is_constant(series)) {
        let expected = if series.starts_with("promoguard_build_info") {
            1.0
        } else {
            0.0
        };
        assert_eq!(*value, expected, "{series}");
    }
    for series in [
        "promoguard_events_total{topic=\"orders\",result=\"dead_letter\"}",
        "promoguard_dead_letters_total{topic=\"clicks\",reason=\"not_json\"}",
        "promoguard_optional_field_defects_total{topic=\"orders\",field=\"click_ts\"}",
        "promoguard_event_delay_seconds_bucket{topic=\"clicks\",le=\"60\"}",
        "promoguard_flags_total{kind=\"extension\",state=\"opened\"}",
        "promoguard_exposure_open{currency=\"KZT\"}",
        "promoguard_signal_abstained_total{signal=\"cold\"}",
        "promoguard_http_requests_total{route=\"/readyz\",method=\"GET\",code=\"503\"}",
    ] {
        assert!(
            exposition.samples.contains_key(series),
            "{series} is missing"
        );
    }
}

#[test]
fn each_typed_method_moves_its_own_series_and_no_other() {
    type Act = fn(&Telemetry);
    let cases: &[(Act, &str, f64)] = &[
        (
            |t| t.add_events(Topic::Orders, RecordResult::TooLate, 3),
            "promoguard_events_total{topic=\"orders\",result=\"too_late\"}",
            3.0,
        ),
        (
            |t| t.add_dead_letters(Topic::Codes, ErrorKind::BadAmount, 2),
            "promoguard_dead_letters_total{topic=\"codes\",reason=\"bad_amount\"}",
            2.0,
        ),
        (
            |t| t.add_optional_field_defects(Topic::Clicks, Field::City, 4),
            "promoguard_optional_field_defects_total{topic=\"clicks\",field=\"city\"}",
            4.0,
        ),
        (
            |t| t.add_order_conflicts(5),
            "promoguard_order_conflicts_total",
            5.0,
        ),
        (|t| t.add_misplaced(6), "promoguard_misplaced_total", 6.0),
        (
            |t| t.set_watermark(EventTime::from_millis(1_500)),
            "promoguard_watermark_timestamp_seconds",
            1.5,
        ),
        (
            |t| t.add_commits(CommitResult::Fenced, 1),
            "promoguard_commits_total{result=\"fenced\"}",
            1.0,
        ),
        (
            |t| t.set_state_bytes(StatePart::OrderIndex, 16),
            "promoguard_state_bytes{part=\"order_index\"}",
            16.0,
        ),
        (
            |t| t.add_flags(FlagKind::ClickFlood, FlagState::Cleared, 1),
            "promoguard_flags_total{kind=\"click_flood\",state=\"cleared\"}",
            1.0,
        ),
        (
            |t| t.add_shadow_flags(FlagState::Opened, 2),
            "promoguard_shadow_flags_total{state=\"opened\"}",
            2.0,
        ),
        (
            |t| t.add_decision(FlagKind::Unknown, ScoreBand::NONE, Outcome::DataError),
            "promoguard_decisions_total{kind=\"unknown\",outcome=\"data_error\"}",
            1.0,
        ),
        (
            |t| t.add_sink_deliveries(Sink::Flags, DeliveryResult::Delivered, 9),
            "promoguard_sink_deliveries_total{sink=\"flags\",result=\"delivered\"}",
            9.0,
        ),
        (
            |t| t.set_consumer_lag(Topic::Clicks, 7, 11, 2.5, 60.0),
            "promoguard_consumer_lag_seconds{topic=\"clicks\",partition=\"7\"}",
            2.5,
        ),
    ];
    for (act, series, value) in cases {
        let telemetry = Telemetry::new();
        let before = parse(&telemetry.render()).samples;
        act(&telemetry);
        let after = parse(&telemetry.render()).samples;
        assert_eq!(after.get(*series), Some(value), "{series}");
        let moved = after.iter().filter(|(name, value)| {
            name.starts_with("promoguard_") && before.get(*name).unwrap_or(&0.0) != *value
        });
        let expected = match series {
            series if series.contains("_lag_") => 3,
            // By kind, and by score.
            series if series.contains("_decisions_") => 2,
            _ => 1,
        };
        assert_eq!(moved.count(), expected, "{series}");
    }
}

#[test]
fn processing_time_counts_every_record_of_its_batch() {
    let telemetry = Telemetry::new();
    telemetry.observe_event_processing(Topic::Clicks, 0.5, 1_000);
    telemetry.observe_event_processing(Topic::Clicks, 0.5, 0);
    let samples = parse(&telemetry.render()).samples;
    let of = |suffix: &str| samples[&format!("promoguard_event_processing_seconds_{suffix}")];
    assert_eq!(of("count{topic=\"clicks\"}"), 1_000.0);
    assert!((of("sum{topic=\"clicks\"}") - 0.5).abs() < 1e-9);
    assert_eq!(of("bucket{topic=\"clicks\",le=\"0.0001\"}"), 0.0);
    assert_eq!(of("bucket{topic=\"clicks\",le=\"0.001\"}"), 1_000.0);
}

#[test]
fn a_merchant_that_nobody_named_in_the_settings_gets_no_series() {
    let telemetry = Telemetry::with_merchants(&["Shop.KZ".to_owned()]);
    telemetry.add_merchant_orders("shop.kz", 5, 2);
    telemetry.add_merchant_orders("invented.kz", 3, 3);
    telemetry.add_merchant_orders("", 1, 0);
    let samples = parse(&telemetry.render()).samples;
    let of = |metric: &str| {
        let own = samples.iter().filter(|(name, _)| name.starts_with(metric));
        own.map(|(name, count)| (name.split('"').nth(1).unwrap(), *count))
            .collect::<Vec<_>>()
    };
    let orders = of("promoguard_merchant_orders_total{");
    assert_eq!(orders, [("other", 4.0), ("shop.kz", 5.0)]);
    let clickless = of("promoguard_merchant_clickless_orders_total{");
    assert_eq!(clickless, [("other", 3.0), ("shop.kz", 2.0)]);
}

#[test]
fn a_partition_that_went_elsewhere_shows_no_lag_here() {
    let telemetry = Telemetry::new();
    for partition in [0, 1] {
        telemetry.set_consumer_lag(Topic::Orders, partition, 9, 9.0, 60.0);
        telemetry.set_partition_watermark(partition, EventTime::from_millis(1_000));
    }
    telemetry.set_owned(&[1]);
    let samples = parse(&telemetry.render()).samples;
    let of = |metric: &str, labels: &str, partition| {
        samples[&format!("promoguard_{metric}{{{labels}partition=\"{partition}\"}}")]
    };
    let lag = |partition| of("consumer_lag_records", "topic=\"orders\",", partition);
    let watermark = |partition| of("partition_watermark_timestamp_seconds", "", partition);
    assert_eq!((lag(0), lag(1)), (0.0, 9.0));
    assert_eq!((watermark(0), watermark(1)), (0.0, 1.0));
    assert_eq!(samples["promoguard_partitions_owned"], 1.0);
}

#[test]
fn no_request_can_make_a_new_series() {
    let telemetry = Telemetry::new();
    let before: Vec<String> = parse(&telemetry.render()).samples.into_keys().collect();
    for route in Route::ALL {
        for method in Method::ALL {
            for status in [200, 201, 404, 405, 413, 418, 500, 503] {
                telemetry.observe_http(*route, *method, status, 0.1);
            }
        }
    }
    let after = parse(&telemetry.render()).samples;
    assert_eq!(before, after.keys().cloned().collect::<Vec<_>>());
    let requests = after
        .iter()
        .filter(|(name, _)| name.starts_with("promoguard_http_requests_total"));
    assert_eq!(requests.map(|(_, count)| count).sum::<f64>(), 80.0);
}
