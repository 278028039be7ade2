//! The console for programs: tokens, answers, and that the description is true.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use promoguard_console::{Method, Permission, RouteRule, route_rules, scope_of};
use promoguard_event::{FlagKind, Outcome};
use promoguard_review::{Actor, FeedKind, Role, Scope, TokenScope, User};
use serde_json::{Value, json};

use crate::support::{Opened, with_users};

const DECISION: &str = r#"{"rev":1,"decisions_seen":0,"outcome":"leak","note":"by night"}"#;

fn read(body: &str) -> Value {
    serde_json::from_str(body).unwrap()
}

async fn description(opened: &Opened) -> Value {
    read(&opened.ask("/api/v1/openapi.json", "", None).await.body)
}

fn api_rules() -> Vec<RouteRule> {
    let rules = route_rules().into_iter();
    rules
        .filter(|rule| rule.path.starts_with("/api/"))
        .collect()
}

fn operation(document: &Value, rule: RouteRule) -> &Value {
    let method = match rule.method {
        Method::Get => "get",
        Method::Post => "post",
    };
    &document["paths"][rule.path][method]
}

#[tokio::test]
async fn every_address_for_programs_is_described_and_no_other() {
    let document = description(&with_users()).await;
    let described: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods.map(|method| (path.clone(), method.clone()))
        })
        .collect();
    let served: BTreeSet<(String, String)> = api_rules()
        .into_iter()
        .map(|rule| {
            let method = format!("{:?}", rule.method).to_lowercase();
            (rule.path.to_owned(), method)
        })
        .collect();
    assert_eq!(described, served);
    for rule in api_rules() {
        let operation = operation(&document, rule);
        let security = match rule.needs {
            Permission::Public => json!([]),
            needs => json!([{ "token": [scope_of(needs).unwrap().as_str()] }]),
        };
        assert_eq!(operation["security"], security, "{rule:?}");
        let places: Vec<&str> = rule
            .path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .collect();
        let parameters = operation["parameters"].as_array();
        let named: Vec<&str> = parameters
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        assert_eq!(named, places, "{rule:?}");
    }
    let outcomes: Vec<&str> = Outcome::ALL
        .iter()
        .map(|outcome| outcome.as_str())
        .collect();
    let schemas = &document["components"]["schemas"];
    assert_eq!(
        schemas["NewDecision"]["properties"]["outcome"]["enum"],
        json!(outcomes)
    );
    let kinds = [
        FlagKind::CouponSite,
        FlagKind::Extension,
        FlagKind::InsiderOrCommunity,
        FlagKind::ClickFlood,
        FlagKind::Unknown,
    ];
    assert_eq!(
        schemas["Flag"]["properties"]["kind"]["enum"],
        json!(kinds.map(|kind| kind.as_str()))
    );
}

/// What of `value` the schema does not say, for the keywords that the description uses.
fn unsaid(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#'));
        let target = target.unwrap_or_else(|| panic!("{reference} is nowhere"));
        return unsaid(document, target, value, at, found);
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        if !value.is_null() {
            unsaid(document, &choices[0], value, at, found);
        }
        return;
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    let is_said = kinds.contains(&kind) || (kind == "integer" && kinds.contains(&"number"));
    if !is_said {
        found.push(format!("{at}: {kind}, said to be {kinds:?}"));
    }
    let known = schema["properties"].as_object();
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        let at = format!("{at}/{index}");
        unsaid(document, &schema["items"], item, &at, found);
    }
    let fields = value.as_object();
    for name in schema["required"].as_array().into_iter().flatten() {
        let name = name.as_str().unwrap();
        if fields.is_some_and(|fields| !fields.contains_key(name)) {
            found.push(format!("{at}/{name} is missing"));
        }
    }
    for (name, field) in fields.into_iter().flatten() {
        let at = format!("{at}/{name}");
        match known.and_then(|known| known.get(name)) {
            Some(schema) => unsaid(document, schema, field, &at, found),
            None if schema["additionalProperties"] == false => found.push(format!("{at}: unsaid")),
            None => {}
        }
    }
}

