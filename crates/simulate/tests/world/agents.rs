//! The family of people with a memory: what must emerge from what they do.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use promoguard_simulate::{Family, HonestLookalike, LeakMix, Topic, WorldSettings};

use crate::support::{Finished, Order, lines, share};

const DAY_MS: i64 = 86_400_000;
const NONE: LeakMix = LeakMix {
    coupon_site: 0.0,
    extension: 0.0,
    insider_or_community: 0.0,
    deal_channel: 0.0,
};

fn usual() -> WorldSettings {
    WorldSettings {
        family: Family::Agents,
        codes: 120,
        merchants: 15,
        days: 28.0,
        clicks_per_order: 6.0,
        orders_per_day_median: 2.0,
        ..WorldSettings::default()
    }
}

/// Half of the codes leak, all in one way, from shops that tell what they know.
fn leaking(leak_mix: LeakMix) -> Finished {
    Finished::of(WorldSettings {
        leak_share: 0.5,
        leak_mix,
        leak_size_min: 0.8,
        leak_size_max: 2.0,
        slow_ramp_share: 0.0,
        stops_share: 0.0,
        walled_share: 0.1,
        lookalike_share: 0.0,
        click_flood_share: 0.0,
        ..usual()
    })
}

fn split(finished: &Finished) -> (Vec<&Order>, Vec<&Order>) {
    finished.orders.iter().partition(|order| order.leaked)
}

fn says_newcomer(order: &Order) -> bool {
    order.json.get("new_customer").is_some()
}

fn is_new(order: &Order) -> bool {
    order.json["new_customer"] == true
}

/// Share of leaked orders of new customers, and what it would be if they were as honest ones of their shops.
fn newcomers(finished: &Finished) -> (f64, f64) {
    let (leaked, honest) = split(finished);
    let mut by_shop: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for order in honest.into_iter().filter(|order| says_newcomer(order)) {
        let sums = by_shop.entry(order.text("merchant").unwrap()).or_default();
        *sums = (sums.0 + f64::from(u8::from(is_new(order))), sums.1 + 1.0);
    }
    let expected: Vec<f64> = leaked
        .iter()
        .filter(|order| says_newcomer(order))
        .filter_map(|order| by_shop.get(order.text("merchant")?))
        .map(|(new, all)| new / all)
        .collect();
    let as_honest = expected.iter().sum::<f64>() / expected.len() as f64;
    (share(leaked, says_newcomer, is_new), as_honest)
}

#[test]
fn people_who_look_for_a_code_where_they_buy_anyway_are_rarely_new_there() {
    for leak_mix in [
        LeakMix {
            coupon_site: 1.0,
            ..NONE
        },
        LeakMix {
            extension: 1.0,
            ..NONE
        },
    ] {
        let (leaked, honest) = newcomers(&leaking(leak_mix));
        assert!(leaked < honest - 0.1, "{leaked} against {honest}");
    }
}

#[test]
fn sites_are_named_by_those_who_come_from_them_and_by_few_others() {
    let finished = leaking(LeakMix {
        coupon_site: 1.0,
        ..NONE
    });
    let sites: BTreeSet<&str> = finished
        .world
        .truth()
        .iter()
        .filter_map(|truth| truth.source.as_deref())
        .collect();
    let refers = |order: &Order| order.text("referrer").is_some();
    let named = |order: &Order| {
        let referrer = order.text("referrer").unwrap_or_default();
        sites.iter().any(|site| referrer.contains(site))
    };
    let (leaked, honest) = split(&finished);
    assert!(share(leaked, refers, named) > 0.3);
    assert!(share(honest, refers, named) < 0.12);

    // Several codes of one shop on one site.
    let mut listed: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for truth in finished.world.truth().iter().filter(|truth| truth.leaked()) {
        let source = truth.source.as_deref().unwrap();
        *listed.entry((&truth.merchant, source)).or_default() += 1;
    }
    assert!(listed.values().any(|&codes| codes >= 3));
}

#[test]
fn extensions_paste_and_try_codes_that_nobody_issued() {
    let finished = leaking(LeakMix {
        extension: 1.0,
        ..NONE
    });
    let (leaked, honest) = split(&finished);
    let said = |order: &Order| order.text("code_entry").is_some();
    let pasted = |order: &Order| order.text("code_entry") == Some("auto");
    assert!(share(leaked, said, pasted) > 0.5);
    assert!(share(honest, said, pasted) < 0.15);
    let truths = finished.truths();
    let in_vain = |record: &&crate::support::Read| {
        record.topic == Topic::Orders
            && !truths.contains_key(&record.key)
            && record.json()["code_entry"] == "auto"
    };
    assert!(finished.records.iter().filter(in_vain).count() > 10);
}

