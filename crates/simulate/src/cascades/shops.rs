//! Shops: how they are, what they tell about an order and when that changes, and what things cost.
//!
//! Decides what is left of an order in its record. Must not know why the order came about.

use crate::cascades::chance::{Subject, chance, phi};
use crate::cascades::names::{self, MARKETPLACES};
use crate::cascades::nature::{self, Nature};
use crate::draft::{Customer, Entry, NO_REFERRER, OrderDraft, ReferrerId, Spelling, Status};
use crate::geography::{NO_CITY, Population};
use crate::random::Random;
use crate::settings::WorldSettings;
use crate::shape::WeekShape;
use crate::shop::{Coverage, Identity, Lifecycle, Merchant, TimeStyle, draw_poll_ms};
use crate::time::{DAY_MS, days_ms};

/// What a shop sells, cheapest first.
#[derive(Clone, Debug)]
struct PriceList {
    /// In hundredths.
    prices: Vec<i64>,
    /// Share of sales up to and including each price.
    sold: Vec<f32>,
    /// Chance that one more thing goes into the basket.
    more_share: f64,
}

/// What the stage's merchant does not say of a shop.
#[derive(Clone, Debug)]
pub(crate) struct Shop {
    pub(crate) abroad: bool,
    pub(crate) walled: bool,
    prices: PriceList,
    habits: Random,
    /// When it next changes what it tells.
    migrates_at: i64,
}

/// An order as it happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Purchase {
    pub(crate) ts: i64,
    pub(crate) code: u32,
    pub(crate) shop: u32,
    pub(crate) serial: u64,
    pub(crate) customer: Customer,
    pub(crate) newcomer: bool,
    pub(crate) entry: Entry,
    pub(crate) referrer: ReferrerId,
    /// The click that the order could carry: id and time.
    pub(crate) click: Option<(u64, i64)>,
    /// Standard normal plus a shift: how large a basket is wanted.
    pub(crate) basket: f64,
    /// What the code takes off, in per cent.
    pub(crate) discount_pct: u64,
    pub(crate) gift_share: f64,
    pub(crate) leaked: bool,
    /// The code is not valid at that time.
    pub(crate) refused: bool,
}

/// Casts shop number `number`, as it is when the world begins.
pub(crate) fn cast_shop(
    settings: &WorldSettings,
    nature: &Nature,
    number: u32,
) -> (Merchant, Shop) {
    let mut random = chance(settings.seed, Subject::Shop, number.into(), 0);
    let random = &mut random;
    let walled = random.chance(settings.walled_share);
    let abroad = random.chance(settings.russia_share);
    let marketplace = walled.then(|| {
        let weights = MARKETPLACES.map(|(_, weights)| weights[usize::from(abroad)]);
        MARKETPLACES[random.weighted(&weights)].0
    });
    let country = if abroad { "RU" } else { "KZ" };
    let (basket_median, basket_sigma) = if abroad {
        (random.log_normal(290_000.0, 0.8), random.range(0.3, 0.9))
    } else {
        (random.log_normal(1_500_000.0, 0.9), random.range(0.3, 0.9))
    };
    let price_step = random.pick(&[100, 100, 500, 1_000]);
    let merchant = Merchant {
        name: names::shop(number as usize),
        marketplace,
        country,
        currency: if abroad { "RUB" } else { "KZT" },
        identity: draw_identity(marketplace, random),
        coverage: draw_coverage(&nature.shops, walled, random),
        time_style: match random.index(3) {
            0 => TimeStyle::Offset(if abroad { 3 } else { 5 }),
            1 => TimeStyle::EpochMs,
            _ => TimeStyle::Utc,
        },
        amount_quoted: random.chance(0.5),
        basket_median,
        basket_sigma,
        price_step,
        lifecycle: match random.weighted(&[0.62, 0.18, 0.2]) {
            0 => Lifecycle::Full,
            1 => Lifecycle::FromPaid,
            _ => Lifecycle::CreatedOnly,
        },
        pay_delay_median_hours: if walled {
            random.log_uniform(10.0, 100.0)
        } else {
            random.log_uniform(0.03, 2.0)
        },
        cancel_share: random.range(0.01, 0.15),
        return_share: random.range(0.005, 0.14),
        poll_ms: (walled && random.chance(settings.polled_share)).then(|| draw_poll_ms(random)),
        auto_base: nature.shops.helper_share * random.log_normal(1.0, 0.6),
        population: Population::of(country),
        week: WeekShape::shop(random.index(3), random.range(0.75, 1.35) as f32),
    };
    let prices = PriceList::draw(basket_median, basket_sigma, price_step, random);
    let mut habits = chance(settings.seed, Subject::Shop, number.into(), 1);
    let migrates_at = settings.start + migration_gap(&nature.shops, &mut habits);
    let shop = Shop {
        abroad,
        walled,
        prices,
        habits,
        migrates_at,
    };
    (merchant, shop)
}

