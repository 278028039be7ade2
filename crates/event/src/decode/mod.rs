//! Bytes to domain.

use crate::customer::PseudonymKey;
use crate::error::{DecodeError, Defects};
use crate::model::Event;
use crate::vocabulary::Topic;

/// Bounds on the shape of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecoderLimits {
    /// Most bytes of a record.
    pub line_bytes_max: usize,
    /// Most objects and lists inside each other; the record itself is the first.
    pub depth_max: usize,
}

impl Default for DecoderLimits {
    fn default() -> DecoderLimits {
        DecoderLimits {
            line_bytes_max: 1 << 20,
            depth_max: 16,
        }
    }
}

/// A valid record, and which of its optional fields were unusable.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded<'a> {
    /// The record.
    pub event: Event<'a>,
    /// Optional fields that count as absent because of a defect.
    pub defects: Defects,
}

/// Reads records, one after the other, in buffers of its own that are reused.
pub struct Decoder {
    limits: DecoderLimits,
}

impl Decoder {
    /// A decoder that makes pseudonyms with `key`.
    pub fn new(_key: PseudonymKey, limits: DecoderLimits) -> Decoder {
        Decoder { limits }
    }

    /// Reads one record of `topic`.
    ///
    /// The result borrows from the decoder until the next call. A blank record is an error of
    /// kind `empty` without a field. Whether `ts` lies in the future is the caller's to say.
    pub fn decode(&mut self, _topic: Topic, _raw: &[u8]) -> Result<Decoded<'_>, DecodeError> {
        panic!("decoding is not written yet: {:?}", self.limits)
    }
}
