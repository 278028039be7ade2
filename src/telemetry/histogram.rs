//! Counts of values by size, added to in batches.
//!
//! Decides how values fall into buckets and how those are written down. The exporter's own
//! histograms keep every value, with a clock reading each, until somebody asks: at a million
//! records a second that is 24 MB a second without a bound. These are a fixed number of integers.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A shared histogram. Cloning gives another handle on the same counts.
#[derive(Clone, Debug)]
pub struct Histogram(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    bounds: &'static [f64],
    /// One for each bound, and one for what is above all of them.
    counts: Box<[AtomicU64]>,
    /// The bits of an f64.
    sum: AtomicU64,
}

/// Values of one batch, counted without touching memory that other threads use.
#[derive(Clone, Debug)]
pub struct Batch {
    bounds: &'static [f64],
    counts: Box<[u64]>,
    sum: f64,
}

impl Histogram {
    pub(super) fn new(bounds: &'static [f64]) -> Self {
        Self(Arc::new(Shared {
            bounds,
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0f64.to_bits()),
        }))
    }

    /// Counts one value.
    pub fn observe(&self, value: f64) {
        self.observe_many(value, 1);
    }

    /// Counts a value that occurred `count` times.
    pub fn observe_many(&self, value: f64, count: u64) {
        if count > 0 {
            self.0.counts[bucket(self.0.bounds, value)].fetch_add(count, Relaxed);
            self.add_to_sum(value * count as f64);
        }
    }

    /// An empty batch for this histogram.
    pub fn batch(&self) -> Batch {
        let bounds = self.0.bounds;
        Batch {
            bounds,
            counts: vec![0; bounds.len() + 1].into(),
            sum: 0.0,
        }
    }

    /// Adds a batch, and empties it for the next.
    pub fn absorb(&self, batch: &mut Batch) {
        for (shared, count) in self.0.counts.iter().zip(&mut batch.counts) {
            if *count > 0 {
                shared.fetch_add(std::mem::take(count), Relaxed);
            }
        }
        self.add_to_sum(std::mem::take(&mut batch.sum));
    }

    fn add_to_sum(&self, value: f64) {
        let added = |bits| Some((f64::from_bits(bits) + value).to_bits());
        // The closure always answers, so the update cannot fail.
        let _ = self.0.sum.fetch_update(Relaxed, Relaxed, added);
    }

    /// Appends the series in Prometheus' text format. `labels` is `name="value",…` or empty.
    pub(super) fn write(&self, name: &str, labels: &str, text: &mut String) {
        let comma = if labels.is_empty() { "" } else { "," };
        let mut up_to = 0;
        let bounds = self
            .0
            .bounds
            .iter()
            .map(f64::to_string)
            .chain(["+Inf".to_owned()]);
        for (bound, count) in bounds.zip(&self.0.counts) {
            up_to += count.load(Relaxed);
            let _ = writeln!(
                text,
                "{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {up_to}"
            );
        }
        let sum = f64::from_bits(self.0.sum.load(Relaxed));
        let braced = if labels.is_empty() {
            String::new()
        } else {
            format!("{{{labels}}}")
        };
        let _ = writeln!(
            text,
            "{name}_sum{braced} {sum}\n{name}_count{braced} {up_to}"
        );
    }
}

impl Batch {
    /// Counts one value.
    pub fn observe(&mut self, value: f64) {
        self.counts[bucket(self.bounds, value)] += 1;
        self.sum += value;
    }
}

/// A bound belongs to the bucket that it closes.
fn bucket(bounds: &[f64], value: f64) -> usize {
    bounds.partition_point(|bound| *bound < value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_and_single_values_give_the_same_cumulative_counts() {
        let single = Histogram::new(&[0.5, 1.0]);
        let batched = Histogram::new(&[0.5, 1.0]);
        let mut batch = batched.batch();
        for value in [0.25, 0.5, 0.75, 2.0] {
            single.observe(value);
            batch.observe(value);
        }
        batched.absorb(&mut batch);
        batched.absorb(&mut batch);
        let mut texts = [String::new(), String::new()];
        single.write("x", "t=\"y\"", &mut texts[0]);
        batched.write("x", "t=\"y\"", &mut texts[1]);
        assert_eq!(texts[0], texts[1]);
        assert_eq!(
            texts[0],
            "x_bucket{t=\"y\",le=\"0.5\"} 2\nx_bucket{t=\"y\",le=\"1\"} 3\n\
             x_bucket{t=\"y\",le=\"+Inf\"} 4\nx_sum{t=\"y\"} 3.5\nx_count{t=\"y\"} 4\n"
        );
    }

    #[test]
    fn a_value_that_occurred_often_counts_so_often() {
        let histogram = Histogram::new(&[1.0]);
        histogram.observe_many(3.0, 5);
        histogram.observe_many(0.5, 0);
        let mut text = String::new();
        histogram.write("x", "", &mut text);
        assert_eq!(
            text,
            "x_bucket{le=\"1\"} 0\nx_bucket{le=\"+Inf\"} 5\nx_sum 15\nx_count 5\n"
        );
    }
}
