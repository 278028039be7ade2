//! The closed set of things that an order or a click can show, and what leaks show of them.
//!
//! Decides: which shares are counted, which signals exist, and the beliefs about each kind of
//! leak. A wrong belief costs power, never honesty: it is a bet against the reference.
//! Must not know: any particular code or shop.

use serde::{Deserialize, Serialize};

/// Stories that an order can be evidence for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Kind {
    Site,
    Extension,
    Insider,
}

impl Kind {
    pub(crate) const ALL: [Kind; KINDS] = [Kind::Site, Kind::Extension, Kind::Insider];
}

/// How many kinds of [`Kind`] there are.
pub(crate) const KINDS: usize = 3;

/// Ratios whose mean over the honest codes is watched: the kinds, click referrers, click floods.
pub(crate) const RATIOS: usize = KINDS + 2;
/// Index of the click referrers among the ratios.
pub(crate) const RATIO_CLICKS: usize = KINDS;
/// Index of the click floods among the ratios.
pub(crate) const RATIO_FLOOD: usize = KINDS + 1;

/// A yes-or-no mark whose share is kept for every shop and code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    /// Pasted by an extension or script.
    Auto,
    /// The checkout came from a coupon host.
    CouponReferrer,
    /// The checkout came from a social network or messenger.
    SocialReferrer,
    /// No click id, and the code did not come with a link.
    Cold,
    /// Under a minute from click to order.
    TooFast,
    /// Not the first order with the shop.
    Returning,
    /// The customer used another partner's code recently.
    Hopper,
    /// The customer used this partner's code before.
    Repeat,
    /// The attempt was refused.
    Rejected,
    /// A first-visit click from a coupon host.
    ClickCoupon,
    /// A first-visit click from a host nobody knows.
    ClickUnknown,
    /// An order that carried a click id, among all: coverage.
    HasClickId,
    /// An order that carried a referrer, among all: coverage.
    HasReferrer,
    /// The customer used codes of two other partners or more lately.
    Hunter,
    /// The customer used a code lately that was under suspicion then.
    Tainted,
}

/// How many [`Share`]s there are.
pub(crate) const SHARES: usize = 15;
/// The first so many are also kept for each code; the rest is the shop's.
pub(crate) const OWN_SHARES: usize = 11;

impl Share {
    pub(crate) const ALL: [Share; SHARES] = [
        Share::Auto,
        Share::CouponReferrer,
        Share::SocialReferrer,
        Share::Cold,
        Share::TooFast,
        Share::Returning,
        Share::Hopper,
        Share::Repeat,
        Share::Rejected,
        Share::ClickCoupon,
        Share::ClickUnknown,
        Share::HasClickId,
        Share::HasReferrer,
        Share::Hunter,
        Share::Tainted,
    ];

    /// Share expected of an honest order before anything is known of the deployment; judgement,
    /// soon outweighed (`deployment_pseudo`).
    pub(crate) const fn prior(self) -> f64 {
        match self {
            Share::Auto => 0.02,
            Share::CouponReferrer => 0.01,
            Share::SocialReferrer => 0.5,
            Share::Cold => 0.35,
            Share::TooFast => 0.02,
            Share::Returning => 0.5,
            Share::Hopper => 0.08,
            Share::Repeat => 0.08,
            Share::Rejected => 0.05,
            Share::ClickCoupon => 0.01,
            Share::ClickUnknown => 0.08,
            Share::HasClickId | Share::HasReferrer => 0.5,
            Share::Hunter => 0.02,
            Share::Tainted => 0.02,
        }
    }

    /// Marks that hardly any honest order shows: a code's own habit excuses little of them.
    pub(crate) const fn is_hard(self) -> bool {
        matches!(
            self,
            Share::Auto | Share::CouponReferrer | Share::ClickCoupon | Share::Rejected
        )
    }

    /// Whether a fall of the share, not a rise, looks like a leak.
    pub(crate) const fn falls_in_a_leak(self) -> bool {
        matches!(self, Share::SocialReferrer)
    }
}

