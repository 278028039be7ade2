//! Leaks and innocent stories show in the records as they should, and only there.

use std::collections::{BTreeMap, HashMap};

use promoguard_simulate::{HonestLookalike, LeakMix, Topic, WorldSettings};

use crate::support::{Finished, Order, lines, share};

const NONE: LeakMix = LeakMix {
    coupon_site: 0.0,
    extension: 0.0,
    insider_or_community: 0.0,
    deal_channel: 0.0,
};
const DAY_MS: i64 = 86_400_000;

/// Many codes, no story but the leaks: half of the codes leak, all in one way, strongly.
fn leaking(mix: LeakMix, walled_share: f64) -> Finished {
    Finished::of(WorldSettings {
        codes: 150,
        merchants: 30,
        days: 20.0,
        clicks_per_order: 4.0,
        leak_share: 0.5,
        leak_mix: mix,
        leak_size_min: 1.0,
        leak_size_max: 3.0,
        walled_share,
        lookalike_share: 0.0,
        ..WorldSettings::default()
    })
}

fn split(finished: &Finished) -> (Vec<&Order>, Vec<&Order>) {
    finished.orders.iter().partition(|order| order.leaked)
}

fn returning(order: &Order) -> bool {
    order.json["new_customer"] == false
}

fn tells_newcomers(order: &Order) -> bool {
    order.json.get("new_customer").is_some()
}

/// Whether orders are delivered to the city that the registry gives for the partner.
fn at_home(finished: &Finished) -> impl Fn(&Order) -> Option<bool> + use<> {
    let entries = lines(&finished.world.codes());
    let cities: HashMap<String, String> = entries
        .iter()
        .filter_map(|entry| {
            Some((
                entry["code"].as_str()?.to_lowercase(),
                entry["city"].as_str()?.to_owned(),
            ))
        })
        .collect();
    move |order| Some(cities.get(&order.code)? == order.text("city")?)
}

fn home_shares(finished: &Finished) -> (f64, f64) {
    let at_home = at_home(finished);
    let (leaked, honest) = split(finished);
    let of = |orders: Vec<&Order>| {
        share(
            orders,
            |o| at_home(o).is_some(),
            |o| at_home(o) == Some(true),
        )
    };
    (of(leaked), of(honest))
}

#[test]
fn coupon_sites_bring_known_hosts_and_known_customers_from_everywhere() {
    let finished = leaking(
        LeakMix {
            coupon_site: 1.0,
            ..NONE
        },
        0.0,
    );
    let (leaked, honest) = split(&finished);
    let site = |order: &Order| {
        order
            .text("referrer")
            .is_some_and(|referrer| referrer.contains("/shops/"))
    };
    let refers = |order: &Order| order.text("referrer").is_some();
    assert!(share(leaked.clone(), refers, site) > 0.4);
    assert!(share(honest.clone(), refers, site) < 0.01);
    assert!(
        share(leaked.clone(), tells_newcomers, returning)
            > share(honest, tells_newcomers, returning) + 0.15
    );
    let (leaked_home, honest_home) = home_shares(&finished);
    assert!(
        leaked_home < honest_home - 0.2,
        "{leaked_home} against {honest_home}"
    );

    // Several codes of one shop on one site.
    let mut listed: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for truth in finished.world.truth().iter().filter(|truth| truth.leaked()) {
        *listed
            .entry((&truth.merchant, truth.source.as_deref().unwrap()))
            .or_default() += 1;
    }
    assert!(listed.values().any(|&codes| codes >= 3));
}

#[test]
fn extensions_paste_the_code() {
    let finished = leaking(
        LeakMix {
            extension: 1.0,
            ..NONE
        },
        0.0,
    );
    let (leaked, honest) = split(&finished);
    let said = |order: &Order| order.text("code_entry").is_some();
    let pasted = |order: &Order| order.text("code_entry") == Some("auto");
    assert!(share(leaked.clone(), said, pasted) > 0.6);
    assert!(share(honest, said, pasted) < 0.08);
    let rushed = |order: &Order| {
        let click = order.json["click_ts"].as_i64();
        let ts = order.json["ts"].as_i64();
        click.zip(ts).is_some_and(|(click, ts)| ts - click < 60_000)
    };
    assert!(
        leaked.into_iter().any(rushed),
        "no extension injected a click"
    );
}

