//! A shop: what it tells about an order, how its orders live on, and when they are fetched.

use crate::draft::{Customer, Entry, NO_REFERRER, OrderDraft, ReferrerId, Spelling, Status};
use crate::geography::{NO_CITY, Population};
use crate::random::Random;
use crate::shape::WeekShape;
use crate::time::{HOUR_MS, hours_ms};

/// How a shop names its customers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// `customer_id`, the shop's own numbering.
    Own,
    /// `customer_id` of the marketplace, the same in all its shops.
    Marketplace,
    /// `customer_phone`, always in one spelling.
    Phone,
    /// `customer_phone` in whatever spelling the customer typed.
    PhoneAsTyped,
    /// `customer_email`.
    Email,
    /// `customer_phone`, masked for everybody: nobody can be told apart.
    MaskedPhone,
    /// Nothing.
    Nobody,
}

/// How a shop writes times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeStyle {
    EpochMs,
    Utc,
    /// With this offset in hours.
    Offset(i64),
}

/// Which statuses a shop reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifecycle {
    /// `created`, then what became of it.
    Full,
    /// Nothing before `paid`.
    FromPaid,
    /// `created` and nothing after it; the field `status` is left out.
    CreatedOnly,
}

/// Shares of orders for which the shop passes a field on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coverage {
    pub(crate) click_id: f64,
    pub(crate) click_ts: f64,
    pub(crate) referrer: f64,
    pub(crate) entry: f64,
    pub(crate) newcomer: f64,
    pub(crate) city: f64,
}

#[derive(Clone, Debug)]
pub(crate) struct Merchant {
    pub(crate) name: String,
    pub(crate) marketplace: Option<&'static str>,
    pub(crate) country: &'static str,
    pub(crate) currency: &'static str,
    pub(crate) identity: Identity,
    pub(crate) coverage: Coverage,
    pub(crate) time_style: TimeStyle,
    pub(crate) amount_quoted: bool,
    /// In hundredths of the currency.
    pub(crate) basket_median: f64,
    pub(crate) basket_sigma: f64,
    /// Prices end on a multiple of this many hundredths.
    pub(crate) price_step: i64,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) pay_delay_median_hours: f64,
    pub(crate) cancel_share: f64,
    pub(crate) return_share: f64,
    /// Orders are fetched this often; absent: they are pushed.
    pub(crate) poll_ms: Option<i64>,
    /// Share of honest checkouts where a helper pastes the code.
    pub(crate) auto_base: f64,
    pub(crate) population: Population,
    pub(crate) week: WeekShape,
}

/// An order as it happened, before the shop forgets half of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Intent {
    pub(crate) ts: i64,
    pub(crate) code: u32,
    pub(crate) customer: Customer,
    pub(crate) newcomer: bool,
    pub(crate) entry: Entry,
    pub(crate) referrer: ReferrerId,
    pub(crate) click: Option<(u64, i64)>,
    /// Basket relative to the shop's.
    pub(crate) basket: f64,
    pub(crate) leaked: bool,
    /// The code is not valid at that time.
    pub(crate) refused: bool,
}

/// What is broken at a shop in an hour.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outage {
    pub(crate) click_ids: bool,
    pub(crate) referrers: bool,
}