#[test]
fn messages_bring_bursts_and_insiders_come_back() {
    let finished = leaking(LeakMix {
        deal_channel: 1.0,
        ..NONE
    });
    let truths = finished.truths();
    let soon = |order: &Order| {
        let events = &truths[&order.code].events;
        let bursts = events.iter().filter(|event| event.kind == "leak_burst");
        bursts
            .map(|burst| order.ts - burst.at)
            .any(|after| (0..2 * DAY_MS).contains(&after))
    };
    let (leaked, honest) = split(&finished);
    let prompt = |order: &Order| order.text("status") != Some("paid");
    assert!(share(leaked.clone(), prompt, soon) > share(honest, prompt, soon) + 0.15);
    assert!(leaked.iter().all(|order| order.text("click_id").is_none()));

    let finished = leaking(LeakMix {
        insider_or_community: 1.0,
        ..NONE
    });
    let mut seen = BTreeSet::new();
    let mut counts = [[0.0f64; 2]; 2];
    for order in &finished.orders {
        let Some(customer) = order.text("customer_id") else {
            continue;
        };
        let again = !seen.insert((order.code.clone(), customer.to_owned()));
        counts[usize::from(order.leaked)][usize::from(again)] += 1.0;
    }
    let repeated = |[once, again]: [f64; 2]| again / (once + again);
    assert!(
        repeated(counts[1]) > repeated(counts[0]) + 0.1,
        "{counts:?}"
    );
}

#[test]
fn leaks_are_about_as_large_as_they_were_meant_to_be() {
    for leak_mix in [
        LeakMix {
            coupon_site: 1.0,
            ..NONE
        },
        LeakMix {
            insider_or_community: 1.0,
            ..NONE
        },
        LeakMix {
            deal_channel: 1.0,
            ..NONE
        },
    ] {
        let finished = leaking(leak_mix);
        let settings = finished.world.settings();
        let end = settings.start + 28 * DAY_MS;
        let leaked = || finished.world.truth().iter().filter(|truth| truth.leaked());
        let asked_for = leaked().filter(|truth| (0.799..2.001).contains(&truth.leak_size));
        assert!(asked_for.count() * 10 > leaked().count() * 8);
        let (mut got, mut meant) = (0.0, 0.0);
        for truth in leaked() {
            let leaked_for = (end - truth.onset.unwrap()) as f64 / (28 * DAY_MS) as f64;
            got += truth.leaked_orders as f64;
            meant += truth.leak_size * truth.organic_orders as f64 * leaked_for;
        }
        assert!((0.4..2.0).contains(&(got / meant)), "{got} against {meant}");
    }
}

#[test]
fn as_much_is_clicked_and_ordered_as_was_asked_for() {
    for spread in [0.0, 1.5] {
        let settings = WorldSettings {
            codes: 200,
            spread,
            leak_share: 0.0,
            lookalike_share: 0.0,
            click_flood_share: 0.0,
            ..usual()
        };
        let finished = Finished::of(settings.clone());
        let truth = finished.world.truth();
        let mut orders: Vec<u64> = truth.iter().map(|truth| truth.organic_orders).collect();
        orders.sort_unstable();
        let median =
            orders[orders.len() / 2] as f64 / (settings.days * settings.orders_per_day_median);
        assert!((0.6..2.2).contains(&median), "{median}");
        let clicks: u64 = truth.iter().map(|truth| truth.clicks).sum();
        let per_order =
            clicks as f64 / orders.iter().sum::<u64>() as f64 / settings.clicks_per_order;
        assert!((0.4..2.0).contains(&per_order), "{per_order}");
    }
}

#[test]
fn a_sale_lifts_the_codes_of_its_shop() {
    let finished = Finished::of(WorldSettings {
        days: 56.0,
        leak_share: 0.0,
        lookalike_share: 0.0,
        ..usual()
    });
    let start = finished.world.settings().start;
    let mut days: HashMap<&str, [f64; 56]> = HashMap::new();
    for order in &finished.orders {
        days.entry(&order.code).or_insert([0.0; 56])[((order.ts - start) / DAY_MS) as usize] += 1.0;
    }
    let (mut lifted, mut judged) = (0, 0);
    for (code, truth) in finished.truths() {
        let Some(counts) = days.get(code.as_str()) else {
            continue;
        };
        let (mut on_sale, mut usual) = ((0.0, 0.0), (0.0, 0.0));
        for (day, count) in (0..).zip(counts) {
            let noon = start + day * DAY_MS + DAY_MS / 2;
            let sale = truth
                .events
                .iter()
                .any(|e| e.kind == "sale" && e.at <= noon && e.until.is_some_and(|u| noon < u));
            let sum = if sale { &mut on_sale } else { &mut usual };
            *sum = (sum.0 + count, sum.1 + 1.0);
        }
        if on_sale.1 >= 2.0 && usual.0 >= 50.0 {
            judged += 1;
            lifted += i32::from(on_sale.0 / on_sale.1 > 1.2 * usual.0 / usual.1);
        }
    }
    assert!(
        judged > 20 && lifted * 10 > judged * 8,
        "{lifted} of {judged}"
    );
}

