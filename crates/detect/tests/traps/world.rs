//! A small deterministic world: honest codes of one shop, and stories laid over them.
//!
//! It is not the simulator: it has one knob for each trap, so that a test can lay a leak and its
//! honest look-alike side by side.

use std::collections::BTreeMap;
use std::sync::Arc;

use promoguard_detect::{
    AttemptFact, ClickFacts, CodeWatch, DetectSettings, HourOfCode, HourSums, Market, StatusChange,
    Verdict, city_hash,
};
use promoguard_event::{
    Code, CodeEntry, CodeEntryMode, Currency, Decision, EventTime, Flag, FlagKind, FlagState, Hour,
    Percent, Sighting, Status,
};

/// Monday 2026-01-05 00:00 UTC.
pub(crate) const FIRST_HOUR: i32 = 490_992;
pub(crate) const DAY: i32 = 24;

/// Knuth's MMIX generator; the high bits are good enough for drawing orders.
#[derive(Clone)]
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Draw {
        Draw(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn unit(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        (self.unit() * n as f64) as u64
    }

    /// A Poisson number (Knuth's product), for small means.
    pub(crate) fn count(&mut self, mean: f64) -> u32 {
        let (limit, mut product, mut count) = (libm::exp(-mean), self.unit(), 0);
        while product > limit && count < 500 {
            product *= self.unit();
            count += 1;
        }
        count
    }
}

/// What one order is like.
#[derive(Clone)]
pub(crate) struct Buyer {
    pub(crate) entry: Option<CodeEntryMode>,
    pub(crate) cold: bool,
    pub(crate) referrer: Option<&'static str>,
    pub(crate) new_customer: Option<bool>,
    pub(crate) city: &'static str,
    pub(crate) amount: i128,
    pub(crate) customer: u64,
}

pub(crate) const CITIES: [&str; 6] = [
    "Алматы",
    "Астана",
    "Шымкент",
    "Актобе",
    "Караганда",
    "Атырау",
];

/// Facts of one code in one hour, as a story may change them.
#[derive(Clone, Default)]
pub(crate) struct Facts {
    pub(crate) clicks: ClickFacts,
    pub(crate) attempts: Vec<AttemptFact>,
    pub(crate) changes: Vec<StatusChange>,
    pub(crate) sightings: Vec<Sighting>,
    pub(crate) decisions: Vec<Decision>,
}

/// A world's constants.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) codes: usize,
    pub(crate) days: i32,
    pub(crate) orders_per_day: f64,
    pub(crate) clicks_per_order: f64,
    pub(crate) walled: bool,
    pub(crate) settings: DetectSettings,
}

impl Default for World {
    fn default() -> World {
        World {
            seed: 1,
            codes: 12,
            days: 56,
            orders_per_day: 3.0,
            clicks_per_order: 15.0,
            walled: false,
            settings: DetectSettings {
                hopper_buckets: 4096,
                ..DetectSettings::default()
            },
        }
    }
}

/// What came out of a run.
pub(crate) struct Outcome {
    pub(crate) flags: Vec<(usize, Flag)>,
    pub(crate) judged: usize,
    pub(crate) watches: Vec<CodeWatch>,
}

impl Outcome {
    pub(crate) fn opened(&self, code: usize) -> Vec<&Flag> {
        self.of(code, FlagState::Opened)
            .filter(|flag| flag.kind != FlagKind::ClickFlood)
            .collect()
    }

    pub(crate) fn of(&self, code: usize, state: FlagState) -> impl Iterator<Item = &Flag> {
        self.flags
            .iter()
            .filter(move |(of, flag)| *of == code && flag.state == state)
            .map(|(_, flag)| flag)
    }

    /// Codes with an opened leak flag.
    pub(crate) fn flagged(&self) -> Vec<usize> {
        let mut codes: Vec<usize> = self
            .flags
            .iter()
            .filter(|(_, flag)| {
                flag.state == FlagState::Opened && flag.kind != FlagKind::ClickFlood
            })
            .map(|(code, _)| *code)
            .collect();
        codes.dedup();
        codes
    }
}

/// A moment as a story sees it.
pub(crate) struct Moment<'a> {
    pub(crate) world: &'a World,
    pub(crate) code: usize,
    pub(crate) day: i32,
    pub(crate) hour_of_day: i32,
    pub(crate) hour: Hour,
    pub(crate) draw: &'a mut Draw,
    pub(crate) facts: &'a mut Facts,
    pub(crate) entry: &'a mut CodeEntry,
    pub(crate) serial: &'a mut u64,
}

