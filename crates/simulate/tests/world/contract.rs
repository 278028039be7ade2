//! Every line obeys the event contract, checked field by field.

use promoguard_simulate::{Family, RecordBatch, Topic, World, WorldSettings};
use proptest::prelude::*;
use serde_json::{Map, Value};

use crate::support::{Finished, in_every_family, lines, run, small};

fn text<'a>(record: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    record.get(field).map(|value| {
        value
            .as_str()
            .unwrap_or_else(|| panic!("`{field}` is {value}"))
    })
}

fn short(record: &Map<String, Value>, field: &str, bytes_max: usize, required: bool) {
    match text(record, field) {
        Some(value) => {
            let length = value.trim().len();
            assert!(
                length > 0 && length <= bytes_max,
                "`{field}` of {length} bytes in {record:?}"
            );
        }
        None => assert!(!required, "no `{field}` in {record:?}"),
    }
}

fn one_of(record: &Map<String, Value>, field: &str, words: &[&str]) {
    if let Some(word) = text(record, field) {
        assert!(words.contains(&word), "`{field}` is {word}");
    }
}

/// Epoch milliseconds, or RFC 3339 in the one layout that the world uses.
fn millis(value: &Value) -> i64 {
    if let Some(ms) = value.as_i64() {
        return ms;
    }
    let time = value.as_str().unwrap();
    let number = |from: usize, to: usize| time[from..to].parse::<i64>().unwrap();
    for (at, separator) in [
        (4, "-"),
        (7, "-"),
        (10, "T"),
        (13, ":"),
        (16, ":"),
        (19, "."),
    ] {
        assert_eq!(&time[at..at + 1], separator, "{time}");
    }
    let offset_hours = match &time[23..] {
        "Z" => 0,
        offset => {
            assert!(offset.starts_with('+') && offset.ends_with(":00"), "{time}");
            offset[1..3].parse::<i64>().unwrap()
        }
    };
    // Julian day number, after Fliegel and Van Flandern (1968): another way than the crate's own.
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    let julian = (1461 * (year + 4800 + (month - 14) / 12)) / 4
        + (367 * (month - 2 - 12 * ((month - 14) / 12))) / 12
        - (3 * ((year + 4900 + (month - 14) / 12) / 100)) / 4
        + day
        - 32_075;
    let hours = (julian - 2_440_588) * 24 + number(11, 13) - offset_hours;
    (hours * 60 + number(14, 16)) * 60_000 + number(17, 19) * 1_000 + number(20, 23)
}

fn check_place(record: &Map<String, Value>) {
    one_of(record, "country", &["KZ", "RU"]);
    short(record, "city", 64, false);
}

fn check_click(click: &Map<String, Value>) {
    for field in ["click_id", "code", "visitor_id"] {
        short(click, field, 64, true);
    }
    short(click, "referrer", 2_048, false);
    short(click, "ua", 1_024, false);
    text(click, "ip")
        .unwrap()
        .parse::<std::net::Ipv4Addr>()
        .unwrap();
    check_place(click);
}

fn check_order(order: &Map<String, Value>) {
    for field in ["order_id", "code", "merchant"] {
        short(order, field, 64, true);
    }
    for field in [
        "customer_id",
        "customer_phone",
        "customer_email",
        "click_id",
    ] {
        short(order, field, 64, false);
    }
    let amount = match &order["amount"] {
        Value::String(amount) => amount.clone(),
        amount => amount.to_string(),
    };
    let (whole, decimals) = amount.split_once('.').unwrap_or((&amount, ""));
    assert!(
        !whole.is_empty() && whole.len() + decimals.len() <= 18 && decimals.len() <= 4,
        "{amount}"
    );
    assert!(
        whole
            .bytes()
            .chain(decimals.bytes())
            .all(|byte| byte.is_ascii_digit()),
        "{amount}"
    );
    one_of(order, "currency", &["KZT", "RUB"]);
    assert!(order.contains_key("currency"));
    one_of(
        order,
        "marketplace",
        &["kaspi", "halyk", "wildberries", "ozon"],
    );
    one_of(
        order,
        "status",
        &["created", "paid", "cancelled", "returned", "rejected"],
    );
    one_of(order, "code_entry", &["link", "typed", "auto"]);
    short(order, "referrer", 2_048, false);
    assert!(order.get("new_customer").is_none_or(Value::is_boolean));
    if let Some(click_ts) = order.get("click_ts") {
        assert!(order.contains_key("click_id"));
        assert!(millis(click_ts) < millis(&order["ts"]) + 90_000);
    }
    check_place(order);
}

