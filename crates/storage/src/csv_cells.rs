//! How the text of a CSV cell becomes a JSON value, by the contract's type of its column.
//!
//! Never guesses: text that does not plainly read as its type is passed on as a string, so that the decoder refuses it
//! by name instead of counting something that was not meant.

/// What the cells of a column hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CellKind {
    Text,
    /// RFC 3339 text or epoch milliseconds.
    Time,
    Bool,
    /// A JSON number.
    Number,
    /// A decimal that stays text, so that no reader makes a float of it.
    Amount,
    Texts,
    Times,
}

/// Separates the items of a list; no host, code, time or channel holds one.
const LIST_SEPARATOR: char = '|';
/// Fewer digits are more likely seconds or a date without dashes; 11 digits of milliseconds begin in March 1973.
const EPOCH_MS_DIGITS: std::ops::RangeInclusive<usize> = 11..=18;

/// The kind of a contract field, by its lower-case name; `None` for a name that the contract does not have. No name has
/// two kinds in different topics, so the topic need not be known.
pub(crate) fn kind_of_field(name: &str) -> Option<CellKind> {
    Some(match name {
        "ts" | "click_ts" | "starts_at" | "ends_at" | "hold_from" | "expected_post" => {
            CellKind::Time
        }
        "new_customer" | "vat_payer" | "offline" => CellKind::Bool,
        "followers" | "discount_pct" | "commission_pct" | "rev" => CellKind::Number,
        "amount" => CellKind::Amount,
        "aliases" | "channels" | "permitted_hosts" | "hosts" => CellKind::Texts,
        "posts" => CellKind::Times,
        "click_id" | "code" | "visitor_id" | "referrer" | "ip" | "ua" | "country" | "city"
        | "order_id" | "currency" | "merchant" | "customer_id" | "customer_phone"
        | "customer_email" | "marketplace" | "status" | "code_entry" | "partner_id" | "tier"
        | "url" | "source" | "flag_id" | "actor" | "outcome" | "note" => CellKind::Text,
        _ => return None,
    })
}

/// Appends the JSON value of a cell that is trimmed and not empty.
pub(crate) fn write_value(kind: CellKind, cell: &str, out: &mut Vec<u8>) {
    match kind {
        CellKind::Text => write_string(cell, out),
        CellKind::Time => write_time(cell, out),
        CellKind::Bool => write_bool(cell, out),
        CellKind::Number => write_number(cell, out),
        CellKind::Amount => write_amount(cell, out),
        CellKind::Texts => write_list(cell, write_string, out),
        CellKind::Times => write_list(cell, write_time, out),
    }
}

/// Appends a JSON string (RFC 8259, 7).
pub(crate) fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&text.as_bytes()[plain_from..at]);
        plain_from = at + 1;
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            _ => write_control(byte, out),
        }
    }
    out.extend_from_slice(&text.as_bytes()[plain_from..]);
    out.push(b'"');
}

fn write_control(byte: u8, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(b"\\u00");
    out.push(HEX[usize::from(byte >> 4)]);
    out.push(HEX[usize::from(byte & 0xf)]);
}

fn write_time(cell: &str, out: &mut Vec<u8>) {
    if EPOCH_MS_DIGITS.contains(&cell.len()) && is_json_number(cell.as_bytes()) && all_digits(cell)
    {
        out.extend_from_slice(cell.as_bytes());
    } else {
        write_string(cell, out);
    }
}

fn write_bool(cell: &str, out: &mut Vec<u8>) {
    let is_one_of = |words: [&str; 3]| words.iter().any(|word| cell.eq_ignore_ascii_case(word));
    if is_one_of(["true", "yes", "1"]) {
        out.extend_from_slice(b"true");
    } else if is_one_of(["false", "no", "0"]) {
        out.extend_from_slice(b"false");
    } else {
        write_string(cell, out);
    }
}

fn write_number(cell: &str, out: &mut Vec<u8>) {
    let start = out.len();
    if !write_decimal(cell, out) || !is_json_number(&out[start..]) {
        out.truncate(start);
        write_string(cell, out);
    }
}

fn write_amount(cell: &str, out: &mut Vec<u8>) {
    let start = out.len();
    out.push(b'"');
    if write_decimal(cell, out) {
        out.push(b'"');
    } else {
        out.truncate(start);
        write_string(cell, out);
    }
}

fn write_list(cell: &str, write_item: fn(&str, &mut Vec<u8>), out: &mut Vec<u8>) {
    out.push(b'[');
    let mut is_first = true;
    for item in cell.split(LIST_SEPARATOR).map(str::trim) {
        if item.is_empty() {
            continue;
        }
        if !is_first {
            out.push(b',');
        }
        is_first = false;
        write_item(item, out);
    }
    out.push(b']');
}

/// Appends `text` as digits with at most one point, if it can be read in one way only: a comma is a decimal comma
/// unless it may part thousands (`1,234`), and spaces part thousands where they stand three digits apart.
fn write_decimal(text: &str, out: &mut Vec<u8>) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = match unsigned.find(['.', ',']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    if fraction.is_some_and(|digits| !all_digits(digits)) {
        return false;
    }
    let is_comma = unsigned.as_bytes().get(whole.len()) == Some(&b',');
    if is_comma && fraction.is_some_and(|digits| may_be_thousands(whole, digits)) {
        return false;
    }
    if text.len() > unsigned.len() {
        out.push(b'-');
    }
    if !write_whole(whole, out) {
        return false;
    }
    if let Some(digits) = fraction {
        out.push(b'.');
        out.extend_from_slice(digits.as_bytes());
    }
    true
}

