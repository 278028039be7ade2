//! Evidence and episodes in the words of a flag.
//!
//! Decides: which items a flag lists, so that they add up to its score as printed. Must not
//! know: how evidence is found.

use promoguard_event::{
    Basis, Currency, Decibans, Evidence, Exposure, Flag, FlagKind, FlagState, Onset, TopReferrer,
    Track, flag_id,
};

use crate::click_watch::FloodTrack;
use crate::facts::HourOfCode;
use crate::marks::{OBSERVING, SIGNALS, Signal, Silence};
use crate::settings::DetectSettings;
use crate::stable::decibans;
use crate::suspect::Suspect;

/// What stands for the whole evidence of a code at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Score {
    /// Natural log of the mean evidence over stories and shares.
    pub(crate) log: f64,
    /// What single soft signals brought too much, natural log; subtracted in the flag.
    pub(crate) excess: f64,
    /// The click referrers have the most evidence, not the orders.
    pub(crate) by_clicks: bool,
    /// The accumulator with the most.
    pub(crate) top_log: f64,
    /// Its log evidence by signal.
    pub(crate) items: [f64; SIGNALS],
    pub(crate) kind: FlagKind,
}

/// Everything a flag is made of except the episode.
pub(crate) struct Case<'a> {
    pub(crate) settings: &'a DetectSettings,
    pub(crate) facts: &'a HourOfCode<'a>,
    pub(crate) score: Score,
    pub(crate) onset: Onset,
    pub(crate) exposure: Exposure,
}

impl Case<'_> {
    /// Score of the label-free core in decibans.
    pub(crate) fn core_db(&self) -> f64 {
        decibans(self.score.log - self.score.excess)
    }
}

/// The flag of the leak track. `learned` is the learned judge's evidence where it says more than
/// the label-free core.
pub(crate) fn leak_flag(
    case: &Case<'_>,
    suspect: &Suspect,
    learned: Option<Vec<Evidence>>,
    state: FlagState,
) -> Flag {
    let open = suspect
        .open
        .as_ref()
        .expect("a flag belongs to an open episode");
    let basis = match learned {
        Some(_) => Basis::Learned,
        None => Basis::EDetector,
    };
    let evidence = match learned {
        Some(mut told) => {
            let silent = leak_evidence(case, suspect).into_iter().filter(|item| {
                matches!(item, Evidence::Abstained { signal, .. }
                    if told.iter().all(|told| !is_about(told, signal)))
            });
            let silent: Vec<Evidence> = silent.collect();
            told.extend(silent);
            told
        }
        None => leak_evidence(case, suspect),
    };
    Flag {
        flag_id: flag_id(case.facts.code.as_str(), Track::Leak, open.number),
        rev: open.rev,
        ts: match state {
            FlagState::Opened => open.opened_at,
            _ => suspect
                .crossed_at
                .unwrap_or(case.facts.hour.end().plus_millis(-1)),
        },
        state,
        kind: case.score.kind,
        score: Flag::score_from(&evidence),
        basis,
        onset: case.onset,
        evidence,
        exposure: case.exposure,
        top_referrers: top_referrers(suspect),
        data_gap: suspect.data_gap || case.facts.data_gap,
        ..blank(case.settings, case.facts)
    }
}

/// The flag of the click-flood track.
pub(crate) fn flood_flag(
    settings: &DetectSettings,
    facts: &HourOfCode<'_>,
    track: &FloodTrack,
    currency: Currency,
    state: FlagState,
) -> Flag {
    let open = track
        .open
        .as_ref()
        .expect("a flag belongs to an open episode");
    let evidence = flood_evidence(settings, facts, track);
    Flag {
        flag_id: flag_id(facts.code.as_str(), Track::ClickFlood, open.number),
        rev: open.rev,
        ts: match state {
            FlagState::Opened => open.opened_at,
            _ => track.crossed_at.unwrap_or(facts.hour.end().plus_millis(-1)),
        },
        state,
        kind: FlagKind::ClickFlood,
        score: Flag::score_from(&evidence),
        onset: Onset {
            at: track.since,
            low: track.since,
            high: track.since,
        },
        evidence,
        exposure: crate::exposure::nothing(currency),
        ..blank(settings, facts)
    }
}

