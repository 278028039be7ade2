//! A console over a store with two merchants and a user of each role.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use promoguard_console::{Access, Console, ConsoleSettings};
use promoguard_event::EventTime;
use promoguard_review::{Actor, FeedKind, Limits, NewToken, NewUser, Role, Store, TokenScope};
use promoguard_words::Language;
use tower::ServiceExt as _;

pub(crate) const PASSWORD: &str = "four quiet camels";
const HOST: &str = "console.test";

pub(crate) struct Opened {
    pub(crate) store: Arc<Store>,
    pub(crate) router: Router,
    _folder: tempfile::TempDir,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn location(&self) -> &str {
        let location = self.headers.get(header::LOCATION);
        location.map_or("", |location| location.to_str().unwrap())
    }

    /// What a browser would send back of the cookie that was set.
    pub(crate) fn cookie(&self) -> String {
        let cookie = self.headers.get(header::SET_COOKIE).unwrap();
        cookie
            .to_str()
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned()
    }
}

pub(crate) fn opened(access: Access) -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("review.db"), Limits::default()).unwrap();
    let store = Arc::new(store);
    let lines: Vec<(FeedKind, String)> = [("f1", "ARU10", "one.kz"), ("f2", "BOTA", "two.kz")]
        .into_iter()
        .flat_map(|(id, code, merchant)| {
            [
                (FeedKind::Flag, flag(id, code, merchant)),
                (
                    FeedKind::Code,
                    format!(
                        r#"{{"code":"{code}","partner_id":"p-{code}","merchant":"{merchant}"}}"#
                    ),
                ),
            ]
        })
        .collect();
    let lines = lines.iter().map(|(kind, line)| (*kind, line.as_bytes()));
    store.feed(lines, &[]).unwrap();
    let settings = ConsoleSettings {
        access,
        zone: "Asia/Almaty".to_owned(),
        language: Language::English,
        now: Arc::new(|| EventTime::from_millis(1_773_140_000_000)),
        banner: None,
    };
    let console = Console::new(Arc::clone(&store), settings).unwrap();
    Opened {
        router: console.router(),
        store,
        _folder: folder,
    }
}

/// With a user of each role, named as the role; the merchant's is of `one.kz`.
pub(crate) fn with_users() -> Opened {
    let opened = opened(Access::Accounts);
    let token = opened.store.new_setup_token(wall_ms()).unwrap();
    let admin = opened
        .store
        .set_up(&token, "admin", PASSWORD, wall_ms())
        .unwrap();
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Admin) {
        let user = NewUser {
            name: role.as_str().to_owned(),
            password: PASSWORD.to_owned(),
            role,
            merchant: (role == Role::Merchant).then(|| "one.kz".to_owned()),
        };
        opened
            .store
            .add_user(&user, &admin.actor(), wall_ms())
            .unwrap();
    }
    opened
}

pub(crate) fn wall_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap().as_millis() as i64
}

impl Opened {
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let headers = response.headers().clone();
        let body = to_bytes(response.into_body(), 10 << 20).await.unwrap();
        Answer {
            status,
            headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    pub(crate) async fn get(&self, path: &str, cookie: &str) -> Answer {
        let request = Request::get(path)
            .header(header::HOST, HOST)
            .header(header::COOKIE, cookie)
            .body(Body::empty())
            .unwrap();
        self.send(request).await
    }

    pub(crate) async fn post(&self, path: &str, cookie: &str, form: &str) -> Answer {
        let request = Request::post(path)
            .header(header::HOST, HOST)
            .header(header::ORIGIN, format!("https://{HOST}"))
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()))
            .unwrap();
        self.send(request).await
    }

    /// A token of this user.
    pub(crate) fn token(&self, user: &str, scopes: &[TokenScope]) -> String {
        let words: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
        let wanted = NewToken {
            user: user.to_owned(),
            name: format!("for.{}", words.join("-")),
            scopes: scopes.to_vec(),
            days: 1,
        };
        let by = Actor {
            name: "admin".to_owned(),
            role: Role::Admin,
        };
        self.store.add_token(&wanted, &by, wall_ms()).unwrap()
    }

    /// Asks as a program does: with a token, and a body of JSON if anything is sent.
    pub(crate) async fn ask(&self, path: &str, token: &str, body: Option<&str>) -> Answer {
        let request = match body {
            Some(_) => Request::post(path).header(header::CONTENT_TYPE, "application/json"),
            None => Request::get(path),
        };
        let request = request
            .header(header::HOST, HOST)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::from(body.unwrap_or("").to_owned()))
            .unwrap();
        self.send(request).await
    }

    /// Signs in through the form; gives the cookie.
    pub(crate) async fn sign_in(&self, name: &str) -> String {
        let form = format!("name={name}&password={}", PASSWORD.replace(' ', "+"));
        let answer = self.post("/sign-in", "", &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        answer.cookie()
    }
}

pub(crate) fn flag(id: &str, code: &str, merchant: &str) -> String {
    format!(
        r#"{{"flag_id":"{id}","rev":1,"code":"{code}","partner_id":"p-{code}","merchant":"{merchant}","marketplace":null,"ts":"2026-03-10T01:00:00.000Z","state":"opened","kind":"coupon_site","score":31.5,"basis":"e-detector","onset":{{"at":"2026-03-09T12:00:00.000Z","low":"2026-03-09T10:00:00.000Z","high":"2026-03-09T14:00:00.000Z"}},"evidence":[{{"signal":"referrer","observed":0.5,"expected":0.01,"n":9,"decibans":31.5,"window":{{"from":"2026-03-09T10:00:00.000Z","to":"2026-03-10T01:00:00.000Z"}}}}],"exposure":{{"leaked_orders":{{"estimate":4.0,"low":2.0,"high":6.0}},"commission":{{"estimate":"4000.00","low":"2000.00","high":"6000.00"}},"vat":"640.00","currency":"KZT"}},"detector":"0.1.0 abc"}}"#
    )
}
