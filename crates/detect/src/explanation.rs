//! Why a code is flagged, or why it is not: what the judge holds of it at one hour, told apart.
//!
//! Decides: what such an account contains. Changes nothing: the account is made of a copy that
//! lives through what lies between its last hour and the one asked about, as the judge itself
//! would. Must not know: words or languages.

use promoguard_event::{
    Code, CodeEntry, Decimal, EventTime, Evidence, Exposure, Flag, FlagKind, Hour, Onset,
    TopReferrer, Track, flag_id,
};

use crate::episode::OpenEpisode;
use crate::explain::{flood_evidence, leak_evidence, top_referrers};
use crate::facts::{ClickFacts, HourOfCode};
use crate::features::{ORDERS_MIN, TRAIT_SIGNALS};
use crate::market::Market;
use crate::marks::{NOT_TOLD, Share, Signal, Silence};
use crate::settings::DetectSettings;
use crate::stable::decibans;
use crate::watch::CodeWatch;

/// An account of one code at the close of one hour.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The last hour that it knows.
    pub hour: Hour,
    /// The score at which a flag opens, in decibans.
    pub threshold_db: f64,
    /// The label-free core.
    pub core: Layer,
    /// Whether the settings ask the learned judge at all.
    pub learned_is_on: bool,
    /// The learned judge; `None` where it has nothing to look at.
    pub learned: Option<Layer>,
    /// What the learned judge said when it last looked: it does when there are orders.
    pub learned_last_db: Option<f64>,
    /// Evidence of the core for each story by itself, in decibans.
    pub stories: [(Story, f64); 4],
    /// Signals that said nothing, and why.
    pub abstained: Vec<(&'static str, &'static str)>,
    /// The highest score so far, in decibans, and when it was reached.
    pub peak: Option<(f64, EventTime)>,
    /// The episode of the leak track that is open.
    pub open: Option<Episode>,
    /// Episodes of the leak track so far.
    pub episodes: u32,
    /// Made-up clicks, where there were hours that looked like it.
    pub flood: Option<Flood>,
    /// Which story explains the evidence best.
    pub kind: FlagKind,
    /// When a leak would have begun, if there is one; `None` for a code without any suspicion.
    pub onset: Option<Onset>,
    /// What a leak would have cost, if there is one.
    pub exposure: Option<Exposure>,
    /// Hosts of its checkouts since it came under suspicion.
    pub top_referrers: Vec<TopReferrer>,
    /// How much is known of the code.
    pub history: History,
    /// What makes evidence of this code weigh less, or differently.
    pub circumstances: Vec<Circumstance>,
    /// What keeps it from being flagged; empty for one that is.
    pub lacking: Vec<Lack>,
    /// Its last orders, oldest first, where it is under suspicion.
    pub orders: Vec<LeakedOrder>,
}

/// One layer's score and what it is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The score in decibans; the sum of the items where there are any.
    pub score_db: f64,
    /// By signal. The core keeps it only of codes under suspicion.
    pub evidence: Vec<Evidence>,
}

/// What the core bets on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Story {
    /// A coupon site lists the code.
    Site,
    /// An extension enters it.
    Extension,
    /// Staff or a closed community pass it on.
    Insider,
    /// Its clicks come from coupon pages.
    ClickReferrers,
}

impl Story {
    /// Every story.
    pub const ALL: [Story; 4] = [
        Story::Site,
        Story::Extension,
        Story::Insider,
        Story::ClickReferrers,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Story::Site => "coupon_site",
            Story::Extension => "extension",
            Story::Insider => "insider_or_community",
            Story::ClickReferrers => "click_referrers",
        }
    }
}

/// An open episode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Episode {
    /// Id of its flag.
    pub flag_id: String,
    /// Last revision that was announced.
    pub rev: u32,
    /// When the evidence crossed the threshold.
    pub opened_at: EventTime,
    /// An analyst called it a leak.
    pub confirmed: bool,
}

/// Whether clicks look made up.
#[derive(Clone, Debug, PartialEq)]
pub struct Flood {
    /// Score and evidence.
    pub layer: Layer,
    /// The episode of this track that is open.
    pub open: Option<Episode>,
}