fn may_be_thousands(whole: &str, digits: &str) -> bool {
    digits.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0')
}

/// Appends the digits of `12500` or `12 500`; may leave a part behind when it returns false.
fn write_whole(whole: &str, out: &mut Vec<u8>) -> bool {
    // Spreadsheets group with a no-break space, or a narrow one.
    let mut groups = whole.split([' ', '\u{a0}', '\u{202f}']);
    let first = groups.next().unwrap_or_default();
    if !all_digits(first) {
        return false;
    }
    out.extend_from_slice(first.as_bytes());
    for group in groups {
        if first.len() > 3 || group.len() != 3 || !all_digits(group) {
            return false;
        }
        out.extend_from_slice(group.as_bytes());
    }
    true
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Of digits with an optional sign and point, whether JSON allows them: it has no leading zeros (RFC 8259, 6).
fn is_json_number(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    !matches!(digits, [b'0', b'0'..=b'9', ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: CellKind, cell: &str, expected: &str) {
        let mut out = b"kept".to_vec();
        write_value(kind, cell, &mut out);
        assert_eq!(
            String::from_utf8_lossy(&out),
            format!("kept{expected}"),
            "{cell}"
        );
    }

    #[test]
    fn a_comma_that_can_only_be_a_decimal_comma_becomes_a_point() {
        check(CellKind::Amount, "12,50", r#""12.50""#);
        check(CellKind::Amount, "12,5", r#""12.5""#);
        check(CellKind::Amount, "0,125", r#""0.125""#);
        check(CellKind::Amount, "1234,567", r#""1234.567""#);
        check(CellKind::Amount, "12 500,00", r#""12500.00""#);
        check(
            CellKind::Amount,
            "1\u{a0}234\u{202f}567,899",
            r#""1234567.899""#,
        );
    }

    #[test]
    fn an_amount_that_reads_two_ways_is_left_for_the_decoder_to_refuse() {
        check(CellKind::Amount, "1,234", r#""1,234""#);
        check(CellKind::Amount, "1,234.50", r#""1,234.50""#);
        check(CellKind::Amount, "1.234,50", r#""1.234,50""#);
        check(CellKind::Amount, "12 50", r#""12 50""#);
        check(CellKind::Amount, "1234 567", r#""1234 567""#);
        check(CellKind::Amount, "12,", r#""12,""#);
        check(CellKind::Amount, ",5", r#"",5""#);
        check(CellKind::Amount, "12.50 KZT", r#""12.50 KZT""#);
    }

    #[test]
    fn a_plain_amount_stays_as_it_is() {
        check(CellKind::Amount, "12.50", r#""12.50""#);
        check(CellKind::Amount, "1.234", r#""1.234""#);
        check(CellKind::Amount, "-3", r#""-3""#);
    }

    #[test]
    fn only_digits_that_are_milliseconds_become_an_integer() {
        check(CellKind::Time, "1767225600000", "1767225600000");
        check(CellKind::Time, "1767225600", r#""1767225600""#);
        check(CellKind::Time, "01767225600000", r#""01767225600000""#);
        check(
            CellKind::Time,
            "1767225600000000000000",
            r#""1767225600000000000000""#,
        );
        check(CellKind::Time, "1.76723E+12", r#""1.76723E+12""#);
        check(CellKind::Time, "12345678901.5", r#""12345678901.5""#);
        check(
            CellKind::Time,
            "2026-01-01T00:00:00+05:00",
            r#""2026-01-01T00:00:00+05:00""#,
        );
    }

    #[test]
    fn booleans_have_six_spellings_in_any_case() {
        for word in ["true", "YES", "1"] {
            check(CellKind::Bool, word, "true");
        }
        for word in ["False", "no", "0"] {
            check(CellKind::Bool, word, "false");
        }
        check(CellKind::Bool, "maybe", r#""maybe""#);
    }

    #[test]
    fn numbers_are_bare_and_anything_else_is_text() {
        check(CellKind::Number, "12000", "12000");
        check(CellKind::Number, "12 000", "12000");
        check(CellKind::Number, "7,5", "7.5");
        check(CellKind::Number, "0.5", "0.5");
        check(CellKind::Number, "0", "0");
        check(CellKind::Number, "007", r#""007""#);
        check(CellKind::Number, "1e3", r#""1e3""#);
        check(CellKind::Number, "NaN", r#""NaN""#);
    }

    #[test]
    fn lists_are_split_trimmed_and_emptied_of_blanks() {
        check(CellKind::Texts, "a.kz | b.kz||", r#"["a.kz","b.kz"]"#);
        check(CellKind::Texts, "|", "[]");
        check(
            CellKind::Times,
            "1767225600000|2026-01-01T00:00:00Z",
            r#"[1767225600000,"2026-01-01T00:00:00Z"]"#,
        );
    }

    #[test]
    fn any_text_survives_the_way_through_json() {
        let nasty: String = (0u8..=127)
            .map(char::from)
            .chain("Ж\u{1F600}\u{2028}".chars())
            .collect();
        let mut out = Vec::new();
        write_string(&nasty, &mut out);
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), nasty);
    }
}