#[test]
fn insiders_come_back_in_office_hours() {
    let finished = leaking(
        LeakMix {
            insider_or_community: 1.0,
            ..NONE
        },
        0.0,
    );
    let mut seen = std::collections::BTreeSet::new();
    let mut again = |order: &Order| {
        let customer = order.text("customer_id").unwrap_or_default().to_owned();
        !seen.insert((order.code.clone(), customer))
    };
    let (mut leaked, mut honest) = ([0u32; 2], [0u32; 2]);
    for order in finished
        .orders
        .iter()
        .filter(|order| order.text("customer_id").is_some())
    {
        let count = if order.leaked {
            &mut leaked
        } else {
            &mut honest
        };
        count[usize::from(again(order))] += 1;
    }
    let repeat_share = |[once, again]: [u32; 2]| f64::from(again) / f64::from(once + again);
    assert!(
        repeat_share(leaked) > repeat_share(honest) + 0.15,
        "{leaked:?} {honest:?}"
    );

    let by_day = |order: &Order| {
        let local_hour = (order.ts + 5 * 3_600_000).rem_euclid(DAY_MS) / 3_600_000;
        (8..18).contains(&local_hour)
    };
    let (leaked, honest) = split(&finished);
    assert!(share(leaked, |_| true, by_day) > share(honest, |_| true, by_day) + 0.1);
}

#[test]
fn deal_channels_come_in_bursts_without_clicks() {
    let finished = leaking(
        LeakMix {
            deal_channel: 1.0,
            ..NONE
        },
        0.5,
    );
    let truths = finished.truths();
    let (leaked, _) = split(&finished);
    let soon_after_a_message = |order: &Order| {
        let events = &truths[&order.code].events;
        events
            .iter()
            .any(|e| e.kind == "leak_burst" && (0..12 * 3_600_000).contains(&(order.ts - e.at)))
    };
    // Shops that report from `paid` on report later.
    let prompt = |order: &Order| order.text("status") != Some("paid");
    assert!(share(leaked.clone(), prompt, soon_after_a_message) > 0.7);
    assert!(leaked.iter().all(|order| order.text("click_id").is_none()));
    let social = |order: &Order| {
        order
            .text("referrer")
            .is_some_and(|r| r.contains("t.me") || r.contains("telegram") || r.contains("vk.com"))
    };
    assert!(leaked.into_iter().filter(|order| social(order)).count() > 20);
}

#[test]
fn walled_gardens_never_send_a_click_id_and_own_shops_mostly_do_for_links() {
    let finished = leaking(LeakMix::default(), 0.5);
    assert!(
        finished
            .orders
            .iter()
            .filter(|o| o.is_walled())
            .all(|o| o.text("click_id").is_none())
    );
    let linked = |order: &Order| !order.is_walled() && order.text("code_entry") == Some("link");
    assert!(
        share(&finished.orders, linked, |order| order
            .text("click_id")
            .is_some())
            > 0.7
    );
}

#[test]
fn no_order_carries_a_click_id_while_its_shop_loses_them() {
    let finished = Finished::of(WorldSettings {
        codes: 120,
        days: 56.0,
        clicks_per_order: 3.0,
        walled_share: 0.0,
        ..WorldSettings::default()
    });
    let truths = finished.truths();
    let mut checked = 0;
    for order in finished.orders.iter() {
        let during = |e: &&promoguard_simulate::TruthEvent| {
            // An outage begins and ends on the hour of the world that it touches.
            e.kind == "click_id_outage"
                && e.at <= order.ts
                && e.until.is_some_and(|until| order.ts < until)
        };
        if truths[&order.code].events.iter().find(during).is_some() {
            checked += 1;
            assert!(order.text("click_id").is_none(), "{:?}", order.json);
        }
    }
    assert!(checked > 50, "{checked}");
}

#[test]
fn days_of_a_code_are_over_dispersed_and_sales_lift_a_shop() {
    let finished = Finished::of(WorldSettings {
        codes: 40,
        merchants: 6,
        days: 56.0,
        orders_per_day_median: 10.0,
        clicks_per_order: 3.0,
        leak_share: 0.0,
        lookalike_share: 0.0,
        walled_share: 1.0,
        russia_share: 0.0,
        ..WorldSettings::default()
    });
    let start = finished.world.settings().start;
    let mut days: BTreeMap<&str, [f64; 56]> = BTreeMap::new();
    for order in &finished.orders {
        days.entry(&order.code).or_insert([0.0; 56])[((order.ts - start) / DAY_MS) as usize] += 1.0;
    }
    let dispersed = days.values().filter(|counts| {
        let mean = counts.iter().sum::<f64>() / 56.0;
        let variance = counts
            .iter()
            .map(|count| (count - mean) * (count - mean))
            .sum::<f64>()
            / 55.0;
        mean > 2.0 && variance > 1.5 * mean
    });
    assert!(dispersed.count() > 25);

    let (mut on_sale, mut usual) = ((0.0, 0.0), (0.0, 0.0));
    for (code, truth) in finished.truths() {
        let Some(counts) = days.get(code.as_str()) else {
            continue;
        };
        for (day, count) in (0..).zip(counts) {
            let noon = start + day * DAY_MS + DAY_MS / 2;
            let sale = truth
                .events
                .iter()
                .any(|e| e.kind == "sale" && e.at <= noon && e.until.is_some_and(|u| noon < u));
            let sum = if sale { &mut on_sale } else { &mut usual };
            *sum = (sum.0 + count, sum.1 + 1.0);
        }
    }
    let lift = (on_sale.0 / on_sale.1) / (usual.0 / usual.1);
    assert!(lift > 1.8, "{lift}");
}

