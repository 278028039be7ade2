//! What all pages have around them.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use promoguard_event::{EventTime, Outcome};
use promoguard_words::Language;

use crate::access::{Access, Visitor};
use crate::app::{Banner, Parts, wall_ms};
use crate::assets::ADDRESSES;
use crate::fault::Fault;
use crate::link;
use crate::policy::Permission;

/// Where a page stands in the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Queue,
    Codes,
    Shops,
    Quality,
    Ops,
    Audit,
    DeadLetters,
    Settings,
    None,
}

const SECTIONS: [(Section, &str, &str, Permission); 8] = [
    (Section::Queue, "/", "nav-queue", Permission::Read),
    (Section::Codes, "/codes", "nav-codes", Permission::Read),
    (Section::Shops, "/shops", "nav-shops", Permission::Read),
    (
        Section::Quality,
        "/quality",
        "nav-quality",
        Permission::Watch,
    ),
    (Section::Ops, "/ops", "nav-ops", Permission::Watch),
    (
        Section::DeadLetters,
        "/dead-letters",
        "nav-dead-letters",
        Permission::DeadLetters,
    ),
    (Section::Audit, "/audit", "nav-audit", Permission::Trail),
    (
        Section::Settings,
        "/settings",
        "nav-settings",
        Permission::People,
    ),
];

/// A whole page.
pub(crate) fn shell(
    parts: &Parts,
    visitor: &Visitor,
    section: Section,
    title: &str,
    body: Markup,
) -> Markup {
    let t = &visitor.texts;
    let waiting = visitor
        .user
        .as_ref()
        .and_then(|_| parts.store.waiting(&visitor.scope()).ok());
    html! {
        (DOCTYPE)
        html lang=(t.language.as_str()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · promoguard" }
                link rel="icon" href=(ADDRESSES.icon);
                link rel="stylesheet" href=(ADDRESSES.style);
                script src=(ADDRESSES.script) defer {}
            }
            body {
                a.skip href="#main" { (t.say("nav-skip")) }
                header.top {
                    a.brand href="/" {
                        img src=(ADDRESSES.icon) alt="" width="22" height="22";
                        "promoguard"
                    }
                    @if visitor.user.is_some() {
                        nav aria-label=(t.say("nav-label")) {
                            @for (own, path, key, needs) in SECTIONS {
                                @if visitor.may(needs) {
                                    a href=(path) aria-current=[(own == section).then_some("page")] {
                                        (t.say(key))
                                        @if let (Section::Queue, Some(waiting)) = (own, waiting) {
                                            " " span.badge { (t.words.count(waiting)) }
                                        }
                                    }
                                }
                            }
                        }
                    }
                    div.right {
                        (languages(visitor))
                        @if let Some(user) = &visitor.user {
                            span.who { bdi { (user.name) } " " span.soft { (t.say(role_key(user.role))) } }
                            @if parts.settings.access == Access::Accounts {
                                form method="post" action="/sign-out" {
                                    button.plain type="submit" { (t.say("sign-out")) }
                                }
                            }
                        }
                    }
                }
                @if parts.settings.banner == Some(Banner::Demo) {
                    p.banner { strong { (t.say("demo-title")) } " " (t.say("demo-text")) }
                }
                main id="main" tabindex="-1" { (body) }
                footer {
                    (freshness(parts, visitor))
                    span { (t.with("zone", &[("zone", &t.clock.name_at(parts.now()))])) }
                    span { (t.say("keys-hint")) " " kbd { "?" } }
                }
                dialog id="keys" aria-labelledby="keys-title" {
                    h2 id="keys-title" { (t.say("keys-title")) }
                    dl.keys {
                        @for (key, words) in KEYS {
                            dt { kbd { (key) } }
                            dd { (t.say(words)) }
                        }
                    }
                    form method="dialog" { button type="submit" { (t.say("close")) } }
                }
            }
        }
    }
}

const KEYS: [(&str, &str); 8] = [
    ("j k", "keys-move"),
    ("o", "keys-open"),
    ("d", "keys-decide"),
    ("1–6", "keys-outcome"),
    ("n", "keys-note"),
    ("r", "keys-refresh"),
    ("c", "keys-copy"),
    ("/", "keys-search"),
];

fn languages(visitor: &Visitor) -> Markup {
    let names = [
        (Language::Kazakh, "Қазақша"),
        (Language::Russian, "Русский"),
        (Language::English, "English"),
    ];
    html! {
        form.languages method="post" action="/language" aria-label=(visitor.texts.say("language")) {
            input type="hidden" name="back" value=(visitor.path);
            @for (language, name) in names {
                button.plain type="submit" name="language" value=(language.as_str())
                    lang=(language.as_str()) title=(name)
                    aria-pressed=(if language == visitor.texts.language { "true" } else { "false" }) {
                    (language.as_str())
                }
            }
        }
    }
}

fn freshness(parts: &Parts, visitor: &Visitor) -> Markup {
    let t = &visitor.texts;
    match parts.store.freshness().ok().and_then(|fresh| fresh.newest) {
        Some(newest) => {
            let ago = t.ago(parts.now().millis_since(newest));
            let (time, ago) = (t.time(newest), ago.as_str());
            html! { span { (t.with("fresh", &[("time", &time), ("ago", ago)])) } }
        }
        None => html! { span { (t.say("fresh-never")) } },
    }
}

pub(crate) fn role_key(role: promoguard_review::Role) -> &'static str {
    use promoguard_review::Role;
    match role {
        Role::Viewer => "role-viewer",
        Role::Analyst => "role-analyst",
        Role::Lead => "role-lead",
        Role::Merchant => "role-merchant",
        Role::Admin => "role-admin",
    }
}

