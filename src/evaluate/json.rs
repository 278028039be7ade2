//! The figures as JSON, for machines. The format is described in docs/evaluate.md.

use serde::Serialize;

use super::Evaluation;

/// Counts up when a field changes its meaning or goes away; new fields do not change it.
pub const FORMAT_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    version: u32,
    promoguard: &'static str,
    #[serde(flatten)]
    evaluation: &'a Evaluation,
}

/// The document, with a line break at its end.
pub fn to_json(evaluation: &Evaluation) -> String {
    let document = Document {
        format: "promoguard-evaluation",
        version: FORMAT_VERSION,
        promoguard: env!("CARGO_PKG_VERSION"),
        evaluation,
    };
    let mut text = serde_json::to_string_pretty(&document)
        .expect("figures have no keys that JSON cannot have");
    text.push('\n');
    text
}
