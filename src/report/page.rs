//! The page as a whole.
//!
//! Decides: which parts it has, in which order, and what bounds its size. Must not know: how the
//! parts look inside.

use std::collections::BTreeMap;
use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, PreEscaped, html};
use promoguard_event::ScoreLine;
use sha2::{Digest, Sha256};

use super::daily::Daily;
use super::history::Episode;
use super::{Known, flag_section, flag_table, headline, limits, quality};
use crate::engine::sinks::Tally;
use promoguard_words::Clock;

/// Flags told in full on the page of a run; the rest is in the table. A section takes about 25 KB,
/// so this keeps the page near 12 MB, which browsers still open at once.
const SECTIONS_MAX: usize = 500;
/// The same on the live page, which is made anew every few seconds.
const SECTIONS_LIVE_MAX: usize = 20;

/// How the pages of promoguard look, in light, in the dark and on paper.
pub(crate) const STYLE: &str = include_str!("style.css");

/// What a page is made of.
pub(super) struct Page<'a> {
    pub(super) clock: &'a Clock,
    pub(super) daily: &'a Daily,
    pub(super) known: &'a BTreeMap<String, Known>,
    /// In the order in which they are told.
    pub(super) episodes: Vec<&'a Episode>,
    /// What only the end of a run knows; `None` on the live page.
    pub(super) run: Option<Run<'a>>,
}

/// What only the end of a run knows.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) scores: &'a [ScoreLine],
    pub(super) tally: &'a Tally,
}

impl Page<'_> {
    /// Writes it part by part, so that only one part is in memory.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut put = |part: Markup| -> io::Result<()> {
            out.write_all(part.0.as_bytes())?;
            out.write_all(b"\n")
        };
        put(PreEscaped("<!DOCTYPE html>\n<html lang=\"en\">".to_owned()))?;
        put(head("promoguard: what leaked", STYLE, self.run.is_none()))?;
        put(PreEscaped("<body>\n<main>".to_owned()))?;
        put(headline::headline(self))?;
        put(flag_table::table(self))?;
        for (number, episode) in self.sections().enumerate() {
            put(flag_section::section(self, episode, number + 1))?;
        }
        if let Some(run) = self.run {
            put(limits::runners_up(self, run.scores))?;
            put(limits::blind_spots(Some(run.scores)))?;
            put(quality::quality(self, run.tally))?;
        } else {
            put(limits::blind_spots(None))?;
        }
        put(self.footer())?;
        put(PreEscaped("</main>\n</body>\n</html>".to_owned()))
    }

    /// How many flags have a section of their own.
    pub(super) fn sections_max(&self) -> usize {
        match self.run {
            Some(_) => SECTIONS_MAX,
            None => SECTIONS_LIVE_MAX,
        }
    }

    fn sections(&self) -> impl Iterator<Item = &Episode> {
        self.episodes.iter().take(self.sections_max()).copied()
    }

    fn footer(&self) -> Markup {
        let mut detectors: Vec<&str> = self
            .episodes
            .iter()
            .map(|episode| episode.flag.detector.as_str())
            .collect();
        detectors.sort_unstable();
        detectors.dedup();
        html! {
            footer {
                p {
                    "promoguard " (env!("CARGO_PKG_VERSION"))
                    @for detector in detectors { " · " (super::text::visible(detector)) }
                    " · times are in " (self.clock.name())
                }
            }
        }
    }
}

/// The head of a page that loads nothing and runs nothing; it may reload itself.
pub(crate) fn head(title: &str, style: &str, reloads: bool) -> Markup {
    // Holds even if an escape were missed.
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; form-action 'none'; base-uri 'none'",
        STANDARD.encode(Sha256::digest(style))
    );
    html! {
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(policy);
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="referrer" content="no-referrer";
            meta name="color-scheme" content="light dark";
            @if reloads { meta http-equiv="refresh" content="5"; }
            title { (title) }
            style { (PreEscaped(style)) }
        }
    }
}
