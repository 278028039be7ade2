//! The account as JSON: every figure under a stable English name, with its words in the language
//! asked for.

use promoguard_detect::{Episode, Lack, Layer};
use promoguard_event::Evidence;
use serde_json::{Value, json};

use super::text::{figures, lacking};
use super::{Told, by_strength};

pub(super) fn value(told: &Told<'_>) -> Value {
    let explanation = told.explanation();
    let (words, entry) = (told.words, told.account.entry.as_ref());
    let totals = &told.account.score_line;
    let learned = explanation.learned.as_ref();
    let (orders, leaked) = told.orders_leaked();
    json!({
        "code": told.code(),
        "partner_id": entry.map(|entry| &*entry.partner_id),
        "merchant": entry.map(|entry| &*entry.merchant),
        "marketplace": entry.and_then(|entry| entry.marketplace.as_deref()),
        "language": words.language.as_str(),
        "as_of": explanation.hour.end(),
        "flagged": told.is_flagged(),
        "score": told.speaking().score_db,
        "threshold": explanation.threshold_db,
        "basis": if told.learned_speaks() { "learned" } else { "e-detector" },
        "core": layer(told, &explanation.core),
        "learned": learned.map(|learned| layer(told, learned)),
        "learned_on": explanation.learned_is_on,
        "learned_last_score": explanation.learned_last_db,
        "stories": explanation.stories.iter().map(|(story, db)| json!({
            "story": story.as_str(),
            "words": told.say(words.stories, story.as_str()),
            "decibans": db,
        })).collect::<Vec<_>>(),
        "peak": explanation.peak.map(|(score, at)| json!({ "score": score, "at": at })),
        "state": {
            "open": explanation.open.as_ref().map(episode),
            "episodes": explanation.episodes,
        },
        "click_flood": explanation.flood.as_ref().map(|flood| json!({
            "open": flood.open.as_ref().map(episode),
            "score": flood.layer.score_db,
            "evidence": layer(told, &flood.layer)["evidence"],
        })),
        "kind": {
            "kind": explanation.kind.as_str(),
            "words": told.say(words.kinds, explanation.kind.as_str()),
        },
        "onset": explanation.onset,
        "exposure": explanation.exposure,
        "top_referrers": explanation.top_referrers,
        "history": {
            "orders": explanation.history.orders,
            "orders_suspected": explanation.history.orders_suspected,
            "orders_habit": explanation.history.orders_habit,
            "first_visit_clicks": explanation.history.clicks,
            "days": explanation.history.days,
            "last_hour": explanation.history.last_hour,
            "clicks": totals.clicks,
            "clickless_orders": totals.clickless_orders,
            "reach": totals.reach,
        },
        "circumstances": explanation.circumstances.iter().map(|circumstance| json!({
            "name": circumstance.as_str(),
            "words": told.say(words.circumstances, circumstance.as_str()),
        })).collect::<Vec<_>>(),
        "lacking": explanation.lacking.iter().map(|lack| lack_value(told, *lack)).collect::<Vec<_>>(),
        "abstained": explanation.abstained.iter().map(|(signal, why)| json!({
            "signal": signal,
            "title": told.signal(signal).map(|words| words.title),
            "abstained": why,
            "words": told.say(words.silences, why),
        })).collect::<Vec<_>>(),
        "orders_remembered": orders,
        "orders_leaked": leaked,
        "orders": explanation.orders.iter().map(|order| json!({
            "ts": order.ts,
            "money": order.money,
            "p_leak": order.p_leak,
            "fell_away": order.fell_away,
        })).collect::<Vec<_>>(),
    })
}

fn layer(told: &Told<'_>, layer: &Layer) -> Value {
    let evidence = by_strength(&layer.evidence);
    let evidence: Vec<Value> = evidence
        .into_iter()
        .filter_map(|item| signal(told, item))
        .collect();
    json!({ "score": layer.score_db, "evidence": evidence })
}

fn signal(told: &Told<'_>, item: &Evidence) -> Option<Value> {
    let Evidence::Signal {
        signal,
        observed,
        expected,
        n,
        decibans,
        window: (from, to),
    } = item
    else {
        return None;
    };
    let words = told.signal(signal);
    Some(json!({
        "signal": signal,
        "title": words.map(|words| words.title),
        "meaning": words.map(|words| words.meaning),
        "figures": figures(told, item),
        "observed": observed,
        "expected": expected,
        "n": n,
        "decibans": decibans,
        "window": { "from": from, "to": to },
    }))
}

fn episode(episode: &Episode) -> Value {
    json!({
        "flag_id": episode.flag_id,
        "rev": episode.rev,
        "opened_at": episode.opened_at,
        "confirmed": episode.confirmed,
    })
}

fn lack_value(told: &Told<'_>, lack: Lack) -> Value {
    let words = lacking(told, lack);
    match lack {
        Lack::Orders { have, least } => {
            json!({ "name": "orders", "have": have, "least": least, "words": words })
        }
        Lack::Score(missing) => json!({ "name": "score", "decibans": missing, "words": words }),
        Lack::LearnedOrders => json!({ "name": "learned_orders", "words": words }),
        Lack::Validity => json!({ "name": "validity", "words": words }),
        Lack::Order => json!({ "name": "order", "words": words }),
    }
}
