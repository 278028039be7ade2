//! Drafts to payload bytes, field by field in the order of the contract's tables.
//!
//! A draft always gives the same bytes, so a repeated delivery is byte for byte the same.

use std::collections::HashSet;

use crate::draft::{ClickDraft, Customer, Entry, NO_REFERRER, OrderDraft, Spelling, Status};
use crate::geography::{CITIES, NO_CITY};
use crate::json::{push_hex, push_hundredths, push_i64, push_rfc3339, push_u64};
use crate::random::mix;
use crate::shop::{Identity, Lifecycle, Merchant, TimeStyle};
use crate::stage::{CodeCard, Stage};

/// User agents: people first, then robots that announce themselves.
pub(crate) static AGENTS: [&str; 14] = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 371.0.0.31.85 (iPhone15,3; iOS 18_3; ru_KZ)",
    "Mozilla/5.0 (Linux; Android 14; SM-A546E Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/133.0.6943.121 Mobile Safari/537.36 Instagram 371.0.0.36.89 Android",
    "Mozilla/5.0 (Linux; Android 13; 22101316G) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 12; TECNO KI5k) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36 musical_ly_2023 trill_390",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 YaBrowser/25.2.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15",
    "TelegramBot (like TwitterBot)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Mozilla/5.0 (compatible; vkShare; +http://vk.com/dev/Share)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36",
    "python-requests/2.32.3",
];
/// The first robot in [`AGENTS`].
pub(crate) const FIRST_ROBOT: usize = 8;
/// The first agent of a flood in [`AGENTS`].
pub(crate) const FIRST_FLOODER: usize = 12;
/// No user agent was recorded.
pub(crate) const NO_AGENT: u8 = u8::MAX;

/// Writes drafts; holds what is needed to tell a slip of the finger from another code.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    issued: HashSet<String>,
    seed: u64,
}

impl Wire {
    pub(crate) fn of(stage: &Stage, seed: u64) -> Self {
        let texts = stage.cards.iter().flat_map(|card| {
            std::iter::once(card.key.clone())
                .chain(card.alias.iter().map(|alias| alias.to_lowercase()))
        });
        Self {
            issued: texts.collect(),
            seed,
        }
    }

    #[inline]
    pub(crate) fn write_click(&self, stage: &Stage, click: &ClickDraft, out: &mut Vec<u8>) {
        let card = &stage.cards[click.code as usize];
        put(out, "{\"click_id\":\"");
        push_hex(out, click.id);
        put(out, "\",\"ts\":\"");
        push_rfc3339(out, click.ts, 0);
        put(out, "\",\"code\":\"");
        push_spelled(out, card, click.spelling);
        put(out, "\",\"visitor_id\":\"");
        push_hex(out, click.visitor);
        put(out, "\"");
        if click.referrer != NO_REFERRER {
            put_field(out, "referrer", &stage.referrers[click.referrer as usize]);
        }
        put(out, ",\"ip\":\"");
        push_ip(out, click.ip);
        put(out, "\"");
        if click.agent != NO_AGENT {
            put_field(out, "ua", AGENTS[usize::from(click.agent)]);
        }
        put_place(out, click.city);
        put(out, "}");
    }

    /// The key of an order whose code was mistyped; any other is filed under its canonical code.
    pub(crate) fn mistyped_key(&self, stage: &Stage, order: &OrderDraft) -> Option<String> {
        let card = &stage.cards[order.code as usize];
        (order.spelling == Spelling::Mistyped)
            .then(|| self.mistyped(&card.text, order.serial).to_lowercase())
    }

