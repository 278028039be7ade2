//! What the place of the checkpoints must be like: writable, with room, and one that creates a name
//! only once.

use std::path::Path;

use promoguard_storage::CheckpointStore;

use crate::config::sections::Checkpoint;
use crate::engine::checkpoint::{random, runtime};

use super::host::space;
use super::{Finding, Verdict};

const SUBJECT: &str = "checkpoints";
const ON_FULL: &str =
    "free some space; if you move the folder, set checkpoint.location to where it is";
const ON_FAULT: &str = "give this user the folder, or correct checkpoint.location";

/// A folder that is not there yet is not made here, so that a doctor leaves no empty state behind.
pub(super) fn examine(settings: &Checkpoint) -> Finding {
    let location = settings.location.as_str();
    if location.contains("://") {
        return match probe(location) {
            Ok(()) => Finding::good(SUBJECT, format!("{location} creates a name only once")),
            Err(error) => Finding::bad(SUBJECT, error.to_string(), ON_FAULT),
        };
    }
    let folder = Path::new(location);
    let existing = existing_part(folder);
    let mut finding = space(SUBJECT, existing, ON_FULL, ON_FAULT);
    if finding.verdict == Verdict::Bad {
        return finding;
    }
    if existing != folder {
        finding.seen = format!("{}; `run` will make {location}", finding.seen);
        return finding;
    }
    match probe(location) {
        Ok(()) => {
            finding.seen = format!("{}, creates a name only once", finding.seen);
            finding
        }
        Err(error) => Finding::bad(SUBJECT, error.to_string(), ON_FAULT),
    }
}

/// As much of a path as is there; below where the process starts if nothing of it is.
fn existing_part(folder: &Path) -> &Path {
    let mut parts = folder.ancestors();
    let existing = parts.find(|part| part.exists());
    existing.unwrap_or(Path::new("."))
}

/// Creates an object twice, reads it and deletes it again.
fn probe(location: &str) -> anyhow::Result<()> {
    let store = CheckpointStore::open(location, std::env::vars())?;
    Ok(runtime()?.block_on(store.probe(random()?))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(location: &Path) -> Finding {
        examine(&Checkpoint {
            location: location.to_str().unwrap().to_owned(),
            ..Checkpoint::default()
        })
    }

    #[test]
    fn a_folder_that_is_not_there_yet_is_not_made() {
        let place = tempfile::tempdir().unwrap();
        let state = place.path().join("below/state");
        let finding = at(&state);
        assert_ne!(finding.verdict, Verdict::Bad, "{finding:?}");
        assert!(finding.seen.contains("`run` will make"), "{finding:?}");
        assert!(!place.path().join("below").exists());
    }

    #[test]
    fn a_folder_is_tried_and_what_was_created_is_deleted() {
        let place = tempfile::tempdir().unwrap();
        let finding = at(place.path());
        assert!(
            finding.seen.contains("creates a name only once"),
            "{finding:?}"
        );
        let left = std::fs::read_dir(place.path().join("probe"));
        assert_eq!(left.map_or(0, Iterator::count), 0);
    }

    #[test]
    fn a_file_in_the_place_of_the_folder_fails() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let finding = at(file.path());
        assert_eq!(finding.verdict, Verdict::Bad, "{finding:?}");
        assert_eq!(finding.advice, ON_FAULT);
    }
}
