//! Which codes leak in an era, through whom, and who sees it.
//!
//! Sources (sites, extensions, channels) have habits of their own and list several codes of a shop at
//! about the same time.

use crate::cascades::Cascades;
use crate::cascades::cast::add_referrer;
use crate::cascades::chance::{Subject, chance};
use crate::cascades::leaked::LEAKED;
use crate::cascades::leaks::{Course, Flood, Group, Leak, Listed, Messages, Rota, listed_after};
use crate::cascades::sources::{KINDS, Source, draw_blend, draw_weakness, pick};
use crate::draft::{NO_REFERRER, ReferrerId};
use crate::random::Random;
use crate::stage::{Sighting, Stage};
use crate::time::{DAY_MS, days_ms, hours_ms};
use crate::truth::{CodeTruth, HonestLookalike, LeakKind, TruthEvent};
use crate::world::Answers;

/// The stretch of time in which a leak is planned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Era {
    pub(crate) number: u64,
    pub(crate) from: i64,
    pub(crate) until: i64,
}

/// A source that lists codes of a shop.
#[derive(Clone, Copy, Debug)]
struct Listing {
    source: usize,
    onset: i64,
    number: u64,
    referrer: ReferrerId,
}

impl Cascades {
    /// Plans the leaks and floods that begin in `era`, and the sightings of them.
    pub(crate) fn plot(&mut self, stage: &mut Stage, answers: &mut Answers, era: Era) {
        let settings = self.settings.clone();
        let mix = settings.leak_mix;
        let weights = [
            mix.coupon_site,
            mix.extension,
            mix.insider_or_community,
            mix.deal_channel,
        ];
        let mut listings: Vec<Vec<Listing>> = vec![Vec::new(); stage.merchants.len()];
        for code in 0..self.codes.len() {
            let mut random = chance(settings.seed, Subject::Era, era.number, code as u64);
            // Drawn for every code, so that what one code becomes does not depend on what it was.
            let leaks = random.chance(settings.leak_share);
            let flooded = random.chance(settings.click_flood_share);
            let kind = random.weighted(&weights);
            let state = &self.codes[code];
            let live = Era {
                from: era.from.max(state.starts_at),
                until: era.until.min(state.ends_at),
                ..era
            };
            if live.from >= live.until {
                continue;
            }
            let clicks_per_hour = state.rates.events_per_hour;
            let (leaking, flooding) = (state.leak.is_some(), state.flood.is_some());
            let truth = &mut answers.truths[code];
            if leaks && !leaking {
                let kind = suitable(kind, truth);
                let of_shop = &mut listings[state.shop as usize];
                let (leak, source) = self.draw_leak(kind, code, live, of_shop, stage, &mut random);
                truth.source = source;
                let seen = random.chance(self.nature.leaks.sighting_share);
                if seen && matches!(leak.kind, LeakKind::CouponSite | LeakKind::DealChannel) {
                    let sighting = see_leak(&leak, code, stage, &mut random);
                    answers.sightings.push(sighting);
                }
                tell(truth, &leak);
                self.codes[code].leak = Some(Box::new(leak));
            } else {
                let share = self.nature.leaks.honest_sighting_share;
                let seen = see_innocence(share, truth, stage, code, live, &mut random);
                answers.sightings.extend(seen);
            }
            if flooded && !flooding {
                let span = (live.from, live.until);
                let scale = settings.volume_scale;
                let flood = Flood::draw(span, clicks_per_hour, scale, &mut random);
                tell_flood(&mut answers.truths[code], &flood);
                self.codes[code].flood = Some(Box::new(flood));
            }
        }
    }

