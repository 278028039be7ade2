//! One code of a world under observation.
//!
//! Decides: what of its flags, orders and scores becomes its outcome. Must not know: other codes.

use std::sync::Arc;

use promoguard_event::{CodeEntry, Flag, FlagKind, FlagState, Tier, Track};
use promoguard_simulate::{CodeTruth, Family, HonestLookalike};

use super::observation::{OrderFact, share_of};
use super::outcome::{
    Climb, CodeOutcome, Course, Episode, Fate, Interval, Leak, LeakedOrder, Told,
};
use super::preset::Preset;
use super::rules::{By, DayFacts, Rule, Score};
use super::trained::Trained;

const HOUR_MS: f64 = 3_600_000.0;
/// A leak that begins so soon after its code has no honest past to compare with.
const DAY_ONE_MS: i64 = 86_400_000;

/// What is kept of a revision of a flag until the truth is complete.
#[derive(Clone, Debug)]
pub(super) struct FlagRevision {
    flag_id: Box<str>,
    track: Track,
    state: FlagState,
    kind: FlagKind,
    score_db: f64,
    hour: i32,
    onset: (f64, f64),
    orders: (f64, f64),
    commission: Option<(f64, f64)>,
}

impl FlagRevision {
    /// The revision that was decided at the close of `hour`; `start` is the first instant of the
    /// world.
    pub(super) fn of(flag: &Flag, hour: i32, start: i64) -> Self {
        let track = if flag.kind == FlagKind::ClickFlood {
            Track::ClickFlood
        } else {
            Track::Leak
        };
        let units = |amount: promoguard_event::Decimal| amount.0 as f64 / 10_000.0;
        let money = flag.exposure.commission;
        Self {
            flag_id: flag.flag_id.as_str().into(),
            track,
            state: flag.state,
            kind: flag.kind,
            score_db: flag.score.value(),
            hour,
            onset: (
                hours_since(start, flag.onset.low.millis()),
                hours_since(start, flag.onset.high.millis()),
            ),
            orders: (
                flag.exposure.leaked_orders.low,
                flag.exposure.leaked_orders.high,
            ),
            commission: money.map(|money| (units(money.low), units(money.high))),
        }
    }
}

/// A flag's first and last revision.
struct Revisions {
    first: FlagRevision,
    last: FlagRevision,
}

/// What follows a score.
enum Watcher {
    Detector,
    Rule(Box<dyn Rule>),
    Trees(Option<Trained>),
}

/// One code under observation.
pub(super) struct CodeWatch {
    /// What the partner earns of an amount.
    pub(super) commission_share: f64,
    /// The day so far.
    pub(super) today: DayFacts,
    leaked_today: u32,
    leaking: bool,
    tier: &'static str,
    starts_at: Option<i64>,
    permitted_hosts: Vec<Arc<str>>,
    watchers: Vec<Watcher>,
    climbs: Vec<Climb>,
    honest_by_day: Vec<f64>,
    flags: Vec<Revisions>,
}

impl CodeWatch {
    /// Before anything happened, in a world of that kind. `usual_share` is the commission where none
    /// is registered.
    pub(super) fn new(
        entry: Option<&CodeEntry>,
        usual_share: f64,
        scores: &[Score],
        world: (Family, Preset),
    ) -> Self {
        let share = entry.and_then(|entry| entry.commission_pct).map(share_of);
        Self {
            commission_share: share.unwrap_or(usual_share),
            today: DayFacts::default(),
            leaked_today: 0,
            leaking: false,
            tier: match entry {
                None => "unregistered",
                Some(entry) => entry.tier.map_or("untold", Tier::as_str),
            },
            starts_at: entry.and_then(|entry| Some(entry.starts_at?.millis())),
            permitted_hosts: entry.map_or_else(Vec::new, |entry| entry.permitted_hosts.clone()),
            watchers: scores
                .iter()
                .map(|score| match &score.by {
                    By::Detector => Watcher::Detector,
                    By::Days(start) => Watcher::Rule(start()),
                    By::Looks(forests) => Watcher::Trees(forests.get(&world).map(Trained::new)),
                })
                .collect(),
            climbs: vec![Climb::default(); scores.len()],
            honest_by_day: Vec::new(),
            flags: Vec::new(),
        }
    }

