//! What a valid record becomes, field by field.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use promoguard_event::{
    Code, CodeEntryMode, Currency, Decoded, Decoder, DecoderLimits, ErrorKind, Event, EventTime,
    Field, Outcome, Percent, PseudonymKey, Status, Tier, Topic, parse_rfc3339,
};

fn decoder() -> Decoder {
    Decoder::new(PseudonymKey::new([1; 32]), DecoderLimits::default())
}

fn time(text: &str) -> EventTime {
    parse_rfc3339(text).unwrap()
}

/// Decodes a record that has no defect.
fn sound<'a>(decoder: &'a mut Decoder, topic: Topic, raw: &str) -> Event<'a> {
    let Decoded { event, defects } = decoder.decode(topic, raw.as_bytes()).unwrap();
    assert!(defects.is_empty(), "{defects:?}");
    event
}

#[test]
fn a_click_with_everything() {
    let mut decoder = decoder();
    let raw = r#"{"click_id":" C-1 ","ts":"2026-03-01T15:00:00.1239+05:00","code":" Aru１0 ","visitor_id":"V\u0031","referrer":"https://WWW.T.me/aru?x","ip":" 1.2.3.4","ua":"Mozilla/5.0 (\"x\")","country":"kz","city":" Алматы ","more":{"x":[1,2]}}"#;
    let Event::Click(click) = sound(&mut decoder, Topic::Clicks, raw) else {
        panic!("not a click");
    };
    assert_eq!(click.click_id, "C-1");
    assert_eq!(click.ts, time("2026-03-01T10:00:00.123Z"));
    assert_eq!(click.code, "aru10");
    assert_eq!(click.visitor_id, "V1");
    assert_eq!(click.referrer_host, Some("www.t.me"));
    assert_eq!(click.ip, Some("1.2.3.4"));
    assert_eq!(click.ua, Some("Mozilla/5.0 (\"x\")"));
    assert_eq!(click.country, Some("KZ"));
    assert_eq!(click.city, Some("Алматы"));
}

#[test]
fn an_order_with_everything() {
    let mut decoder = decoder();
    let raw = r#"{"order_id":"O-1","ts":1767272709123,"code":"ARU10","amount":12990.5,"currency":"KZT","merchant":"ShopЁ","customer_id":"u","marketplace":"KASPI","status":"paid","click_id":"c","click_ts":"2026-01-01T13:00:00Z","new_customer":false,"referrer":"Promokodus.COM/x","code_entry":"auto","country":"KZ","city":"Астана"}"#;
    let Event::Order(order) = sound(&mut decoder, Topic::Orders, raw) else {
        panic!("not an order");
    };
    assert_eq!(order.order_id, "O-1");
    assert_eq!(order.ts, time("2026-01-01T13:05:09.123Z"));
    assert_eq!(order.code, "aru10");
    assert_eq!(order.amount, 129_905_000);
    assert_eq!(order.currency, Currency::KZT);
    assert_eq!(order.merchant, "shopё");
    assert!(order.customer.is_some());
    assert_eq!(order.marketplace, Some("kaspi"));
    assert_eq!(order.status, Status::Paid);
    assert_eq!(order.click_id, Some("c"));
    assert_eq!(order.click_ts, Some(time("2026-01-01T13:00:00Z")));
    assert_eq!(order.new_customer, Some(false));
    assert_eq!(order.referrer_host, Some("promokodus.com"));
    assert_eq!(order.code_entry, Some(CodeEntryMode::Auto));
    assert_eq!((order.country, order.city), (Some("KZ"), Some("Астана")));
}

#[test]
fn an_order_with_the_least() {
    let mut decoder = decoder();
    let raw = r#"{"merchant":"m","currency":"rub","amount":"0.0001","code":"a","ts":1767272709123,"order_id":"o"}"#;
    let Event::Order(order) = sound(&mut decoder, Topic::Orders, raw) else {
        panic!("not an order");
    };
    assert_eq!(order.amount, 1);
    assert_eq!(order.currency, Currency::RUB);
    assert_eq!(order.status, Status::Created);
    assert_eq!(
        (order.customer, order.marketplace, order.click_id),
        (None, None, None)
    );
    assert_eq!(
        (order.click_ts, order.new_customer, order.code_entry),
        (None, None, None)
    );
    assert_eq!(
        (order.referrer_host, order.country, order.city),
        (None, None, None)
    );
}

