//! JSON's grammar, strictly: the judge of records that the fast parser refused.
//!
//! Decides: whether a text is JSON (RFC 8259) whose strings are Unicode, and not nested too
//! deep. Must not know: what the fast parser thought, or what the values mean.
//!
//! Only refused records come here, so this is written to be plainly right, not fast.

use std::ops::Range;

use crate::error::ErrorKind;

/// What a valid text holds that a parser into 64-bit floats cannot take.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where numbers stand that are too large for a float.
    pub(crate) huge_numbers: Vec<Range<usize>>,
}

/// Checks a text. The error is the first in the order of the text.
pub(crate) fn check(text: &str, depth_max: usize) -> Result<Found, ErrorKind> {
    let mut reader = Reader {
        text,
        at: 0,
        found: Found::default(),
    };
    reader.skip_space();
    reader.value(depth_max)?;
    reader.skip_space();
    if reader.at < text.len() {
        return Err(ErrorKind::NotJson);
    }
    Ok(reader.found)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    found: Found,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let taken = self.peek() == Some(byte);
        self.at += usize::from(taken);
        taken
    }

    fn expect(&mut self, byte: u8) -> Result<(), ErrorKind> {
        if self.take(byte) {
            Ok(())
        } else {
            Err(ErrorKind::NotJson)
        }
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// A value with at most `depth_left` containers inside each other. The bound on the depth
    /// also bounds the recursion.
    fn value(&mut self, depth_left: usize) -> Result<(), ErrorKind> {
        match self.peek() {
            Some(b'{' | b'[') if depth_left == 0 => Err(ErrorKind::TooDeep),
            Some(b'{') => self.object(depth_left - 1),
            Some(b'[') => self.array(depth_left - 1),
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth_left: usize) -> Result<(), ErrorKind> {
        self.at += 1;
        self.skip_space();
        if self.take(b'}') {
            return Ok(());
        }
        loop {
            self.skip_space();
            self.string()?;
            self.skip_space();
            self.expect(b':')?;
            self.skip_space();
            self.value(depth_left)?;
            self.skip_space();
            if !self.take(b',') {
                return self.expect(b'}');
            }
        }
    }

    fn array(&mut self, depth_left: usize) -> Result<(), ErrorKind> {
        self.at += 1;
        self.skip_space();
        if self.take(b']') {
            return Ok(());
        }
        loop {
            self.skip_space();
            self.value(depth_left)?;
            self.skip_space();
            if !self.take(b',') {
                return self.expect(b']');
            }
        }
    }

    fn word(&mut self) -> Result<(), ErrorKind> {
        let rest = &self.text.as_bytes()[self.at..];
        let word = [&b"true"[..], b"false", b"null"]
            .into_iter()
            .find(|word| rest.starts_with(word))
            .ok_or(ErrorKind::NotJson)?;
        self.at += word.len();
        Ok(())
    }

    fn string(&mut self) -> Result<(), ErrorKind> {
        self.expect(b'"')?;
        loop {
            let byte = self.peek().ok_or(ErrorKind::NotJson)?;
            self.at += 1;
            match byte {
                b'"' => return Ok(()),
                b'\\' => self.escape()?,
                0..0x20 => return Err(ErrorKind::NotJson),
                _ => {}
            }
        }
    }

    /// What follows a backslash. The grammar allows half a surrogate pair; no text can hold
    /// one, so it is refused.
    fn escape(&mut self) -> Result<(), ErrorKind> {
        let byte = self.peek().ok_or(ErrorKind::NotJson)?;
        self.at += 1;
        match byte {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(()),
            b'u' => match self.four_hex()? {
                0xd800..=0xdbff => {
                    self.expect(b'\\')?;
                    self.expect(b'u')?;
                    match self.four_hex()? {
                        0xdc00..=0xdfff => Ok(()),
                        _ => Err(ErrorKind::NotJson),
                    }
                }
                0xdc00..=0xdfff => Err(ErrorKind::NotJson),
                _ => Ok(()),
            },
            _ => Err(ErrorKind::NotJson),
        }
    }

    fn four_hex(&mut self) -> Result<u32, ErrorKind> {
        (0..4).try_fold(0, |sum, _| {
            let digit = self
                .peek()
                .and_then(|byte| char::from(byte).to_digit(16))
                .ok_or(ErrorKind::NotJson)?;
            self.at += 1;
            Ok(sum * 16 + digit)
        })
    }

    fn number(&mut self) -> Result<(), ErrorKind> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _signed = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        let number = start..self.at;
        let is_huge = self.text[number.clone()]
            .parse::<f64>()
            .is_ok_and(f64::is_infinite);
        if is_huge {
            self.found.huge_numbers.push(number);
        }
        Ok(())
    }

    /// One digit or more.
    fn digits(&mut self) -> Result<(), ErrorKind> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start {
            Err(ErrorKind::NotJson)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(text: &str) -> Result<usize, ErrorKind> {
        check(text, 3).map(|found| found.huge_numbers.len())
    }

    #[test]
    fn the_depth_counts_the_outermost_container_as_the_first() {
        assert_eq!(verdict("[[[]]]"), Ok(0));
        assert_eq!(verdict("[[[[]]]]"), Err(ErrorKind::TooDeep));
        assert_eq!(verdict(r#"{"a":[{"b":[1]}]}"#), Err(ErrorKind::TooDeep));
    }

    #[test]
    fn the_first_fault_in_the_text_decides() {
        assert_eq!(verdict("[x[[[[]]]]]"), Err(ErrorKind::NotJson));
        assert_eq!(verdict("[[[[x"), Err(ErrorKind::TooDeep));
    }

    #[test]
    fn numbers_beyond_a_float_are_valid_and_found() {
        assert_eq!(
            check(r#"{"a":1e400,"b":-1E+999}"#, 3),
            Ok(Found {
                huge_numbers: vec![5..10, 15..22]
            })
        );
        assert_eq!(verdict("1e308"), Ok(0));
        assert_eq!(verdict("0e99999999999999999999"), Ok(0));
    }

    #[test]
    fn half_a_surrogate_pair_is_refused() {
        assert_eq!(verdict(r#""\ud83d\ude00""#), Ok(0));
        assert_eq!(verdict(r#""\ud83d""#), Err(ErrorKind::NotJson));
        assert_eq!(verdict(r#""\ud83d\u0041""#), Err(ErrorKind::NotJson));
        assert_eq!(verdict(r#""\ude00""#), Err(ErrorKind::NotJson));
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(2_000))]

        #[test]
        fn the_grammar_agrees_with_serde_json(text in "[ \\[\\]{}:,\"\\\\ubn0-9eE.+\\-truefalsn\u{1}é]{0,24}") {
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            let ours = check(&text, 100);
            match theirs {
                Ok(_) => proptest::prop_assert!(ours.is_ok()),
                Err(error) if error.to_string().starts_with("number out of range") => {}
                Err(_) => proptest::prop_assert!(ours.is_err()),
            }
        }
    }
}
