//! Truth against records, and how records are delivered.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use promoguard_simulate::{LeakMix, Topic, WorldSettings, write_files};

use crate::support::{Finished, in_every_family, lines, small};

const HOUR_MS: i64 = 3_600_000;

#[test]
fn counts_in_the_truth_equal_the_counts_in_the_records() {
    for settings in in_every_family(&WorldSettings {
        leak_share: 0.6,
        ..small()
    }) {
        let leaked = check_counts(&Finished::of(settings));
        assert!(leaked > 100, "only {leaked} leaked orders");
    }
}

/// Returns how many orders leaked.
pub(crate) fn check_counts(finished: &Finished) -> u64 {
    let mut counted: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let mut leaked_ids: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for order in &finished.orders {
        let count = counted.entry(&order.code).or_default();
        if order.leaked {
            count.0 += 1;
            leaked_ids
                .entry(&order.code)
                .or_default()
                .insert(order.text("order_id").unwrap());
        } else {
            count.1 += 1;
        }
    }
    let mut leaked = 0;
    for (code, truth) in finished.truths() {
        let (leaked_orders, organic_orders) =
            counted.get(code.as_str()).copied().unwrap_or_default();
        assert_eq!(
            (truth.leaked_orders, truth.organic_orders),
            (leaked_orders, organic_orders),
            "{code}"
        );
        let ids: BTreeSet<&str> = truth.leaked_order_ids.iter().map(String::as_str).collect();
        assert_eq!(
            ids,
            leaked_ids.remove(code.as_str()).unwrap_or_default(),
            "{code}"
        );
        assert!(truth.leaked() || leaked_orders == 0);
        leaked += leaked_orders;
    }
    leaked
}

#[test]
fn refusals_in_the_truth_equal_refusals_of_issued_codes() {
    let settings = WorldSettings {
        codes: 150,
        lookalike_share: 0.6,
        walled_share: 0.3,
        ..small()
    };
    let finished = Finished::of(WorldSettings {
        mistyped_share: 0.3,
        ..settings
    });
    let mut refused: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for record in finished
        .records
        .iter()
        .filter(|record| record.topic == Topic::Orders)
    {
        let json = record.json();
        if json["status"] == "rejected" {
            let id = json["order_id"].as_str().unwrap().to_owned();
            refused.entry(&record.key).or_default().insert(id);
        }
    }
    let mut total = 0;
    for (code, truth) in finished.truths() {
        let counted = refused.get(code.as_str()).map_or(0, |ids| ids.len() as u64);
        assert_eq!(counted, truth.rejected_attempts, "{code}");
        total += counted;
    }
    assert!(total > 10, "only {total} refusals");
}

#[test]
fn clicks_in_the_truth_equal_distinct_clicks_in_the_records() {
    let finished = Finished::of(WorldSettings {
        click_flood_share: 0.2,
        ..small()
    });
    let mut clicks: HashMap<&str, BTreeSet<String>> = HashMap::new();
    for record in finished
        .records
        .iter()
        .filter(|record| record.topic == Topic::Clicks)
    {
        let id = record.json()["click_id"].as_str().unwrap().to_owned();
        clicks.entry(&record.key).or_default().insert(id);
    }
    for (code, truth) in finished.truths() {
        assert_eq!(
            clicks.get(code.as_str()).map_or(0, |ids| ids.len() as u64),
            truth.clicks,
            "{code}"
        );
    }
}

#[test]
fn leaked_orders_lie_between_onset_and_end() {
    let finished = Finished::of(WorldSettings {
        leak_share: 0.6,
        stops_share: 0.5,
        ..small()
    });
    check_leaks_have_their_time(&finished);
}

pub(crate) fn check_leaks_have_their_time(finished: &Finished) {
    let truths = finished.truths();
    for order in finished.orders.iter().filter(|order| order.leaked) {
        let truth = truths[&order.code];
        assert!(truth.onset.unwrap() <= order.ts);
        // From a click on a coupon page to the order it may take half an hour; to `paid`, days.
        let slack = 15 * 24 * HOUR_MS;
        assert!(truth.end.is_none_or(|end| order.ts < end + slack));
    }
}

#[test]
fn records_come_in_order_of_arrival_within_the_worlds_days() {
    let settings = small();
    let finished = Finished::of(settings.clone());
    let end = settings.start + (settings.days * 24.0) as i64 * HOUR_MS;
    assert!(
        finished
            .records
            .windows(2)
            .all(|pair| pair[0].arrival <= pair[1].arrival)
    );
    for record in &finished.records {
        assert!(settings.start <= record.ts && record.ts < end && record.ts <= record.arrival);
    }
    assert!(
        finished
            .records
            .windows(2)
            .any(|pair| pair[0].ts > pair[1].ts),
        "nothing out of order"
    );
}

