//! One order (or refused attempt) against its references.
//!
//! Decides: the log likelihood ratio of each kind of leak, mark by mark. Must not know: earlier
//! orders of the code, or what the ratios add up to.

use promoguard_event::CodeEntryMode;

use crate::expected::Expected;
use crate::facts::AttemptFact;
use crate::features::TRAIT_SIGNALS;
use crate::hosts::{HostClass, classify_host_here, matches_any};
use crate::marks::{
    Belief, KINDS, Kind, OBSERVING, SHARES, Share, Signal, Silence, belief, city_weight,
};
use crate::order_time::read_time;
use crate::profile::{LEANINGS, TRAITS, Trait};
use crate::reference::{BASKET_BINS, OrderMemory};
use crate::shop::amount_bin;
use crate::stable::{logit, sigmoid, stable_hash};

/// Pseudo-orders of the shop's places in a code's own places.
const CITY_PSEUDO: f64 = 8.0;
/// Pseudo-orders at the partner's city in the registry.
const HOME_PSEUDO: f64 = 4.0;
/// Pseudo-orders of the shop's baskets in a code's own.
const BASKET_PSEUDO: f64 = 10.0;
/// Share below which an honest mark counts as this: nothing is impossible.
const SHARE_FLOOR: f64 = 0.01;
/// Weight of a host that only looks like a coupon site.
const PATTERN_WEIGHT: f64 = 0.5;

/// What one order says.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    /// Log ratio by kind and signal.
    pub(crate) logs: [[f64; OBSERVING]; KINDS],
    /// Observed and expected by signal, where it spoke.
    pub(crate) seen: [Option<(f64, f64)>; OBSERVING],
    pub(crate) silence: [Silence; OBSERVING],
    /// What the order showed of each trait, where it was told.
    pub(crate) traits: [Option<Trait>; TRAITS],
    /// How much more the order leans to a leak than to the code: place, basket, shop hours,
    /// office hours; logs.
    pub(crate) leaning: [f64; LEANINGS],
    /// Bounded likelihood ratio by kind.
    pub(crate) ratio: [f64; KINDS],
    /// What enters the code's history.
    pub(crate) memory: OrderMemory,
    /// A host worth naming to people: (known coupon site).
    pub(crate) host_counts: Option<bool>,
}

/// Reads an attempt. `permitted`: hosts that the brand allows. `intensity`: recent clicks against
/// the usual, `None` when they say nothing.
pub(crate) fn read_attempt(
    expected: &Expected<'_>,
    attempt: &AttemptFact,
    permitted: &[&str],
    intensity: Option<f64>,
) -> Reading {
    let mut reading = Reading {
        logs: [[0.0; OBSERVING]; KINDS],
        seen: [None; OBSERVING],
        silence: [Silence::NoField; OBSERVING],
        traits: [None; TRAITS],
        leaning: [0.0; LEANINGS],
        ratio: [1.0; KINDS],
        memory: OrderMemory {
            shares: [None; SHARES],
            basket: None,
            hour_of_day: attempt.ts.hour().index().rem_euclid(24) as u8,
            mix: None,
            ratio: [1.0; KINDS],
            city: attempt.city,
            rejected: attempt.rejected,
        },
        host_counts: None,
    };
    let past = attempt.customer.map(|customer| {
        let days = expected.settings.hopper_days as u16;
        expected
            .market
            .hopper
            .past(customer, expected.partner, expected.day, days, |partner| {
                expected.market.is_suspect(partner, expected.day)
            })
    });
    reading.note_share(
        expected,
        Signal::Rejected,
        Share::Rejected,
        Some(attempt.rejected),
    );
    let auto = attempt.entry.map(|entry| entry == CodeEntryMode::Auto);
    reading.note_share(expected, Signal::AutoEntry, Share::Auto, auto);
    reading.note_referrer(expected, attempt, permitted);
    // A refused attempt is only an attempt: what its buyer is like was not decided by him.
    if !attempt.rejected {
        let cold = !attempt.has_click_id && attempt.entry != Some(CodeEntryMode::Link);
        reading.note_share(expected, Signal::Cold, Share::Cold, Some(cold));
        let too_fast = attempt
            .click_ts
            .map(|click| (0..60_000).contains(&attempt.ts.millis_since(click)));
        reading.note_share(expected, Signal::TooFast, Share::TooFast, too_fast);
        let returning = attempt.new_customer.map(|new| !new);
        reading.note_share(expected, Signal::Returning, Share::Returning, returning);
        let hopper = past.map(|past| past.other_partners > 0);
        reading.note_share(expected, Signal::Hopper, Share::Hopper, hopper);
        let repeat = past.map(|past| past.same_partner_before);
        reading.note_share(expected, Signal::RepeatCustomer, Share::Repeat, repeat);
        if let Some(past) = past {
            reading.note_company(expected, Share::Hunter, past.other_partners > 1);
            reading.note_company(expected, Share::Tainted, past.tainted);
        }
        reading.memory.shares[Share::HasClickId as usize] = Some(attempt.has_click_id);
        reading.memory.shares[Share::HasReferrer as usize] = Some(attempt.referrer.is_some());
        reading.note_city(expected, attempt.city);
        reading.note_basket(expected, attempt.amount);
        reading.note_time(expected, attempt, intensity);
    }
    reading.switch_off(expected.settings);
    reading.close(expected);
    reading
}

