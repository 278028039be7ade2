//! Users and their sessions.

use axum::response::Response;
use maud::{Markup, html};
use promoguard_review::{NewUser, PasswordFault, Role, User, UserError};

use crate::access::{Access, Visitor};
use crate::app::{Parts, wall_ms};
use crate::fault::Fault;
use crate::forms;
use crate::link;
use crate::page::{self, Section, name, nothing, role_key};
use crate::screens::tokens;

/// Sentences that may be said after a form; an address can ask for no other.
const SAID: [&str; 5] = [
    "user-added",
    "user-changed",
    "sessions-ended",
    "token-ended",
    "fault-form",
];

pub(crate) fn show(
    parts: &Parts,
    visitor: &Visitor,
    asked: forms::Settings,
) -> Result<Response, Fault> {
    let said = asked.said.filter(|said| SAID.contains(&said.as_str()));
    form(
        parts,
        visitor,
        said.map(|said| visitor.texts.say(&said)),
        None,
        None,
    )
}

/// The page; `token` is one that was just made.
pub(crate) fn form(
    parts: &Parts,
    visitor: &Visitor,
    said: Option<String>,
    fault: Option<String>,
    token: Option<&str>,
) -> Result<Response, Fault> {
    let t = &visitor.texts;
    let users = parts.store.users()?;
    let limits = parts.store.limits();
    let title = t.say("settings-title");
    let number = |value: u32| t.words.count(value.into());
    let body = html! {
        div.head { h1 { (title) } }
        @if let Some(said) = said { p.said role="status" { (said) } }
        @if let Some(fault) = fault { p.fault role="alert" { (fault) } }
        section aria-labelledby="users" {
            h2 id="users" { (t.say("users-title")) }
            @if parts.settings.access != Access::Accounts { (nothing(visitor, "users-open")) } @else {
                ul.users { @for user in &users { li { (user_form(visitor, user)) } } }
                h3 { (t.say("user-add")) }
                form.user method="post" action="/settings/users" {
                    label { (t.say("user-name")) input type="text" name="name" required minlength="2" maxlength="64" autocomplete="off"; }
                    label { (t.say("password")) input type="password" name="password" required minlength="8" maxlength="128" autocomplete="new-password"; }
                    (role_fields(visitor, Role::Analyst, None))
                    button type="submit" { (t.say("user-add")) }
                }
                h3 { (t.say("sessions-title")) }
                form method="post" action="/settings/sessions/end" {
                    button type="submit" data-confirm=(t.say("sessions-end-sure")) { (t.say("sessions-end")) }
                }
            }
        }
        section aria-labelledby="tokens" {
            h2 id="tokens" { (t.say("tokens-title")) }
            (tokens::section(parts, visitor, &users, token)?)
        }
        section aria-labelledby="keeping" {
            h2 id="keeping" { (t.say("keeping-title")) }
            dl.money {
                div { dt { (t.say("keeping-hours")) } dd { (t.with("days-short", &[("days", &number(limits.hours_days))])) } }
                div { dt { (t.say("keeping-orders")) } dd { (t.with("days-short", &[("days", &number(limits.orders_days))])) } }
                div { dt { (t.say("keeping-flags")) } dd { (t.with("days-short", &[("days", &number(limits.flags_days))])) } }
                div { dt { (t.say("keeping-claim")) } dd { (t.with("minutes-short", &[("minutes", &number(limits.claim_minutes))])) } }
                div { dt { (t.say("keeping-idle")) } dd { (t.with("minutes-short", &[("minutes", &number(limits.session_idle_minutes))])) } }
            }
            p.soft { (t.say("keeping-how")) }
        }
        section aria-labelledby="sources" { h2 id="sources" { (t.say("sources-title")) } (nothing(visitor, "sources-none")) }
    };
    let page = page::shell(parts, visitor, Section::Settings, &title, body);
    Ok(page::answer(page))
}

fn user_form(visitor: &Visitor, user: &User) -> Markup {
    let t = &visitor.texts;
    html! {
        form.user method="post" action=(format!("/settings/users/{}", link::escaped(&user.name))) aria-label=(user.name) {
            strong { (name(&user.name)) }
            (role_fields(visitor, user.role, user.merchant.as_deref()))
            label.check { input type="checkbox" name="disabled" value="yes" checked[user.disabled]; (t.say("user-disabled")) }
            button type="submit" { (t.say("save")) }
        }
    }
}

fn role_fields(visitor: &Visitor, role: Role, merchant: Option<&str>) -> Markup {
    let t = &visitor.texts;
    html! {
        label { (t.say("role")) select name="role" {
            @for known in Role::ALL { option value=(known.as_str()) selected[known == role] { (t.say(role_key(known))) } } } }
        label { (t.say("user-merchant")) input type="text" name="merchant" value=[merchant] maxlength="64" size="14"; }
    }
}

fn told(visitor: &Visitor, error: &UserError) -> Option<String> {
    let key = match error {
        UserError::Name => "fault-name",
        UserError::Taken => "fault-taken",
        UserError::Merchant => "fault-merchant",
        UserError::Password(PasswordFault::Short) => "fault-password-short",
        UserError::Password(PasswordFault::Long) => "fault-password-long",
        UserError::Password(PasswordFault::Common) => "fault-password-common",
        UserError::Token => "fault-token",
        UserError::LastAdmin => "fault-last-admin",
        UserError::Store(_) => return None,
    };
    Some(visitor.texts.say(key))
}

/// What a refused form says, or the store's own fault.
pub(crate) fn refusal(visitor: &Visitor, error: UserError) -> Result<String, Fault> {
    match (told(visitor, &error), error) {
        (Some(told), _) => Ok(told),
        (None, UserError::Store(error)) => Err(error.into()),
        (None, _) => Err(Fault::Wrong("fault-form")),
    }
}

pub(crate) fn add(parts: &Parts, visitor: &Visitor, typed: forms::User) -> Result<Response, Fault> {
    let user = NewUser {
        name: typed.name.trim().to_owned(),
        password: typed.password,
        role: Role::parse(&typed.role).ok_or(Fault::Wrong("fault-form"))?,
        merchant: typed.merchant.map(|merchant| merchant.to_lowercase()),
    };
    match parts.store.add_user(&user, &visitor.actor()?, wall_ms()) {
        Ok(_) => Ok(page::see("/settings?said=user-added")),
        Err(error) => {
            let fault = refusal(visitor, error)?;
            form(parts, visitor, None, Some(fault), None)
        }
    }
}

pub(crate) fn change(
    parts: &Parts,
    visitor: &Visitor,
    user: &str,
    typed: forms::User,
) -> Result<Response, Fault> {
    let known = parts
        .store
        .users()?
        .into_iter()
        .find(|known| known.name == user);
    let changed = User {
        name: known.ok_or(Fault::NotFound)?.name,
        role: Role::parse(&typed.role).ok_or(Fault::Wrong("fault-form"))?,
        merchant: typed.merchant.map(|merchant| merchant.to_lowercase()),
        disabled: typed.disabled.is_some(),
    };
    match parts
        .store
        .change_user(&changed, &visitor.actor()?, wall_ms())
    {
        Ok(()) => Ok(page::see("/settings?said=user-changed")),
        Err(error) => {
            let fault = refusal(visitor, error)?;
            form(parts, visitor, None, Some(fault), None)
        }
    }
}

pub(crate) fn end_sessions(
    parts: &Parts,
    visitor: &Visitor,
    _: forms::Nothing,
) -> Result<Response, Fault> {
    parts.store.end_sessions(&visitor.actor()?, wall_ms())?;
    Ok(page::see("/settings?said=sessions-ended"))
}
