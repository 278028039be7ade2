//! Effects of the engine as lines for the review store.

use promoguard_pipeline::Effects;
use promoguard_review::{FeedKind, FeedReport, Position, Store, StoreError};

/// Lines on their way into the store, one after the other in one buffer.
#[derive(Debug, Default)]
pub struct FeedLines {
    bytes: Vec<u8>,
    /// Kind and end of each line.
    ends: Vec<(FeedKind, usize)>,
}

impl FeedLines {
    /// Adds a line as it came.
    pub fn add(&mut self, kind: FeedKind, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.ends.push((kind, self.bytes.len()));
    }

    /// Adds what a step of the engine says: the lines that would go into the topics.
    pub fn add_effects(&mut self, effects: &Effects) {
        for window in &effects.windows {
            window.write_line(&mut self.bytes);
            self.ends.push((FeedKind::Window, self.bytes.len()));
        }
        for judged in &effects.flags {
            judged.flag.write_line(&mut self.bytes);
            self.ends.push((FeedKind::Flag, self.bytes.len()));
        }
        for order in &effects.judged_orders {
            order.write_line(&mut self.bytes);
            self.ends.push((FeedKind::Order, self.bytes.len()));
        }
    }

    /// Bytes that wait.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Hands everything over, together with how far the topics were read, and is empty again.
    ///
    /// # Errors
    /// The store cannot be written; the lines stay.
    pub fn feed(
        &mut self,
        store: &Store,
        positions: &[Position],
    ) -> Result<FeedReport, StoreError> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(_, end)| *end));
        let lines = self
            .ends
            .iter()
            .zip(starts)
            .map(|((kind, end), start)| (*kind, self.bytes[start..*end].trim_ascii_end()));
        let report = store.feed(lines, positions)?;
        self.bytes.clear();
        self.ends.clear();
        Ok(report)
    }
}
