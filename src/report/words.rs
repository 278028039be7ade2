//! The detector's vocabulary in sentences for people.
//!
//! Decides: how signals, kinds, states and scores read, and what is advised. The language is that
//! of evidence: what was observed, never who is to blame.

use promoguard_event::{Decibans, Flag, FlagKind, FlagState};

use super::numbers::{percent, plain};

/// How the observed and expected values of a signal are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// A share from 0 to 1.
    Share,
    /// A multiple of the usual.
    Multiple,
    /// So many a day.
    ADay,
    /// A number of sightings; there is nothing to compare it with.
    Count,
    /// Neither is given.
    None,
}

/// A line of the evidence in words.
pub(super) struct SignalWords {
    name: &'static str,
    pub(super) title: &'static str,
    pub(super) measure: Measure,
    /// What was looked at; continues the observed value where there is one.
    says: &'static str,
}

impl SignalWords {
    /// The sentence with its figures.
    pub(super) fn sentence(&self, observed: Option<f64>, expected: Option<f64>, n: u64) -> String {
        match (self.measure, observed, expected) {
            (
                Measure::Share | Measure::Multiple | Measure::ADay,
                Some(observed),
                Some(expected),
            ) => format!(
                "{} {}; {} would be ordinary.",
                self.shown(observed),
                self.says,
                self.shown(expected)
            ),
            (Measure::Share | Measure::Multiple | Measure::ADay, ..) => {
                "Weighed over several spans of time; there is no single figure to show.".to_owned()
            }
            (Measure::Count, ..) => format!("{} {}.", super::numbers::count(n), self.says),
            _ => format!("{}.", self.says),
        }
    }

    /// A value of this signal.
    pub(super) fn shown(&self, value: f64) -> String {
        match self.measure {
            Measure::Share => percent(value),
            Measure::Multiple => format!("{}×", plain((value * 10.0).round() / 10.0)),
            Measure::ADay => plain((value * 10.0).round() / 10.0),
            Measure::Count | Measure::None => plain(value),
        }
    }

    /// Whether it is part of the arithmetic rather than something seen.
    pub(super) fn is_arithmetic(&self) -> bool {
        self.measure == Measure::None
    }
}

/// The words for a signal; `None` for one that this version does not know.
pub(super) fn signal_words(name: &str) -> Option<&'static SignalWords> {
    SIGNALS.iter().find(|words| words.name == name)
}

/// A title for a signal of any version.
pub(super) fn signal_title(name: &str) -> &str {
    signal_words(name).map_or(name, |words| words.title)
}

const fn share(name: &'static str, title: &'static str, says: &'static str) -> SignalWords {
    SignalWords {
        name,
        title,
        measure: Measure::Share,
        says,
    }
}

const fn arithmetic(name: &'static str, title: &'static str, says: &'static str) -> SignalWords {
    SignalWords {
        name,
        title,
        measure: Measure::None,
        says,
    }
}

