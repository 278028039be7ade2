//! Honest stories that look like leaks; in most of them a real leak runs beside and is found.

use crate::leaks::site_leak;
use crate::world::{Buyer, CITIES, Moment, World, cancelled, day_shape, millis, run};
use promoguard_event::{CodeEntryMode, Percent};

/// The code with the honest story.
const HONEST: usize = 2;
/// The code that leaks in the same world.
const LEAKED: usize = 4;

/// Only the leaked code may be flagged, and it must be.
fn only_the_leak_is_flagged(world: &World, mut story: impl FnMut(&mut Moment<'_>)) {
    for seed in 1..=3 {
        let world = World {
            seed,
            ..world.clone()
        };
        let outcome = run(&world, |moment| {
            story(moment);
            site_leak(moment, LEAKED, 28, 5.0);
        });
        assert_eq!(
            outcome.flagged(),
            [LEAKED],
            "seed {seed}: {:?}",
            told(&outcome)
        );
    }
}

fn told(outcome: &crate::world::Outcome) -> Vec<String> {
    outcome
        .flags
        .iter()
        .filter(|(code, _)| *code != LEAKED)
        .map(|(code, flag)| {
            format!(
                "{code} {:?} {:?} {:?}",
                flag.state, flag.kind, flag.evidence
            )
        })
        .collect()
}

fn extra_orders(moment: &mut Moment<'_>, per_day: f64, buyer: impl Fn(&mut Moment<'_>) -> Buyer) {
    for _ in 0..moment
        .draw
        .count(per_day / 24.0 * day_shape(moment.hour_of_day))
    {
        let buyer = buyer(moment);
        moment.order(&buyer);
    }
}

#[test]
fn an_honest_world_has_no_flags_at_all() {
    for (seed, walled) in [(11, false), (12, true), (13, false), (14, true)] {
        let world = World {
            seed,
            walled,
            codes: 30,
            ..World::default()
        };
        let outcome = run(&world, |_| {});
        assert!(
            outcome.flags.is_empty(),
            "seed {seed}: {:?}",
            told(&outcome)
        );
    }
}

#[test]
fn a_viral_post_brings_strangers_from_everywhere_and_is_honest() {
    only_the_leak_is_flagged(&World::default(), |moment| {
        let since = (moment.day - 30) * 24 + moment.hour_of_day - 14;
        if moment.code == HONEST && (0..72).contains(&since) {
            let fading = libm::exp(-f64::from(since) / 12.0);
            let clicks = moment.draw.count(60.0 * fading);
            moment.add_clicks(clicks, None);
            for _ in 0..moment.draw.count(4.0 * fading) {
                let stranger = Buyer {
                    city: CITIES[moment.draw.below(6) as usize],
                    ..moment.follower()
                };
                moment.order(&stranger);
            }
        }
    });
}

#[test]
fn a_sale_day_moves_all_codes_at_once_and_is_honest() {
    only_the_leak_is_flagged(&World::default(), |moment| {
        if (32..34).contains(&moment.day) {
            extra_orders(moment, 9.0, |moment| Buyer {
                new_customer: Some(moment.draw.chance(0.2)),
                cold: moment.draw.chance(0.7),
                entry: Some(CodeEntryMode::Typed),
                city: CITIES[moment.draw.below(6) as usize],
                ..moment.follower()
            });
        }
    });
}

#[test]
fn when_click_ids_vanish_everywhere_nobody_leaked() {
    only_the_leak_is_flagged(&World::default(), |moment| {
        if (33..37).contains(&moment.day) {
            for attempt in &mut moment.facts.attempts {
                attempt.has_click_id = false;
                attempt.entry = Some(CodeEntryMode::Typed);
            }
        }
    });
}

#[test]
fn a_spoken_code_has_orders_without_clicks_whether_the_registry_knows_or_not() {
    for registered in [true, false] {
        only_the_leak_is_flagged(&World::default(), |moment| {
            if moment.code != HONEST {
                return;
            }
            moment.entry.offline = registered.then_some(true);
            moment.facts.clicks = Default::default();
            moment.facts.attempts.iter_mut().for_each(|attempt| {
                attempt.has_click_id = false;
                attempt.entry = Some(CodeEntryMode::Typed);
                attempt.referrer = None;
            });
            // A broadcast every fourth day.
            if moment.day % 4 == 1 && (6..9).contains(&moment.hour_of_day) {
                for _ in 0..moment.draw.count(2.0) {
                    let listener = Buyer {
                        cold: true,
                        entry: Some(CodeEntryMode::Typed),
                        referrer: None,
                        ..moment.follower()
                    };
                    moment.order(&listener);
                }
            }
        });
    }
}

#[test]
fn a_nano_code_cannot_say_enough_for_a_flag() {
    let world = World {
        orders_per_day: 0.4,
        codes: 40,
        ..World::default()
    };
    let outcome = run(&world, |moment| {
        // Two odd orders in eight weeks.
        if moment.code == HONEST && [30, 41].contains(&moment.day) && moment.hour_of_day == 9 {
            let odd = moment.hunter("promokodus.com");
            moment.order(&odd);
        }
    });
    assert!(outcome.flags.is_empty(), "{:?}", told(&outcome));
}

