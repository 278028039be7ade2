//! Seeded chance: a generator per (seed, subject, hour) and the distributions that the world draws from.
//!
//! Knows nothing of codes or shops. Streams are derived, not shared, so that one code's draws do not
//! depend on how many draws another code made.

/// xoshiro256++ (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2019).
#[derive(Clone, Debug)]
pub(crate) struct Random {
    state: [u64; 4],
}

/// What a derived stream is about; keeps streams of one seed apart.
#[derive(Clone, Copy, Debug)]
#[repr(u64)]
pub(crate) enum Stream {
    Cast = 1,
    Posts,
    Announcements,
    Day,
    Hour,
    Leak,
    LeakDay,
    Sale,
    Outage,
    Office,
    Delivery,
    Era,
    Life,
    Settings,
    Habits,
    People,
    Events,
}

/// The finaliser of SplitMix64: a bijection on 64 bits, so distinct serials give distinct ids.
pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Random {
    /// The stream of `seed` about `stream` number `a`, `b`.
    pub(crate) fn of(seed: u64, stream: Stream, a: u64, b: u64) -> Self {
        let mut s = mix(mix(mix(seed) ^ (stream as u64)) ^ a) ^ mix(b ^ 0x5bf0_3635);
        let state = std::array::from_fn(|_| {
            s = s.wrapping_add(0x9e37_79b9_7f4a_7c15);
            mix(s)
        });
        Self { state }
    }

    #[inline]
    pub(crate) fn next_u64(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Uniform in [0, 1).
    #[inline]
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in 0..n; the bias of the multiply-shift is below 2^-32 for the small n used here.
    #[inline]
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(n)) >> 64) as u64
    }

    #[inline]
    pub(crate) fn index(&mut self, n: usize) -> usize {
        self.below(n as u64) as usize
    }

    #[inline]
    pub(crate) fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    #[inline]
    pub(crate) fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform between two ends; draws nothing where they are one.
    #[inline]
    pub(crate) fn between(&mut self, (low, high): (f64, f64)) -> f64 {
        if low < high {
            self.range(low, high)
        } else {
            low
        }
    }

    /// Like `chance`, and draws nothing where the answer is certain.
    #[inline]
    pub(crate) fn happens(&mut self, share: f64) -> bool {
        share >= 1.0 || (share > 0.0 && self.chance(share))
    }

    /// Uniform in low..high; `low` where the range is empty.
    #[inline]
    pub(crate) fn range_ms(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low).max(1) as u64) as i64
    }

    pub(crate) fn log_uniform(&mut self, low: f64, high: f64) -> f64 {
        libm::exp(self.range(libm::log(low), libm::log(high)))
    }

    /// Uniform on the logarithm between two ends.
    pub(crate) fn log_between(&mut self, (low, high): (f64, f64)) -> f64 {
        self.log_uniform(low, high)
    }

    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * libm::log(1.0 - self.unit())
    }

    /// Standard normal, by Marsaglia's polar method.
    pub(crate) fn normal(&mut self) -> f64 {
        loop {
            let x = self.range(-1.0, 1.0);
            let y = self.range(-1.0, 1.0);
            let r = x * x + y * y;
            if r > 0.0 && r < 1.0 {
                return x * libm::sqrt(-2.0 * libm::log(r) / r);
            }
        }
    }

    pub(crate) fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * libm::exp(sigma * self.normal())
    }

    /// Gamma with the given shape and mean 1 (Marsaglia and Tsang, 2000): the day-to-day excess
    /// spread that makes Poisson counts negative binomial.
    pub(crate) fn gamma_mean_one(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let boosted = self.gamma_mean_one(shape + 1.0) * (shape + 1.0);
            return boosted * libm::pow(1.0 - self.unit(), 1.0 / shape) / shape;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / libm::sqrt(9.0 * d);
        loop {
            let x = self.normal();
            let v = 1.0 + c * x;
            if v <= 0.0 {
                continue;
            }
            let v = v * v * v;
            let u = 1.0 - self.unit();
            if libm::log(u) < 0.5 * x * x + d * (1.0 - v + libm::log(v)) {
                return d * v / shape;
            }
        }
    }

    /// Poisson: inversion for small means, else Hörmann's PTRS (1993).
    pub(crate) fn poisson(&mut self, mean: f64) -> u64 {
        if mean <= 0.0 {
            return 0;
        }
        if mean < 10.0 {
            let mut p = libm::exp(-mean);
            let mut left = self.unit();
            let mut k = 0;
            while left > p && k < 200 {
                left -= p;
                k += 1;
                p *= mean / k as f64;
            }
            return k;
        }
        let log_mean = libm::log(mean);
        let b = 0.931 + 2.53 * libm::sqrt(mean);
        let a = -0.059 + 0.02483 * b;
        let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
        let v_r = 0.9277 - 3.6224 / (b - 2.0);
        loop {
            let u = self.unit() - 0.5;
            let v = 1.0 - self.unit();
            let us = 0.5 - u.abs();
            let k = libm::floor((2.0 * a / us + b) * u + mean + 0.43);
            if us >= 0.07 && v <= v_r {
                return k as u64;
            }
            if k < 0.0 || (us < 0.013 && v > us) {
                continue;
            }
            let accept = libm::log(v * inverse_alpha / (a / (us * us) + b));
            if accept <= k * log_mean - mean - libm::lgamma(k + 1.0) {
                return k as u64;
            }
        }
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.index(from.len())]
    }

    /// The index of one of `weights`, drawn in proportion to them.
    pub(crate) fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.unit() * weights.iter().sum::<f64>();
        for (index, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return index;
            }
        }
        weights.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_and_variance(draw: impl FnMut() -> f64) -> (f64, f64) {
        let n = 40_000;
        let values: Vec<f64> = std::iter::repeat_with(draw).take(n).collect();
        let mean = values.iter().sum::<f64>() / n as f64;
        let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n as f64;
        (mean, variance)
    }

    #[test]
    fn poisson_has_equal_mean_and_variance_on_both_sides_of_the_switch() {
        for expected in [0.05, 1.0, 9.9, 10.1, 40.0, 900.0] {
            let mut random = Random::of(1, Stream::Cast, 0, 0);
            let (mean, variance) = mean_and_variance(|| random.poisson(expected) as f64);
            assert!(
                (mean / expected - 1.0).abs() < 0.06,
                "{expected}: mean {mean}"
            );
            assert!(
                (variance / expected - 1.0).abs() < 0.06,
                "{expected}: variance {variance}"
            );
        }
    }

    #[test]
    fn gamma_days_have_mean_one_and_variance_one_over_shape() {
        for shape in [0.5, 1.5, 4.0] {
            let mut random = Random::of(2, Stream::Cast, 0, 0);
            let (mean, variance) = mean_and_variance(|| random.gamma_mean_one(shape));
            assert!((mean - 1.0).abs() < 0.04, "{shape}: mean {mean}");
            assert!(
                (variance * shape - 1.0).abs() < 0.12,
                "{shape}: variance {variance}"
            );
        }
    }

    #[test]
    fn streams_of_one_seed_differ() {
        let first = |stream, a, b| Random::of(7, stream, a, b).next_u64();
        let drawn = [
            first(Stream::Cast, 0, 0),
            first(Stream::Posts, 0, 0),
            first(Stream::Posts, 1, 0),
            first(Stream::Posts, 0, 1),
        ];
        for (i, value) in drawn.iter().enumerate() {
            assert!(!drawn[..i].contains(value));
        }
    }
}
