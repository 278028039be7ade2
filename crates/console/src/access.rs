//! Who a visitor is, and the checks that hold for every request.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use promoguard_review::{Actor, Scope, TokenScope, User};
use promoguard_words::Language;

use crate::app::{Console, wall_ms};
use crate::fault::Fault;
use crate::link;
use crate::page;
use crate::policy::{Permission, allows, scope_of};
use crate::texts::Texts;

/// Who gets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Users of the review store, with passwords.
    Accounts,
    /// Whoever sits at this machine, as this user: for demonstrations. The listener must be on a
    /// loopback address; requests that name another host are refused, so that no page on the web
    /// reaches it through a name of its own.
    Open(User),
}

/// The cookie of a session. The prefix makes browsers refuse it over plain connections to other
/// machines, and from other hosts of the same domain.
pub(crate) const SESSION_COOKIE: &str = "__Host-promoguard";
/// The cookie of the language.
pub(crate) const LANGUAGE_COOKIE: &str = "promoguard-language";

/// Somebody who asks for a page.
#[derive(Clone)]
pub(crate) struct Visitor {
    /// `None` on public pages for strangers.
    pub(crate) user: Option<User>,
    /// The session's token.
    pub(crate) token: Option<String>,
    /// What a program's token is for; `None` for people, whom their role alone limits.
    pub(crate) scopes: Option<Vec<TokenScope>>,
    /// Words.
    pub(crate) texts: Texts,
    /// Path and query of the request.
    pub(crate) path: String,
}

impl Visitor {
    pub(crate) fn may(&self, permission: Permission) -> bool {
        let Some(user) = &self.user else {
            return permission == Permission::Public;
        };
        let is_in_scope = match &self.scopes {
            None => true,
            Some(_) if permission == Permission::Public => true,
            Some(scopes) => scope_of(permission).is_some_and(|scope| scopes.contains(&scope)),
        };
        is_in_scope && allows(user.role, permission)
    }

    /// What the visitor may see; nothing for strangers.
    pub(crate) fn scope(&self) -> Scope {
        match &self.user {
            Some(user) => user.scope(),
            None => Scope::Merchant(String::new()),
        }
    }

    pub(crate) fn actor(&self) -> Result<Actor, Fault> {
        self.user.as_ref().map(User::actor).ok_or(Fault::Forbidden)
    }

    pub(crate) fn name(&self) -> &str {
        self.user.as_ref().map_or("", |user| &user.name)
    }
}

/// Runs before every page: host, origin, session, permission.
pub(crate) async fn guard(
    State((console, needs)): State<(Console, Permission)>,
    mut request: Request,
    next: Next,
) -> Response {
    let parts = console.parts();
    let headers = request.headers();
    if matches!(parts.settings.access, Access::Open(_)) && !names_this_machine(headers) {
        return (StatusCode::MISDIRECTED_REQUEST, "not this host\n").into_response();
    }
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_read && !is_same_origin(headers) {
        tracing::warn!(
            path = request.uri().path(),
            "request from another site refused"
        );
        return (StatusCode::FORBIDDEN, "from another site\n").into_response();
    }
    let language = language(headers, parts.settings.language);
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str())
        .to_owned();
    let token = cookie(headers, SESSION_COOKIE).map(str::to_owned);
    let user = match &parts.settings.access {
        Access::Open(user) => Ok(Some(user.clone())),
        Access::Accounts => session_user(&console, token.clone()).await,
    };
    let mut visitor = Visitor {
        user: None,
        token,
        scopes: None,
        texts: Texts::new(language, &parts.clock),
        path,
    };
    match user {
        Ok(user) => visitor.user = user,
        Err(fault) => return page::fault(parts, &visitor, fault),
    }
    if visitor.user.is_none() && needs != Permission::Public {
        if is_read {
            let next = link::escaped(&visitor.path);
            return Redirect::to(&format!("/sign-in?next={next}")).into_response();
        }
        return page::fault(parts, &visitor, Fault::Forbidden);
    }
    if !visitor.may(needs) {
        tracing::warn!(user = visitor.name(), path = visitor.path, "access denied");
        return page::fault(parts, &visitor, Fault::Forbidden);
    }
    request.extensions_mut().insert(visitor);
    next.run(request).await
}

