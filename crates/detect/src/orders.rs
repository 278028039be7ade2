//! Orders become evidence.
//!
//! Decides: what each order is divided by, what it adds to the accumulators and to the ledger,
//! and its own leak probability. Must not know: when an episode opens or ends.

use promoguard_event::{Decimal, EventTime, JudgedOrder, Likelihood, Track, flag_id};

use crate::eprocess::mixture_logs;
use crate::expected::{Expected, Standing};
use crate::facts::{AttemptFact, HourOfCode};
use crate::judge::Verdict;
use crate::market::Market;
use crate::marks::{KINDS, OBSERVING, RATIOS, Signal, Silence};
use crate::onset::RingOrder;
use crate::prepare::permitted_hosts;
use crate::reading::{Reading, read_attempt};
use crate::settings::DetectSettings;
use crate::stable::{decibans, stable_hash};
use crate::sums::ShopId;
use crate::suspect::Suspect;
use crate::watch::CodeWatch;

/// Decibans of one unit of natural logarithm.
const DECIBANS: f64 = 10.0 / core::f64::consts::LN_10;

/// Readings of one hour with what they are divided by.
pub(crate) struct Judgement<'a> {
    pub(crate) attempt: &'a AttemptFact,
    pub(crate) reading: Reading,
    pub(crate) means: [f64; RATIOS],
    pub(crate) counts: bool,
}