#[test]
fn repeats_are_byte_for_byte_and_as_many_as_asked_for() {
    let finished = Finished::of(WorldSettings {
        duplicate_share: 0.04,
        ..small()
    });
    let mut seen: BTreeMap<&[u8], u32> = BTreeMap::new();
    for record in &finished.records {
        let before = seen.entry(&record.payload).or_default();
        assert_eq!(record.marks.duplicate, *before > 0);
        *before += 1;
    }
    let repeats = finished
        .records
        .iter()
        .filter(|record| record.marks.duplicate)
        .count();
    assert_eq!(repeats as u64, finished.world.totals().duplicates);
    let share = repeats as f64 / seen.len() as f64;
    assert!((share - 0.04).abs() < 0.008, "{share}");
}

#[test]
fn lateness_and_disorder_follow_the_settings() {
    let late_orders = |late_share, polled_share| {
        let finished = Finished::of(WorldSettings {
            late_share,
            polled_share,
            ..small()
        });
        let orders: Vec<_> = finished
            .records
            .iter()
            .filter(|r| r.topic == Topic::Orders && !r.marks.duplicate)
            .collect();
        let late = orders
            .iter()
            .filter(|record| record.arrival - record.ts >= HOUR_MS)
            .count();
        late as f64 / orders.len() as f64
    };
    assert_eq!(late_orders(0.0, 0.0), 0.0);
    let late = late_orders(0.1, 0.0);
    assert!((late - 0.1).abs() < 0.03, "{late}");
    let polled = late_orders(0.0, 1.0);
    assert!(polled > 0.1, "{polled}");
}

#[test]
fn nobody_is_a_new_customer_of_a_shop_twice() {
    // Insiders are the ones who come back most.
    let leak_mix = LeakMix {
        insider_or_community: 3.0,
        ..LeakMix::default()
    };
    let settings = WorldSettings {
        leak_share: 0.8,
        leak_mix,
        walled_share: 0.3,
        ..small()
    };
    let finished = Finished::of(WorldSettings {
        codes: 100,
        ..settings
    });
    let checked = check_newcomers(&finished);
    assert!(checked > 100);
}

/// Returns how many orders say that their customer is new.
pub(crate) fn check_newcomers(finished: &Finished) -> u32 {
    let mut newcomers = BTreeSet::new();
    let mut checked = 0;
    for order in &finished.orders {
        let customer = order
            .text("customer_id")
            .or(order.text("customer_email"))
            .map(str::to_lowercase);
        if let (Some(customer), Some(true)) = (customer, order.json["new_customer"].as_bool()) {
            checked += 1;
            assert!(
                newcomers.insert((order.text("merchant").unwrap().to_owned(), customer)),
                "{:?}",
                order.json
            );
        }
    }
    checked
}

#[test]
fn files_hold_what_the_records_hold() {
    let folder = tempfile::tempdir().unwrap();
    let settings = WorldSettings {
        leak_share: 0.5,
        ..small()
    };
    let mut world = promoguard_simulate::World::new(settings.clone()).unwrap();
    let totals = write_files(&mut world, folder.path()).unwrap();
    let finished = Finished::of(settings);
    assert_eq!(totals, finished.world.totals());
    let file = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    for (topic, name) in [
        (Topic::Clicks, "clicks.ndjson"),
        (Topic::Orders, "orders.ndjson"),
    ] {
        let mut expected = Vec::new();
        for record in finished
            .records
            .iter()
            .filter(|record| record.topic == topic)
        {
            expected.extend_from_slice(&record.payload);
            expected.push(b'\n');
        }
        assert!(file(name) == expected, "{name}");
    }
    let truth = lines(&file("truth.ndjson"));
    let leaked: u64 = truth
        .iter()
        .map(|line| line["leaked_orders"].as_u64().unwrap())
        .sum();
    assert_eq!(lines(&file("leaked-orders.ndjson")).len() as u64, leaked);
    assert_eq!(file("codes.ndjson"), finished.world.codes());
    assert_eq!(file("sightings.ndjson"), finished.world.sightings());
    for line in &truth {
        let kind = line["kind"].as_str();
        assert_eq!(
            line["leaked"].as_bool().unwrap(),
            kind.is_some_and(|kind| kind != "click_flood")
        );
        assert_eq!(line["clean"].as_bool().unwrap(), kind.is_none());
    }
}