fn draw_identity(marketplace: Option<&str>, random: &mut Random) -> Identity {
    match marketplace {
        Some("kaspi") if random.chance(0.35) => Identity::MaskedPhone,
        Some(_) => match random.weighted(&[0.75, 0.13, 0.12]) {
            0 => Identity::Marketplace,
            1 => Identity::Own,
            _ => Identity::Nobody,
        },
        None => match random.weighted(&[0.36, 0.2, 0.22, 0.17, 0.05]) {
            0 => Identity::Own,
            1 => Identity::Phone,
            2 => Identity::PhoneAsTyped,
            3 => Identity::Email,
            _ => Identity::Nobody,
        },
    }
}

fn draw_coverage(shops: &nature::Shops, walled: bool, random: &mut Random) -> Coverage {
    let mut fields = [0.0; 6];
    for (index, field) in fields.iter_mut().enumerate() {
        *field = draw_field(shops, walled, index, random);
    }
    coverage_of(fields)
}

/// Whether a shop tells a field, and of which share of orders.
fn draw_field(shops: &nature::Shops, walled: bool, index: usize, random: &mut Random) -> f64 {
    let tells = if walled { shops.walled } else { shops.open };
    let told = random.chance(tells[index]);
    // Shops that tell a field differ in how often: some lose most of it.
    let sloppy = if random.chance(0.12) {
        random.range(0.1, 0.7)
    } else {
        1.0
    };
    let share = (shops.told[index] * sloppy * random.range(0.85, 1.08)).min(1.0);
    if told { share } else { 0.0 }
}

fn fields_of(coverage: &Coverage) -> [f64; 6] {
    [
        coverage.click_id,
        coverage.click_ts,
        coverage.referrer,
        coverage.entry,
        coverage.newcomer,
        coverage.city,
    ]
}

fn coverage_of(fields: [f64; 6]) -> Coverage {
    let [click_id, click_ts, referrer, entry, newcomer, city] = fields;
    Coverage {
        click_id,
        click_ts,
        referrer,
        entry,
        newcomer,
        city,
    }
}

fn migration_gap(shops: &nature::Shops, habits: &mut Random) -> i64 {
    days_ms(shops.migration_days * (0.05 + habits.exponential(0.95)))
}

impl Shop {
    /// Lets the shop change what it tells if it is time; says whether it did.
    pub(crate) fn migrate(
        &mut self,
        now: i64,
        shops: &nature::Shops,
        merchant: &mut Merchant,
    ) -> bool {
        if now < self.migrates_at {
            return false;
        }
        self.migrates_at = now + migration_gap(shops, &mut self.habits).max(DAY_MS);
        let mut fields = fields_of(&merchant.coverage);
        for _ in 0..1 + self.habits.index(2) {
            let index = self.habits.index(fields.len());
            fields[index] = draw_field(shops, self.walled, index, &mut self.habits);
        }
        merchant.coverage = coverage_of(fields);
        true
    }

    /// What the shop tells of a purchase.
    pub(crate) fn report(
        &self,
        merchant: &Merchant,
        purchase: &Purchase,
        random: &mut Random,
    ) -> OrderDraft {
        let coverage = &merchant.coverage;
        let click = purchase
            .click
            .filter(|_| random.chance(coverage.click_id))
            .map(|(id, ts)| {
                let timed = random.chance(coverage.click_ts);
                (id, if timed { ts } else { 0 })
            });
        let status = match merchant.lifecycle {
            _ if purchase.refused => Status::Rejected,
            Lifecycle::FromPaid => Status::Paid,
            Lifecycle::Full | Lifecycle::CreatedOnly => Status::Created,
        };
        OrderDraft {
            ts: purchase.ts,
            serial: purchase.serial,
            customer: purchase.customer,
            amount: self.prices.basket(purchase, random),
            click,
            code: purchase.code,
            merchant: purchase.shop,
            referrer: if random.chance(coverage.referrer) {
                purchase.referrer
            } else {
                NO_REFERRER
            },
            city: if !random.chance(coverage.city) {
                NO_CITY
            } else if random.chance(purchase.gift_share) {
                merchant.population.draw(random)
            } else {
                purchase.customer.city()
            },
            entry: if random.chance(coverage.entry) {
                purchase.entry
            } else {
                Entry::Unsaid
            },
            status,
            newcomer: random
                .chance(coverage.newcomer)
                .then_some(purchase.newcomer),
            spelling: spelling(purchase.entry, random),
            fraudulent: purchase.leaked,
            first: !purchase.refused,
        }
    }
}

