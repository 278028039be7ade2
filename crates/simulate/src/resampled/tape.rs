//! The built-in recording: a world of another family without leaks, played unseen.
//!
//! Decides what is recorded and how much of it. Must not know what it is used for.

use std::collections::{HashMap, HashSet};

use crate::draft::{Entry, NO_REFERRER, ReferrerId, Spelling, Status};
use crate::family::Players;
use crate::random::mix;
use crate::resampled::bursts;
use crate::resampled::recording::{
    Donor, NO_CLICK, RECORDED_HOURS, RecordedClick, RecordedOrder, Recording, Stock,
};
use crate::settings::{Family, WorldSettings};
use crate::shop::{Coverage, Merchant};
use crate::stage::Stage;
use crate::time::{HOUR_MS, Hour};
use crate::world::Happenings;

/// As many codes as a brand may have watched for a month; more add nothing but memory.
const CODES_MIN: u32 = 20;
const CODES_MAX: u32 = 150;
const SHOPS_MIN: u32 = 6;
/// Clicks beyond this are not recorded; 32 bytes each.
const CLICKS_MAX: usize = 3_000_000;
/// The hidden world is asked for at most half of them.
const CLICKS_WANTED: f64 = 1_500_000.0;
/// Orders beyond this are not recorded; 32 bytes each.
const ORDERS_MAX: usize = 1_000_000;
/// Mean orders of a code over the median one, about: the tail is heavy.
const MEAN_OVER_MEDIAN: f64 = 2.2;

/// Everything that happened, as the shop itself knows it.
const ALL_TOLD: Coverage = Coverage {
    click_id: 1.0,
    click_ts: 1.0,
    referrer: 1.0,
    entry: 1.0,
    newcomer: 1.0,
    city: 1.0,
};

/// The world that is recorded for a world of these settings.
fn hidden(settings: &WorldSettings) -> WorldSettings {
    let seed = mix(settings.seed ^ 0x5e5a_3d1e);
    let codes = (settings.codes / 3).clamp(CODES_MIN, CODES_MAX);
    let merchants = u64::from(codes) * u64::from(settings.merchants) / u64::from(settings.codes);
    let per_day = settings.orders_per_day_median.clamp(0.5, 4.0);
    let days = RECORDED_HOURS as f64 / 24.0;
    let most = CLICKS_WANTED / (f64::from(codes) * per_day * MEAN_OVER_MEDIAN * days);
    WorldSettings {
        seed,
        family: if mix(seed).is_multiple_of(2) {
            Family::Programme
        } else {
            Family::Agents
        },
        spread: settings.spread,
        codes,
        merchants: (merchants as u32).clamp(SHOPS_MIN, codes),
        start: settings.start,
        days,
        orders_per_day_median: per_day,
        clicks_per_order: settings.clicks_per_order.min(most).max(2.0),
        walled_share: settings.walled_share,
        russia_share: settings.russia_share,
        leak_share: 0.0,
        click_flood_share: 0.0,
        lookalike_share: 0.0,
        unregistered_share: 0.0,
        mistyped_share: 0.0,
        ..WorldSettings::default()
    }
}

/// What one recorded hour brought to one code.
#[derive(Default)]
struct Reel {
    clicks: Vec<(u16, u64, RecordedClick)>,
    orders: Vec<(u16, u64, RecordedOrder)>,
}

