//! The sighting's fields.

use super::record::{LONG_TEXT_BYTES_MAX, Record, TEXT_BYTES_MAX};
use super::{Tools, code_error};
use crate::code::Code;
use crate::error::{DecodeError, Field};
use crate::host::host_of;
use crate::model::Sighting;

pub(super) fn read(
    record: &Record<'_, '_>,
    tools: &mut Tools<'_>,
) -> Result<Sighting, DecodeError> {
    let code = Code::parse(record.required_raw_text(Field::Code)?).map_err(code_error)?;
    let ts = record.required_time(Field::Ts, tools.times)?;
    let url = record.required_text(Field::Url, LONG_TEXT_BYTES_MAX)?;
    let source = record.required_text(Field::Source, TEXT_BYTES_MAX)?;
    Ok(Sighting {
        code,
        ts,
        url_host: host_of(url).map(|host| (*host).into()),
        url: url.into(),
        source: source.into(),
    })
}