    #[inline]
    pub(crate) fn write_order(&self, stage: &Stage, order: &OrderDraft, out: &mut Vec<u8>) {
        let card = &stage.cards[order.code as usize];
        let merchant = &stage.merchants[order.merchant as usize];
        put(out, "{\"order_id\":\"");
        push_order_id(out, merchant, order.serial);
        put(out, "\",\"ts\":");
        push_time(out, order.ts, merchant.time_style);
        put(out, ",\"code\":\"");
        match order.spelling {
            Spelling::Mistyped => put(out, &self.mistyped(&card.text, order.serial)),
            spelling => push_spelled(out, card, spelling),
        }
        put(out, "\",\"amount\":");
        let quote: &str = if merchant.amount_quoted { "\"" } else { "" };
        put(out, quote);
        push_hundredths(out, order.amount);
        put(out, quote);
        put_field(out, "currency", merchant.currency);
        put_field(out, "merchant", &merchant.name);
        self.put_customer(out, merchant, order);
        if let Some(marketplace) = merchant.marketplace {
            put_field(out, "marketplace", marketplace);
        }
        if merchant.lifecycle != Lifecycle::CreatedOnly || order.status != Status::Created {
            put_field(out, "status", status_word(order.status));
        }
        if let Some((id, ts)) = order.click {
            put(out, ",\"click_id\":\"");
            push_hex(out, id);
            put(out, "\"");
            if ts != 0 {
                put(out, ",\"click_ts\":");
                push_time(out, ts, merchant.time_style);
            }
        }
        if let Some(newcomer) = order.newcomer {
            put(
                out,
                if newcomer {
                    ",\"new_customer\":true"
                } else {
                    ",\"new_customer\":false"
                },
            );
        }
        if order.referrer != NO_REFERRER {
            put_field(out, "referrer", &stage.referrers[order.referrer as usize]);
        }
        if order.entry != Entry::Unsaid {
            put_field(out, "code_entry", entry_word(order.entry));
        }
        put_place(out, order.city);
        put(out, "}");
    }

    fn put_customer(&self, out: &mut Vec<u8>, merchant: &Merchant, order: &OrderDraft) {
        let customer = order.customer;
        match merchant.identity {
            Identity::Own | Identity::Marketplace => {
                let numbering = match merchant.marketplace {
                    Some(name) if merchant.identity == Identity::Marketplace => text_hash(name),
                    _ => mix(u64::from(order.merchant) + 1),
                };
                put(out, ",\"customer_id\":\"");
                push_hex(out, mix(customer.0 ^ numbering ^ self.seed));
            }
            Identity::Phone => {
                put(out, ",\"customer_phone\":\"");
                push_phone(out, customer, merchant.country, 0);
            }
            Identity::PhoneAsTyped => {
                put(out, ",\"customer_phone\":\"");
                push_phone(out, customer, merchant.country, mix(order.serial) % 6);
            }
            Identity::Email => {
                put(out, ",\"customer_email\":\"");
                push_email(out, customer, mix(order.serial).is_multiple_of(8));
            }
            Identity::MaskedPhone => put(out, ",\"customer_phone\":\"+0(000)-000-00-00"),
            Identity::Nobody => return,
        }
        put(out, "\"");
    }

    /// The code with one letter lost or doubled, and surely nobody's code.
    fn mistyped(&self, code: &str, serial: u64) -> String {
        let letters: Vec<char> = code.chars().collect();
        let slip = mix(serial ^ self.seed);
        let at = (slip >> 8) as usize % letters.len();
        let doubled = slip & 1 == 0 || letters.len() < 4;
        let mut text: String = letters
            .iter()
            .enumerate()
            .flat_map(|(index, &letter)| {
                let times = if index != at {
                    1
                } else if doubled {
                    2
                } else {
                    0
                };
                std::iter::repeat_n(letter, times)
            })
            .collect();
        while self.issued.contains(&text.to_lowercase()) {
            text.push('0');
        }
        text
    }
}

