//! What was said of each suspicion, revision by revision.
//!
//! Decides: which revision stands, and in which order flags are told.

use std::collections::BTreeMap;

use promoguard_event::{Decibans, EventTime, Exposure, Flag, FlagState};

/// Revisions listed of one flag; the first and the latest are kept. A flag is revised when its
/// exposure grows by a tenth, so a hundred are a growth by ten thousand.
const REVISIONS_MAX: usize = 100;

/// One revision in short.
#[derive(Clone, Copy, Debug)]
pub(super) struct Revision {
    pub(super) rev: u32,
    pub(super) ts: EventTime,
    pub(super) state: FlagState,
    pub(super) score: Decibans,
    pub(super) exposure: Exposure,
}

/// A flag with its past.
#[derive(Debug)]
pub(super) struct Episode {
    /// The latest revision, whole.
    pub(super) flag: Flag,
    /// Ascending by revision.
    pub(super) revisions: Vec<Revision>,
}

impl Episode {
    /// When it was first told.
    pub(super) fn opened_at(&self) -> EventTime {
        self.revisions
            .first()
            .map_or(self.flag.ts, |first| first.ts)
    }

    /// The strongest that the evidence ever was.
    pub(super) fn strongest(&self) -> Decibans {
        let scores = self.revisions.iter().map(|revision| revision.score);
        scores.fold(self.flag.score, Decibans::max)
    }

    pub(super) fn is_cleared(&self) -> bool {
        self.flag.state == FlagState::Cleared
    }
}

/// All flags by id.
#[derive(Debug, Default)]
pub(super) struct History(BTreeMap<String, Episode>);

impl History {
    /// Takes a revision; one seen before changes nothing.
    pub(super) fn add(&mut self, flag: &Flag) {
        let revision = Revision {
            rev: flag.rev,
            ts: flag.ts,
            state: flag.state,
            score: flag.score,
            exposure: flag.exposure,
        };
        match self.0.get_mut(&flag.flag_id) {
            None => {
                let episode = Episode {
                    flag: flag.clone(),
                    revisions: vec![revision],
                };
                self.0.insert(flag.flag_id.clone(), episode);
            }
            Some(episode) => {
                let revisions = &mut episode.revisions;
                if let Err(at) = revisions.binary_search_by_key(&flag.rev, |known| known.rev) {
                    revisions.insert(at, revision);
                    if revisions.len() > REVISIONS_MAX {
                        revisions.remove(1);
                    }
                }
                if episode.flag.rev < flag.rev {
                    episode.flag = flag.clone();
                }
            }
        }
    }

    /// Those that ask for attention first: open ones, by money within a currency, then by orders,
    /// then by score.
    pub(super) fn by_weight(&self) -> Vec<&Episode> {
        let mut episodes: Vec<&Episode> = self.0.values().collect();
        episodes.sort_by(|a, b| {
            let (left, right) = (&a.flag.exposure, &b.flag.exposure);
            let money = |exposure: &Exposure| exposure.commission.map(|money| money.estimate);
            a.is_cleared()
                .cmp(&b.is_cleared())
                .then_with(|| money(left).is_none().cmp(&money(right).is_none()))
                .then_with(|| left.currency.cmp(&right.currency))
                .then_with(|| money(right).cmp(&money(left)))
                .then_with(|| {
                    let orders = |exposure: &Exposure| exposure.leaked_orders.estimate;
                    orders(right).total_cmp(&orders(left))
                })
                .then_with(|| b.flag.score.cmp(&a.flag.score))
                .then_with(|| a.flag.flag_id.cmp(&b.flag.flag_id))
        });
        episodes
    }
}