#[test]
fn every_record_obeys_the_contract_and_carries_its_key_and_time() {
    for settings in in_every_family(&small()) {
        let keys_differ = check_records(&Finished::of(settings));
        assert!(keys_differ > 0, "no alias was ever used");
    }
}

/// Returns how many records spell their code by an alias.
pub(crate) fn check_records(finished: &Finished) -> u32 {
    let mut keys_differ = 0;
    for record in &finished.records {
        let json = record.json();
        let object = json.as_object().unwrap();
        match record.topic {
            Topic::Clicks => check_click(object),
            Topic::Orders => check_order(object),
        }
        assert_eq!(millis(&object["ts"]), record.ts);
        // An alias is the only spelling that does not normalise to the key.
        let normalised = text(object, "code").unwrap().trim().to_lowercase();
        if normalised != record.key {
            keys_differ += 1;
            assert_eq!(
                normalised.len(),
                36,
                "{normalised} under key {}",
                record.key
            );
        }
    }
    keys_differ
}

#[test]
fn no_key_occurs_twice_in_an_object() {
    let mut world = World::new(WorldSettings {
        days: 2.0,
        ..small()
    })
    .unwrap();
    for record in run(&mut world, 1_000) {
        let written = String::from_utf8(record.payload.clone()).unwrap();
        for field in record.json().as_object().unwrap().keys() {
            assert_eq!(
                written.matches(&format!("\"{field}\":")).count(),
                1,
                "{written}"
            );
        }
    }
}

#[test]
fn registry_entries_and_sightings_obey_the_contract() {
    for settings in in_every_family(&WorldSettings {
        codes: 2_000,
        ..WorldSettings::default()
    }) {
        let world = World::new(settings).unwrap();
        let unregistered = check_registry(&world);
        assert!(unregistered > 0);
        let sightings = check_sightings(&world);
        assert!(sightings > 20);
    }
}

/// Returns how many codes are not in the registry.
pub(crate) fn check_registry(world: &World) -> usize {
    let entries = lines(&world.codes());
    let unregistered = world
        .truth()
        .iter()
        .filter(|truth| !truth.registered)
        .count();
    assert_eq!(entries.len() + unregistered, world.truth().len());
    let mut names: Vec<String> = Vec::new();
    for entry in &entries {
        let entry = entry.as_object().unwrap();
        for field in ["code", "partner_id", "merchant"] {
            short(entry, field, 64, true);
        }
        one_of(entry, "tier", &["nano", "micro", "mid", "macro", "mega"]);
        assert!(entry.get("followers").is_none_or(Value::is_u64));
        for field in ["discount_pct", "commission_pct"] {
            let pct = entry[field].as_f64().unwrap();
            assert!(pct > 0.0 && pct < 100.0, "{field} {pct}");
        }
        if let (Some(starts_at), Some(ends_at)) = (entry.get("starts_at"), entry.get("ends_at")) {
            assert!(millis(starts_at) < millis(ends_at));
        }
        for post in entry
            .get("posts")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            millis(post);
        }
        names.push(text(entry, "code").unwrap().to_lowercase());
        let aliases = entry
            .get("aliases")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        names.extend(aliases.map(|alias| alias.as_str().unwrap().to_lowercase()));
    }
    let total = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), total, "a code or alias stands for two codes");
    unregistered
}

/// Returns how many there are.
pub(crate) fn check_sightings(world: &World) -> usize {
    let sightings = lines(&world.sightings());
    for sighting in &sightings {
        let sighting = sighting.as_object().unwrap();
        short(sighting, "code", 64, true);
        millis(&sighting["ts"]);
        assert!(text(sighting, "url").unwrap().starts_with("https://"));
        one_of(sighting, "source", &["crawler", "monitor", "analyst"]);
    }
    sightings.len()
}