#[inline]
fn put(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

fn push_spelled(out: &mut Vec<u8>, card: &CodeCard, spelling: Spelling) {
    match (spelling, &card.alias) {
        (Spelling::Lower, _) => put(out, &card.key),
        (Spelling::Padded, _) => {
            out.push(b' ');
            put(out, &card.text);
            out.push(b' ');
        }
        (Spelling::Alias, Some(alias)) if card.registered => put(out, alias),
        _ => put(out, &card.text),
    }
}

#[inline]
fn put_field(out: &mut Vec<u8>, name: &str, value: &str) {
    put(out, ",\"");
    put(out, name);
    put(out, "\":\"");
    put(out, value);
    put(out, "\"");
}

fn put_place(out: &mut Vec<u8>, city: u8) {
    if city != NO_CITY {
        let city = &CITIES[usize::from(city)];
        put_field(out, "country", city.country);
        put_field(out, "city", city.name);
    }
}

fn push_time(out: &mut Vec<u8>, ts: i64, style: TimeStyle) {
    match style {
        TimeStyle::EpochMs => push_i64(out, ts),
        TimeStyle::Utc | TimeStyle::Offset(_) => {
            let offset_hours = if let TimeStyle::Offset(hours) = style {
                hours
            } else {
                0
            };
            out.push(b'"');
            push_rfc3339(out, ts, offset_hours);
            out.push(b'"');
        }
    }
}

/// Appends the id that the shop gives the order.
pub(crate) fn push_order_id(out: &mut Vec<u8>, merchant: &Merchant, serial: u64) {
    // Marketplaces number through, own shops put their initial before.
    if merchant.marketplace.is_none() {
        let initial = merchant
            .name
            .as_bytes()
            .first()
            .map_or(b'X', u8::to_ascii_uppercase);
        out.extend_from_slice(&[initial, b'-']);
    }
    push_u64(out, 300_000_000 + serial);
}

fn push_ip(out: &mut Vec<u8>, ip: u32) {
    for (index, byte) in ip.to_be_bytes().into_iter().enumerate() {
        if index > 0 {
            out.push(b'.');
        }
        push_u64(out, byte.into());
    }
}

/// One number in six spellings that a reader of phone numbers takes for the same.
fn push_phone(out: &mut Vec<u8>, customer: Customer, country: &str, spelling: u64) {
    const OPERATORS_KZ: [&str; 10] = [
        "701", "702", "705", "707", "747", "771", "775", "776", "777", "778",
    ];
    const OPERATORS_RU: [&str; 6] = ["903", "912", "916", "921", "926", "999"];
    let hash = mix(customer.0 ^ 0x0070_686f_6e65);
    let operator = match country {
        "RU" => OPERATORS_RU[(hash >> 40) as usize % OPERATORS_RU.len()],
        _ => OPERATORS_KZ[(hash >> 40) as usize % OPERATORS_KZ.len()],
    };
    let digits: [u8; 7] = std::array::from_fn(|i| b'0' + (hash >> (5 * i) & 31) as u8 % 10);
    let (a, bc) = digits.split_at(3);
    let (b, c) = bc.split_at(2);
    let [lead, open, close, dash]: [&str; 4] = match spelling {
        0 => ["+7", "", "", ""],
        1 => ["8", "", "", ""],
        2 => ["8 ", "(", ") ", "-"],
        3 => ["+7 ", "", " ", " "],
        4 => ["7", "", "", ""],
        _ => ["+7", "(", ")", "-"],
    };
    put(out, lead);
    put(out, open);
    put(out, operator);
    put(out, close);
    out.extend_from_slice(a);
    put(out, dash);
    out.extend_from_slice(b);
    put(out, dash);
    out.extend_from_slice(c);
}

fn push_email(out: &mut Vec<u8>, customer: Customer, shouted: bool) {
    let hash = mix(customer.0 ^ 0x6d61_696c);
    let from = out.len();
    push_hex(out, hash);
    put(
        out,
        if hash & 1 == 0 {
            "@mail.example"
        } else {
            "@post.example"
        },
    );
    if shouted {
        out[from..].make_ascii_uppercase();
    }
}

fn text_hash(text: &str) -> u64 {
    text.bytes()
        .fold(0, |hash, byte| mix(hash ^ u64::from(byte)))
}

fn status_word(status: Status) -> &'static str {
    match status {
        Status::Created => "created",
        Status::Paid => "paid",
        Status::Cancelled => "cancelled",
        Status::Returned => "returned",
        Status::Rejected => "rejected",
    }
}

fn entry_word(entry: Entry) -> &'static str {
    match entry {
        Entry::Unsaid => "",
        Entry::Link => "link",
        Entry::Typed => "typed",
        Entry::Auto => "auto",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_never_hits_a_code_that_was_issued() {
        let of = |issued: &[&str]| Wire {
            issued: issued.iter().map(|&code| code.to_owned()).collect(),
            seed: 1,
        };
        let slips: HashSet<String> = (0..100)
            .map(|serial| of(&["dana"]).mistyped("DANA", serial).to_lowercase())
            .collect();
        assert!(
            slips.contains("daana") && slips.contains("ana") && !slips.contains("dana"),
            "{slips:?}"
        );

        let crowded = of(&["dana", "daana", "ana", "ana0"]);
        for serial in 0..100 {
            let slip = crowded.mistyped("DANA", serial).to_lowercase();
            assert!(!crowded.issued.contains(&slip), "{slip}");
        }
    }
}
