//! The console for programs: JSON under `/api/v1`.
//!
//! A token in the `Authorization` header says who asks; cookies count for nothing here, so that no
//! page of another site can ask in somebody's name. `openapi.json` describes every address.

mod answers;
mod views;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Extension, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use promoguard_review::TokenHolder;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::access::{self, Access, Visitor};
use crate::app::{Console, Parts, wall_ms};
use crate::fault::Fault;
use crate::policy::Permission;
use crate::texts::Texts;

/// Everything below is for programs.
pub(crate) const PREFIX: &str = "/api/";
const DESCRIPTION: &str = include_str!("api/openapi.json");

/// What a refused request is told (RFC 9457).
#[derive(Serialize)]
struct Problem {
    title: &'static str,
    status: u16,
    detail: String,
}

fn problem(status: StatusCode, detail: String) -> Response {
    let body = Problem {
        title: status.canonical_reason().unwrap_or("refused"),
        status: status.as_u16(),
        detail,
    };
    let mut response = json(status, &body);
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        axum::http::HeaderValue::from_static("application/problem+json"),
    );
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(
            header::WWW_AUTHENTICATE,
            axum::http::HeaderValue::from_static("Bearer"),
        );
    }
    response
}

fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_string(body) {
        Ok(text) => (status, [(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A fault, as a program is told of it.
pub(crate) fn fault(visitor: &Visitor, fault: Fault) -> Response {
    let t = &visitor.texts;
    match fault {
        Fault::NotFound => problem(StatusCode::NOT_FOUND, t.say("fault-not-found")),
        Fault::Forbidden => problem(StatusCode::FORBIDDEN, t.say("fault-forbidden-token")),
        Fault::Wrong(key) => problem(StatusCode::BAD_REQUEST, t.say(key)),
        Fault::Store(error) => {
            tracing::error!(%error, path = visitor.path, "an answer failed");
            problem(StatusCode::INTERNAL_SERVER_ERROR, t.say("fault-store"))
        }
    }
}

/// Runs before every answer: host, origin, token, permission.
pub(crate) async fn guard(
    State((console, needs)): State<(Console, Permission)>,
    mut request: Request,
    next: Next,
) -> Response {
    let parts = console.parts();
    let headers = request.headers();
    let is_open = matches!(parts.settings.access, Access::Open(_));
    if is_open && !access::names_this_machine(headers) {
        return problem(StatusCode::MISDIRECTED_REQUEST, "not this host".to_owned());
    }
    // Programs do not say where they come from; browsers do.
    let is_browser = headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site");
    if is_browser && !access::is_same_origin(headers) {
        return problem(StatusCode::FORBIDDEN, "from another site".to_owned());
    }
    let language = access::language(headers, parts.settings.language);
    let mut visitor = Visitor {
        user: None,
        token: None,
        scopes: None,
        texts: Texts::new(language, &parts.clock),
        path: request.uri().path().to_owned(),
    };
    match &parts.settings.access {
        Access::Open(user) => visitor.user = Some(user.clone()),
        Access::Accounts => match holder(&console, headers).await {
            Ok(Some(holder)) => {
                visitor.user = Some(holder.user);
                visitor.scopes = Some(holder.scopes);
            }
            Ok(None) => {}
            Err(error) => return fault(&visitor, error),
        },
    }
    if visitor.user.is_none() && needs != Permission::Public {
        let told = visitor.texts.say("fault-no-token");
        return problem(StatusCode::UNAUTHORIZED, told);
    }
    if !visitor.may(needs) {
        tracing::warn!(user = visitor.name(), path = visitor.path, "access denied");
        return fault(&visitor, Fault::Forbidden);
    }
    request.extensions_mut().insert(visitor);
    next.run(request).await
}

async fn holder(console: &Console, headers: &HeaderMap) -> Result<Option<TokenHolder>, Fault> {
    let shown = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some((_, token)) = shown else {
        return Ok(None);
    };
    let (console, token) = (console.clone(), token.trim().to_owned());
    let found =
        tokio::task::spawn_blocking(move || console.parts().store.token_holder(&token, wall_ms()));
    match found.await {
        Ok(found) => Ok(found?),
        // It panicked; nobody is let in by that.
        Err(_) => Ok(None),
    }
}

async fn run(
    console: Console,
    visitor: Visitor,
    work: impl FnOnce(&Parts, &Visitor) -> Result<Response, Fault> + Send + 'static,
) -> Response {
    let asking = visitor.clone();
    match console.run(move |parts| work(parts, &asking)).await {
        Ok(response) => response,
        Err(error) => fault(&visitor, error),
    }
}

type Listed<Q> = fn(&Parts, &Visitor, Q) -> Result<Response, Fault>;
type Placed<Q> = fn(&Parts, &Visitor, &str, Q) -> Result<Response, Fault>;

fn listed<Q: DeserializeOwned + Send + 'static>(
    console: &Console,
    work: Listed<Q>,
) -> MethodRouter {
    let console = console.clone();
    get(
        move |visitor: Extension<Visitor>, query: Result<Query<Q>, QueryRejection>| async move {
            match query {
                Ok(Query(query)) => {
                    run(console, visitor.0, move |parts, visitor| {
                        work(parts, visitor, query)
                    })
                    .await
                }
                Err(refused) => problem(StatusCode::BAD_REQUEST, refused.body_text()),
            }
        },
    )
}

fn placed<Q: DeserializeOwned + Send + 'static>(
    console: &Console,
    work: Placed<Q>,
) -> MethodRouter {
    let console = console.clone();
    get(
        move |visitor: Extension<Visitor>,
              Path(place): Path<String>,
              query: Result<Query<Q>, QueryRejection>| async move {
            match query {
                Ok(Query(query)) => {
                    run(console, visitor.0, move |parts, visitor| {
                        work(parts, visitor, &place, query)
                    })
                    .await
                }
                Err(refused) => problem(StatusCode::BAD_REQUEST, refused.body_text()),
            }
        },
    )
}

fn sent<B: DeserializeOwned + Send + 'static>(console: &Console, work: Placed<B>) -> MethodRouter {
    let console = console.clone();
    post(
        move |visitor: Extension<Visitor>,
              Path(place): Path<String>,
              headers: HeaderMap,
              body: Result<Bytes, BytesRejection>| async move {
            match read_body(&headers, body) {
                Ok(body) => {
                    run(console, visitor.0, move |parts, visitor| {
                        work(parts, visitor, &place, body)
                    })
                    .await
                }
                Err(refused) => *refused,
            }
        },
    )
}

fn read_body<B: DeserializeOwned>(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<B, Box<Response>> {
    let body = body.map_err(|refused| Box::new(problem(refused.status(), refused.body_text())))?;
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
    if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/json")) {
        let told = "send application/json".to_owned();
        return Err(Box::new(problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, told)));
    }
    serde_json::from_slice(&body)
        .map_err(|error| Box::new(problem(StatusCode::BAD_REQUEST, error.to_string())))
}

pub(crate) fn description(_: &Console) -> MethodRouter {
    get(|| async { ([(header::CONTENT_TYPE, "application/json")], DESCRIPTION) })
}

pub(crate) fn flags(console: &Console) -> MethodRouter {
    listed(console, answers::flags)
}

pub(crate) fn flag(console: &Console) -> MethodRouter {
    placed(console, answers::flag)
}

pub(crate) fn orders(console: &Console) -> MethodRouter {
    placed(console, answers::orders)
}

pub(crate) fn decide(console: &Console) -> MethodRouter {
    sent(console, answers::decide)
}

pub(crate) fn codes(console: &Console) -> MethodRouter {
    listed(console, answers::codes)
}

pub(crate) fn code(console: &Console) -> MethodRouter {
    placed(console, answers::code)
}

pub(crate) fn note(console: &Console) -> MethodRouter {
    sent(console, answers::note)
}

pub(crate) fn decisions(console: &Console) -> MethodRouter {
    listed(console, answers::decisions)
}

pub(crate) fn audit(console: &Console) -> MethodRouter {
    listed(console, answers::audit)
}
