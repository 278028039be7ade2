//! One code under watch: what is kept of it, and the two phases of an hour.
//!
//! Decides: which facts are evidence, in which order things happen at the close of an hour.
//! Must not know: other codes, except through the market.

use promoguard_event::{EventTime, Hour};
use serde::{Deserialize, Serialize};

use crate::click_watch::{self, ClickHabit, FloodTrack, Referred};
use crate::decision::Notes;
use crate::eprocess::{BetDay, Bets};
use crate::expected::{Expected, partner_hash};
use crate::facts::{AttemptFact, HourOfCode};
use crate::hosts::{HostClass, classify_host_here};
use crate::market::Market;
use crate::marks::{KINDS, RATIO_CLICKS, RATIO_FLOOD, Share};
use crate::order_time::ClickClock;
use crate::prepare::permitted_hosts;
use crate::profile::Profile;
use crate::reading::{Reading, read_attempt};
use crate::reference::OwnReference;
use crate::settings::DetectSettings;
use crate::shop::{amount_bin, week_bin};
use crate::stable::stable_hash;
use crate::sums::{HourSums, ShopId, ShopSums, bump};
use crate::suspect::Suspect;

/// First visits from known coupon sites, and their share, from which clicks are heard by themselves.
const COUPON_VISITS_MIN: f64 = 10.0;
/// See [`COUPON_VISITS_MIN`].
const COUPON_VISITS_SHARE: f64 = 0.15;
/// First visits of one code and hour that count in its shop's volume.
const VISITS_MAX: u32 = 200;

/// One code's state: small while it is clean.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CodeWatch {
    pub(crate) own: OwnReference,
    pub(crate) clock: ClickClock,
    pub(crate) orders: [Bets; KINDS],
    pub(crate) clicks: Bets,
    pub(crate) order_day: BetDay,
    pub(crate) click_day: BetDay,
    pub(crate) suspect: Option<Box<Suspect>>,
    pub(crate) flood: Option<Box<FloodTrack>>,
    pub(crate) notes: Option<Box<Notes>>,
    /// (fingerprint, hour) of the customers of the last day.
    pub(crate) customers: Vec<(u32, i32)>,
    /// What it shows lately, while it has orders.
    pub(crate) profile: Option<Box<Profile>>,
    pub(crate) habit: ClickHabit,
    /// Where its last order was placed.
    pub(crate) shop: ShopId,
    pub(crate) peak_at_ms: i64,
    pub(crate) peak_db: f32,
    /// Score of the label-free core, decibans.
    pub(crate) last_db: f32,
    /// Score that is told of the code, by whichever layer says more, decibans.
    pub(crate) told_db: f32,
    pub(crate) clicks_seen: u32,
    pub(crate) coupon_clicks: u32,
    pub(crate) accepted: u32,
    /// Orders of the current day, evidential or not.
    pub(crate) orders_today: u32,
    pub(crate) last_step: i32,
    pub(crate) partner: u32,
    pub(crate) discount: u32,
    pub(crate) discount_changed_day: u16,
    pub(crate) episodes: u16,
    pub(crate) flood_episodes: u16,
}

impl CodeWatch {
    /// Phase 1: what this code adds to the market's sums of the hour. The market is as of the
    /// hours before.
    pub fn summarise(
        &mut self,
        settings: &DetectSettings,
        market: &Market,
        facts: &HourOfCode<'_>,
        sums: &mut HourSums,
    ) {
        self.catch_up(settings, facts);
        let partner = partner_hash(facts.entry, facts.code.as_str());
        for attempt in facts.attempts.iter().filter(|attempt| !attempt.rejected) {
            if let Some(customer) = attempt.customer {
                sums.customers.push((customer, partner));
            }
            if let Some(host) = attempt.referrer.as_deref()
                && classify_host_here(settings, host) == HostClass::Other
            {
                sums.hosts.push((stable_hash(host.as_bytes()), partner));
            }
        }
        if self.is_quarantined(settings) {
            let orders = facts.attempts.iter().filter(|attempt| !attempt.rejected);
            let orders = orders.count() as f64;
            if orders > 0.0 {
                sums.suspects.push(partner);
                let shop = sums.shops.entry(self.shop_of(facts)).or_default();
                let counted = orders.min(settings.code_day_weight_max);
                shop.suspect_orders += crate::stable::to_units(counted);
            }
            return;
        }
        self.summarise_orders(settings, market, facts, sums);
        self.summarise_clicks(settings, market, facts, sums);
    }

