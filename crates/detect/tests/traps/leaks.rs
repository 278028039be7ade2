//! Leaks that must be found, whatever else goes on.

use promoguard_event::{Code, Sighting};

use crate::world::{Moment, World, day_shape, run};

/// Adds leaked orders to one code from a day on, `per_day` of them, when the shop is busy.
pub(crate) fn site_leak(moment: &mut Moment<'_>, code: usize, from: i32, per_day: f64) {
    if moment.code == code && moment.day >= from {
        for _ in 0..moment
            .draw
            .count(per_day / 24.0 * day_shape(moment.hour_of_day))
        {
            let buyer = moment.hunter("promokodus.com");
            moment.order(&buyer);
        }
    }
}

fn extension_leak(moment: &mut Moment<'_>, code: usize, from: i32, per_day: f64) {
    if moment.code == code && moment.day >= from {
        for _ in 0..moment
            .draw
            .count(per_day / 24.0 * day_shape(moment.hour_of_day))
        {
            let buyer = moment.pasted();
            moment.order(&buyer);
        }
    }
}

#[test]
fn a_code_on_a_coupon_site_is_found_and_its_neighbours_are_left_alone() {
    let outcome = run(&World::default(), |moment| site_leak(moment, 4, 28, 4.0));
    assert_eq!(outcome.flagged(), [4]);
    let flag = outcome.opened(4)[0];
    assert_eq!(flag.kind.as_str(), "coupon_site");
    assert!(
        flag.top_referrers
            .iter()
            .any(|host| host.host == "promokodus.com" && host.known_coupon_site)
    );
    let until = 60.0 * 4.0;
    assert!(
        flag.exposure.leaked_orders.estimate < until,
        "{:?}",
        flag.exposure
    );
}

#[test]
fn a_code_pasted_by_an_extension_is_found_within_a_dozen_orders() {
    let mut leaked_until = 0;
    let outcome = run(&World::default(), |moment| {
        let before = *moment.serial;
        extension_leak(moment, 7, 30, 3.0);
        if moment.day < 36 {
            leaked_until += *moment.serial - before;
        }
    });
    assert_eq!(outcome.flagged(), [7]);
    let flag = outcome.opened(7)[0];
    assert_eq!(flag.kind.as_str(), "extension");
    assert!(
        flag.ts < crate::world::millis(36),
        "found at {} after up to {leaked_until} leaked orders",
        flag.ts
    );
}

#[test]
fn a_brand_with_five_codes_and_three_orders_a_day_gets_flags_too() {
    let world = World {
        codes: 5,
        ..World::default()
    };
    let outcome = run(&world, |moment| extension_leak(moment, 2, 21, 3.0));
    assert_eq!(outcome.flagged(), [2]);
}

#[test]
fn a_leak_in_a_walled_garden_is_found_without_click_ids_referrers_or_entries() {
    let world = World {
        walled: true,
        codes: 20,
        ..World::default()
    };
    let outcome = run(&world, |moment| site_leak(moment, 3, 28, 9.0));
    assert_eq!(outcome.flagged(), [3]);
    let flag = outcome.opened(3)[0];
    let silent: Vec<&str> = flag
        .evidence
        .iter()
        .filter_map(|item| match item {
            promoguard_event::Evidence::Abstained { signal, .. } => Some(*signal),
            promoguard_event::Evidence::Signal { .. } => None,
        })
        .collect();
    for signal in ["cold", "referrer", "auto_entry"] {
        assert!(
            silent.contains(&signal),
            "{signal} must abstain: {silent:?}"
        );
    }
}

#[test]
fn a_code_leaked_from_its_first_day_is_found_against_its_shop() {
    let outcome = run(&World::default(), |moment| {
        extension_leak(moment, 5, 0, 4.0)
    });
    assert_eq!(outcome.flagged(), [5]);
}

#[test]
fn a_leak_that_grows_slowly_does_not_become_its_own_excuse() {
    let outcome = run(&World::default(), |moment| {
        let grown = f64::from((moment.day - 14).clamp(0, 28)) / 28.0;
        site_leak(moment, 6, 14, 5.0 * grown);
    });
    assert_eq!(outcome.flagged(), [6]);
}

#[test]
fn a_code_that_nobody_issued_is_watched_on_the_shops_habits() {
    let outcome = run(&World::default(), |moment| {
        if moment.code == 8 {
            moment.entry.partner_id = "nobody".into();
        }
        extension_leak(moment, 8, 28, 4.0);
    });
    assert_eq!(outcome.flagged(), [8]);
    let flag = outcome.opened(8)[0];
    assert!(flag.partner_id.is_none() && flag.exposure.commission.is_none());
}

#[test]
fn made_up_clicks_do_not_hide_a_leak_and_are_told_apart_from_it() {
    let outcome = run(&World::default(), |moment| {
        if moment.code == 4 && moment.day >= 27 {
            let facts = &mut moment.facts.clicks;
            facts.clicks += 400;
            facts.first_visits += 80;
            facts.bots += 250;
            facts.without_referrer += 400;
        }
        extension_leak(moment, 4, 28, 4.0);
    });
    assert_eq!(outcome.flagged(), [4]);
    let flooded: Vec<_> = outcome
        .flags
        .iter()
        .filter(|(_, flag)| flag.kind.as_str() == "click_flood")
        .collect();
    assert!(!flooded.is_empty() && flooded.iter().all(|(code, _)| *code == 4));
    let ids: Vec<&str> = outcome
        .flags
        .iter()
        .map(|(_, flag)| flag.flag_id.as_str())
        .collect();
    assert_ne!(
        flooded[0].1.flag_id,
        outcome.opened(4)[0].flag_id,
        "{ids:?}"
    );
}

#[test]
fn sightings_on_coupon_sites_bring_a_flag_forward_and_on_the_partners_channel_do_not() {
    let found_with = |host: &'static str| {
        let outcome = run(&World::default(), |moment| {
            extension_leak(moment, 4, 28, 1.5);
            if moment.code == 4 && moment.day == 28 && moment.hour_of_day == 3 {
                moment.facts.sightings.push(Sighting {
                    code: Code::from_normalised("code004"),
                    ts: moment.hour.start(),
                    url_host: Some(host.into()),
                    url: format!("https://{host}/").into(),
                    source: "crawler".into(),
                });
            }
        });
        outcome.opened(4).first().expect("found either way").ts
    };
    assert!(found_with("promokodus.com") <= found_with("t.me"));
}

#[test]
fn a_partner_who_links_on_coupon_sites_is_found_by_his_clicks() {
    let outcome = run(&World::default(), |moment| {
        if moment.code == 9 && moment.day >= 28 {
            let clicks = moment.draw.count(1.5);
            moment.add_clicks(clicks, Some("promokodus.com"));
        }
    });
    assert_eq!(outcome.flagged(), [9]);
}
