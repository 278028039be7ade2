//! What both phases of an hour need to know of a code before they look at its facts.
//!
//! Decides: how the nights in between pass, which facts are evidence, what the code's standing
//! is. Must not know: what the evidence says.

use promoguard_event::{CodeEntry, FlagKind};

use crate::decision::{Notes, post_expected};
use crate::eprocess::{Bets, PHIS, after_night};
use crate::expected::{ClickShares, Expected, Standing, partner_hash};
use crate::explain::Score;
use crate::facts::{AttemptFact, HourOfCode};
use crate::hosts::matches_any;
use crate::market::{Market, ShopView, day_of};
use crate::marks::{KINDS, SIGNALS, Signal};
use crate::settings::DetectSettings;
use crate::stable::{decibans, mix};
use crate::sums::ShopId;
use crate::watch::CodeWatch;

/// Stories whose mean is the score: the kinds and the click referrers.
const STORIES: usize = KINDS + 1;

/// Hosts that the brand or an analyst allowed.
pub(crate) fn permitted_hosts<'a>(
    entry: Option<&'a CodeEntry>,
    notes: Option<&'a Notes>,
) -> Vec<&'a str> {
    let by_registry = entry.map_or(&[][..], |entry| &entry.permitted_hosts);
    let by_decision = notes.map_or(&[][..], |notes| &notes.permitted);
    by_registry
        .iter()
        .map(AsRef::as_ref)
        .chain(by_decision.iter().map(AsRef::as_ref))
        .collect()
}

impl CodeWatch {
    /// Lives through what lies between the last hour and this one. Doing it twice is doing it
    /// once.
    pub(crate) fn catch_up(&mut self, settings: &DetectSettings, facts: &HourOfCode<'_>) {
        let day = facts.hour.index().div_euclid(24);
        self.note_registry(settings, facts, day);
        if self.order_day.day == 0 {
            self.orders = [Bets::fresh(settings); KINDS];
            self.clicks = Bets::fresh(settings);
            self.order_day.day = day;
            self.click_day.day = day;
            self.last_db = decibans(self.log_now(settings)) as f32;
        } else if self.order_day.day < day {
            self.sleep(settings, day);
        }
        let hold = self.is_quarantined(settings);
        self.own.advance(settings, facts.hour.index(), hold);
    }

    fn note_registry(&mut self, settings: &DetectSettings, facts: &HourOfCode<'_>, day: i32) {
        let Some(entry) = facts.entry else { return };
        let partner = partner_hash(Some(entry), facts.code.as_str());
        if self.partner != partner {
            if self.partner != 0 {
                // Given to somebody else: nothing of the past is about the new partner.
                self.start_over(settings);
            }
            self.partner = partner;
        }
        let discount = entry.discount_pct.map_or(0, |pct| pct.units() as u32);
        if self.discount != discount {
            if self.discount != 0 {
                self.discount_changed_day = day.clamp(1, i32::from(u16::MAX)) as u16;
            }
            self.discount = discount;
        }
    }

    /// A new partner's code under an old text. An open episode is kept: the judge closes it.
    fn start_over(&mut self, settings: &DetectSettings) {
        let kept = std::mem::take(self);
        self.episodes = kept.episodes;
        self.flood_episodes = kept.flood_episodes;
        self.peak_db = kept.peak_db;
        self.peak_at_ms = kept.peak_at_ms;
        self.accepted = kept.accepted;
        self.order_day = kept.order_day;
        self.click_day = kept.click_day;
        self.orders = [Bets::fresh(settings); KINDS];
        self.clicks = Bets::fresh(settings);
        self.suspect = kept.suspect.filter(|suspect| suspect.open.is_some());
        self.flood = kept.flood.filter(|track| track.open.is_some());
    }

    /// Nights until the morning of `day`.
    fn sleep(&mut self, settings: &DetectSettings, day: i32) {
        let temper = self.order_day.temper(settings);
        let before: [[f64; PHIS]; KINDS] = self
            .orders
            .map(|bets| std::array::from_fn(|phi| bets.log(phi, temper)));
        let nights = self.order_day.advance(day).unwrap_or(0);
        for bets in &mut self.orders {
            bets.sleep(settings, temper, nights);
        }
        if let Some(suspect) = &mut self.suspect {
            let keep = before.map(|logs| logs.map(|log| kept_share(settings, log, nights)));
            suspect.ledger.sleep(temper, &keep);
        }
        let temper = self.click_day.temper(settings);
        let nights = self.click_day.advance(day).unwrap_or(0);
        self.clicks.sleep(settings, temper, nights);
        self.sleep_flood(settings, day);
        self.orders_today = 0;
        self.last_db = self.db_now(settings) as f32;
        let calm = decibans(self.log_now(settings)) < settings.suspect_db - 3.0;
        if calm
            && self
                .suspect
                .as_ref()
                .is_some_and(|suspect| suspect.open.is_none())
        {
            self.suspect = None;
        }
    }