/// What leaked orders of a kind show of a mark.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Belief {
    /// The kind says nothing of the mark.
    Silent,
    /// This share, whatever the shop.
    Fixed(f64),
    /// The shop's own share, with the odds moved up by this many natural logarithms: how many
    /// customers return depends on the shop, that leaks bring more of them does not.
    AboveShop(f64),
}

/// The belief about one kind and mark. Starting points of `docs/detection.md`.
pub(crate) const fn belief(kind: Kind, share: Share) -> Belief {
    use Belief::{AboveShop, Fixed, Silent};
    match (share, kind) {
        (Share::Auto, Kind::Site) => Fixed(0.10),
        (Share::Auto, Kind::Extension) => Fixed(0.70),
        (Share::CouponReferrer, Kind::Site) => Fixed(0.35),
        (Share::CouponReferrer, Kind::Extension) => Fixed(0.15),
        (Share::SocialReferrer, Kind::Site) => Fixed(0.05),
        (Share::SocialReferrer, Kind::Extension) => Fixed(0.12),
        (Share::Cold, _) => Fixed(0.90),
        (Share::TooFast, Kind::Extension) => Fixed(0.20),
        (Share::Returning, Kind::Site | Kind::Extension) => AboveShop(1.1),
        (Share::Returning, Kind::Insider) => AboveShop(0.7),
        (Share::Hopper, Kind::Site | Kind::Extension) => AboveShop(1.3),
        (Share::Hopper, Kind::Insider) => AboveShop(0.9),
        (Share::Repeat, Kind::Insider) => AboveShop(1.3),
        (Share::Rejected, Kind::Site) => Fixed(0.15),
        (Share::Rejected, Kind::Extension) => Fixed(0.30),
        _ => Silent,
    }
}

/// Weight of the audience's geography by kind: staff sit where the shop sells, a site's readers
/// anywhere.
pub(crate) const fn city_weight(kind: Kind) -> f64 {
    match kind {
        Kind::Site | Kind::Extension => 1.0,
        Kind::Insider => 0.5,
    }
}

/// A line of the explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    AutoEntry,
    Referrer,
    Cold,
    TooFast,
    Returning,
    Hopper,
    RepeatCustomer,
    OffAudience,
    Basket,
    OrderTime,
    Rejected,
    Sighting,
    ClickReferrer,
    /// Division by what the market shows now; not a signal.
    Market,
    /// The bounds of one order; not a signal.
    Limit,
}

/// Every name that an item of `evidence[]` can have: what observes, then the arithmetic.
pub fn evidence_names() -> impl Iterator<Item = &'static str> {
    const ARITHMETIC: [&str; 5] = ["prior", "mixture", "agreement", "persistence", "scale"];
    const LEARNED: [&str; 3] = ["volume", "e_detector", "context"];
    const FLOOD: [&str; 2] = ["click_growth", "click_composition"];
    let signals = Signal::ALL.into_iter().map(Signal::name);
    signals.chain(FLOOD).chain(LEARNED).chain(ARITHMETIC)
}

/// How many [`Signal`]s there are.
pub(crate) const SIGNALS: usize = 15;
/// Those of them that observe something.
pub(crate) const OBSERVING: usize = 13;

impl Signal {
    pub(crate) const ALL: [Signal; SIGNALS] = [
        Signal::AutoEntry,
        Signal::Referrer,
        Signal::Cold,
        Signal::TooFast,
        Signal::Returning,
        Signal::Hopper,
        Signal::RepeatCustomer,
        Signal::OffAudience,
        Signal::Basket,
        Signal::OrderTime,
        Signal::Rejected,
        Signal::Sighting,
        Signal::ClickReferrer,
        Signal::Market,
        Signal::Limit,
    ];

    /// The observing signal of a name.
    pub(crate) fn named(name: &str) -> Option<Signal> {
        let mut observing = Signal::ALL.into_iter().take(OBSERVING);
        observing.find(|signal| signal.name() == name)
    }