#[test]
fn every_word_of_the_closed_lists_is_read() {
    let mut decoder = decoder();
    for status in Status::ALL {
        let raw = format!(
            r#"{{"order_id":"o","ts":1767272709123,"code":"a","amount":1,"currency":"KZT","merchant":"m","status":" {} "}}"#,
            status.as_str()
        );
        let Event::Order(order) = sound(&mut decoder, Topic::Orders, &raw) else {
            panic!("not an order");
        };
        assert_eq!(order.status, status);
    }
    for mode in CodeEntryMode::ALL {
        assert_eq!(CodeEntryMode::parse(mode.as_str()), Some(mode));
    }
    for tier in Tier::ALL {
        assert_eq!(Tier::parse(tier.as_str()), Some(tier));
    }
    for (followers, tier) in [
        (0, Tier::Nano),
        (5_000, Tier::Nano),
        (5_001, Tier::Micro),
        (20_001, Tier::Mid),
        (1_000_000, Tier::Macro),
        (1_000_001, Tier::Mega),
    ] {
        assert_eq!(Tier::of_followers(followers), tier);
    }
}

#[test]
fn a_registry_entry_with_everything() {
    let mut decoder = decoder();
    let raw = r#"{"code":" Aru10 ","partner_id":"P","merchant":"Shop","aliases":["ARU-1","aru10","aru-1","x"],"marketplace":"Kaspi","tier":"mid","followers":20001,"city":"Almaty","country":"kz","channels":["@Aru","tg"],"discount_pct":10,"commission_pct":12.5,"vat_payer":true,"starts_at":"2026-01-01T00:00:00Z","ends_at":"2027-01-01T00:00:00Z","offline":false,"posts":["2026-02-01T00:00:00Z",1767225600000,"2026-02-01T00:00:00Z"],"permitted_hosts":["https://Z.com/x","a.com","z.com"]}"#;
    let Event::Code(entry) = sound(&mut decoder, Topic::Codes, raw) else {
        panic!("not an entry");
    };
    assert_eq!(entry.code, Code::parse("aru10").unwrap());
    assert_eq!(&*entry.spelling, "Aru10");
    assert_eq!((&*entry.partner_id, &*entry.merchant), ("P", "shop"));
    let aliases: Vec<&str> = entry.aliases.iter().map(Code::as_str).collect();
    assert_eq!(aliases, ["aru-1", "x"]);
    assert_eq!(entry.marketplace.as_deref(), Some("kaspi"));
    assert_eq!(
        (entry.tier, entry.followers),
        (Some(Tier::Mid), Some(20_001))
    );
    assert_eq!(
        (entry.city.as_deref(), entry.country.as_deref()),
        (Some("Almaty"), Some("KZ"))
    );
    assert_eq!(
        entry.channels.iter().map(|c| &**c).collect::<Vec<_>>(),
        ["@Aru", "tg"]
    );
    assert_eq!(entry.discount_pct.map(Percent::units), Some(100_000));
    assert_eq!(entry.commission_pct.map(Percent::units), Some(125_000));
    assert_eq!((entry.vat_payer, entry.offline), (Some(true), Some(false)));
    assert_eq!(entry.starts_at, Some(time("2026-01-01T00:00:00Z")));
    assert_eq!(entry.ends_at, Some(time("2027-01-01T00:00:00Z")));
    assert_eq!(
        entry.posts,
        [time("2026-01-01T00:00:00Z"), time("2026-02-01T00:00:00Z")]
    );
    assert_eq!(
        entry
            .permitted_hosts
            .iter()
            .map(|h| &**h)
            .collect::<Vec<_>>(),
        ["a.com", "z.com"]
    );
}

#[test]
fn a_bad_element_of_a_list_is_dropped_and_the_rest_is_kept() {
    let mut decoder = decoder();
    let raw = r#"{"code":"a","partner_id":"p","merchant":"m","aliases":["b",{"x":["c"]},"d"],"posts":[[1],1767225600000]}"#;
    let decoded = decoder.decode(Topic::Codes, raw.as_bytes()).unwrap();
    assert!(decoded.defects.contains(Field::Aliases) && decoded.defects.contains(Field::Posts));
    let Event::Code(entry) = decoded.event else {
        panic!("not an entry");
    };
    assert_eq!(
        entry.aliases.iter().map(Code::as_str).collect::<Vec<_>>(),
        ["b", "d"]
    );
    assert_eq!(entry.posts.len(), 1);
}

#[test]
fn a_list_that_is_too_long_is_cut_and_a_defect() {
    let mut decoder = decoder();
    for (count, is_defect) in [(32, false), (33, true)] {
        let channels: Vec<String> = (0..count).map(|n| format!("\"c{n}\"")).collect();
        let raw = format!(
            r#"{{"code":"a","partner_id":"p","merchant":"m","channels":[{}]}}"#,
            channels.join(",")
        );
        let decoded = decoder.decode(Topic::Codes, raw.as_bytes()).unwrap();
        assert_eq!(decoded.defects.contains(Field::Channels), is_defect);
        let Event::Code(entry) = decoded.event else {
            panic!("not an entry");
        };
        assert_eq!(entry.channels.len(), 32);
    }
}

