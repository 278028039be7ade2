//! What an honest order of one code, in one shop, at one hour would show.
//!
//! Decides: the reference of every mark, and which marks are silent for the code as a whole.
//! Must not know: any order.

use promoguard_event::{CodeEntry, Hour};

use crate::market::{Market, ShopView, day_of};
use crate::marks::{OWN_SHARES, SHARES, Share, Silence};
use crate::order_time::expected_mix;
use crate::reference::{MIXES, OwnReference};
use crate::settings::DetectSettings;
use crate::stable::{logit, sigmoid, stable_hash};

/// Standing facts of a code that decide what its orders can say.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Standing {
    /// Spoken or printed, by the registry or by its history.
    pub(crate) offline: bool,
    /// Too few clicks were ever seen.
    pub(crate) clicks_unknown: bool,
    /// A post was announced for about now.
    pub(crate) post_expected: bool,
    /// The discount changed recently.
    pub(crate) discount_changed: bool,
    /// The clicks are probably made up.
    pub(crate) clicks_made_up: bool,
    /// The brand lets coupon sites show the code: buyers who look like a leak's are normal, and
    /// only places that were not allowed say anything.
    pub(crate) public: bool,
    /// An analyst called the code's own behaviour legitimate: its habits excuse everything.
    pub(crate) trusted: bool,
}

/// References of one code × shop × hour.
#[derive(Debug)]
pub(crate) struct Expected<'a> {
    pub(crate) settings: &'a DetectSettings,
    pub(crate) market: &'a Market,
    pub(crate) view: ShopView<'a>,
    pub(crate) own: &'a OwnReference,
    pub(crate) standing: Standing,
    /// Honest share of each mark.
    pub(crate) share: [f64; SHARES],
    /// What the shop's orders show of each mark now.
    pub(crate) shop_now: [f64; SHARES],
    /// The shop's slow share of each mark.
    pub(crate) shop_share: [f64; SHARES],
    pub(crate) silence: [Silence; SHARES],
    pub(crate) mix: [f64; MIXES],
    pub(crate) home_city: Option<u64>,
    pub(crate) partner: u32,
    pub(crate) day: u16,
}

impl<'a> Expected<'a> {
    pub(crate) fn new(
        settings: &'a DetectSettings,
        market: &'a Market,
        view: ShopView<'a>,
        own: &'a OwnReference,
        standing: Standing,
        hour: Hour,
    ) -> Expected<'a> {
        let shop_share = view.slow_shares();
        let shop_now = Share::ALL.map(|share| {
            let slow = shop_share[share as usize];
            sigmoid(logit(slow) + view.shift(share, slow))
        });
        let share = Share::ALL.map(|share| {
            let slow = shop_share[share as usize];
            honest_share(settings, &view, own, standing.trusted, share, slow)
        });
        Expected {
            settings,
            market,
            view,
            own,
            standing,
            share,
            shop_now,
            shop_share,
            silence: silences(settings, market, &view, standing, hour),
            mix: expected_mix(settings, &view, own),
            home_city: None,
            partner: 0,
            day: day_of(hour),
        }
    }

    /// Adds what the registry says of the partner.
    pub(crate) fn for_partner(mut self, entry: Option<&CodeEntry>, code: &str) -> Expected<'a> {
        self.partner = partner_hash(entry, code);
        self.home_city = entry
            .and_then(|entry| entry.city.as_deref())
            .and_then(crate::stable::city_hash);
        self
    }
}

/// What honest first visits of one code, in one shop, at one hour come from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClickShares {
    /// Share from coupon hosts.
    pub(crate) coupon: f64,
    /// Share from hosts that nobody knows.
    pub(crate) unknown: f64,
}

impl ClickShares {
    pub(crate) fn new(
        settings: &DetectSettings,
        view: &ShopView<'_>,
        own: &OwnReference,
        trusted: bool,
    ) -> ClickShares {
        let slow = view.slow_shares();
        let honest =
            |share: Share| honest_share(settings, view, own, trusted, share, slow[share as usize]);
        ClickShares {
            coupon: honest(Share::ClickCoupon),
            unknown: honest(Share::ClickUnknown),
        }
    }
}

/// The code's own share of a mark, moved as the shop's moves now.
fn honest_share(
    settings: &DetectSettings,
    view: &ShopView<'_>,
    own: &OwnReference,
    trusted: bool,
    share: Share,
    slow: f64,
) -> f64 {
    let shifted = own_log_odds(settings, own, trusted, share, slow) + view.shift(share, slow);
    sigmoid(shifted).clamp(0.005, 0.98)
}

/// The number that stands for the partner of a code; a code nobody issued is its own partner.
pub(crate) fn partner_hash(entry: Option<&CodeEntry>, code: &str) -> u32 {
    let name = entry.map_or(code, |entry| &entry.partner_id);
    // 0 means "free" in the tables.
    (stable_hash(name.as_bytes()) as u32).max(1)
}

/// The code's own share in log odds: shrunk to the shop's, and never far from it.
fn own_log_odds(
    settings: &DetectSettings,
    own: &OwnReference,
    trusted: bool,
    share: Share,
    slow: f64,
) -> f64 {
    let index = share as usize;
    let (yes, of) = match index < OWN_SHARES {
        true => (f64::from(own.yes[index]), f64::from(own.of[index])),
        false => (0.0, 0.0),
    };
    let pseudo = settings.own_pseudo;
    let shrunk = logit((yes + pseudo * slow) / (of + pseudo));
    let bound = libm::log(match share.is_hard() {
        true => settings.own_odds_hard_max,
        false => settings.own_odds_soft_max,
    });
    let middle = logit(slow);
    let bound = if trusted { f64::INFINITY } else { bound };
    shrunk.clamp(middle - bound, middle + bound)
}

fn silences(
    settings: &DetectSettings,
    market: &Market,
    view: &ShopView<'_>,
    standing: Standing,
    hour: Hour,
) -> [Silence; SHARES] {
    let clicks_carried = view.coverage(Share::HasClickId) >= settings.coverage_min;
    Share::ALL.map(|share| match share {
        Share::Auto
        | Share::Cold
        | Share::TooFast
        | Share::Returning
        | Share::Hopper
        | Share::Repeat
            if standing.public =>
        {
            Silence::Public
        }
        Share::Cold | Share::TooFast if !clicks_carried => Silence::NotCarried,
        Share::Cold if standing.offline => Silence::Offline,
        Share::Cold if standing.clicks_unknown => Silence::NoClicksYet,
        Share::Cold | Share::TooFast if view.tracking_is_down() => Silence::TrackingDown,
        Share::CouponReferrer | Share::SocialReferrer
            if view.coverage(Share::HasReferrer) < settings.coverage_min =>
        {
            Silence::NotCarried
        }
        Share::Returning if standing.discount_changed => Silence::DiscountChanged,
        Share::Returning if !view.knows(Share::Returning) => Silence::TooYoung,
        Share::Hopper | Share::Repeat if market.age_days(hour) < settings.hopper_young_days => {
            Silence::TooYoung
        }
        Share::Rejected if !view.seen(Share::Rejected) => Silence::NeverSeen,
        _ => Silence::None,
    })
}
