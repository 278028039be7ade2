//! Tokens of programs, on the page of settings.

use axum::response::Response;
use maud::{Markup, html};
use promoguard_event::EventTime;
use promoguard_review::{NewToken, TOKEN_DAYS_MAX, TokenError, TokenScope, User};

use crate::access::{Access, Visitor};
use crate::app::{Parts, wall_ms};
use crate::fault::Fault;
use crate::forms;
use crate::page::{self, name, nothing, time};
use crate::screens::settings;

/// Days that the form offers.
const DAYS_OFFERED: u32 = 90;

fn scope_key(scope: TokenScope) -> &'static str {
    match scope {
        TokenScope::Read => "scope-read",
        TokenScope::Export => "scope-export",
        TokenScope::Decide => "scope-decide",
        TokenScope::Hold => "scope-hold",
        TokenScope::Trail => "scope-trail",
    }
}

pub(crate) fn section(
    parts: &Parts,
    visitor: &Visitor,
    users: &[User],
    made: Option<&str>,
) -> Result<Markup, Fault> {
    let t = &visitor.texts;
    if parts.settings.access != Access::Accounts {
        return Ok(nothing(visitor, "tokens-open"));
    }
    let tokens = parts.store.tokens(wall_ms())?;
    Ok(html! {
        p.soft { (t.say("tokens-how")) " " a href="/api/v1/openapi.json" { "OpenAPI" } }
        @if let Some(made) = made {
            p.said role="status" { (t.say("token-made")) br; code { (made) } }
        }
        @if tokens.is_empty() { (nothing(visitor, "tokens-none")) } @else {
            ul.users { @for token in &tokens { li {
                form.user method="post" action="/settings/tokens/end" aria-label=(format!("{}/{}", token.user, token.name)) {
                    strong { (name(&token.user)) "/" (name(&token.name)) }
                    span {
                        @for (place, scope) in token.scopes.iter().enumerate() {
                            @if place > 0 { ", " } (t.say(scope_key(*scope)))
                        }
                        span.below {
                            (t.say("token-until")) " " (time(visitor, EventTime::from_millis(token.expires_ms))) " · "
                            @match token.used_ms {
                                Some(used_ms) => { (t.say("token-used")) " " (time(visitor, EventTime::from_millis(used_ms))) },
                                None => (t.say("token-unused")),
                            }
                        }
                    }
                    input type="hidden" name="user" value=(token.user);
                    input type="hidden" name="name" value=(token.name);
                    button type="submit" { (t.say("token-end")) }
                }
            } } }
        }
        h3 { (t.say("token-add")) }
        form.user method="post" action="/settings/tokens" {
            label { (t.say("token-user")) select name="user" {
                @for user in users { option value=(user.name) selected[user.name == visitor.name()] { (user.name) } } } }
            label { (t.say("user-name")) input type="text" name="name" required minlength="2" maxlength="64" autocomplete="off"; }
            label { (t.say("token-days")) input type="number" name="days" required min="1" max=(TOKEN_DAYS_MAX) value=(DAYS_OFFERED); }
            @for scope in TokenScope::ALL {
                label.check { input type="checkbox" name=(scope.as_str()) value="yes" checked[scope == TokenScope::Read]; (t.say(scope_key(scope))) }
            }
            button type="submit" { (t.say("token-add")) }
        }
    })
}

pub(crate) fn add(
    parts: &Parts,
    visitor: &Visitor,
    typed: forms::Token,
) -> Result<Response, Fault> {
    let ticked = |scope: &TokenScope| match scope {
        TokenScope::Read => typed.read.is_some(),
        TokenScope::Export => typed.export.is_some(),
        TokenScope::Decide => typed.decide.is_some(),
        TokenScope::Hold => typed.hold.is_some(),
        TokenScope::Trail => typed.trail.is_some(),
    };
    let wanted = NewToken {
        user: typed.user.clone(),
        name: typed.name.trim().to_owned(),
        scopes: TokenScope::ALL.into_iter().filter(ticked).collect(),
        days: typed
            .days
            .as_deref()
            .and_then(|days| days.parse().ok())
            .unwrap_or(0),
    };
    let key = match parts.store.add_token(&wanted, &visitor.actor()?, wall_ms()) {
        // No address may hold the token, so this answer does instead of leading elsewhere.
        Ok(token) => return settings::form(parts, visitor, None, None, Some(&token)),
        Err(TokenError::Name) => "fault-name",
        Err(TokenError::Taken) => "fault-taken",
        Err(TokenError::User) => "fault-token-user",
        Err(TokenError::Scopes) => "fault-token-scopes",
        Err(TokenError::Days) => "fault-token-days",
        Err(TokenError::TooMany) => "fault-token-many",
        Err(TokenError::Store(error)) => return Err(error.into()),
    };
    settings::form(parts, visitor, None, Some(visitor.texts.say(key)), None)
}

pub(crate) fn end(
    parts: &Parts,
    visitor: &Visitor,
    typed: forms::EndToken,
) -> Result<Response, Fault> {
    let ended = parts
        .store
        .end_token(&typed.user, &typed.name, &visitor.actor()?, wall_ms())?;
    if !ended {
        return Err(Fault::NotFound);
    }
    Ok(page::see("/settings?said=token-ended"))
}
