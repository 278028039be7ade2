//! What a world is asked to be: every knob with its unit, its default and its bounds.

use thiserror::Error;

/// By which idea a world comes about. Families share the wire, the life of an order, its delivery and the
/// truth file, and nothing of how they decide what happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// Every code has rates; clicks, typed orders and leaked orders of an hour are drawn from them.
    #[default]
    Programme,
    /// People with memory and habits follow partners, shop and talk; everything emerges from what they do.
    Agents,
    /// Honest traffic is put together anew from blocks of a recording, and leaks take orders of the shop.
    Resampled,
    /// Every code is a self-exciting process, every order belongs to a latent segment.
    Cascades,
}

impl Family {
    /// All of them, in a fixed order.
    pub const ALL: [Self; 4] = [
        Self::Programme,
        Self::Agents,
        Self::Resampled,
        Self::Cascades,
    ];

    /// The word on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Programme => "programme",
            Self::Agents => "agents",
            Self::Resampled => "resampled",
            Self::Cascades => "cascades",
        }
    }

    /// The family of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == name)
    }
}

/// The constants of a world. `Default` is a programme of 200 codes in Kazakhstan over eight weeks.
///
/// Shares are between 0 and 1. Every draw depends on `seed` and on these values only.
#[derive(Clone, Debug, PartialEq)]
pub struct WorldSettings {
    /// Same seed and settings, same bytes. Default 1.
    pub seed: u64,
    /// By which idea the world comes about. Default [`Family::Programme`].
    pub family: Family,
    /// How far the family's inner constants (shares of marks, delays, habits of leaks) lie from their usual
    /// values, drawn once per world: 0 = as documented, 1 = by a factor of about two on odds and sizes,
    /// up to 3. Default 0.
    pub spread: f64,
    /// Promo codes in the programme, 1 to 5,000,000. Default 200.
    pub codes: u32,
    /// Shops in the programme, 1 to 100,000. Default 20.
    pub merchants: u32,
    /// First hour, epoch milliseconds, cut to the hour; 2000 to 2100.
    /// Default Monday 2026-03-02 00:00 in Almaty.
    pub start: i64,
    /// Length in days, up to 3,660, rounded up to whole hours. Also the length of an era: past the end, in live use, each further
    /// stretch of this many days brings new leaks. Default 56.
    pub days: f64,
    /// Multiplies all orders and clicks of all codes. Default 1.
    pub volume_scale: f64,
    /// Orders a day of the median code, before `volume_scale`; the tail is heavy (the mean is about twice
    /// this). Default 1.
    pub orders_per_day_median: f64,
    /// Clicks per honest order, on average. Default 20.
    pub clicks_per_order: f64,
    /// Share of shops that sell on a marketplace which tells little about an order. Default 0.55.
    pub walled_share: f64,
    /// Share of shops, and of partners, in Russia. Default 0.15.
    pub russia_share: f64,
    /// Share of codes that leak within `days` (and within each later era, of those that have not). Default 0.22.
    pub leak_share: f64,
    /// How leaks divide into kinds.
    pub leak_mix: LeakMix,
    /// Share of codes whose clicks are inflated by a flood, whether or not they leak. Default 0.02.
    pub click_flood_share: f64,
    /// Share of leaks that are there from the code's first day. Default 0.12.
    pub from_day_one_share: f64,
    /// Share of the other leaks that grow over one to five weeks instead of at once. Default 0.2.
    pub slow_ramp_share: f64,
    /// Share of leaks that stop before the end. Default 0.25.
    pub stops_share: f64,
    /// Smallest leak, as a multiple of the code's own orders. Default 0.3.
    pub leak_size_min: f64,
    /// Largest leak, as a multiple of the code's own orders. Default 5.
    pub leak_size_max: f64,
    /// Share of codes with an innocent story that looks like a leak (see `HonestLookalike`),
    /// drawn without regard to whether the code leaks. Default 0.3.
    pub lookalike_share: f64,
    /// Share of codes that have events but no registry entry. Default 0.02.
    pub unregistered_share: f64,
    /// Share of marketplace shops whose orders are fetched every 1 to 24 hours instead of pushed. Default 0.25.
    pub polled_share: f64,
    /// Share of orders that arrive 1 to 72 hours late besides; clicks a tenth as often. Default 0.01.
    pub late_share: f64,
    /// Share of records that arrive 5 seconds to 4 minutes after their neighbours. Default 0.02.
    pub out_of_order_share: f64,
    /// Share of records delivered twice, byte for byte. Default 0.01.
    pub duplicate_share: f64,
    /// Malformed records per good one, in addition to the good ones. Default 0.
    pub dirty_share: f64,
    /// Share of typed redemptions that were first tried with a slip of the finger, and refused. Default 0.015.
    pub mistyped_share: f64,
    /// At most this many leaked order ids are kept in a code's truth line; all of them are marked in the
    /// records and in the order truth file. Default 1,000.
    pub leaked_order_ids_max: usize,
}

/// Weights of the kinds of leak; only their proportions matter, at least one must be positive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeakMix {
    /// Listed on coupon sites. Default 0.35.
    pub coupon_site: f64,
    /// Pasted by a browser extension. Default 0.25.
    pub extension: f64,
    /// Passed around among staff or in a closed community. Default 0.2.
    pub insider_or_community: f64,
    /// Posted in a public deal channel. Default 0.2.
    pub deal_channel: f64,
}

impl Default for LeakMix {
    fn default() -> Self {
        Self {
            coupon_site: 0.35,
            extension: 0.25,
            insider_or_community: 0.2,
            deal_channel: 0.2,
        }
    }
}