fn spelling(entry: Entry, random: &mut Random) -> Spelling {
    let drawn = random.unit();
    match entry {
        Entry::Typed if drawn < 0.35 => Spelling::Lower,
        Entry::Typed if drawn < 0.37 => Spelling::Padded,
        Entry::Link if drawn > 0.75 => Spelling::Alias,
        _ if drawn > 0.95 => Spelling::Alias,
        _ => Spelling::Registry,
    }
}

impl PriceList {
    /// A list whose prices lie around the median as a log-normal would, each just below a round one, and
    /// whose things sell by Zipf's law.
    fn draw(median: f64, sigma: f64, step: i64, random: &mut Random) -> Self {
        let things = 6 + random.index(60);
        // Baskets hold more than one thing now and then.
        let mut prices: Vec<i64> = (0..things)
            .map(|_| {
                let price = random.log_normal(0.85 * median, sigma) as i64;
                let round = step * 10;
                (price / round).max(1) * round - step
            })
            .collect();
        prices.sort_unstable();
        prices.dedup();
        let exponent = random.range(0.4, 1.3);
        let mut ranks: Vec<usize> = (1..=prices.len()).collect();
        for last in (1..ranks.len()).rev() {
            ranks.swap(last, random.index(last + 1));
        }
        let weights: Vec<f64> = ranks
            .iter()
            .map(|&rank| libm::pow(rank as f64, -exponent))
            .collect();
        let total: f64 = weights.iter().sum();
        let mut below = 0.0;
        let sold = weights
            .iter()
            .map(|weight| {
                below += weight / total;
                below as f32
            })
            .collect();
        Self {
            prices,
            sold,
            more_share: random.range(0.05, 0.45),
        }
    }

    /// What the customer pays, in hundredths.
    fn basket(&self, purchase: &Purchase, random: &mut Random) -> i64 {
        const THINGS_MAX: u32 = 6;
        let mut sum = 0;
        for _ in 0..THINGS_MAX {
            // Half of the choice is the buyer's inclination, half the thing's own luck.
            let wanted = phi(1.2 * purchase.basket + 0.8 * random.normal()) as f32;
            let at = self.sold.partition_point(|&sold| sold < wanted);
            sum += self.prices[at.min(self.prices.len() - 1)];
            if !random.chance(self.more_share) {
                break;
            }
        }
        let paid = sum * (100 - purchase.discount_pct as i64) / 100;
        (paid / 100).max(1) * 100
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marketplace_never_begins_to_tell_click_ids_and_an_open_shop_changes_its_mind() {
        let nature = Nature::draw(1, 0.0);
        let settings = WorldSettings {
            walled_share: 0.5,
            ..WorldSettings::default()
        };
        let mut changed = 0;
        for number in 0..40 {
            let (mut merchant, mut shop) = cast_shop(&settings, &nature, number);
            let before = fields_of(&merchant.coverage);
            for day in 0..700 {
                shop.migrate(settings.start + day * DAY_MS, &nature.shops, &mut merchant);
                assert!(merchant.marketplace.is_none() || merchant.coverage.click_id == 0.0);
            }
            changed += u32::from(fields_of(&merchant.coverage) != before);
        }
        assert!(changed > 25, "{changed}");
    }

    #[test]
    fn larger_wishes_make_larger_baskets() {
        let mut random = chance(1, Subject::Shop, 0, 0);
        let prices = PriceList::draw(1_900_000.0, 0.6, 1_000, &mut random);
        let mut mean = |basket: f64| {
            let purchase = Purchase {
                ts: 0,
                code: 0,
                shop: 0,
                serial: 0,
                customer: Customer(0),
                newcomer: true,
                entry: Entry::Typed,
                referrer: NO_REFERRER,
                click: None,
                basket,
                discount_pct: 10,
                gift_share: 0.0,
                leaked: false,
                refused: false,
            };
            let sum: i64 = (0..2_000)
                .map(|_| prices.basket(&purchase, &mut random))
                .sum();
            sum as f64 / 2_000.0
        };
        assert!(mean(0.5) > 1.2 * mean(-0.5));
    }
}