/// How much is known of a code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Orders accepted.
    pub orders: u32,
    /// Evidential orders since it came under suspicion.
    pub orders_suspected: u32,
    /// Orders that are old enough to be its own habit, fading.
    pub orders_habit: u32,
    /// First-visit clicks.
    pub clicks: u32,
    /// Days since its first evidential order, as far as its profile reaches back.
    pub days: u32,
    /// The last hour in which something of it was judged.
    pub last_hour: Option<Hour>,
}

/// What makes evidence of a code weigh less, or differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Circumstance {
    /// Nobody issued it.
    Unregistered,
    /// Spoken or printed, by the registry or by its history.
    Offline,
    /// Too few clicks were ever seen for a missing click to mean anything.
    ClicksUnknown,
    /// A post was announced for about now.
    PostExpected,
    /// The discount changed recently.
    DiscountChanged,
    /// Its clicks are probably made up.
    ClicksMadeUp,
    /// The brand lets some hosts show it.
    Public,
    /// An analyst called its behaviour legitimate.
    Trusted,
    /// Its validity is over, or has not begun.
    OutsideValidity,
    /// A known gap in the input touches the evidence.
    DataGap,
}

impl Circumstance {
    /// Every circumstance.
    pub const ALL: [Circumstance; 10] = [
        Circumstance::Unregistered,
        Circumstance::Offline,
        Circumstance::ClicksUnknown,
        Circumstance::PostExpected,
        Circumstance::DiscountChanged,
        Circumstance::ClicksMadeUp,
        Circumstance::Public,
        Circumstance::Trusted,
        Circumstance::OutsideValidity,
        Circumstance::DataGap,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Circumstance::Unregistered => "unregistered",
            Circumstance::Offline => "offline",
            Circumstance::ClicksUnknown => "clicks_unknown",
            Circumstance::PostExpected => "post_expected",
            Circumstance::DiscountChanged => "discount_changed",
            Circumstance::ClicksMadeUp => "clicks_made_up",
            Circumstance::Public => "public",
            Circumstance::Trusted => "trusted",
            Circumstance::OutsideValidity => "outside_validity",
            Circumstance::DataGap => "data_gap",
        }
    }
}

/// What keeps a code from being flagged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lack {
    /// It has fewer orders than any flag needs.
    Orders {
        /// So far: accepted, or evidential since the suspicion began where the core speaks.
        have: u32,
        /// The fewest that a flag needs.
        least: u32,
    },
    /// Its score is so many decibans below the threshold.
    Score(f64),
    /// The learned judge has too few recent orders to look at.
    LearnedOrders,
    /// Its validity is over, or has not begun: no order is evidence.
    Validity,
    /// Nothing but an order: a flag opens at the close of an hour that brought one.
    Order,
}

/// An order of a suspect with its posterior.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeakedOrder {
    /// Event time, to the minute.
    pub ts: EventTime,
    /// [`crate::order_hash`] of it; `None` for orders from before the suspicion.
    pub order: Option<u32>,
    /// Commission, or the amount where no percentage is known.
    pub money: Decimal,
    /// Probability that it came through the leak, given that there is one, by all orders.
    pub p_leak: f64,
    /// Cancelled or returned.
    pub fell_away: bool,
}

impl CodeWatch {
    /// Tells the code's evidence as of the close of `hour`, flagged or not.
    pub fn explain(
        &self,
        settings: &DetectSettings,
        market: &Market,
        hour: Hour,
        code: &Code,
        entry: Option<&CodeEntry>,
    ) -> Explanation {
        let no_clicks = ClickFacts::default();
        let facts = HourOfCode {
            hour,
            code,
            entry,
            clicks: &no_clicks,
            attempts: &[],
            changes: &[],
            sightings: &[],
            decisions: &[],
            data_gap: false,
        };
        let mut now = self.clone();
        now.catch_up(settings, &facts);
        if let Some(profile) = &mut now.profile {
            profile.advance(hour.index());
        }
        now.account(settings, market, &facts)
    }

