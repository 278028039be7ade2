//! Keys: which field a name means, and that no name comes twice.

use simd_json::Node;

use crate::error::Field;

/// The field of this name, of any topic.
///
/// Sorted by length, which parts most names before a byte of them is compared.
pub(super) fn field_of(key: &str) -> Option<Field> {
    let field = match key.len() {
        2 => match key {
            "ts" => Field::Ts,
            "ip" => Field::Ip,
            "ua" => Field::Ua,
            _ => return None,
        },
        3 => match key {
            "rev" => Field::Rev,
            "url" => Field::Url,
            _ => return None,
        },
        4 => match key {
            "code" => Field::Code,
            "city" => Field::City,
            "tier" => Field::Tier,
            "note" => Field::Note,
            _ => return None,
        },
        5 => match key {
            "posts" => Field::Posts,
            "actor" => Field::Actor,
            "hosts" => Field::Hosts,
            _ => return None,
        },
        6 => match key {
            "amount" => Field::Amount,
            "status" => Field::Status,
            "source" => Field::Source,
            _ => return None,
        },
        7 => match key {
            "country" => Field::Country,
            "aliases" => Field::Aliases,
            "ends_at" => Field::EndsAt,
            "offline" => Field::Offline,
            "flag_id" => Field::FlagId,
            "outcome" => Field::Outcome,
            _ => return None,
        },
        8 => match key {
            "click_id" => Field::ClickId,
            "order_id" => Field::OrderId,
            "referrer" => Field::Referrer,
            "currency" => Field::Currency,
            "merchant" => Field::Merchant,
            "click_ts" => Field::ClickTs,
            "channels" => Field::Channels,
            _ => return None,
        },
        9 => match key {
            "followers" => Field::Followers,
            "starts_at" => Field::StartsAt,
            "vat_payer" => Field::VatPayer,
            "hold_from" => Field::HoldFrom,
            _ => return None,
        },
        10 => match key {
            "visitor_id" => Field::VisitorId,
            "code_entry" => Field::CodeEntry,
            "partner_id" => Field::PartnerId,
            _ => return None,
        },
        11 => match key {
            "customer_id" => Field::CustomerId,
            "marketplace" => Field::Marketplace,
            _ => return None,
        },
        12 => match key {
            "new_customer" => Field::NewCustomer,
            "discount_pct" => Field::DiscountPct,
            _ => return None,
        },
        13 if key == "expected_post" => Field::ExpectedPost,
        14 => match key {
            "customer_phone" => Field::CustomerPhone,
            "customer_email" => Field::CustomerEmail,
            "commission_pct" => Field::CommissionPct,
            _ => return None,
        },
        15 if key == "permitted_hosts" => Field::PermittedHosts,
        _ => return None,
    };
    Some(field)
}

/// The names of one object that are not known fields, to find one that comes twice.
///
/// Records have few of them, and a few are compared one by one; beyond that they are sorted,
/// so that a hostile record costs no more than its length asks for.
pub(super) struct SeenKeys<'a> {
    few: [&'a str; SeenKeys::FEW],
    few_length: usize,
    many: Vec<&'a str>,
}

impl<'a> SeenKeys<'a> {
    const FEW: usize = 12;

    pub(super) fn new() -> SeenKeys<'a> {
        SeenKeys {
            few: [""; SeenKeys::FEW],
            few_length: 0,
            many: Vec::new(),
        }
    }

    /// Takes a name; true where it is known already to come twice.
    pub(super) fn repeats(&mut self, key: &'a str) -> bool {
        if self.few[..self.few_length].contains(&key) {
            return true;
        }
        if self.few_length < SeenKeys::FEW {
            self.few[self.few_length] = key;
            self.few_length += 1;
        } else {
            self.many.push(key);
        }
        false
    }

    /// After the last name: whether one of those beyond the first few came twice.
    pub(super) fn any_repeated(mut self) -> bool {
        self.many.sort_unstable();
        self.many.windows(2).any(|pair| pair[0] == pair[1])
    }
}

/// Whether an object somewhere inside `value` has a name twice. `value` is one value of a tape
/// with all that belongs to it. The parser bounded the depth, and so the recursion.
pub(super) fn repeats_inside(value: &[Node<'_>]) -> bool {
    match value.first() {
        Some(&Node::Object { len, .. }) => {
            let mut seen = SeenKeys::new();
            let mut at = 1;
            for _ in 0..len {
                let Some(Node::String(key)) = value.get(at) else {
                    return false;
                };
                let inner = value_at(value, at + 1);
                if seen.repeats(key) || repeats_inside(inner) {
                    return true;
                }
                at += 1 + inner.len();
            }
            seen.any_repeated()
        }
        Some(&Node::Array { len, .. }) => {
            let mut at = 1;
            for _ in 0..len {
                let inner = value_at(value, at);
                if repeats_inside(inner) {
                    return true;
                }
                at += inner.len();
            }
            false
        }
        _ => false,
    }
}

/// The value that starts at `at`, with all that belongs to it.
pub(super) fn value_at<'t, 'a>(nodes: &'t [Node<'a>], at: usize) -> &'t [Node<'a>] {
    let length = match nodes.get(at) {
        None => 0,
        Some(Node::Object { count, .. } | Node::Array { count, .. }) => 1 + count,
        Some(_) => 1,
    };
    nodes.get(at..at + length).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_found_by_its_name_and_by_no_other() {
        for field in Field::ALL {
            assert_eq!(field_of(field.as_str()), Some(field));
            assert_eq!(field_of(&field.as_str().to_uppercase()), None);
            assert_eq!(field_of(&format!("{}s", field.as_str())), None);
        }
    }

    #[test]
    fn a_repeated_name_is_found_among_few_and_among_many() {
        for count in [1, 2, 11, 12, 13, 14, 40] {
            let names: Vec<String> = (0..count).map(|n| format!("k{n}")).collect();
            for twice in 0..count {
                let mut seen = SeenKeys::new();
                let found = names.iter().any(|name| seen.repeats(name)) || seen.any_repeated();
                assert!(!found);
                let mut seen = SeenKeys::new();
                let with_repeat = names.iter().chain([&names[twice]]);
                let mut early = false;
                for name in with_repeat {
                    early |= seen.repeats(name);
                }
                assert!(early || seen.any_repeated(), "{count} names, {twice} twice");
            }
        }
    }
}
