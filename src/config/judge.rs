//! `[detect]`: the judge's own settings, with their documentation.
//!
//! The judge's crate is deterministic and knows no schema library, so names, types and doc comments
//! of its settings are read from its source while this is compiled. Decides nothing about values:
//! defaults and rules are the judge's.

use std::borrow::Cow;

use promoguard_detect::DetectSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::overrides::Overrides;

const SOURCE: &str = include_str!("../../crates/detect/src/settings.rs");

/// The numbers of the judge: when a code becomes suspicious. The defaults were measured together;
/// change one only with a measurement of your own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Detect {
    /// The deployment's.
    pub settings: DetectSettings,
    /// What merchants set for themselves, and what is tried in shadow.
    #[serde(skip)]
    pub overrides: Overrides,
}

impl JsonSchema for Detect {
    fn schema_name() -> Cow<'static, str> {
        "Detect".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let properties = fields(SOURCE).into_iter().map(|field| {
            let mut schema = schema_of_type(field.type_name);
            schema["description"] = field.help.into();
            (field.name.to_owned(), schema)
        });
        let properties: Value = properties.collect();
        json_schema!({ "type": "object", "properties": properties })
    }
}

struct Field<'s> {
    name: &'s str,
    type_name: &'s str,
    help: String,
}

/// The public fields of the first struct in a source.
fn fields(source: &str) -> Vec<Field<'_>> {
    let lines = source
        .lines()
        .skip_while(|line| !line.starts_with("pub struct"));
    let mut fields = Vec::new();
    let mut help: Vec<&str> = Vec::new();
    for line in lines.take_while(|line| *line != "}").map(str::trim) {
        if let Some(words) = line.strip_prefix("///") {
            help.push(words.trim());
        } else if let Some((name, type_name)) = field(line) {
            fields.push(Field {
                name,
                type_name,
                help: std::mem::take(&mut help).join(" "),
            });
        }
    }
    fields
}

fn field(line: &str) -> Option<(&str, &str)> {
    let (name, type_name) = line
        .strip_prefix("pub ")?
        .strip_suffix(',')?
        .split_once(": ")?;
    // The model is a file of its own.
    (type_name != "Judge").then_some((name, type_name))
}

fn schema_of_type(type_name: &str) -> Value {
    let optional = type_name
        .strip_prefix("Option<")
        .and_then(|inner| inner.strip_suffix('>'));
    let array = type_name
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'));
    match (type_name, optional, array) {
        (_, Some(inner), _) => {
            let mut schema = schema_of_type(inner);
            schema["type"] = json!([schema["type"], "null"]);
            schema
        }
        (_, _, Some(inner)) => {
            let length = inner
                .split_once("; ")
                .and_then(|(_, length)| length.parse::<u64>().ok());
            json!({ "type": "array", "items": { "type": "number" }, "minItems": length })
        }
        ("f64", ..) => json!({ "type": "number" }),
        ("bool", ..) => json!({ "type": "boolean" }),
        ("u32", ..) => json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
        ("u8" | "u16" | "u64" | "usize", ..) => json!({ "type": "integer", "minimum": 0 }),
        ("i32" | "i64", ..) => json!({ "type": "integer" }),
        ("Vec<String>", ..) => json!({ "type": "array", "items": { "type": "string" } }),
        _ => json!({ "type": "string" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_of_the_judge_is_found_and_explained() {
        let found = fields(SOURCE);
        let defaults = serde_json::to_value(DetectSettings::default()).unwrap();
        let mut names: Vec<&str> = found.iter().map(|field| field.name).collect();
        names.sort_unstable();
        let expected: Vec<&String> = defaults.as_object().unwrap().keys().collect();
        assert_eq!(names, expected);
        for field in found {
            assert!(!field.help.is_empty(), "{} has no doc comment", field.name);
            let schema = schema_of_type(field.type_name);
            let is_text = schema["type"] == "string";
            assert!(
                !is_text || field.type_name == "String",
                "unknown type {}",
                field.type_name
            );
        }
    }
}
