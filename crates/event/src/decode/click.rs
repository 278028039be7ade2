//! The click's table.

use super::record::{LONG_TEXT_BYTES_MAX, Record, TEXT_BYTES_MAX, noted};
use super::text::{Place, Texts};
use super::{Tools, code_error};
use crate::error::{DecodeError, Field};
use crate::model::Click;
use crate::time::EventTime;

/// Longest address or user agent that is read, in bytes.
const CLIENT_BYTES_MAX: usize = 1_024;

pub(super) struct ClickDraft {
    ts: EventTime,
    code: Place,
    click_id: Place,
    visitor_id: Place,
    referrer_host: Option<Place>,
    ip: Option<Place>,
    ua: Option<Place>,
    country: Option<Place>,
    city: Option<Place>,
}

pub(super) fn read(
    record: &Record<'_, '_>,
    tools: &mut Tools<'_>,
) -> Result<ClickDraft, DecodeError> {
    let click_id = record.required_text(Field::ClickId, TEXT_BYTES_MAX)?;
    let ts = record.required_time(Field::Ts, tools.times)?;
    let code = tools
        .texts
        .push_code(record.required_raw_text(Field::Code)?)
        .map_err(code_error)?;
    let visitor_id = record.required_text(Field::VisitorId, TEXT_BYTES_MAX)?;
    Ok(ClickDraft {
        ts,
        code,
        click_id: tools.texts.push(click_id),
        visitor_id: tools.texts.push(visitor_id),
        referrer_host: read_referrer(record, tools),
        ip: read_text(record, tools, Field::Ip, CLIENT_BYTES_MAX),
        ua: read_text(record, tools, Field::Ua, CLIENT_BYTES_MAX),
        country: read_country(record, tools),
        city: read_text(record, tools, Field::City, TEXT_BYTES_MAX),
    })
}

impl ClickDraft {
    pub(super) fn finish(self, texts: &Texts) -> Click<'_> {
        let text = |place| texts.get(place);
        Click {
            ts: self.ts,
            code: text(self.code),
            click_id: text(self.click_id),
            visitor_id: text(self.visitor_id),
            referrer_host: self.referrer_host.map(text),
            ip: self.ip.map(text),
            ua: self.ua.map(text),
            country: self.country.map(text),
            city: self.city.map(text),
        }
    }
}

pub(super) fn read_text(
    record: &Record<'_, '_>,
    tools: &mut Tools<'_>,
    field: Field,
    bytes_max: usize,
) -> Option<Place> {
    record
        .optional_text(field, bytes_max, tools.defects)
        .map(|text| tools.texts.push(text))
}

/// The host of the referrer; one without a host is a defect.
pub(super) fn read_referrer(record: &Record<'_, '_>, tools: &mut Tools<'_>) -> Option<Place> {
    let referrer = record.optional_text(Field::Referrer, LONG_TEXT_BYTES_MAX, tools.defects)?;
    noted(
        tools.texts.push_host(referrer),
        Field::Referrer,
        tools.defects,
    )
}

pub(super) fn read_country(record: &Record<'_, '_>, tools: &mut Tools<'_>) -> Option<Place> {
    let country = record.optional_text(Field::Country, TEXT_BYTES_MAX, tools.defects)?;
    noted(
        tools.texts.push_country(country),
        Field::Country,
        tools.defects,
    )
}
