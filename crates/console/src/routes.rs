//! Every page: its address, the permission it needs, and what answers.
//!
//! The router is built from this table and from nothing else, so a page without a permission
//! cannot exist.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Extension, Form, Path, Query};
use axum::http::StatusCode;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};

use crate::access::{self, Visitor};
use crate::api;
use crate::app::{Console, Parts};
use crate::assets;
use crate::fault::Fault;
use crate::forms;
use crate::page;
use crate::policy::Permission;
use crate::screens;

/// How a page is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Shows something; HEAD too.
    Get,
    /// Changes something.
    Post,
}

/// A page and what it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteRule {
    /// How it is called.
    pub method: Method,
    /// Its address, with places in braces.
    pub path: &'static str,
    /// What the visitor must have.
    pub needs: Permission,
}

type Answer = fn(&Console) -> MethodRouter;

struct Route {
    rule: RouteRule,
    answer: Answer,
}

/// Largest form; a note has 2 KiB.
const FORM_BYTES_MAX: usize = 64 << 10;

/// The table, for tests and documentation.
pub fn route_rules() -> Vec<RouteRule> {
    routes().into_iter().map(|route| route.rule).collect()
}

pub(crate) fn router(console: &Console) -> Router {
    let mut router = Router::new();
    for Route { rule, answer } in routes() {
        let state = (console.clone(), rule.needs);
        let guarded = if rule.path.starts_with(api::PREFIX) {
            answer(console).layer(middleware::from_fn_with_state(state, api::guard))
        } else {
            answer(console).layer(middleware::from_fn_with_state(state, access::guard))
        };
        router = router.route(rule.path, guarded);
    }
    let nowhere = console.clone();
    let not_found = get(move |visitor: Extension<Visitor>| {
        let response = if visitor.path.starts_with(api::PREFIX) {
            api::fault(&visitor, Fault::NotFound)
        } else {
            page::fault(nowhere.parts(), &visitor, Fault::NotFound)
        };
        async move { response }
    });
    let guarded = not_found.layer(middleware::from_fn_with_state(
        (console.clone(), Permission::Public),
        access::guard,
    ));
    router
        .fallback_service(guarded)
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(middleware::from_fn(access::protect))
}

/// Runs a screen away from the threads that answer, and turns faults into pages.
async fn run(
    console: Console,
    visitor: Visitor,
    screen: impl FnOnce(&Parts, &Visitor) -> Result<Response, Fault> + Send + 'static,
) -> Response {
    let answering = console.clone();
    let shown = visitor.clone();
    match answering.run(move |parts| screen(parts, &shown)).await {
        Ok(response) => response,
        Err(fault) => page::fault(console.parts(), &visitor, fault),
    }
}

/// A page without places and without a query.
macro_rules! plain {
    ($screen:path) => {
        |console: &Console| {
            let console = console.clone();
            get(move |visitor: Extension<Visitor>| run(console, visitor.0, $screen))
        }
    };
}

/// A page with a query.
macro_rules! asked {
    ($screen:path) => {
        |console: &Console| {
            let console = console.clone();
            get(move |visitor: Extension<Visitor>, Query(query)| {
                run(console, visitor.0, move |parts, visitor| {
                    $screen(parts, visitor, query)
                })
            })
        }
    };
}

/// A page with a place and a query.
macro_rules! placed {
    ($screen:path) => {
        |console: &Console| {
            let console = console.clone();
            get(
                move |visitor: Extension<Visitor>, Path(place): Path<String>, Query(query)| {
                    run(console, visitor.0, move |parts, visitor| {
                        $screen(parts, visitor, &place, query)
                    })
                },
            )
        }
    };
}

/// A form without a place.
macro_rules! sent {
    ($screen:path) => {
        |console: &Console| {
            let console = console.clone();
            post(move |visitor: Extension<Visitor>, Form(form)| {
                run(console, visitor.0, move |parts, visitor| {
                    $screen(parts, visitor, form)
                })
            })
        }
    };
}

/// A form with a place.
macro_rules! sent_to {
    ($screen:path) => {
        |console: &Console| {
            let console = console.clone();
            post(
                move |visitor: Extension<Visitor>, Path(place): Path<String>, Form(form)| {
                    run(console, visitor.0, move |parts, visitor| {
                        $screen(parts, visitor, &place, form)
                    })
                },
            )
        }
    };
}

