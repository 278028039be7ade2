//! Which codes leak in an era, where to, how strongly, and who sees it.
//!
//! Decides plans only: what comes of them follows from who looks there.

use crate::agents::Agents;
use crate::agents::events::{Event, What};
use crate::agents::floods::Flood;
use crate::agents::leaks::{Form, Leak};
use crate::agents::names::{EXTENSIONS, SITES};
use crate::agents::places::{Listing, Spot};
use crate::random::{Random, Stream};
use crate::stage::{Sighting, Stage};
use crate::time::{DAY_MS, days_ms, hours_ms};
use crate::truth::{CodeTruth, HonestLookalike, LeakKind, TruthEvent};
use crate::world::Answers;

/// What a listing brings besides its own buyers: they come back with the code, and tell friends.
const BESIDES: f64 = 1.2;

/// What has been plotted in this era: sites list several codes of a shop, channels post digests.
#[derive(Default)]
struct Plotted {
    /// Shop, spot, onset.
    listings: Vec<(u32, Spot, i64)>,
    /// Channel, onset.
    messages: Vec<(u8, i64)>,
}

const KINDS: [LeakKind; 4] = [
    LeakKind::CouponSite,
    LeakKind::Extension,
    LeakKind::InsiderOrCommunity,
    LeakKind::DealChannel,
];

impl Agents {
    /// Plans the leaks and floods that begin within `from..until`, era number `era`.
    pub(super) fn plot(
        &mut self,
        stage: &mut Stage,
        answers: &mut Answers,
        (from, until): (i64, i64),
        era: u64,
    ) {
        let mix = self.settings.leak_mix;
        let weights = [
            mix.coupon_site,
            mix.extension,
            mix.insider_or_community,
            mix.deal_channel,
        ];
        let mut plotted = Plotted::default();
        for number in 0..self.codes.len() as u32 {
            let mut random = Random::of(
                self.settings.seed,
                Stream::Era,
                1 << 40 | era,
                number.into(),
            );
            let random = &mut random;
            // Drawn for every code, so that what one becomes does not depend on what it was.
            let leaks = random.chance(self.settings.leak_share);
            let flooded = random.chance(self.settings.click_flood_share);
            let kind = KINDS[random.weighted(&weights)];
            let code = &self.codes[number as usize];
            let live = (from.max(code.starts_at), until.min(code.ends_at));
            if live.0 >= live.1 {
                continue;
            }
            let truth = &mut answers.truths[number as usize];
            if leaks && code.leak.is_none() {
                let kind = suitable(kind, truth);
                let sighting =
                    self.begin_leak(stage, truth, (number, kind), live, &mut plotted, random);
                answers.sightings.extend(sighting);
            } else {
                answers
                    .sightings
                    .extend(see_innocence(stage, number, live, random));
            }
            if flooded && self.codes[number as usize].flood.is_none() {
                self.begin_flood(&mut answers.truths[number as usize], number, live, random);
            }
        }
    }

