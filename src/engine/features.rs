//! What the learned judge saw, as lines: the names first, then one line per code and hour with
//! orders. Written by a replay, read by the training.
//!
//! Decides: their form. Must not know: what a feature means.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use promoguard_detect::{FeatureRow, feature_names};
use promoguard_event::Hour;
use promoguard_storage::{Chunk, LineReader, ReaderLimits};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    features: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row<'a> {
    code: std::borrow::Cow<'a, str>,
    /// Hours since 1970.
    hour: i32,
    values: std::borrow::Cow<'a, [f32]>,
}

/// Appends the line of the names.
pub fn write_names(line: &mut Vec<u8>) {
    let features = feature_names().into_iter().map(|name| name.name).collect();
    append(&Names { features }, line);
}

/// Appends the line of a row.
pub fn write_row(row: &FeatureRow, line: &mut Vec<u8>) {
    let row = Row {
        code: row.code.as_str().into(),
        hour: row.hour.index(),
        values: row.values.as_slice().into(),
    };
    append(&row, line);
}

fn append(value: &impl Serialize, line: &mut Vec<u8>) {
    serde_json::to_writer(&mut *line, value).expect("plain data is written into memory");
    line.write_all(b"\n").expect("memory takes a byte");
}

/// Reads the rows of a file.
///
/// # Errors
/// The file cannot be read, or was written by a version that saw other features.
pub fn read(path: &Path, mut take: impl FnMut(FeatureRow)) -> Result<()> {
    let made: Vec<String> = feature_names().into_iter().map(|name| name.name).collect();
    let mut names_read = false;
    each_line(path, |line| {
        if !names_read {
            let said: Names = serde_json::from_slice(line)?;
            if said.features != made {
                bail!("another version of promoguard wrote it; replay again");
            }
            names_read = true;
            return Ok(());
        }
        let row: Row<'_> = serde_json::from_slice(line)?;
        if row.values.len() != made.len() {
            bail!("the row is not whole");
        }
        take(FeatureRow {
            code: row.code.into_owned(),
            hour: Hour::from_index(row.hour),
            values: row.values.into_owned(),
        });
        Ok(())
    })
}

/// Hands out the lines of a file of ours; one that cannot be taken ends it, with its number.
///
/// # Errors
/// The file cannot be read, or a line was refused.
pub fn each_line(path: &Path, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let cannot = || format!("cannot read {}", path.display());
    let mut lines = LineReader::open(path, ReaderLimits::default()).with_context(cannot)?;
    let mut chunk = Chunk::new();
    while lines.next_chunk(&mut chunk).with_context(cannot)? {
        for line in chunk.lines() {
            take(line.bytes).with_context(|| format!("{}, line {}", cannot(), line.number))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_as_they_were_written() {
        let width = feature_names().len();
        let row = FeatureRow {
            code: "aliya10".into(),
            hour: Hour::from_index(490_000),
            values: (0..width).map(|at| at as f32 / 3.0).collect(),
        };
        let mut text = Vec::new();
        write_names(&mut text);
        write_row(&row, &mut text);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &text).unwrap();
        let mut rows = Vec::new();
        read(file.path(), |row| rows.push(row)).unwrap();
        assert_eq!(rows, [row]);
        std::fs::write(file.path(), "{\"features\":[\"moon\"]}\n").unwrap();
        let error = format!("{:#}", read(file.path(), |_| ()).unwrap_err());
        assert!(error.contains("another version"), "{error}");
    }
}