/// Plays the hidden world and records it.
pub(crate) fn record(settings: &WorldSettings) -> Recording {
    let hidden = hidden(settings);
    let (mut stage, mut players, mut answers) = Players::cast(&hidden);
    let mut reels: Vec<Reel> = Vec::new();
    reels.resize_with(hidden.codes as usize, Reel::default);
    let mut click_hours: HashMap<u64, (u16, i64)> = HashMap::new();
    let mut out = Happenings::default();
    let mut orders_recorded = 0;
    for number in 0..RECORDED_HOURS {
        for merchant in &mut stage.merchants {
            merchant.coverage = ALL_TOLD;
        }
        let hour = Hour::starting(hidden.start + number as i64 * HOUR_MS);
        players.play(hour, &mut stage, &mut answers, &mut out);
        for click in out.clicks.drain(..) {
            if click_hours.len() < CLICKS_MAX && hour.contains(click.ts) {
                click_hours.insert(click.id, (number as u16, click.ts));
                let recorded = RecordedClick {
                    visitor: click.visitor,
                    at: (click.ts - hour.from) as u32,
                    referrer: click.referrer,
                    agent: click.agent,
                    city: click.city,
                    alias: click.spelling == Spelling::Alias,
                };
                reels[click.code as usize]
                    .clicks
                    .push((number as u16, click.id, recorded));
            }
        }
        for order in out.orders.drain(..) {
            let told = matches!(order.status, Status::Created | Status::Paid) && order.first;
            if !told || orders_recorded == ORDERS_MAX {
                continue;
            }
            let merchant = &stage.merchants[order.merchant as usize];
            let (hour, click, at) = match order.click {
                // A click before the recording, or one that was not kept: the order would stand without it.
                Some((id, _)) if !click_hours.contains_key(&id) => continue,
                Some((id, _)) => {
                    let (hour, clicked) = click_hours[&id];
                    (hour, id, order.ts - clicked)
                }
                None => {
                    let since = order.ts - hidden.start;
                    let hour = since.div_euclid(HOUR_MS).rem_euclid(RECORDED_HOURS as i64);
                    (hour as u16, u64::MAX, since.rem_euclid(HOUR_MS))
                }
            };
            orders_recorded += 1;
            let recorded = RecordedOrder {
                customer: order.customer.0 >> 8,
                click: NO_CLICK,
                at: u32::try_from(at).unwrap_or(0),
                referrer: order.referrer,
                basket: (order.amount as f64 / merchant.basket_median) as f32,
                home: order.customer.city(),
                city: order.city,
                entry: match order.entry {
                    Entry::Unsaid => Entry::Typed,
                    entry => entry,
                },
                newcomer: order.newcomer.unwrap_or(false),
                joined: false,
            };
            reels[order.code as usize]
                .orders
                .push((hour, click, recorded));
        }
    }
    note_who_joined(&mut reels, &stage);
    splice(reels, &stage, Hour::starting(hidden.start).week_hour % 24)
}

/// In another order of weeks somebody's first order may be another one than in the recording.
fn note_who_joined(reels: &mut [Reel], stage: &Stage) {
    let shop_of = |code: usize| stage.cards[code].merchant;
    let first = |(code, reel): (usize, &Reel)| -> Vec<(u32, u64)> {
        let orders = reel.orders.iter().map(|order| order.2);
        let newcomers = orders.filter(|order| order.newcomer);
        newcomers
            .map(|order| (shop_of(code), order.customer))
            .collect()
    };
    let joined: HashSet<(u32, u64)> = reels.iter().enumerate().flat_map(first).collect();
    for (code, reel) in reels.iter_mut().enumerate() {
        for (.., order) in &mut reel.orders {
            order.joined = joined.contains(&(shop_of(code), order.customer));
        }
    }
}

