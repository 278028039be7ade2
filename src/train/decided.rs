//! Rows that analysts' decisions label.
//!
//! Decides: what a decision says of the hours before it. Must not know: how trees are grown.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use promoguard_detect::FeatureRow;
use promoguard_event::{Decision, Decoder, DecoderLimits, Event, Outcome, PseudonymKey, Topic};
use promoguard_learn::Rows;

use crate::engine::features;

/// Hours before a decision that it speaks of, where it does not say since when.
const SPEAKS_OF_HOURS: i32 = 14 * 24;

/// Adds the rows that decisions speak of, each decided code weighing `weight`; gives their number.
///
/// # Errors
/// A file cannot be read.
pub(super) fn teach(
    rows: &mut Rows,
    seen: &Path,
    decisions: &[PathBuf],
    weight: f64,
) -> Result<u64> {
    let decisions = read_decisions(decisions)?;
    let mut of_decision: BTreeMap<usize, Vec<FeatureRow>> = BTreeMap::new();
    features::read(seen, |row| {
        let spoken = decisions
            .iter()
            .rposition(|decision| speaks_of(decision, &row));
        if let Some(at) = spoken {
            of_decision.entry(at).or_default().push(row);
        }
    })?;
    let mut taught = 0;
    for (at, seen) in &of_decision {
        let leaking = decisions[*at].outcome == Outcome::Leak;
        for row in seen {
            rows.push(&row.values, leaking, (weight / seen.len() as f64) as f32);
        }
        taught += seen.len() as u64;
    }
    Ok(taught)
}

/// Whether a decision says of a row's hour that the code leaked or did not.
fn speaks_of(decision: &Decision, row: &FeatureRow) -> bool {
    let lesson = matches!(
        decision.outcome,
        Outcome::Leak | Outcome::Legitimate | Outcome::Permitted | Outcome::Expected
    );
    let until = decision.ts.hour().index();
    let since = decision
        .hold_from
        .filter(|_| decision.outcome == Outcome::Leak)
        .map_or(until - SPEAKS_OF_HOURS, |from| from.hour().index());
    lesson && decision.code.as_str() == row.code && (since..=until).contains(&row.hour.index())
}

fn read_decisions(paths: &[PathBuf]) -> Result<Vec<Decision>> {
    // Decisions name no customer, so the key does not matter.
    let mut decoder = Decoder::new(PseudonymKey::new([0; 32]), DecoderLimits::default());
    let mut decisions = Vec::new();
    for path in paths {
        features::each_line(path, |line| {
            match decoder.decode(Topic::Decisions, line) {
                Ok(decoded) => {
                    if let Event::Decision(decision) = decoded.event {
                        decisions.push(*decision);
                    }
                }
                Err(error) => bail!("{error}"),
            }
            Ok(())
        })?;
    }
    Ok(decisions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use promoguard_detect::feature_names;
    use promoguard_event::Hour;

    #[test]
    fn a_leak_is_a_lesson_from_its_hold_on_and_unclear_is_none() {
        let width = feature_names().len();
        let folder = tempfile::tempdir().unwrap();
        let (seen, decided) = (folder.path().join("f"), folder.path().join("d"));
        let mut text = Vec::new();
        features::write_names(&mut text);
        for (code, hour) in [
            ("a", 489_990),
            ("a", 490_010),
            ("b", 490_010),
            ("c", 490_010),
        ] {
            let row = FeatureRow {
                code: code.into(),
                hour: Hour::from_index(hour),
                values: vec![0.0; width],
            };
            features::write_row(&row, &mut text);
        }
        std::fs::write(&seen, text).unwrap();
        let decision = |code: &str, outcome: &str, more: &str| {
            let ts = 490_020_i64 * 3_600_000;
            format!(
                "{{\"flag_id\":\"f\",\"rev\":1,\"code\":\"{code}\",\"ts\":{ts},\
                 \"actor\":\"x\",\"outcome\":\"{outcome}\"{more}}}\n"
            )
        };
        let hold = format!(",\"hold_from\":{}", 490_000_i64 * 3_600_000);
        let lines = decision("a", "leak", &hold)
            + &decision("b", "legitimate", "")
            + &decision("c", "unclear", "");
        std::fs::write(&decided, lines).unwrap();
        let mut rows = Rows::new(width);
        let taught = teach(&mut rows, &seen, &[decided], 4.0).unwrap();
        assert_eq!((taught, rows.len()), (2, 2));
        assert_eq!([rows.is_leaking(0), rows.is_leaking(1)], [true, false]);
        assert_eq!(rows.weight(0), 4.0);
    }
}
