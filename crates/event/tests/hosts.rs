//! The host inside whatever a referrer holds.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use promoguard_event::{host_of, host_of_into};
use proptest::prelude::*;

#[test]
fn the_host_is_found_in_every_kind_of_referrer() {
    for (referrer, host) in [
        ("https://promokodus.com/kz/store?x=1#y", "promokodus.com"),
        ("HTTP://WWW.Example.COM:8080/Path", "www.example.com"),
        ("https://user:p@ss@example.com/", "example.com"),
        ("https://example.com.", "example.com"),
        ("https://example.com?q=a/b", "example.com"),
        ("https://example.com#@evil.com", "example.com"),
        ("https://example.com\\@evil.com", "example.com"),
        ("//cdn.example.com/x", "cdn.example.com"),
        ("example.com", "example.com"),
        ("t.me/channel", "t.me"),
        ("t.me/share?url=https://shop.kz", "t.me"),
        ("shop.kz:443/x", "shop.kz"),
        ("android-app://com.kaspi.kz/", "com.kaspi.kz"),
        (
            "android-app://com.google.android.gm",
            "com.google.android.gm",
        ),
        ("  https://vk.com/feed \n", "vk.com"),
        ("https://магазин.рф/акции", "xn--80aairftm.xn--p1ai"),
        ("МАГАЗИН.РФ", "xn--80aairftm.xn--p1ai"),
        ("https://xn--80aairftm.xn--p1ai/", "xn--80aairftm.xn--p1ai"),
        ("https://bücher.example", "xn--bcher-kva.example"),
        ("https://例え。jp/", "xn--r8jz45g.jp"),
        ("http://192.168.0.1:8080/", "192.168.0.1"),
        ("http://[2001:DB8::1]:8080/x", "[2001:db8::1]"),
        ("http://[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]"),
        ("https://my_shop.example.com", "my_shop.example.com"),
        ("ios-app://544007664/vnd.youtube/x.y", ""),
        ("https://example.com:/", "example.com"),
    ] {
        let expected = Some(host).filter(|host| !host.is_empty());
        assert_eq!(host_of(referrer).as_deref(), expected, "{referrer}");
    }
}

#[test]
fn what_has_no_host_has_none() {
    for junk in [
        "",
        " ",
        "direct",
        "(none)",
        "localhost",
        "http://",
        "https:///path",
        "about:blank",
        "/path/only",
        "javascript:alert(1)",
        "data:text/html,x.y",
        "mailto:someone@example.com",
        "someone@example.com",
        "https:example.com",
        "http://exa mple.com/",
        "http://exa%6dple.com",
        "http://example..com",
        "http://.example.com",
        "http://-example.com",
        "http://example-.com",
        "http://example.com:http/",
        "http://example.com:123456",
        "http://[::1",
        "http://[zz]/",
        "http://::1/",
        "<b>.com",
        "a.b\"c",
        "http://a.b\u{0}c",
        "...",
        "?x.y",
        "#x.y",
        "http://?x.y",
        "x,y.com",
        "null",
    ] {
        assert_eq!(host_of(junk), None, "{junk}");
    }
    let long_label = format!("{}.com", "x".repeat(64));
    assert_eq!(host_of(&long_label), None);
    assert_eq!(host_of(&format!("https://{long_label}")), None);
    let long_host = format!("{}com", "x.".repeat(126));
    assert_eq!(host_of(&long_host), None);
    let longest = format!("{}c", "x.".repeat(126));
    assert_eq!(host_of(&longest).as_deref(), Some(longest.as_str()));
}

#[test]
fn a_host_that_needs_no_change_is_borrowed() {
    assert!(matches!(
        host_of("https://promokodus.com/x"),
        Some(std::borrow::Cow::Borrowed("promokodus.com"))
    ));
}

#[test]
fn the_buffer_is_replaced_and_empty_without_a_host() {
    let mut out = "old".to_owned();
    assert!(host_of_into("https://T.me/x", &mut out));
    assert_eq!(out, "t.me");
    assert!(!host_of_into("nothing", &mut out));
    assert_eq!(out, "");
}

proptest! {
    #[test]
    fn the_host_of_a_host_is_itself(text in "(https?://|//|)(\\PC{0,12}\\.){0,3}\\PC{0,12}(/\\PC{0,5})?") {
        if let Some(host) = host_of(&text) {
            prop_assert!(!host.is_empty() && host.len() <= 253);
            prop_assert!(host.is_ascii() && !host.contains(|c: char| c.is_ascii_uppercase()));
            prop_assert_eq!(host_of(&host), Some(host.clone()));
        }
    }

    /// The capital letter keeps the second one from the short way of the usual referrer.
    #[test]
    fn the_short_way_finds_what_the_full_rules_find(
        rest in "[a-z0-9._-]{0,12}(\\.|-|_|)[a-z0-9._-]{0,70}([/?#:@\\\\ %é][!-~]{0,6})?"
    ) {
        let usual = format!("https://{rest}");
        let unusual = format!("httpS://{rest}");
        prop_assert_eq!(host_of(&usual), host_of(&unusual));
    }

    #[test]
    fn scheme_path_and_port_change_nothing(
        host in "[a-z0-9]{1,8}(\\.[a-z0-9]{1,8}){1,3}",
        scheme in prop::sample::select(vec!["", "//", "http://", "https://", "android-app://"]),
        port in prop::sample::select(vec!["", ":80", ":65535"]),
        path in "(|[/?#][!-~]{0,20})",
    ) {
        let referrer = format!("{scheme}{}{port}{path}", host.to_ascii_uppercase());
        let found = host_of(&referrer);
        prop_assert_eq!(found.as_deref(), Some(host.as_str()), "{}", referrer);
    }
}
