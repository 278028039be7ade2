//! Deciding a flag: what it is, what is held from when, and why; with a preview in money.

use axum::response::Response;
use maud::{Markup, html};
use promoguard_event::{Currency, Decimal, EventTime, FlagKind, Outcome, parse_rfc3339};
use promoguard_review::holds::{FallenOrders, HoldFrom, HoldRequest, Rule, Totals, holds};
use promoguard_review::{DecideError, FlagCard, NewDecision};

use crate::access::Visitor;
use crate::app::{Parts, wall_ms};
use crate::fault::Fault;
use crate::forms;
use crate::link;
use crate::page::{self, Section, name, outcome_key, outcome_text};
use crate::policy::Permission;
use crate::screens::queue::{exposure, leaked, short_kind, until};

const NOTE_BYTES_MAX: usize = 2_048;
const HOSTS_MAX: usize = 256;

/// Holds a flag for the visitor, then shows the form.
pub(crate) fn claim(
    parts: &Parts,
    visitor: &Visitor,
    flag_id: &str,
    _: forms::Nothing,
) -> Result<Response, Fault> {
    let actor = visitor.actor()?;
    let claim = parts
        .store
        .claim(flag_id, &actor, &visitor.scope(), wall_ms())?;
    match claim {
        promoguard_review::Claim::Unknown => Err(Fault::NotFound),
        // If somebody else has it, the form says so.
        promoguard_review::Claim::Held(_) | promoguard_review::Claim::Taken(..) => {
            Ok(page::see(&link::decide(flag_id)))
        }
    }
}

/// Lets a flag go.
pub(crate) fn release(
    parts: &Parts,
    visitor: &Visitor,
    flag_id: &str,
    _: forms::Nothing,
) -> Result<Response, Fault> {
    let card = parts.store.flag_card(flag_id, &visitor.scope())?;
    let card = card.ok_or(Fault::NotFound)?;
    parts.store.release(flag_id, &visitor.actor()?, wall_ms())?;
    Ok(page::see(&link::flag(&card.code, flag_id)))
}

/// What a hold would keep back.
struct Preview {
    from: EventTime,
    orders: u64,
    all_orders: u64,
    sums: Vec<(Currency, Totals)>,
    before: Decimal,
}

pub(crate) fn show(
    parts: &Parts,
    visitor: &Visitor,
    flag_id: &str,
    asked: forms::Decide,
) -> Result<Response, Fault> {
    form(parts, visitor, flag_id, &asked, None)
}