#[test]
fn every_innocent_story_is_told_and_none_makes_a_leak() {
    let finished = Finished::of(WorldSettings {
        codes: 160,
        days: 28.0,
        clicks_per_order: 5.0,
        leak_share: 0.0,
        click_flood_share: 0.0,
        lookalike_share: 1.0,
        unregistered_share: 0.0,
        ..WorldSettings::default()
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
        let entry = &entries[&code];
        assert_eq!(
            entry.get("offline").is_some(),
            story == HonestLookalike::SpokenRegistered
        );
        assert_eq!(
            entry.get("permitted_hosts").is_some(),
            story == HonestLookalike::CouponPartner
        );
        assert!(truth.clean());
        if story != HonestLookalike::EndedCode {
            assert_eq!(truth.rejected_attempts, 0, "{code}");
        }
    }
    // The other four belong to the other family.
    assert_eq!(told.len(), HonestLookalike::ALL.len() - 4);
    let sum = |story, of: fn(&promoguard_simulate::CodeTruth) -> u64| {
        told[&story].iter().map(|truth| of(truth)).sum::<u64>()
    };
    assert!(sum(HonestLookalike::EndedCode, |truth| truth.rejected_attempts) > 0);
    let clicks_per_order =
        |story| sum(story, |t| t.clicks) as f64 / sum(story, |t| t.organic_orders) as f64;
    assert!(clicks_per_order(HonestLookalike::SpokenUnregistered) < 2.0);
    assert!(clicks_per_order(HonestLookalike::DiscountChange) > 2.0);

    // A viral post: its busiest day by far outdoes the median day of the same codes.
    let start = finished.world.settings().start;
    let mut lifts = Vec::new();
    for truth in &told[&HonestLookalike::ViralPost] {
        let mut days = [0u64; 28];
        let key = truth.code.to_lowercase();
        for record in finished
            .records
            .iter()
            .filter(|r| r.topic == Topic::Clicks && r.key == key)
        {
            days[((record.ts - start) / DAY_MS) as usize] += 1;
        }
        let event = truth
            .events
            .iter()
            .find(|event| event.kind == "viral_post")
            .unwrap();
        let day = (((event.at - start) / DAY_MS) as usize + 1).min(27);
        let viral = days[day - 1].max(days[day]);
        days.sort_unstable();
        lifts.push(viral as f64 / days[14].max(1) as f64);
    }
    lifts.sort_by(f64::total_cmp);
    assert!(lifts[lifts.len() / 2] > 8.0, "{lifts:?}");
}

#[test]
fn slips_of_the_finger_are_refused_and_are_nobodys_code() {
    let finished = Finished::of(WorldSettings {
        codes: 100,
        days: 14.0,
        mistyped_share: 0.5,
        clicks_per_order: 3.0,
        ..WorldSettings::default()
    });
    let truths = finished.truths();
    let mut slips = 0;
    for record in finished
        .records
        .iter()
        .filter(|record| record.topic == Topic::Orders)
    {
        if !truths.contains_key(&record.key) {
            slips += 1;
            assert_eq!(record.json()["status"], "rejected");
        }
    }
    assert!(slips > 50, "{slips}");
}

#[test]
fn a_click_flood_brings_clicks_and_no_orders() {
    let finished = Finished::of(WorldSettings {
        codes: 80,
        days: 14.0,
        leak_share: 0.0,
        click_flood_share: 1.0,
        lookalike_share: 0.0,
        ..WorldSettings::default()
    });
    let truth = finished.world.truth();
    assert!(
        truth
            .iter()
            .all(|truth| !truth.leaked() && !truth.clean() && truth.leaked_orders == 0)
    );
    let flooded: u64 = truth.iter().map(|truth| truth.fraudulent_clicks).sum();
    let honest = truth.iter().map(|truth| truth.clicks).sum::<u64>() - flooded;
    assert!(flooded > honest, "{flooded} made up, {honest} real");
}

#[test]
fn a_leak_that_grows_slowly_says_until_when() {
    for slow_ramp_share in [0.0, 1.0] {
        let finished = Finished::of(WorldSettings {
            codes: 60,
            days: 20.0,
            leak_share: 0.5,
            from_day_one_share: 0.0,
            slow_ramp_share,
            ..WorldSettings::default()
        });
        let truths = finished.truths();
        let leaking: Vec<_> = truths.values().filter(|truth| truth.leaked()).collect();
        assert!(leaking.len() > 10, "{}", leaking.len());
        for truth in leaking {
            let mut ramps = truth.events.iter().filter(|e| e.kind == "leak_ramp");
            let ramp = ramps.next();
            assert_eq!(ramp.is_some(), slow_ramp_share == 1.0, "{}", truth.code);
            assert_eq!(ramps.count(), 0);
            if let Some(ramp) = ramp {
                assert_eq!(Some(ramp.at), truth.onset);
                assert!(ramp.until > Some(ramp.at));
            }
        }
    }
}