#[test]
fn a_partner_who_opens_a_telegram_channel_reaches_other_people_at_other_hours() {
    only_the_leak_is_flagged(&World::default(), |moment| {
        if moment.code == HONEST && moment.day >= 28 {
            let clicks = moment.draw.count(1.0);
            moment.add_clicks(clicks, None);
            extra_orders(moment, 2.5, |moment| {
                let cold = moment.draw.chance(0.5);
                Buyer {
                    referrer: Some("t.me"),
                    cold,
                    entry: Some(if cold {
                        CodeEntryMode::Typed
                    } else {
                        CodeEntryMode::Link
                    }),
                    city: CITIES[moment.draw.below(6) as usize],
                    ..moment.follower()
                }
            });
        }
    });
}

#[test]
fn colleagues_who_share_a_code_at_lunch_are_no_leak() {
    only_the_leak_is_flagged(&World::default(), |moment| {
        if moment.code == HONEST && [30, 37].contains(&moment.day) && moment.hour_of_day == 7 {
            for _ in 0..5 {
                let colleague = Buyer {
                    cold: true,
                    entry: Some(CodeEntryMode::Typed),
                    referrer: None,
                    city: CITIES[0],
                    ..moment.follower()
                };
                moment.order(&colleague);
            }
        }
    });
}

#[test]
fn a_coupon_partner_is_honest_where_the_brand_allows_it_and_only_there() {
    let story = |moment: &mut Moment<'_>| {
        if moment.code == HONEST {
            let clicks = moment.draw.count(0.8);
            moment.add_clicks(clicks, Some("promokodi.net"));
            extra_orders(moment, 3.0, |moment| moment.hunter("promokodi.net"));
        }
    };
    only_the_leak_is_flagged(&World::default(), |moment| {
        if moment.code == HONEST {
            moment.entry.permitted_hosts = vec!["promokodi.net".into()];
        }
        story(moment);
    });
    let outcome = run(&World::default(), story);
    assert_eq!(outcome.flagged(), [HONEST]);
}

#[test]
fn refused_attempts_say_nothing_after_the_end_or_for_codes_nobody_issued() {
    only_the_leak_is_flagged(&World::default(), |moment| {
        if moment.code == HONEST {
            moment.entry.ends_at = Some(millis(30));
            if moment.day >= 30 {
                moment.facts.attempts.clear();
            }
        }
        if moment.code == 7 {
            moment.entry.partner_id = "nobody".into();
        }
        let tried = (moment.code == HONEST && moment.day >= 30) || moment.code == 7;
        if tried {
            for _ in 0..moment.draw.count(1.0) {
                let buyer = moment.hunter("promokodus.com");
                moment.attempt(
                    &Buyer {
                        referrer: None,
                        ..buyer
                    },
                    true,
                );
            }
        }
    });
}

#[test]
fn a_higher_discount_brings_more_and_other_baskets() {
    only_the_leak_is_flagged(&World::default(), |moment| {
        if moment.code == HONEST && moment.day >= 28 {
            moment.entry.discount_pct = Percent::from_units(250_000);
            let clicks = moment.draw.count(1.5);
            moment.add_clicks(clicks, None);
            extra_orders(moment, 4.0, |moment| Buyer {
                amount: 400_000_000,
                new_customer: Some(moment.draw.chance(0.4)),
                ..moment.follower()
            });
        }
    });
}

#[test]
fn a_giveaway_draws_a_crowd_that_clicks_and_hardly_buys() {
    only_the_leak_is_flagged(&World::default(), |moment| {
        let since = (moment.day - 31) * 24 + moment.hour_of_day - 13;
        if moment.code == HONEST && (0..96).contains(&since) {
            let clicks = moment
                .draw
                .count(120.0 * libm::exp(-f64::from(since) / 24.0));
            moment.add_clicks(clicks, None);
            extra_orders(moment, 1.5, |moment| Buyer {
                new_customer: Some(true),
                city: CITIES[moment.draw.below(6) as usize],
                ..moment.follower()
            });
        }
    });
}

#[test]
fn cancelled_orders_take_money_out_of_the_exposure_but_not_the_evidence() {
    let world = World::default();
    let kept = run(&world, |moment| site_leak(moment, LEAKED, 28, 5.0));
    let mut ids = Vec::new();
    let fell_away = run(&world, |moment| {
        if moment.code == LEAKED && moment.day == 33 && moment.hour_of_day == 0 {
            let ts = moment.hour.start();
            moment.facts.changes = ids.drain(..).map(|id: String| cancelled(&id, ts)).collect();
        }
        site_leak(moment, LEAKED, 28, 5.0);
        if moment.code == LEAKED && (28..33).contains(&moment.day) {
            ids.extend(
                moment
                    .facts
                    .attempts
                    .iter()
                    .map(|attempt| attempt.order_id.to_string()),
            );
        }
    });
    let last = |outcome: &crate::world::Outcome| {
        let flags: Vec<_> = outcome
            .flags
            .iter()
            .filter(|(code, flag)| *code == LEAKED && flag.ts > millis(34))
            .collect();
        let flag = &flags.first().expect("the episode goes on").1;
        (
            flag.exposure.leaked_orders.estimate,
            flag.exposure
                .commission
                .expect("a percentage is known")
                .estimate,
        )
    };
    let ((orders_kept, money_kept), (orders_after, money_after)) = (last(&kept), last(&fell_away));
    assert_eq!(orders_kept, orders_after);
    assert!(money_after.0 < money_kept.0, "{money_after} {money_kept}");
}
