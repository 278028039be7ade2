//! Habits of shops: where they sell, what they tell of an order, and how their customers buy.

use crate::random::Random;
use crate::shop::Coverage;
use crate::spread::Spread;

/// How a field of an order is passed on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct FieldHabits {
    /// Share of shops that pass it on at all.
    pub(crate) shops: f64,
    /// Share of orders for which such a shop does.
    pub(crate) orders: (f64, f64),
}

/// Habits of the fields of `Coverage`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct CoverageHabits {
    click_id: FieldHabits,
    click_ts: FieldHabits,
    referrer: FieldHabits,
    entry: FieldHabits,
    newcomer: FieldHabits,
    city: FieldHabits,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ShopHabits {
    /// Weights of the marketplaces: of shops in Kazakhstan, of shops in Russia.
    pub(crate) marketplaces: [[f64; 4]; 2],
    /// Share of shops on Kaspi whose customers' phones are masked.
    pub(crate) kaspi_masked: f64,
    /// Share of the other shops on marketplaces that do not tell customers apart.
    pub(crate) walled_nobody: f64,
    /// Share of shops of their own that do not.
    pub(crate) open_nobody: f64,
    /// Weights of own numbers, phones, phones as typed, e-mails in shops of their own.
    pub(crate) identities: [f64; 4],
    pub(crate) walled_coverage: CoverageHabits,
    pub(crate) open_coverage: CoverageHabits,
    /// Median and width of the shops' median baskets: in tenge, in roubles.
    pub(crate) basket_medians: [(f64, f64); 2],
    /// Width of the baskets of one shop.
    pub(crate) basket_sigma: (f64, f64),
    /// Weights of shops that report all statuses, none before `paid`, only `created`.
    pub(crate) lifecycles: [f64; 3],
    /// Median hours from order to payment on marketplaces.
    pub(crate) walled_pay_delay_hours: (f64, f64),
    /// The same in shops of their own, which spread evenly on the logarithm.
    pub(crate) open_pay_delay_hours: (f64, f64),
    pub(crate) cancel_share: (f64, f64),
    pub(crate) return_share: (f64, f64),
    /// Share of honest checkouts where a helper of the browser pastes the code.
    pub(crate) auto_base: (f64, f64),
    /// Shopping on Saturdays and Sundays relative to other days.
    pub(crate) weekend: (f64, f64),
}

const NEVER: FieldHabits = FieldHabits {
    shops: 0.0,
    orders: (0.0, 0.0),
};
const ALWAYS: (f64, f64) = (1.0, 1.0);

const fn told(shops: f64, orders: (f64, f64)) -> FieldHabits {
    FieldHabits { shops, orders }
}

impl ShopHabits {
    pub(crate) const fn usual() -> Self {
        Self {
            marketplaces: [[0.6, 0.2, 0.12, 0.08], [0.0, 0.0, 0.6, 0.4]],
            kaspi_masked: 0.35,
            walled_nobody: 0.12,
            open_nobody: 0.0,
            identities: [0.4, 0.2, 0.25, 0.15],
            walled_coverage: CoverageHabits {
                click_id: NEVER,
                click_ts: NEVER,
                referrer: told(0.2, (0.05, 0.3)),
                entry: told(0.3, (0.6, 1.0)),
                newcomer: told(0.65, ALWAYS),
                city: told(0.85, (0.9, 1.0)),
            },
            open_coverage: CoverageHabits {
                click_id: told(1.0, (0.78, 0.98)),
                click_ts: told(0.8, ALWAYS),
                referrer: told(0.85, (0.55, 0.95)),
                entry: told(0.85, (0.9, 1.0)),
                newcomer: told(0.85, ALWAYS),
                city: told(1.0, (0.85, 1.0)),
            },
            basket_medians: [(19_000.0, 0.7), (3_500.0, 0.6)],
            basket_sigma: (0.35, 0.8),
            lifecycles: [0.7, 0.12, 0.18],
            walled_pay_delay_hours: (20.0, 90.0),
            open_pay_delay_hours: (0.05, 1.0),
            cancel_share: (0.02, 0.12),
            return_share: (0.01, 0.1),
            auto_base: (0.005, 0.06),
            weekend: (0.75, 1.35),
        }
    }

