//! Bytes to domain: one record in, one event or the reason why not.
//!
//! Decides: the order of the checks, and that no raw personal value stays behind. Must not
//! know: where the record came from, or when it arrived.
//!
//! The checks, in order: `too_large`, `empty`, `not_utf8`, then `not_json` and `too_deep`
//! (whichever fault comes first in the text), `duplicate_key`, and then the required fields in
//! the order of the contract's tables. A null counts as an absent field: `missing_field` where
//! the field is required, and no defect where it is not.

mod click;
mod decision;
mod entry;
mod keys;
mod order;
mod record;
mod sighting;
mod text;

use simd_json::{Buffers, INPUT_PADDING, Node, StaticNode, Tape};
use zeroize::Zeroize;

use self::click::ClickDraft;
use self::order::OrderDraft;
use self::record::Record;
use self::text::Texts;
use crate::code::CodeError;
use crate::customer::{PseudonymKey, Pseudonymiser};
use crate::error::{DecodeError, Defects, ErrorKind, Field};
use crate::json;
use crate::model::{CodeEntry, Decision, Event, Sighting};
use crate::time::TimeReader;
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
///
/// The bytes of the caller are only read, so that they survive for a dead letter. What the
/// parser and the pseudonyms leave behind of an order is wiped before [`Decoder::decode`]
/// returns, whatever it returns.
pub struct Decoder {
    limits: DecoderLimits,
    pseudonymiser: Pseudonymiser,
    times: TimeReader,
    /// The parser's copy of the record, which it changes, and the padding that it asks for.
    scratch: Vec<u8>,
    buffers: Buffers,
    /// Empty between records; kept for its memory.
    tape: Tape<'static>,
    /// The texts of the event that was decoded last.
    texts: Texts,
}

impl Decoder {
    /// A decoder that makes pseudonyms with `key`.
    pub fn new(key: PseudonymKey, limits: DecoderLimits) -> Decoder {
        Decoder {
            limits,
            pseudonymiser: Pseudonymiser::new(&key),
            times: TimeReader::default(),
            scratch: Vec::with_capacity(4_096),
            buffers: Buffers::with_max_depth(4_096, limits.depth_max),
            tape: Tape(Vec::with_capacity(256)),
            texts: Texts::default(),
        }
    }

