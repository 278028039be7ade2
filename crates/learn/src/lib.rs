//! How the learned judge is fitted: rows of features with the truth become trees, and honest codes
//! that nobody fitted on become the scale of its score.
//!
//! Decides: boosting, weights of rows, the scale. Must not know: where worlds or decisions come
//! from, or what a feature means beyond its direction.
//!
//! - [`Rows`]: what was seen and what was true
//! - [`fit`]: trees, deterministic for any number of threads
//! - [`scale_of`]: decibans that cost what they say

mod bins;
mod boost;
mod rows;
mod scale;
mod split;

pub use boost::{FitSettings, fit};
pub use rows::{Rows, RowsError};
pub use scale::{CleanPeaks, scale_of};