impl Reading {
    fn note_share(
        &mut self,
        expected: &Expected<'_>,
        signal: Signal,
        share: Share,
        seen: Option<bool>,
    ) {
        self.memory.shares[share as usize] = seen;
        let Some(yes) = seen else { return };
        let silence = expected.silence[share as usize];
        self.silence[signal as usize] = silence;
        if silence != Silence::None {
            return;
        }
        let honest = expected.share[share as usize].max(SHARE_FLOOR);
        self.note_trait(expected, share, share as usize, yes);
        for kind in Kind::ALL {
            if let Some(leaked) = leaked_share(expected, kind, share, honest) {
                self.logs[kind as usize][signal as usize] = log_ratio(yes, leaked, honest);
            }
        }
        self.seen[signal as usize] = Some((f64::from(u8::from(yes)), honest));
    }

    /// A trait for the learned judge.
    fn note_trait(&mut self, expected: &Expected<'_>, share: Share, index: usize, yes: bool) {
        let at = share as usize;
        self.traits[index] = Some(Trait {
            yes,
            own: expected.share[at].clamp(SHARE_FLOOR, 0.99),
            shop: expected.shop_now[at].clamp(SHARE_FLOOR, 0.99),
        });
    }

    /// Whose codes the customer used besides: what the shop's customers do, not one code's.
    fn note_company(&mut self, expected: &Expected<'_>, share: Share, yes: bool) {
        self.memory.shares[share as usize] = Some(yes);
        if expected.silence[Share::Hopper as usize] == Silence::None {
            // The last two traits are these two.
            let index = TRAITS - (SHARES - share as usize);
            self.note_trait(expected, share, index, yes);
        }
    }

    /// Coupon host, social host or any other: one draw from three, not two marks.
    fn note_referrer(
        &mut self,
        expected: &Expected<'_>,
        attempt: &AttemptFact,
        permitted: &[&str],
    ) {
        let Some(host) = attempt.referrer.as_deref() else {
            return;
        };
        if matches_any(host, permitted) {
            self.silence[Signal::Referrer as usize] = Silence::None;
            return;
        }
        let class = classify_host_here(expected.settings, host);
        let novel = class == HostClass::Other
            && expected.market.hosts.acts_like_coupons(
                expected.settings,
                stable_hash(host.as_bytes()),
                expected.day,
                expected.market.first_day(),
            );
        let coupon = class.is_coupon() || novel;
        let social = class.is_audience();
        self.memory.shares[Share::CouponReferrer as usize] = Some(coupon);
        self.memory.shares[Share::SocialReferrer as usize] = Some(social);
        if coupon {
            self.host_counts = Some(class.is_coupon());
        } else if class == HostClass::Other {
            self.host_counts = Some(false);
        }
        let silence = expected.silence[Share::CouponReferrer as usize];
        self.silence[Signal::Referrer as usize] = silence;
        if silence != Silence::None {
            return;
        }
        if expected.standing.public && !coupon {
            // Whoever does not come from the audience came through the allowed sites.
            return;
        }
        for (share, yes) in [
            (Share::CouponReferrer, coupon),
            (Share::SocialReferrer, social),
        ] {
            self.note_trait(expected, share, share as usize, yes);
        }
        let honest_coupon = expected.share[Share::CouponReferrer as usize].max(SHARE_FLOOR);
        let honest_social = expected.share[Share::SocialReferrer as usize]
            .min(0.95 - honest_coupon)
            .max(0.02);
        let honest_rest = 1.0 - honest_coupon - honest_social;
        let weight = if class == HostClass::CouponLike || novel {
            PATTERN_WEIGHT
        } else {
            1.0
        };
        for kind in [Kind::Site, Kind::Extension] {
            let (leaked_coupon, leaked_social) =
                leaked_referrers(kind, honest_coupon, honest_social);
            let leaked_rest = 1.0 - leaked_coupon - leaked_social;
            self.logs[kind as usize][Signal::Referrer as usize] = if coupon {
                weight * libm::log(leaked_coupon / honest_coupon)
            } else if social {
                libm::log(leaked_social / honest_social)
            } else {
                libm::log(leaked_rest / honest_rest)
            };
        }
        self.seen[Signal::Referrer as usize] = Some((f64::from(u8::from(coupon)), honest_coupon));
    }