    fn begin_leak(
        &mut self,
        stage: &mut Stage,
        truth: &mut CodeTruth,
        (number, kind): (u32, LeakKind),
        live: (i64, i64),
        plotted: &mut Plotted,
        random: &mut Random,
    ) -> Option<Sighting> {
        let mut leak = self.draw_leak(number, kind, live, random);
        let mut per_day = leak.per_day;
        let shop = self.codes[number as usize].shop;
        let page = match kind {
            LeakKind::CouponSite | LeakKind::Extension => {
                let spot = self.choose_spot(kind, shop, &mut leak, live, plotted, random);
                // As much as the places have visitors for.
                per_day = self.list(number, spot, &leak, random);
                let (source, page) = match spot {
                    Spot::Site(site) => {
                        let page = self.places.page(site, shop, stage);
                        (SITES[usize::from(site)].0, Some(page))
                    }
                    Spot::Extension(extension) => {
                        (self.places.extensions[usize::from(extension)].name, None)
                    }
                };
                truth.source = Some(source.to_owned());
                page
            }
            LeakKind::DealChannel => {
                let channel = self.choose_channel(&mut leak, live, &mut plotted.messages, random);
                let channel = &self.places.channels[usize::from(channel)];
                truth.source = Some(channel.text.to_owned());
                let page = channel.referrer;
                self.schedule(Event::of_code(leak.onset, number, What::Messages));
                Some(page)
            }
            LeakKind::InsiderOrCommunity | LeakKind::ClickFlood => {
                self.gather_circle(number, &mut leak, random);
                None
            }
        };
        truth.kind = Some(leak.kind);
        truth.onset = Some(leak.onset);
        truth.end = (leak.until != i64::MAX).then_some(leak.until);
        truth.leak_size = per_day / self.codes[number as usize].pace;
        let seen = page.filter(|_| random.chance(self.habits.sighting_share));
        let sighting = seen.map(|page| Sighting {
            code: number,
            ts: leak.onset + hours_ms(random.log_normal(50.0, 1.3)),
            url: stage.referrers[page as usize].clone(),
            source: random.pick(&["crawler", "monitor", "analyst"]),
        });
        self.codes[number as usize].leak = Some(leak);
        sighting
    }

    fn draw_leak(
        &self,
        number: u32,
        kind: LeakKind,
        (from, until): (i64, i64),
        random: &mut Random,
    ) -> Leak {
        let settings = &self.settings;
        let day_one = random.chance(settings.from_day_one_share);
        let span = (until - from) as f64;
        let onset = if day_one {
            from
        } else {
            from + (span * random.range(0.1, 0.85)) as i64
        };
        let ramps = !day_one && random.chance(settings.slow_ramp_share);
        let left = (until - onset) as f64;
        let ends = if random.chance(settings.stops_share) {
            onset + (left * random.range(0.2, 0.85)) as i64
        } else {
            i64::MAX
        };
        let (low, high) = (
            settings.leak_size_min.max(1e-3),
            settings.leak_size_max.max(1e-3),
        );
        Leak {
            kind,
            onset,
            until: ends,
            ramp_ms: if ramps {
                days_ms(random.range(7.0, 35.0))
            } else {
                0
            },
            per_day: random.log_uniform(low, high) * self.codes[number as usize].pace,
            form: Form::Listed,
            gap_days: 1.0,
        }
    }

    /// Mostly where another code of the shop is listed already, about the same time.
    fn choose_spot(
        &self,
        kind: LeakKind,
        shop: u32,
        leak: &mut Leak,
        (from, until): (i64, i64),
        plotted: &mut Plotted,
        random: &mut Random,
    ) -> Spot {
        let of_kind = |spot: &Spot| matches!(spot, Spot::Site(_)) == (kind == LeakKind::CouponSite);
        let known: Vec<(Spot, i64)> = plotted
            .listings
            .iter()
            .filter(|(at, spot, _)| *at == shop && of_kind(spot))
            .map(|&(_, spot, onset)| (spot, onset))
            .collect();
        if !known.is_empty() && random.chance(0.6) {
            let (spot, onset) = random.pick(&known);
            if leak.onset > from {
                // Whoever lists one looks for more, within days.
                let shifted = onset + random.range_ms(0, 4 * DAY_MS);
                let lasts = leak.until.saturating_sub(leak.onset);
                leak.onset = shifted.clamp(from, until - 1);
                leak.until = if leak.until == i64::MAX {
                    i64::MAX
                } else {
                    leak.onset + lasts.max(DAY_MS)
                };
            }
            return spot;
        }
        let spot = if kind == LeakKind::CouponSite {
            // Less popular sites are many.
            Spot::Site(if random.chance(0.5) {
                self.places.popularity.draw(random)
            } else {
                random.index(SITES.len()) as u8
            })
        } else {
            Spot::Extension(random.weighted(&EXTENSIONS.map(|extension| extension.1)) as u8)
        };
        plotted.listings.push((shop, spot, leak.onset));
        spot
    }