/// What every answer carries, whatever it is.
pub(crate) async fn protect(request: Request, next: Next) -> Response {
    const HEADERS: [(&str, &str); 7] = [
        (
            "content-security-policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
             connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
        ("x-content-type-options", "nosniff"),
        // "no-referrer" would also take the origin off our own forms, by which they are told apart
        // from those of other sites.
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-frame-options", "DENY"),
        (
            "permissions-policy",
            "camera=(), geolocation=(), microphone=()",
        ),
    ];
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn session_user(console: &Console, token: Option<String>) -> Result<Option<User>, Fault> {
    let Some(token) = token else {
        return Ok(None);
    };
    let console = console.clone();
    let found =
        tokio::task::spawn_blocking(move || console.parts().store.session_user(&token, wall_ms()));
    match found.await {
        Ok(found) => Ok(found?),
        // It panicked; nobody is let in by that.
        Err(_) => Ok(None),
    }
}

/// Browsers say where a request comes from; one that does not say may not change anything.
pub(crate) fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(host) = text("host") else {
        return false;
    };
    let origin = text("origin").and_then(|origin| origin.split_once("://"));
    origin.is_some_and(|(_, from)| from == host)
}

pub(crate) fn names_this_machine(headers: &HeaderMap) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let name = host.map(|host| host.rsplit_once(':').map_or(host, |(name, _)| name));
    // An IPv6 address without a port ends in a bracket.
    matches!(name, Some("127.0.0.1" | "localhost" | "[::1]")) || host == Some("[::1]")
}

/// The value of a cookie.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).into_iter();
    let texts = all.filter_map(|value| value.to_str().ok());
    texts
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

/// The language that the visitor chose, else the first that the browser asks for, else the default.
pub(crate) fn language(headers: &HeaderMap, default: Language) -> Language {
    let named = |tag: &str| {
        let tag = tag.trim().get(..2).unwrap_or("").to_ascii_lowercase();
        Language::ALL
            .into_iter()
            .find(|language| language.as_str() == tag)
    };
    let chosen = cookie(headers, LANGUAGE_COOKIE).and_then(named);
    let asked = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(',').find_map(named));
    chosen.or(asked).unwrap_or(default)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        pairs.collect()
    }

    #[test]
    fn only_the_console_itself_may_change_anything() {
        let check = |pairs: &[(&'static str, &'static str)], expected| {
            assert_eq!(is_same_origin(&headers(pairs)), expected, "{pairs:?}");
        };
        check(&[("sec-fetch-site", "same-origin")], true);
        check(
            &[
                ("sec-fetch-site", "cross-site"),
                ("host", "a"),
                ("origin", "https://a"),
            ],
            false,
        );
        check(&[("sec-fetch-site", "same-site")], false);
        check(&[("sec-fetch-site", "none")], false);
        check(&[("host", "a:1"), ("origin", "http://a:1")], true);
        check(&[("host", "a:1"), ("origin", "http://b:1")], false);
        check(&[("host", "a:1"), ("origin", "null")], false);
        check(&[("host", "a:1")], false);
        check(&[], false);
    }

    #[test]
    fn an_open_console_answers_to_this_machine_alone() {
        let check = |host: &'static str, expected| {
            assert_eq!(
                names_this_machine(&headers(&[("host", host)])),
                expected,
                "{host}"
            );
        };
        for host in [
            "127.0.0.1:9464",
            "localhost",
            "localhost:1",
            "[::1]:9464",
            "[::1]",
        ] {
            check(host, true);
        }
        for host in ["evil.kz", "127.0.0.1.evil.kz:80", "10.0.0.1", "[::1]x"] {
            check(host, false);
        }
        assert!(!names_this_machine(&headers(&[])));
    }

    #[test]
    fn the_language_is_chosen_then_asked_for_then_the_default() {
        let check = |pairs: &[(&'static str, &'static str)], expected| {
            assert_eq!(language(&headers(pairs), Language::Russian), expected);
        };
        check(&[], Language::Russian);
        check(
            &[("accept-language", "de-DE,kk;q=0.9,en")],
            Language::Kazakh,
        );
        check(
            &[
                ("accept-language", "kk"),
                ("cookie", "a=b; promoguard-language=en"),
            ],
            Language::English,
        );
        check(&[("accept-language", "*")], Language::Russian);
    }
}