fn form(
    parts: &Parts,
    visitor: &Visitor,
    flag_id: &str,
    asked: &forms::Decide,
    fault: Option<String>,
) -> Result<Response, Fault> {
    let t = &visitor.texts;
    let card = parts.store.flag_card(flag_id, &visitor.scope())?;
    let card = card.ok_or(Fault::NotFound)?;
    let now_ms = wall_ms();
    let taken = card
        .claim
        .as_ref()
        .filter(|(who, until_ms)| who != visitor.name() && *until_ms > now_ms);
    let hold = asked.hold.as_deref().unwrap_or("none");
    let preview = match hold_from(visitor, asked) {
        Ok(Some(from)) => preview(parts, visitor, flag_id, from)?,
        Ok(None) | Err(_) => None,
    };
    let may_hold = visitor.may(Permission::Hold) && card.kind != FlagKind::ClickFlood.as_str();
    let title = t.with("decide-title", &[("code", &page::visible(&card.spelling))]);
    let body = html! {
        section.decide-page {
            p { a href=(link::flag(&card.code, flag_id)) { "← " (name(&card.spelling)) } }
            h1 { (title) }
            (summary(visitor, &card))
            @if let Some(fault) = &fault { p.fault role="alert" { (fault) } }
            @if let Some((who, until_ms)) = taken {
                p.fault role="alert" { (t.with("claimed-by", &[("who", who)])) " "
                    (t.with("claimed-until", &[("time", &until(visitor, *until_ms))])) }
            }
            @if let Some(outcome) = &card.outcome {
                p.said { (t.with("decided-already", &[("outcome", &outcome_text(visitor, outcome))])) }
            }
            form.decision id="decision" method="post" action=(link::decide(flag_id)) {
                input type="hidden" name="rev" value=(card.rev);
                input type="hidden" name="seen" value=(card.decisions);
                fieldset.outcomes {
                    legend { (t.say("decide-what")) }
                    @for (place, outcome) in Outcome::ALL.into_iter().enumerate() {
                        label {
                            input type="radio" name="outcome" value=(outcome.as_str()) required
                                checked[asked.outcome.as_deref() == Some(outcome.as_str())];
                            span { kbd { (place + 1) } " " strong { (t.say(outcome_key(outcome))) }
                                span.below { (t.say(effect_key(outcome))) } }
                        }
                    }
                }
                div.fields {
                    label { (t.say("decide-note"))
                        textarea id="note" name="note" rows="3" maxlength=(NOTE_BYTES_MAX / 2) { (asked.note.as_deref().unwrap_or("")) } }
                    label { (t.say("decide-hosts")) span.below { (t.say("decide-hosts-how")) }
                        input type="text" name="hosts" value=[asked.hosts.as_deref()] placeholder="berikod.ru" autocomplete="off" spellcheck="false"; }
                    label { (t.say("decide-expected")) span.below { (t.with("zone", &[("zone", &t.clock.name_at(parts.now()))])) }
                        input type="datetime-local" name="expected_post" value=[asked.expected_post.as_deref()]; }
                    fieldset.worth { legend { (t.say("decide-worth")) }
                        label { input type="radio" name="worth" value="yes" checked[asked.worth.as_deref() == Some("yes")]; (t.say("yes")) }
                        label { input type="radio" name="worth" value="no" checked[asked.worth.as_deref() == Some("no")]; (t.say("no")) }
                    }
                }
                fieldset.hold {
                    legend { (t.say("hold-title")) }
                    @if may_hold {
                        @for (word, key) in [("none", "hold-none"), ("low", "hold-low"), ("onset", "hold-onset"), ("at", "hold-at")] {
                            label { input type="radio" name="hold" value=(word) checked[hold == word]; (t.say(key))
                                @if word == "low" { " " span.soft { (t.short_time(card.onset[1])) } }
                                @if word == "onset" { " " span.soft { (t.short_time(card.onset[0])) } }
                                @if word == "at" { " " input type="datetime-local" name="hold_at" value=[asked.hold_at.as_deref()] aria-label=(t.say("hold-at")); }
                            }
                        }
                    } @else if card.kind == FlagKind::ClickFlood.as_str() { p.soft { (t.say("hold-no-flood")) } }
                    @else { p.soft { (t.say("hold-not-yours")) } }
                    @if let Some(preview) = &preview { (preview_text(visitor, preview)) }
                }
                div.send {
                    button.decide.big type="submit" disabled[taken.is_some()] { (t.say("decide-send")) }
                    // After the decision: the first button of a form is the one that Enter presses.
                    @if may_hold {
                        button type="submit" formmethod="get" formnovalidate { (t.say("hold-preview")) }
                    }
                    span.soft { (t.say("decide-send-how")) }
                }
            }
        }
    };
    let page = page::shell(parts, visitor, Section::Queue, &title, body);
    Ok(page::answer(page))
}

fn summary(visitor: &Visitor, card: &FlagCard) -> Markup {
    let t = &visitor.texts;
    html! {
        dl.figures.small {
            div { dt { (t.say("col-looks-like")) } dd { (short_kind(visitor, &card.kind)) } }
            div { dt { (t.say("col-score")) } dd { (t.decibans(card.score)) } }
            div { dt { (t.say("col-onset")) } dd { (t.time(card.onset[0])) } }
            div { dt { (t.say("col-orders")) } dd { (leaked(visitor, card)) } }
            div { dt { (t.say("col-leaked")) } dd { (exposure(visitor, card)) } }
            div { dt { (t.say("col-leaking")) } dd { (t.money(card.leaking, card.currency)) } }
        }
    }
}

fn effect_key(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Leak => "effect-leak",
        Outcome::Legitimate => "effect-legitimate",
        Outcome::Permitted => "effect-permitted",
        Outcome::Expected => "effect-expected",
        Outcome::DataError => "effect-data-error",
        Outcome::Unclear => "effect-unclear",
    }
}

