//! The family of cascades and mixtures: what its worlds promise beside the contract.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use promoguard_simulate::{
    Family, HonestLookalike, LeakKind, LeakMix, RecordBatch, Topic, World, WorldSettings,
};

use crate::support::{Finished, Order, lines, read_batch, run, share};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const NONE: LeakMix = LeakMix {
    coupon_site: 0.0,
    extension: 0.0,
    insider_or_community: 0.0,
    deal_channel: 0.0,
};

fn cascades() -> WorldSettings {
    WorldSettings {
        family: Family::Cascades,
        codes: 80,
        merchants: 12,
        days: 21.0,
        clicks_per_order: 5.0,
        ..WorldSettings::default()
    }
}

/// Honest codes only, with many orders.
fn honest() -> WorldSettings {
    WorldSettings {
        codes: 40,
        merchants: 6,
        days: 56.0,
        orders_per_day_median: 12.0,
        leak_share: 0.0,
        click_flood_share: 0.0,
        lookalike_share: 0.0,
        ..cascades()
    }
}

/// Half of the codes leak, all in one way, strongly.
fn leaking(leak_mix: LeakMix) -> Finished {
    Finished::of(WorldSettings {
        codes: 150,
        merchants: 30,
        leak_share: 0.5,
        leak_mix,
        leak_size_min: 1.0,
        leak_size_max: 3.0,
        walled_share: 0.0,
        lookalike_share: 0.0,
        ..cascades()
    })
}