    /// Leaked orders come from where the shop sells, honest ones from where the audience lives.
    fn note_city(&mut self, expected: &Expected<'_>, city: Option<u64>) {
        let Some(city) = city else { return };
        let at = Signal::OffAudience as usize;
        if expected.standing.public {
            self.silence[at] = Silence::Public;
            return;
        }
        let Some(shop) = expected.view.city_share(city) else {
            self.silence[at] = Silence::TooYoung;
            return;
        };
        self.silence[at] = Silence::None;
        let cities = &expected.own.cities;
        let all = f64::from(cities.all);
        let home_pseudo = if expected.home_city.is_some() {
            HOME_PSEUDO
        } else {
            0.0
        };
        let at_home = if expected.home_city == Some(city) {
            home_pseudo
        } else {
            0.0
        };
        let named = cities.count_of(city);
        let elsewhere = if named > 0.0 {
            0.0
        } else {
            (all - cities.known()).max(0.0) * shop
        };
        let own =
            (named + elsewhere + at_home + CITY_PSEUDO * shop) / (all + home_pseudo + CITY_PSEUDO);
        let settings = expected.settings;
        let bound = settings.city_log_max;
        let log = (settings.city_weight * libm::log(shop / own)).clamp(-bound, bound);
        for kind in Kind::ALL {
            self.logs[kind as usize][at] = city_weight(kind) * log;
        }
        let home_share = (cities.known() + home_pseudo) / (all + home_pseudo + CITY_PSEUDO);
        let away = f64::from(u8::from(own <= shop));
        self.seen[at] = Some((away, 1.0 - home_share));
    }

    /// Leaked baskets are the shop's, honest ones the code's.
    fn note_basket(&mut self, expected: &Expected<'_>, amount: i128) {
        let at = Signal::Basket as usize;
        let known = expected
            .view
            .basket_fifth(amount_bin(amount))
            .zip(expected.view.fifth_shares());
        let Some((fifth, shop)) = known else {
            self.silence[at] = Silence::TooYoung;
            return;
        };
        self.memory.basket = Some(fifth);
        if expected.standing.public {
            self.silence[at] = Silence::Public;
            return;
        }
        if expected.standing.discount_changed {
            self.silence[at] = Silence::DiscountChanged;
            return;
        }
        self.silence[at] = Silence::None;
        let own_orders: f64 = expected.own.basket.iter().map(|n| f64::from(*n)).sum();
        let own_share = |fifth: usize| {
            (f64::from(expected.own.basket[fifth]) + BASKET_PSEUDO * shop[fifth].max(0.02))
                / (own_orders + BASKET_PSEUDO)
        };
        let fifth = usize::from(fifth);
        let settings = expected.settings;
        let bound = settings.basket_log_max;
        let log = settings.basket_weight * libm::log(shop[fifth].max(0.02) / own_share(fifth));
        for kind in Kind::ALL {
            self.logs[kind as usize][at] = log.clamp(-bound, bound);
        }
        let middle = |fifth: usize| (fifth as f64 + 0.5) / BASKET_BINS as f64;
        let usual: f64 = (0..BASKET_BINS)
            .map(|fifth| own_share(fifth) * middle(fifth))
            .sum();
        self.seen[at] = Some((middle(fifth), usual));
    }