fn routes() -> Vec<Route> {
    use Method::{Get, Post};
    use Permission::{DeadLetters, Decide, Export, People, Public, Read, SignedIn, Trail, Watch};
    let route = |method, path, needs, answer: Answer| Route {
        rule: RouteRule {
            method,
            path,
            needs,
        },
        answer,
    };
    vec![
        route(Get, "/", Read, asked!(screens::queue::show)),
        route(Get, "/changes", Read, asked!(screens::queue::changes)),
        route(Get, "/flags.csv", Export, asked!(screens::export::flags)),
        route(Get, "/flags/{flag}", Read, placed!(screens::code::by_flag)),
        route(
            Get,
            "/flags/{flag}/decide",
            Decide,
            placed!(screens::decide::show),
        ),
        route(
            Post,
            "/flags/{flag}/decide",
            Decide,
            sent_to!(screens::decide::send),
        ),
        route(
            Post,
            "/flags/{flag}/claim",
            Decide,
            sent_to!(screens::decide::claim),
        ),
        route(
            Post,
            "/flags/{flag}/release",
            Decide,
            sent_to!(screens::decide::release),
        ),
        route(
            Get,
            "/flags/{flag}/orders.csv",
            Export,
            placed!(screens::export::orders),
        ),
        route(Get, "/codes", Read, asked!(screens::codes::show)),
        route(Get, "/codes.csv", Export, asked!(screens::export::codes)),
        route(Get, "/codes/{code}", Read, placed!(screens::code::show)),
        route(
            Post,
            "/codes/{code}/notes",
            Decide,
            sent_to!(screens::code::note),
        ),
        route(
            Get,
            "/partners/{partner}",
            Read,
            placed!(screens::partner::show),
        ),
        route(Get, "/shops", Read, plain!(screens::shops::all)),
        route(Get, "/shops.csv", Export, plain!(screens::export::shops)),
        route(Get, "/shops/{merchant}", Read, placed!(screens::shops::one)),
        route(Get, "/quality", Watch, plain!(screens::quality::show)),
        route(Get, "/ops", Watch, plain!(screens::ops::show)),
        route(
            Get,
            "/dead-letters",
            DeadLetters,
            plain!(screens::dead_letters::show),
        ),
        route(Get, "/audit", Trail, asked!(screens::audit::show)),
        route(Get, "/audit.csv", Trail, plain!(screens::export::audit_csv)),
        route(
            Get,
            "/audit.ndjson",
            Trail,
            plain!(screens::export::audit_ndjson),
        ),
        route(Get, "/settings", People, asked!(screens::settings::show)),
        route(
            Post,
            "/settings/users",
            People,
            sent!(screens::settings::add),
        ),
        route(
            Post,
            "/settings/users/{name}",
            People,
            sent_to!(screens::settings::change),
        ),
        route(
            Post,
            "/settings/tokens",
            People,
            sent!(screens::tokens::add),
        ),
        route(
            Post,
            "/settings/tokens/end",
            People,
            sent!(screens::tokens::end),
        ),
        route(
            Post,
            "/settings/sessions/end",
            People,
            sent!(screens::settings::end_sessions),
        ),
        route(Get, "/sign-in", Public, asked!(screens::sign_in::show)),
        route(Post, "/sign-in", Public, sign_in),
        route(Post, "/sign-out", SignedIn, sent!(screens::sign_in::out)),
        route(
            Get,
            "/set-up",
            Public,
            asked!(screens::sign_in::show_set_up),
        ),
        route(Post, "/set-up", Public, set_up),
        route(Post, "/language", Public, sent!(screens::sign_in::language)),
        route(Get, "/assets/{name}", Public, asset),
        route(Get, "/api/v1/openapi.json", Public, api::description),
        route(Get, "/api/v1/flags", Read, api::flags),
        route(Get, "/api/v1/flags/{flag}", Read, api::flag),
        route(Get, "/api/v1/flags/{flag}/orders", Export, api::orders),
        route(Post, "/api/v1/flags/{flag}/decisions", Decide, api::decide),
        route(Get, "/api/v1/codes", Read, api::codes),
        route(Get, "/api/v1/codes/{code}", Read, api::code),
        route(Post, "/api/v1/codes/{code}/notes", Decide, api::note),
        route(Get, "/api/v1/decisions", Read, api::decisions),
        route(Get, "/api/v1/audit", Trail, api::audit),
    ]
}

fn asset(_: &Console) -> MethodRouter {
    get(|Path(name): Path<String>| async move { assets::file(&name) })
}

fn sign_in(console: &Console) -> MethodRouter {
    let console = console.clone();
    post(
        move |visitor: Extension<Visitor>, Form(form): Form<forms::SignIn>| {
            hashing(console, visitor.0, move |parts, visitor| {
                screens::sign_in::send(parts, visitor, form)
            })
        },
    )
}

fn set_up(console: &Console) -> MethodRouter {
    let console = console.clone();
    post(
        move |visitor: Extension<Visitor>, Form(form): Form<forms::SetUp>| {
            hashing(console, visitor.0, move |parts, visitor| {
                screens::sign_in::send_set_up(parts, visitor, form)
            })
        },
    )
}

/// Waits its turn to hash a password.
async fn hashing(
    console: Console,
    visitor: Visitor,
    screen: impl FnOnce(&Parts, &Visitor) -> Result<Response, Fault> + Send + 'static,
) -> Response {
    let turns = console.clone();
    match turns.parts().hashing.acquire().await {
        Ok(_turn) => run(console, visitor, screen).await,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
