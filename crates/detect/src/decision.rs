//! What analysts decided, and what was announced, as far as it outlives a flag.
//!
//! Decides: which decision changes what. Must not know: how evidence accumulates.

use promoguard_event::{CodeEntry, Decision, EventTime, Outcome};
use serde::{Deserialize, Serialize};

use crate::settings::DetectSettings;

/// Hosts and posts a code can be told of; the oldest goes.
const NOTES_MAX: usize = 32;

/// Standing notes on one code; most codes have none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Notes {
    pub(crate) permitted: Vec<Box<str>>,
    pub(crate) posts: Vec<EventTime>,
    /// (hash of the host, day) of sightings that counted.
    pub(crate) sightings: Vec<(u64, u16)>,
    /// An analyst called the code's behaviour legitimate.
    pub(crate) trusted: bool,
}

/// What the judge has to do about a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing but what the notes now say.
    Noted,
    /// The flag is confirmed.
    Confirm,
    /// The present behaviour is the code's normal; the evidence goes.
    AcceptPresent,
    /// The evidence since the onset is void, and so is what it would have taught.
    Void,
    /// The evidence was about what is permitted now.
    Restart,
}

impl Notes {
    /// Takes a decision. `about_present`: its flag is the open episode's, or the last one's.
    pub(crate) fn decide(&mut self, decision: &Decision, about_present: bool) -> Effect {
        match decision.outcome {
            Outcome::Unclear => Effect::Noted,
            Outcome::Expected => {
                if let Some(post) = decision.expected_post {
                    remember(&mut self.posts, post);
                }
                Effect::Noted
            }
            Outcome::Permitted => {
                for host in &decision.hosts {
                    remember(&mut self.permitted, host.as_ref().into());
                }
                if about_present && !decision.hosts.is_empty() {
                    Effect::Restart
                } else {
                    Effect::Noted
                }
            }
            Outcome::Leak if about_present => Effect::Confirm,
            Outcome::Legitimate if about_present => {
                self.trusted = true;
                Effect::AcceptPresent
            }
            Outcome::DataError if about_present => Effect::Void,
            Outcome::Leak | Outcome::Legitimate | Outcome::DataError => Effect::Noted,
        }
    }

    /// Whether a sighting on a host counts: once in `sighting_days`, and so many at once.
    pub(crate) fn sighting_counts(
        &mut self,
        settings: &DetectSettings,
        host: u64,
        day: u16,
    ) -> bool {
        let since = day.saturating_sub(settings.sighting_days as u16);
        self.sightings.retain(|(_, seen)| *seen > since);
        let full = self.sightings.len() >= settings.sightings_max as usize;
        if full || self.sightings.iter().any(|(seen, _)| *seen == host) {
            return false;
        }
        self.sightings.push((host, day));
        true
    }
}

fn remember<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if list.contains(&item) {
        return;
    }
    if list.len() >= NOTES_MAX {
        list.remove(0);
    }
    list.push(item);
}

/// Whether a post is expected around `ts`, by the registry or by a decision.
pub(crate) fn post_expected(
    settings: &DetectSettings,
    entry: Option<&CodeEntry>,
    notes: Option<&Notes>,
    ts: EventTime,
) -> bool {
    let announced = notes.map_or(&[][..], |notes| &notes.posts);
    let span_ms = i64::from(settings.post_days) * 86_400_000;
    announced
        .iter()
        // What the registry lists may be years of posts; those of a code with clicks show there.
        .chain(
            entry
                .filter(|entry| entry.offline == Some(true))
                .map_or(&[][..], |entry| &entry.posts),
        )
        .any(|post| (-3_600_000..span_ms).contains(&ts.millis_since(*post)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use promoguard_event::Code;

    fn decision(outcome: Outcome) -> Decision {
        Decision {
            flag_id: "f".into(),
            rev: 1,
            code: Code::from_normalised("a"),
            ts: EventTime::from_millis(0),
            actor: "a".into(),
            outcome,
            note: None,
            hold_from: None,
            hosts: vec!["promokodus.com".into()],
            expected_post: Some(EventTime::from_millis(7_200_000)),
        }
    }

    #[test]
    fn every_outcome_has_its_effect_and_an_old_flag_only_leaves_notes() {
        let cases = [
            (Outcome::Leak, Effect::Confirm, Effect::Noted),
            (Outcome::Legitimate, Effect::AcceptPresent, Effect::Noted),
            (Outcome::Permitted, Effect::Restart, Effect::Noted),
            (Outcome::Expected, Effect::Noted, Effect::Noted),
            (Outcome::DataError, Effect::Void, Effect::Noted),
            (Outcome::Unclear, Effect::Noted, Effect::Noted),
        ];
        for (outcome, present, old) in cases {
            assert_eq!(
                Notes::default().decide(&decision(outcome), true),
                present,
                "{outcome:?}"
            );
            assert_eq!(
                Notes::default().decide(&decision(outcome), false),
                old,
                "{outcome:?}"
            );
        }
    }

    #[test]
    fn an_announced_post_explains_three_days_and_not_the_week_before() {
        let settings = DetectSettings::default();
        let mut notes = Notes::default();
        notes.decide(&decision(Outcome::Expected), true);
        let at = |ms| post_expected(&settings, None, Some(&notes), EventTime::from_millis(ms));
        assert!(at(7_200_000 + 86_400_000));
        assert!(!at(7_200_000 + 4 * 86_400_000));
        assert!(!at(0));
    }

    #[test]
    fn one_host_counts_once_a_week_and_three_at_most() {
        let settings = DetectSettings::default();
        let mut notes = Notes::default();
        assert!(notes.sighting_counts(&settings, 1, 1_000));
        assert!(!notes.sighting_counts(&settings, 1, 1_003));
        assert!(notes.sighting_counts(&settings, 2, 1_003));
        assert!(notes.sighting_counts(&settings, 3, 1_003));
        assert!(!notes.sighting_counts(&settings, 4, 1_003));
        assert!(notes.sighting_counts(&settings, 1, 1_007));
    }
}
