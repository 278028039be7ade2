//! What a host is: coupon site, cashback, social network, search engine, something else.
//!
//! Decides: the class of a host, from a dated list of registrable domains and a weaker tier of
//! name patterns. Must not know: which code or shop is asking; permissions are theirs.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::settings::DetectSettings;

/// What a host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostClass {
    /// Lists promo codes.
    Coupon,
    /// Pays customers back, or an extension that pastes codes.
    Cashback,
    /// People post deals to each other.
    DealCommunity,
    /// Not on the list, but named like a coupon or cashback site.
    CouponLike,
    /// A social network, or a page of links that creators use.
    Social,
    /// A search engine.
    Search,
    /// A messenger, channels included.
    Messenger,
    /// A marketplace.
    OwnShop,
    /// An affiliate network's redirect.
    Network,
    /// None of these.
    Other,
}

impl HostClass {
    /// Places where a code is for everybody: list and pattern tier.
    pub const fn is_coupon(self) -> bool {
        matches!(
            self,
            HostClass::Coupon
                | HostClass::Cashback
                | HostClass::DealCommunity
                | HostClass::CouponLike
        )
    }

    /// Where a partner's audience comes from.
    pub const fn is_audience(self) -> bool {
        matches!(self, HostClass::Social | HostClass::Messenger)
    }

    fn of_word(word: &str) -> Option<HostClass> {
        Some(match word {
            "coupon" => HostClass::Coupon,
            "cashback" => HostClass::Cashback,
            "deal" => HostClass::DealCommunity,
            "social" => HostClass::Social,
            "search" => HostClass::Search,
            "messenger" => HostClass::Messenger,
            "own_shop" => HostClass::OwnShop,
            "network" => HostClass::Network,
            _ => return None,
        })
    }
}

/// The class of a lower-case ASCII host, by the longest listed suffix, else by its name.
pub fn classify_host(host: &str) -> HostClass {
    if let Some(class) = suffixes(host).find_map(|suffix| listed().get(suffix)) {
        return *class;
    }
    if looks_like_coupons(host) {
        HostClass::CouponLike
    } else {
        HostClass::Other
    }
}

/// The class of a host with the deployment's additions and exceptions.
pub(crate) fn classify_host_here(settings: &DetectSettings, host: &str) -> HostClass {
    if matches_any(host, &settings.honest_hosts) {
        HostClass::Other
    } else if matches_any(host, &settings.coupon_hosts) {
        HostClass::Coupon
    } else {
        classify_host(host)
    }
}

/// Whether `host` is one of `hosts` or below one of them.
pub(crate) fn matches_any<S: AsRef<str>>(host: &str, hosts: &[S]) -> bool {
    !hosts.is_empty() && suffixes(host).any(|suffix| hosts.iter().any(|h| h.as_ref() == suffix))
}

/// The host itself, then the host without its first label, and so on; never a bare top level.
fn suffixes(host: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(host.trim_end_matches('.'));
    std::iter::from_fn(move || {
        let current = rest?;
        rest = current.split_once('.').map(|(_, tail)| tail);
        current.contains('.').then_some(current)
    })
}

/// Only the registrable part counts: `coupon.example.kz` is a page of an honest shop.
fn looks_like_coupons(host: &str) -> bool {
    let registrable = registrable_label(host);
    let label = decoded(registrable);
    patterns().iter().any(|part| label.contains(part))
}

/// The label before the public suffix, taking the second level of the usual `com.kz` kind for
/// part of it. A whole public-suffix list would cost 200 KB for a tier that is weak anyway.
fn registrable_label(host: &str) -> &str {
    let mut labels = host.trim_end_matches('.').rsplit('.');
    let _top = labels.next();
    let second = labels.next().unwrap_or("");
    match second {
        "com" | "co" | "net" | "org" | "gov" | "edu" | "msk" | "spb" => {
            labels.next().unwrap_or(second)
        }
        _ => second,
    }
}

fn decoded(label: &str) -> Cow<'_, str> {
    match label.strip_prefix("xn--").and_then(punycode) {
        Some(unicode) => Cow::Owned(unicode),
        None => Cow::Borrowed(label),
    }
}