    /// Reads one record of `topic`.
    ///
    /// The result borrows from the decoder until the next call. A blank record is an error of
    /// kind `empty` without a field. Whether `ts` lies in the future is the caller's to say.
    pub fn decode(&mut self, topic: Topic, raw: &[u8]) -> Result<Decoded<'_>, DecodeError> {
        self.texts.clear();
        if raw.len() > self.limits.line_bytes_max {
            return Err(DecodeError::of_record(ErrorKind::TooLarge));
        }
        let draft = self.read(topic, raw);
        if topic == Topic::Orders {
            self.wipe(raw);
        }
        let (draft, defects) = draft?;
        Ok(Decoded {
            event: draft.into_event(&self.texts),
            defects,
        })
    }

    fn read(&mut self, topic: Topic, raw: &[u8]) -> Result<(Draft, Defects), DecodeError> {
        self.copy(raw);
        if let Some(draft) = self.parse(topic, raw) {
            return draft;
        }
        let huge_numbers = self.why_refused(raw)?;
        self.copy(raw);
        for number in huge_numbers {
            // The fields that matter read their numbers from `raw`; the shortest number that
            // overflows has five bytes.
            let token = &mut self.scratch[number];
            token.fill(b' ');
            token[..3].copy_from_slice(b"0.0");
        }
        self.parse(topic, raw)
            .unwrap_or(Err(DecodeError::of_record(ErrorKind::NotJson)))
    }

    fn copy(&mut self, raw: &[u8]) {
        self.scratch.clear();
        self.scratch.extend_from_slice(raw);
        self.scratch.resize(raw.len() + INPUT_PADDING, b' ');
    }

    /// Parses the copy and reads the draft; `None` where the parser refused it.
    fn parse(&mut self, topic: Topic, raw: &[u8]) -> Option<Result<(Draft, Defects), DecodeError>> {
        let copy_address = self.scratch.as_ptr() as usize;
        let mut tape = std::mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        let parsed =
            simd_json::fill_tape_padded(&mut self.scratch, raw.len(), &mut self.buffers, &mut tape);
        let draft = parsed.is_ok().then(|| {
            let record = Record::index(&tape.0, raw, copy_address)?;
            let mut defects = Defects::NONE;
            let draft = Draft::read(
                topic,
                &record,
                &mut Tools {
                    texts: &mut self.texts,
                    times: &mut self.times,
                    pseudonymiser: &self.pseudonymiser,
                    defects: &mut defects,
                },
            )?;
            Ok((draft, defects))
        });
        if topic == Topic::Orders {
            // A phone sent as a number would stand in the tape itself.
            tape.0.fill(Node::Static(StaticNode::Null));
        }
        self.tape = tape.reset();
        draft
    }

    /// Why the parser refused a record; where it is valid JSON all the same, the numbers in it
    /// that are too large for the parser.
    fn why_refused(&self, raw: &[u8]) -> Result<Vec<std::ops::Range<usize>>, DecodeError> {
        let text =
            std::str::from_utf8(raw).map_err(|_| DecodeError::of_record(ErrorKind::NotUtf8))?;
        if text.trim().is_empty() {
            return Err(DecodeError::of_record(ErrorKind::Empty));
        }
        json::check(text, self.limits.depth_max)
            .map(|found| found.huge_numbers)
            .map_err(DecodeError::of_record)
    }

    /// Overwrites every buffer that may hold a raw phone or address.
    fn wipe(&mut self, raw: &[u8]) {
        self.scratch.fill(0);
        if memchr::memchr(b'\\', raw).is_some() {
            self.wipe_unescaped(raw.len());
        }
    }

    /// The parser unescapes into a buffer of its own that cannot be reached. A text of the
    /// length of the record, with its escape at the start, overwrites every byte of the record
    /// that can be in it; a longer one might make it grow and leave the old memory as it is.
    fn wipe_unescaped(&mut self, record_bytes: usize) {
        const HEAD: &[u8] = b"\"\\n";
        let text_bytes = record_bytes.max(HEAD.len() + 1);
        self.scratch.clear();
        self.scratch.extend_from_slice(HEAD);
        self.scratch.resize(text_bytes - 1, b' ');
        self.scratch.push(b'"');
        self.scratch.resize(text_bytes + INPUT_PADDING, b' ');
        let mut tape = std::mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        let overwritten = simd_json::fill_tape_padded(
            &mut self.scratch,
            text_bytes,
            &mut self.buffers,
            &mut tape,
        );
        self.tape = tape.reset();
        assert!(overwritten.is_ok(), "one text is valid JSON");
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        self.scratch.zeroize();
        self.texts.wipe();
    }
}

fn code_error(error: CodeError) -> DecodeError {
    let kind = match error {
        CodeError::Empty => ErrorKind::Empty,
        CodeError::TooLong => ErrorKind::TooLong,
    };
    DecodeError::of_field(kind, Field::Code)
}

/// What the reading of a record needs besides the record.
struct Tools<'d> {
    texts: &'d mut Texts,
    times: &'d mut TimeReader,
    pseudonymiser: &'d Pseudonymiser,
    defects: &'d mut Defects,
}

/// An event whose texts are still places in [`Texts`].
enum Draft {
    Click(ClickDraft),
    Order(OrderDraft),
    Code(Box<CodeEntry>),
    Sighting(Box<Sighting>),
    Decision(Box<Decision>),
}

impl Draft {
    fn read(
        topic: Topic,
        record: &Record<'_, '_>,
        tools: &mut Tools<'_>,
    ) -> Result<Draft, DecodeError> {
        match topic {
            Topic::Clicks => click::read(record, tools).map(Draft::Click),
            Topic::Orders => order::read(record, tools).map(Draft::Order),
            Topic::Codes => entry::read(record, tools).map(Box::new).map(Draft::Code),
            Topic::Sightings => sighting::read(record, tools)
                .map(Box::new)
                .map(Draft::Sighting),
            Topic::Decisions => decision::read(record, tools)
                .map(Box::new)
                .map(Draft::Decision),
        }
    }

    fn into_event(self, texts: &Texts) -> Event<'_> {
        match self {
            Draft::Click(click) => Event::Click(click.finish(texts)),
            Draft::Order(order) => Event::Order(order.finish(texts)),
            Draft::Code(entry) => Event::Code(entry),
            Draft::Sighting(sighting) => Event::Sighting(sighting),
            Draft::Decision(decision) => Event::Decision(decision),
        }
    }
}

#[cfg(test)]
mod tests;
