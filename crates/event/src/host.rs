//! The host inside whatever a referrer field holds.
//!
//! Decides: what the host of a URL, an app's referrer or a bare host is. Must not know: whose
//! host it is.

use std::borrow::Cow;

/// Longest host name (RFC 1035, 2.3.4, without the root's dot).
const HOST_BYTES_MAX: usize = 253;

/// The host of a URL or of a bare host with or without a path, in lower case and, where it is
/// international, in its ASCII form (UTS 46). No port, user or trailing dot; an IPv6 address in
/// brackets, as in a URL. For an app's referrer (`android-app://com.example.shop/`) it is the
/// package name. `None` where there is no host, or a host of one label, which names no site.
///
/// Borrows where the text needs no change. The host of a host is itself.
pub fn host_of(referrer: &str) -> Option<Cow<'_, str>> {
    if let Some(host) = usual_host(referrer) {
        return Some(Cow::Borrowed(host));
    }
    let authority = authority_of(referrer.trim())?;
    let host = without_port(without_user(authority))?;
    if let Some(inner) = host.strip_prefix('[') {
        let address: std::net::Ipv6Addr = inner.strip_suffix(']')?.parse().ok()?;
        return Some(Cow::Owned(format!("[{address}]")));
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    if !host.is_ascii() || host.contains('%') {
        return international(host).map(Cow::Owned);
    }
    if !is_plain_host(host) {
        return None;
    }
    Some(if host.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    })
}

/// The host of `https://host/…`, in lower case already, without user or port, as nearly all
/// referrers are, in one pass over its bytes. `None` means nothing: the full rules decide then.
fn usual_host(referrer: &str) -> Option<&str> {
    let rest = referrer
        .strip_prefix("https://")
        .or_else(|| referrer.strip_prefix("http://"))?;
    let mut label_start = 0;
    let mut previous = b'.';
    for (at, &byte) in rest.as_bytes().iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'_' => {}
            b'-' if previous != b'.' => {}
            b'.' if previous != b'.' && previous != b'-' && at - label_start <= 63 => {
                label_start = at + 1;
            }
            b'/' | b'?' | b'#' => return whole_host(&rest[..at], label_start, previous),
            _ => return None,
        }
        previous = byte;
    }
    whole_host(rest, label_start, previous)
}

/// The scanned host, if its last label is sound too and not its only one.
fn whole_host(host: &str, last_label_start: usize, last: u8) -> Option<&str> {
    let is_whole = last_label_start > 0
        && last != b'.'
        && last != b'-'
        && host.len() - last_label_start <= 63
        && host.len() <= HOST_BYTES_MAX;
    is_whole.then_some(host)
}

/// [`host_of`] into a buffer that is reused; says whether there was a host. Without one the
/// buffer is empty.
pub fn host_of_into(referrer: &str, out: &mut String) -> bool {
    out.clear();
    append_host(referrer, out)
}

/// [`host_of`] onto the end of a buffer.
pub(crate) fn append_host(referrer: &str, out: &mut String) -> bool {
    match host_of(referrer) {
        Some(host) => {
            out.push_str(&host);
            true
        }
        None => false,
    }
}

/// The part between the scheme and the path. Without a scheme or two slashes a user is not
/// expected: what has an at sign then is an address, not a site.
fn authority_of(text: &str) -> Option<&str> {
    let (after_scheme, may_have_user) = match text.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => (rest, true),
        _ => match text.strip_prefix("//") {
            Some(rest) => (rest, true),
            None => (text, false),
        },
    };
    let end = after_scheme
        .find(['/', '?', '#', '\\'])
        .unwrap_or(after_scheme.len());
    let authority = &after_scheme[..end];
    (may_have_user || !authority.contains('@')).then_some(authority)
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

fn without_user(authority: &str) -> &str {
    match authority.rfind('@') {
        Some(at) => &authority[at + 1..],
        None => authority,
    }
}

/// Cuts a port, which must be digits, and leaves the brackets of an IPv6 address.
fn without_port(host: &str) -> Option<&str> {
    let search_from = host.rfind(']').map_or(0, |bracket| bracket + 1);
    match host[search_from..].find(':') {
        None => Some(host),
        Some(colon) => {
            let port = &host[search_from + colon + 1..];
            let is_port = port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit());
            is_port.then_some(&host[..search_from + colon])
        }
    }
}

/// Letters, digits, hyphens and underscores in labels of 1 to 63 bytes, at least two labels.
fn is_plain_host(host: &str) -> bool {
    let label_is_plain = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    host.len() <= HOST_BYTES_MAX && host.contains('.') && host.split('.').all(label_is_plain)
}

fn international(host: &str) -> Option<String> {
    // A browser would decode percent signs first; referrers that need it are not seen.
    if host.contains('%') || host.len() > 4 * HOST_BYTES_MAX {
        return None;
    }
    let ascii = idna::domain_to_ascii(host).ok()?;
    let ascii = ascii.strip_suffix('.').unwrap_or(&ascii);
    is_plain_host(ascii).then(|| ascii.to_owned())
}
