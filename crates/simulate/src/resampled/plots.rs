//! Which codes leak in an era, through whom, and who sees it.

use crate::programme::names::DEAL_CHANNELS;
use crate::random::{Random, Stream};
use crate::resampled::Resampled;
use crate::resampled::cast::add_referrer;
use crate::resampled::floods::Flood;
use crate::resampled::leaks::Leak;
use crate::stage::{Sighting, Stage};
use crate::time::{DAY_MS, HOUR_MS, hours_ms};
use crate::truth::{CodeTruth, HonestLookalike, LeakKind, TruthEvent};
use crate::world::Answers;

const KINDS: [LeakKind; 4] = [
    LeakKind::CouponSite,
    LeakKind::Extension,
    LeakKind::InsiderOrCommunity,
    LeakKind::DealChannel,
];

/// A site, extension or channel, numbered among those of its kind.
#[derive(Clone, Copy, Debug)]
struct Source {
    kind: LeakKind,
    place: usize,
    onset: i64,
    digest: u64,
}

/// Helpers of the browser; invented.
static EXTENSIONS: [&str; 4] = [
    "sypaty-demo",
    "kodosha-demo",
    "best-cart-demo",
    "aq-tenge-demo",
];

impl Resampled {
    /// Plans the leaks and floods that begin between `from` and `until`, era number `era`.
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
        let mut sources: Vec<Vec<Source>> = vec![Vec::new(); self.shops.len()];
        for number in 0..self.codes.len() {
            let mut random = Random::of(self.settings.seed, Stream::Era, era, number as u64);
            // Drawn for every code, so that what one code becomes does not depend on what it was.
            let leaks = random.chance(self.settings.leak_share);
            let flooded = random.chance(self.settings.click_flood_share);
            let kind = KINDS[random.weighted(&weights)];
            let truth = &mut answers.truths[number];
            let code = &self.codes[number];
            let live = (from.max(code.starts_at), until.min(code.ends_at));
            if live.0 >= live.1 {
                continue;
            }
            let seen = if leaks && code.leak.is_none() {
                let kind = suitable(kind, truth);
                let mut leak = Leak::draw(kind, &self.settings, &self.habits, live, &mut random);
                let of_shop = &mut sources[code.shop as usize];
                self.place(stage, truth, of_shop, &mut leak, number, live, &mut random);
                tell(truth, &leak);
                let seen = self.see_leak(stage, &leak, number, &mut random);
                self.codes[number].leak = Some(leak);
                seen
            } else {
                self.see_innocence(stage, truth, number, live, &mut random)
            };
            answers.sightings.extend(seen);
            let code = &mut self.codes[number];
            if flooded && code.flood.is_none() {
                let clicks = code.orders_per_day * self.settings.clicks_per_order / 24.0;
                let scale = self.settings.volume_scale;
                let flood = Flood::draw(&self.habits, live, clicks, scale, &mut random);
                tell_flood(&mut answers.truths[number], &flood);
                code.flood = Some(flood);
            }
        }
    }

    /// Gives the leak a door, which may be open to other codes of the shop already.
    #[allow(
        clippy::too_many_arguments,
        reason = "all of it decides together where a leak is published"
    )]
    fn place(
        &self,
        stage: &mut Stage,
        truth: &mut CodeTruth,
        of_shop: &mut Vec<Source>,
        leak: &mut Leak,
        code: usize,
        (from, until): (i64, i64),
        random: &mut Random,
    ) {
        let places = &self.habits.places;
        let known: Vec<Source> = of_shop
            .iter()
            .filter(|source| source.kind == leak.kind)
            .copied()
            .collect();
        let joins = !known.is_empty() && random.chance(places.joins_listing);
        let source = if joins {
            let source = random.pick(&known);
            let later = if leak.kind == LeakKind::DealChannel {
                0
            } else {
                random.range_ms(0, hours_ms(places.listing_hours)) / HOUR_MS * HOUR_MS
            };
            leak.onset = (source.onset + later).clamp(from, until - 1);
            leak.until = leak.until.max(leak.onset.saturating_add(DAY_MS));
            source
        } else {
            let place = match leak.kind {
                LeakKind::CouponSite => random.weighted(&self.site_weights),
                LeakKind::DealChannel => random.index(DEAL_CHANNELS.len()),
                _ => random.index(EXTENSIONS.len()),
            };
            let source = Source {
                kind: leak.kind,
                place,
                onset: leak.onset,
                digest: code as u64,
            };
            of_shop.push(source);
            source
        };
        match leak.kind {
            LeakKind::CouponSite => {
                let host = self.sites[source.place].0;
                leak.thief.named = self.sites[source.place].1;
                leak.referrer =
                    add_referrer(stage, &format!("https://{host}/shops/{}", truth.merchant));
                truth.source = Some(host.to_owned());
            }
            LeakKind::DealChannel => {
                let channel = DEAL_CHANNELS[source.place];
                leak.referrer = add_referrer(stage, channel);
                leak.write(self.settings.seed, &self.habits, source.digest);
                truth.source = Some(channel.to_owned());
            }
            LeakKind::Extension => truth.source = Some(EXTENSIONS[source.place].to_owned()),
            LeakKind::InsiderOrCommunity | LeakKind::ClickFlood => {}
        }
    }

    /// Some public leaks are found by a crawler, a monitoring service or an analyst, days after they began.
    fn see_leak(
        &self,
        stage: &Stage,
        leak: &Leak,
        code: usize,
        random: &mut Random,
    ) -> Option<Sighting> {
        let places = &self.habits.places;
        let public = matches!(leak.kind, LeakKind::CouponSite | LeakKind::DealChannel);
        if !public || !random.chance(places.leak_seen) {
            return None;
        }
        let (median, sigma) = places.leak_seen_hours;
        Some(Sighting {
            code: code as u32,
            ts: leak.onset + hours_ms(random.log_normal(median, sigma)),
            url: stage.referrers[leak.referrer as usize].clone(),
            source: random.pick(&["crawler", "monitor", "analyst"]),
        })
    }

    /// Honest codes are seen in public too: where the partner is the public place, and by mistake.
    fn see_innocence(
        &self,
        stage: &Stage,
        truth: &CodeTruth,
        code: usize,
        (from, until): (i64, i64),
        random: &mut Random,
    ) -> Option<Sighting> {
        let places = &self.habits.places;
        let url = match stage.cards[code].entry.permitted_hosts.first() {
            Some(host) if random.chance(places.permitted_seen) => {
                format!("https://{host}/shops/{}", truth.merchant)
            }
            None if random.chance(places.honest_seen) => "https://t.me/s/vitrina_demo".to_owned(),
            _ => return None,
        };
        Some(Sighting {
            code: code as u32,
            ts: random.range_ms(from, until),
            url,
            source: random.pick(&["crawler", "monitor"]),
        })
    }
}

/// A coupon page that is itself the partner cannot leak to coupon pages.
fn suitable(kind: LeakKind, truth: &CodeTruth) -> LeakKind {
    let is_partner = truth.honest_lookalike == Some(HonestLookalike::CouponPartner);
    match kind {
        LeakKind::CouponSite if is_partner => LeakKind::InsiderOrCommunity,
        kind => kind,
    }
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
