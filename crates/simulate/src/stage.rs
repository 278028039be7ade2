//! What every family of worlds puts on stage: shops, codes with their registry entries, referrers, sightings.
//!
//! The family decides what happens; the stage is what records are written from.

use crate::geography::CITIES;
use crate::json::{Object, push_hundredths, push_rfc3339, push_text};
use crate::shop::Merchant;

/// A code and its registry entry.
#[derive(Clone, Debug)]
pub(crate) struct CodeCard {
    /// As the registry spells it.
    pub(crate) text: String,
    /// Trimmed, NFKC, lower case. The texts used are NFKC as they are.
    pub(crate) key: String,
    pub(crate) alias: Option<String>,
    pub(crate) partner: u32,
    pub(crate) merchant: u32,
    pub(crate) registered: bool,
    pub(crate) entry: RegistryEntry,
}

/// The optional fields of an entry; absent where the brand does not know them.
#[derive(Clone, Debug, Default)]
pub(crate) struct RegistryEntry {
    pub(crate) tier: Option<&'static str>,
    pub(crate) followers: Option<u64>,
    pub(crate) city: Option<u8>,
    pub(crate) channels: Vec<&'static str>,
    pub(crate) discount_pct: u64,
    /// In hundredths of a per cent.
    pub(crate) commission_pct_hundredths: i64,
    pub(crate) vat_payer: Option<bool>,
    pub(crate) starts_at: Option<i64>,
    pub(crate) ends_at: Option<i64>,
    pub(crate) offline: bool,
    pub(crate) posts: Vec<i64>,
    pub(crate) permitted_hosts: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Sighting {
    pub(crate) code: u32,
    pub(crate) ts: i64,
    pub(crate) url: String,
    pub(crate) source: &'static str,
}

#[derive(Clone, Debug)]
pub(crate) struct Stage {
    pub(crate) cards: Vec<CodeCard>,
    pub(crate) merchants: Vec<Merchant>,
    /// Texts of referrers by id; the one at 0 stands for none.
    pub(crate) referrers: Vec<String>,
}

impl Stage {
    pub(crate) fn write_registry_line(&self, card: &CodeCard, out: &mut Vec<u8>) {
        let merchant = &self.merchants[card.merchant as usize];
        let entry = &card.entry;
        let mut line = Object::open(out);
        line.text("code", &card.text);
        line.text("partner_id", &partner_id(card.partner));
        line.text("merchant", &merchant.name);
        if let Some(alias) = &card.alias {
            line.list("aliases", std::slice::from_ref(alias), |out, alias| {
                push_text(out, alias)
            });
        }
        if let Some(marketplace) = merchant.marketplace {
            line.text("marketplace", marketplace);
        }
        if let Some(tier) = entry.tier {
            line.text("tier", tier);
        }
        if let Some(followers) = entry.followers {
            line.uint("followers", followers);
        }
        if let Some(city) = entry.city {
            line.text("city", CITIES[usize::from(city)].name);
            line.text("country", CITIES[usize::from(city)].country);
        }
        if !entry.channels.is_empty() {
            line.list("channels", &entry.channels, |out, channel| {
                push_text(out, channel)
            });
        }
        line.uint("discount_pct", entry.discount_pct);
        push_hundredths(
            line.field("commission_pct"),
            entry.commission_pct_hundredths,
        );
        if let Some(vat_payer) = entry.vat_payer {
            line.flag("vat_payer", vat_payer);
        }
        if let Some(starts_at) = entry.starts_at {
            line.time("starts_at", starts_at);
        }
        if let Some(ends_at) = entry.ends_at {
            line.time("ends_at", ends_at);
        }
        if entry.offline {
            line.flag("offline", true);
        }
        if !entry.posts.is_empty() {
            line.list("posts", &entry.posts, |out, &post| {
                out.push(b'"');
                push_rfc3339(out, post, 5);
                out.push(b'"');
            });
        }
        if !entry.permitted_hosts.is_empty() {
            line.list("permitted_hosts", &entry.permitted_hosts, |out, host| {
                push_text(out, host)
            });
        }
        line.close();
        out.push(b'\n');
    }

    pub(crate) fn write_sighting_line(&self, sighting: &Sighting, out: &mut Vec<u8>) {
        let mut line = Object::open(out);
        line.text("code", &self.cards[sighting.code as usize].text);
        line.time("ts", sighting.ts);
        line.text("url", &sighting.url);
        line.text("source", sighting.source);
        line.close();
        out.push(b'\n');
    }
}

pub(crate) fn partner_id(partner: u32) -> String {
    format!("partner-{partner:05}")
}