pub(crate) fn outcome_key(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Leak => "outcome-leak",
        Outcome::Legitimate => "outcome-legitimate",
        Outcome::Permitted => "outcome-permitted",
        Outcome::Expected => "outcome-expected",
        Outcome::DataError => "outcome-data-error",
        Outcome::Unclear => "outcome-unclear",
    }
}

/// An outcome by its word on the wire, for people.
pub(crate) fn outcome_text(visitor: &Visitor, outcome: &str) -> String {
    match Outcome::parse(outcome) {
        Some(outcome) => visitor.texts.say(outcome_key(outcome)),
        None => outcome.to_owned(),
    }
}

/// A time, with its exact value for machines.
pub(crate) fn time(visitor: &Visitor, at: EventTime) -> Markup {
    let t = &visitor.texts;
    html! { time datetime=(t.machine_time(at)) { (t.time(at)) } }
}

/// The state of a flag, with a sign beside the word.
pub(crate) fn state(visitor: &Visitor, state: &str, outcome: Option<&str>) -> Markup {
    let t = &visitor.texts;
    match (outcome, state) {
        (Some(outcome), _) => {
            let class = if outcome == "leak" { "hit" } else { "done" };
            html! { span.chip.{(class)} { (sign("✓")) (outcome_text(visitor, outcome)) } }
        }
        (None, "cleared") => html! { span.chip.done { (sign("○")) (t.say("state-cleared")) } },
        (None, "escalated") => html! { span.chip.hot { (sign("▲")) (t.say("state-escalated")) } },
        (None, _) => html! { span.chip.open { (sign("●")) (t.say("state-open")) } },
    }
}

fn sign(sign: &str) -> Markup {
    html! { span aria-hidden="true" { (sign) } " " }
}

/// A spelling of a code or a name that may be in any script and direction. What it hides is shown.
pub(crate) fn name(text: &str) -> Markup {
    html! { bdi { (visible(text)) } }
}

/// Characters that cannot be seen, or that turn the reading direction, as their numbers.
pub(crate) fn visible(text: &str) -> String {
    let hidden = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}')
    };
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if hidden(letter) {
            shown.push_str(&format!("⟨{:04X}⟩", u32::from(letter)));
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// The same for a text of several lines.
pub(crate) fn visible_lines(text: &str) -> Markup {
    html! { @for line in text.lines() { (visible(line)) br; } }
}

/// A sentence where there is nothing to show.
pub(crate) fn nothing(visitor: &Visitor, key: &str) -> Markup {
    html! { p.nothing { (visitor.texts.say(key)) } }
}

/// A whole page as an answer.
pub(crate) fn answer(page: Markup) -> Response {
    let PreEscaped(text) = page;
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response()
}

/// Goes on to another page after a form.
pub(crate) fn see(path: &str) -> Response {
    Redirect::to(path).into_response()
}

/// Pages to the left and right of a list.
pub(crate) fn pager(
    visitor: &Visitor,
    page: u32,
    per_page: u32,
    total: u64,
    address: impl Fn(u32) -> String,
) -> Markup {
    let t = &visitor.texts;
    let pages = total.div_ceil(u64::from(per_page)).max(1);
    html! {
        @if pages > 1 {
            nav.pager aria-label=(t.say("pager")) {
                @if page > 0 { a rel="prev" href=(address(page - 1)) { "← " (t.say("pager-back")) } }
                span { (t.with("pager-at", &[
                    ("page", &t.words.count(u64::from(page) + 1)), ("pages", &t.words.count(pages))])) }
                @if u64::from(page) + 1 < pages {
                    a rel="next" href=(address(page + 1)) { (t.say("pager-on")) " →" }
                }
            }
        }
    }
}

/// Why there is no page.
pub(crate) fn fault(parts: &Parts, visitor: &Visitor, fault: Fault) -> Response {
    let t = &visitor.texts;
    let (status, key) = match &fault {
        Fault::NotFound => (StatusCode::NOT_FOUND, "fault-not-found"),
        Fault::Forbidden => (StatusCode::FORBIDDEN, "fault-forbidden"),
        Fault::Wrong(key) => (StatusCode::BAD_REQUEST, *key),
        Fault::Store(_) => (StatusCode::INTERNAL_SERVER_ERROR, "fault-store"),
    };
    let mut number = None;
    if let Fault::Store(error) = &fault {
        // The visitor gets a number, the log the reason.
        let id = wall_ms();
        tracing::error!(id, %error, path = visitor.path, "a page failed");
        number = Some(id.to_string());
    }
    let title = t.say("fault-title");
    let body = html! {
        section.narrow {
            h1 { (title) }
            p { (t.say(key)) }
            @if let Some(number) = number { p.soft { (t.with("fault-number", &[("number", &number)])) } }
            p { a href="/" { (t.say("fault-back")) } }
        }
    };
    let page = shell(parts, visitor, Section::None, &title, body);
    (status, answer(page)).into_response()
}

pub(crate) fn page_number(text: Option<&str>) -> u32 {
    let typed = text.and_then(|text| text.parse::<u32>().ok()).unwrap_or(1);
    typed.clamp(1, 100_000) - 1
}

/// A path with a query, left without what is empty.
pub(crate) fn query(path: &str, values: &[(&str, Option<&str>)]) -> String {
    let pairs: Vec<String> = values
        .iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", link::escaped((*value)?))))
        .collect();
    if pairs.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", pairs.join("&"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_in_a_name_is_shown() {
        let check = |text: &str, expected: &str| assert_eq!(visible(text), expected);
        check("ARU10", "ARU10");
        check("ДАНА", "ДАНА");
        check("aru\u{202e}01", "aru⟨202E⟩01");
        check("a\u{200b}b\u{7}", "a⟨200B⟩b⟨0007⟩");
    }
}