    /// A leak within `live`, of that kind unless the code joins a listing, and the word for its source.
    fn draw_leak(
        &self,
        kind: usize,
        code: usize,
        live: Era,
        of_shop: &mut Vec<Listing>,
        stage: &mut Stage,
        random: &mut Random,
    ) -> (Leak, Option<String>) {
        let settings = &self.settings;
        let day_one = random.chance(settings.from_day_one_share);
        let stops = random.chance(settings.stops_share);
        let stops_after = random.range(0.2, 0.85);
        let mut leak = self.fate(day_one, live, random);
        let mut word = None;
        if KINDS[kind] == LeakKind::InsiderOrCommunity {
            self.close_circle(&mut leak, kind, code, random);
        } else {
            let joined = self.joined(of_shop, code, stage, random);
            let joined = joined.filter(|_| !day_one);
            let listing = joined.unwrap_or_else(|| {
                let new = self.open_listing(kind, code, leak.onset, live, stage, random);
                of_shop.push(new);
                new
            });
            let source = &self.sources[listing.source];
            if joined.is_some() {
                // A message names several codes at once; a page fills up over days.
                let onset = match KINDS[source.kind] {
                    LeakKind::DealChannel => listing.onset,
                    _ => listed_after(listing.onset, random),
                };
                leak.onset = onset.clamp(live.from, live.until - 1);
            }
            self.list(&mut leak, listing, random);
            word = Some(source.name.clone());
        }
        if stops {
            let left = (live.until - leak.onset) as f64;
            leak.until = leak.onset + ((left * stops_after) as i64).max(DAY_MS / 2);
        }
        (leak, word)
    }

    /// When a leak begins, how large it gets and how fast; the rest is yet to be said.
    fn fate(&self, day_one: bool, live: Era, random: &mut Random) -> Leak {
        let (settings, habits) = (&self.settings, &self.nature.leaks);
        let ramps = random.chance(settings.slow_ramp_share) && !day_one;
        let growth_ms = days_ms(random.range(7.0, 40.0));
        let span = (live.until - live.from) as f64;
        let after = (span * random.range(0.1, 0.88)) as i64;
        // The logarithm wants a positive size.
        const SIZE_LEAST: f64 = 1e-3;
        Leak {
            kind: LeakKind::InsiderOrCommunity,
            onset: live.from + if day_one { 0 } else { after },
            until: i64::MAX,
            size: random.log_uniform(
                settings.leak_size_min.max(SIZE_LEAST),
                settings.leak_size_max.max(SIZE_LEAST),
            ),
            growth_ms: if ramps { growth_ms } else { 0 },
            course: Course::Steady,
            blend: [0.0; LEAKED.len()],
            weak: 0.0,
            referrer: NO_REFERRER,
            referrer_share: 0.0,
            group: None,
            day_shape: habits.day_shape * random.log_normal(1.0, 0.3),
        }
    }

    /// Makes it the leak of a closed group.
    fn close_circle(&self, leak: &mut Leak, kind: usize, code: usize, random: &mut Random) {
        let (seed, habits) = (self.settings.seed, &self.nature.leaks);
        leak.blend = draw_blend(kind, &self.segments, habits, random);
        leak.weak = draw_weakness(habits, random);
        let members = random
            .log_normal(habits.group_members, 0.6)
            .clamp(4.0, 120.0);
        leak.group = Some(Group {
            seed: random.next_u64(),
            members: members as u64,
            segment: pick(&leak.blend, random) as u8,
            bought: 0,
            turn: 0,
        });
        leak.course = if random.chance(habits.rota_share) {
            Course::Rota(Box::new(Rota::new(seed, code as u64)))
        } else {
            /// Keeps the messages of groups apart from those of listings.
            const GROUPS: u64 = 1 << 63;
            let own = GROUPS | code as u64;
            Course::Messages(Box::new(Messages::new(seed, own, habits, leak.onset)))
        };
    }

    /// Makes it the leak of a listing's source.
    fn list(&self, leak: &mut Leak, listing: Listing, random: &mut Random) {
        let source = &self.sources[listing.source];
        leak.kind = KINDS[source.kind];
        leak.blend = source.blend;
        leak.weak = (source.weak * random.range(0.7, 1.25)).min(0.97);
        leak.referrer = listing.referrer;
        leak.referrer_share = source.referrer_share;
        leak.course = self.course(source, listing);
    }

