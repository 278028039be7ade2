//! What people without a console see: one self-contained page about a run.
//!
//! Decides: what such a page tells, in which words and pictures. Must not know: how records are
//! read or judged, or where the page goes. Codes, partners, shops and hosts are written by others
//! and reach a page only through the module `text` and the templates' escaping.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use anyhow::{Context, Result};
use promoguard_event::{Code, CodeEntry, EventTime, Flag, ScoreLine, Window};

use crate::engine::sinks::Tally;

mod daily;
mod evidence;
mod flag_section;
mod flag_table;
mod headline;
mod history;
mod limits;
mod numbers;
mod page;
mod quality;
mod text;
mod timeline;
mod words;

#[cfg(test)]
mod tests;

use daily::Daily;
use history::History;
use page::{Page, Run};
pub(crate) use page::{STYLE, head};
use promoguard_words::Clock;

/// Gathers what a page needs while a run goes on: daily sums, flags, the registry.
///
/// The page is a pure function of what was added, in any order.
pub struct ReportCollector {
    clock: Clock,
    daily: Daily,
    history: History,
    known: BTreeMap<String, Known>,
}

/// The one text by which a code is looked up: flags spell it as the registry does, windows and
/// scores have it normalised.
fn identity(code: &str) -> String {
    Code::parse(code).map_or_else(|_| code.to_owned(), |code| code.as_str().to_owned())
}

/// What the registry knows of a code, as far as a page tells it.
struct Known {
    spelling: Arc<str>,
    partner_id: Arc<str>,
    posts: Vec<EventTime>,
}

impl ReportCollector {
    /// Starts empty; times will be shown in `zone`, an IANA name such as Asia/Almaty.
    ///
    /// # Errors
    /// There is no such zone.
    pub fn new(zone: &str) -> Result<Self> {
        Ok(Self {
            clock: Clock::new(zone)?,
            daily: Daily::default(),
            history: History::default(),
            known: BTreeMap::new(),
        })
    }

    /// Takes what a code did in an hour; a higher revision replaces the lower.
    pub fn add_window(&mut self, window: &Window) {
        self.daily.add(window, &self.clock);
    }

    /// Takes a revision of a flag; the highest is the one that is told.
    pub fn add_flag(&mut self, flag: &Flag) {
        self.history.add(flag);
    }

    /// Takes what the registry knows of a code; a later entry replaces an earlier one.
    pub fn add_entry(&mut self, entry: &CodeEntry) {
        let known = Known {
            spelling: Arc::clone(&entry.spelling),
            partner_id: Arc::clone(&entry.partner_id),
            posts: entry.posts.clone(),
        };
        self.known.insert(entry.code.as_str().to_owned(), known);
    }

    /// Writes the page of a finished run: HTML that needs nothing else, not even a script.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn write_html(
        self,
        out: &mut dyn Write,
        scores: &[ScoreLine],
        tally: &Tally,
    ) -> Result<()> {
        self.page(Some(Run { scores, tally }))
            .write(out)
            .context("cannot write the page")
    }

    /// The live page, which reloads itself every 5 s.
    pub fn flags_page(&self) -> String {
        let mut html = Vec::new();
        self.page(None)
            .write(&mut html)
            .expect("writing to memory does not fail");
        String::from_utf8(html).expect("templates write text")
    }

    fn page<'a>(&'a self, run: Option<Run<'a>>) -> Page<'a> {
        Page {
            clock: &self.clock,
            daily: &self.daily,
            known: &self.known,
            episodes: self.history.by_weight(),
            run,
        }
    }
}