    fn note_time(
        &mut self,
        expected: &Expected<'_>,
        attempt: &AttemptFact,
        intensity: Option<f64>,
    ) {
        let at = Signal::OrderTime as usize;
        let standing = expected.standing;
        let time = read_time(
            expected.settings,
            &expected.view,
            expected.own,
            &expected.mix,
            attempt.ts,
            intensity,
        );
        // Only orders that could follow clicks teach what orders follow.
        self.memory.mix = intensity.map(|_| time.mix);
        self.silence[at] = if standing.public {
            Silence::Public
        } else if standing.post_expected {
            Silence::PostExpected
        } else if standing.offline {
            Silence::Offline
        } else {
            Silence::None
        };
        if self.silence[at] != Silence::None {
            return;
        }
        for kind in Kind::ALL {
            self.logs[kind as usize][at] = time.logs[kind as usize];
        }
        self.seen[at] = Some(match intensity {
            Some(_) => (time.mix[0], time.expected_mix[0]),
            None => (time.mix[1], time.expected_mix[1]),
        });
    }

    /// Takes out what the settings do not listen to; what the order teaches stays.
    fn switch_off(&mut self, settings: &crate::DetectSettings) {
        for signal in settings
            .signals_off
            .iter()
            .filter_map(|name| Signal::named(name))
        {
            let at = signal as usize;
            for logs in &mut self.logs {
                logs[at] = 0.0;
            }
            self.seen[at] = None;
            self.silence[at] = Silence::SwitchedOff;
            for (seen, name) in self.traits.iter_mut().zip(TRAIT_SIGNALS) {
                if name == signal.name() {
                    *seen = None;
                }
            }
            if signal == Signal::Referrer {
                self.host_counts = None;
            }
        }
    }

    fn close(&mut self, expected: &Expected<'_>) {
        let site = &self.logs[Kind::Site as usize];
        self.leaning = [
            site[Signal::OffAudience as usize],
            site[Signal::Basket as usize],
            site[Signal::OrderTime as usize],
            self.logs[Kind::Insider as usize][Signal::OrderTime as usize],
        ];
        for kind in Kind::ALL {
            let log: f64 = self.logs[kind as usize].iter().sum();
            self.ratio[kind as usize] = bounded_ratio(expected.settings, log);
        }
        self.memory.ratio = self.ratio;
    }
}

/// e^log inside the bounds of one order.
pub(crate) fn bounded_ratio(settings: &crate::DetectSettings, log: f64) -> f64 {
    libm::exp(log.clamp(settings.order_log_min, settings.order_log_max))
        .min(settings.order_ratio_max)
}

fn log_ratio(yes: bool, leaked: f64, honest: f64) -> f64 {
    if yes {
        libm::log(leaked / honest)
    } else {
        libm::log((1.0 - leaked) / (1.0 - honest))
    }
}

/// The share a leak would show; `None` where the kind is silent or the honest share is as high:
/// then the absence of the mark would be evidence, and that is no bet we hold.
fn leaked_share(expected: &Expected<'_>, kind: Kind, share: Share, honest: f64) -> Option<f64> {
    let leaked = match belief(kind, share) {
        Belief::Silent => return None,
        Belief::Fixed(leaked) => leaked,
        Belief::AboveShop(log_odds) => {
            sigmoid(logit(expected.shop_share[share as usize]) + log_odds)
        }
    };
    (leaked > honest).then_some(leaked)
}

fn leaked_referrers(kind: Kind, honest_coupon: f64, honest_social: f64) -> (f64, f64) {
    let fixed = |share| match belief(kind, share) {
        Belief::Fixed(leaked) => leaked,
        Belief::Silent | Belief::AboveShop(_) => honest_social,
    };
    let coupon = fixed(Share::CouponReferrer).max(honest_coupon);
    let social = fixed(Share::SocialReferrer)
        .min(honest_social)
        .min(0.98 - coupon);
    (coupon, social.max(0.01))
}
