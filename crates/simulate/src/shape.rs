//! The shape of a week: how activity spreads over its 168 hours in Almaty. Every shape has mean 1.

/// Relative activity for each hour of the week, Monday 00:00 first.
#[derive(Clone, Debug)]
pub(crate) struct WeekShape(Box<[f32; 168]>);

/// Hour-of-day profiles of audiences: evening scrollers, mornings and lunches, night owls, all-day.
const AUDIENCES: [[f32; 24]; 4] = [
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
const SHOPPERS: [f32; 24] = [
    1.2, 0.6, 0.3, 0.2, 0.2, 0.3, 0.8, 1.8, 3., 4.5, 5.5, 6., 6., 5.8, 5.5, 5.2, 5., 4.8, 5., 5.5,
    6., 6., 4.5, 2.5,
];

/// Hours at a desk; nearly nothing outside them.
const OFFICE: [f32; 24] = [
    0.02, 0.02, 0.02, 0.02, 0.02, 0.02, 0.05, 0.2, 1., 5., 7., 7., 8., 9., 7., 6., 6., 5., 2., 0.5,
    0.3, 0.2, 0.1, 0.05,
];

impl WeekShape {
    fn from(weight: impl Fn(usize, usize) -> f32) -> Self {
        let mut hours = Box::new([0f32; 168]);
        for (at, hour) in hours.iter_mut().enumerate() {
            *hour = weight(at / 24, at % 24);
        }
        let mean = hours.iter().sum::<f32>() / 168.0;
        for hour in hours.iter_mut() {
            *hour /= mean;
        }
        Self(hours)
    }

    /// An audience: between two profiles, moved by whole hours, with its own weekend.
    pub(crate) fn audience(
        main: usize,
        other: usize,
        blend: f32,
        shift: usize,
        weekend: f32,
    ) -> Self {
        Self::from(|weekday, hour| {
            let at = (hour + 24 - shift % 24) % 24;
            let level = AUDIENCES[main % 4][at] * (1.0 - blend) + AUDIENCES[other % 4][at] * blend;
            if weekday >= 5 { level * weekend } else { level }
        })
    }

    /// A shop: moved by whole hours, with its own weekend.
    pub(crate) fn shop(shift: usize, weekend: f32) -> Self {
        Self::from(|weekday, hour| {
            let level = SHOPPERS[(hour + 24 - shift % 24) % 24];
            if weekday >= 5 { level * weekend } else { level }
        })
    }

    /// Desks from Monday to Friday.
    pub(crate) fn office() -> Self {
        Self::from(|weekday, hour| OFFICE[hour] * if weekday >= 5 { 0.06 } else { 1.0 })
    }

    #[inline]
    pub(crate) fn at(&self, week_hour: usize) -> f64 {
        f64::from(self.0[week_hour])
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
