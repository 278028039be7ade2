//! Features in up to 64 steps each, so that a split is a comparison of bytes.
//!
//! Decides: where the steps lie. Must not know: what is fitted.

use crate::rows::Rows;

/// Steps of a feature at most.
pub(crate) const BINS: usize = 64;
/// Rows that the steps are read from.
const SAMPLE_ROWS: usize = 50_000;

/// Rows in steps, feature by feature.
pub(crate) struct Binned {
    rows: usize,
    /// Upper edges of the steps of each feature: a value above edge `b` lies in a later step.
    edges: Vec<Vec<f32>>,
    bins: Vec<u8>,
}

impl Binned {
    pub(crate) fn of(rows: &Rows) -> Binned {
        let stride = rows.len().div_ceil(SAMPLE_ROWS).max(1);
        let edges: Vec<Vec<f32>> = (0..rows.width())
            .map(|feature| {
                let sample = (0..rows.len()).step_by(stride);
                edges(sample.map(|row| rows.value(row, feature)).collect())
            })
            .collect();
        let mut bins = Vec::with_capacity(rows.len() * rows.width());
        for (feature, edges) in edges.iter().enumerate() {
            bins.extend((0..rows.len()).map(|row| {
                let value = rows.value(row, feature);
                edges.partition_point(|edge| *edge < value) as u8
            }));
        }
        Binned {
            rows: rows.len(),
            edges,
            bins,
        }
    }

    /// The steps of one feature, row by row.
    pub(crate) fn column(&self, feature: usize) -> &[u8] {
        &self.bins[feature * self.rows..(feature + 1) * self.rows]
    }

    /// The threshold of a split after step `bin`.
    pub(crate) fn edge(&self, feature: usize, bin: usize) -> f32 {
        self.edges[feature][bin]
    }

    /// Steps of a feature.
    pub(crate) fn steps(&self, feature: usize) -> usize {
        self.edges[feature].len() + 1
    }
}

/// Edges with about as many values between any two of them.
fn edges(mut values: Vec<f32>) -> Vec<f32> {
    values.sort_by(f32::total_cmp);
    let mut edges: Vec<f32> = Vec::with_capacity(BINS - 1);
    for step in 1..BINS {
        let at = step * values.len() / BINS;
        let Some(edge) = values.get(at) else { break };
        let is_last = *edge >= values[values.len() - 1];
        if !is_last && edges.last().is_none_or(|last| last < edge) {
            edges.push(*edge);
        }
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yes_or_no_feature_has_two_steps_and_a_constant_one() {
        let mut rows = Rows::new(2);
        for row in 0..100 {
            rows.push(&[f32::from(row % 3 == 0), 7.0], false, 1.0);
        }
        let binned = Binned::of(&rows);
        assert_eq!((binned.steps(0), binned.steps(1)), (2, 1));
        assert_eq!(binned.column(0)[..4], [1, 0, 0, 1]);
        assert!(binned.edge(0, 0) < 1.0);
    }
}
