//! One parsed object: its members by field, and the checks that all topics share.
//!
//! Decides: what is missing, of the wrong type, empty or too long. Must not know: which fields
//! a topic has.

use simd_json::{Node, StaticNode};

use super::keys::{SeenKeys, field_of, repeats_inside, value_at};
use crate::error::{DecodeError, Defects, ErrorKind, Field};
use crate::money::parse_amount;
use crate::time::{EventTime, TimeReader};

/// Longest text where the contract names no other bound, in bytes.
pub(super) const TEXT_BYTES_MAX: usize = 64;

/// Longest URL, user agent or note, in bytes.
pub(super) const LONG_TEXT_BYTES_MAX: usize = 2_048;

/// The members of a record's object, found by field.
pub(super) struct Record<'t, 's> {
    nodes: &'t [Node<'s>],
    raw: &'t [u8],
    /// Address of the first byte of the parser's copy of `raw`. The parser leaves every name at
    /// the place where it was read, so a name's address tells where it stands in `raw`.
    copy_address: usize,
    /// Where the value of each field is in `nodes`; 0, where the object itself is, for none.
    places: [u32; Field::ALL.len()],
}

impl<'t, 's> Record<'t, 's> {
    /// Indexes the members, and refuses a name that comes twice anywhere.
    pub(super) fn index(
        nodes: &'t [Node<'s>],
        raw: &'t [u8],
        copy_address: usize,
    ) -> Result<Record<'t, 's>, DecodeError> {
        let Some(&Node::Object { len, .. }) = nodes.first() else {
            return Err(DecodeError::of_record(ErrorKind::NotJson));
        };
        let mut places = [0_u32; Field::ALL.len()];
        let mut unknown = SeenKeys::new();
        let mut at = 1;
        for _ in 0..len {
            let Some(&Node::String(key)) = nodes.get(at) else {
                return Err(DecodeError::of_record(ErrorKind::NotJson));
            };
            let field = field_of(key);
            let repeats = match field {
                Some(field) => std::mem::replace(&mut places[field as usize], at as u32 + 1) != 0,
                None => unknown.repeats(key),
            };
            let value = value_at(nodes, at + 1);
            if repeats || (value.len() > 1 && repeats_inside(value)) {
                return Err(DecodeError {
                    kind: ErrorKind::DuplicateKey,
                    field,
                });
            }
            at += 1 + value.len();
        }
        if unknown.any_repeated() {
            return Err(DecodeError::of_record(ErrorKind::DuplicateKey));
        }
        Ok(Record {
            nodes,
            raw,
            copy_address,
            places,
        })
    }

    /// The value of a field; `None` where it is absent or null.
    pub(super) fn node(&self, field: Field) -> Option<Node<'s>> {
        match self.places[field as usize] {
            0 => None,
            place => match self.nodes[place as usize] {
                Node::Static(StaticNode::Null) => None,
                node => Some(node),
            },
        }
    }

    fn required(&self, field: Field) -> Result<Node<'s>, DecodeError> {
        self.node(field)
            .ok_or(DecodeError::of_field(ErrorKind::MissingField, field))
    }

    /// A text as it is, neither trimmed nor measured.
    pub(super) fn required_raw_text(&self, field: Field) -> Result<&'s str, DecodeError> {
        match self.required(field)? {
            Node::String(text) => Ok(text),
            _ => Err(DecodeError::of_field(ErrorKind::BadType, field)),
        }
    }

    /// A trimmed text of 1 to `bytes_max` bytes.
    pub(super) fn required_text(
        &self,
        field: Field,
        bytes_max: usize,
    ) -> Result<&'s str, DecodeError> {
        trimmed(self.required_raw_text(field)?, bytes_max)
            .map_err(|kind| DecodeError::of_field(kind, field))
    }

    /// A trimmed text of 1 to `bytes_max` bytes.
    pub(super) fn optional_text(
        &self,
        field: Field,
        bytes_max: usize,
        defects: &mut Defects,
    ) -> Option<&'s str> {
        let text = match self.node(field)? {
            Node::String(text) => trimmed(text, bytes_max).ok(),
            _ => None,
        };
        noted(text, field, defects)
    }

    /// A text that `read` understands.
    pub(super) fn optional_word<T>(
        &self,
        field: Field,
        defects: &mut Defects,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.optional_text(field, TEXT_BYTES_MAX, defects)?;
        noted(read(text), field, defects)
    }

    pub(super) fn optional_bool(&self, field: Field, defects: &mut Defects) -> Option<bool> {
        let value = match self.node(field)? {
            Node::Static(StaticNode::Bool(value)) => Some(value),
            _ => None,
        };
        noted(value, field, defects)
    }

    pub(super) fn optional_count(&self, field: Field, defects: &mut Defects) -> Option<u64> {
        let value = match self.node(field)? {
            Node::Static(StaticNode::U64(value)) => Some(value),
            _ => None,
        };
        noted(value, field, defects)
    }

    /// A time: RFC 3339, or whole milliseconds since the epoch.
    pub(super) fn required_time(
        &self,
        field: Field,
        times: &mut TimeReader,
    ) -> Result<EventTime, DecodeError> {
        self.time(self.required(field)?, Some(field), times)
            .map_err(|kind| DecodeError::of_field(kind, field))
    }

    pub(super) fn optional_time(
        &self,
        field: Field,
        defects: &mut Defects,
        times: &mut TimeReader,
    ) -> Option<EventTime> {
        let time = self.time(self.node(field)?, Some(field), times).ok();
        noted(time, field, defects)
    }

    /// `field` is the member whose value `node` is, if it is one.
    pub(super) fn time(
        &self,
        node: Node<'s>,
        field: Option<Field>,
        times: &mut TimeReader,
    ) -> Result<EventTime, ErrorKind> {
        let time = match node {
            Node::String(text) => times.read(trim(text)).map_err(|_| ErrorKind::BadTime)?,
            Node::Static(StaticNode::U64(millis)) => {
                EventTime::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
            }
            Node::Static(StaticNode::I64(millis)) => EventTime::from_millis(millis),
            // The parser makes floats of integers beyond 64 bits too.
            Node::Static(_) if field.is_some_and(|field| self.is_integer(field)) => {
                return Err(ErrorKind::TsOutOfRange);
            }
            Node::Static(StaticNode::F64(_)) => return Err(ErrorKind::BadTime),
            _ => return Err(ErrorKind::BadType),
        };
        if (EventTime::YEAR_2000..=EventTime::YEAR_9999_END).contains(&time) {
            Ok(time)
        } else {
            Err(ErrorKind::TsOutOfRange)
        }
    }

    /// An amount in units of 1/10,000, from a number or a text.
    pub(super) fn required_amount(&self, field: Field) -> Result<i128, DecodeError> {
        let text = match self.required(field)? {
            Node::String(text) => trim(text),
            Node::Static(StaticNode::Bool(_)) | Node::Object { .. } | Node::Array { .. } => {
                return Err(DecodeError::of_field(ErrorKind::BadType, field));
            }
            Node::Static(_) => self.number_text(field).unwrap_or_default(),
        };
        parse_amount(text).map_err(|_| DecodeError::of_field(ErrorKind::BadAmount, field))
    }

    /// The text of a number as it stands in the record; `None` for anything but a number.
    pub(super) fn number_text(&self, field: Field) -> Option<&'t str> {
        let place = self.places[field as usize] as usize;
        let (Node::String(key), Node::Static(_)) =
            (self.nodes.get(place.checked_sub(1)?)?, self.nodes[place])
        else {
            return None;
        };
        let key_at = (key.as_ptr() as usize).checked_sub(self.copy_address)?;
        number_after_key(self.raw.get(key_at..)?)
    }

    fn is_integer(&self, field: Field) -> bool {
        self.number_text(field)
            .is_some_and(|text| text.bytes().all(|b| b.is_ascii_digit() || b == b'-'))
    }

    /// The elements of a list, at most `length_max` of them; a longer list, or none at all, is
    /// a defect.
    pub(super) fn optional_list(
        &self,
        field: Field,
        length_max: usize,
        defects: &mut Defects,
    ) -> Vec<Node<'s>> {
        let Some(node) = self.node(field) else {
            return Vec::new();
        };
        let Node::Array { len, .. } = node else {
            defects.add(field);
            return Vec::new();
        };
        if len > length_max {
            defects.add(field);
        }
        let mut at = self.places[field as usize] as usize + 1;
        (0..len.min(length_max))
            .map(|_| {
                let element = self.nodes[at];
                at += value_at(self.nodes, at).len();
                element
            })
            .collect()
    }
}

