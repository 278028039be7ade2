//! The family that resamples a recording: what must survive of the recording, and what a leak takes from it.

use std::collections::{BTreeMap, BTreeSet};

use promoguard_simulate::{Family, HonestLookalike, LeakKind, LeakMix, Topic, WorldSettings};

use crate::contract::{check_records, check_registry, check_sightings};
use crate::delivered::{check_counts, check_leaks_have_their_time, check_newcomers};
use crate::support::{Finished, Order, share};

const WEEK_MS: i64 = 7 * 86_400_000;
const NONE: LeakMix = LeakMix {
    coupon_site: 0.0,
    extension: 0.0,
    insider_or_community: 0.0,
    deal_channel: 0.0,
};

fn usual(seed: u64) -> WorldSettings {
    WorldSettings {
        seed,
        family: Family::Resampled,
        codes: 90,
        merchants: 9,
        days: 56.0,
        clicks_per_order: 6.0,
        orders_per_day_median: 2.0,
        ..WorldSettings::default()
    }
}

/// Half of the codes leak, all in one way, from shops that tell what they know.
fn leaking(seed: u64, leak_mix: LeakMix) -> Finished {
    Finished::of(WorldSettings {
        leak_share: 0.5,
        leak_mix,
        leak_size_min: 0.8,
        leak_size_max: 2.0,
        walled_share: 0.0,
        lookalike_share: 0.0,
        click_flood_share: 0.0,
        russia_share: 0.0,
        ..usual(seed)
    })
}

/// How often each value of `field` occurs.
fn shares<'a>(orders: &[&'a Order], field: &str) -> BTreeMap<&'a str, f64> {
    let mut counts = BTreeMap::new();
    let told: Vec<&str> = orders
        .iter()
        .filter_map(|order| order.text(field))
        .collect();
    for value in &told {
        *counts.entry(*value).or_default() += 1.0 / told.len() as f64;
    }
    counts
}

/// Total variation distance.
fn distance(one: &BTreeMap<&str, f64>, other: &BTreeMap<&str, f64>) -> f64 {
    let values: BTreeSet<&&str> = one.keys().chain(other.keys()).collect();
    let of = |shares: &BTreeMap<&str, f64>, value| shares.get(value).copied().unwrap_or(0.0);
    let differences = values
        .into_iter()
        .map(|value| (of(one, *value) - of(other, *value)).abs());
    differences.sum::<f64>() / 2.0
}

