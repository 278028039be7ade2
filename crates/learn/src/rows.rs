//! Training rows.
//!
//! Decides: their shape. Must not know: where they come from.

use thiserror::Error;

/// Features of codes at certain hours, with what was true of them.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    width: usize,
    values: Vec<f32>,
    leaking: Vec<bool>,
    weight: Vec<f32>,
}

/// Why rows cannot be fitted.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum RowsError {
    /// Fewer rows than a tree needs.
    #[error("{0} rows are too few to fit a model")]
    TooFew(usize),
    /// Only leaking, or only honest rows.
    #[error("all rows are of one kind: a model needs leaking and honest ones")]
    OneKind,
}

impl Rows {
    /// No rows yet, each to be of `width` features.
    pub fn new(width: usize) -> Rows {
        Rows {
            width,
            ..Rows::default()
        }
    }

    /// Adds a row with its weight, which must be above 0.
    pub fn push(&mut self, values: &[f32], leaking: bool, weight: f32) {
        assert_eq!(values.len(), self.width, "all rows have the same features");
        self.values.extend_from_slice(values);
        self.leaking.push(leaking);
        self.weight.push(weight);
    }

    /// Adds the rows of another set of the same width.
    pub fn append(&mut self, other: &mut Rows) {
        assert_eq!(other.width, self.width, "all rows have the same features");
        self.values.append(&mut other.values);
        self.leaking.append(&mut other.leaking);
        self.weight.append(&mut other.weight);
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.leaking.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.leaking.is_empty()
    }

    /// Features of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// One row's features.
    pub fn values(&self, row: usize) -> &[f32] {
        &self.values[row * self.width..(row + 1) * self.width]
    }

    pub(crate) fn value(&self, row: usize, feature: usize) -> f32 {
        self.values[row * self.width + feature]
    }

    /// Whether a row is of a leaking code.
    pub fn is_leaking(&self, row: usize) -> bool {
        self.leaking[row]
    }

    /// A row's weight.
    pub fn weight(&self, row: usize) -> f32 {
        self.weight[row]
    }
}