impl Moment<'_> {
    /// Adds an order.
    pub(crate) fn order(&mut self, buyer: &Buyer) {
        self.attempt(buyer, false);
    }

    pub(crate) fn attempt(&mut self, buyer: &Buyer, rejected: bool) {
        *self.serial += 1;
        let ts = self
            .hour
            .start()
            .plus_millis(self.draw.below(3_600_000) as i64);
        let walled = self.world.walled;
        self.facts.attempts.push(AttemptFact {
            ts,
            late: false,
            rejected,
            order_id: format!("o{}", self.serial).into(),
            merchant: Arc::from("shop"),
            marketplace: walled.then(|| Arc::from("kaspi")),
            amount: buyer.amount,
            currency: Currency::KZT,
            customer: Some(buyer.customer),
            new_customer: buyer.new_customer,
            entry: if walled { None } else { buyer.entry },
            has_click_id: !walled && !buyer.cold,
            click_ts: None,
            referrer: if walled {
                None
            } else {
                buyer.referrer.map(Into::into)
            },
            city: city_hash(buyer.city),
            country: None,
            first_visits_before: self.facts.clicks.first_visits / 2,
        });
    }

    /// An honest follower of this code: at home mostly, by the link mostly.
    pub(crate) fn follower(&mut self) -> Buyer {
        let by_link = self.draw.chance(0.7);
        let home = CITIES[self.code % CITIES.len()];
        let city = if self.draw.chance(0.6) {
            home
        } else {
            CITIES[self.draw.below(6) as usize]
        };
        Buyer {
            entry: Some(if by_link {
                CodeEntryMode::Link
            } else {
                CodeEntryMode::Typed
            }),
            cold: !by_link,
            referrer: Some(if self.draw.chance(0.85) {
                "instagram.com"
            } else {
                "google.com"
            }),
            new_customer: Some(self.draw.chance(0.6)),
            city,
            amount: (50_000 + self.draw.below(100_000) as i128) * 1_000,
            customer: 1_000_000 * (self.code as u64 + 1) + self.draw.below(20_000),
        }
    }

    /// A bargain hunter who found the code on a coupon site: from anywhere, returning, cold; often
    /// the site shows as the referrer.
    pub(crate) fn hunter(&mut self, host: &'static str) -> Buyer {
        Buyer {
            entry: Some(CodeEntryMode::Typed),
            cold: self.draw.chance(0.95),
            referrer: Some(if self.draw.chance(0.35) {
                host
            } else {
                "google.com"
            }),
            new_customer: Some(self.draw.chance(0.2)),
            city: CITIES[self.draw.below(6) as usize],
            amount: (20_000 + self.draw.below(150_000) as i128) * 1_000,
            customer: 77_000_000 + self.draw.below(400),
        }
    }

    /// A customer whose extension pasted the code.
    pub(crate) fn pasted(&mut self) -> Buyer {
        let entry = if self.draw.chance(0.75) {
            CodeEntryMode::Auto
        } else {
            CodeEntryMode::Typed
        };
        Buyer {
            entry: Some(entry),
            ..self.hunter("letyshops.com")
        }
    }

    pub(crate) fn add_clicks(&mut self, clicks: u32, host: Option<&'static str>) {
        let facts = &mut self.facts.clicks;
        facts.clicks += clicks;
        facts.first_visits += clicks;
        match host {
            None => {
                facts.social += clicks * 7 / 10;
                facts.without_referrer += clicks - clicks * 7 / 10;
            }
            Some(host) => {
                if promoguard_detect::classify_host(host).is_coupon() {
                    facts.coupon += clicks;
                } else {
                    facts.unknown_host += clicks;
                }
                facts.hosts.push((host.into(), clicks));
            }
        }
    }
}

/// Orders of a shop by hour of day (UTC; the day of Almaty).
pub(crate) fn day_shape(hour_of_day: i32) -> f64 {
    let local = (hour_of_day + 5) % 24;
    match local {
        0..=6 => 0.25,
        7..=10 => 0.9,
        11..=17 => 1.3,
        18..=22 => 1.7,
        _ => 0.8,
    }
}

/// Whether a code posts in an hour: every third day, at its own evening hour.
fn posts(code: usize, day: i32, hour_of_day: i32) -> bool {
    (day + code as i32) % 3 == 0 && hour_of_day == 12 + (code as i32 % 4)
}