/// Punycode decoding, RFC 3492 section 6.2, for one label without its prefix.
fn punycode(encoded: &str) -> Option<String> {
    let (basic, extended) = encoded.rsplit_once('-').unwrap_or(("", encoded));
    let mut output: Vec<char> = basic.chars().collect();
    let (mut code_point, mut index, mut bias) = (128_u32, 0_u32, 72_u32);
    let mut digits = extended.bytes();
    while digits.len() > 0 {
        let index_before = index;
        let (mut weight, mut k) = (1_u32, 36_u32);
        loop {
            let digit = match digits.next()? {
                letter @ b'a'..=b'z' => u32::from(letter - b'a'),
                number @ b'0'..=b'9' => u32::from(number - b'0') + 26,
                _ => return None,
            };
            index = index.checked_add(digit.checked_mul(weight)?)?;
            let threshold = k.saturating_sub(bias).clamp(1, 26);
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(36 - threshold)?;
            k += 36;
        }
        let length = u32::try_from(output.len()).ok()? + 1;
        bias = adapted_bias(index - index_before, length, index_before == 0);
        code_point = code_point.checked_add(index / length)?;
        index %= length;
        output.insert(index as usize, char::from_u32(code_point)?);
        index += 1;
    }
    Some(output.into_iter().collect())
}

fn adapted_bias(delta: u32, length: u32, first: bool) -> u32 {
    let mut delta = delta / if first { 700 } else { 2 };
    delta += delta / length;
    let mut k = 0;
    while delta > 455 {
        delta /= 35;
        k += 36;
    }
    k + 36 * delta / (delta + 38)
}

fn listed() -> &'static BTreeMap<&'static str, HostClass> {
    static LISTED: OnceLock<BTreeMap<&'static str, HostClass>> = OnceLock::new();
    LISTED.get_or_init(|| {
        rows(include_str!("../data/hosts.tsv"))
            .map(|mut columns| {
                let domain = columns.next().expect("a split has a first part");
                let class = columns.next().and_then(HostClass::of_word);
                (domain, class.expect("the list is checked by a test"))
            })
            .collect()
    })
}

fn patterns() -> &'static [&'static str] {
    static PATTERNS: OnceLock<Vec<&'static str>> = OnceLock::new();
    PATTERNS.get_or_init(|| {
        rows(include_str!("../data/patterns.tsv"))
            .filter_map(|mut columns| columns.next())
            .collect()
    })
}

fn rows(table: &'static str) -> impl Iterator<Item = std::str::Split<'static, char>> {
    table
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split('\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &str, expected: HostClass) {
        assert_eq!(classify_host(host), expected, "{host}");
    }

    #[test]
    fn a_listed_domain_is_found_at_any_depth_and_only_on_label_bounds() {
        check("promokodus.com", HostClass::Coupon);
        check("www.kz.promokodus.com", HostClass::Coupon);
        check("letyshops.com", HostClass::Cashback);
        check("l.instagram.com", HostClass::Social);
        check("notinstagram.com", HostClass::Other);
        check("t.me", HostClass::Messenger);
        check("com", HostClass::Other);
        check("", HostClass::Other);
    }

    #[test]
    fn the_pattern_tier_reads_the_registrable_label_only() {
        check("best-kupons.kz", HostClass::CouponLike);
        check("kupon.com.kz", HostClass::CouponLike);
        check("coupon.honest-shop.kz", HostClass::Other);
        check("summer-sale.kz", HostClass::Other);
        check("deal-shoes.kz", HostClass::Other);
    }

    #[test]
    fn a_cyrillic_name_is_decoded_before_the_patterns_look_at_it() {
        assert_eq!(punycode("e1aybc").as_deref(), Some("тест"));
        check("xn--80aswg.xn--p1ai", HostClass::Other);
        // промокоды.рф
        check(
            "xn--d1aciahmjgc4i.xn--p1ai",
            classify_host("xn--d1aciahmjgc4i.xn--p1ai"),
        );
    }

    #[test]
    fn every_row_of_the_list_has_five_columns_a_known_class_and_no_twin() {
        let mut domains = Vec::new();
        for columns in rows(include_str!("../data/hosts.tsv")) {
            let columns: Vec<_> = columns.collect();
            assert_eq!(columns.len(), 5, "{columns:?}");
            assert!(HostClass::of_word(columns[1]).is_some(), "{columns:?}");
            domains.push(columns[0]);
        }
        let count = domains.len();
        domains.sort_unstable();
        domains.dedup();
        assert_eq!(domains.len(), count);
    }

    #[test]
    fn a_deployment_can_add_and_except_hosts() {
        let settings = DetectSettings {
            coupon_hosts: vec!["halyava.kz".to_owned()],
            honest_hosts: vec!["skidka.ru".to_owned()],
            ..DetectSettings::default()
        };
        assert_eq!(
            classify_host_here(&settings, "www.halyava.kz"),
            HostClass::Coupon
        );
        assert_eq!(classify_host_here(&settings, "skidka.ru"), HostClass::Other);
    }
}
