//! Four layers become one set of settings: defaults, file, environment, command line; later wins.
//!
//! Decides which value counts and remembers where it came from, so that every complaint can name
//! the setting, the value and its origin. Must not know any setting by name.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use toml_edit::{Document, Item, TableLike};

use super::overrides::{self, Overrides, Place};
use super::schema::{Kind, Section, Setting, sections};
use super::{Config, check, value};

/// Environment variables with this prefix and at least one `__` are settings. Single underscores
/// stay free for others: Kubernetes makes `PROMOGUARD_SERVICE_HOST` for a service of our name.
const PREFIX: &str = "PROMOGUARD_";

/// What a process was started with, before anybody knows whether it makes sense.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// The settings file.
    pub file: Option<PathBuf>,
    /// The whole environment; what is not ours is skipped.
    pub environment: Vec<(String, String)>,
    /// From the command line, in its order.
    pub arguments: Vec<Argument>,
}

/// A setting on the command line.
#[derive(Clone, Debug)]
pub struct Argument {
    /// The option that was typed, such as `--set` or `--brokers`.
    pub option: &'static str,
    /// Dotted name of the setting.
    pub path: String,
    /// Its value, as typed.
    pub text: String,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The default.
    Default,
    /// The settings file.
    File {
        /// As given on the command line.
        path: PathBuf,
        /// 1-based; 0 for the file as a whole.
        line: usize,
    },
    /// An environment variable of this name.
    Environment(String),
    /// This option of the command line.
    Argument(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            // The file as a whole, where no line is to blame.
            Origin::File { path, line: 0 } => write!(f, "{}", path.display()),
            Origin::File { path, line } => write!(f, "{}, line {line}", path.display()),
            Origin::Environment(name) => write!(f, "environment variable {name}"),
            Origin::Argument(option) => write!(f, "option {option}"),
        }
    }
}

/// One thing that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Dotted name, where one setting is to blame.
    pub setting: Option<String>,
    /// Its value, as far as it may be shown.
    pub value: Option<String>,
    /// Where that came from.
    pub origin: Origin,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.setting, &self.value) {
            (Some(setting), Some(value)) => write!(f, "{setting} = {value} ({}): ", self.origin)?,
            (Some(setting), None) => write!(f, "{setting} ({}): ", self.origin)?,
            (None, _) => write!(f, "{}: ", self.origin)?,
        }
        f.write_str(&self.problem)
    }
}

/// Everything that is wrong with the settings, so that one try shows it all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] => write!(f, "wrong setting: {one}"),
            all => {
                write!(f, "{} wrong settings:", all.len())?;
                all.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
            }
        }
    }
}

impl std::error::Error for Faults {}

/// Settings in force, and where each came from that is not the default.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The settings.
    pub config: Config,
    origins: BTreeMap<String, Origin>,
}

impl Resolved {
    /// How many settings somebody chose.
    pub fn changed(&self) -> usize {
        self.origins.len()
    }

    /// Where the value of a setting came from.
    pub fn origin(&self, path: &str) -> Origin {
        self.origins.get(path).cloned().unwrap_or(Origin::Default)
    }
}

/// Puts the layers on top of each other and checks the result.
///
/// # Errors
/// Every fault found; nothing of the settings is used then.
pub fn resolve(layers: &Layers) -> Result<Resolved, Faults> {
    let sections = sections();
    let mut stack = Stack {
        sections: &sections,
        chosen: BTreeMap::new(),
        faults: Vec::new(),
    };
    if let Some(path) = &layers.file {
        stack.file(path);
    }
    for (name, text) in &layers.environment {
        stack.environment(name, text);
    }
    for argument in &layers.arguments {
        stack.text(
            &argument.path,
            &argument.text,
            Origin::Argument(argument.option),
        );
    }
    stack.finish()
}

struct Stack<'s> {
    sections: &'s [Section],
    /// Values that somebody chose, by path; the last writer wins.
    chosen: BTreeMap<String, (Value, Origin)>,
    faults: Vec<Fault>,
}