impl CodeWatch {
    pub(crate) fn read_orders<'a>(
        &self,
        settings: &DetectSettings,
        market: &Market,
        facts: &HourOfCode<'a>,
    ) -> Vec<Judgement<'a>> {
        let permitted = permitted_hosts(facts.entry, self.notes.as_deref());
        let mut expected: Option<(ShopId, Expected<'_>, [f64; RATIOS])> = None;
        let mut judgements = Vec::with_capacity(facts.attempts.len());
        for (attempt, counts) in facts.attempts.iter().zip(self.countable(settings, facts)) {
            let shop = ShopId::of(&attempt.merchant, attempt.marketplace.as_deref());
            if expected.as_ref().is_none_or(|(id, ..)| *id != shop) {
                let made = self.expected(settings, market, facts, shop);
                let means = made.view.ratio_means();
                expected = Some((shop, made, means));
            }
            let (_, expected, means) = expected.as_ref().expect("it was just made");
            let intensity = self.intensity(settings, facts, expected, attempt);
            let reading = read_attempt(expected, attempt, &permitted, intensity);
            let means = if attempt.late {
                expected.view.ratio_means_of(attempt.ts.hour())
            } else {
                *means
            };
            let means = self.own_means(settings, &expected.standing, means);
            judgements.push(Judgement {
                attempt,
                reading,
                means,
                counts,
            });
        }
        judgements
    }

    /// The shop's means, raised to the code's own where its orders were always a little odd.
    fn own_means(
        &self,
        settings: &DetectSettings,
        standing: &Standing,
        mut means: [f64; RATIOS],
    ) -> [f64; RATIOS] {
        let orders = f64::from(self.own.orders);
        let pseudo = settings.ratio_own_pseudo;
        let public = standing.public;
        let most = if standing.trusted {
            settings.order_ratio_max
        } else {
            settings.ratio_own_max
        };
        for (mean, own) in means.iter_mut().zip(self.own.ratio) {
            let shrunk = (f64::from(own) + pseudo * *mean) / (orders + pseudo);
            *mean = shrunk.clamp(*mean, *mean * most);
            if public {
                // Its marks are silent, so its ratios are 1 whatever the shop's are.
                *mean = mean.max(1.0);
            }
        }
        means
    }

    /// Starts the ledger before the orders that need it: when the hour would lift the score over
    /// the suspect's bound.
    pub(crate) fn become_suspect(
        &mut self,
        settings: &DetectSettings,
        facts: &HourOfCode<'_>,
        judgements: &[Judgement<'_>],
    ) {
        if self.suspect.is_some() {
            return;
        }
        let mut trial = self.orders;
        let mut day = self.order_day;
        for judgement in judgements.iter().filter(|judgement| judgement.counts) {
            for (kind, bets) in trial.iter_mut().enumerate() {
                let ratio = judgement.reading.ratio[kind] / judgement.means[kind];
                bets.add(&mixture_logs(settings, ratio));
            }
            day.seen += 1;
        }
        let temper = day.temper(settings);
        let orders: f64 = trial.iter().map(|bets| bets.evidence(temper)).sum();
        let clicks = self.clicks.evidence(self.click_day.temper(settings));
        let after = decibans(libm::log((orders + clicks) / (KINDS + 1) as f64));
        if after >= settings.suspect_db {
            self.suspect = Some(Box::new(Suspect::new(
                facts.hour.start(),
                self.profile.as_ref().map(|profile| &profile.recent),
            )));
        }
    }

    pub(crate) fn take_order(
        &mut self,
        settings: &DetectSettings,
        facts: &HourOfCode<'_>,
        judgement: &Judgement<'_>,
        out: &mut Vec<Verdict>,
    ) {
        let Judgement {
            attempt,
            reading,
            means,
            counts,
        } = judgement;
        let means: [f64; KINDS] = std::array::from_fn(|kind| means[kind]);
        if !attempt.rejected {
            self.accepted = self.accepted.saturating_add(1);
            self.orders_today += 1;
            self.shop = ShopId::of(&attempt.merchant, attempt.marketplace.as_deref());
        }
        if *counts {
            self.add_evidence(settings, facts, attempt, reading, &means);
            abstentions(reading, out);
        }
        if !attempt.rejected {
            out.push(Verdict::Judged(
                self.judged(settings, facts, judgement, &means),
            ));
        }
    }

    fn add_evidence(
        &mut self,
        settings: &DetectSettings,
        facts: &HourOfCode<'_>,
        attempt: &AttemptFact,
        reading: &Reading,
        means: &[f64; KINDS],
    ) {
        let against: [f64; KINDS] = std::array::from_fn(|kind| reading.ratio[kind] / means[kind]);
        for (bets, ratio) in self.orders.iter_mut().zip(against) {
            bets.add(&mixture_logs(settings, ratio));
        }
        self.order_day.seen += 1;
        let mass = self.kind_mass(settings);
        // An order calms only when it looks honest to every story.
        let worst = against.iter().copied().fold(0.0, f64::max);
        let pct = facts.entry.and_then(|entry| entry.commission_pct);
        let money = pct.map_or(attempt.amount, |pct| pct.of(attempt.amount));
        let order = ring_order(attempt, money, &against);
        if let Some(profile) = self.profile.as_mut().filter(|_| !attempt.rejected) {
            profile.recent.push(&order);
        }
        if let Some(suspect) = &mut self.suspect {
            let ledger = &mut suspect.ledger;
            ledger.book(settings, &reading.logs, &reading.ratio, means);
            ledger.count(reading);
            suspect.data_gap |= facts.data_gap;
            if let (Some(known), Some(host)) = (reading.host_counts, attempt.referrer.as_deref()) {
                suspect.note_host(host, known);
            }
            if !attempt.rejected {
                suspect.take(settings, facts.hour, &mass, order, attempt.currency, worst);
            }
        }
        self.note_score(settings, attempt.ts.max(facts.hour.start()));
    }

    pub(crate) fn note_score(&mut self, settings: &DetectSettings, ts: EventTime) {
        let db = self.db_now(settings);
        self.last_db = db as f32;
        let heard_db = self.heard(settings, db);
        self.told_db = heard_db.max(self.learned_db(settings)) as f32;
        self.note_peak(heard_db, ts);
        if let Some(suspect) = &mut self.suspect {
            let ripe = suspect.orders >= settings.flag_orders_min;
            if db >= settings.flag_db() && ripe && suspect.crossed_at.is_none() {
                suspect.crossed_at = Some(ts);
            }
        }
    }

    /// The highest score so far, by whichever layer.
    pub(crate) fn note_peak(&mut self, db: f64, ts: EventTime) {
        if self.accepted > 0 && (self.peak_at_ms == 0 || db as f32 > self.peak_db) {
            self.peak_db = db as f32;
            self.peak_at_ms = ts.millis();
        }
    }

    fn judged(
        &self,
        settings: &DetectSettings,
        facts: &HourOfCode<'_>,
        judgement: &Judgement<'_>,
        means: &[f64; KINDS],
    ) -> JudgedOrder {
        let entry = facts.entry;
        let Judgement {
            attempt, reading, ..
        } = judgement;
        let [coupon_site, extension, insider_or_community] =
            std::array::from_fn(|kind| reading.ratio[kind] / means[kind]);
        JudgedOrder {
            order_id: attempt.order_id.to_string(),
            merchant: attempt.merchant.to_string(),
            code: entry.map_or_else(
                || facts.code.as_str().to_owned(),
                |entry| entry.spelling.to_string(),
            ),
            ts: attempt.ts,
            amount: Decimal(attempt.amount),
            currency: attempt.currency,
            commission: entry
                .and_then(|entry| entry.commission_pct)
                .map(|pct| Decimal(pct.of(attempt.amount))),
            p_leak: self.leak_probability(settings, reading, means),
            hour: facts.hour,
            likelihood: judgement.counts.then_some(Likelihood {
                coupon_site,
                extension,
                insider_or_community,
            }),
            flag_id: self
                .episode_open()
                .then(|| flag_id(facts.code.as_str(), Track::Leak, u32::from(self.episodes))),
        }
    }

    /// Probability that an order came through a leak: that there is one now, by the evidence and
    /// the prior, times the order's own share under each hypothesis.
    fn leak_probability(
        &self,
        settings: &DetectSettings,
        reading: &Reading,
        means: &[f64; KINDS],
    ) -> f64 {
        let temper = self.order_day.temper(settings);
        let learned = self.learned_db(settings) / DECIBANS;
        let log = self.log_now(settings).max(learned);
        let odds = settings.leak_prior / (1.0 - settings.leak_prior) * libm::exp(log);
        let (mut all, mut leaked) = (0.0, 0.0);
        for (kind, bets) in self.orders.iter().enumerate() {
            let ratio = reading.ratio[kind] / means[kind];
            for (phi, share) in settings.leak_shares.into_iter().enumerate() {
                let mass = libm::exp(bets.log(phi, temper));
                all += mass;
                leaked += mass * share * ratio / ((1.0 - share) + share * ratio);
            }
        }
        odds / (1.0 + odds) * leaked / all
    }
}

fn abstentions(reading: &Reading, out: &mut Vec<Verdict>) {
    for signal in &Signal::ALL[..OBSERVING] {
        let silent = reading.silence[*signal as usize] != Silence::None;
        if silent && !matches!(signal, Signal::Sighting | Signal::ClickReferrer) {
            out.push(Verdict::Abstained(signal.name()));
        }
    }
}

fn ring_order(attempt: &AttemptFact, money: i128, against: &[f64; KINDS]) -> RingOrder {
    RingOrder {
        minute: (attempt.ts.millis() / 60_000).clamp(0, i64::from(u32::MAX)) as u32,
        order: order_hash(&attempt.merchant, &attempt.order_id),
        money: money.clamp(0, i128::from(i64::MAX)) as i64,
        ratio: against.map(|ratio| ratio as f32),
        fell_away: false,
    }
}

/// What is kept of an order's identity.
pub fn order_hash(merchant: &str, order_id: &str) -> u32 {
    (stable_hash(order_id.as_bytes()) ^ stable_hash(merchant.as_bytes()).rotate_left(17)) as u32
}
