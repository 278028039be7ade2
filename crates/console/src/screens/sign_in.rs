//! Signing in and out, the first admin, and the language.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use maud::html;
use promoguard_review::SignIn;

use crate::access::{Access, LANGUAGE_COOKIE, SESSION_COOKIE, Visitor};
use crate::app::{Parts, wall_ms};
use crate::fault::Fault;
use crate::forms;
use crate::link;
use crate::page::{self, Section};
use crate::screens::settings::refusal;

pub(crate) fn show(
    parts: &Parts,
    visitor: &Visitor,
    asked: forms::SignIn,
) -> Result<Response, Fault> {
    if visitor.user.is_some() {
        return Ok(page::see("/"));
    }
    form(parts, visitor, &asked, None)
}

fn form(
    parts: &Parts,
    visitor: &Visitor,
    asked: &forms::SignIn,
    fault: Option<String>,
) -> Result<Response, Fault> {
    let t = &visitor.texts;
    let title = t.say("sign-in-title");
    let has_users = parts.store.has_users()?;
    let body = html! {
        section.narrow {
            h1 { (title) }
            @if let Some(fault) = fault { p.fault role="alert" { (fault) } }
            @if has_users {
                form.stack method="post" action="/sign-in" {
                    input type="hidden" name="next" value=(link::own_path(&asked.next));
                    label { (t.say("user-name")) input type="text" name="name" value=(asked.name) required autofocus autocomplete="username"; }
                    label { (t.say("password")) input type="password" name="password" required autocomplete="current-password"; }
                    button.decide.big type="submit" { (t.say("sign-in")) }
                }
            } @else { p { (t.say("sign-in-nobody")) } }
        }
    };
    let page = page::shell(parts, visitor, Section::None, &title, body);
    Ok(page::answer(page))
}

pub(crate) fn send(
    parts: &Parts,
    visitor: &Visitor,
    typed: forms::SignIn,
) -> Result<Response, Fault> {
    if parts.settings.access != Access::Accounts {
        return Ok(page::see("/"));
    }
    let now_ms = wall_ms();
    let keys = [typed.name.to_lowercase()];
    let wait_ms = parts.throttle.wait_ms(&keys, now_ms);
    if wait_ms > 0 {
        let seconds = (wait_ms / 1_000 + 1).unsigned_abs();
        let fault = visitor.texts.counted("sign-in-wait", seconds);
        return form(parts, visitor, &typed, Some(fault));
    }
    match parts
        .store
        .sign_in(typed.name.trim(), &typed.password, now_ms)?
    {
        SignIn::Begun(session) => {
            parts.throttle.succeeded(&keys);
            // A session of before, which somebody else may have planted, ends.
            if let Some(old) = &visitor.token {
                parts.store.sign_out(old)?;
            }
            tracing::info!(user = session.user.name, "signed in");
            let cookie = session_cookie(&session.token, None);
            Ok(with_cookie(page::see(link::own_path(&typed.next)), &cookie))
        }
        SignIn::Refused => {
            parts.throttle.failed(&keys, now_ms);
            tracing::warn!(user = typed.name, "sign-in refused");
            let fault = visitor.texts.say("sign-in-wrong");
            form(parts, visitor, &typed, Some(fault))
        }
    }
}

pub(crate) fn out(parts: &Parts, visitor: &Visitor, _: forms::Nothing) -> Result<Response, Fault> {
    if let Some(token) = &visitor.token {
        parts.store.sign_out(token)?;
    }
    let cookie = session_cookie("", Some(0));
    Ok(with_cookie(page::see("/sign-in"), &cookie))
}

pub(crate) fn show_set_up(
    parts: &Parts,
    visitor: &Visitor,
    asked: forms::SetUp,
) -> Result<Response, Fault> {
    set_up_form(parts, visitor, &asked, None)
}

fn set_up_form(
    parts: &Parts,
    visitor: &Visitor,
    asked: &forms::SetUp,
    fault: Option<String>,
) -> Result<Response, Fault> {
    if parts.store.has_users()? || parts.settings.access != Access::Accounts {
        return Ok(page::see("/sign-in"));
    }
    let t = &visitor.texts;
    let title = t.say("set-up-title");
    let body = html! {
        section.narrow {
            h1 { (title) }
            p { (t.say("set-up-how")) }
            @if let Some(fault) = fault { p.fault role="alert" { (fault) } }
            form.stack method="post" action="/set-up" {
                label { (t.say("set-up-token")) input type="text" name="token" value=(asked.token) required autocomplete="off" spellcheck="false"; }
                label { (t.say("user-name")) input type="text" name="name" value=(asked.name) required minlength="2" maxlength="64" autocomplete="username"; }
                label { (t.say("password")) span.below { (t.say("password-how")) }
                    input type="password" name="password" required minlength="8" maxlength="128" autocomplete="new-password"; }
                button.decide.big type="submit" { (t.say("set-up")) }
            }
        }
    };
    let page = page::shell(parts, visitor, Section::None, &title, body);
    Ok(page::answer(page))
}

pub(crate) fn send_set_up(
    parts: &Parts,
    visitor: &Visitor,
    typed: forms::SetUp,
) -> Result<Response, Fault> {
    if parts.settings.access != Access::Accounts {
        return Err(Fault::NotFound);
    }
    let name = typed.name.trim();
    let made = parts
        .store
        .set_up(typed.token.trim(), name, &typed.password, wall_ms());
    match made {
        Ok(user) => {
            let signed_in = forms::SignIn {
                name: user.name,
                password: typed.password,
                next: "/".to_owned(),
            };
            send(parts, visitor, signed_in)
        }
        Err(error) => {
            let fault = refusal(visitor, error)?;
            set_up_form(parts, visitor, &typed, Some(fault))
        }
    }
}

pub(crate) fn language(_: &Parts, _: &Visitor, typed: forms::Language) -> Result<Response, Fault> {
    let known = ["kk", "ru", "en"];
    let language = known.into_iter().find(|known| *known == typed.language);
    let language = language.ok_or(Fault::Wrong("fault-form"))?;
    // A year.
    let cookie =
        format!("{LANGUAGE_COOKIE}={language}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly");
    Ok(with_cookie(page::see(link::own_path(&typed.back)), &cookie))
}

/// `Lax`, so that a link in a message opens the page and not the sign-in; what changes anything
/// checks where it comes from besides.
fn session_cookie(token: &str, age_seconds: Option<u32>) -> String {
    let age = age_seconds.map_or(String::new(), |age| format!("; Max-Age={age}"));
    format!("{SESSION_COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Lax{age}")
}

fn with_cookie(mut response: Response, cookie: &str) -> Response {
    match HeaderValue::from_str(cookie) {
        Ok(value) => {
            response.headers_mut().append(header::SET_COOKIE, value);
            response
        }
        // Tokens and languages are plain letters.
        Err(_) => axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
