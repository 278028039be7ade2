//! Every page × every role, from the table that the router is built from.

use axum::http::StatusCode;
use promoguard_console::{Access, Method, Permission, RouteRule, allows, route_rules};
use promoguard_review::{Role, TokenScope, User};

use crate::support::{Opened, opened, with_users};

/// The path with something in its places; `one.kz` is the merchant's own.
fn filled(path: &str) -> String {
    path.replace("{flag}", "f1")
        .replace("{code}", "aru10")
        .replace("{partner}", "p-ARU10")
        .replace("{merchant}", "one.kz")
        .replace("{name}", "viewer")
}

/// What a browser's address bar never shows: addresses that programs call with tokens.
fn is_for_programs(rule: &RouteRule) -> bool {
    rule.path.starts_with("/api/")
}

/// Calls a page with a cookie, an address for programs with a token.
async fn called(opened: &Opened, rule: RouteRule, shown: &str) -> StatusCode {
    let path = filled(rule.path);
    if is_for_programs(&rule) {
        let body = (rule.method == Method::Post).then_some("{}");
        return opened.ask(&path, shown, body).await.status;
    }
    let cookie = shown;
    match rule.method {
        Method::Get => opened.get(&path, cookie).await.status,
        // Empty forms: who may call it is told that they cannot be meant.
        Method::Post => opened.post(&path, cookie, "").await.status,
    }
}

fn is_served(status: StatusCode) -> bool {
    !matches!(
        status,
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED | StatusCode::METHOD_NOT_ALLOWED
    ) && !status.is_server_error()
}

