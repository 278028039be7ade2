//! The log on standard error, as text for people or JSON for programs.
//!
//! Decides its form, and that nothing which came from outside can move a cursor, forge a line or
//! reorder text on the terminal of whoever reads it. Must not know what is worth saying.

use std::fmt::Write as _;
use std::io::{self, Write};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::sections::{Log, LogFormat, LogLevel};

/// Sends everything that is logged from now on to standard error. The first call counts.
pub fn start(log: Log) {
    let builder = tracing_subscriber::fmt()
        .with_max_level(filter(log.level))
        .with_ansi(false)
        .with_writer(Escaped { format: log.format });
    // A second start, which only tests do, leaves the first in place.
    let _ = match log.format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder
            .json()
            .flatten_event(true)
            .with_target(false)
            .try_init(),
    };
}

fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

/// Writes each line with what could act on a terminal made visible.
#[derive(Clone, Copy)]
struct Escaped {
    format: LogFormat,
}

impl<'w> MakeWriter<'w> for Escaped {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        *self
    }
}

impl Write for Escaped {
    /// The subscriber hands over one whole event a call.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let line = escape(&String::from_utf8_lossy(event), self.format);
        io::stderr().lock().write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One line, whatever was in it. JSON has its own way to write a character by number.
fn escape(event: &str, format: LogFormat) -> String {
    let mut line = String::with_capacity(event.len() + 1);
    for c in event.trim_end_matches('\n').chars() {
        let written = match (acts_on_a_terminal(c), format) {
            (false, _) => write!(line, "{c}"),
            (true, LogFormat::Text) => write!(line, "{}", c.escape_unicode()),
            (true, LogFormat::Json) => write!(line, "\\u{:04x}", c as u32),
        };
        written.expect("writing to a string does not fail");
    }
    line.push('\n');
    line
}

/// Control characters, and those that turn the direction of text or hide (Unicode UAX #9, Cf).
fn acts_on_a_terminal(c: char) -> bool {
    let turns_or_hides = matches!(c,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    c.is_control() || turns_or_hides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_text_stays_on_its_line_and_cannot_act() {
        let hostile = "code=\"A\u{1b}[2J\u{202e}B\r\nERROR forged\"\n";
        let text = escape(hostile, LogFormat::Text);
        assert_eq!(
            text,
            "code=\"A\\u{1b}[2J\\u{202e}B\\u{d}\\u{a}ERROR forged\"\n"
        );
        assert_eq!(
            escape("{\"code\":\"\u{202e}\"}\n", LogFormat::Json),
            "{\"code\":\"\\u202e\"}\n"
        );
    }

    #[test]
    fn ordinary_text_of_any_language_is_left_alone() {
        let line = "Қазақстан, промокод «ЛЕТО», 15 %\n";
        assert_eq!(escape(line, LogFormat::Text), line);
    }
}
