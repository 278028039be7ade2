//! The decision's fields.

use simd_json::{Node, StaticNode};

use super::entry::read_hosts;
use super::record::{LONG_TEXT_BYTES_MAX, Record, TEXT_BYTES_MAX};
use super::{Tools, code_error};
use crate::code::Code;
use crate::error::{DecodeError, ErrorKind, Field};
use crate::model::Decision;
use crate::vocabulary::Outcome;

pub(super) fn read(
    record: &Record<'_, '_>,
    tools: &mut Tools<'_>,
) -> Result<Decision, DecodeError> {
    let flag_id = record.required_text(Field::FlagId, TEXT_BYTES_MAX)?;
    let rev = read_rev(record)?;
    let code = Code::parse(record.required_raw_text(Field::Code)?).map_err(code_error)?;
    let ts = record.required_time(Field::Ts, tools.times)?;
    let actor = record.required_text(Field::Actor, TEXT_BYTES_MAX)?;
    let outcome = record.required_raw_text(Field::Outcome)?;
    let outcome = Outcome::parse(outcome.trim()).ok_or(DecodeError::of_field(
        ErrorKind::UnknownStatus,
        Field::Outcome,
    ))?;
    Ok(Decision {
        flag_id: flag_id.into(),
        rev,
        code,
        ts,
        actor: actor.into(),
        outcome,
        note: record
            .optional_text(Field::Note, LONG_TEXT_BYTES_MAX, tools.defects)
            .map(Into::into),
        hold_from: record.optional_time(Field::HoldFrom, tools.defects, tools.times),
        hosts: read_hosts(record, Field::Hosts, tools.defects),
        expected_post: record.optional_time(Field::ExpectedPost, tools.defects, tools.times),
    })
}

/// Revisions count from 1. What is not a number is missing its type; so is one out of range,
/// for which the contract has no word of its own.
fn read_rev(record: &Record<'_, '_>) -> Result<u32, DecodeError> {
    match record.node(Field::Rev) {
        None => Err(DecodeError::of_field(ErrorKind::MissingField, Field::Rev)),
        Some(Node::Static(StaticNode::U64(rev))) if rev > 0 => {
            u32::try_from(rev).map_err(|_| DecodeError::of_field(ErrorKind::BadType, Field::Rev))
        }
        Some(_) => Err(DecodeError::of_field(ErrorKind::BadType, Field::Rev)),
    }
}