fn preview_text(visitor: &Visitor, preview: &Preview) -> Markup {
    let t = &visitor.texts;
    html! {
        div.preview role="status" {
            @for (currency, totals) in &preview.sums {
                p.big { (t.with("preview", &[
                    ("orders", &t.counted("orders", preview.orders)),
                    ("all", &t.words.count(preview.all_orders)),
                    ("held", &t.money(totals.held, *currency)),
                    ("commission", &t.money(Decimal(totals.commission.0 + preview.before.0), *currency)),
                ])) }
                p.soft { (t.with("preview-rest", &[("released", &t.money(Decimal(totals.released.0 + preview.before.0), *currency)),
                    ("time", &t.time(preview.from))])) }
            }
            @if preview.sums.is_empty() { p { (t.say("preview-nothing")) } }
        }
    }
}

fn preview(
    parts: &Parts,
    visitor: &Visitor,
    flag_id: &str,
    from: HoldFrom,
) -> Result<Option<Preview>, Fault> {
    let inputs = parts.store.hold_inputs(flag_id, &visitor.scope())?;
    let (flag, orders) = inputs.ok_or(Fault::NotFound)?;
    let request = HoldRequest {
        flag_id,
        flag: Some(&flag),
        from,
        rule: Rule::Part,
    };
    // Made-up clicks hold no orders; there is nothing to show then.
    let Ok(list) = holds(&request, &orders, &FallenOrders::new()) else {
        return Ok(None);
    };
    let count = |totals: &std::collections::BTreeMap<Currency, Totals>| -> u64 {
        totals.values().map(|totals| totals.orders).sum()
    };
    let orders = count(&list.totals);
    Ok(Some(Preview {
        from: list.from,
        orders,
        all_orders: orders + count(&list.before) + count(&list.after),
        before: Decimal(
            list.before
                .values()
                .chain(list.after.values())
                .map(|totals| totals.commission.0)
                .sum(),
        ),
        sums: list.totals.into_iter().collect(),
    }))
}

/// What the form says of a hold.
fn hold_from(visitor: &Visitor, asked: &forms::Decide) -> Result<Option<HoldFrom>, Fault> {
    match asked.hold.as_deref().unwrap_or("none") {
        "none" => Ok(None),
        "low" => Ok(Some(HoldFrom::Low)),
        "onset" => Ok(Some(HoldFrom::Onset)),
        "at" => {
            let typed = asked
                .hold_at
                .as_deref()
                .ok_or(Fault::Wrong("fault-hold-at"))?;
            let at = local_time(visitor, typed).ok_or(Fault::Wrong("fault-hold-at"))?;
            Ok(Some(HoldFrom::At(at)))
        }
        _ => Err(Fault::Wrong("fault-form")),
    }
}

/// `2026-03-10T12:00` on the wall's clock of the zone.
fn local_time(visitor: &Visitor, typed: &str) -> Option<EventTime> {
    let typed = if typed.len() == 16 {
        format!("{typed}:00")
    } else {
        typed.to_owned()
    };
    let as_utc = parse_rfc3339(&format!("{typed}Z")).ok()?;
    let offset = visitor.texts.clock.format(as_utc, "%:z");
    parse_rfc3339(&format!("{typed}{offset}")).ok()
}

pub(crate) fn send(
    parts: &Parts,
    visitor: &Visitor,
    flag_id: &str,
    asked: forms::Decide,
) -> Result<Response, Fault> {
    let decision = match read(parts, visitor, flag_id, &asked) {
        Ok(decision) => decision,
        Err(Fault::Wrong(key)) => {
            let said = visitor.texts.say(key);
            return form(parts, visitor, flag_id, &asked, Some(said));
        }
        Err(fault) => return Err(fault),
    };
    let (actor, scope, now_ms) = (visitor.actor()?, visitor.scope(), wall_ms());
    let stored = match parts.store.decide(&decision, &actor, &scope, now_ms) {
        Ok(stored) => stored,
        Err(DecideError::Overtaken(first)) => {
            let told = first.map(|first| {
                let outcome = outcome_text(visitor, &first.outcome);
                visitor.texts.with(
                    "overtaken",
                    &[
                        ("who", &first.actor),
                        ("outcome", &outcome),
                        ("time", &visitor.texts.time(first.ts)),
                    ],
                )
            });
            let told = told.unwrap_or_else(|| visitor.texts.say("fault-overtaken"));
            return form(parts, visitor, flag_id, &asked, Some(told));
        }
        Err(DecideError::Claimed(who)) => {
            let told = visitor.texts.with("claimed-by", &[("who", &who)]);
            return form(parts, visitor, flag_id, &asked, Some(told));
        }
        Err(error) => return Err(error.into()),
    };
    // The next one that nobody else has; else back to the queue.
    let next = parts.store.next_in_queue(&actor.name, &scope, now_ms)?;
    Ok(page::see(&match next {
        Some(card) => format!(
            "{}&done={}",
            link::flag(&card.code, &card.flag_id),
            stored.outcome
        ),
        None => format!("/?done={}", stored.outcome),
    }))
}

