//! The honest side of a code: the donor's hour played again, thinner or thicker, by people of this shop.
//!
//! Decides how records are copied. Which order follows which click, when, of what value and by whom is never
//! drawn: it is the recording's.

use crate::draft::{Entry, NO_REFERRER};
use crate::random::{Random, mix};
use crate::resampled::codes::Code;
use crate::resampled::recording::{NO_CLICK, RECORDED_HOURS, RecordedOrder, Recording, WEEK_HOURS};
use crate::resampled::scene::{Purchase, Scene};
use crate::resampled::shops::{Which, unit};
use crate::resampled::stories::Effect;
use crate::time::SECOND_MS;

/// Layers of what comes on top of the borrowed hours, far from those of thickened ones.
const MORE: u64 = 1 << 19;

/// How thick the copy is.
#[derive(Clone, Copy, Debug)]
struct Thickness {
    orders: f64,
    clicks: f64,
}

impl Scene<'_> {
    /// Plays the code's own traffic of the hour; `left` is what is left of its life.
    pub(crate) fn honest_hour(&mut self, code: &Code, effect: &Effect, left: f64) {
        let recording = self.recording;
        let donor = &recording.donors[code.donor as usize];
        let (orders, clicks) = code.factors(recording);
        let thickness = Thickness {
            orders: orders * effect.orders * self.lift * left,
            // A sale comes half from more visits, half from more of them buying.
            clicks: clicks * effect.clicks * libm::sqrt(self.lift) * left,
        };
        for at in donor.clicks_in(self.now.recorded) {
            self.play_click(code, at, thickness, effect, self.now.replay, 0);
        }
        let orders = donor.orders_in(self.now.recorded);
        for at in orders.filter(|&at| recording.orders[at].click == NO_CLICK) {
            for layer in 0..self.copies(thickness.orders, recording.orders[at].customer) {
                let ts = self.moved(recording.orders[at].at, layer);
                self.play_order(code, at, ts, None, effect, (self.now.replay, layer));
            }
        }
        if effect.more_days > 0.0 {
            self.more(code, effect, clicks * effect.more_days);
        }
        let colleagues = self.random.poisson(effect.office_orders);
        self.office_orders(code, colleagues);
    }

    /// Whoever is thinned out is so with all they did at the shop, so that people who come back still do.
    fn copies(&mut self, factor: f64, person: u64) -> u64 {
        if factor <= 1.0 {
            let kept =
                unit(person ^ u64::from(self.shop.number) << 32 ^ u64::from(self.now.replay));
            u64::from(kept < factor)
        } else {
            1 + self.random.poisson(factor - 1.0)
        }
    }

    /// One recorded click, and the orders that came of it.
    fn play_click(
        &mut self,
        code: &Code,
        at: usize,
        thickness: Thickness,
        effect: &Effect,
        replay: u32,
        first_layer: u64,
    ) {
        let recording = self.recording;
        let click = &recording.clicks[at];
        let copies = self.copies(thickness.clicks, click.visitor);
        let first = self.out.clicks.len();
        for layer in 0..copies {
            self.copy_click(code, at, effect, (replay, first_layer + layer));
        }
        for order in orders_of(recording, code.donor, at) {
            for layer in 0..self.copies(thickness.orders, recording.orders[order].customer) {
                let which = (replay, first_layer + layer);
                if self.random.happens(effect.unlinked) {
                    let ts = self.moved(click.at, layer);
                    self.play_order(code, order, ts, None, effect, which);
                    continue;
                }
                if layer >= copies {
                    self.copy_click(code, at, effect, which);
                }
                let index = if layer < copies {
                    first + layer as usize
                } else {
                    self.out.clicks.len() - 1
                };
                let led = self.out.clicks[index];
                let delay = self.delay(recording.orders[order].at, layer);
                let click = Some((led.id, led.ts));
                self.play_order(code, order, led.ts + delay, click, effect, which);
            }
        }
    }

    fn copy_click(&mut self, code: &Code, at: usize, effect: &Effect, (replay, layer): (u32, u64)) {
        let mut click = self.recording.clicks[at];
        if let Some((page, share)) = effect.page
            && self.random.chance(share)
        {
            click.referrer = page;
        }
        let which = Which {
            variant: code.variant,
            replay,
            layer,
        };
        let visitor = mix(click.visitor ^ mix(code.number.into()));
        let visitor = self
            .shop
            .person(self.seed, visitor, self.habits.loyal, which);
        let ts = self.moved(click.at, layer);
        self.click(ts, visitor, &click, false);
    }

    /// From the click to the order: as recorded, give or take a few seconds.
    fn delay(&mut self, recorded: u32, layer: u64) -> i64 {
        let sigma = if layer == 0 { 0.02 } else { 0.3 };
        let delay = f64::from(recorded) * self.random.log_normal(1.0, sigma);
        (delay as i64).max(5 * SECOND_MS)
    }

    fn play_order(
        &mut self,
        code: &Code,
        at: usize,
        ts: i64,
        click: Option<(u64, i64)>,
        effect: &Effect,
        (replay, layer): (u32, u64),
    ) {
        let recording = self.recording;
        let placed = &recording.orders[at];
        let by = if layer == 0 {
            placed
        } else {
            &recording.orders[neighbour(recording, code.donor, at, &mut self.random)]
        };
        let unlinked = placed.click != NO_CLICK && click.is_none();
        let page = effect
            .page
            .filter(|&(_, share)| self.random.chance(share))
            .map(|(page, _)| page);
        let which = Which {
            variant: code.variant,
            replay,
            layer,
        };
        let purchase = Purchase {
            ts,
            customer: self.customer(by, which),
            newcomer: by.joined,
            entry: if unlinked { Entry::Typed } else { placed.entry },
            referrer: match page {
                Some(page) => page,
                None if unlinked => NO_REFERRER,
                None => placed.referrer,
            },
            click,
            leaked: false,
        };
        self.order(&purchase, by);
    }

    /// A burst that comes on top: clicks of any time with the orders that followed them, by new people.
    fn more(&mut self, code: &Code, effect: &Effect, days: f64) {
        let donor = &self.recording.donors[code.donor as usize];
        let clicks = donor.all_clicks();
        if clicks.is_empty() {
            return;
        }
        let per_day = clicks.len() as f64 * 24.0 / RECORDED_HOURS as f64;
        let count = self.random.poisson(per_day * days);
        let once = Thickness {
            orders: 1.0,
            clicks: 1.0,
        };
        for number in 0..count {
            let at = clicks.start + self.random.index(clicks.len());
            let layer = MORE + number + 64 * (self.hour.from / 3_600_000 % 4_096) as u64;
            self.play_click(code, at, once, effect, self.now.replay, layer);
        }
    }

    /// Colleagues who pass the code around over lunch: one city, no clicks, and nobody means harm.
    fn office_orders(&mut self, code: &Code, count: u64) {
        const COLLEAGUES: u64 = 40;
        for _ in 0..count {
            let Some(at) = self.stolen() else {
                return;
            };
            let colleague = self.random.below(COLLEAGUES);
            let recorded = RecordedOrder {
                city: code.home,
                ..self.recording.orders[at]
            };
            let purchase = Purchase {
                ts: self.moment(),
                customer: self.people.member(
                    code.number,
                    MORE | colleague,
                    self.shop.city(code.home),
                ),
                newcomer: recorded.newcomer,
                entry: Entry::Typed,
                referrer: NO_REFERRER,
                click: None,
                leaked: false,
            };
            self.order(&purchase, &recorded);
        }
    }

    /// Some order of this kind of shop from about this hour of the week.
    pub(crate) fn stolen(&mut self) -> Option<usize> {
        let stock = &self.recording.stocks[usize::from(self.shop.walled_stock)];
        let drawn = stock.draw(self.now.recorded % WEEK_HOURS, &mut self.random);
        drawn.map(|order| order as usize)
    }
}

/// The orders that a click of a donor led to.
fn orders_of(recording: &Recording, donor: u32, click: usize) -> std::ops::Range<usize> {
    let donor = &recording.donors[donor as usize];
    let hour = donor
        .clicks_from
        .partition_point(|&from| from as usize <= click)
        - 1;
    let orders = donor.orders_in(hour);
    let of_hour = &recording.orders[orders.clone()];
    let from = of_hour.partition_point(|order| (order.click as usize) < click);
    let until = of_hour.partition_point(|order| order.click as usize <= click);
    orders.start + from..orders.start + until
}

/// An order of the same donor from about the same time: a thickened hour is not one order many times over.
fn neighbour(recording: &Recording, donor: u32, at: usize, random: &mut Random) -> usize {
    const REACH: usize = 12;
    let all = recording.donors[donor as usize].all_orders();
    let low = at.saturating_sub(REACH).max(all.start);
    let high = (at + REACH + 1).min(all.end);
    low + random.index(high - low)
}