#[test]
fn a_sighting_and_a_decision() {
    let mut decoder = decoder();
    let raw =
        r#"{"code":"A","ts":1767225600000,"url":" https://Coupons.example/a ","source":"crawler"}"#;
    let Event::Sighting(sighting) = sound(&mut decoder, Topic::Sightings, raw) else {
        panic!("not a sighting");
    };
    assert_eq!(sighting.code.as_str(), "a");
    assert_eq!(&*sighting.url, "https://Coupons.example/a");
    assert_eq!(sighting.url_host.as_deref(), Some("coupons.example"));
    assert_eq!(&*sighting.source, "crawler");
    for outcome in Outcome::ALL {
        let raw = format!(
            r#"{{"flag_id":"f","rev":3,"code":"A","ts":1767225600000,"actor":"anna","outcome":"{}","note":"{}","hold_from":1767225600001,"hosts":["b.com","A.com"],"expected_post":"2026-02-01T00:00:00Z"}}"#,
            outcome.as_str(),
            "long ".repeat(100)
        );
        let Event::Decision(decision) = sound(&mut decoder, Topic::Decisions, &raw) else {
            panic!("not a decision");
        };
        assert_eq!((&*decision.flag_id, decision.rev), ("f", 3));
        assert_eq!((&*decision.actor, decision.outcome), ("anna", outcome));
        assert_eq!(decision.note.as_deref().map(str::len), Some(499));
        assert_eq!(
            decision.hold_from,
            Some(EventTime::from_millis(1_767_225_600_001))
        );
        assert_eq!(
            decision.hosts.iter().map(|h| &**h).collect::<Vec<_>>(),
            ["a.com", "b.com"]
        );
        assert_eq!(decision.expected_post, Some(time("2026-02-01T00:00:00Z")));
    }
}

#[test]
fn the_limits_of_a_decoder_are_its_own() {
    let limits = DecoderLimits {
        line_bytes_max: 80,
        depth_max: 2,
    };
    let mut decoder = Decoder::new(PseudonymKey::new([1; 32]), limits);
    let mut kind = |raw: &str| {
        let decoded = decoder.decode(Topic::Clicks, raw.as_bytes());
        decoded.err().map(|error| error.kind)
    };
    let click = r#"{"click_id":"c","ts":1767225600000,"code":"a","visitor_id":"v""#;
    assert_eq!(kind(&format!("{click}}}")), None);
    assert_eq!(
        kind(&format!("{click}}}{}", " ".repeat(20))),
        Some(ErrorKind::TooLarge)
    );
    assert_eq!(kind(&format!(r#"{click},"x":[1]}}"#)), None);
    assert_eq!(
        kind(&format!(r#"{click},"x":[[]]}}"#)),
        Some(ErrorKind::TooDeep)
    );
}

#[test]
fn every_error_and_field_has_a_name_of_its_own() {
    let mut kinds: Vec<&str> = ErrorKind::ALL.iter().map(|kind| kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), 16);
    let fields: Vec<&str> = Field::ALL.iter().map(|field| field.as_str()).collect();
    assert!(fields.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(
        Field::ALL
            .iter()
            .enumerate()
            .all(|(at, field)| *field as usize == at)
    );
}

#[test]
fn the_day_remembered_from_one_record_does_not_excuse_the_next() {
    let mut decoder = decoder();
    let click = |ts: &str| format!(r#"{{"click_id":"c","ts":"{ts}","code":"a","visitor_id":"v"}}"#);
    for ts in [
        "2026-03-01T10:00:00Z",
        "2026-02-30T10:00:00Z",
        "2026-02-30T10:00:00Z",
        "2026-03-01T10:00:00Z",
        "2026-03-02T10:00:00Z",
        "2026-03-02T25:00:00Z",
        "2026-03-01T10:00:00Z",
    ] {
        let decoded = decoder.decode(Topic::Clicks, click(ts).as_bytes());
        let read = decoded.ok().map(|decoded| match decoded.event {
            Event::Click(click) => click.ts,
            other => panic!("not a click: {other:?}"),
        });
        assert_eq!(read, parse_rfc3339(ts).ok(), "{ts}");
    }
}

#[test]
fn no_debug_text_shows_address_or_user_agent() {
    let mut decoder = decoder();
    let raw = r#"{"click_id":"c","ts":1767225600000,"code":"a","visitor_id":"v","ip":"203.0.113.9","ua":"Mozilla"}"#;
    let event = sound(&mut decoder, Topic::Clicks, raw);
    let shown = format!("{event:?}");
    assert!(
        !shown.contains("203.0.113.9") && !shown.contains("Mozilla"),
        "{shown}"
    );
}
