//! One link of the chain: everything that has to hold together, in one object.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::frame::{self, Digest, FrameError, FrameKind};
use super::segment::Segment;

/// The format that is written.
const FORMAT: u16 = 1;

/// Which log an offset belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LogName {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
}

/// What must not change under a chain: state that was built under another identity is void.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Given once, when the chain begins.
    pub lineage: u64,
    /// Partitions of the event topics: codes are placed by it.
    pub partitions: u32,
    /// Tells the hash key from others without giving it away.
    pub hash_key_fingerprint: u64,
    /// Topic of the clicks.
    pub clicks: String,
    /// Topic of the orders.
    pub orders: String,
}

/// What makes a stored state unusable under the present settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MismatchError {
    /// The number of partitions changed.
    #[error(
        "the state was built from {stored} partitions and the topics have {present}: codes are \
         placed by that number"
    )]
    Partitions {
        /// Then.
        stored: u32,
        /// Now.
        present: u32,
    },
    /// The hash key changed.
    #[error("the state was built with another hash key: what it remembers cannot be compared")]
    HashKey,
    /// Other topics.
    #[error("the state was built from {stored}, and the settings name {present}")]
    Topic {
        /// Then.
        stored: String,
        /// Now.
        present: String,
    },
}

impl Identity {
    /// Whether state of `self` may be continued under `present`; lineages may differ, as the
    /// present one is only used when a chain begins.
    ///
    /// # Errors
    /// What differs.
    pub fn admits(&self, present: &Identity) -> Result<(), MismatchError> {
        if self.partitions != present.partitions {
            return Err(MismatchError::Partitions {
                stored: self.partitions,
                present: present.partitions,
            });
        }
        if self.hash_key_fingerprint != present.hash_key_fingerprint {
            return Err(MismatchError::HashKey);
        }
        for (stored, present) in [
            (&self.clicks, &present.clicks),
            (&self.orders, &present.orders),
        ] {
            if stored != present {
                return Err(MismatchError::Topic {
                    stored: stored.clone(),
                    present: present.clone(),
                });
            }
        }
        Ok(())
    }
}

/// A piece of the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentRef {
    /// Name in the store.
    pub name: String,
    /// Size as stored.
    pub bytes: u64,
    /// SHA-256 as stored.
    pub digest: Digest,
}

impl SegmentRef {
    /// The stored bytes under this name.
    pub fn of(name: String, bytes: &[u8]) -> Self {
        Self {
            name,
            bytes: bytes.len() as u64,
            digest: frame::digest(bytes),
        }
    }

    /// The piece, if these are the bytes that were stored.
    ///
    /// # Errors
    /// They are not.
    pub fn open(&self, bytes: &[u8]) -> Result<Segment, FrameError> {
        if bytes.len() as u64 != self.bytes {
            return Err(FrameError::Length);
        }
        if frame::digest(bytes) != self.digest {
            return Err(FrameError::Checksum);
        }
        Segment::from_bytes(bytes)
    }
}

/// The watermark of a quiet log was moved by the clock: the one step that the logs do not tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdleStep {
    /// The log.
    pub log: LogName,
    /// Before the record with this offset.
    pub before_offset: i64,
    /// To here, epoch ms.
    pub watermark_ms: i64,
}

/// A header of an output.
pub type OutputHeader = (String, Vec<u8>);

/// One output, to the byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxRecord {
    /// Topic.
    pub topic: String,
    /// Key, if it has one.
    pub key: Option<Vec<u8>>,
    /// Headers.
    pub headers: Vec<OutputHeader>,
    /// Payload.
    pub payload: Vec<u8>,
}

/// A link of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// What the chain is about.
    pub identity: Identity,
    /// Number in the chain.
    pub seq: u64,
    /// Number of the manifest by which its writer took over: later owners have higher ones.
    pub epoch: u64,
    /// The writer, a new one with each take-over.
    pub nonce: u64,
    /// The manifest whose state this one continues; less than `seq` - 1 where damaged ones were
    /// stepped over. 0: it begins the chain.
    pub follows: u64,
    /// SHA-256 of the manifest `follows`.
    pub previous: Digest,
    /// Hash of the settings of the judge.
    pub detector: String,
    /// The next record of every log.
    pub next_offsets: BTreeMap<LogName, i64>,
    /// Steps of quiet logs since the manifest `follows`.
    pub idle_steps: Vec<IdleStep>,
    /// The state, oldest piece first.
    pub segments: Vec<SegmentRef>,
    /// Outputs that the state implies and that may not have been seen yet.
    pub outbox: Vec<OutboxRecord>,
    /// Exact totals since the chain began, for reconciliation.
    pub counters: BTreeMap<String, u64>,
}

impl Manifest {
    /// As it is stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        let content = postcard::to_stdvec(self).expect("a manifest has nothing that fails");
        frame::seal(FrameKind::Manifest, FORMAT, &content)
    }

    /// What was stored.
    ///
    /// # Errors
    /// Damaged bytes, or those of a newer version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FrameError> {
        let content = frame::open(FrameKind::Manifest, FORMAT, bytes)?;
        postcard::from_bytes(content).map_err(|_| FrameError::Content)
    }

    /// SHA-256 of stored bytes.
    pub fn digest_of(bytes: &[u8]) -> Digest {
        frame::digest(bytes)
    }

    /// Bytes of all segments.
    pub fn state_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }
}