    pub(crate) fn spread(&mut self, by: &mut Spread) {
        let Self {
            marketplaces,
            kaspi_masked,
            walled_nobody,
            open_nobody,
            identities,
            walled_coverage,
            open_coverage,
            basket_medians,
            basket_sigma,
            lifecycles,
            walled_pay_delay_hours,
            open_pay_delay_hours,
            cancel_share,
            return_share,
            auto_base,
            weekend,
        } = self;
        for weights in marketplaces {
            by.weights(weights);
        }
        by.share(kaspi_masked);
        by.share(walled_nobody);
        *open_nobody = by.appear(0.06);
        by.weights(identities);
        walled_coverage.spread(by);
        open_coverage.spread(by);
        for basket in basket_medians {
            by.log_normal(basket);
        }
        by.ratios(basket_sigma);
        by.weights(lifecycles);
        by.sizes(walled_pay_delay_hours);
        by.sizes(open_pay_delay_hours);
        by.shares(cancel_share);
        by.shares(return_share);
        by.shares(auto_base);
        by.ratios(weekend);
    }
}

impl CoverageHabits {
    /// What one shop tells.
    pub(crate) fn draw(&self, random: &mut Random) -> Coverage {
        Coverage {
            click_id: self.click_id.draw(random),
            click_ts: self.click_ts.draw(random),
            referrer: self.referrer.draw(random),
            entry: self.entry.draw(random),
            newcomer: self.newcomer.draw(random),
            city: self.city.draw(random),
        }
    }

    fn spread(&mut self, by: &mut Spread) {
        let Self {
            click_id,
            click_ts,
            referrer,
            entry,
            newcomer,
            city,
        } = self;
        click_id.move_shares(by);
        for field in [click_ts, referrer, entry, newcomer, city] {
            field.spread(by);
        }
    }
}

impl FieldHabits {
    fn draw(&self, random: &mut Random) -> f64 {
        if random.happens(self.shops) {
            random.between(self.orders)
        } else {
            0.0
        }
    }

    /// In some worlds no shop passes the field on, in some every shop does.
    fn spread(&mut self, by: &mut Spread) {
        const NOWHERE: f64 = 0.12;
        const EVERYWHERE: f64 = 0.1;
        self.move_shares(by);
        if self.shops == 0.0 {
            return;
        }
        if by.world_is(NOWHERE) {
            self.shops = 0.0;
        } else if by.world_is(EVERYWHERE) {
            self.shops = 1.0;
        }
    }

    /// What is usually certain is only likely in another world; what never is, stays so.
    fn move_shares(&mut self, by: &mut Spread) {
        const MISSING_SHOPS: f64 = 0.05;
        const MISSING_ORDERS: f64 = 0.07;
        if self.shops < 1.0 {
            by.share(&mut self.shops);
        } else {
            self.shops = 1.0 - by.appear(MISSING_SHOPS);
        }
        if self.orders == ALWAYS {
            self.orders.0 = 1.0 - by.appear(MISSING_ORDERS);
        } else {
            by.shares(&mut self.orders);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marketplaces_that_send_referrers_exist_and_none_ever_sends_a_click_id() {
        let drawn: Vec<ShopHabits> = (0..300)
            .map(|seed| {
                let mut habits = ShopHabits::usual();
                habits.spread(&mut Spread::of(seed, 1.0));
                habits
            })
            .collect();
        let walled = |field: fn(&CoverageHabits) -> FieldHabits| {
            drawn
                .iter()
                .map(move |habits| field(&habits.walled_coverage).shops)
        };
        assert!(walled(|coverage| coverage.click_id).all(|shops| shops == 0.0));
        assert!(walled(|coverage| coverage.referrer).any(|shops| shops == 0.0));
        assert!(walled(|coverage| coverage.referrer).any(|shops| shops == 1.0));
        assert!(drawn.iter().all(|habits| {
            let ids = habits.open_coverage.click_id;
            ids.shops > 0.5 && ids.orders.0 > 0.1
        }));
    }
}
