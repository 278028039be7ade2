//! The page as a whole: what it shows, what it must never show, how large it may get.

mod hostile;
mod sample;

use super::*;
use sample::{flag, run_page, small_run, window};

/// Every tag of a page with its attributes, in order: what a browser takes for markup.
fn tags(html: &str) -> Vec<&str> {
    let style = html.find("<style>").zip(html.find("</style>"));
    html.match_indices('<')
        .filter(|(at, _)| style.is_none_or(|(from, to)| *at <= from || *at >= to))
        .map(|(at, _)| {
            let end = html[at..].find('>').expect("a tag ends");
            &html[at..=at + end]
        })
        .collect()
}

fn svgs(html: &str) -> Vec<&str> {
    html.match_indices("<svg")
        .map(|(at, _)| {
            let end = html[at..].find("</svg>").expect("a picture ends");
            &html[at..at + end + "</svg>".len()]
        })
        .collect()
}

#[test]
fn a_small_run_gives_the_page_on_record() {
    let page = run_page(small_run(), &sample::scores(), &sample::tally());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/tests/small.html");
    if std::env::var_os("PROMOGUARD_RECORD").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let recorded = std::fs::read_to_string(path).unwrap();
    for (number, (now, before)) in page.lines().zip(recorded.lines()).enumerate() {
        assert_eq!(
            now,
            before,
            "line {} (PROMOGUARD_RECORD=1 records anew)",
            number + 1
        );
    }
    assert_eq!(page.lines().count(), recorded.lines().count());
}

#[test]
fn the_page_does_not_depend_on_the_order_of_what_was_added() {
    let mut backwards = ReportCollector::new(sample::ZONE).unwrap();
    let (mut windows, mut flags, mut entries) = sample::parts();
    windows.reverse();
    flags.reverse();
    entries.reverse();
    flags.iter().for_each(|flag| backwards.add_flag(flag));
    entries.iter().for_each(|entry| backwards.add_entry(entry));
    windows
        .iter()
        .for_each(|window| backwards.add_window(window));
    assert_eq!(
        run_page(backwards, &sample::scores(), &sample::tally()),
        run_page(small_run(), &sample::scores(), &sample::tally())
    );
}

#[test]
fn the_highest_revision_is_told_and_all_are_listed() {
    let mut report = ReportCollector::new(sample::ZONE).unwrap();
    for (rev, decibans) in [(2, 44.0), (1, 31.0), (3, 57.0), (2, 99.0)] {
        report.add_flag(&sample::revised(flag("SAULE10"), rev, decibans));
    }
    let page = report.flags_page().replace('\u{202f}', " ");
    assert!(page.contains("The evidence is very strong (57 dB)"));
    assert!(page.contains(">44 dB<"), "the earlier revisions are listed");
    assert!(
        !page.contains("99 dB"),
        "a revision seen before changes nothing"
    );
}

#[test]
fn an_empty_run_says_so_and_where_to_look() {
    let report = ReportCollector::new(sample::ZONE).unwrap();
    let mut tally = Tally::default();
    tally.counts.add_dead_letter(
        promoguard_event::Topic::Orders,
        promoguard_event::ErrorKind::BadTime,
    );
    let page = run_page(report, &[], &tally);
    assert!(page.contains("no events were read"));
    assert!(page.contains("bad_time"));
    assert!(page.contains("What this page cannot see"));
    let live = ReportCollector::new(sample::ZONE).unwrap().flags_page();
    assert!(live.contains("Waiting for the first hour"));
}

#[test]
fn a_run_without_flags_does_not_claim_that_nothing_leaked() {
    let mut report = ReportCollector::new(sample::ZONE).unwrap();
    report.add_window(&window("SAULE10", 490_000, 3));
    let page = run_page(report, &sample::scores(), &Tally::default());
    assert!(page.contains("That does not prove that none leaked"));
    assert!(page.contains("Highest scores that were not flagged"));
}

#[test]
fn every_picture_is_well_formed_and_named() {
    let page = run_page(small_run(), &sample::scores(), &sample::tally());
    let pictures = svgs(&page);
    assert!(pictures.len() > 10);
    for picture in pictures {
        let document = roxmltree::Document::parse(picture)
            .unwrap_or_else(|error| panic!("{error} in {picture}"));
        let root = document.root_element();
        if root.attribute("aria-hidden").is_none() {
            let named = |name| root.children().any(|child| child.has_tag_name(name));
            assert!(named("title") && named("desc"), "{picture}");
        }
    }
}

#[test]
fn nothing_is_loaded_and_nothing_runs() {
    let page = run_page(small_run(), &sample::scores(), &sample::tally());
    for tag in tags(&page) {
        let name = tag.trim_start_matches(['<', '/']).split([' ', '>']).next();
        assert!(
            !matches!(name, Some("script" | "link" | "img" | "iframe" | "base")),
            "{tag}"
        );
        for attribute in [" src=", " style=", " on", "url("] {
            assert!(
                !tag.contains(attribute) || attribute == " on" && !tag.contains("on="),
                "{tag}"
            );
        }
        let target = tag.split("href=\"").nth(1);
        assert!(target.is_none_or(|target| target.starts_with('#')), "{tag}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn only_the_live_page_reloads_itself() {
    let refresh = "http-equiv=\"refresh\" content=\"5\"";
    assert!(small_run().flags_page().contains(refresh));
    assert!(!run_page(small_run(), &[], &Tally::default()).contains(refresh));
}

#[test]
fn hostile_words_are_shown_and_never_become_markup() {
    let harmless = hostile::page_with("harmless");
    let expected = tags(&harmless);
    for payload in hostile::PAYLOADS {
        let page = hostile::page_with(payload);
        assert_eq!(tags(&page), expected, "{payload:?}");
        if payload.contains(['<', '"']) {
            assert!(!page.contains(payload), "{payload:?} stands as it came");
        }
        let is_plain = |c: char| c == '\n' || c == '\u{202f}' || !(c.is_control() || bidi(c));
        let odd = page.chars().find(|c| !is_plain(*c));
        assert_eq!(odd, None, "{payload:?}");
    }
}

fn bidi(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}' | '\u{feff}')
}

#[test]
fn five_hundred_flags_are_told_in_full_and_the_rest_in_the_table() {
    let mut report = ReportCollector::new(sample::ZONE).unwrap();
    for number in 0..503 {
        report.add_flag(&flag(&format!("CODE{number}")));
    }
    let page = run_page(report, &[], &Tally::default());
    assert_eq!(page.matches("<section class=\"flag\"").count(), 500);
    assert_eq!(
        page.matches("<th class=\"code\" scope=\"row\">").count(),
        503
    );
    assert!(page.contains("The first 500 of 503"));
}
