//! Which codes leak in an era, through whom, and who sees it.

use crate::programme::Programme;
use crate::programme::cast::{add_referrer, coupon_hosts};
use crate::programme::habits::{Habits, PlaceHabits};
use crate::programme::leaks::{Era, Fate, Flood, Leak, Listing, Site, listed_after};
use crate::programme::names::DEAL_CHANNELS;
use crate::random::{Random, Stream};
use crate::settings::WorldSettings;
use crate::stage::{Sighting, Stage};
use crate::time::hours_ms;
use crate::truth::{CodeTruth, HonestLookalike, LeakKind, TruthEvent};
use crate::world::Answers;

/// The coupon sites of a world: their share of visitors whose browser names them is a site's own habit.
pub(crate) fn cast_sites(seed: u64, habits: &PlaceHabits) -> Vec<Site> {
    let mut random = Random::of(seed, Stream::Cast, 4, 0);
    let mut popularity = Random::of(seed, Stream::Cast, 4, 1);
    coupon_hosts()
        .map(|(host, listed)| Site {
            host,
            referrer_share: random.between(habits.site_named),
            weight: popularity.log_normal(
                if listed { 1.0 } else { habits.unlisted_weight },
                habits.popularity_sigma,
            ),
        })
        .collect()
}

const KINDS: [LeakKind; 4] = [
    LeakKind::CouponSite,
    LeakKind::Extension,
    LeakKind::InsiderOrCommunity,
    LeakKind::DealChannel,
];

impl Programme {
    /// Plans the leaks and floods that begin in `era`, number `number`, and the sightings of them.
    pub(crate) fn plot(&mut self, stage: &mut Stage, answers: &mut Answers, era: Era, number: u64) {
        let settings = self.settings.clone();
        let mix = settings.leak_mix;
        let weights = [
            mix.coupon_site,
            mix.extension,
            mix.insider_or_community,
            mix.deal_channel,
        ];
        let mut listings: Vec<Vec<Listing>> = vec![Vec::new(); stage.merchants.len()];
        for code in 0..self.plans.len() {
            let mut random = Random::of(settings.seed, Stream::Era, number, code as u64);
            // Drawn for every code, so that what one code becomes does not depend on what it was.
            let leaks = random.chance(settings.leak_share);
            let flooded = random.chance(settings.click_flood_share);
            let kind = KINDS[random.weighted(&weights)];
            let truth = &mut answers.truths[code];
            let live = Era {
                from: era.from.max(self.plans[code].starts_at),
                until: era.until.min(self.plans[code].ends_at),
            };
            if live.from >= live.until {
                continue;
            }
            if leaks && self.plans[code].leak.is_none() {
                let kind = suitable(kind, truth);
                let leak = draw_leak(
                    &settings,
                    &self.habits,
                    kind,
                    live,
                    code as u64,
                    &mut random,
                );
                let leak = self.place(stage, truth, &mut listings, leak, code, live, &mut random);
                answers.sightings.extend(see_leak(
                    &self.habits.places,
                    truth,
                    stage,
                    &leak,
                    code,
                    &mut random,
                ));
                tell(truth, &leak);
                self.plans[code].leak = Some(leak);
            } else {
                answers.sightings.extend(see_innocence(
                    &self.habits.places,
                    truth,
                    stage,
                    code,
                    live,
                    &mut random,
                ));
            }
            if flooded && self.plans[code].flood.is_none() {
                let clicks_per_hour = self.plans[code].clicks_per_hour;
                let flood = Flood::draw(
                    &self.habits.floods,
                    live,
                    clicks_per_hour,
                    settings.volume_scale,
                    &mut random,
                );
                tell_flood(&mut answers.truths[code], &flood);
                self.plans[code].flood = Some(flood);
            }
        }
    }

