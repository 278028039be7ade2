//! Addresses of pages.

use std::fmt::Write as _;

/// A text as one part of a path, or as a value of a query (RFC 3986).
pub(crate) fn escaped(text: &str) -> String {
    let mut path = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            // Writing into a string cannot fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
    // A lone dot or two would be taken for a folder.
    if path == "." || path == ".." {
        path = path.replace('.', "%2E");
    }
    path
}

pub(crate) fn code(code: &str) -> String {
    format!("/codes/{}", escaped(code))
}

pub(crate) fn flag(code: &str, flag_id: &str) -> String {
    format!("/codes/{}?flag={}", escaped(code), escaped(flag_id))
}

pub(crate) fn decide(flag_id: &str) -> String {
    format!("/flags/{}/decide", escaped(flag_id))
}

pub(crate) fn partner(partner_id: &str) -> String {
    format!("/partners/{}", escaped(partner_id))
}

pub(crate) fn shop(merchant: &str) -> String {
    format!("/shops/{}", escaped(merchant))
}

/// A path of this console, from a form or a header; anything else becomes the queue. A browser
/// takes `//host` and `/\host` for another site.
pub(crate) fn own_path(text: &str) -> &str {
    let is_own = text.starts_with('/')
        && !text.starts_with("//")
        && !text.contains(['\\', '\r', '\n', '\t']);
    if is_own { text } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_code_is_called_it_stays_one_part_of_a_path() {
        let check = |text: &str, expected: &str| assert_eq!(escaped(text), expected);
        check("aru10", "aru10");
        check("a/b?c#d", "a%2Fb%3Fc%23d");
        check("..", "%2E%2E");
        check("дана", "%D0%B4%D0%B0%D0%BD%D0%B0");
    }

    #[test]
    fn nobody_is_sent_to_another_site() {
        for foreign in [
            "https://evil.kz",
            "//evil.kz",
            "/\\evil.kz",
            "",
            "evil",
            "/a\r\nb",
        ] {
            assert_eq!(own_path(foreign), "/");
        }
        assert_eq!(own_path("/codes/aru10?flag=1"), "/codes/aru10?flag=1");
    }
}