    fn summarise_orders(
        &self,
        settings: &DetectSettings,
        market: &Market,
        facts: &HourOfCode<'_>,
        sums: &mut HourSums,
    ) {
        let mut expected: Option<(ShopId, Expected<'_>)> = None;
        let permitted = permitted_hosts(facts.entry, self.notes.as_deref());
        for (at, (attempt, counts)) in facts
            .attempts
            .iter()
            .zip(self.countable(settings, facts))
            .enumerate()
        {
            if !counts {
                continue;
            }
            let shop = ShopId::of(&attempt.merchant, attempt.marketplace.as_deref());
            if expected.as_ref().is_none_or(|(id, _)| *id != shop) {
                expected = Some((shop, self.expected(settings, market, facts, shop)));
            }
            let (_, expected) = expected.as_ref().expect("it was just made");
            let intensity = self.intensity(settings, facts, expected, attempt);
            let reading = read_attempt(expected, attempt, &permitted, intensity);
            let nth = f64::from(self.orders_today) + at as f64 + 1.0;
            let weight = (settings.code_day_weight_max / nth).min(1.0);
            add_order(
                sums.shops.entry(shop).or_default(),
                attempt,
                &reading,
                weight,
            );
        }
    }

    fn summarise_clicks(
        &self,
        settings: &DetectSettings,
        market: &Market,
        facts: &HourOfCode<'_>,
        sums: &mut HourSums,
    ) {
        if facts.clicks.clicks == 0 {
            return;
        }
        let shop = self.shop_of(facts);
        let permitted = permitted_hosts(facts.entry, self.notes.as_deref());
        let referred = Referred::of(settings, facts.clicks, &permitted);
        let to = sums.shops.entry(shop).or_default();
        if referred.all() > 0 {
            let all = f64::from(referred.all());
            let weight = all.min(click_watch::CLICK_WEIGHT_MAX);
            let share = |count: u32| f64::from(count) / all * weight;
            to.share_of(Share::ClickCoupon as usize, share(referred.coupon), weight);
            to.share_of(
                Share::ClickUnknown as usize,
                share(referred.unknown),
                weight,
            );
            let view = market.view(settings, shop, facts.hour);
            let honest = self.click_shares(settings, &view);
            let ratios = click_watch::click_ratios(settings, honest);
            let ratio = click_watch::mean_ratio(referred, &ratios);
            to.ratio(RATIO_CLICKS, ratio, weight);
        }
        let people = facts.clicks.first_visits.saturating_sub(facts.clicks.bots);
        to.visits += crate::stable::to_units(f64::from(people.min(VISITS_MAX)));
        let usual = self.clock.usual_per_hour(facts.hour.index());
        let habit = &self.habit;
        if let Some(flood) = click_watch::read_flood(settings, facts.clicks, habit, usual) {
            to.ratio(RATIO_FLOOD, flood.ratio, 1.0);
        }
    }

    /// True when the hour must be judged though nothing happened to the code.
    pub fn wants_step(&self, hour: Hour) -> bool {
        let open = self
            .suspect
            .as_ref()
            .is_some_and(|suspect| suspect.open.is_some())
            || self
                .flood
                .as_ref()
                .is_some_and(|track| track.open.is_some());
        open && hour.index() - self.last_step >= 24
    }

    /// Score in decibans as of the last judged hour, by whichever layer says more; `None` before
    /// any evidence.
    pub fn score(&self) -> Option<f64> {
        self.has_evidence().then_some(f64::from(self.told_db))
    }

    /// Score of the learned judge when it last looked, in decibans.
    pub(crate) fn learned_db(&self, settings: &DetectSettings) -> f64 {
        let profile = self.profile.as_ref().filter(|_| settings.learned);
        profile
            .and_then(|profile| profile.learned_margin)
            .map_or(f64::NEG_INFINITY, |margin| {
                settings.judge.model().score_db(f64::from(margin)) - settings.learned_reserve_db
            })
    }

    /// What is heard of the label-free core's score: where the learned judge has looked, what orders
    /// say may lead it by so much and no more.
    pub(crate) fn heard(&self, settings: &DetectSettings, core_db: f64) -> f64 {
        let learned_db = self.learned_db(settings);
        if learned_db == f64::NEG_INFINITY {
            return core_db;
        }
        let led_db = core_db.min(learned_db.max(0.0) + settings.core_lead_db);
        // Visitors from known coupon sites speak for themselves, and the learned judge, which looks
        // at orders, hardly sees them. Unknown hosts have honest reasons enough.
        let coupon = f64::from(self.coupon_clicks);
        let listed = coupon >= COUPON_VISITS_MIN
            && coupon >= COUPON_VISITS_SHARE * f64::from(self.clicks_seen);
        if listed {
            led_db.max(self.clicks_alone_db(settings).min(core_db))
        } else {
            led_db
        }
    }

    /// Highest score so far and when it was reached; `None` before any evidence.
    pub fn peak(&self) -> Option<(f64, EventTime)> {
        self.has_evidence().then(|| {
            (
                f64::from(self.peak_db),
                EventTime::from_millis(self.peak_at_ms),
            )
        })
    }

    /// Bytes of this code's state, what it points to included.
    pub fn memory_bytes(&self) -> usize {
        let pairs = self.customers.capacity() * size_of::<(u32, i32)>();
        let suspect = self.suspect.as_ref().map_or(0, |suspect| {
            size_of::<Suspect>() + suspect.ring.capacity() * size_of::<crate::onset::RingOrder>()
        });
        let flood = self.flood.as_ref().map_or(0, |_| size_of::<FloodTrack>());
        let notes = self.notes.as_ref().map_or(0, |_| size_of::<Notes>());
        let profile = self.profile.as_ref().map_or(0, |_| size_of::<Profile>());
        size_of::<CodeWatch>() + pairs + suspect + flood + notes + profile
    }

    /// Whether an episode of the leak track is open.
    pub fn episode_open(&self) -> bool {
        self.suspect
            .as_ref()
            .is_some_and(|suspect| suspect.open.is_some())
    }
}

/// Adds one order to its shop's sums.
fn add_order(to: &mut ShopSums, attempt: &AttemptFact, reading: &Reading, weight: f64) {
    for (index, seen) in reading.memory.shares.iter().enumerate() {
        if let Some(yes) = seen {
            to.share(index, *yes, weight);
        }
    }
    for (index, ratio) in reading.ratio.iter().enumerate() {
        to.ratio(index, *ratio, weight);
    }
    if attempt.rejected {
        return;
    }
    if let Some(mix) = reading.memory.mix {
        for (kept, part) in to.mix.iter_mut().zip(mix) {
            *kept += crate::stable::to_units(part * weight);
        }
    }
    to.orders += crate::stable::to_units(weight);
    bump(&mut to.hours, week_bin(attempt.ts.hour()) as u8, weight);
    bump(&mut to.baskets, amount_bin(attempt.amount), weight);
    if let Some(city) = attempt.city {
        bump(&mut to.cities, city, weight);
    }
}