fn amount(order: &Order) -> f64 {
    let amount = &order.json["amount"];
    let text = amount.as_str().map_or(amount.to_string(), str::to_owned);
    text.parse().unwrap()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[test]
fn leaked_orders_look_like_the_shops_and_not_like_the_codes() {
    let (mut nearer, mut judged, mut ratios) = (0, 0, Vec::new());
    for seed in 1..5 {
        let finished = leaking(
            seed,
            LeakMix {
                coupon_site: 1.0,
                ..NONE
            },
        );
        let (leaked, honest): (Vec<&Order>, Vec<&Order>) =
            finished.orders.iter().partition(|order| order.leaked);
        let of_all = shares(&honest, "city");
        for code in finished.truths().keys() {
            let of_code = |orders: &[&'_ Order]| -> Vec<Order> {
                let own = orders.iter().filter(|order| order.code == *code);
                own.map(|order| (*order).clone()).collect()
            };
            let (stolen, own) = (of_code(&leaked), of_code(&honest));
            if stolen.len() < 40 || own.len() < 40 {
                continue;
            }
            let stolen: Vec<&Order> = stolen.iter().collect();
            let own: Vec<&Order> = own.iter().collect();
            let stolen_cities = shares(&stolen, "city");
            let from_code = distance(&stolen_cities, &shares(&own, "city"));
            let from_shop = distance(&stolen_cities, &of_all);
            judged += 1;
            nearer += u32::from(from_shop < from_code);
            let merchant = stolen[0].text("merchant");
            let of_shop = honest
                .iter()
                .filter(|order| order.text("merchant") == merchant);
            let usual = median(of_shop.map(|order| amount(order)).collect());
            ratios.push(median(stolen.iter().map(|order| amount(order)).collect()) / usual);
        }
    }
    assert!(judged >= 30, "only {judged} leaks to judge by");
    assert!(nearer * 10 > judged * 8, "{nearer} of {judged}");
    let ratio = median(ratios);
    assert!((0.75..1.35).contains(&ratio), "{ratio}");
}

#[test]
fn the_link_to_the_partner_is_gone_and_the_shop_knows_the_buyers() {
    let finished = leaking(
        5,
        LeakMix {
            coupon_site: 1.0,
            ..NONE
        },
    );
    let (leaked, honest): (Vec<&Order>, Vec<&Order>) =
        finished.orders.iter().partition(|order| order.leaked);
    let all = |_: &Order| true;
    let clicked = |order: &Order| order.text("click_id").is_some();
    let by = |orders: &[&Order]| share(orders.iter().copied(), all, clicked);
    assert!(
        by(&leaked) * 2.0 < by(&honest),
        "{} {}",
        by(&leaked),
        by(&honest)
    );
    let says = |order: &Order| order.json.get("new_customer").is_some();
    let is_new = |order: &Order| order.json["new_customer"] == true;
    let new = |orders: &[&Order]| share(orders.iter().copied(), says, is_new);
    assert!(
        new(&leaked) < new(&honest) - 0.1,
        "{} {}",
        new(&leaked),
        new(&honest)
    );
}

/// When, and with which codes, somebody bought at a shop.
#[derive(Default)]
struct Bought<'a> {
    weeks: BTreeSet<i64>,
    codes: BTreeSet<&'a str>,
}

#[test]
fn customers_come_back_in_other_weeks_and_use_other_codes_of_the_shop() {
    for seed in [1, 2] {
        let finished = Finished::of(WorldSettings {
            leak_share: 0.0,
            walled_share: 0.0,
            lookalike_share: 0.0,
            ..usual(seed)
        });
        let mut bought: BTreeMap<(&str, &str), Bought<'_>> = BTreeMap::new();
        let mut named = 0;
        for order in &finished.orders {
            if let Some(customer) = order.text("customer_id") {
                named += 1;
                let of = bought
                    .entry((order.text("merchant").unwrap(), customer))
                    .or_default();
                of.weeks.insert(order.ts / WEEK_MS);
                of.codes.insert(&order.code);
            }
        }
        let back = bought.values().filter(|of| of.weeks.len() > 1).count();
        let hop = bought.values().filter(|of| of.codes.len() > 1).count();
        let of = bought.len();
        assert!(of > 500, "only {of} customers");
        assert!(
            (0.03..0.5).contains(&(back as f64 / of as f64)),
            "{back} of {of}"
        );
        assert!(hop > of / 100, "{hop} of {of}");
        assert!(named > of + of / 10, "{named} orders of {of}");
        assert!(check_newcomers(&finished) > 100);
    }
}

#[test]
fn sites_and_channels_list_several_codes_of_a_shop() {
    let finished = leaking(
        6,
        LeakMix {
            coupon_site: 1.0,
            deal_channel: 1.0,
            ..NONE
        },
    );
    let mut listed: BTreeMap<(&str, &str), Vec<i64>> = BTreeMap::new();
    for truth in finished.world.truth().iter().filter(|truth| truth.leaked()) {
        let source = truth.source.as_deref().unwrap();
        let onsets = listed.entry((&truth.merchant, source)).or_default();
        onsets.push(truth.onset.unwrap());
    }
    assert!(listed.values().filter(|onsets| onsets.len() >= 3).count() >= 2);

    // What a channel posts together, bursts together.
    let mut posted: BTreeMap<(&str, i64), u32> = BTreeMap::new();
    for truth in finished.world.truth() {
        let bursts = truth
            .events
            .iter()
            .filter(|event| event.kind == "leak_burst");
        for burst in bursts.filter(|_| truth.kind == Some(LeakKind::DealChannel)) {
            *posted.entry((&truth.merchant, burst.at)).or_default() += 1;
        }
    }
    assert!(posted.values().any(|&codes| codes > 1));
}

