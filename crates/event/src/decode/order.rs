//! The order's table.

use simd_json::Node;

use super::click::{read_country, read_referrer, read_text};
use super::record::{Record, TEXT_BYTES_MAX};
use super::text::{Place, Texts};
use super::{Tools, code_error};
use crate::customer::{CustomerId, CustomerKind, Person};
use crate::error::{DecodeError, ErrorKind, Field};
use crate::model::Order;
use crate::money::Currency;
use crate::time::EventTime;
use crate::vocabulary::{CodeEntryMode, Status};

pub(super) struct OrderDraft {
    ts: EventTime,
    code: Place,
    order_id: Place,
    amount: i128,
    currency: Currency,
    merchant: Place,
    marketplace: Option<Place>,
    status: Status,
    customer: Option<CustomerId>,
    click_id: Option<Place>,
    click_ts: Option<EventTime>,
    new_customer: Option<bool>,
    referrer_host: Option<Place>,
    code_entry: Option<CodeEntryMode>,
    country: Option<Place>,
    city: Option<Place>,
}

pub(super) fn read(
    record: &Record<'_, '_>,
    tools: &mut Tools<'_>,
) -> Result<OrderDraft, DecodeError> {
    let order_id = record.required_text(Field::OrderId, TEXT_BYTES_MAX)?;
    let ts = record.required_time(Field::Ts, tools.times)?;
    let code = tools
        .texts
        .push_code(record.required_raw_text(Field::Code)?)
        .map_err(code_error)?;
    let amount = record.required_amount(Field::Amount)?;
    let currency = read_currency(record)?;
    let merchant = record.required_text(Field::Merchant, TEXT_BYTES_MAX)?;
    let status = read_status(record)?;
    Ok(OrderDraft {
        ts,
        code,
        order_id: tools.texts.push(order_id),
        amount,
        currency,
        merchant: tools.texts.push_lower(merchant),
        marketplace: record
            .optional_text(Field::Marketplace, TEXT_BYTES_MAX, tools.defects)
            .map(|marketplace| tools.texts.push_lower(marketplace)),
        status,
        customer: read_customer(record, tools),
        click_id: read_text(record, tools, Field::ClickId, TEXT_BYTES_MAX),
        click_ts: record.optional_time(Field::ClickTs, tools.defects, tools.times),
        new_customer: record.optional_bool(Field::NewCustomer, tools.defects),
        referrer_host: read_referrer(record, tools),
        code_entry: record.optional_word(Field::CodeEntry, tools.defects, CodeEntryMode::parse),
        country: read_country(record, tools),
        city: read_text(record, tools, Field::City, TEXT_BYTES_MAX),
    })
}

impl OrderDraft {
    pub(super) fn finish(self, texts: &Texts) -> Order<'_> {
        let text = |place| texts.get(place);
        Order {
            ts: self.ts,
            code: text(self.code),
            order_id: text(self.order_id),
            amount: self.amount,
            currency: self.currency,
            merchant: text(self.merchant),
            marketplace: self.marketplace.map(text),
            status: self.status,
            customer: self.customer,
            click_id: self.click_id.map(text),
            click_ts: self.click_ts,
            new_customer: self.new_customer,
            referrer_host: self.referrer_host.map(text),
            code_entry: self.code_entry,
            country: self.country.map(text),
            city: self.city.map(text),
        }
    }
}

/// Trimmed like every text; whatever is wrong with its length is wrong with the currency.
fn read_currency(record: &Record<'_, '_>) -> Result<Currency, DecodeError> {
    let text = record.required_raw_text(Field::Currency)?.trim();
    if text.is_empty() {
        return Err(DecodeError::of_field(ErrorKind::Empty, Field::Currency));
    }
    Currency::parse(text).ok_or(DecodeError::of_field(
        ErrorKind::BadCurrency,
        Field::Currency,
    ))
}

/// An absent status is `created`; one that is there must be a known word, since guessing it
/// would count money that was never paid.
fn read_status(record: &Record<'_, '_>) -> Result<Status, DecodeError> {
    match record.node(Field::Status) {
        None => Ok(Status::default()),
        Some(Node::String(word)) => Status::parse(word.trim()).ok_or(DecodeError::of_field(
            ErrorKind::UnknownStatus,
            Field::Status,
        )),
        Some(_) => Err(DecodeError::of_field(ErrorKind::BadType, Field::Status)),
    }
}

/// The first of the three fields that names a person. A mask is an absent field without a
/// defect: it is how a marketplace says that it will not tell.
fn read_customer(record: &Record<'_, '_>, tools: &mut Tools<'_>) -> Option<CustomerId> {
    const SOURCES: [(Field, CustomerKind); 3] = [
        (Field::CustomerId, CustomerKind::Id),
        (Field::CustomerPhone, CustomerKind::Phone),
        (Field::CustomerEmail, CustomerKind::Email),
    ];
    for (field, kind) in SOURCES {
        let bytes_max = match kind {
            CustomerKind::Id | CustomerKind::Phone => TEXT_BYTES_MAX,
            CustomerKind::Email => crate::customer::EMAIL_BYTES_MAX,
        };
        let Some(raw) = record.optional_text(field, bytes_max, tools.defects) else {
            continue;
        };
        match tools.pseudonymiser.person(raw, kind) {
            Person::Known(id) => return Some(id),
            Person::Masked => {}
            Person::Unreadable => tools.defects.add(field),
        }
    }
    None
}