#[tokio::test]
async fn every_role_may_call_what_the_table_says_and_nothing_else() {
    let opened = with_users();
    let mut wrong = Vec::new();
    for role in Role::ALL {
        let token = opened.token(role.as_str(), &TokenScope::ALL);
        for rule in route_rules() {
            // A session of its own for each: signing out is one of the pages.
            let shown = if is_for_programs(&rule) {
                token.clone()
            } else {
                opened.sign_in(role.as_str()).await
            };
            // An empty form would take the viewer's role away, which later rows of the table need.
            if rule.method == Method::Post
                && rule.path == "/settings/users/{name}"
                && role == Role::Admin
            {
                continue;
            }
            let status = called(&opened, rule, &shown).await;
            if is_served(status) != allows(role, rule.needs) {
                wrong.push(format!("{role:?} {rule:?}: {status}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn strangers_see_public_pages_and_are_asked_to_sign_in_for_all_others() {
    let opened = with_users();
    for rule in route_rules() {
        let path = filled(rule.path);
        match (rule.method, rule.needs) {
            (_, Permission::Public) => {
                assert!(is_served(called(&opened, rule, "").await), "{rule:?}");
            }
            _ if is_for_programs(&rule) => {
                assert_eq!(
                    called(&opened, rule, "").await,
                    StatusCode::UNAUTHORIZED,
                    "{rule:?}"
                );
            }
            (Method::Get, _) => {
                let answer = opened.get(&path, "").await;
                assert_eq!(answer.status, StatusCode::SEE_OTHER, "{rule:?}");
                assert!(
                    answer.location().starts_with("/sign-in?next=%2F"),
                    "{rule:?}"
                );
            }
            (Method::Post, _) => {
                assert_eq!(
                    called(&opened, rule, "").await,
                    StatusCode::FORBIDDEN,
                    "{rule:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn nothing_changes_on_the_word_of_another_site() {
    let opened = with_users();
    let cookie = opened.sign_in("admin").await;
    let token = opened.token("admin", &TokenScope::ALL);
    for rule in route_rules()
        .into_iter()
        .filter(|rule| rule.method == Method::Post)
    {
        for (name, value) in [
            ("origin", "https://evil.kz"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("x-nothing", ""),
        ] {
            // A program says nothing of where it comes from; its token is not sent by itself.
            if is_for_programs(&rule) && name == "x-nothing" {
                continue;
            }
            let request = axum::http::Request::post(filled(rule.path))
                .header("authorization", format!("Bearer {token}"))
                .header("host", "console.test")
                .header("cookie", &cookie)
                .header(name, value)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(axum::body::Body::empty())
                .unwrap();
            let answer = opened.send(request).await;
            assert_eq!(
                answer.status,
                StatusCode::FORBIDDEN,
                "{rule:?} {name}: {value}"
            );
        }
    }
}

#[tokio::test]
async fn every_answer_forbids_scripts_of_others_and_frames() {
    let opened = with_users();
    let cookie = opened.sign_in("admin").await;
    let mut paths: Vec<String> = route_rules()
        .into_iter()
        .filter(|rule| rule.method == Method::Get)
        .map(|rule| filled(rule.path))
        .collect();
    paths.push("/nowhere".to_owned());
    for path in paths {
        let answer = opened.get(&path, &cookie).await;
        let header = |name: &str| {
            answer
                .headers
                .get(name)
                .map_or("", |value| value.to_str().unwrap())
        };
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{path}: {policy}"
        );
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{path}"
        );
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(
            header("cross-origin-opener-policy"),
            "same-origin",
            "{path}"
        );
        let is_asset = path.starts_with("/assets/") && answer.status == StatusCode::OK;
        assert_eq!(header("cache-control") == "no-store", !is_asset, "{path}");
        assert!(
            answer.headers.get("access-control-allow-origin").is_none(),
            "{path}"
        );
        assert!(
            !answer.body.contains("<script>") && !answer.body.contains(" style="),
            "{path}"
        );
        assert!(
            answer.body.len() <= 100 << 10,
            "{path}: {} bytes",
            answer.body.len()
        );
    }
}

#[tokio::test]
async fn a_merchants_user_finds_nothing_of_another_merchant() {
    let opened = with_users();
    let cookie = opened.sign_in("merchant").await;
    for path in [
        "/flags/f2",
        "/codes/bota",
        "/partners/p-BOTA",
        "/shops/two.kz",
        "/flags/f2/orders.csv",
    ] {
        let answer = opened.get(path, &cookie).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    let token = opened.token("merchant", &TokenScope::ALL);
    for path in ["flags/f2", "flags/f2/orders", "codes/bota"] {
        let answer = opened.ask(&format!("/api/v1/{path}"), &token, None).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["flags", "codes", "decisions"] {
        let answer = opened.ask(&format!("/api/v1/{path}"), &token, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(!answer.body.to_lowercase().contains("bota"), "{path}");
    }
    for path in [
        "/",
        "/codes",
        "/shops",
        "/flags.csv",
        "/codes.csv",
        "/shops.csv",
    ] {
        let answer = opened.get(path, &cookie).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(
            !answer.body.contains("two.kz") && !answer.body.to_lowercase().contains("bota"),
            "{path}"
        );
    }
    let own = opened.get("/codes/aru10", &cookie).await;
    assert_eq!(own.status, StatusCode::OK);
    assert!(!own.body.contains("/claim"), "there is nothing to decide");
}

#[tokio::test]
async fn an_open_console_refuses_requests_for_another_host() {
    let user = User {
        name: "demo".to_owned(),
        role: Role::Admin,
        merchant: None,
        disabled: false,
    };
    let opened = opened(Access::Open(user));
    let answer = opened.get("/", "").await;
    assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST);
}

/// What a page must need by its address alone, said once more and otherwise than in the table: a
/// matrix that is made from the table cannot find a wrong row of it.
#[test]
fn the_table_gives_each_page_the_permission_that_its_address_speaks_of() {
    for RouteRule {
        method,
        path,
        needs,
    } in route_rules()
    {
        let first = path.split(['/', '.']).nth(1).unwrap();
        let second = path.split('/').nth(3).unwrap_or("");
        let expected = match (first, method) {
            ("api", _) if second == "openapi.json" => Permission::Public,
            ("api", _) if second == "audit" => Permission::Trail,
            ("api", Method::Get) if path.ends_with("/orders") => Permission::Export,
            ("sign-in" | "set-up" | "language" | "assets", _) => Permission::Public,
            ("sign-out", _) => Permission::SignedIn,
            ("audit", _) => Permission::Trail,
            ("settings", _) => Permission::People,
            ("dead-letters", _) => Permission::DeadLetters,
            ("quality" | "ops", _) => Permission::Watch,
            (_, Method::Post) => Permission::Decide,
            (_, Method::Get) if path.ends_with(".csv") => Permission::Export,
            (_, Method::Get) if path.ends_with("/decide") => Permission::Decide,
            (_, Method::Get) => Permission::Read,
        };
        assert_eq!(needs, expected, "{path}");
    }
}
