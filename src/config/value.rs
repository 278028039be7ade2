//! A value as typed or as it stands in TOML, read as what its setting may be.
//!
//! Decides what counts as a number, a list or one of the words. Must not know any setting by name.

use serde_json::Value;
use toml_edit::Item;

use super::schema::Kind;

/// Reads a value of the environment or the command line.
pub(super) fn from_text(kind: &Kind, text: &str) -> Result<Value, String> {
    let read = match kind {
        Kind::Integer { .. } => text.replace('_', "").parse::<i64>().ok().map(Value::from),
        Kind::Number { .. } => text.replace('_', "").parse::<f64>().ok().map(Value::from),
        Kind::Numbers { .. } => text.split(',').map(|item| number(item.trim())).collect(),
        Kind::Boolean => text.parse::<bool>().ok().map(Value::from),
        Kind::Text { .. } | Kind::Choice(_) => Some(Value::from(text)),
        Kind::List { .. } => Some(split_list(text)),
        Kind::Table => None,
    };
    checked(kind, read)
}

/// Reads a value of the settings file.
pub(super) fn from_toml(kind: &Kind, item: &Item) -> Result<Value, String> {
    let read = match kind {
        Kind::Integer { .. } => item.as_integer().map(Value::from),
        Kind::Number { .. } => item
            .as_float()
            .or(item.as_integer().map(|whole| whole as f64))
            .map(Value::from),
        Kind::Numbers { .. } => item.as_array().and_then(|items| {
            items
                .iter()
                .map(|item| number(item.to_string().trim()))
                .collect()
        }),
        Kind::Boolean => item.as_bool().map(Value::from),
        Kind::Text { .. } | Kind::Choice(_) => item.as_str().map(Value::from),
        Kind::List { .. } => match item.as_array() {
            Some(items) => items
                .iter()
                .map(|item| item.as_str().map(Value::from))
                .collect(),
            None => item.as_str().map(split_list),
        },
        Kind::Table => None,
    };
    checked(kind, read)
}

/// Reads a value inside a table of texts; numbers and booleans are texts there too.
pub(super) fn text_of_toml(item: &Item) -> Result<Value, String> {
    match item.as_value() {
        Some(toml_edit::Value::String(text)) => Ok(text.value().as_str().into()),
        Some(toml_edit::Value::Integer(number)) => Ok(number.value().to_string().into()),
        Some(toml_edit::Value::Float(number)) => Ok(number.value().to_string().into()),
        Some(toml_edit::Value::Boolean(word)) => Ok(word.value().to_string().into()),
        _ => Err("must be a text".to_owned()),
    }
}

/// The place of a setting in the tree of all; `inner` are further keys that may have dots.
pub(super) fn at<'t>(tree: &'t mut Value, path: &str, inner: &[String]) -> &'t mut Value {
    let keys = path.split('.').chain(inner.iter().map(String::as_str));
    keys.fold(tree, |tree, key| &mut tree[key])
}

/// In words: what a setting may be.
pub(super) fn expectation(kind: &Kind) -> String {
    match kind {
        Kind::Integer { min, max } => match (unbounded_below(*min), unbounded_above(*max)) {
            (true, true) => "must be a whole number".to_owned(),
            (false, true) => format!("must be a whole number, at least {min}"),
            (true, false) => format!("must be a whole number, at most {max}"),
            (false, false) => format!("must be a whole number from {min} to {max}"),
        },
        Kind::Number { min, max } => match (*min == f64::MIN, *max == f64::MAX) {
            (true, true) => "must be a number".to_owned(),
            (false, true) => format!("must be a number, at least {min}"),
            (true, false) => format!("must be a number, at most {max}"),
            (false, false) => format!("must be a number from {min} to {max}"),
        },
        Kind::Numbers { length } => format!("must be a list of {length} numbers"),
        Kind::Boolean => "must be true or false".to_owned(),
        Kind::Text { length_min: 0 } => "must be a text".to_owned(),
        Kind::Text { .. } => "must be a text that says something".to_owned(),
        Kind::List { length_min: 0 } => "must be a list of texts".to_owned(),
        Kind::List { length_min } => format!("must be a list of at least {length_min} text"),
        Kind::Choice(words) => {
            let words: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
            format!("must be one of {}", words.join(", "))
        }
        Kind::Table => "must be names and texts below it".to_owned(),
    }
}

pub(super) fn unbounded_below(min: i128) -> bool {
    min <= i128::from(i64::MIN)
}

/// The largest value of the type itself says nothing to a reader.
pub(super) fn unbounded_above(max: i128) -> bool {
    max >= i128::from(u32::MAX)
}

fn checked(kind: &Kind, read: Option<Value>) -> Result<Value, String> {
    let value = read.ok_or_else(|| expectation(kind))?;
    let fits = match kind {
        Kind::Integer { min, max } => value
            .as_i64()
            .is_some_and(|number| (*min..=*max).contains(&i128::from(number))),
        Kind::Number { min, max } => value
            .as_f64()
            .is_some_and(|number| (*min..=*max).contains(&number)),
        Kind::Text { length_min } => value
            .as_str()
            .is_some_and(|text| text.trim().chars().count() as u64 >= *length_min),
        Kind::List { length_min } => value
            .as_array()
            .is_some_and(|items| items.len() as u64 >= *length_min),
        Kind::Numbers { length } => value
            .as_array()
            .is_some_and(|items| items.len() as u64 == *length),
        Kind::Choice(words) => value
            .as_str()
            .is_some_and(|text| words.iter().any(|(word, _)| word == text)),
        Kind::Boolean | Kind::Table => true,
    };
    if fits {
        Ok(value)
    } else {
        Err(expectation(kind))
    }
}

/// A whole number stays one, for settings that are counted.
fn number(text: &str) -> Option<Value> {
    let whole = text.parse::<i64>().ok().map(Value::from);
    whole.or_else(|| text.parse::<f64>().ok().map(Value::from))
}

fn split_list(text: &str) -> Value {
    let items = text
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty());
    items.map(Value::from).collect()
}