/// Passes a value on, and notes a defect where there is none.
pub(super) fn noted<T>(value: Option<T>, field: Field, defects: &mut Defects) -> Option<T> {
    if value.is_none() {
        defects.add(field);
    }
    value
}

/// [`str::trim`], but for the usual text a look at its two ends.
#[inline]
pub(super) fn trim(text: &str) -> &str {
    match text.as_bytes() {
        [b'!'..=b'~', .., b'!'..=b'~'] => text,
        _ => text.trim(),
    }
}

/// The text without white space around it, if it has 1 to `bytes_max` bytes then.
pub(super) fn trimmed(text: &str, bytes_max: usize) -> Result<&str, ErrorKind> {
    let text = trim(text);
    if text.is_empty() {
        Err(ErrorKind::Empty)
    } else if text.len() > bytes_max {
        Err(ErrorKind::TooLong)
    } else {
        Ok(text)
    }
}

/// The number that is the value of a member. `rest` is valid JSON from the first byte of a
/// field's name, after its quote, to the end of the record. No field has a quote in its name,
/// so the next one ends it, however its letters are escaped.
fn number_after_key(rest: &[u8]) -> Option<&str> {
    let name_end = memchr::memchr(b'"', rest)?;
    let is_number = |b: &u8| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
    let value = rest.get(name_end + 1..)?;
    let start = value.iter().position(is_number)?;
    // Only the colon and white space may stand before it, else the value is not a number.
    if !value[..start]
        .iter()
        .all(|b| matches!(b, b':' | b' ' | b'\t' | b'\n' | b'\r'))
    {
        return None;
    }
    let length = value[start..].iter().take_while(|b| is_number(b)).count();
    std::str::from_utf8(&value[start..start + length]).ok()
}