/// Runs a world. `story` may add to any moment after the honest facts are drawn.
pub(crate) fn run(world: &World, story: impl FnMut(&mut Moment<'_>)) -> Outcome {
    run_in_shards(world, 1, story)
}

/// The same with the codes dealt to several shards.
pub(crate) fn run_in_shards(
    world: &World,
    shards: usize,
    mut story: impl FnMut(&mut Moment<'_>),
) -> Outcome {
    let settings = &world.settings;
    let mut markets: Vec<Market> = (0..shards).map(|_| Market::new(settings)).collect();
    let codes: Vec<Code> = (0..world.codes)
        .map(|code| Code::from_normalised(&format!("code{code:03}")))
        .collect();
    let mut entries: Vec<CodeEntry> = codes
        .iter()
        .enumerate()
        .map(|(at, code)| entry_of(world, at, code))
        .collect();
    let mut watches = vec![CodeWatch::default(); world.codes];
    let mut draws: Vec<Draw> = (0..world.codes)
        .map(|code| Draw::new(world.seed * 1_000 + code as u64))
        .collect();
    let mut recents = vec![0.0_f64; world.codes];
    let mut serial = 0;
    let mut outcome = Outcome {
        flags: Vec::new(),
        judged: 0,
        watches: Vec::new(),
    };
    let mut out = Vec::new();
    for hour in FIRST_HOUR..FIRST_HOUR + world.days * DAY {
        let mut facts: BTreeMap<usize, Facts> = BTreeMap::new();
        for code in 0..world.codes {
            let mut of_code = Facts::default();
            let mut moment = Moment {
                world,
                code,
                day: (hour - FIRST_HOUR) / DAY,
                hour_of_day: (hour - FIRST_HOUR) % DAY,
                hour: Hour::from_index(hour),
                draw: &mut draws[code],
                facts: &mut of_code,
                entry: &mut entries[code],
                serial: &mut serial,
            };
            honest_hour(&mut moment, &mut recents[code]);
            story(&mut moment);
            of_code
                .attempts
                .sort_by(|a, b| a.ts.cmp(&b.ts).then_with(|| a.order_id.cmp(&b.order_id)));
            let happened = of_code.clicks.clicks > 0
                || !of_code.attempts.is_empty()
                || !of_code.changes.is_empty()
                || !of_code.decisions.is_empty()
                || !of_code.sightings.is_empty();
            if happened {
                facts.insert(code, of_code);
            }
        }
        let hour = Hour::from_index(hour);
        let mut merged = HourSums::default();
        for (shard, market) in markets.iter().enumerate() {
            let mut sums = HourSums::default();
            for (code, of_code) in facts.iter().filter(|(code, _)| *code % shards == shard) {
                let of_hour = hour_of(hour, &codes[*code], &entries[*code], of_code);
                watches[*code].summarise(settings, market, &of_hour, &mut sums);
            }
            merged.merge(sums);
        }
        let nothing = Facts::default();
        for (shard, market) in markets.iter_mut().enumerate() {
            market.absorb(hour, &merged);
            for code in (0..world.codes).filter(|code| code % shards == shard) {
                let of_code = facts.get(&code);
                if of_code.is_none() && !watches[code].wants_step(hour) {
                    continue;
                }
                let of_hour = hour_of(
                    hour,
                    &codes[code],
                    &entries[code],
                    of_code.unwrap_or(&nothing),
                );
                watches[code].judge(settings, market, &of_hour, &mut out);
                for verdict in out.drain(..) {
                    match verdict {
                        Verdict::Flag(flag) => outcome.flags.push((code, *flag)),
                        Verdict::Judged(_) => outcome.judged += 1,
                        Verdict::Abstained(_) | Verdict::Features(_) => {}
                    }
                }
            }
        }
    }
    outcome
        .flags
        .sort_by_key(|(code, flag)| (flag.hour, flag.ts, *code, flag.rev));
    outcome.watches = watches;
    outcome
}

fn honest_hour(moment: &mut Moment<'_>, recent: &mut f64) {
    let world = moment.world;
    let shape = day_shape(moment.hour_of_day);
    let clicks_a_day = world.orders_per_day * world.clicks_per_order;
    let burst = if posts(moment.code, moment.day, moment.hour_of_day) {
        clicks_a_day * 1.2
    } else {
        0.0
    };
    let clicks = moment.draw.count(clicks_a_day / 24.0 * 0.6 * shape + burst);
    moment.add_clicks(clicks, None);
    *recent = *recent * 0.87 + f64::from(clicks);
    // Half of the orders follow the clicks, half come when people shop.
    let by_clicks = 0.5 * *recent * 0.13 / world.clicks_per_order;
    let by_habit = 0.5 * world.orders_per_day / 24.0 * shape;
    for _ in 0..moment.draw.count(by_clicks + by_habit) {
        let buyer = moment.follower();
        moment.order(&buyer);
    }
}

fn hour_of<'a>(
    hour: Hour,
    code: &'a Code,
    entry: &'a CodeEntry,
    facts: &'a Facts,
) -> HourOfCode<'a> {
    HourOfCode {
        hour,
        code,
        entry: (&*entry.partner_id != "nobody").then_some(entry),
        clicks: &facts.clicks,
        attempts: &facts.attempts,
        changes: &facts.changes,
        sightings: &facts.sightings,
        decisions: &facts.decisions,
        data_gap: false,
    }
}

fn entry_of(world: &World, at: usize, code: &Code) -> CodeEntry {
    CodeEntry {
        code: code.clone(),
        spelling: code.as_str().to_uppercase().into(),
        partner_id: format!("partner{at}").into(),
        merchant: "shop".into(),
        aliases: Vec::new(),
        marketplace: world.walled.then(|| "kaspi".into()),
        tier: None,
        followers: None,
        city: None,
        country: None,
        channels: Vec::new(),
        discount_pct: Percent::from_units(100_000),
        commission_pct: Percent::from_units(100_000),
        vat_payer: Some(true),
        starts_at: None,
        ends_at: None,
        offline: None,
        posts: Vec::new(),
        permitted_hosts: Vec::new(),
    }
}

pub(crate) fn millis(day: i32) -> EventTime {
    Hour::from_index(FIRST_HOUR + day * DAY).start()
}

pub(crate) fn cancelled(order_id: &str, ts: EventTime) -> StatusChange {
    StatusChange {
        ts,
        order_id: order_id.into(),
        merchant: "shop".into(),
        status: Status::Cancelled,
    }
}
