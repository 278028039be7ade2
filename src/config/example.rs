//! Settings as a settings file: the documented example, and what is in force.
//!
//! Decides the layout of that file. Must not know any setting by name.

use std::fmt::Write as _;

use serde_json::Value;

use super::layers::{Origin, Resolved};
use super::overrides;
use super::schema::{Kind, Section, Setting, sections};
use super::value::{at, unbounded_above, unbounded_below};

const HEAD: &str = "\
# Settings of promoguard. Every line below is the default: keep those that you change.
# Any setting can also be given as an environment variable or an option, and those win over this
# file: PROMOGUARD_KAFKA__GROUP_ID=name, or --set kafka.group_id=name.
";

const REFERENCE_HEAD: &str = "\
# Settings

Made from the structs that hold them; a test compares this page with them. How settings are given, and what those of one
merchant and of a judge in shadow are, is told in [configuration.md](configuration.md). Units are the last word of a name.
";

/// Columns of a comment, so that the file reads well in a terminal.
const WIDTH: usize = 98;

/// Every setting with its explanation and its default.
pub fn example() -> String {
    let mut text = HEAD.to_owned();
    for section in sections() {
        header(&mut text, &section, true);
        for setting in &section.settings {
            text.push('\n');
            comment(&mut text, &explanation(setting));
            line(&mut text, setting, &setting.default, None);
        }
        if section.path == overrides::OF {
            for (explanation, lines) in overrides::by_example() {
                text.push('\n');
                comment(&mut text, &explanation);
                for line in lines.lines() {
                    let _ = writeln!(text, "# {line}");
                }
            }
        }
    }
    text
}

/// Every setting as a page of Markdown: a table for each section.
pub fn reference() -> String {
    let mut text = REFERENCE_HEAD.to_owned();
    for section in sections() {
        let help = section.help.replace('\n', " ");
        let _ = writeln!(text, "\n## `[{}]`\n\n{help}\n", section.path);
        text.push_str("| setting | default | what it is for |\n|---|---|---|\n");
        for setting in &section.settings {
            let default = match &setting.default {
                Value::Null => "unset".to_owned(),
                Value::Object(entries) if entries.is_empty() => "none".to_owned(),
                // A list of hosts is longer than a table is wide.
                Value::Array(items) if items.len() > 8 => format!("{} entries", items.len()),
                value => format!("`{}`", toml(value)),
            };
            let words = explanation(setting).replace('|', "\\|");
            let _ = writeln!(text, "| `{}` | {default} | {words} |", setting.path);
        }
    }
    text
}

/// The settings in force, with the origin of each that is not the default.
pub fn show(resolved: &Resolved) -> String {
    let tree = serde_json::to_value(&resolved.config).expect("settings are plain data");
    let mut text = String::new();
    for section in sections() {
        header(&mut text, &section, false);
        for setting in &section.settings {
            let mut tree = tree.clone();
            let value = at(&mut tree, &setting.path, &[]);
            line(&mut text, setting, value, Some(resolved));
        }
    }
    for (header, path, written) in resolved.config.detect.overrides.tables() {
        let _ = writeln!(text, "\n[{header}]");
        for (name, value) in written.iter().filter(|(_, value)| !value.is_null()) {
            let origin = resolved.origin(&format!("{path}.{name}"));
            let _ = writeln!(text, "{name} = {}  # {origin}", toml(value));
        }
    }
    text
}

fn header(text: &mut String, section: &Section, explained: bool) {
    if !text.is_empty() {
        text.push('\n');
    }
    if explained {
        comment(text, &section.help);
    }
    let _ = writeln!(text, "[{}]", section.path);
}

fn line(text: &mut String, setting: &Setting, value: &Value, resolved: Option<&Resolved>) {
    let name = setting.path.rsplit('.').next().unwrap_or_default();
    let origin = |path: &str| {
        let origin = resolved.map_or(Origin::Default, |resolved| resolved.origin(path));
        match origin {
            Origin::Default => String::new(),
            other => format!("  # {other}"),
        }
    };
    match (&setting.kind, value) {
        (Kind::Table, Value::Object(entries)) => {
            // Dotted keys, because a header of its own would end the section.
            for (key, entry) in entries {
                let origin = origin(&format!("{}.{key}", setting.path));
                let _ = writeln!(
                    text,
                    "{name}.{} = {}{origin}",
                    toml(&key.as_str().into()),
                    toml(entry)
                );
            }
            if entries.is_empty() {
                let _ = writeln!(text, "# {name}.\"…\" = \"…\"");
            }
        }
        (_, Value::Null) => {
            let _ = writeln!(text, "# {name} = \"…\"{}", origin(&setting.path));
        }
        _ => {
            let _ = writeln!(text, "{name} = {}{}", toml(value), origin(&setting.path));
        }
    }
}

fn explanation(setting: &Setting) -> String {
    let mut words = setting.help.replace('\n', " ");
    if setting.optional && !words.contains("Unset") {
        words.push_str(" Unset by default.");
    }
    match &setting.kind {
        Kind::Integer { min, max } => match (unbounded_below(*min), unbounded_above(*max)) {
            (false, false) => words.push_str(&format!(" From {min} to {max}.")),
            (false, true) if *min > 0 => words.push_str(&format!(" At least {min}.")),
            _ => {}
        },
        Kind::Number { min, max } if *min > f64::MIN && *max < f64::MAX => {
            words.push_str(&format!(" From {min} to {max}."));
        }
        Kind::Choice(choices) => {
            let choices: Vec<String> = choices
                .iter()
                .map(|(word, help)| match help.as_str() {
                    "" => format!("{word:?}"),
                    help => format!("{word:?} ({help})"),
                })
                .collect();
            words.push_str(&format!(" One of {}.", choices.join(", ")));
        }
        _ => {}
    }
    words
}

fn comment(text: &mut String, words: &str) {
    let mut column = 0;
    for word in words.split_whitespace() {
        let length = word.chars().count() + 1;
        if column == 0 || column + length > WIDTH {
            if column > 0 {
                text.push('\n');
            }
            text.push('#');
            column = 1;
        }
        text.push(' ');
        text.push_str(word);
        column += length;
    }
    text.push('\n');
}

fn toml(value: &Value) -> String {
    match value {
        Value::String(text) => toml_edit::Value::from(text.as_str()).to_string(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(toml).collect();
            format!("[{}]", items.join(", "))
        }
        // A float without a point would be an integer in TOML.
        Value::Number(number) if number.is_f64() => {
            toml_edit::Value::from(number.as_f64().unwrap_or_default()).to_string()
        }
        other => other.to_string(),
    }
}
