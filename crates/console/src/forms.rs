//! What queries and forms carry. A field that is left empty counts as absent.

use serde::{Deserialize, Deserializer};

fn filled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty()))
}

/// The filters of the queue; they are its address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Queue {
    #[serde(deserialize_with = "filled")]
    pub(crate) status: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub(crate) kind: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub(crate) merchant: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub(crate) marketplace: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub(crate) score: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub(crate) who: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub(crate) code: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub(crate) sort: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub(crate) page: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub(crate) done: Option<String>,
}

/// Asks what is new.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Changes {
    pub(crate) after: i64,
}

/// A code page.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Code {
    #[serde(deserialize_with = "filled")]
    pub(crate) flag: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub(crate) done: Option<String>,
}

/// The filters of the list of codes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Codes {
    #[serde(deserialize_with = "filled")]
    pub(crate) text: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub(crate) merchant: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub(crate) page: Option<String>,
}

/// Nothing is asked.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Nothing {}

/// A note.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Note {
    pub(crate) text: String,
    #[serde(default, deserialize_with = "filled")]
    pub(crate) flag: Option<String>,
}

/// A decision, as it is being filled in or sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Decide {
    #[serde(deserialize_with = "filled")]
    pub(crate) outcome: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub(crate) hold: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub(crate) hold_at: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub(crate) hosts: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub(crate) expected_post: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub(crate) worth: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub(crate) note: Option<String>,
    pub(crate) rev: u32,
    pub(crate) seen: u32,
}

/// Part of the trail.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Audit {
    #[serde(deserialize_with = "filled")]
    pub(crate) below: Option<String>,
}

/// A new user, or a changed one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) role: String,
    #[serde(deserialize_with = "filled")]
    pub(crate) merchant: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub(crate) disabled: Option<String>,
}

/// What became of a form of the settings; the key of a sentence.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    #[serde(deserialize_with = "filled")]
    pub(crate) said: Option<String>,
}

/// Signing in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SignIn {
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) next: String,
}

/// The first admin.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SetUp {
    pub(crate) token: String,
    pub(crate) name: String,
    pub(crate) password: String,
}

/// Another language.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Language {
    pub(crate) language: String,
    #[serde(default)]
    pub(crate) back: String,
}

/// A new token.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Token {
    pub(crate) user: String,
    pub(crate) name: String,
    #[serde(deserialize_with = "filled")]
    pub(crate) days: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub(crate) read: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub(crate) export: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub(crate) decide: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub(crate) hold: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub(crate) trail: Option<String>,
}

/// A token that is to end.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct EndToken {
    pub(crate) user: String,
    pub(crate) name: String,
}