    /// Marks that hardly any honest order shows speak for themselves; the others must agree.
    pub(crate) const fn is_soft(self) -> bool {
        matches!(
            self,
            Signal::Cold
                | Signal::TooFast
                | Signal::Returning
                | Signal::Hopper
                | Signal::RepeatCustomer
                | Signal::OffAudience
                | Signal::Basket
                | Signal::OrderTime
        )
    }

    /// The name in `evidence[]`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Signal::AutoEntry => "auto_entry",
            Signal::Referrer => "referrer",
            Signal::Cold => "cold",
            Signal::TooFast => "too_fast",
            Signal::Returning => "returning",
            Signal::Hopper => "hopper",
            Signal::RepeatCustomer => "repeat_customer",
            Signal::OffAudience => "off_audience",
            Signal::Basket => "basket",
            Signal::OrderTime => "order_time",
            Signal::Rejected => "rejected",
            Signal::Sighting => "sighting",
            Signal::ClickReferrer => "click_referrer",
            Signal::Market => "market",
            Signal::Limit => "limit",
        }
    }
}

/// What a list of signals may hold, in the words of a refusal.
pub(crate) const SIGNALS_RULE: &str = "must be of auto_entry, referrer, cold, too_fast, returning, \
    hopper, repeat_customer, off_audience, basket, order_time, rejected, sighting, click_referrer";

/// Why a signal says nothing; the words of `evidence[]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Silence {
    /// It spoke.
    None,
    NoField,
    NotCarried,
    TrackingDown,
    Offline,
    NoClicksYet,
    TooYoung,
    PostExpected,
    DiscountChanged,
    ClickFlood,
    NeverSeen,
    NotExpected,
    Public,
    SwitchedOff,
}

/// A signal of which the learned judge was told nothing lately.
pub(crate) const NOT_TOLD: &str = "no recent order tells it";

/// Every reason for which a signal can be silent.
pub fn silence_reasons() -> impl Iterator<Item = &'static str> {
    let reasons = Silence::ALL.into_iter().map(Silence::why);
    reasons.chain([NOT_TOLD])
}

impl Silence {
    /// All of them but [`Silence::None`].
    const ALL: [Silence; 13] = [
        Silence::NoField,
        Silence::NotCarried,
        Silence::TrackingDown,
        Silence::Offline,
        Silence::NoClicksYet,
        Silence::TooYoung,
        Silence::PostExpected,
        Silence::DiscountChanged,
        Silence::ClickFlood,
        Silence::NeverSeen,
        Silence::NotExpected,
        Silence::Public,
        Silence::SwitchedOff,
    ];

    pub(crate) const fn why(self) -> &'static str {
        match self {
            Silence::None => "",
            Silence::NoField => "the orders do not carry the field",
            Silence::NotCarried => "hardly any order of this shop carries it",
            Silence::TrackingDown => {
                "the shop's orders stopped carrying it: tracking seems to be down"
            }
            Silence::Offline => "the code is spoken or printed, orders without clicks are normal",
            Silence::NoClicksYet => "too few clicks are known for this code",
            Silence::TooYoung => "too little history",
            Silence::PostExpected => "a post was announced for this time",
            Silence::DiscountChanged => "the discount changed recently",
            Silence::ClickFlood => "the clicks look made up",
            Silence::NeverSeen => "never seen in this shop",
            Silence::Public => "the brand lets coupon sites show this code",
            Silence::NotExpected => "nothing of the kind arrived",
            Silence::SwitchedOff => "switched off in the settings",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_names_every_observing_signal_and_no_other() {
        let names: Vec<&str> = Signal::ALL[..OBSERVING].iter().map(|s| s.name()).collect();
        assert_eq!(SIGNALS_RULE, format!("must be of {}", names.join(", ")));
        assert_eq!(Signal::named("hopper"), Some(Signal::Hopper));
        assert_eq!(Signal::named("market"), None);
    }
}