    fn sleep_flood(&mut self, settings: &DetectSettings, day: i32) {
        let Some(track) = &mut self.flood else { return };
        let temper = track.day.temper(settings);
        let nights = track.day.advance(day).unwrap_or(0);
        track.bets.sleep(settings, temper, nights);
        if track.open.is_none() && track.score_db(settings) < settings.suspect_db - 3.0 {
            self.flood = None;
        }
    }

    /// Whether the code must not teach anybody what is normal.
    pub(crate) fn is_quarantined(&self, settings: &DetectSettings) -> bool {
        f64::from(self.last_db) >= settings.quarantine_db || self.episode_open()
    }

    pub(crate) fn has_evidence(&self) -> bool {
        self.accepted > 0 && self.order_day.day != 0
    }

    /// Which attempts are evidence: accepted orders inside the code's validity, refused ones of
    /// a code that somebody issued and that was valid, each customer once a day.
    pub(crate) fn countable(&self, settings: &DetectSettings, facts: &HourOfCode<'_>) -> Vec<bool> {
        let hour = facts.hour.index();
        let since = hour - settings.customer_once_hours as i32;
        let mut today: Vec<u32> = self
            .customers
            .iter()
            .filter(|(_, seen)| *seen > since)
            .map(|(customer, _)| *customer)
            .collect();
        facts
            .attempts
            .iter()
            .map(|attempt| {
                if !is_inside_validity(facts.entry, attempt) {
                    return false;
                }
                match attempt.customer.map(fingerprint) {
                    Some(customer) if today.contains(&customer) => false,
                    Some(customer) => {
                        today.push(customer);
                        true
                    }
                    None => true,
                }
            })
            .collect()
    }

    /// Standing of the code for orders around `facts.hour`.
    pub(crate) fn standing(&self, settings: &DetectSettings, facts: &HourOfCode<'_>) -> Standing {
        let day = day_of(facts.hour);
        let clicks = f64::from(self.clicks_seen);
        let own_orders = f64::from(self.own.orders);
        let learnt_offline = own_orders >= settings.offline_orders_min
            && f64::from(self.own.clicks) < settings.offline_clicks_per_order * own_orders;
        let changed = self.discount_changed_day;
        Standing {
            offline: facts.entry.is_some_and(|entry| entry.offline == Some(true)) || learnt_offline,
            clicks_unknown: clicks < settings.clicks_known_min
                || clicks < settings.offline_clicks_per_order * f64::from(self.accepted),
            post_expected: post_expected(
                settings,
                facts.entry,
                self.notes.as_deref(),
                facts.hour.start(),
            ),
            discount_changed: changed != 0
                && u32::from(day.saturating_sub(changed)) < settings.discount_change_days,
            clicks_made_up: self
                .flood
                .as_ref()
                .is_some_and(|track| track.score_db(settings) >= settings.quarantine_db),
            public: !permitted_hosts(facts.entry, self.notes.as_deref()).is_empty(),
            trusted: self.notes.as_ref().is_some_and(|notes| notes.trusted),
        }
    }

    /// What honest clicks of this hour come from; cheaper than all that an order needs.
    pub(crate) fn click_shares(
        &self,
        settings: &DetectSettings,
        view: &ShopView<'_>,
    ) -> ClickShares {
        let trusted = self.notes.as_ref().is_some_and(|notes| notes.trusted);
        ClickShares::new(settings, view, &self.own, trusted)
    }

