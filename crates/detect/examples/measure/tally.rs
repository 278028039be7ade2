//! What a run found, against what was there.

use std::collections::BTreeMap;
use std::time::Duration;

use promoguard_detect::{DetectSettings, Verdict};
use promoguard_event::{EventTime, Flag, FlagKind, FlagState};
use promoguard_simulate::{CodeTruth, LeakKind};

use crate::hot_stage::{OrderTruth, WorldFacts, judge};

#[derive(Default)]
pub(crate) struct Tally {
    groups: BTreeMap<String, Group>,
    clean_weeks: f64,
    false_flags: u32,
    false_by: BTreeMap<String, u32>,
    early_flags: u32,
    flood: [u32; 3],
    delays: Vec<u64>,
    onset_covered: [u32; 2],
    orders_covered: [u32; 2],
    sum_errors: u32,
    orders: u64,
    spent: Duration,
    kinds: BTreeMap<String, u32>,
    verbose: bool,
}

#[derive(Default)]
struct Group {
    codes: u32,
    found: u32,
    leaked_money: f64,
    saved_money: f64,
    delays: Vec<u64>,
}

impl Tally {
    pub(crate) fn new(verbose: bool) -> Tally {
        Tally {
            verbose,
            ..Tally::default()
        }
    }

    pub(crate) fn world(&mut self, settings: &DetectSettings, facts: &WorldFacts) {
        let mut flags: BTreeMap<String, Vec<Flag>> = BTreeMap::new();
        #[allow(clippy::disallowed_types, reason = "a stopwatch around the judge")]
        let started = std::time::Instant::now();
        judge(settings, facts, |code, verdict| {
            if let Verdict::Flag(flag) = verdict {
                flags
                    .entry(code.to_owned())
                    .or_default()
                    .push((**flag).clone());
            }
        });
        self.spent += started.elapsed();
        self.orders += facts.orders.len() as u64;
        let mut orders: BTreeMap<&str, Vec<&OrderTruth>> = BTreeMap::new();
        for order in &facts.orders {
            orders.entry(&order.code).or_default().push(order);
        }
        for truth in &facts.truths {
            let key = promoguard_event::Code::parse(&truth.code).expect("a code");
            let of_code = orders.get(key.as_str()).map_or(&[][..], |orders| orders);
            let flags = flags.get(key.as_str()).map_or(&[][..], |flags| flags);
            self.code(facts, truth, of_code, flags);
        }
    }

    fn code(
        &mut self,
        facts: &WorldFacts,
        truth: &CodeTruth,
        orders: &[&OrderTruth],
        flags: &[Flag],
    ) {
        for flag in flags {
            self.sum_errors += u32::from(flag.score != Flag::score_from(&flag.evidence));
        }
        let opened: Vec<&Flag> = flags
            .iter()
            .filter(|flag| flag.state == FlagState::Opened && flag.kind != FlagKind::ClickFlood)
            .collect();
        let flooded = flags.iter().any(|flag| flag.kind == FlagKind::ClickFlood);
        if truth.clean() {
            self.clean_weeks += facts.weeks;
            self.false_flags += opened.len() as u32;
            self.flood[2] += u32::from(flooded);
            if flooded && self.verbose {
                let flag = flags.iter().find(|flag| flag.kind == FlagKind::ClickFlood);
                println!(
                    "-- flood {} {:?} {:?}",
                    truth.code,
                    truth.honest_lookalike,
                    flag.map(|flag| (flag.ts, &flag.evidence))
                );
            }
            let story = truth.honest_lookalike.map_or("plain", |story| story.name());
            let place = if truth.marketplace.is_some() {
                "walled"
            } else {
                "open"
            };
            for flag in opened {
                self.tell(truth, story, flag);
                *self
                    .false_by
                    .entry(format!("{place} {story} {}", flag.kind.as_str()))
                    .or_default() += 1;
            }
            return;
        }
        if truth.kind == Some(LeakKind::ClickFlood) {
            self.flood[0] += 1;
            self.flood[1] += u32::from(flooded);
            return;
        }
        let leaked: Vec<&&OrderTruth> = orders.iter().filter(|order| order.leaked).collect();
        let Some(first) = leaked.iter().map(|order| order.ts).min() else {
            return;
        };
        self.early_flags += opened.iter().filter(|flag| flag.ts < first).count() as u32;
        let hit = opened.iter().find(|flag| flag.ts >= first);
        self.leak(truth, &leaked, hit.copied());
        if let Some(last) = flags
            .iter()
            .rfind(|flag| flag.ts >= first && flag.kind != FlagKind::ClickFlood)
        {
            self.intervals(&leaked, orders.len(), first, last);
        }
    }