    /// Puts the code up so that it should bring what it is meant to: where one place has too few visitors,
    /// others copy it. Returns the orders a day to expect.
    fn list(&mut self, number: u32, first: Spot, leak: &Leak, random: &mut Random) -> f64 {
        let code = &self.codes[number as usize];
        let (shop, ends_at) = (code.shop, code.ends_at);
        let bought = self.market.purchases[shop as usize];
        // Dead codes stay up for a while.
        let dropped = ends_at.saturating_add(days_ms(random.range(0.0, 12.0)));
        let copied = random.chance(self.habits.copy_share);
        let mut wanted = leak.per_day / BESIDES;
        let mut expected = 0.0;
        let spots = spots_from(first, random);
        for (copies, spot) in spots.into_iter().enumerate() {
            let visits = (bought * self.places.traffic.per_intention(spot)).max(1e-9);
            let room = self.places.room(shop, spot, leak.onset);
            let share_here = if copied && copies == 0 { 0.7 } else { 1.0 };
            let attention = (wanted * share_here / visits).min(room);
            if attention <= 0.0 {
                continue;
            }
            let delay = if copies == 0 {
                0
            } else {
                random.range_ms(DAY_MS / 2, 8 * DAY_MS)
            };
            let delay = if leak.onset <= self.settings.start {
                delay / 16
            } else {
                delay
            };
            self.places.list(
                shop,
                Listing {
                    spot,
                    code: number,
                    from: leak.onset + delay,
                    until: leak.until.min(dropped),
                    ramp_ms: leak.ramp_ms,
                    attention,
                    permitted: false,
                },
                self.hour.from,
            );
            expected += attention * visits;
            wanted -= attention * visits;
            if wanted * BESIDES < 0.05 * leak.per_day {
                break;
            }
        }
        expected * BESIDES
    }

    fn begin_flood(
        &mut self,
        truth: &mut CodeTruth,
        number: u32,
        live: (i64, i64),
        random: &mut Random,
    ) {
        let code = &mut self.codes[number as usize];
        let usual = code.clickers / code.posts.gap_days / 24.0;
        let flood = Flood::draw(live, usual.max(0.02), self.settings.volume_scale, random);
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
        code.flood = Some(flood);
    }
}

/// The first spot and those that may copy it.
fn spots_from(first: Spot, random: &mut Random) -> Vec<Spot> {
    const COPIES_MAX: usize = 6;
    let (count, number) = match first {
        Spot::Site(site) => (SITES.len(), usize::from(site)),
        Spot::Extension(extension) => (EXTENSIONS.len(), usize::from(extension)),
    };
    let step = 1 + 2 * random.index(count / 2);
    let mut spots: Vec<Spot> = Vec::new();
    for copy in 0..count.min(COPIES_MAX) {
        let at = ((number + copy * step) % count) as u8;
        let spot = match first {
            Spot::Site(_) => Spot::Site(at),
            Spot::Extension(_) => Spot::Extension(at),
        };
        if !spots.contains(&spot) {
            spots.push(spot);
        }
    }
    spots
}

/// A coupon page that is itself the partner cannot leak to coupon pages.
fn suitable(kind: LeakKind, truth: &CodeTruth) -> LeakKind {
    let is_partner = truth.honest_lookalike == Some(HonestLookalike::CouponPartner);
    match kind {
        LeakKind::CouponSite if is_partner => LeakKind::InsiderOrCommunity,
        kind => kind,
    }
}

/// Honest codes are seen in public too: where the partner is the public place, and by mistake.
fn see_innocence(
    stage: &Stage,
    number: u32,
    (from, until): (i64, i64),
    random: &mut Random,
) -> Option<Sighting> {
    let host = stage.cards[number as usize].entry.permitted_hosts.first();
    let url = match host {
        Some(host) if random.chance(0.5) => format!("https://{host}/"),
        None if random.chance(0.012) => "https://t.me/s/obzor_blogerov_demo".to_owned(),
        _ => return None,
    };
    Some(Sighting {
        code: number,
        ts: random.range_ms(from, until),
        url,
        source: random.pick(&["crawler", "monitor"]),
    })
}