/// A decision with its fields understood, not yet checked against each other.
pub(crate) struct Meant {
    pub(crate) rev: u32,
    pub(crate) seen: u32,
    pub(crate) outcome: Outcome,
    pub(crate) hold: Option<HoldFrom>,
    pub(crate) hosts: Vec<String>,
    pub(crate) expected_post: Option<EventTime>,
    pub(crate) worth: Option<bool>,
    pub(crate) note: Option<String>,
}

fn read(
    parts: &Parts,
    visitor: &Visitor,
    flag_id: &str,
    asked: &forms::Decide,
) -> Result<NewDecision, Fault> {
    let outcome = asked.outcome.as_deref().and_then(Outcome::parse);
    let expected_post = match asked.expected_post.as_deref() {
        Some(typed) => Some(local_time(visitor, typed).ok_or(Fault::Wrong("fault-expected"))?),
        None => None,
    };
    let hosts = asked.hosts.as_deref().unwrap_or("");
    let meant = Meant {
        rev: asked.rev,
        seen: asked.seen,
        outcome: outcome.ok_or(Fault::Wrong("fault-outcome"))?,
        hold: hold_from(visitor, asked)?,
        hosts: hosts
            .split([',', ' ', ';', '\n'])
            .map(str::to_owned)
            .collect(),
        expected_post,
        worth: asked.worth.as_deref().map(|worth| worth == "yes"),
        note: asked.note.clone(),
    };
    checked(parts, visitor, flag_id, meant)
}

/// A decision that can be meant and that the visitor may take.
pub(crate) fn checked(
    parts: &Parts,
    visitor: &Visitor,
    flag_id: &str,
    meant: Meant,
) -> Result<NewDecision, Fault> {
    let Meant { outcome, note, .. } = meant;
    if note
        .as_ref()
        .is_some_and(|note| note.len() > NOTE_BYTES_MAX)
    {
        return Err(Fault::Wrong("fault-note"));
    }
    let hosts: Vec<String> = meant
        .hosts
        .iter()
        .map(|host| host.trim().to_lowercase())
        .filter(|host| !host.is_empty())
        .collect();
    let is_host = |host: &String| {
        host.len() <= 64 && host.contains('.') && promoguard_event::host_of(host).is_some()
    };
    if hosts.len() > HOSTS_MAX || !hosts.iter().all(is_host) {
        return Err(Fault::Wrong("fault-hosts"));
    }
    if outcome == Outcome::Permitted && hosts.is_empty() {
        return Err(Fault::Wrong("fault-hosts-missing"));
    }
    if outcome == Outcome::Expected && meant.expected_post.is_none() {
        return Err(Fault::Wrong("fault-expected"));
    }
    if meant.hold.is_some() && !visitor.may(Permission::Hold) {
        return Err(Fault::Forbidden);
    }
    if meant.hold.is_some() && outcome != Outcome::Leak {
        return Err(Fault::Wrong("fault-hold-outcome"));
    }
    let held = match meant.hold {
        Some(from) => preview(parts, visitor, flag_id, from)?,
        None => None,
    };
    Ok(NewDecision {
        flag_id: flag_id.to_owned(),
        rev: meant.rev.max(1),
        decisions_seen: meant.seen,
        outcome,
        worth: meant.worth,
        note,
        hold_from: held.as_ref().map(|preview| preview.from),
        held: held
            .as_ref()
            .and_then(|preview| preview.sums.first())
            .map(|(currency, totals)| (totals.held, *currency)),
        hosts: if outcome == Outcome::Permitted {
            hosts
        } else {
            Vec::new()
        },
        expected_post: meant.expected_post.filter(|_| outcome == Outcome::Expected),
        ts: parts.now(),
    })
}
