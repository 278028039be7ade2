//! What follows a confirmed leak: a message to the partner, and a code to replace the leaked one.

use maud::{Markup, html};
use promoguard_review::CodeSheet;
use promoguard_words::Language;

use crate::access::Visitor;
use crate::texts::Texts;

pub(crate) fn kit(visitor: &Visitor, sheet: &CodeSheet) -> Markup {
    let t = &visitor.texts;
    let decided = sheet.decisions.first().map_or(0, |last| last.ts.millis());
    let fresh = suggestion(&sheet.spelling, decided);
    html! {
        details.kit {
            summary { (t.say("kit-title")) }
            p { (t.say("kit-code")) " " code { (fresh) } }
            p.soft { (t.say("kit-how")) }
            @for language in [Language::Kazakh, Language::Russian, Language::English] {
                @let theirs = Texts::new(language, &t.clock);
                @let message = theirs.with("kit-message", &[("code", &sheet.spelling), ("fresh", &fresh)]);
                label.message lang=(language.as_str()) {
                    span { (language.as_str()) }
                    textarea readonly rows="5" { (message) }
                }
            }
        }
    }
}

/// The letters of the old code with three that cannot be read off it. The same for the same
/// decision, so that everybody who looks reads the same.
fn suggestion(spelling: &str, decided_ms: i64) -> String {
    use sha2::{Digest as _, Sha256};
    // Without those that are taken for another: 0 O, 1 I L.
    const LETTERS: &[u8] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789";
    let digest = Sha256::digest(format!("promoguard/reissue/1\0{spelling}\0{decided_ms}"));
    let stem: String = spelling
        .chars()
        .filter(|letter| letter.is_alphabetic())
        .take(8)
        .collect();
    let ending: String = digest[..3]
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]))
        .collect();
    format!("{}{ending}", stem.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_code_keeps_the_name_and_is_the_same_for_the_same_decision() {
        let first = suggestion("Aigerim15", 7);
        assert!(first.starts_with("AIGERIM") && first.len() == 10, "{first}");
        assert_eq!(first, suggestion("Aigerim15", 7));
        assert_ne!(first, suggestion("Aigerim15", 8));
        assert_eq!(suggestion("2026", 1).len(), 3);
    }
}
