//! The shape of a week: how activity spreads over its 168 hours in Almaty. Every shape has mean 1.

/// Relative activity for each hour of the week, kept as the few numbers that it follows from:
/// there may be millions of codes, each with a week of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WeekShape {
    main: &'static [f32; 24],
    other: &'static [f32; 24],
    /// Share of `other`.
    blend: f32,
    /// Whole hours by which the day begins later.
    shift: usize,
    /// Saturdays and Sundays relative to other days.
    weekend: f32,
    /// Makes the mean of the week 1.
    scale: f32,
}

/// Hour-of-day profiles of audiences: evening scrollers, mornings and lunches, night owls, all-day.
static AUDIENCES: [[f32; 24]; 4] = [
    [
        1., 0.5, 0.3, 0.2, 0.2, 0.3, 0.8, 1.5, 2., 2., 2., 2., 3., 3., 2.5, 2.5, 3., 4., 5., 7.,
        9., 9., 6., 3.,
    ],
    [
        0.4, 0.2, 0.2, 0.2, 0.3, 1., 3., 6., 7., 6., 5., 5., 8., 8., 5., 4., 4., 4., 4., 4., 4.,
        3., 2., 1.,
    ],
    [
        6., 5., 3., 2., 1., 0.5, 0.5, 1., 1.5, 2., 2., 2., 3., 3., 2.5, 2.5, 3., 3., 4., 5., 6.,
        8., 9., 8.,
    ],
    [
        1., 0.6, 0.4, 0.3, 0.3, 0.6, 1.5, 3., 4., 5., 5., 5., 6., 6., 5.5, 5.5, 5.5, 5.5, 6., 6.,
        6., 6., 4., 2.,
    ],
];

/// Hours of a shop: people who shop, whoever sent them.
static SHOPPERS: [f32; 24] = [
    1.2, 0.6, 0.3, 0.2, 0.2, 0.3, 0.8, 1.8, 3., 4.5, 5.5, 6., 6., 5.8, 5.5, 5.2, 5., 4.8, 5., 5.5,
    6., 6., 4.5, 2.5,
];

/// Hours at a desk; nearly nothing outside them.
static OFFICE: [f32; 24] = [
    0.02, 0.02, 0.02, 0.02, 0.02, 0.02, 0.05, 0.2, 1., 5., 7., 7., 8., 9., 7., 6., 6., 5., 2., 0.5,
    0.3, 0.2, 0.1, 0.05,
];

impl WeekShape {
    fn new(
        main: &'static [f32; 24],
        other: &'static [f32; 24],
        blend: f32,
        shift: usize,
        weekend: f32,
    ) -> Self {
        let plain = Self {
            main,
            other,
            blend,
            shift: shift % 24,
            weekend,
            scale: 1.0,
        };
        let mean = (0..168)
            .map(|week_hour| plain.level(week_hour))
            .sum::<f32>()
            / 168.0;
        Self {
            scale: 1.0 / mean,
            ..plain
        }
    }

    /// An audience: between two profiles, moved by whole hours, with its own weekend.
    pub(crate) fn audience(
        main: usize,
        other: usize,
        blend: f32,
        shift: usize,
        weekend: f32,
    ) -> Self {
        Self::new(
            &AUDIENCES[main % 4],
            &AUDIENCES[other % 4],
            blend,
            shift,
            weekend,
        )
    }

    /// A shop: moved by whole hours, with its own weekend.
    pub(crate) fn shop(shift: usize, weekend: f32) -> Self {
        Self::new(&SHOPPERS, &SHOPPERS, 0.0, shift, weekend)
    }

    /// Desks from Monday to Friday.
    pub(crate) fn office() -> Self {
        const WEEKEND: f32 = 0.06;
        Self::new(&OFFICE, &OFFICE, 0.0, 0, WEEKEND)
    }

    /// Activity in that hour of the week, 0 to 167, relative to the mean.
    #[inline]
    pub(crate) fn at(&self, week_hour: usize) -> f64 {
        f64::from(self.level(week_hour) * self.scale)
    }

    #[inline]
    fn level(&self, week_hour: usize) -> f32 {
        let (weekday, hour) = (week_hour / 24, week_hour % 24);
        let at = (hour + 24 - self.shift) % 24;
        let level = self.main[at] * (1.0 - self.blend) + self.other[at] * self.blend;
        if weekday >= 5 {
            level * self.weekend
        } else {
            level
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_week_has_mean_one_and_offices_sleep_on_sundays() {
        let shapes = [
            WeekShape::audience(0, 2, 0.3, 1, 1.4),
            WeekShape::shop(2, 0.9),
            WeekShape::office(),
        ];
        for shape in &shapes {
            let mean = (0..168).map(|h| shape.at(h)).sum::<f64>() / 168.0;
            assert!((mean - 1.0).abs() < 1e-4);
        }
        let sunday_noon = 6 * 24 + 12;
        assert!(shapes[2].at(sunday_noon) < 0.1 * shapes[2].at(12));
    }
}