const SIGNALS: &[SignalWords] = &[
    share(
        "auto_entry",
        "Entered automatically",
        "of the orders had the code filled in by a browser extension or a script",
    ),
    share(
        "referrer",
        "Came from a coupon page",
        "of the orders that name a referrer came from a coupon, cashback or deal page",
    ),
    share(
        "cold",
        "No click before the order",
        "of the orders came without any click on the partner’s link",
    ),
    share(
        "too_fast",
        "Ordered within a minute of the click",
        "of the orders followed their click in less than a minute",
    ),
    share(
        "returning",
        "Customers the shop already had",
        "of the buyers had ordered from this shop before",
    ),
    share(
        "hopper",
        "Buyers who go from code to code",
        "of the buyers had used another partner’s code recently",
    ),
    share(
        "repeat_customer",
        "The same buyers again",
        "of the buyers had used this partner’s code before",
    ),
    share(
        "off_audience",
        "Outside the audience’s cities",
        "of the orders went to places where this code’s audience is not known to live",
    ),
    share(
        "basket",
        "Size of the baskets",
        "is where the mean basket stands between the shop’s smallest (0 %) and largest (100 %)",
    ),
    share(
        "order_time",
        "Time of the orders",
        "of the timing is explained by the code’s own clicks and hours",
    ),
    share(
        "rejected",
        "Refused attempts",
        "of the attempts to redeem the code were refused",
    ),
    SignalWords {
        name: "sighting",
        title: "Seen in public",
        measure: Measure::Count,
        says: "report(s) that the code stands in a public place",
    },
    share(
        "click_referrer",
        "Clicks from coupon pages",
        "of the first visits came from coupon pages or from hosts nobody knows",
    ),
    SignalWords {
        name: "click_growth",
        title: "Growth of the clicks",
        measure: Measure::Multiple,
        says: "the usual clicks an hour",
    },
    share(
        "click_composition",
        "Make-up of the clicks",
        "of the clicks are robots, repeats or lack a referrer",
    ),
    SignalWords {
        name: "volume",
        title: "Number of orders",
        measure: Measure::ADay,
        says: "orders came a day in the last eight days",
    },
    arithmetic(
        "e_detector",
        "What the label-free core says",
        "The learned judge hears the core’s bets for each kind of leak as one voice among others",
    ),
    arithmetic(
        "context",
        "Size, age and data of the code",
        "The same marks mean more or less in a code of this size and age, in a shop that sends these fields",
    ),
    arithmetic(
        "persistence",
        "Persistence",
        "The score is smoothed over the last looks: one strange hour does not move it far",
    ),
    arithmetic(
        "scale",
        "Adjustment to the common scale",
        "Brings the learned judge’s odds to the scale on which 30 dB cost one false flag in 1,000 clean code-weeks",
    ),
    arithmetic(
        "prior",
        "Price of watching all the time",
        "Taken off because nobody knew beforehand when a leak would begin, of which kind and how large",
    ),
    arithmetic(
        "mixture",
        "Other explanations of the same kind",
        "The strongest story alone would overstate; all kinds and sizes of leak are averaged",
    ),
    arithmetic(
        "market",
        "What the whole shop shows",
        "Corrected by what all codes of the market show at the same time, such as a sale",
    ),
    arithmetic(
        "agreement",
        "No mark alone",
        "One kind of mark may bring only so much to a flag, however often it is seen; this is what lies beyond",
    ),
    arithmetic(
        "limit",
        "Bound on one order",
        "No single order may weigh more than a fixed bound; this is what the bound takes off or adds",
    ),
];

/// The kind in words.
pub(super) const fn kind(kind: FlagKind) -> &'static str {
    match kind {
        FlagKind::CouponSite => "coupon site",
        FlagKind::Extension => "browser extension",
        FlagKind::InsiderOrCommunity => "staff or a closed community",
        FlagKind::ClickFlood => "made-up clicks",
        FlagKind::Unknown => "no single kind stands out",
    }
}

/// What the kind means, as a sentence.
pub(super) const fn kind_sentence(kind: FlagKind) -> &'static str {
    match kind {
        FlagKind::CouponSite => {
            "The orders look like those of people who found the code on a coupon site."
        }
        FlagKind::Extension => {
            "The orders look as if a browser extension entered the code at checkout."
        }
        FlagKind::InsiderOrCommunity => {
            "The orders look as if the code is passed on among staff or in a closed community."
        }
        FlagKind::ClickFlood => "The clicks look as if they were not made by visitors.",
        FlagKind::Unknown => {
            "The orders do not look like the partner’s audience, and no single explanation stands out."
        }
    }
}

/// The state in words.
pub(super) const fn state(state: FlagState) -> &'static str {
    match state {
        FlagState::Opened => "open",
        FlagState::Escalated => "open, escalated",
        FlagState::Updated => "open, growing",
        FlagState::Cleared => "cleared",
    }
}

