//! What leaves the world: records with their payload bytes, in a batch whose memory is reused.

use std::ops::Range;

/// The topic that a record belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// `promo.clicks`
    Clicks,
    /// `promo.orders`
    Orders,
}

impl Topic {
    /// The topic's name in Kafka.
    pub fn name(self) -> &'static str {
        match self {
            Self::Clicks => "promo.clicks",
            Self::Orders => "promo.orders",
        }
    }
}

/// What the world knows about a record and the payload does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Came through a leak, or through a click flood.
    pub fraudulent: bool,
    /// The first record of an order that was accepted (`created`, or `paid` where the shop sends nothing before).
    pub first_of_order: bool,
    /// A byte-for-byte repeat of an earlier record.
    pub duplicate: bool,
    /// Deliberately not readable under the contract.
    pub malformed: bool,
}

/// One record, borrowed from its batch.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Where it goes.
    pub topic: Topic,
    /// The key: the normalised code (the canonical one where the payload carries an alias).
    pub key: &'a str,
    /// Event time, epoch milliseconds.
    pub ts: i64,
    /// When it reaches the log, epoch milliseconds; never before `ts`. Records come in this order.
    pub arrival: i64,
    /// What the payload does not say.
    pub marks: Marks,
    /// One JSON object without a newline.
    pub payload: &'a [u8],
}

#[derive(Clone, Debug)]
struct Slot {
    topic: Topic,
    marks: Marks,
    ts: i64,
    arrival: i64,
    key: Range<usize>,
    payload: Range<usize>,
}

/// Records in order of arrival. Clearing keeps the memory.
#[derive(Clone, Debug)]
pub struct RecordBatch {
    bytes: Vec<u8>,
    slots: Vec<Slot>,
    records_max: usize,
}

impl RecordBatch {
    /// An empty batch that `World::fill` tops up to at most `records_max` records (at least one).
    pub fn with_records_max(records_max: usize) -> Self {
        Self {
            bytes: Vec::new(),
            slots: Vec::new(),
            records_max: records_max.max(1),
        }
    }

    /// Forgets the records, keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.slots.clear();
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Whether `World::fill` would add nothing more.
    pub fn is_full(&self) -> bool {
        self.slots.len() >= self.records_max
    }

    /// The records, in order of arrival.
    pub fn iter(&self) -> impl Iterator<Item = Record<'_>> {
        self.slots.iter().map(|slot| Record {
            topic: slot.topic,
            key: std::str::from_utf8(&self.bytes[slot.key.clone()])
                .expect("keys are copied from a str"),
            ts: slot.ts,
            arrival: slot.arrival,
            marks: slot.marks,
            payload: &self.bytes[slot.payload.clone()],
        })
    }

    /// Appends a record whose payload is what `write` appends to the buffer.
    pub(crate) fn push(
        &mut self,
        topic: Topic,
        (ts, arrival): (i64, i64),
        marks: Marks,
        key: &str,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        let key_from = self.bytes.len();
        self.bytes.extend_from_slice(key.as_bytes());
        let payload_from = self.bytes.len();
        write(&mut self.bytes);
        self.slots.push(Slot {
            topic,
            marks,
            ts,
            arrival,
            key: key_from..payload_from,
            payload: payload_from..self.bytes.len(),
        });
    }
}