    /// Gives the leak a place: a coupon site or channel, which may list other codes of the shop too.
    #[allow(
        clippy::too_many_arguments,
        reason = "all of it decides together where a leak is published"
    )]
    fn place(
        &self,
        stage: &mut Stage,
        truth: &mut CodeTruth,
        listings: &mut [Vec<Listing>],
        mut leak: Leak,
        code: usize,
        live: Era,
        random: &mut Random,
    ) -> Leak {
        match leak.kind {
            LeakKind::CouponSite => {
                let places = &self.habits.places;
                let of_shop = &mut listings[self.plans[code].merchant as usize];
                let joins = !of_shop.is_empty() && random.chance(places.joins_listing);
                let site = if joins {
                    let listing = random.pick(of_shop);
                    leak.onset = listed_after(listing, places.listing_hours, random)
                        .clamp(live.from, live.until - 1);
                    leak.until = leak.until.max(leak.onset + hours_ms(24.0));
                    listing.source
                } else {
                    let weights: Vec<f64> = self.sites.iter().map(|site| site.weight).collect();
                    let source = random.weighted(&weights);
                    of_shop.push(Listing {
                        source,
                        onset: leak.onset,
                    });
                    source
                };
                let Site {
                    host,
                    referrer_share,
                    ..
                } = self.sites[site];
                leak.referrer =
                    add_referrer(stage, &format!("https://{host}/shops/{}", truth.merchant));
                leak.referrer_share = referrer_share;
                truth.source = Some(host.to_owned());
            }
            LeakKind::DealChannel => {
                let channel = random.pick(&DEAL_CHANNELS);
                leak.referrer = add_referrer(stage, channel);
                truth.source = Some(channel.to_owned());
            }
            LeakKind::Extension | LeakKind::InsiderOrCommunity | LeakKind::ClickFlood => {}
        }
        leak
    }
}

/// A coupon page that is itself the partner cannot leak to coupon pages.
fn suitable(kind: LeakKind, truth: &CodeTruth) -> LeakKind {
    let is_partner = truth.honest_lookalike == Some(HonestLookalike::CouponPartner);
    if is_partner && kind == LeakKind::CouponSite {
        LeakKind::InsiderOrCommunity
    } else {
        kind
    }
}

fn draw_leak(
    settings: &WorldSettings,
    habits: &Habits,
    kind: LeakKind,
    era: Era,
    code: u64,
    random: &mut Random,
) -> Leak {
    let fate = Fate {
        from_day_one: settings.from_day_one_share,
        slow_ramp: settings.slow_ramp_share,
        stops: settings.stops_share,
        size: (settings.leak_size_min, settings.leak_size_max),
    };
    Leak::draw(kind, &habits.leaks, fate, era, settings.seed, code, random)
}

fn tell(truth: &mut CodeTruth, leak: &Leak) {
    truth.kind = Some(leak.kind);
    truth.onset = Some(leak.onset);
    truth.end = (leak.until != i64::MAX).then_some(leak.until);
    truth.leak_size = leak.size;
    if leak.ramp_ms > 0 {
        truth.note(TruthEvent {
            kind: "leak_ramp",
            at: leak.onset,
            until: Some(leak.onset + leak.ramp_ms),
        });
    }
}

fn tell_flood(truth: &mut CodeTruth, flood: &Flood) {
    truth.note(TruthEvent {
        kind: "click_flood",
        at: flood.onset,
        until: Some(flood.until),
    });
    if truth.kind.is_none() {
        truth.kind = Some(LeakKind::ClickFlood);
        truth.onset = Some(flood.onset);
        truth.end = Some(flood.until);
    }
}

/// Some public leaks are found by a crawler, a monitoring service or an analyst, days after they began.
fn see_leak(
    habits: &PlaceHabits,
    truth: &CodeTruth,
    stage: &Stage,
    leak: &Leak,
    code: usize,
    random: &mut Random,
) -> Option<Sighting> {
    let public = matches!(leak.kind, LeakKind::CouponSite | LeakKind::DealChannel);
    if !public || truth.source.is_none() || !random.chance(habits.leak_seen) {
        return None;
    }
    let (median, sigma) = habits.leak_seen_hours;
    Some(Sighting {
        code: code as u32,
        ts: leak.onset + hours_ms(random.log_normal(median, sigma)),
        url: stage.referrers[leak.referrer as usize].clone(),
        source: random.pick(&["crawler", "monitor", "analyst"]),
    })
}

/// Honest codes are seen in public too: where the partner is the public place, and by mistake.
fn see_innocence(
    habits: &PlaceHabits,
    truth: &CodeTruth,
    stage: &Stage,
    code: usize,
    era: Era,
    random: &mut Random,
) -> Option<Sighting> {
    let host = stage.cards[code].entry.permitted_hosts.first();
    let url = match host {
        Some(host) if random.chance(habits.permitted_seen) => {
            format!("https://{host}/shops/{}", truth.merchant)
        }
        None if random.chance(habits.honest_seen) => {
            "https://t.me/s/partner_digest_demo".to_owned()
        }
        _ => return None,
    };
    let ts = random.range_ms(era.from, era.until);
    Some(Sighting {
        code: code as u32,
        ts,
        url,
        source: random.pick(&["crawler", "monitor"]),
    })
}
