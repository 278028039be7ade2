//! Words that others wrote: codes, partners, shops, hosts. All of them are hostile until shown
//! by this module.
//!
//! Decides: which characters are not shown as themselves. Escaping for HTML is done by the
//! templates; what is decided here would survive it: text that hides or turns round its surroundings.

use std::borrow::Cow;

use maud::{Markup, html};

/// Makes characters visible that show nothing or reorder what stands around them.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_hidden(character) {
            shown.push_str(&format!("⟨U+{:04X}⟩", u32::from(character)));
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Foreign text in a page, kept apart from the direction of the text around it, with a remark
/// where its letters only look alike.
pub(super) fn foreign(text: &str) -> Markup {
    html! {
        bdi { (visible(text)) }
        @if mixes_alphabets(text) {
            " " span.remark { "(mixes alphabets)" }
        }
    }
}

/// Foreign text, or a dash where there is none.
pub(super) fn foreign_or_dash(text: Option<&str>) -> Markup {
    match text {
        Some(text) => foreign(text),
        None => html! { span.none { "–" } },
    }
}

/// Control, format and blank characters. The list is that of Unicode 16 for Cc and Cf, with the
/// blanks that are letters by category: Hangul fillers and the empty Braille pattern.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{600}'..='\u{605}'
                | '\u{61c}'
                | '\u{6dd}'
                | '\u{70f}'
                | '\u{890}'..='\u{891}'
                | '\u{8e2}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{110bd}'
                | '\u{110cd}'
                | '\u{13430}'..='\u{1345f}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Whether one word has letters of two alphabets that look alike, as in a copied code with a
/// Cyrillic a.
fn mixes_alphabets(text: &str) -> bool {
    text.split(|character: char| !character.is_alphabetic())
        .any(|word| {
            let has = |range: fn(char) -> bool| word.chars().any(range);
            let latin = has(|c| c.is_ascii_alphabetic() || ('\u{c0}'..='\u{24f}').contains(&c));
            let cyrillic = has(|c| ('\u{400}'..='\u{52f}').contains(&c));
            let greek = has(|c| ('\u{370}'..='\u{3ff}').contains(&c));
            u8::from(latin) + u8::from(cyrillic) + u8::from(greek) > 1
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_or_reorders_is_spelled_out() {
        let check = |text: &str, expected: &str| assert_eq!(visible(text), expected, "{text:?}");
        check("AIGERIM15", "AIGERIM15");
        check("СКИДКА–5 ₸", "СКИДКА–5 ₸");
        check("a\u{202e}b", "a⟨U+202E⟩b");
        check("a\0\r\n", "a⟨U+0000⟩⟨U+000D⟩⟨U+000A⟩");
        check("\u{e0041}\u{feff}", "⟨U+E0041⟩⟨U+FEFF⟩");
        check("\u{9b}", "⟨U+009B⟩");
    }

    #[test]
    fn a_word_of_two_alphabets_is_remarked_and_a_name_of_two_words_is_not() {
        assert!(mixes_alphabets("AIGER\u{406}M"));
        assert!(mixes_alphabets("sale-\u{430}igerim"));
        assert!(!mixes_alphabets("АЙГЕРИМ_SALE"));
        assert!(!mixes_alphabets("AIGERIM15"));
    }
}