    /// A listing of the shop that the code joins: whoever lists one code of a shop looks for others.
    fn joined(
        &self,
        of_shop: &[Listing],
        code: usize,
        stage: &Stage,
        random: &mut Random,
    ) -> Option<Listing> {
        let permitted = !stage.cards[code].entry.permitted_hosts.is_empty();
        let open: Vec<Listing> = of_shop
            .iter()
            .filter(|listing| {
                let kind = KINDS[self.sources[listing.source].kind];
                !(permitted && kind == LeakKind::CouponSite)
            })
            .copied()
            .collect();
        let joins = random.chance(self.nature.leaks.join_share) && !open.is_empty();
        joins.then(|| random.pick(&open))
    }

    fn course(&self, source: &Source, listing: Listing) -> Course {
        let (seed, habits) = (self.settings.seed, &self.nature.leaks);
        let Listing { number, onset, .. } = listing;
        if KINDS[source.kind] == LeakKind::DealChannel {
            Course::Messages(Box::new(Messages::new(seed, number, habits, onset)))
        } else if source.relists {
            Course::OnOff(Box::new(Listed::new(seed, number, habits, onset)))
        } else {
            Course::Steady
        }
    }

    fn open_listing(
        &self,
        kind: usize,
        code: usize,
        onset: i64,
        live: Era,
        stage: &mut Stage,
        random: &mut Random,
    ) -> Listing {
        let of_kind: Vec<usize> = (0..self.sources.len())
            .filter(|&source| self.sources[source].kind == kind)
            .collect();
        let source = random.pick(&of_kind);
        let name = &self.sources[source].name;
        let merchant = &stage.merchants[self.codes[code].shop as usize].name;
        let page = match KINDS[kind] {
            LeakKind::CouponSite => Some(format!("https://{name}/store/{merchant}")),
            LeakKind::DealChannel => Some(name.clone()),
            _ => None,
        };
        Listing {
            source,
            onset,
            number: live.number << 32 | code as u64,
            referrer: page.map_or(NO_REFERRER, |page| add_referrer(stage, &page)),
        }
    }
}

/// A page of codes that is itself the partner cannot leak to such pages.
fn suitable(kind: usize, truth: &CodeTruth) -> usize {
    let is_partner = truth.honest_lookalike == Some(HonestLookalike::CouponPartner);
    if is_partner && KINDS[kind] == LeakKind::CouponSite {
        2
    } else {
        kind
    }
}

fn tell(truth: &mut CodeTruth, leak: &Leak) {
    truth.kind = Some(leak.kind);
    truth.onset = Some(leak.onset);
    truth.end = (leak.until != i64::MAX).then_some(leak.until);
    truth.leak_size = leak.size;
    if leak.growth_ms > 0 {
        truth.note(TruthEvent {
            kind: "leak_ramp",
            at: leak.onset,
            until: Some(leak.onset + leak.growth_ms),
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

fn see_leak(leak: &Leak, code: usize, stage: &Stage, random: &mut Random) -> Sighting {
    let page = &stage.referrers[leak.referrer as usize];
    // Some pages name the code itself.
    let url = if random.chance(0.3) && page.contains("/store/") {
        format!("{page}?c={code}")
    } else {
        page.clone()
    };
    Sighting {
        code: code as u32,
        ts: leak.onset + hours_ms(random.log_normal(30.0, 1.3)),
        url,
        source: random.pick(&["crawler", "crawler", "monitor", "analyst"]),
    }
}

/// Honest codes are seen in public too: on the partner's own pages, and rarely elsewhere.
fn see_innocence(
    share: f64,
    truth: &CodeTruth,
    stage: &Stage,
    code: usize,
    live: Era,
    random: &mut Random,
) -> Option<Sighting> {
    let card = &stage.cards[code];
    let url = match card.entry.permitted_hosts.first() {
        Some(host) if random.chance(0.5) => format!("https://{host}/store/{}", truth.merchant),
        None if random.chance(share) => {
            let own = format!("https://t.me/s/author_{:05}", card.partner);
            let blog = format!("https://author-{:05}.example/partners", card.partner);
            if random.chance(0.6) { own } else { blog }
        }
        _ => return None,
    };
    Some(Sighting {
        code: code as u32,
        ts: random.range_ms(live.from, live.until),
        url,
        source: random.pick(&["crawler", "monitor"]),
    })
}