    fn account(
        &self,
        settings: &DetectSettings,
        market: &Market,
        facts: &HourOfCode<'_>,
    ) -> Explanation {
        let case = self.suspect.as_ref().map(|_| self.case(settings, facts));
        let (core, mut abstained) = self.core_layer(settings, facts);
        let learned = self.learned_layer(settings, market, facts);
        if self.suspect.is_none() {
            abstained.extend(self.untold(settings, market, facts));
        }
        let speaking = learned
            .as_ref()
            .map_or(core.score_db, |learned| learned.score_db.max(core.score_db));
        let circumstances = self.circumstances(settings, facts);
        Explanation {
            hour: facts.hour,
            threshold_db: settings.flag_db(),
            learned_is_on: settings.learned,
            learned_last_db: Some(self.learned_db(settings)).filter(|db| db.is_finite()),
            stories: self.stories(settings),
            abstained,
            peak: self.peak(),
            open: self.suspect.as_ref().and_then(|suspect| {
                let open = suspect.open.as_ref();
                open.map(|open| episode(facts.code, Track::Leak, open))
            }),
            episodes: u32::from(self.episodes),
            flood: self.flood.as_ref().map(|track| Flood {
                layer: layer(flood_evidence(settings, facts, track)),
                open: track
                    .open
                    .as_ref()
                    .map(|open| episode(facts.code, Track::ClickFlood, open)),
            }),
            kind: self.score_now(settings).kind,
            onset: case.as_ref().map(|case| case.onset),
            exposure: case.as_ref().map(|case| case.exposure),
            top_referrers: self.suspect.as_deref().map_or_else(Vec::new, top_referrers),
            history: self.history(),
            lacking: self.lacking(settings, speaking, learned.as_ref(), &circumstances),
            circumstances,
            orders: self.leaked_orders(settings),
            core,
            learned,
        }
    }

    /// The core's items, and the signals that abstained.
    fn core_layer(
        &self,
        settings: &DetectSettings,
        facts: &HourOfCode<'_>,
    ) -> (Layer, Vec<(&'static str, &'static str)>) {
        let Some(suspect) = &self.suspect else {
            let score_db = self.db_now(settings);
            let evidence = Vec::new();
            return (Layer { score_db, evidence }, Vec::new());
        };
        let all = leak_evidence(&self.case(settings, facts), suspect);
        let abstained = all.iter().filter_map(|item| match item {
            Evidence::Abstained { signal, abstained } => Some((*signal, *abstained)),
            Evidence::Signal { .. } => None,
        });
        let abstained = abstained.collect();
        let spoke = |item: &Evidence| matches!(item, Evidence::Signal { .. });
        (layer(all.into_iter().filter(spoke).collect()), abstained)
    }

    fn learned_layer(
        &self,
        settings: &DetectSettings,
        market: &Market,
        facts: &HourOfCode<'_>,
    ) -> Option<Layer> {
        let profile = self.profile.as_ref()?;
        let looks = settings.learned && profile.orders[2] >= ORDERS_MIN;
        looks.then(|| layer(self.learned_evidence(settings, market, facts)))
    }

    /// Signals of which no recent order told anything, and why: what the references say now, else
    /// that the orders did not.
    fn untold(
        &self,
        settings: &DetectSettings,
        market: &Market,
        facts: &HourOfCode<'_>,
    ) -> Vec<(&'static str, &'static str)> {
        const SHARES: [(Signal, Share); 8] = [
            (Signal::AutoEntry, Share::Auto),
            (Signal::Referrer, Share::CouponReferrer),
            (Signal::Cold, Share::Cold),
            (Signal::TooFast, Share::TooFast),
            (Signal::Returning, Share::Returning),
            (Signal::Hopper, Share::Hopper),
            (Signal::RepeatCustomer, Share::Repeat),
            (Signal::Rejected, Share::Rejected),
        ];
        let habits = self.profile.as_ref().map(|profile| &profile.habits);
        let is_told = |signal: Signal| {
            habits.is_some_and(|habits| {
                let mut told = habits.iter().zip(TRAIT_SIGNALS);
                told.any(|(habit, name)| name == signal.name() && habit.told > 0.5)
            })
        };
        let expected = self.expected(settings, market, facts, self.shop_of(facts));
        SHARES
            .into_iter()
            .filter(|(signal, _)| !is_told(*signal))
            .map(|(signal, share)| match expected.silence[share as usize] {
                Silence::None => (signal.name(), NOT_TOLD),
                silence => (signal.name(), silence.why()),
            })
            .collect()
    }