impl Default for WorldSettings {
    fn default() -> Self {
        Self {
            seed: 1,
            family: Family::Programme,
            spread: 0.0,
            codes: 200,
            merchants: 20,
            start: 1_772_391_600_000,
            days: 56.0,
            volume_scale: 1.0,
            orders_per_day_median: 1.0,
            clicks_per_order: 20.0,
            walled_share: 0.55,
            russia_share: 0.15,
            leak_share: 0.22,
            leak_mix: LeakMix::default(),
            click_flood_share: 0.02,
            from_day_one_share: 0.12,
            slow_ramp_share: 0.2,
            stops_share: 0.25,
            leak_size_min: 0.3,
            leak_size_max: 5.0,
            lookalike_share: 0.3,
            unregistered_share: 0.02,
            polled_share: 0.25,
            late_share: 0.01,
            out_of_order_share: 0.02,
            duplicate_share: 0.01,
            dirty_share: 0.0,
            mistyped_share: 0.015,
            leaked_order_ids_max: 1_000,
        }
    }
}

/// Why settings cannot make a world.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum SettingsError {
    /// A value lies outside its bounds, or is not a number.
    #[error("setting `{setting}` is {value}, allowed is {min} to {max}")]
    OutOfBounds {
        /// Name of the field.
        setting: &'static str,
        /// What it was.
        value: f64,
        /// Smallest allowed value.
        min: f64,
        /// Largest allowed value.
        max: f64,
    },
    /// `leak_size_min` is above `leak_size_max`.
    #[error("smallest leak {min} is larger than largest leak {max}")]
    LeakSizesCrossed {
        /// `leak_size_min`.
        min: f64,
        /// `leak_size_max`.
        max: f64,
    },
    /// No kind of leak has a positive weight.
    #[error("no kind of leak has a positive weight in `leak_mix`")]
    NoLeakKind,
}

impl WorldSettings {
    /// Checks every bound.
    ///
    /// # Errors
    /// The first setting that is out of bounds.
    pub fn validate(&self) -> Result<(), SettingsError> {
        let shares = [
            ("walled_share", self.walled_share),
            ("russia_share", self.russia_share),
            ("leak_share", self.leak_share),
            ("click_flood_share", self.click_flood_share),
            ("from_day_one_share", self.from_day_one_share),
            ("slow_ramp_share", self.slow_ramp_share),
            ("stops_share", self.stops_share),
            ("lookalike_share", self.lookalike_share),
            ("unregistered_share", self.unregistered_share),
            ("polled_share", self.polled_share),
            ("late_share", self.late_share),
            ("out_of_order_share", self.out_of_order_share),
            ("duplicate_share", self.duplicate_share),
            ("dirty_share", self.dirty_share),
            ("mistyped_share", self.mistyped_share),
        ];
        for (setting, value) in shares {
            within(setting, value, 0.0, 1.0)?;
        }
        let mix = self.leak_mix;
        let weights = [
            mix.coupon_site,
            mix.extension,
            mix.insider_or_community,
            mix.deal_channel,
        ];
        for weight in weights {
            within("leak_mix", weight, 0.0, 1e6)?;
        }
        if weights.iter().all(|&weight| weight == 0.0) {
            return Err(SettingsError::NoLeakKind);
        }
        within("spread", self.spread, 0.0, 3.0)?;
        within("codes", f64::from(self.codes), 1.0, 5e6)?;
        within("merchants", f64::from(self.merchants), 1.0, 1e5)?;
        within(
            "start",
            self.start as f64,
            946_684_800_000.0,
            4_102_444_800_000.0,
        )?;
        within("days", self.days, 1.0 / 24.0, 3_660.0)?;
        within("volume_scale", self.volume_scale, 1e-6, 1e6)?;
        within(
            "orders_per_day_median",
            self.orders_per_day_median,
            1e-3,
            1e6,
        )?;
        within("clicks_per_order", self.clicks_per_order, 2.0, 1e4)?;
        within("leak_size_min", self.leak_size_min, 0.0, 1e3)?;
        within("leak_size_max", self.leak_size_max, 0.0, 1e3)?;
        if self.leak_size_min > self.leak_size_max {
            return Err(SettingsError::LeakSizesCrossed {
                min: self.leak_size_min,
                max: self.leak_size_max,
            });
        }
        Ok(())
    }
}

fn within(setting: &'static str, value: f64, min: f64, max: f64) -> Result<(), SettingsError> {
    // Not a number fails every comparison, so it is refused too.
    if value >= min && value <= max {
        Ok(())
    } else {
        Err(SettingsError::OutOfBounds {
            setting,
            value,
            min,
            max,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut WorldSettings), expected: &str) {
        let mut settings = WorldSettings::default();
        change(&mut settings);
        let said = settings
            .validate()
            .map_or_else(|error| error.to_string(), |()| "valid".into());
        assert_eq!(said, expected);
    }

    #[test]
    fn settings_outside_their_bounds_are_refused_by_name() {
        check(|_| (), "valid");
        check(
            |s| s.leak_share = 1.5,
            "setting `leak_share` is 1.5, allowed is 0 to 1",
        );
        check(
            |s| s.late_share = f64::NAN,
            "setting `late_share` is NaN, allowed is 0 to 1",
        );
        check(
            |s| s.codes = 0,
            "setting `codes` is 0, allowed is 1 to 5000000",
        );
        check(
            |s| s.days = 0.0,
            "setting `days` is 0, allowed is 0.041666666666666664 to 3660",
        );
        check(
            |s| s.leak_size_min = 9.0,
            "smallest leak 9 is larger than largest leak 5",
        );
        check(
            |s| {
                s.leak_mix = LeakMix {
                    coupon_site: 0.0,
                    extension: 0.0,
                    insider_or_community: 0.0,
                    deal_channel: 0.0,
                }
            },
            "no kind of leak has a positive weight in `leak_mix`",
        );
    }
}