fn split(finished: &Finished) -> (Vec<&Order>, Vec<&Order>) {
    finished.orders.iter().partition(|order| order.leaked)
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_another_world() {
    let settings = WorldSettings {
        days: 3.0,
        dirty_share: 0.02,
        spread: 1.0,
        ..cascades()
    };
    let mut one = World::new(settings.clone()).unwrap();
    let mut other = World::new(settings.clone()).unwrap();
    let records = run(&mut one, 1);
    assert!(records == run(&mut other, 10_000));
    assert_eq!(one.codes(), other.codes());
    assert_eq!(one.sightings(), other.sightings());
    assert_eq!(one.truth_lines(), other.truth_lines());
    let mut third = World::new(WorldSettings {
        seed: 2,
        ..settings
    })
    .unwrap();
    assert!(records != run(&mut third, 10_000));
    assert_ne!(one.codes(), third.codes());
}

#[test]
fn spread_moves_the_constants_of_a_world() {
    let orders = |spread| {
        let finished = Finished::of(WorldSettings {
            spread,
            days: 7.0,
            ..cascades()
        });
        let said = |field: &str| {
            let told = finished.orders.iter().map(|order| order.text(field));
            told.flatten().count()
        };
        (finished.orders.len(), said("code_entry"), said("referrer"))
    };
    let [none, one, three] = [0.0, 1.0, 3.0].map(orders);
    assert!(none != one && one != three && none != three);
    assert_eq!(orders(1.0), one);
}

#[test]
fn the_truth_counts_what_the_records_mark_and_leaks_keep_to_their_time() {
    let finished = Finished::of(WorldSettings {
        leak_share: 0.6,
        stops_share: 0.5,
        mistyped_share: 0.2,
        ..cascades()
    });
    let mut counted: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let truths = finished.truths();
    let mut leaked = 0;
    for order in &finished.orders {
        let count = counted.entry(&order.code).or_default();
        if order.leaked {
            leaked += 1;
            count.0 += 1;
            let truth = truths[&order.code];
            assert!(truth.leaked() && truth.onset.unwrap() <= order.ts);
            // From a click on a page of codes to the order it takes hours at most.
            let slack = 3 * DAY_MS;
            assert!(truth.end.is_none_or(|end| order.ts < end + slack));
            let id = order.text("order_id").unwrap().to_owned();
            assert!(truth.leaked_order_ids.contains(&id));
        } else {
            count.1 += 1;
        }
    }
    for (code, truth) in &truths {
        let counts = counted.get(code.as_str()).copied().unwrap_or_default();
        assert_eq!(
            (truth.leaked_orders, truth.organic_orders),
            counts,
            "{code}"
        );
    }
    assert!(leaked > 300, "{leaked}");
}

#[test]
fn an_endless_world_begins_as_the_finite_one_and_leaks_anew() {
    let settings = WorldSettings {
        days: 3.0,
        leak_share: 0.1,
        ..cascades()
    };
    let end = settings.start + 3 * DAY_MS;
    let mut finite = World::new(settings.clone()).unwrap();
    let mut expected = run(&mut finite, 1_000);
    expected.retain(|record| record.arrival < end);
    let mut endless = World::new(settings).unwrap();
    let mut batch = RecordBatch::with_records_max(1);
    let mut read = Vec::new();
    for _ in 0..3 * 24 {
        endless.next_hour(&mut batch);
        read.extend(read_batch(&batch));
        batch.clear();
    }
    assert!(read == expected);
    let leaked = |world: &World| world.truth().iter().filter(|truth| truth.leaked()).count();
    let before = leaked(&endless);
    for _ in 0..20 * 24 {
        endless.next_hour(&mut batch);
        batch.clear();
    }
    assert!(leaked(&endless) > before + 10);
}

/// Orders in each hour of the world, code by code.
fn hourly(finished: &Finished) -> BTreeMap<&str, Vec<f64>> {
    let settings = finished.world.settings();
    let hours = (settings.days * 24.0) as usize;
    let mut counts: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for order in &finished.orders {
        let hour = ((order.ts - settings.start) / HOUR_MS) as usize;
        counts
            .entry(&order.code)
            .or_insert_with(|| vec![0.0; hours])[hour] += 1.0;
    }
    counts
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn honest_orders_come_in_clusters_that_fade_slowly() {
    let finished = Finished::of(honest());
    let counts = hourly(&finished);
    let (mut days_dispersed, mut codes) = (0, 0);
    let mut excess: [f64; 3] = [0.0; 3];
    for hours in counts.values().filter(|hours| mean(hours) > 0.1) {
        codes += 1;
        let days: Vec<f64> = hours.chunks(24).map(|day| day.iter().sum()).collect();
        let usual = mean(&days);
        let squares: Vec<f64> = days.iter().map(|day| (day - usual).powi(2)).collect();
        days_dispersed += u32::from(mean(&squares) > 1.5 * usual);
        // Pairs of days so far apart, relative to days that know nothing of each other.
        for (sum, lag) in excess.iter_mut().zip([1, 3, 10]) {
            let products: Vec<f64> = (lag..days.len())
                .map(|day| (days[day] - usual) * (days[day - lag] - usual))
                .collect();
            *sum += mean(&products) / mean(&squares);
        }
    }
    assert!(codes > 30 && days_dispersed > codes * 8 / 10);
    let [next_day, third_day, tenth_day] = excess.map(|sum| sum / f64::from(codes));
    assert!(
        next_day > 0.15 && next_day > third_day && third_day > tenth_day,
        "{excess:?}"
    );
}

/// Correlation of two marks within codes, over all orders that tell both.
fn correlation_within_codes(
    orders: &[&Order],
    marks: impl Fn(&Order) -> Option<(bool, bool)>,
) -> f64 {
    let mut of_code: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for order in orders {
        if let Some((a, b)) = marks(order) {
            let pair = (f64::from(u8::from(a)), f64::from(u8::from(b)));
            of_code.entry(&order.code).or_default().push(pair);
        }
    }
    let (mut ab, mut aa, mut bb, mut n) = (0.0, 0.0, 0.0, 0);
    for pairs in of_code.values().filter(|pairs| pairs.len() >= 40) {
        let mean_a = pairs.iter().map(|pair| pair.0).sum::<f64>() / pairs.len() as f64;
        let mean_b = pairs.iter().map(|pair| pair.1).sum::<f64>() / pairs.len() as f64;
        for (a, b) in pairs {
            ab += (a - mean_a) * (b - mean_b);
            aa += (a - mean_a) * (a - mean_a);
            bb += (b - mean_b) * (b - mean_b);
            n += 1;
        }
    }
    assert!(n > 2_000, "{n}");
    ab / (aa * bb).sqrt()
}

/// Whether orders are delivered to the city that the registry gives for the partner.
fn at_home(finished: &Finished) -> impl Fn(&Order) -> Option<bool> + use<> {
    let cities: HashMap<String, String> = lines(&finished.world.codes())
        .iter()
        .filter_map(|entry| {
            let code = entry["code"].as_str()?.to_lowercase();
            Some((code, entry["city"].as_str()?.to_owned()))
        })
        .collect();
    move |order| Some(cities.get(&order.code)? == order.text("city")?)
}

#[test]
fn marks_of_honest_orders_hang_together() {
    let finished = Finished::of(WorldSettings {
        walled_share: 0.0,
        ..honest()
    });
    let orders: Vec<&Order> = finished.orders.iter().collect();
    let returning = |order: &Order| order.json.get("new_customer").map(|new| new == false);
    let unlinked = |order: &Order| order.text("code_entry").map(|entry| entry != "link");
    let at_home = at_home(&finished);
    let check = |what: &str, least: f64, found: f64| assert!(found > least, "{what}: {found}");
    let found = correlation_within_codes(&orders, |o| returning(o).zip(unlinked(o)));
    check("returning and typed", 0.1, found);
    let elsewhere = |order: &Order| at_home(order).map(|home| !home);
    let found = correlation_within_codes(&orders, |o| unlinked(o).zip(elsewhere(o)));
    check("typed and from elsewhere", 0.03, found);
}

#[test]
fn honest_codes_of_one_shop_are_odd_in_several_marks_for_long() {
    let finished = Finished::of(WorldSettings {
        merchants: 2,
        walled_share: 0.0,
        ..honest()
    });
    let half = finished.world.settings().start + 28 * DAY_MS;
    let mut typed: BTreeMap<&str, [(f64, f64); 2]> = BTreeMap::new();
    for order in &finished.orders {
        if let Some(entry) = order.text("code_entry") {
            let sums = &mut typed.entry(&order.code).or_default()[usize::from(order.ts >= half)];
            sums.0 += f64::from(u8::from(entry != "link"));
            sums.1 += 1.0;
        }
    }
    let shares: Vec<(f64, f64)> = typed
        .values()
        .filter(|[first, second]| first.1 >= 80.0 && second.1 >= 80.0)
        .map(|[first, second]| (first.0 / first.1, second.0 / second.1))
        .collect();
    assert!(shares.len() >= 10, "{}", shares.len());
    let firsts: Vec<f64> = shares.iter().map(|share| share.0).collect();
    let spread =
        firsts.iter().copied().fold(0.0, f64::max) - firsts.iter().copied().fold(1.0, f64::min);
    let moved = shares.iter().map(|(a, b)| (a - b).abs()).sum::<f64>() / shares.len() as f64;
    assert!(spread > 0.3 && moved < 0.5 * spread, "{spread}, {moved}");
}

#[test]
fn people_come_back_and_hop_between_codes_of_one_shop() {
    let finished = Finished::of(WorldSettings {
        walled_share: 0.0,
        russia_share: 0.0,
        ..honest()
    });
    let mut used: HashMap<(String, String), (u32, BTreeSet<&str>)> = HashMap::new();
    for order in &finished.orders {
        if let Some(customer) = order.text("customer_id") {
            let key = (order.text("merchant").unwrap().into(), customer.into());
            let entry = used.entry(key).or_default();
            entry.0 += 1;
            entry.1.insert(&order.code);
        }
    }
    let customers = used.len();
    let hoppers = used.values().filter(|(_, codes)| codes.len() > 1).count();
    let most = used.values().map(|(orders, _)| *orders).max().unwrap();
    let once = used.values().filter(|(orders, _)| *orders == 1).count();
    assert!(customers > 1_000, "{customers}");
    assert!(hoppers * 50 > customers, "{hoppers} of {customers}");
    assert!(
        once * 2 > customers && most >= 8,
        "{once} once, {most} at most"
    );
}

#[test]
fn sale_days_move_every_code_of_a_shop() {
    let finished = Finished::of(WorldSettings {
        codes: 80,
        merchants: 20,
        ..honest()
    });
    let counts = hourly(&finished);
    let start = finished.world.settings().start;
    let (mut lifted, mut codes) = (0, 0);
    for (code, truth) in finished.truths() {
        let Some(hours) = counts.get(code.as_str()) else {
            continue;
        };
        let (mut on, mut off) = (Vec::new(), Vec::new());
        for (hour, &count) in (0..).zip(hours) {
            let ts = start + hour * HOUR_MS;
            let sale = truth
                .events
                .iter()
                .any(|e| e.kind == "sale" && e.at <= ts && e.until.is_some_and(|u| ts < u));
            if sale { &mut on } else { &mut off }.push(count);
        }
        if on.len() >= 24 && mean(&off) > 0.2 {
            codes += 1;
            lifted += u32::from(mean(&on) > 1.15 * mean(&off));
        }
    }
    assert!(codes >= 10, "{codes}");
    assert!(lifted * 10 >= codes * 8, "{lifted} of {codes}");
}

#[test]
fn walled_gardens_never_send_a_click_id_and_shops_change_what_they_tell() {
    let finished = Finished::of(WorldSettings {
        walled_share: 0.5,
        days: 56.0,
        spread: 1.0,
        ..cascades()
    });
    let walled: Vec<&Order> = finished.orders.iter().filter(|o| o.is_walled()).collect();
    assert!(walled.len() > 500);
    assert!(walled.iter().all(|order| order.text("click_id").is_none()));
    let changed = |kind: &str| {
        let truths = finished.world.truth().iter();
        truths
            .filter(|truth| truth.events.iter().any(|event| event.kind == kind))
            .count()
    };
    for kind in [
        "coverage_change",
        "regime_change",
        "click_id_outage",
        "sale",
    ] {
        assert!(changed(kind) > 5, "{kind}: {}", changed(kind));
    }
}

#[test]
fn sources_list_several_codes_of_a_shop_within_days() {
    let finished = leaking(LeakMix {
        coupon_site: 1.0,
        deal_channel: 1.0,
        ..NONE
    });
    let mut onsets: BTreeMap<(&str, &str), Vec<i64>> = BTreeMap::new();
    for truth in finished.world.truth().iter().filter(|truth| truth.leaked()) {
        let source = truth.source.as_deref().unwrap();
        onsets
            .entry((source, &truth.merchant))
            .or_default()
            .push(truth.onset.unwrap());
    }
    let together = |onsets: &Vec<i64>| {
        onsets
            .iter()
            .filter(|&&one| {
                onsets
                    .iter()
                    .any(|&other| one != other && (one - other).abs() < 2 * DAY_MS)
            })
            .count()
    };
    assert!(onsets.values().filter(|onsets| onsets.len() >= 3).count() >= 2);
    assert!(onsets.values().map(together).sum::<usize>() >= 6);
}

#[test]
fn coupon_sites_name_themselves_and_extensions_paste_but_some_leaks_hardly_show() {
    let finished = leaking(LeakMix {
        coupon_site: 1.0,
        extension: 1.0,
        ..NONE
    });
    let truths = finished.truths();
    let (leaked, honest) = split(&finished);
    let of_kind = |kind: LeakKind| -> Vec<&Order> {
        let orders = leaked.iter().copied();
        orders
            .filter(|order| truths[&order.code].kind == Some(kind))
            .collect()
    };
    let refers = |order: &Order| order.text("referrer").is_some();
    let site = |order: &Order| {
        order
            .text("referrer")
            .is_some_and(|r| r.contains("/store/"))
    };
    let says = |order: &Order| order.text("code_entry").is_some();
    let pasted = |order: &Order| order.text("code_entry") == Some("auto");
    let sites = of_kind(LeakKind::CouponSite);
    let extensions = of_kind(LeakKind::Extension);
    assert!(share(sites, refers, site) > 0.25);
    assert!(share(honest.clone(), refers, site) < 0.01);
    assert!(share(extensions, says, pasted) > share(honest.clone(), says, pasted) + 0.2);

    // Of each leak, the share of orders with a mark that gives it away.
    let mut shown: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for order in leaked.iter().filter(|order| says(order) || refers(order)) {
        let sums = shown.entry(&order.code).or_default();
        sums.0 += f64::from(u8::from(site(order) || pasted(order)));
        sums.1 += 1.0;
    }
    let shares: Vec<f64> = shown
        .iter()
        .filter(|(code, sums)| sums.1 >= 10.0 && truths[**code].leaked())
        .map(|(_, sums)| sums.0 / sums.1)
        .collect();
    assert!(shares.iter().any(|&share| share < 0.25), "{shares:?}");
    assert!(shares.iter().any(|&share| share > 0.5), "{shares:?}");
}

#[test]
fn channels_burst_after_their_messages_and_groups_meet() {
    let finished = leaking(LeakMix {
        deal_channel: 1.0,
        ..NONE
    });
    let truths = finished.truths();
    let (leaked, _) = split(&finished);
    let soon = |order: &Order| {
        let events = &truths[&order.code].events;
        events
            .iter()
            .any(|e| e.kind == "leak_burst" && (0..24 * HOUR_MS).contains(&(order.ts - e.at)))
    };
    let prompt = |order: &Order| order.text("status") != Some("paid");
    assert!(share(leaked, prompt, soon) > 0.6);

    let groups = leaking(LeakMix {
        insider_or_community: 1.0,
        ..NONE
    });
    let (leaked, honest) = split(&groups);
    let repeats = |orders: Vec<&Order>| {
        let mut seen = BTreeSet::new();
        let (mut again, mut all) = (0.0, 0.0);
        for order in orders {
            if let Some(customer) = order.text("customer_id") {
                all += 1.0;
                let new = seen.insert((order.code.clone(), customer.to_owned()));
                again += f64::from(u8::from(!new));
            }
        }
        again / all
    };
    let (of_group, of_code) = (repeats(leaked), repeats(honest));
    assert!(of_group > of_code + 0.1, "{of_group}, {of_code}");
}

#[test]
fn a_leak_that_grows_slowly_says_until_when_and_begins_small() {
    let finished = Finished::of(WorldSettings {
        codes: 150,
        days: 56.0,
        leak_share: 0.5,
        leak_mix: LeakMix {
            coupon_site: 1.0,
            ..NONE
        },
        leak_size_min: 2.0,
        from_day_one_share: 0.0,
        slow_ramp_share: 1.0,
        ..cascades()
    });
    let truths = finished.truths();
    let (mut first_half, mut second_half) = (0, 0);
    for order in finished.orders.iter().filter(|order| order.leaked) {
        let truth = truths[&order.code];
        let ramp = truth.events.iter().find(|event| event.kind == "leak_ramp");
        let (at, until) = ramp.map(|ramp| (ramp.at, ramp.until.unwrap())).unwrap();
        assert_eq!(truth.onset, Some(at));
        first_half += u32::from(order.ts < at + (until - at) / 2);
        second_half += u32::from((at + (until - at) / 2..until).contains(&order.ts));
    }
    assert!(
        second_half > 100 && second_half > 3 * first_half,
        "{first_half}, {second_half}"
    );
}

#[test]
fn innocent_stories_are_told_and_none_makes_a_leak() {
    let finished = Finished::of(WorldSettings {
        codes: 200,
        days: 28.0,
        leak_share: 0.0,
        click_flood_share: 0.0,
        lookalike_share: 1.0,
        unregistered_share: 0.0,
        ..cascades()
    });
    assert!(finished.orders.iter().all(|order| !order.leaked));
    let mut told: BTreeMap<HonestLookalike, Vec<_>> = BTreeMap::new();
    for (_, truth) in finished.truths() {
        assert!(truth.clean());
        let story = truth.honest_lookalike.unwrap();
        told.entry(story).or_default().push(truth);
        assert!(story == HonestLookalike::EndedCode || truth.rejected_attempts == 0);
    }
    assert_eq!(told.len(), 9);
    let clicks_per_order = |story: HonestLookalike| {
        let clicks: u64 = told[&story].iter().map(|truth| truth.clicks).sum();
        let orders: u64 = told[&story].iter().map(|truth| truth.organic_orders).sum();
        clicks as f64 / orders as f64
    };
    let spoken = clicks_per_order(HonestLookalike::SpokenUnregistered);
    let usual = clicks_per_order(HonestLookalike::OfficeSharing);
    assert!(spoken < 0.5 * usual, "{spoken}, {usual}");
    let refused = |truth: &&promoguard_simulate::CodeTruth| truth.rejected_attempts > 0;
    assert!(
        told[&HonestLookalike::EndedCode]
            .iter()
            .copied()
            .filter(refused)
            .count()
            > 3
    );
    let entries = lines(&finished.world.codes());
    let spoken_registered = entries
        .iter()
        .filter(|entry| entry.get("offline").is_some());
    assert!(spoken_registered.count() >= told[&HonestLookalike::SpokenRegistered].len());
    let permitted = entries
        .iter()
        .filter(|entry| entry.get("permitted_hosts").is_some());
    assert_eq!(
        permitted.count(),
        told[&HonestLookalike::CouponPartner].len()
    );

    // A viral post's busiest day by far outdoes the median day.
    let start = finished.world.settings().start;
    let mut lifts: Vec<f64> = Vec::new();
    for truth in &told[&HonestLookalike::ViralPost] {
        let key = truth.code.to_lowercase();
        let mut days = [0u64; 28];
        let clicks = finished.records.iter();
        for record in clicks.filter(|r| r.topic == Topic::Clicks && r.key == key) {
            days[((record.ts - start) / DAY_MS) as usize] += 1;
        }
        days.sort_unstable();
        lifts.push(days[27] as f64 / days[14].max(1) as f64);
    }
    lifts.sort_by(f64::total_cmp);
    assert!(lifts[lifts.len() / 2] > 8.0, "{lifts:?}");
}

#[test]
fn a_click_flood_brings_clicks_and_no_orders() {
    let finished = Finished::of(WorldSettings {
        leak_share: 0.0,
        click_flood_share: 1.0,
        lookalike_share: 0.0,
        ..cascades()
    });
    let truths = finished.world.truth();
    assert!(
        truths
            .iter()
            .all(|t| !t.leaked() && !t.clean() && t.leaked_orders == 0)
    );
    let flooded: u64 = truths.iter().map(|truth| truth.fraudulent_clicks).sum();
    let all: u64 = truths.iter().map(|truth| truth.clicks).sum();
    assert!(2 * flooded > all, "{flooded} of {all}");
}
