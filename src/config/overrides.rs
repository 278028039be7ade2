//! What stands below `[detect]` besides the judge's own settings: `[detect.merchants."name"]` with
//! what one merchant sets for its codes, and `[detect.shadow]` with what is tried beside the present
//! settings.
//!
//! Decides which paths lead there, and how these layers join the settings that they change. Must not
//! know where a value came from.

use std::collections::BTreeMap;

use promoguard_detect::{BookError, DetectSettings, Judge, MerchantSettings, SettingsBook};
use serde_json::Value;

use super::check::Problem;
use super::judge::Detect;
use super::layers::nearest;

/// The section that these layers belong to.
pub(super) const OF: &str = "detect";

/// Settings of the judge by name, as somebody wrote them.
pub type Written = BTreeMap<String, Value>;

/// Settings of the judge over those of the deployment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    /// By merchant.
    pub merchants: BTreeMap<String, Written>,
    /// What is tried in shadow; `None` = nothing.
    pub shadow: Option<Shadow>,
}

/// Settings to be tried: what is left out is as it is at present, merchants included.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shadow {
    /// Of the deployment.
    pub settings: Written,
    /// By merchant.
    pub merchants: BTreeMap<String, Written>,
    /// Another model of the learned judge.
    pub judge: Option<Judge>,
}

/// A path below `detect` that leads into one of the layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place<'p> {
    in_shadow: bool,
    merchant: Option<&'p str>,
    /// Name of the judge's setting.
    pub(super) key: &'p str,
}