#[test]
fn closed_groups_are_small_and_come_back() {
    let finished = leaking(
        7,
        LeakMix {
            insider_or_community: 1.0,
            ..NONE
        },
    );
    let mut buyers: BTreeMap<&str, (u32, BTreeSet<&str>)> = BTreeMap::new();
    for order in finished.orders.iter().filter(|order| order.leaked) {
        if let Some(customer) = order.text("customer_id") {
            let of = buyers.entry(&order.code).or_default();
            of.0 += 1;
            of.1.insert(customer);
        }
    }
    let many: Vec<_> = buyers.values().filter(|(orders, _)| *orders > 60).collect();
    let again = many
        .iter()
        .filter(|(orders, who)| who.len() * 3 < *orders as usize * 2)
        .count();
    assert!(
        many.len() > 3 && again * 2 > many.len(),
        "{again} of {}",
        many.len()
    );
}

#[test]
fn spoken_codes_lose_their_clicks_and_ended_ones_are_refused() {
    let finished = Finished::of(WorldSettings {
        lookalike_share: 1.0,
        leak_share: 0.0,
        walled_share: 0.0,
        ..usual(8)
    });
    let truths = finished.truths();
    let spoken = |order: &&Order| {
        matches!(
            truths[&order.code].honest_lookalike,
            Some(HonestLookalike::SpokenRegistered | HonestLookalike::SpokenUnregistered)
        )
    };
    let (spoken, others): (Vec<&Order>, Vec<&Order>) = finished.orders.iter().partition(spoken);
    let clicked =
        |orders: Vec<&Order>| share(orders, |_| true, |order| order.text("click_id").is_some());
    let (spoken, others) = (clicked(spoken), clicked(others));
    assert!(spoken < others / 2.0, "{spoken} against {others}");
    let refused = |truth: &&&promoguard_simulate::CodeTruth| {
        truth.honest_lookalike == Some(HonestLookalike::EndedCode) && truth.rejected_attempts > 0
    };
    assert!(truths.values().filter(refused).count() > 2);
}

#[test]
fn viral_posts_repeat_a_burst_many_times_over() {
    let finished = Finished::of(WorldSettings {
        lookalike_share: 1.0,
        leak_share: 0.0,
        click_flood_share: 0.0,
        ..usual(9)
    });
    let truths = finished.truths();
    let mut clicks: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    let (mut during, mut always) = (0.0, 0.0);
    for record in finished
        .records
        .iter()
        .filter(|record| record.topic == Topic::Clicks)
    {
        let truth = truths[&record.key];
        let Some(viral) = truth.events.iter().find(|event| event.kind == "viral_post") else {
            continue;
        };
        let of = clicks.entry(&record.key).or_default();
        of.1 += 1.0;
        of.0 += f64::from(u8::from(
            viral.at <= record.ts && record.ts < viral.until.unwrap(),
        ));
    }
    for (in_burst, all) in clicks.values() {
        during += in_burst / all;
        always += 1.5 / 56.0;
    }
    assert!(clicks.len() > 5, "only {}", clicks.len());
    assert!(during > 3.0 * always, "{during} against {always}");
}

#[test]
fn drawn_worlds_obey_the_contract_and_differ_from_the_usual_ones() {
    for seed in 1..5 {
        let drawn = WorldSettings {
            clicks_per_order: 6.0,
            days: 12.0,
            leaked_order_ids_max: usize::MAX,
            ..WorldSettings::drawn(Family::Resampled, seed).with_codes(60)
        };
        let finished = Finished::of(drawn.clone());
        check_records(&finished);
        check_registry(&finished.world);
        check_sightings(&finished.world);
        check_leaks_have_their_time(&finished);
        check_newcomers(&finished);
        check_counts(&finished);
        let usual = Finished::of(WorldSettings {
            spread: 0.0,
            ..drawn
        });
        assert_ne!(finished.world.truth_lines(), usual.world.truth_lines());
    }
}
