//! What each setting is, read from the structs that hold them.
//!
//! Decides how the type, bounds and doc comment of a field become something that layers can be
//! checked against and documentation can be written from. Must not know any setting by name.

use std::fmt;

use schemars::generate::SchemaSettings;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::Config;

/// One setting.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Dotted name: `kafka.brokers`.
    pub path: String,
    /// What it is for, from the doc comment.
    pub help: String,
    /// What it may be.
    pub kind: Kind,
    /// Whether it may be unset.
    pub optional: bool,
    /// Its default; null where it is unset.
    pub default: Value,
}

/// What a setting may be.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A whole number within bounds.
    Integer {
        /// Least value.
        min: i128,
        /// Greatest value.
        max: i128,
    },
    /// A number within bounds.
    Number {
        /// Least value.
        min: f64,
        /// Greatest value.
        max: f64,
    },
    /// True or false.
    Boolean,
    /// A text, which may have to say something.
    Text {
        /// Fewest characters.
        length_min: u64,
    },
    /// A list of texts.
    List {
        /// Fewest items.
        length_min: u64,
    },
    /// A list of so many numbers.
    Numbers {
        /// How many.
        length: u64,
    },
    /// One of a few words, each with its explanation.
    Choice(Vec<(String, String)>),
    /// Texts under names that are not ours.
    Table,
}

/// A group of settings.
#[derive(Clone, Debug)]
pub struct Section {
    /// Dotted name: `kafka.topics`; empty for the whole.
    pub path: String,
    /// What it is about, from the doc comment.
    pub help: String,
    /// Settings in the order of the struct. Sections inside come after.
    pub settings: Vec<Setting>,
}

/// All sections, in the order of the structs.
pub fn sections() -> Vec<Section> {
    let schema = SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<Config>();
    let defaults = serde_json::to_string(&Config::default()).expect("settings are plain data");
    let defaults: Ordered = serde_json::from_str(&defaults).expect("it was written just before");
    let mut sections = Vec::new();
    collect(String::new(), schema.as_value(), &defaults, &mut sections);
    sections.retain(|section| !section.settings.is_empty());
    sections
}

fn collect(path: String, schema: &Value, defaults: &Ordered, sections: &mut Vec<Section>) {
    let Ordered::Map(fields) = defaults else {
        unreachable!("a section is a struct");
    };
    let at = sections.len();
    sections.push(Section {
        help: text(schema, "description"),
        settings: Vec::new(),
        path: path.clone(),
    });
    for (name, default) in fields {
        let schema = &schema["properties"][name];
        let path = match path.as_str() {
            "" => name.clone(),
            section => format!("{section}.{name}"),
        };
        if schema["properties"].is_object() {
            collect(path, schema, default, sections);
        } else {
            sections[at].settings.push(Setting {
                path,
                help: text(schema, "description"),
                kind: kind(schema),
                optional: is_optional(schema),
                default: default.clone().into_value(),
            });
        }
    }
}

fn kind(schema: &Value) -> Kind {
    let choices = choices(schema);
    if !choices.is_empty() {
        return Kind::Choice(choices);
    }
    match type_of(schema) {
        "integer" => Kind::Integer {
            min: bound(schema, "minimum").unwrap_or(i128::from(i64::MIN)),
            max: bound(schema, "maximum").unwrap_or(i128::from(i64::MAX)),
        },
        "number" => Kind::Number {
            min: schema["minimum"].as_f64().unwrap_or(f64::MIN),
            max: schema["maximum"].as_f64().unwrap_or(f64::MAX),
        },
        "boolean" => Kind::Boolean,
        "array" if type_of(&schema["items"]) == "number" => Kind::Numbers {
            length: schema["minItems"].as_u64().unwrap_or(0),
        },
        "array" => Kind::List {
            length_min: schema["minItems"].as_u64().unwrap_or(0),
        },
        "object" => Kind::Table,
        _ => Kind::Text {
            length_min: schema["minLength"].as_u64().unwrap_or(0),
        },
    }
}

fn bound(schema: &Value, name: &str) -> Option<i128> {
    let bound = &schema[name];
    bound
        .as_i64()
        .map(i128::from)
        .or(bound.as_u64().map(i128::from))
}

/// The words of an enum, also of an optional one, whose schema is "these words, or null".
fn choices(schema: &Value) -> Vec<(String, String)> {
    let alternatives = |name: &str| schema[name].as_array().into_iter().flatten();
    if alternatives("anyOf").any(|inner| type_of(inner) == "null") {
        return alternatives("anyOf").flat_map(choices).collect();
    }
    let described =
        alternatives("oneOf").map(|word| (text(word, "const"), text(word, "description")));
    let bare = alternatives("enum")
        .filter_map(Value::as_str)
        .map(|word| (word.to_owned(), String::new()));
    described.chain(bare).collect()
}

fn is_optional(schema: &Value) -> bool {
    let null_type = schema["type"]
        .as_array()
        .is_some_and(|types| types.contains(&"null".into()));
    let null_choice = schema["anyOf"]
        .as_array()
        .is_some_and(|all| all.iter().any(|a| type_of(a) == "null"));
    null_type || null_choice
}

fn type_of(schema: &Value) -> &str {
    match &schema["type"] {
        Value::Array(types) => types
            .iter()
            .filter_map(Value::as_str)
            .find(|t| *t != "null"),
        one => one.as_str(),
    }
    .unwrap_or_default()
}

fn text(schema: &Value, name: &str) -> String {
    schema[name].as_str().unwrap_or_default().to_owned()
}

/// JSON whose objects keep the order of their keys, which is the order of a struct's fields.
#[derive(Clone, Debug)]
enum Ordered {
    Map(Vec<(String, Ordered)>),
    Other(Value),
}

impl Ordered {
    fn into_value(self) -> Value {
        match self {
            Ordered::Map(fields) => fields
                .into_iter()
                .map(|(name, value)| (name, value.into_value()))
                .collect(),
            Ordered::Other(value) => value,
        }
    }
}

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OrderedVisitor)
    }
}

struct OrderedVisitor;

impl<'de> Visitor<'de> for OrderedVisitor {
    type Value = Ordered;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Ordered::Map(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Ordered, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Value>()? {
            list.push(item);
        }
        Ok(Ordered::Other(Value::Array(list)))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Ordered, E> {
        Ok(Ordered::Other(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Ordered, E> {
        Ok(Ordered::Other(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Ordered, E> {
        Ok(Ordered::Other(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Ordered, E> {
        Ok(Ordered::Other(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Ordered, E> {
        Ok(Ordered::Other(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Ordered, E> {
        Ok(Ordered::Other(Value::Null))
    }
}