impl<'s> Stack<'s> {
    fn file(&mut self, path: &Path) {
        let at = |line| Origin::File {
            path: path.to_owned(),
            line,
        };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return self.fault(None, None, at(0), format!("cannot read it: {error}")),
        };
        match Document::parse(text.as_str()) {
            Ok(document) => {
                let line_of = |item: Option<std::ops::Range<usize>>| {
                    at(item.map_or(0, |span| line_number(&text, span.start)))
                };
                self.table("", document.as_table(), &line_of);
            }
            Err(error) => {
                let line = error
                    .span()
                    .map_or(0, |span| line_number(&text, span.start));
                self.fault(None, None, at(line), error.message().replace('\n', ", "));
            }
        }
    }

    fn table(
        &mut self,
        prefix: &str,
        table: &dyn TableLike,
        line_of: &dyn Fn(Option<std::ops::Range<usize>>) -> Origin,
    ) {
        for (key, item) in table.iter() {
            let path = match prefix {
                "" => key.to_owned(),
                prefix => format!("{prefix}.{key}"),
            };
            let span = table
                .key(key)
                .and_then(toml_edit::Key::span)
                .or(item.span());
            let origin = line_of(span);
            let holds_settings = match self.find(&path) {
                Some((setting, _)) => setting.kind == Kind::Table,
                None => self.is_section(&path),
            };
            match item.as_table_like() {
                Some(deeper) if holds_settings => self.table(&path, deeper, line_of),
                _ => self.item(&path, item, origin),
            }
        }
    }

    fn item(&mut self, path: &str, item: &Item, origin: Origin) {
        let Some((setting, inner)) = self.find(path) else {
            return self.unknown(path, origin);
        };
        let read = match inner {
            Some(_) => value::text_of_toml(item),
            None => value::from_toml(&setting.kind, item),
        };
        self.choose(path, read, item.to_string().trim().to_owned(), origin);
    }

    fn environment(&mut self, name: &str, text: &str) {
        let Some(words) = name
            .strip_prefix(PREFIX)
            .filter(|words| words.contains("__"))
        else {
            return;
        };
        let path = words.to_lowercase().replace("__", ".");
        // A name of somebody else's below a table of ours has dots, which a variable can't have.
        let table = self.settings().find(|setting| {
            setting.kind == Kind::Table && path.starts_with(&format!("{}.", setting.path))
        });
        let path = match table {
            Some(table) => {
                let (ours, theirs) = path.split_at(table.path.len());
                format!("{ours}{}", theirs.replace('_', "."))
            }
            None => path,
        };
        self.text(&path, text, Origin::Environment(name.to_owned()));
    }

    fn text(&mut self, path: &str, text: &str, origin: Origin) {
        let Some((setting, inner)) = self.find(path) else {
            return self.unknown(path, origin);
        };
        let read = match inner {
            Some(_) => Ok(Value::from(text)),
            None if setting.optional && text.is_empty() => Ok(Value::Null),
            None => value::from_text(&setting.kind, text),
        };
        self.choose(path, read, format!("{text:?}"), origin);
    }

    fn choose(&mut self, path: &str, read: Result<Value, String>, shown: String, origin: Origin) {
        match read {
            Ok(value) => drop(self.chosen.insert(path.to_owned(), (value, origin))),
            Err(problem) => self.fault(Some(path), Some(shown), origin, problem),
        }
    }

    fn finish(mut self) -> Result<Resolved, Faults> {
        if !self.faults.is_empty() {
            return Err(Faults(self.faults));
        }
        let mut tree = serde_json::to_value(Config::default()).expect("settings are plain data");
        let mut layers = Overrides::default();
        for (path, (value, _)) in &self.chosen {
            if layers.take(path, value) {
                continue;
            }
            let (section, names) = self.split(path);
            *value::at(&mut tree, &section, &names) = value.clone();
        }
        let mut config: Config = match serde_path_to_error::deserialize(tree) {
            Ok(config) => config,
            Err(error) => {
                let path = error.path().to_string();
                self.blame(&path, error.into_inner().to_string());
                return Err(Faults(self.faults));
            }
        };
        config.detect.overrides = layers;
        for (path, problem) in check::problems(&config) {
            self.blame(&path, problem);
        }
        if !self.faults.is_empty() {
            return Err(Faults(self.faults));
        }
        let origins = self
            .chosen
            .into_iter()
            .map(|(path, (_, origin))| (path, origin))
            .collect();
        Ok(Resolved { config, origins })
    }

    /// A fault that shows only in the values together, traced back to where the value came from.
    fn blame(&mut self, path: &str, problem: String) {
        let (value, origin) = match self.chosen.get(path) {
            Some((value, origin)) => (Some(value.to_string()), origin.clone()),
            None => {
                let default = self
                    .find(path)
                    .map(|(setting, _)| setting.default.to_string());
                (
                    default.map(|text| text.replace("null", "unset")),
                    Origin::Default,
                )
            }
        };
        self.fault(Some(path), value, origin, problem);
    }

    fn unknown(&mut self, path: &str, origin: Origin) {
        if let Some(place) = Place::of(path) {
            let group = format!("{}.", overrides::OF);
            let known = self.settings().map(|setting| setting.path.as_str());
            let known: Vec<&str> = known.filter_map(|path| path.strip_prefix(&group)).collect();
            return self.fault(Some(path), None, origin, place.problem(&known));
        }
        let known = self.settings().map(|setting| setting.path.as_str());
        let known = known.chain(self.sections.iter().map(|section| section.path.as_str()));
        let problem = match nearest(path, known.collect()) {
            Some(name) if name == path => "is a group of settings, not one of them".to_owned(),
            Some(name) => format!("there is no such setting, did you mean {name}?"),
            None => "there is no such setting; `promoguard config example` lists all".to_owned(),
        };
        self.fault(Some(path), None, origin, problem);
    }

    fn fault(
        &mut self,
        setting: Option<&str>,
        value: Option<String>,
        origin: Origin,
        problem: String,
    ) {
        self.faults.push(Fault {
            setting: setting.map(str::to_owned),
            value,
            origin,
            problem,
        });
    }

    fn settings(&self) -> impl Iterator<Item = &'s Setting> + use<'s> {
        self.sections.iter().flat_map(|section| &section.settings)
    }

    fn is_section(&self, path: &str) -> bool {
        let below = format!("{path}.");
        overrides::is_group(path)
            || self
                .settings()
                .any(|setting| setting.path.starts_with(&below))
    }

    /// The setting at a path; with the rest of the path where that is a name inside a table.
    fn find<'p>(&self, path: &'p str) -> Option<(&'s Setting, Option<&'p str>)> {
        if let Some(place) = Place::of(path).filter(|place| place.allows()) {
            let path = format!("{}.{}", overrides::OF, place.key);
            return self
                .settings()
                .find(|setting| setting.path == path)
                .map(|setting| (setting, None));
        }
        self.settings().find_map(|setting| {
            let rest = path.strip_prefix(setting.path.as_str())?;
            match (rest, &setting.kind) {
                ("", _) => Some((setting, None)),
                (rest, Kind::Table) => Some((setting, Some(rest.strip_prefix('.')?))),
                _ => None,
            }
        })
    }

    /// A path as the keys that lead to it: names inside a table keep their dots.
    fn split(&self, path: &str) -> (String, Vec<String>) {
        match self.find(path) {
            Some((setting, Some(inner))) => (setting.path.clone(), vec![inner.to_owned()]),
            _ => (path.to_owned(), Vec::new()),
        }
    }
}

fn line_number(text: &str, offset: usize) -> usize {
    1 + text[..offset].bytes().filter(|byte| *byte == b'\n').count()
}

/// The known name that was probably meant: close as a whole, or the same last word elsewhere.
pub(super) fn nearest<'n>(typed: &str, known: Vec<&'n str>) -> Option<&'n str> {
    let last = |path: &'n str| path.rsplit('.').next().unwrap_or(path);
    let typed_last = typed.rsplit('.').next().unwrap_or(typed);
    let close = |a: &str, b: &str| strsim::normalized_damerau_levenshtein(a, b);
    let by_whole = known.iter().map(|name| (close(typed, name), *name));
    let by_last = known
        .iter()
        .map(|name| (close(typed_last, last(name)) - 0.05, *name));
    by_whole
        .chain(by_last)
        .filter(|(closeness, _)| *closeness >= 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}