/// Sorts what was recorded, leaves out codes that sold next to nothing, and looks for bursts.
fn splice(reels: Vec<Reel>, stage: &Stage, first_hour: usize) -> Recording {
    let (mut clicks, mut orders) = (Vec::new(), Vec::new());
    let mut donors = Vec::new();
    let sold: Vec<usize> = reels.iter().map(|reel| reel.orders.len()).collect();
    let most = sold.iter().copied().max().unwrap_or(0);
    for (code, mut reel) in reels.into_iter().enumerate() {
        const ORDERS_MIN: usize = 5;
        if reel.orders.len() < ORDERS_MIN.min(most) {
            continue;
        }
        reel.clicks
            .sort_by_key(|&(hour, id, click)| (hour, click.at, id));
        let first = clicks.len() as u32;
        let place: HashMap<u64, u32> = (first..)
            .zip(&reel.clicks)
            .map(|(at, &(_, id, _))| (id, at))
            .collect();
        for (_, click, order) in &mut reel.orders {
            order.click = place.get(click).copied().unwrap_or(NO_CLICK);
        }
        reel.orders
            .sort_by_key(|&(hour, _, order)| (hour, order.click, order.at, order.customer));
        let clicks_from = offsets(first, reel.clicks.iter().map(|click| click.0));
        let orders_from = offsets(orders.len() as u32, reel.orders.iter().map(|order| order.0));
        let shop = stage.cards[code].merchant;
        let merchant: &Merchant = &stage.merchants[shop as usize];
        donors.push(Donor {
            walled: merchant.marketplace.is_some(),
            country: merchant.country,
            shop,
            orders_per_day: (reel.orders.len().max(1) * 24) as f64 / RECORDED_HOURS as f64,
            clicks_from,
            orders_from,
            bursts: Vec::new(),
        });
        clicks.extend(reel.clicks.into_iter().map(|click| click.2));
        orders.extend(reel.orders.into_iter().map(|order| order.2));
    }
    let (shapes, burst_day_hours) = bursts::find(&mut donors, first_hour);
    let stocks = [false, true].map(|walled| stock(&donors, &orders, &clicks, walled));
    let mut rates: Vec<f64> = donors.iter().map(|donor| donor.orders_per_day).collect();
    rates.sort_by(f64::total_cmp);
    Recording {
        orders_per_day_median: rates[rates.len() / 2],
        clicks_per_order: (clicks.len() as f64 / orders.len().max(1) as f64).max(0.5),
        referrers: shown(stage, &mut clicks, &mut orders),
        donors,
        clicks,
        orders,
        stocks,
        bursts: shapes,
        burst_day_hours,
    }
}

/// Where each hour begins in a list sorted by hour that starts at `first`.
fn offsets(first: u32, hours: impl Iterator<Item = u16>) -> Vec<u32> {
    let mut from = vec![0; RECORDED_HOURS + 1];
    for hour in hours {
        from[usize::from(hour) + 1] += 1;
    }
    from[0] = first;
    for hour in 0..RECORDED_HOURS {
        from[hour + 1] += from[hour];
    }
    from
}

fn stock(
    donors: &[Donor],
    orders: &[RecordedOrder],
    clicks: &[RecordedClick],
    walled: bool,
) -> Stock {
    let of_kind = donors.iter().filter(move |donor| donor.walled == walled);
    Stock::of(of_kind.flat_map(|donor| {
        (0..RECORDED_HOURS).flat_map(move |hour| {
            donor.orders_in(hour).map(move |at| {
                let order = &orders[at];
                let clicked = match order.click {
                    NO_CLICK => 0,
                    click => clicks[click as usize].at,
                };
                let later = (i64::from(clicked) + i64::from(order.at)) / HOUR_MS;
                (at as u32, (hour + later as usize) % RECORDED_HOURS)
            })
        })
    }))
}

/// Keeps the texts of the referrers that were seen, and numbers them anew.
fn shown(stage: &Stage, clicks: &mut [RecordedClick], orders: &mut [RecordedOrder]) -> Vec<String> {
    let mut kept = vec![String::new()];
    let mut anew: HashMap<ReferrerId, ReferrerId> = HashMap::from([(NO_REFERRER, NO_REFERRER)]);
    let of_clicks = clicks.iter_mut().map(|click| &mut click.referrer);
    let of_orders = orders.iter_mut().map(|order| &mut order.referrer);
    for referrer in of_clicks.chain(of_orders) {
        *referrer = *anew.entry(*referrer).or_insert_with(|| {
            kept.push(stage.referrers[*referrer as usize].clone());
            (kept.len() - 1) as ReferrerId
        });
    }
    kept
}