impl Merchant {
    /// What the shop tells of the order. `merchant` is this shop's index, `serial` the order's number.
    pub(crate) fn report(
        &self,
        merchant: u32,
        serial: u64,
        intent: &Intent,
        random: &mut Random,
    ) -> OrderDraft {
        let coverage = &self.coverage;
        let carried = random.chance(coverage.click_id);
        let timed = random.chance(coverage.click_ts);
        let click = intent
            .click
            .filter(|_| carried)
            .map(|(id, ts)| (id, if timed { ts } else { 0 }));
        let referred = random.chance(coverage.referrer);
        let basket = random.log_normal(self.basket_median * intent.basket, self.basket_sigma);
        let steps = (basket / self.price_step as f64).max(1.0) as i64;
        let status = match self.lifecycle {
            _ if intent.refused => Status::Rejected,
            Lifecycle::FromPaid => Status::Paid,
            Lifecycle::Full | Lifecycle::CreatedOnly => Status::Created,
        };
        OrderDraft {
            ts: intent.ts,
            serial,
            customer: intent.customer,
            amount: steps * self.price_step,
            click,
            code: intent.code,
            merchant,
            referrer: if referred {
                intent.referrer
            } else {
                NO_REFERRER
            },
            city: if random.chance(coverage.city) {
                self.delivery_city(intent.customer, random)
            } else {
                NO_CITY
            },
            entry: if random.chance(coverage.entry) {
                intent.entry
            } else {
                Entry::Unsaid
            },
            status,
            newcomer: random.chance(coverage.newcomer).then_some(intent.newcomer),
            spelling: spell_at_checkout(intent.entry, random),
            fraudulent: intent.leaked,
            first: !intent.refused,
        }
    }

    /// What is left of an order's first record when the shop's tracking is broken.
    pub(crate) fn suffer(outage: Outage, order: &mut OrderDraft) {
        if outage.click_ids {
            order.click = None;
        }
        if outage.referrers {
            order.referrer = NO_REFERRER;
        }
    }

    fn delivery_city(&self, customer: Customer, random: &mut Random) -> u8 {
        const GIFT_SHARE: f64 = 0.03;
        if random.chance(GIFT_SHARE) {
            self.population.draw(random)
        } else {
            customer.city()
        }
    }

    /// The next status of an order, if there is one.
    pub(crate) fn after(&self, order: &OrderDraft, random: &mut Random) -> Option<OrderDraft> {
        let (status, delay_ms) = match (order.status, self.lifecycle) {
            (Status::Created, Lifecycle::Full) => {
                let hours = random
                    .log_normal(self.pay_delay_median_hours, 0.8)
                    .min(14.0 * 24.0);
                // Deal hunters order in several shops and keep one parcel.
                let cancel = self.cancel_share * if order.fraudulent { 1.5 } else { 1.0 };
                let status = if random.chance(cancel) {
                    Status::Cancelled
                } else {
                    Status::Paid
                };
                (status, hours_ms(hours) + 2_000)
            }
            (Status::Paid, Lifecycle::Full | Lifecycle::FromPaid)
                if random.chance(self.return_share) =>
            {
                (
                    Status::Returned,
                    hours_ms(random.range(2.0 * 24.0, 14.0 * 24.0)),
                )
            }
            _ => return None,
        };
        Some(OrderDraft {
            ts: order.ts + delay_ms,
            status,
            first: false,
            ..*order
        })
    }

    /// When a record of `ts` is fetched, or pushed, if nothing goes wrong.
    pub(crate) fn fetched_at(&self, merchant: u32, ts: i64, random: &mut Random) -> i64 {
        match self.poll_ms {
            None => ts + random.range_ms(200, 3_000),
            Some(every_ms) => {
                let phase = i64::from(merchant) * 37 * 60_000 % every_ms;
                let next = (ts - phase).div_euclid(every_ms) * every_ms + every_ms + phase;
                next + random.range_ms(500, 60_000)
            }
        }
    }
}

fn spell_at_checkout(entry: Entry, random: &mut Random) -> Spelling {
    let drawn = random.unit();
    match entry {
        Entry::Typed if drawn < 0.25 => Spelling::Lower,
        Entry::Typed if drawn < 0.28 => Spelling::Padded,
        _ if drawn > 0.9 => Spelling::Alias,
        _ => Spelling::Registry,
    }
}

/// Draws a poll interval between one hour and a day.
pub(crate) fn draw_poll_ms(random: &mut Random) -> i64 {
    random.pick(&[1, 1, 2, 4, 6, 12, 24]) * HOUR_MS
}