#[test]
fn marketplaces_send_no_click_ids_and_shops_lose_them_in_an_outage() {
    let finished = Finished::of(WorldSettings {
        days: 56.0,
        walled_share: 0.4,
        ..usual()
    });
    let truths = finished.truths();
    let mut lost = 0;
    for order in &finished.orders {
        let during = truths[&order.code].events.iter().any(|event| {
            event.kind == "click_id_outage"
                && event.at <= order.ts
                && event.until.is_some_and(|until| order.ts < until)
        });
        if order.is_walled() || during {
            assert!(order.text("click_id").is_none(), "{:?}", order.json);
            lost += u32::from(during);
        }
    }
    assert!(lost > 20, "{lost}");
}

#[test]
fn every_story_is_told_and_none_makes_a_leak() {
    let finished = Finished::of(WorldSettings {
        codes: 260,
        leak_share: 0.0,
        click_flood_share: 0.0,
        lookalike_share: 1.0,
        unregistered_share: 0.0,
        walled_share: 0.2,
        ..usual()
    });
    assert!(finished.orders.iter().all(|order| !order.leaked));
    let entries: HashMap<String, _> = lines(&finished.world.codes())
        .into_iter()
        .map(|entry| (entry["code"].as_str().unwrap().to_lowercase(), entry))
        .collect();
    let mut told: BTreeMap<HonestLookalike, Vec<_>> = BTreeMap::new();
    for (code, truth) in finished.truths() {
        let story = truth.honest_lookalike.unwrap();
        told.entry(story).or_default().push(truth);
        let has = |field: &str| entries[&code].get(field).is_some();
        assert_eq!(has("offline"), story == HonestLookalike::SpokenRegistered);
        assert_eq!(
            has("permitted_hosts"),
            story == HonestLookalike::CouponPartner
        );
        assert!(truth.clean());
    }
    assert_eq!(told.len(), HonestLookalike::ALL.len());
    let clicks_per_order = |story| {
        let of = &told[&story];
        let clicks: u64 = of.iter().map(|truth| truth.clicks).sum();
        let orders: u64 = of.iter().map(|truth| truth.organic_orders).sum();
        clicks as f64 / orders as f64
    };
    assert!(clicks_per_order(HonestLookalike::SpokenUnregistered) < 2.0);
    assert!(clicks_per_order(HonestLookalike::LoyalBase) < 4.0);
    assert!(
        clicks_per_order(HonestLookalike::Giveaway)
            > clicks_per_order(HonestLookalike::DiscountChange)
    );

    let stories: HashMap<String, HonestLookalike> = finished
        .truths()
        .into_iter()
        .map(|(code, truth)| (code, truth.honest_lookalike.unwrap()))
        .collect();
    let new_of = |story| {
        let of = finished
            .orders
            .iter()
            .filter(|order| stories[&order.code] == story);
        share(of, says_newcomer, is_new)
    };
    assert!(new_of(HonestLookalike::ReturningAudience) < new_of(HonestLookalike::ViralPost) - 0.1);
}

#[test]
fn people_click_in_their_own_hours_and_more_than_once() {
    let finished = Finished::of(WorldSettings {
        days: 14.0,
        ..usual()
    });
    let mut visitors: HashMap<String, u32> = HashMap::new();
    for record in finished
        .records
        .iter()
        .filter(|record| record.topic == Topic::Clicks)
    {
        let visitor = record.json()["visitor_id"].as_str().unwrap().to_owned();
        *visitors.entry(visitor).or_default() += 1;
    }
    let again = visitors.values().filter(|&&clicks| clicks > 1).count();
    let share = again as f64 / visitors.len() as f64;
    assert!((0.15..0.8).contains(&share), "{share}");
}

#[test]
fn worlds_of_different_habits_differ() {
    let of = |spread| {
        let settings = WorldSettings {
            days: 2.0,
            codes: 20,
            spread,
            ..usual()
        };
        Finished::of(settings).records
    };
    let (usual, moved) = (of(0.0), of(1.0));
    assert!(usual != moved);
    assert!(usual == of(0.0) && moved == of(1.0));
}