    pub(crate) fn expected<'a>(
        &'a self,
        settings: &'a DetectSettings,
        market: &'a Market,
        facts: &HourOfCode<'_>,
        shop: ShopId,
    ) -> Expected<'a> {
        let view = market.view(settings, shop, facts.hour);
        let standing = self.standing(settings, facts);
        Expected::new(settings, market, view, &self.own, standing, facts.hour)
            .for_partner(facts.entry, facts.code.as_str())
    }

    /// Recent clicks at the time of an attempt; `None` when they say nothing. Late orders find
    /// their clicks gone.
    pub(crate) fn intensity(
        &self,
        settings: &DetectSettings,
        facts: &HourOfCode<'_>,
        expected: &Expected<'_>,
        attempt: &AttemptFact,
    ) -> Option<f64> {
        let standing = expected.standing;
        let silent =
            standing.offline || standing.clicks_unknown || standing.clicks_made_up || attempt.late;
        (!silent).then(|| {
            let before = f64::from(attempt.first_visits_before);
            self.clock.intensity(settings, facts.hour, before)
        })
    }

    /// The shop of the code's clicks: the registry's, else that of its last order.
    pub(crate) fn shop_of(&self, facts: &HourOfCode<'_>) -> ShopId {
        facts.entry.map_or(self.shop, |entry| {
            ShopId::of(&entry.merchant, entry.marketplace.as_deref())
        })
    }

    /// Log of the mean evidence over the stories.
    pub(crate) fn log_now(&self, settings: &DetectSettings) -> f64 {
        let order_temper = self.order_day.temper(settings);
        let click_temper = self.click_day.temper(settings);
        let orders: f64 = self
            .orders
            .iter()
            .map(|bets| bets.evidence(order_temper))
            .sum();
        libm::log((orders + self.clicks.evidence(click_temper)) / STORIES as f64)
    }

    /// The score in decibans if there were no evidence but that of the click referrers.
    pub(crate) fn clicks_alone_db(&self, settings: &DetectSettings) -> f64 {
        let clicks = self.clicks.evidence(self.click_day.temper(settings));
        decibans(libm::log(clicks / STORIES as f64))
    }

    /// The score in decibans as a flag would show it.
    pub(crate) fn db_now(&self, settings: &DetectSettings) -> f64 {
        let raw = decibans(self.log_now(settings));
        if raw < settings.suspect_db || self.suspect.is_none() {
            return raw;
        }
        let score = self.score_now(settings);
        decibans(score.log - score.excess)
    }

    /// Evidence of each kind, the click referrers counted with the sites.
    pub(crate) fn kind_mass(&self, settings: &DetectSettings) -> [f64; KINDS] {
        let temper = self.order_day.temper(settings);
        self.orders.map(|bets| bets.evidence(temper))
    }

    /// The whole evidence, told apart.
    pub(crate) fn score_now(&self, settings: &DetectSettings) -> Score {
        let order_temper = self.order_day.temper(settings);
        let click_temper = self.click_day.temper(settings);
        let click_best = self.clicks.best(click_temper);
        let mut top = (KINDS, click_best, self.clicks.log(click_best, click_temper));
        for (kind, bets) in self.orders.iter().enumerate() {
            let best = bets.best(order_temper);
            let log = bets.log(best, order_temper);
            if log > top.2 {
                top = (kind, best, log);
            }
        }
        let (story, phi, top_log) = top;
        let mut items = [0.0; SIGNALS];
        let by_clicks = story == KINDS;
        if !by_clicks {
            if let Some(suspect) = &self.suspect {
                items = suspect.ledger.items(story, phi, order_temper);
            }
        } else if !settings.is_off(Signal::ClickReferrer.name()) {
            items[Signal::ClickReferrer as usize] = top_log - libm::log(settings.day_deposit);
        }
        let excess = if by_clicks {
            0.0
        } else {
            soft_excess(settings, &items)
        };
        Score {
            log: self.log_now(settings),
            excess,
            by_clicks,
            top_log,
            items,
            kind: self.kind_of_leak(settings, click_temper),
        }
    }

    fn kind_of_leak(&self, settings: &DetectSettings, click_temper: f64) -> FlagKind {
        let mut mass = self.kind_mass(settings);
        mass[0] += self.clicks.evidence(click_temper);
        let all: f64 = mass.iter().sum();
        let named = [
            FlagKind::CouponSite,
            FlagKind::Extension,
            FlagKind::InsiderOrCommunity,
        ];
        named
            .into_iter()
            .zip(mass)
            .find(|(_, mass)| *mass >= settings.kind_share_min * all)
            .map_or(FlagKind::Unknown, |(kind, _)| kind)
    }
}

/// By how much single soft signals go beyond what one of them may bring, natural logarithm. What
/// the market takes back is taken from those that brought it.
fn soft_excess(settings: &DetectSettings, items: &[f64; SIGNALS]) -> f64 {
    let most = settings.soft_signal_db_max * core::f64::consts::LN_10 / 10.0;
    let brought: f64 = items.iter().filter(|item| **item > 0.0).sum();
    let taken = (-items[Signal::Market as usize] - items[Signal::Limit as usize]).max(0.0);
    let left = if brought > 0.0 {
        (1.0 - taken / brought).max(0.0)
    } else {
        0.0
    };
    Signal::ALL
        .into_iter()
        .filter(|signal| signal.is_soft())
        .map(|signal| (items[signal as usize] * left - most).max(0.0))
        .sum()
}

/// How a customer is remembered for a day.
pub(crate) fn fingerprint(customer: u64) -> u32 {
    mix(customer) as u32
}

/// Attempts outside the validity are no evidence; refused ones of codes that nobody issued
/// neither: mistyped and guessed codes are all of that kind.
fn is_inside_validity(entry: Option<&CodeEntry>, attempt: &AttemptFact) -> bool {
    let Some(entry) = entry else {
        return !attempt.rejected;
    };
    entry.starts_at.is_none_or(|from| from <= attempt.ts)
        && entry.ends_at.is_none_or(|to| attempt.ts < to)
}

/// What `nights` leave of the ledger's items when they leave `log` to the accumulator: the
/// deposits are not theirs.
fn kept_share(settings: &DetectSettings, log: f64, nights: i32) -> f64 {
    let (mut log, mut kept) = (log, 1.0);
    for _ in 0..nights.min(400) {
        if log > 0.0 {
            kept *= settings.day_keep;
        }
        log = after_night(settings, log);
    }
    kept
}

/// Whether a host is one of those allowed; kept here for the sightings.
pub(crate) fn is_permitted(host: &str, permitted: &[&str]) -> bool {
    matches_any(host, permitted)
}