    fn stories(&self, settings: &DetectSettings) -> [(Story, f64); 4] {
        let [site, extension, insider] = self.kind_mass(settings);
        let clicks = self.clicks.evidence(self.click_day.temper(settings));
        let masses = [site, extension, insider, clicks];
        std::array::from_fn(|at| (Story::ALL[at], decibans(libm::log(masses[at]))))
    }

    fn history(&self) -> History {
        let whole = |value: f32| libm::round(f64::from(value)) as u32;
        History {
            orders: self.accepted,
            orders_suspected: self.suspect.as_ref().map_or(0, |suspect| suspect.orders),
            orders_habit: whole(self.own.orders),
            clicks: self.clicks_seen,
            days: self.profile.as_ref().map_or(0, |profile| {
                (profile.day() - profile.since.div_euclid(24)).max(0) as u32 + 1
            }),
            last_hour: (self.last_step != 0).then(|| Hour::from_index(self.last_step)),
        }
    }

    fn circumstances(
        &self,
        settings: &DetectSettings,
        facts: &HourOfCode<'_>,
    ) -> Vec<Circumstance> {
        let standing = self.standing(settings, facts);
        let end = facts.hour.end();
        let outside = facts.entry.is_some_and(|entry| {
            entry.starts_at.is_some_and(|from| end <= from)
                || entry.ends_at.is_some_and(|to| to <= facts.hour.start())
        });
        let gap = self
            .suspect
            .as_ref()
            .is_some_and(|suspect| suspect.data_gap);
        Circumstance::ALL
            .into_iter()
            .filter(|circumstance| match circumstance {
                Circumstance::Unregistered => facts.entry.is_none(),
                Circumstance::Offline => standing.offline,
                Circumstance::ClicksUnknown => standing.clicks_unknown && !standing.offline,
                Circumstance::PostExpected => standing.post_expected,
                Circumstance::DiscountChanged => standing.discount_changed,
                Circumstance::ClicksMadeUp => standing.clicks_made_up,
                Circumstance::Public => standing.public,
                Circumstance::Trusted => standing.trusted,
                Circumstance::OutsideValidity => outside,
                Circumstance::DataGap => gap,
            })
            .collect()
    }

    fn lacking(
        &self,
        settings: &DetectSettings,
        score_db: f64,
        learned: Option<&Layer>,
        circumstances: &[Circumstance],
    ) -> Vec<Lack> {
        let mut lacking = Vec::new();
        if self.episode_open() {
            return lacking;
        }
        let learned_speaks = learned.is_some_and(|learned| learned.score_db >= score_db);
        let by_core = self.suspect.as_ref().filter(|_| !learned_speaks);
        let have = by_core.map_or(self.accepted, |suspect| suspect.orders);
        let least = settings.flag_orders_min;
        if have < least {
            lacking.push(Lack::Orders { have, least });
        }
        if circumstances.contains(&Circumstance::OutsideValidity) {
            lacking.push(Lack::Validity);
        }
        if settings.learned && learned.is_none() {
            lacking.push(Lack::LearnedOrders);
        }
        let missing = settings.flag_db() - score_db;
        if missing > 0.0 {
            lacking.push(Lack::Score(missing));
        }
        if lacking.is_empty() {
            lacking.push(Lack::Order);
        }
        lacking
    }

    /// The orders that a suspect remembers, each with its posterior.
    fn leaked_orders(&self, settings: &DetectSettings) -> Vec<LeakedOrder> {
        let Some(suspect) = &self.suspect else {
            return Vec::new();
        };
        let Some(found) = suspect.posterior(settings, &self.kind_mass(settings)) else {
            return Vec::new();
        };
        let orders = suspect.ring.iter().zip(&found.leaked);
        orders
            .map(|(order, leaked)| LeakedOrder {
                ts: order.ts(),
                order: (order.order != 0).then_some(order.order),
                money: Decimal(i128::from(order.money)),
                p_leak: *leaked,
                fell_away: order.fell_away,
            })
            .collect()
    }
}

fn layer(evidence: Vec<Evidence>) -> Layer {
    Layer {
        score_db: Flag::score_from(&evidence).value(),
        evidence,
    }
}

fn episode(code: &Code, track: Track, open: &OpenEpisode) -> Episode {
    Episode {
        flag_id: flag_id(code.as_str(), track, open.number),
        rev: open.rev,
        opened_at: open.opened_at,
        confirmed: open.confirmed,
    }
}