impl<'p> Place<'p> {
    /// Where a path leads. Names of merchants may have dots, names of settings have none.
    pub(super) fn of(path: &'p str) -> Option<Place<'p>> {
        let below = path.strip_prefix("detect.")?;
        let in_shadow = below.starts_with("shadow.");
        let below = below.strip_prefix("shadow.").unwrap_or(below);
        let (merchant, key) = match below.strip_prefix("merchants.") {
            Some(named) => {
                let (merchant, key) = named.rsplit_once('.')?;
                (Some(merchant), key)
            }
            None if in_shadow => (None, below),
            None => return None,
        };
        Some(Place {
            in_shadow,
            merchant,
            key,
        })
    }

    /// Whether the setting may stand here.
    pub(super) fn allows(self) -> bool {
        self.merchant.is_none() || merchant_keys().contains(&self.key.to_owned())
    }

    /// What is wrong with a setting that may not, and what would be right. `known` are the judge's.
    pub(super) fn problem(self, known: &[&str]) -> String {
        let own = merchant_keys();
        let allowed: Vec<&str> = match self.merchant {
            Some(_) => own.iter().map(String::as_str).collect(),
            None => known.to_vec(),
        };
        if self.merchant.is_some() && known.contains(&self.key) {
            return format!(
                "all merchants share this setting; a merchant may set {}",
                allowed.join(", ")
            );
        }
        match (nearest(self.key, allowed.clone()), self.merchant) {
            (Some(name), _) => format!("there is no such setting, did you mean {name}?"),
            (None, Some(_)) => format!(
                "there is no such setting; a merchant may set {}",
                allowed.join(", ")
            ),
            (None, None) => {
                "there is no such setting; `promoguard config example` lists all".to_owned()
            }
        }
    }
}

/// Whether a path is a group of settings of these layers.
pub(super) fn is_group(path: &str) -> bool {
    let below = |group: &str| {
        path.strip_prefix(group)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    path == "detect.shadow" || below("detect.merchants") || below("detect.shadow.merchants")
}

impl Overrides {
    /// Takes in a value if its path leads here.
    pub(super) fn take(&mut self, path: &str, value: &Value) -> bool {
        let Some(place) = Place::of(path) else {
            return false;
        };
        let merchants = match place.in_shadow {
            true => &mut self.shadow.get_or_insert_default().merchants,
            false => &mut self.merchants,
        };
        let written = match place.merchant {
            Some(merchant) => merchants.entry(merchant.to_owned()).or_default(),
            None => &mut self.shadow.get_or_insert_default().settings,
        };
        written.insert(place.key.to_owned(), value.clone());
        true
    }

    /// Every table with its header in TOML and the path of what is in it.
    pub(super) fn tables(&self) -> Vec<(String, String, &Written)> {
        let of_merchants = |group: &str, merchants| -> Vec<_> {
            let merchants: &BTreeMap<String, Written> = merchants;
            let table = |(name, written)| {
                let quoted = toml_edit::Value::from(String::as_str(name)).to_string();
                (
                    format!("{group}.{quoted}"),
                    format!("{group}.{name}"),
                    written,
                )
            };
            merchants.iter().map(table).collect()
        };
        let mut tables = of_merchants("detect.merchants", &self.merchants);
        if let Some(shadow) = &self.shadow {
            let path = "detect.shadow".to_owned();
            tables.push((path.clone(), path, &shadow.settings));
            tables.extend(of_merchants("detect.shadow.merchants", &shadow.merchants));
        }
        tables
    }
}

impl Detect {
    /// The settings in force, those of merchants among them.
    ///
    /// # Errors
    /// What cannot be meant, with the path to blame. Checked settings have nothing of the kind.
    pub fn book(&self) -> Result<SettingsBook, Problem> {
        let settings = self.settings.clone();
        settings
            .validate()
            .map_err(|error| (format!("detect.{}", error.name), error.rule.to_owned()))?;
        bind(settings, &self.overrides.merchants, |merchant, key| {
            let path = format!("detect.merchants.{merchant}.{key}");
            self.overrides.merchants[merchant]
                .contains_key(key)
                .then_some(path)
        })
    }

    /// The settings that are tried in shadow, if any.
    ///
    /// # Errors
    /// What cannot be meant, with the path to blame. Checked settings have nothing of the kind.
    pub fn shadow_book(&self) -> Result<Option<SettingsBook>, Problem> {
        let Some(shadow) = &self.overrides.shadow else {
            return Ok(None);
        };
        let mut settings = overlaid(&self.settings, &shadow.settings)?;
        if let Some(judge) = &shadow.judge {
            settings.judge = judge.clone();
        }
        settings.validate().map_err(|error| {
            let said = |key: &str| {
                let written = shadow.settings.contains_key(key);
                written.then(|| format!("detect.shadow.{key}"))
            };
            blamed(&shadow.settings, error.name, error.rule, said)
        })?;
        let mut merchants = self.overrides.merchants.clone();
        for (merchant, written) in &shadow.merchants {
            let own = merchants.entry(merchant.clone()).or_default();
            own.extend(written.clone());
        }
        let book = bind(settings, &merchants, |merchant, key| {
            let has = |written: Option<&Written>| written.is_some_and(|own| own.contains_key(key));
            if has(shadow.merchants.get(merchant)) {
                Some(format!("detect.shadow.merchants.{merchant}.{key}"))
            } else if has(self.overrides.merchants.get(merchant)) {
                Some(format!("detect.merchants.{merchant}.{key}"))
            } else {
                None
            }
        })?;
        Ok(Some(book))
    }
}

/// Puts merchants over the settings of the deployment. `said` is the path at which a setting of a
/// merchant was written.
fn bind(
    settings: DetectSettings,
    merchants: &BTreeMap<String, Written>,
    said: impl Fn(&str, &str) -> Option<String>,
) -> Result<SettingsBook, Problem> {
    let mut typed = BTreeMap::new();
    for (merchant, written) in merchants {
        let tree: Value = written.clone().into_iter().collect();
        let own: MerchantSettings = serde_path_to_error::deserialize(tree).map_err(|error| {
            let key = name_of(error.path());
            let path = said(merchant, &key).unwrap_or_else(|| "detect.merchants".to_owned());
            (path, error.into_inner().to_string())
        })?;
        typed.insert(merchant.clone(), own);
    }
    SettingsBook::new(settings, &typed).map_err(|error| match error {
        BookError::Merchant { merchant, error } => {
            let said = |key: &str| said(&merchant, key);
            blamed(&merchants[&merchant], error.name, error.rule, said)
        }
        BookError::Twice { ref merchant } => {
            let key = merchants[merchant].keys().next();
            let path = key.and_then(|key| said(merchant, key));
            (
                path.unwrap_or_else(|| "detect.merchants".to_owned()),
                error.to_string(),
            )
        }
    })
}

/// A broken rule, at the setting that was written: its own, or the first one of its table, which
/// together with the rest breaks the rule of another.
fn blamed(
    written: &Written,
    name: &str,
    rule: &str,
    said: impl Fn(&str) -> Option<String>,
) -> Problem {
    if let Some(path) = said(name) {
        return (path, rule.to_owned());
    }
    let path = written.keys().find_map(|key| said(key));
    let path = path.unwrap_or_else(|| format!("detect.{name}"));
    (path, format!("then {name} {rule}"))
}

fn overlaid(present: &DetectSettings, written: &Written) -> Result<DetectSettings, Problem> {
    let mut tree = serde_json::to_value(present).expect("settings are plain data");
    for (name, value) in written {
        tree[name] = value.clone();
    }
    let mut settings: DetectSettings = serde_path_to_error::deserialize(tree).map_err(|error| {
        let path = format!("detect.shadow.{}", name_of(error.path()));
        (path, error.into_inner().to_string())
    })?;
    settings.judge = present.judge.clone();
    Ok(settings)
}

/// The setting that a path inside its value belongs to.
fn name_of(path: &serde_path_to_error::Path) -> String {
    let whole = path.to_string();
    whole
        .split(['.', '['])
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// What a merchant may set.
fn merchant_keys() -> Vec<String> {
    let fields = serde_json::to_value(MerchantSettings::default()).expect("it is plain data");
    let fields = fields.as_object().expect("it is a struct");
    fields.keys().cloned().collect()
}

/// How to write these layers: an explanation and lines of a settings file.
pub(super) fn by_example() -> [(String, &'static str); 2] {
    let keys = merchant_keys().join(", ");
    let merchants = format!(
        "What one merchant sets for its own codes, under its name in the events, in any case. Hosts \
         are added to those above, everything else replaces the setting above. All that it may set: \
         {keys}."
    );
    let shadow = "What is tried in shadow: the same hours are judged a second time with these \
        settings over those above, in memory of their own and at the cost of a second judge. Any \
        setting above, and merchants as above. Its flags are compared, counted and, in a replay, \
        written to a file of their own.";
    [
        (
            merchants,
            "[detect.merchants.\"shop.kz\"]\nfalse_flags_per_1000_code_weeks = 0.5\n\
             signals_off = [\"returning\"]\ncoupon_hosts = [\"halyava.kz\"]\n",
        ),
        (
            shadow.to_owned(),
            "[detect.shadow]\nfalse_flags_per_1000_code_weeks = 2.0\n\
             [detect.shadow.merchants.\"shop.kz\"]\nsignals_off = []\n",
        ),
    ]
}