#[test]
fn malformed_records_come_on_top_and_none_can_be_read() {
    let clean = Finished::of(small());
    let dirty = Finished::of(WorldSettings {
        dirty_share: 0.05,
        ..small()
    });
    assert_eq!(clean.world.truth(), dirty.world.truth());
    let malformed: Vec<_> = dirty
        .records
        .iter()
        .filter(|record| record.marks.malformed)
        .collect();
    let share = malformed.len() as f64 / clean.records.len() as f64;
    assert!((share - 0.05).abs() < 0.01, "{share}");
    for record in malformed {
        assert!(
            is_defective(record.topic, &record.payload),
            "{}",
            String::from_utf8_lossy(&record.payload)
        );
    }
    let good = |record: &&crate::support::Read| {
        !record.marks.malformed && !is_defective(record.topic, &record.payload)
    };
    let good_records = dirty.records.iter().filter(good).count();
    assert_eq!(
        good_records,
        dirty.records.len() - dirty.world.totals().malformed as usize
    );
}

fn is_defective(topic: Topic, payload: &[u8]) -> bool {
    let Ok(value) = serde_json::from_slice::<Value>(payload) else {
        return true;
    };
    let written = String::from_utf8_lossy(payload);
    let Some(object) = value.as_object() else {
        return true;
    };
    let code = object
        .get("code")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .trim()
        .to_owned();
    let ts = &object["ts"];
    code.is_empty()
        || code.len() > 64
        || written.matches("\"code\":").count() > 1
        || ts
            .as_str()
            .is_some_and(|time| time == "soon" || time.starts_with("1999"))
        || match topic {
            Topic::Clicks => !object["visitor_id"].is_string() || !object["click_id"].is_string(),
            Topic::Orders => object["amount"] == "1e9" || object["currency"] == "tenge",
        }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_valid_settings_make_a_world_whose_counts_add_up(
        seed in any::<u64>(),
        family in prop::sample::select(Family::ALL.to_vec()),
        codes in 1u32..40,
        merchants in 1u32..30,
        days in 0.05f64..6.0,
        shares in prop::array::uniform12(prop_oneof![Just(0.0), Just(1.0), 0.0f64..1.0]),
        start in 946_684_800_000i64..4_102_444_800_000,
        sizes in (0.0f64..3.0, 0.0f64..3.0),
        spread in prop_oneof![Just(0.0), 0.0f64..3.0],
        order_ids in 0usize..5,
    ) {
        let [walled, russia, leaks, flood, day_one, ramp, stops, lookalike, unregistered, polled, late, duplicate] = shares;
        let settings = WorldSettings {
            seed, family, spread, codes, merchants, days, start,
            walled_share: walled, russia_share: russia, leak_share: leaks, click_flood_share: flood,
            from_day_one_share: day_one, slow_ramp_share: ramp, stops_share: stops,
            leak_size_min: sizes.0.min(sizes.1), leak_size_max: sizes.0.max(sizes.1),
            lookalike_share: lookalike, unregistered_share: unregistered, polled_share: polled,
            late_share: late, duplicate_share: duplicate, leaked_order_ids_max: order_ids,
            clicks_per_order: 3.0,
            ..WorldSettings::default()
        };
        let mut world = World::new(settings).unwrap();
        let mut batch = RecordBatch::with_records_max(700);
        let (mut first, mut clicks, mut previous) = (0, 0, i64::MIN);
        while world.fill(&mut batch) > 0 {
            for record in batch.iter() {
                prop_assert!(record.arrival >= previous.max(record.ts));
                previous = record.arrival;
                first += u64::from(record.marks.first_of_order);
                clicks += u64::from(record.topic == Topic::Clicks && !record.marks.duplicate);
                prop_assert!(serde_json::from_slice::<Value>(record.payload).is_ok());
            }
            batch.clear();
        }
        let truth = world.truth();
        prop_assert_eq!(first, truth.iter().map(|truth| truth.leaked_orders + truth.organic_orders).sum::<u64>());
        prop_assert_eq!(clicks, truth.iter().map(|truth| truth.clicks).sum::<u64>());
        prop_assert!(truth.iter().all(|truth| truth.leaked_order_ids.len() <= order_ids));
    }
}