    /// Whether the brand allows `host` for this code.
    pub(super) fn permits(&self, host: &str) -> bool {
        self.permitted_hosts.iter().any(|permitted| {
            host.strip_suffix(&**permitted)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }

    /// Takes an order that the pipeline judged in `hour`.
    pub(super) fn take_order(&mut self, order: &OrderFact, hour: i32) {
        let today = &mut self.today;
        today.orders += 1;
        today.clickless_orders += u32::from(order.clickless);
        today.coupon_orders += u32::from(order.coupon);
        today.orders_with_referrer += u32::from(order.with_referrer);
        today.auto_orders += u32::from(order.auto);
        today.new_customer_orders += u32::from(order.new_customer);
        today.amount += order.in_kzt(order.amount);
        if order.leaked {
            self.leaked_today += 1;
            self.leaking = true;
        } else {
            let day = hour.div_euclid(24).max(0) as usize;
            if self.honest_by_day.len() <= day {
                self.honest_by_day.resize(day + 1, 0.0);
            }
            self.honest_by_day[day] += order.in_kzt(order.commission);
        }
    }

    /// Takes a revision of a flag.
    pub(super) fn take_flag(&mut self, revision: FlagRevision) {
        let known = self
            .flags
            .iter_mut()
            .rfind(|flag| flag.first.flag_id == revision.flag_id);
        match known {
            Some(flag) => flag.last = revision,
            None => self.flags.push(Revisions {
                first: revision.clone(),
                last: revision,
            }),
        }
    }

    /// Takes the detector's score at the close of an hour.
    pub(super) fn note_score(&mut self, hour: i32, score_db: f64) {
        // Where nothing speaks for a leak no threshold will ever be; this keeps outcomes small.
        if score_db > 0.0 {
            for (watcher, climb) in self.watchers.iter().zip(&mut self.climbs) {
                if matches!(watcher, Watcher::Detector) {
                    climb.note(hour, score_db, self.leaking);
                }
            }
        }
    }

    /// Takes what the pipeline saw of the code in an hour with orders.
    pub(super) fn take_look(&mut self, hour: i32, values: &[f32]) {
        for (watcher, climb) in self.watchers.iter_mut().zip(&mut self.climbs) {
            if let Watcher::Trees(Some(trees)) = watcher {
                climb.note(hour, trees.look(values), self.leaking);
            }
        }
    }

    /// Ends a day: every rule looks at it. Gives its facts and its leaked orders.
    pub(super) fn end_day(&mut self, day: i32) -> (DayFacts, u32) {
        let facts = DayFacts {
            day: day.max(0) as u32,
            ..std::mem::take(&mut self.today)
        };
        let hour = day * 24 + 23;
        for (watcher, climb) in self.watchers.iter_mut().zip(&mut self.climbs) {
            if let Watcher::Rule(rule) = watcher
                && let Some(score) = rule.observe(&facts)
            {
                climb.note(hour, score, self.leaking);
            }
        }
        (facts, std::mem::take(&mut self.leaked_today))
    }

    /// The outcome, now that the truth is complete. `start` is the first instant of the world.
    pub(super) fn finish(
        self,
        truth: &CodeTruth,
        start: i64,
        orders: Vec<OrderFact>,
    ) -> CodeOutcome {
        let mut leaked: Vec<OrderFact> = orders
            .into_iter()
            .filter(|order| order.leaked && order.judged.is_some())
            .collect();
        leaked.sort_by_key(|order| (order.judged, order.ts));
        let leak = leak_of(truth, start, self.starts_at, &leaked);
        let episodes = self
            .flags
            .iter()
            .map(|flag| episode(flag, leak.as_ref(), &leaked))
            .collect();
        CodeOutcome {
            code: truth.code.as_str().into(),
            fate: if truth.clean() {
                Fate::Clean
            } else if truth.leaked() {
                Fate::Leaks
            } else {
                Fate::Flooded
            },
            story: truth
                .honest_lookalike
                .map_or("plain", HonestLookalike::name),
            tier: self.tier,
            marketplace: truth.marketplace.map(Box::from),
            leak,
            honest_by_day: self.honest_by_day,
            episodes,
            climbs: self.climbs,
        }
    }
}

fn hours_since(start: i64, ms: i64) -> f64 {
    (ms - start) as f64 / HOUR_MS
}

fn leak_of(
    truth: &CodeTruth,
    start: i64,
    starts_at: Option<i64>,
    leaked: &[OrderFact],
) -> Option<Leak> {
    let born = starts_at.unwrap_or(start).max(start);
    let kind = truth.kind.filter(|_| truth.leaked())?;
    let first_ms = leaked.iter().map(|order| order.ts).min()?;
    let hour = |order: &OrderFact| order.judged.expect("only judged orders are kept");
    Some(Leak {
        kind,
        intensity: truth.leak_size,
        course: Course {
            from_day_one: truth.onset.is_some_and(|onset| onset < born + DAY_ONE_MS),
            slow_ramp: truth.events.iter().any(|event| event.kind == "leak_ramp"),
            stops: truth.end.is_some(),
        },
        first_at_hours: hours_since(start, first_ms),
        first_hour: hour(leaked.first()?),
        orders: leaked
            .iter()
            .map(|order| LeakedOrder {
                hour: hour(order),
                value: order.in_kzt(order.commission),
            })
            .collect(),
    })
}

fn episode(flag: &Revisions, leak: Option<&Leak>, leaked: &[OrderFact]) -> Episode {
    let told = |revision: &FlagRevision| {
        let leak = leak
            .filter(|leak| revision.track == Track::Leak && flag.first.hour >= leak.first_hour)?;
        Some(told(revision, leak, leaked))
    };
    Episode {
        track: flag.first.track,
        kind: flag.first.kind,
        score_db: flag.first.score_db,
        opened: flag.first.hour,
        cleared: (flag.last.state == FlagState::Cleared).then_some(flag.last.hour),
        first: told(&flag.first),
        last: told(&flag.last),
    }
}

fn told(revision: &FlagRevision, leak: &Leak, leaked: &[OrderFact]) -> Told {
    let until_now = &leaked[..leak.orders_until(revision.hour)];
    let kept = until_now
        .iter()
        .filter(|order| order.fell_away.is_none_or(|hour| hour > revision.hour));
    let interval = |(low, high): (f64, f64), truth: f64| Interval { low, high, truth };
    Told {
        onset: interval(revision.onset, leak.first_at_hours),
        orders: interval(revision.orders, until_now.len() as f64),
        commission: revision
            .commission
            .map(|limits| interval(limits, kept.map(|order| order.commission).sum())),
    }
}