    fn tell(&mut self, truth: &CodeTruth, story: &str, flag: &Flag) {
        if !self.verbose {
            return;
        }
        println!(
            "-- {} {:?} {story} {} {} score {} orders {} organic, clicks {}",
            truth.code,
            truth.marketplace,
            flag.kind.as_str(),
            flag.ts,
            flag.score,
            truth.organic_orders,
            truth.clicks,
        );
        for item in &flag.evidence {
            if let promoguard_event::Evidence::Signal {
                signal,
                observed,
                expected,
                n,
                decibans,
                ..
            } = item
            {
                println!(
                    "     {signal:18} {:>8.1} dB  n {n:3}  {:.2} against {:.2}",
                    decibans.value(),
                    observed.unwrap_or(f64::NAN),
                    expected.unwrap_or(f64::NAN),
                );
            }
        }
    }

    fn leak(&mut self, truth: &CodeTruth, leaked: &[&&OrderTruth], hit: Option<&Flag>) {
        let place = if truth.marketplace.is_some() {
            "walled"
        } else {
            "open"
        };
        let kind = truth.kind.map_or("", LeakKind::name);
        let size = match leaked.len() {
            0..5 => "under 5",
            5..15 => "5-14",
            15..50 => "15-49",
            _ => "50+",
        };
        let money: f64 = leaked.iter().map(|order| order.amount).sum();
        let after = |order: &&&&OrderTruth| hit.is_some_and(|flag| order.hour > flag.hour.index());
        let saved: f64 = leaked.iter().filter(after).map(|order| order.amount).sum();
        let delay = hit.map(|flag| {
            leaked
                .iter()
                .filter(|order| order.hour <= flag.hour.index())
                .count() as u64
        });
        let groups = [
            "all".to_owned(),
            place.to_owned(),
            format!("{kind} {place}"),
            format!("leaked {size} {place}"),
        ];
        for name in groups {
            let group = self.groups.entry(name).or_default();
            group.codes += 1;
            group.leaked_money += money;
            group.saved_money += saved;
            if let Some(delay) = delay {
                group.found += 1;
                group.delays.push(delay);
            }
        }
        if let Some(flag) = hit {
            self.delays.extend(delay);
            *self
                .kinds
                .entry(format!("{kind} -> {}", flag.kind.as_str()))
                .or_default() += 1;
        }
    }

    fn intervals(&mut self, leaked: &[&&OrderTruth], all: usize, first: EventTime, flag: &Flag) {
        let onset = flag.onset;
        self.onset_covered[0] += u32::from(onset.low <= first && first <= onset.high);
        self.onset_covered[1] += 1;
        let until = leaked
            .iter()
            .filter(|order| order.hour <= flag.hour.index())
            .count() as f64;
        let interval = flag.exposure.leaked_orders;
        self.orders_covered[0] += u32::from(interval.low <= until && until <= interval.high);
        self.orders_covered[1] += 1;
        if self.verbose {
            println!(
                "++ {} {:?} {} at {}: leaked {until} of {all}, told {:.1} [{:.1} {:.1}]; began {first}, told {} [{} {}]",
                flag.code,
                flag.state,
                flag.kind.as_str(),
                flag.ts,
                interval.estimate,
                interval.low,
                interval.high,
                onset.at,
                onset.low,
                onset.high,
            );
        }
    }

    pub(crate) fn print(&self) {
        println!(
            "false flags {} in {:.0} clean code-weeks = {:.2} per 1000; before the leak {}; floods found {}/{}, false {}",
            self.false_flags,
            self.clean_weeks,
            1000.0 * f64::from(self.false_flags) / self.clean_weeks.max(1.0),
            self.early_flags,
            self.flood[1],
            self.flood[0],
            self.flood[2],
        );
        println!("  false by {:?}", self.false_by);
        println!(
            "  onset covered {}/{}  leaked orders covered {}/{}  sums wrong {}  {:.1} us an order",
            self.onset_covered[0],
            self.onset_covered[1],
            self.orders_covered[0],
            self.orders_covered[1],
            self.sum_errors,
            self.spent.as_secs_f64() * 1e6 / self.orders.max(1) as f64,
        );
        println!("  {:?}", self.kinds);
        for (name, group) in &self.groups {
            let mut delays = group.delays.clone();
            delays.sort_unstable();
            let at = |share: f64| {
                delays
                    .get(((delays.len() as f64 - 1.0) * share).max(0.0) as usize)
                    .copied()
                    .unwrap_or(0)
            };
            println!(
                "  {name:32} recall {:4}/{:4} = {:.2}  saved {:.2}  delay median {} p90 {}",
                group.found,
                group.codes,
                f64::from(group.found) / f64::from(group.codes.max(1)),
                group.saved_money / group.leaked_money.max(1.0),
                at(0.5),
                at(0.9),
            );
        }
    }
}