/// What speaks for made-up clicks and against.
pub(crate) fn flood_evidence(
    settings: &DetectSettings,
    facts: &HourOfCode<'_>,
    track: &FloodTrack,
) -> Vec<Evidence> {
    let temper = track.day.temper(settings);
    let best = track.bets.best(temper);
    let window = (track.since, facts.hour.end());
    let whole = decibans(libm::log(track.bets.evidence(temper)));
    let deposit = decibans(libm::log(settings.day_deposit));
    let top = decibans(track.bets.log(best, temper));
    let mut evidence = Vec::with_capacity(4);
    for (signal, tally) in [
        ("click_growth", &track.growth),
        ("click_composition", &track.odd_share),
    ] {
        let (observed, expected) = tally.means().unzip();
        // Volume never convicts without composition: the two are one ratio, told in halves.
        let decibans = Decibans::new((top - deposit) / 2.0);
        evidence.push(Evidence::Signal {
            signal,
            observed,
            expected,
            n: u64::from(tally.n),
            decibans,
            window,
        });
    }
    evidence.push(plain("prior", deposit, window));
    evidence.push(plain("mixture", whole - top, window));
    evidence
}

/// What the label-free core has of a suspect.
pub(crate) fn leak_evidence(case: &Case<'_>, suspect: &Suspect) -> Vec<Evidence> {
    let window = (suspect.since, case.facts.hour.end());
    let silence = suspect
        .ledger
        .silence
        .unwrap_or([Silence::NotExpected; OBSERVING]);
    let mut evidence = Vec::with_capacity(SIGNALS + 2);
    let mut silent = Vec::new();
    for signal in Signal::ALL {
        let db = decibans(case.score.items[signal as usize]);
        if signal as usize >= OBSERVING {
            evidence.push(plain(signal.name(), db, window));
            continue;
        }
        let tally = &suspect.ledger.tallies[signal as usize];
        let is_off = case.settings.is_off(signal.name());
        match tally.means() {
            Some((observed, expected)) => evidence.push(Evidence::Signal {
                signal: signal.name(),
                observed: Some(observed),
                expected: Some(expected),
                n: u64::from(tally.n),
                decibans: Decibans::new(db),
                window,
            }),
            None if signal == Signal::ClickReferrer && case.score.by_clicks && !is_off => {
                evidence.push(plain(signal.name(), db, window));
            }
            None => {
                let why = match (signal, silence[signal as usize]) {
                    _ if is_off => Silence::SwitchedOff,
                    (Signal::Sighting | Signal::ClickReferrer, _) => Silence::NotExpected,
                    (_, Silence::None) => Silence::NeverSeen,
                    (_, silence) => silence,
                };
                silent.push(Evidence::Abstained {
                    signal: signal.name(),
                    abstained: why.why(),
                });
            }
        }
    }
    // The price of not knowing when it began, of which kind and how large the leak is.
    let items: f64 = case.score.items.iter().sum();
    evidence.push(plain("prior", decibans(case.score.top_log - items), window));
    evidence.push(plain(
        "mixture",
        decibans(case.score.log - case.score.top_log),
        window,
    ));
    evidence.push(plain("agreement", -decibans(case.score.excess), window));
    evidence.extend(silent);
    evidence
}

/// Whether an item observed something of the signal.
fn is_about(item: &Evidence, name: &str) -> bool {
    matches!(item, Evidence::Signal { signal, observed: Some(_), .. } if *signal == name)
}

fn plain(
    name: &'static str,
    db: f64,
    window: (promoguard_event::EventTime, promoguard_event::EventTime),
) -> Evidence {
    Evidence::Signal {
        signal: name,
        observed: None,
        expected: None,
        n: 0,
        decibans: Decibans::new(db),
        window,
    }
}

pub(crate) fn top_referrers(suspect: &Suspect) -> Vec<TopReferrer> {
    let mut hosts = suspect.hosts.clone();
    hosts.sort_by(|a, b| b.orders.cmp(&a.orders).then_with(|| a.host.cmp(&b.host)));
    hosts
        .into_iter()
        .map(|seen| TopReferrer {
            host: seen.host.into(),
            orders: u64::from(seen.orders),
            known_coupon_site: seen.known,
        })
        .collect()
}

/// What does not depend on the track.
fn blank(settings: &DetectSettings, facts: &HourOfCode<'_>) -> Flag {
    let entry = facts.entry;
    let end = facts.hour.end();
    Flag {
        flag_id: String::new(),
        rev: 0,
        code: entry.map_or_else(
            || facts.code.as_str().to_owned(),
            |entry| entry.spelling.to_string(),
        ),
        partner_id: entry.map(|entry| entry.partner_id.to_string()),
        merchant: entry.map(|entry| entry.merchant.to_string()),
        marketplace: entry
            .and_then(|entry| entry.marketplace.as_ref())
            .map(ToString::to_string),
        ts: end,
        state: FlagState::Opened,
        kind: FlagKind::Unknown,
        score: Decibans::ZERO,
        basis: Basis::EDetector,
        onset: Onset {
            at: end,
            low: end,
            high: end,
        },
        evidence: Vec::new(),
        exposure: crate::exposure::nothing(Currency::KZT),
        top_referrers: Vec::new(),
        detector: settings.detector(),
        data_gap: facts.data_gap,
        hour: facts.hour,
    }
}
