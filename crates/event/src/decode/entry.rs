//! The registry's table.

use std::sync::Arc;

use simd_json::{Node, StaticNode};

use super::record::{Record, TEXT_BYTES_MAX, noted, trimmed};
use super::{Tools, code_error};
use crate::code::Code;
use crate::error::{DecodeError, Defects, Field};
use crate::host::host_of;
use crate::model::CodeEntry;
use crate::money::Percent;
use crate::vocabulary::Tier;

/// Most aliases of a code.
const ALIASES_MAX: usize = 64;
/// Most channels of a partner.
const CHANNELS_MAX: usize = 32;
/// Most posts of a partner: three a day for a year.
const POSTS_MAX: usize = 1_024;
/// Most permitted hosts of a code or a decision.
pub(super) const HOSTS_MAX: usize = 256;

pub(super) fn read(
    record: &Record<'_, '_>,
    tools: &mut Tools<'_>,
) -> Result<CodeEntry, DecodeError> {
    let raw_code = record.required_raw_text(Field::Code)?;
    let code = Code::parse(raw_code).map_err(code_error)?;
    let partner_id = record.required_text(Field::PartnerId, TEXT_BYTES_MAX)?;
    let merchant = record.required_text(Field::Merchant, TEXT_BYTES_MAX)?;
    let defects = &mut *tools.defects;
    let shared = |text: &str| Arc::<str>::from(text);
    Ok(CodeEntry {
        aliases: read_aliases(record, &code, defects),
        code,
        spelling: shared(raw_code.trim()),
        partner_id: shared(partner_id),
        merchant: merchant.to_lowercase().into(),
        marketplace: record
            .optional_text(Field::Marketplace, TEXT_BYTES_MAX, defects)
            .map(|marketplace| marketplace.to_lowercase().into()),
        tier: record.optional_word(Field::Tier, defects, Tier::parse),
        followers: record.optional_count(Field::Followers, defects),
        city: record
            .optional_text(Field::City, TEXT_BYTES_MAX, defects)
            .map(shared),
        country: record.optional_word(Field::Country, defects, country),
        channels: read_channels(record, defects),
        discount_pct: read_percent(record, Field::DiscountPct, defects),
        commission_pct: read_percent(record, Field::CommissionPct, defects),
        vat_payer: record.optional_bool(Field::VatPayer, defects),
        starts_at: record.optional_time(Field::StartsAt, defects, tools.times),
        ends_at: record.optional_time(Field::EndsAt, defects, tools.times),
        offline: record.optional_bool(Field::Offline, defects),
        posts: {
            let mut posts: Vec<_> = record
                .optional_list(Field::Posts, POSTS_MAX, defects)
                .into_iter()
                .filter_map(|node| {
                    let time = record.time(node, None, tools.times).ok();
                    noted(time, Field::Posts, defects)
                })
                .collect();
            posts.sort_unstable();
            posts.dedup();
            posts
        },
        permitted_hosts: read_hosts(record, Field::PermittedHosts, defects),
    })
}

fn country(text: &str) -> Option<Arc<str>> {
    let is_country = text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic());
    is_country.then(|| text.to_ascii_uppercase().into())
}

/// Aliases in the order of the list, each once and none of them the code itself.
fn read_aliases(record: &Record<'_, '_>, code: &Code, defects: &mut Defects) -> Vec<Code> {
    let mut aliases: Vec<Code> = Vec::new();
    for node in record.optional_list(Field::Aliases, ALIASES_MAX, defects) {
        let alias = match node {
            Node::String(text) => Code::parse(text).ok(),
            _ => None,
        };
        let Some(alias) = noted(alias, Field::Aliases, defects) else {
            continue;
        };
        if alias != *code && !aliases.contains(&alias) {
            aliases.push(alias);
        }
    }
    aliases
}

fn read_channels(record: &Record<'_, '_>, defects: &mut Defects) -> Vec<Arc<str>> {
    record
        .optional_list(Field::Channels, CHANNELS_MAX, defects)
        .into_iter()
        .filter_map(|node| {
            let channel = match node {
                Node::String(text) => trimmed(text, TEXT_BYTES_MAX).ok(),
                _ => None,
            };
            noted(channel, Field::Channels, defects).map(Arc::from)
        })
        .collect()
}

/// Hosts in ascending order, each once. An element may be a URL: its host is meant.
pub(super) fn read_hosts(
    record: &Record<'_, '_>,
    field: Field,
    defects: &mut Defects,
) -> Vec<Arc<str>> {
    let mut hosts: Vec<Arc<str>> = record
        .optional_list(field, HOSTS_MAX, defects)
        .into_iter()
        .filter_map(|node| {
            let host = match node {
                Node::String(text) => host_of(text),
                _ => None,
            };
            noted(host, field, defects).map(|host| Arc::from(&*host))
        })
        .collect();
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

/// A percentage, cut to four decimals.
fn read_percent(record: &Record<'_, '_>, field: Field, defects: &mut Defects) -> Option<Percent> {
    let percent = match record.node(field)? {
        Node::Static(StaticNode::U64(whole)) => i64::try_from(whole)
            .ok()
            .and_then(|whole| Percent::from_units(whole.checked_mul(10_000)?)),
        Node::Static(StaticNode::F64(_)) => record.number_text(field).and_then(Percent::parse),
        _ => None,
    };
    noted(percent, field, defects)
}
