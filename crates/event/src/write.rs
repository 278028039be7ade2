//! JSON text, field by field, in the order of the calls.
//!
//! Decides: escaping and the one spelling of a number. Must not know: what is written.

use std::fmt::{self, Display, Write as _};

/// One JSON object under way, and with [`JsonLine::end`] a line of its own.
pub(crate) struct JsonLine<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> JsonLine<'a> {
    pub(crate) fn begin(out: &'a mut Vec<u8>) -> JsonLine<'a> {
        out.push(b'{');
        JsonLine { out, first: true }
    }

    pub(crate) fn end(self) {
        self.out.extend_from_slice(b"}\n");
    }

    fn key(&mut self, key: &str) {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
        write_text(self.out, key);
        self.out.push(b':');
    }

    /// A string, escaped.
    pub(crate) fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        write_text(self.out, value);
    }

    pub(crate) fn text_or_null(&mut self, key: &str, value: Option<&str>) {
        match value {
            Some(value) => self.text(key, value),
            None => self.shown(key, "null"),
        }
    }

    /// A value whose own text is valid JSON: an integer, a boolean, a fixed decimal.
    pub(crate) fn shown(&mut self, key: &str, value: impl Display) {
        self.key(key);
        append(self.out, format_args!("{value}"));
    }

    /// A value whose own text needs quotes and no escapes: a time, a decimal, a currency.
    pub(crate) fn quoted(&mut self, key: &str, value: impl Display) {
        self.key(key);
        append(self.out, format_args!("\"{value}\""));
    }

    pub(crate) fn shown_or_null(&mut self, key: &str, value: Option<impl Display>) {
        match value {
            Some(value) => self.shown(key, value),
            None => self.shown(key, "null"),
        }
    }

    pub(crate) fn quoted_or_null(&mut self, key: &str, value: Option<impl Display>) {
        match value {
            Some(value) => self.quoted(key, value),
            None => self.shown(key, "null"),
        }
    }

    /// A measured number, to six significant digits, without exponent; null where it is not
    /// finite, which JSON cannot write.
    pub(crate) fn rounded_or_null(&mut self, key: &str, value: Option<f64>) {
        match value.filter(|value| value.is_finite()) {
            Some(value) => self.shown(key, six_digits(value)),
            None => self.shown(key, "null"),
        }
    }

    pub(crate) fn object(&mut self, key: &str, fill: impl FnOnce(&mut JsonLine<'_>)) {
        self.key(key);
        let mut object = JsonLine::begin(self.out);
        fill(&mut object);
        self.out.push(b'}');
    }

    pub(crate) fn list<T>(&mut self, key: &str, items: &[T], fill: impl Fn(&T, &mut JsonLine<'_>)) {
        self.key(key);
        self.out.push(b'[');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.out.push(b',');
            }
            let mut object = JsonLine::begin(self.out);
            fill(item, &mut object);
            self.out.push(b'}');
        }
        self.out.push(b']');
    }
}

/// Rounds to six significant digits. Rust prints a float in full and never with an exponent.
fn six_digits(value: f64) -> f64 {
    let rounded: f64 = format!("{value:.5e}")
        .parse()
        .expect("what a float prints is a float");
    // Minus zero would print its sign.
    rounded + 0.0
}

fn append(out: &mut Vec<u8>, arguments: fmt::Arguments<'_>) {
    struct Bytes<'a>(&'a mut Vec<u8>);
    impl fmt::Write for Bytes<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.extend_from_slice(text.as_bytes());
            Ok(())
        }
    }
    Bytes(out)
        .write_fmt(arguments)
        .expect("writing to memory cannot fail");
}

/// A JSON string: the escapes that JSON demands, and those of the line and paragraph
/// separators, which some readers take for the end of a line.
fn write_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for c in text.chars() {
        match c {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => {
                append(out, format_args!("\\u{:04x}", c as u32));
            }
            _ => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}