#[tokio::test]
async fn answers_are_as_described() {
    let opened = with_users();
    let document = description(&opened).await;
    let token = opened.token("lead", &TokenScope::ALL);
    let order = r#"{"order_id":"o1","merchant":"one.kz","code":"ARU10","ts":"2026-03-09T15:00:00Z","status":"created","amount":"9000.00","currency":"KZT","commission":"900.00","p_leak":0.9,"flag_id":"f1"}"#;
    let report = opened
        .store
        .feed([(FeedKind::Order, order.as_bytes())], &[])
        .unwrap();
    let stored = opened.ask("/api/v1/flags/f1/orders", &token, None).await;
    assert!(stored.body.contains("\"o1\""), "{report:?}");
    let bodies: BTreeMap<&str, &str> = [
        ("/api/v1/flags/{flag}/decisions", DECISION),
        ("/api/v1/codes/{code}/notes", r#"{"text":"seen twice"}"#),
    ]
    .into_iter()
    .collect();
    // Those that write come first, so that the lists hold something.
    let mut rules = api_rules();
    rules.sort_by_key(|rule| rule.method != Method::Post);
    for rule in rules {
        let path = rule.path.replace("{flag}", "f1").replace("{code}", "ARU10");
        let answer = opened
            .ask(&path, &token, bodies.get(rule.path).copied())
            .await;
        if path.ends_with("/openapi.json") || path.ends_with("/audit") {
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            continue;
        }
        let responses = &operation(&document, rule)["responses"];
        let said = &responses[answer.status.as_str()]["content"]["application/json"]["schema"];
        assert!(
            said.is_object(),
            "{rule:?}: {} {}",
            answer.status,
            answer.body
        );
        let mut found = Vec::new();
        unsaid(&document, said, &read(&answer.body), rule.path, &mut found);
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
    let refused = opened.ask("/api/v1/flags/f0", &token, None).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    assert_eq!(refused.headers["content-type"], "application/problem+json");
    let mut found = Vec::new();
    let problem = &document["components"]["schemas"]["Problem"];
    unsaid(
        &document,
        problem,
        &read(&refused.body),
        "problem",
        &mut found,
    );
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[tokio::test]
async fn a_token_reaches_what_its_scopes_name_and_nothing_else() {
    let opened = with_users();
    for scope in TokenScope::ALL {
        let token = opened.token("admin", &[scope]);
        for rule in api_rules() {
            let path = rule.path.replace("{flag}", "f1").replace("{code}", "aru10");
            let body = (rule.method == Method::Post).then_some("{}");
            let status = opened.ask(&path, &token, body).await.status;
            let may = rule.needs == Permission::Public || scope_of(rule.needs) == Some(scope);
            assert_eq!(status != StatusCode::FORBIDDEN, may, "{scope:?} {rule:?}");
        }
    }
    let deciding = opened.token("lead", &[TokenScope::Decide]);
    let hold = DECISION.replace("\"note\"", "\"hold_from\":\"low\",\"note\"");
    let answer = opened
        .ask("/api/v1/flags/f1/decisions", &deciding, Some(&hold))
        .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "no scope to hold");
}

#[tokio::test]
async fn a_token_opens_no_page_and_a_session_no_address_for_programs() {
    let opened = with_users();
    let token = opened.token("admin", &TokenScope::ALL);
    let page = opened.ask("/settings", &token, None).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    let cookie = opened.sign_in("admin").await;
    let answer = opened.get("/api/v1/flags", &cookie).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.headers["www-authenticate"], "Bearer");
}

#[tokio::test]
async fn a_program_decides_once_and_is_told_when_it_was_overtaken() {
    let opened = with_users();
    let token = opened.token("analyst", &[TokenScope::Decide]);
    let path = "/api/v1/flags/f1/decisions";
    let first = opened.ask(path, &token, Some(DECISION)).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
    assert_eq!(read(&first.body)["actor"], "analyst/for.decide");
    let second = opened.ask(path, &token, Some(DECISION)).await;
    assert_eq!(second.status, StatusCode::CONFLICT);
    assert_eq!(
        opened.store.decisions(&Scope::All, 9).unwrap().len(),
        1,
        "the second one left nothing"
    );
    let newest = &opened.store.audit(None, 1).unwrap()[0];
    assert_eq!(
        (newest.action.as_str(), newest.actor.as_str()),
        ("decide", "analyst/for.decide")
    );

    let cookie = opened.sign_in("lead").await;
    opened.post("/flags/f2/claim", &cookie, "").await;
    let held = opened
        .ask("/api/v1/flags/f2/decisions", &token, Some(DECISION))
        .await;
    assert_eq!(held.status, StatusCode::CONFLICT);
    assert!(held.body.contains("lead"), "{}", held.body);
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_with_the_reason() {
    let opened = with_users();
    let token = opened.token("lead", &TokenScope::ALL);
    let decisions = "/api/v1/flags/f1/decisions";
    for (body, reason) in [
        ("", "EOF"),
        ("{}", "missing field"),
        (
            r#"{"rev":1,"decisions_seen":0,"outcome":"maybe"}"#,
            "one of the six",
        ),
        (
            r#"{"rev":1,"decisions_seen":0,"outcome":"leak","hold":"low"}"#,
            "unknown field",
        ),
        (
            r#"{"rev":1,"decisions_seen":0,"outcome":"permitted"}"#,
            "Name the sites",
        ),
        (
            r#"{"rev":1,"decisions_seen":0,"outcome":"unclear","hold_from":"low"}"#,
            "leaks only",
        ),
        (
            r#"{"rev":1,"decisions_seen":0,"outcome":"leak","hold_from":"noon"}"#,
            "from when",
        ),
    ] {
        let answer = opened.ask(decisions, &token, Some(body)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(answer.body.contains(reason), "{body}: {}", answer.body);
    }
    for query in ["status=open", "sort=best", "page=1&page=2"] {
        let path = format!("/api/v1/flags?{query}");
        let answer = opened.ask(&path, &token, None).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
    }
    let nowhere = opened.ask("/api/v1/nowhere", &token, None).await;
    assert_eq!(nowhere.headers["content-type"], "application/problem+json");
    assert!(opened.store.decisions(&Scope::All, 9).unwrap().is_empty());
}

#[tokio::test]
async fn the_trail_leaves_as_lines_that_follow_each_other() {
    let opened = with_users();
    let token = opened.token("lead", &[TokenScope::Trail]);
    let answer = opened.ask("/api/v1/audit", &token, None).await;
    assert_eq!(answer.status, StatusCode::OK);
    let lines: Vec<Value> = answer.body.lines().map(read).collect();
    assert!(lines.len() > 4);
    for pair in lines.windows(2) {
        assert_eq!(pair[0]["hash"], pair[1]["prev"]);
    }
}

#[tokio::test]
async fn an_admin_makes_a_token_that_is_shown_once_and_ends_at_a_click_or_with_its_user() {
    let opened = with_users();
    let cookie = opened.sign_in("admin").await;
    let form = "user=lead&name=nightly&days=30&read=yes";
    let made = opened.post("/settings/tokens", &cookie, form).await;
    let token = made.body.split("<code>").nth(1).unwrap();
    let token = token.split('<').next().unwrap();
    assert_eq!(token.len(), 64);
    let is_good = async || opened.ask("/api/v1/flags", token, None).await.status == StatusCode::OK;
    assert!(is_good().await);
    let page = opened.get("/settings", &cookie).await;
    assert!(page.body.contains("nightly") && !page.body.contains(token));

    let mut lead = User {
        name: "lead".to_owned(),
        role: Role::Lead,
        merchant: None,
        disabled: true,
    };
    let by = Actor {
        name: "admin".to_owned(),
        role: Role::Admin,
    };
    opened.store.change_user(&lead, &by, 0).unwrap();
    assert!(!is_good().await, "its user may not sign in");
    lead.disabled = false;
    opened.store.change_user(&lead, &by, 0).unwrap();
    assert!(is_good().await);
    let end = "user=lead&name=nightly";
    opened.post("/settings/tokens/end", &cookie, end).await;
    assert!(!is_good().await);

    for (form, reason) in [
        ("user=lead&name=a+b&days=1&read=yes", "2 to 64"),
        ("user=lead&name=other&days=1", "what the token is for"),
        ("user=lead&name=other&days=367&read=yes", "from 1 to 366"),
        ("user=nobody&name=other&days=1&read=yes", "no such user"),
    ] {
        let answer = opened.post("/settings/tokens", &cookie, form).await;
        assert!(answer.body.contains(reason), "{form}");
    }
}
