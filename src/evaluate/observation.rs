//! A run as it is watched: the truth of each order, met with what the pipeline says of it.
//!
//! Decides: which outputs of the pipeline become facts of a code's day, and in which hour an order
//! counts. Must not know: what is good or bad about an outcome.

use std::collections::HashMap;

use promoguard_detect::{FeatureRow, classify_host};
use promoguard_event::{
    Code, CodeEntryMode, Currency, Decoder, DecoderLimits, Event, EventTime, JudgedOrder, Order,
    Status, Window,
};
use promoguard_pipeline::{Effects, JudgedFlag, Registry, ShardSet};
use promoguard_simulate::{Record, World};

use super::code_watch::{CodeWatch, FlagRevision};
use super::outcome::{Volume, WorldOutcome};
use super::preset::Preset;
use super::world::{DayTruth, EachDay, Setup};

const HOUR_MS: i64 = 3_600_000;

/// What is known of an order from its records, and when the pipeline judged it.
#[derive(Clone, Copy, Debug)]
pub(super) struct OrderFact {
    pub(super) code: u32,
    /// Came through the leak.
    pub(super) leaked: bool,
    pub(super) ts: i64,
    /// Commission in the order's currency.
    pub(super) commission: f64,
    pub(super) currency: Currency,
    pub(super) amount: f64,
    pub(super) clickless: bool,
    pub(super) coupon: bool,
    pub(super) with_referrer: bool,
    pub(super) auto: bool,
    pub(super) new_customer: bool,
    /// Hour of the world in which it was judged.
    pub(super) judged: Option<i32>,
    /// Hour of the world in which it was known to be cancelled or returned.
    pub(super) fell_away: Option<i32>,
}

impl OrderFact {
    /// An amount of its currency in KZT, so that brands in two countries can be added up.
    pub(super) fn in_kzt(&self, amount: f64) -> f64 {
        // Roughly the rate of 2025; only shares are made of these sums.
        const KZT_PER_RUB: f64 = 6.0;
        if self.currency == Currency::RUB {
            amount * KZT_PER_RUB
        } else {
            amount
        }
    }
}

/// A world under observation.
pub(super) struct Observation {
    decoder: Decoder,
    first_hour: i32,
    slack_ms: i64,
    /// Where the watermark of the orders' log stands.
    watermark: i64,
    day: i32,
    codes: Vec<CodeWatch>,
    by_code: HashMap<Box<str>, u32>,
    orders: Vec<OrderFact>,
    by_order: HashMap<u64, u32>,
    volume: Volume,
}

impl Observation {
    /// Before anything happened.
    pub(super) fn new(world: &World, preset: Preset, registry: &Registry, setup: &Setup) -> Self {
        let rate = usual_commission(registry);
        let mut by_code = HashMap::new();
        let mut codes = Vec::new();
        for truth in world.truth() {
            let code = Code::parse(&truth.code).expect("a simulated code is one");
            by_code.insert(Box::from(code.as_str()), codes.len() as u32);
            let entry = registry.entry(&code).map(|entry| &**entry);
            let kind = (world.settings().family, preset);
            codes.push(CodeWatch::new(entry, rate, &setup.scores, kind));
        }
        Self {
            decoder: Decoder::new(setup.pseudonym_key.clone(), DecoderLimits::default()),
            first_hour: world.settings().start.div_euclid(HOUR_MS) as i32,
            slack_ms: setup.pipeline.reorder_slack_ms,
            watermark: i64::MIN,
            day: 0,
            codes,
            by_code,
            orders: Vec::new(),
            by_order: HashMap::new(),
            volume: Volume::default(),
        }
    }

    /// Sees a record on its way into the pipeline.
    pub(super) fn see(&mut self, record: &Record<'_>) {
        self.volume.records += 1;
        if record.topic != promoguard_simulate::Topic::Orders {
            return;
        }
        let topic = promoguard_event::Topic::Orders;
        let Ok(decoded) = self.decoder.decode(topic, record.payload) else {
            return;
        };
        let Event::Order(order) = decoded.event else {
            return;
        };
        let ts = order.ts.millis();
        // The merge takes a late record at the watermark of its log.
        let effective = ts.max(self.watermark);
        self.watermark = self.watermark.max(ts - self.slack_ms);
        let Some(code) = self.by_code.get(record.key) else {
            return;
        };
        let key = order_key(record.key, order.merchant, order.order_id);
        match order.status {
            Status::Created | Status::Paid => {
                let next = self.orders.len() as u32;
                if *self.by_order.entry(key).or_insert(next) == next {
                    let watch = &self.codes[*code as usize];
                    let fact = order_fact(*code, watch, &order, record.marks.fraudulent);
                    self.orders.push(fact);
                    self.volume.orders += 1;
                }
            }
            Status::Cancelled | Status::Returned => {
                if let Some(place) = self.by_order.get(&key) {
                    let hour = effective.div_euclid(HOUR_MS) as i32 - self.first_hour;
                    let fell_away = &mut self.orders[*place as usize].fell_away;
                    fell_away.get_or_insert(hour);
                }
            }
            Status::Rejected => {}
        }
    }

    /// Nothing before `watermark` is missing in the logs.
    pub(super) fn advance(&mut self, watermark: EventTime) {
        self.watermark = self.watermark.max(watermark.millis());
    }

