//! Habits of sales and of broken tracking.

use crate::spread::Spread;

/// How often something comes over a shop, and for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Windows {
    /// Least and mean days from the end of one to the next.
    pub(crate) gap_days: (f64, f64),
    /// Length, spread evenly on the logarithm.
    pub(crate) length_hours: (f64, f64),
    /// Begins at midnight in Almaty and lasts whole days.
    pub(crate) whole_days: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SeasonHabits {
    /// Sale days of a marketplace; Kaspi's "Kaspi Жұма" lasts three days.
    pub(crate) marketplace_sales: Windows,
    /// Sale days of a shop of its own.
    pub(crate) own_sales: Windows,
    /// Median factor on orders in either, and its width.
    pub(crate) marketplace_lift: f64,
    pub(crate) own_lift: f64,
    pub(crate) lift_sigma: f64,
    /// On a marketplace's sale days people look around elsewhere too: factor on orders there, and how much
    /// of a sale day it is for the mix of buyers.
    pub(crate) elsewhere_lift: f64,
    pub(crate) elsewhere_sale: f64,
    pub(crate) click_id_outages: Windows,
    pub(crate) referrer_outages: Windows,
}

impl SeasonHabits {
    pub(crate) const fn usual() -> Self {
        Self {
            marketplace_sales: Windows {
                gap_days: (20.0, 40.0),
                length_hours: (72.0, 73.0),
                whole_days: true,
            },
            own_sales: Windows {
                gap_days: (15.0, 45.0),
                length_hours: (24.0, 96.0),
                whole_days: true,
            },
            marketplace_lift: 3.2,
            own_lift: 2.2,
            lift_sigma: 0.25,
            elsewhere_lift: 1.15,
            elsewhere_sale: 0.2,
            click_id_outages: Windows {
                gap_days: (5.0, 45.0),
                length_hours: (3.0, 72.0),
                whole_days: false,
            },
            referrer_outages: Windows {
                gap_days: (5.0, 60.0),
                length_hours: (3.0, 72.0),
                whole_days: false,
            },
        }
    }

    pub(crate) fn spread(&mut self, by: &mut Spread) {
        let Self {
            marketplace_sales,
            own_sales,
            marketplace_lift,
            own_lift,
            lift_sigma,
            elsewhere_lift,
            elsewhere_sale,
            click_id_outages,
            referrer_outages,
        } = self;
        for windows in [
            marketplace_sales,
            own_sales,
            click_id_outages,
            referrer_outages,
        ] {
            by.paces(&mut windows.gap_days);
            by.paces(&mut windows.length_hours);
        }
        for lift in [marketplace_lift, own_lift, elsewhere_lift] {
            by.lift(lift);
        }
        by.ratio(lift_sigma);
        by.share(elsewhere_sale);
    }
}