/// What a revision did.
pub(super) const fn step(state: FlagState) -> &'static str {
    match state {
        FlagState::Opened => "opened",
        FlagState::Escalated => "escalated: the evidence or the money is much larger",
        FlagState::Updated => "updated: the exposure grew",
        FlagState::Cleared => "cleared",
    }
}

/// A score in a word. 30 dB is the default threshold; 20 dB and 60 dB are where people are used to
/// say weak and overwhelming: odds of a hundred and of a million.
pub(super) fn strength(score: Decibans) -> &'static str {
    match score.value() {
        value if value < 10.0 => "slight",
        value if value < 20.0 => "weak",
        value if value < 30.0 => "notable",
        value if value < 40.0 => "strong",
        value if value < 60.0 => "very strong",
        _ => "overwhelming",
    }
}

/// What to do next: a verb and its sentence.
pub(super) fn next_steps(flag: &Flag) -> Vec<(&'static str, &'static str)> {
    let mut steps = Vec::with_capacity(5);
    if flag.data_gap {
        steps.push((
            "Check the data first",
            "A known gap in the input touches this evidence: orders without clicks may be clicks \
             that were never delivered.",
        ));
    }
    if flag.state == FlagState::Cleared {
        steps.push((
            "Review",
            "The orders look ordinary again, or the code is over. Decide about what was held for \
             the time from the onset to the clearing.",
        ));
        return steps;
    }
    steps.push(("Review", review(flag.kind)));
    if flag.kind == FlagKind::ClickFlood {
        steps.push((
            "Hold",
            "No commission is counted here. Where clicks are paid for, hold that payment until \
             their source is known.",
        ));
        return steps;
    }
    steps.push((
        "Hold",
        "Hold the estimated commission at risk from the onset on, not the whole payout: most \
         likely the rest of the orders is the partner’s own work.",
    ));
    steps.push((
        "Reissue",
        "If the review confirms it, give the partner a new code, end this one, and tell the \
         partner why; the evidence says how orders came, not who passed the code on.",
    ));
    steps
}

const fn review(kind: FlagKind) -> &'static str {
    match kind {
        FlagKind::CouponSite => {
            "Open the hosts below and look for the code. If the brand allows such a site for this \
             code, say so in the registry (permitted_hosts) and the evidence stops counting."
        }
        FlagKind::Extension => {
            "Try the shop’s checkout with the usual coupon extensions installed. Ask the shop \
             whether code_entry is recorded correctly."
        }
        FlagKind::InsiderOrCommunity => {
            "Compare the buyers with staff lists and the times with shifts, as far as the law and \
             the works rules allow. Ask the partner about an unannounced post or a private channel: \
             both look alike from here."
        }
        FlagKind::ClickFlood => {
            "Look at the clicks’ addresses and agents at the redirect. A monitoring tool or a link \
             preview can look the same."
        }
        FlagKind::Unknown => {
            "Read the evidence below from the top. Ask the partner about a post, a broadcast or \
             printed material that the registry does not know."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_that_the_judge_can_write_has_words() {
        for name in promoguard_detect::evidence_names() {
            assert!(signal_words(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_sentence_has_its_figures_and_an_unknown_signal_keeps_its_name() {
        let words = signal_words("cold").expect("known");
        assert_eq!(
            words
                .sentence(Some(0.9), Some(0.353), 20)
                .replace('\u{202f}', " "),
            "90 % of the orders came without any click on the partner’s link; 35 % would be ordinary."
        );
        assert_eq!(signal_title("moon_phase"), "moon_phase");
    }

    #[test]
    fn the_words_for_a_score_change_at_the_default_threshold() {
        assert_eq!(strength(Decibans::new(29.9)), "notable");
        assert_eq!(strength(Decibans::new(30.0)), "strong");
    }
}