    /// Takes what the pipeline said in a step.
    pub(super) fn take(&mut self, effects: Effects, shards: &ShardSet, each_day: EachDay<'_>) {
        // Late events write a window again; the first one is what was known when it was new.
        let mut windows = effects.windows.iter().filter(|window| window.rev == 1);
        let mut judged = effects.judged_orders.iter().peekable();
        let mut flags = effects.flags.iter().peekable();
        let mut looks = effects.features.iter().peekable();
        let mut window = windows.next();
        loop {
            let hours = [
                window.map(|window| window.hour),
                judged.peek().map(|order| order.hour),
                flags.peek().map(|flag| flag.hour),
                looks.peek().map(|look| look.hour),
            ];
            let Some(hour) = hours.into_iter().flatten().min() else {
                break;
            };
            self.end_days_before(hour.index() - self.first_hour, each_day);
            while let Some(of_hour) = window.filter(|window| window.hour == hour) {
                self.count(of_hour);
                window = windows.next();
            }
            while let Some(order) = judged.next_if(|order| order.hour == hour) {
                self.judge(order);
            }
            while let Some(look) = looks.next_if(|look| look.hour == hour) {
                self.look(look);
            }
            while let Some(flag) = flags.next_if(|flag| flag.hour == hour) {
                self.flag(flag);
            }
        }
        if let Some(hour) = effects.judged_hour {
            let hour = hour.index() - self.first_hour;
            for (code, score) in shards.standings() {
                if let Some(place) = self.by_code.get(code.as_str()) {
                    self.codes[*place as usize].note_score(hour, score);
                }
            }
        }
    }

    /// Ends the last day and sums up.
    pub(super) fn finish(
        mut self,
        world: &World,
        preset: Preset,
        each_day: EachDay<'_>,
    ) -> WorldOutcome {
        let settings = world.settings();
        self.end_days_before((self.day + 1) * 24, each_day);
        let mut orders: Vec<Vec<OrderFact>> = vec![Vec::new(); self.codes.len()];
        for order in &self.orders {
            orders[order.code as usize].push(*order);
        }
        let codes = self.codes.into_iter().zip(world.truth()).zip(orders);
        let codes = codes
            .map(|((watch, truth), orders)| watch.finish(truth, settings.start, orders))
            .collect();
        WorldOutcome {
            family: settings.family,
            preset,
            seed: settings.seed,
            weeks: settings.days / 7.0,
            codes,
            volume: self.volume,
        }
    }

    /// Ends the days before the one with `hour`, each with a look at every rule.
    fn end_days_before(&mut self, hour: i32, each_day: EachDay<'_>) {
        while self.day < hour.div_euclid(24) {
            for (code, watch) in self.codes.iter_mut().enumerate() {
                let (facts, leaked_orders) = watch.end_day(self.day);
                each_day(
                    &facts,
                    &DayTruth {
                        code,
                        leaked_orders,
                    },
                );
            }
            self.day += 1;
        }
    }

    fn count(&mut self, window: &Window) {
        if let Some(place) = self.by_code.get(window.code.as_str()) {
            let today = &mut self.codes[*place as usize].today;
            today.clicks += window.clicks as u32;
            today.visitors += window.visitors as u32;
        }
    }

    fn judge(&mut self, judged: &JudgedOrder) {
        let code = Code::parse(&judged.code).expect("the pipeline writes codes");
        let key = order_key(code.as_str(), &judged.merchant, &judged.order_id);
        if let Some(place) = self.by_order.get(&key) {
            let order = &mut self.orders[*place as usize];
            let hour = judged.hour.index() - self.first_hour;
            order.judged = Some(hour);
            self.volume.judged_orders += 1;
            self.codes[order.code as usize].take_order(order, hour);
        }
    }

    fn look(&mut self, look: &FeatureRow) {
        if let Some(place) = self.by_code.get(look.code.as_str()) {
            let hour = look.hour.index() - self.first_hour;
            self.codes[*place as usize].take_look(hour, &look.values);
        }
    }

    fn flag(&mut self, judged: &JudgedFlag) {
        let code = Code::parse(&judged.flag.code).expect("the pipeline writes codes");
        if let Some(place) = self.by_code.get(code.as_str()) {
            let hour = judged.hour.index() - self.first_hour;
            let start = i64::from(self.first_hour) * HOUR_MS;
            let revision = FlagRevision::of(&judged.flag, hour, start);
            self.codes[*place as usize].take_flag(revision);
        }
    }
}

fn order_fact(code: u32, watch: &CodeWatch, order: &Order<'_>, leaked: bool) -> OrderFact {
    let amount = order.amount as f64 / 10_000.0;
    let coupon = order
        .referrer_host
        .is_some_and(|host| classify_host(host).is_coupon() && !watch.permits(host));
    OrderFact {
        code,
        leaked,
        ts: order.ts.millis(),
        commission: amount * watch.commission_share,
        currency: order.currency,
        amount,
        clickless: order.click_id.is_none(),
        coupon,
        with_referrer: order.referrer_host.is_some(),
        auto: order.code_entry == Some(CodeEntryMode::Auto),
        new_customer: order.new_customer == Some(true),
        judged: None,
        fell_away: None,
    }
}

/// Mean commission of the registry, as a share: what a code without a percentage is counted with,
/// so that it weighs as much as another.
fn usual_commission(registry: &Registry) -> f64 {
    let shares: Vec<f64> = registry
        .entries()
        .filter_map(|entry| Some(share_of(entry.commission_pct?)))
        .collect();
    if shares.is_empty() {
        1.0
    } else {
        shares.iter().sum::<f64>() / shares.len() as f64
    }
}

/// A percentage as a share.
pub(super) fn share_of(percent: promoguard_event::Percent) -> f64 {
    percent.units() as f64 / 1e6
}

/// FNV-1a over the parts that name an order. With the 100,000 orders of a large world, two of them
/// meet with a chance of 3e-10.
fn order_key(code: &str, merchant: &str, order_id: &str) -> u64 {
    let parts = [code, merchant, order_id];
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
