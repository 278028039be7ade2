//! Signing in, deciding, and what is remembered of it.

use axum::http::StatusCode;
use promoguard_console::Access;
use promoguard_review::Scope;

use crate::support::{PASSWORD, opened, with_users};

#[tokio::test]
async fn a_session_is_new_at_each_sign_in_and_over_at_sign_out() {
    let opened = with_users();
    let first = opened.sign_in("analyst").await;
    let form = format!(
        "name=analyst&password={}&next=%2Fcodes",
        PASSWORD.replace(' ', "+")
    );
    let answer = opened.post("/sign-in", &first, &form).await;
    assert_eq!(answer.location(), "/codes");
    let second = answer.cookie();
    assert_ne!(first, second);
    let flags = answer.headers["set-cookie"].to_str().unwrap().to_owned();
    for attribute in ["__Host-", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(flags.contains(attribute), "{flags}");
    }
    let is_in = async |cookie: &str| opened.get("/", cookie).await.status == StatusCode::OK;
    assert!(!is_in(&first).await, "the session of before has ended");
    assert!(is_in(&second).await);
    opened.post("/sign-out", &second, "").await;
    assert!(!is_in(&second).await);
}

#[tokio::test]
async fn after_five_wrong_passwords_the_right_one_has_to_wait() {
    let opened = with_users();
    for _ in 0..5 {
        let answer = opened
            .post("/sign-in", "", "name=lead&password=wrong")
            .await;
        assert!(answer.body.contains("Wrong name or password."));
    }
    let form = format!("name=lead&password={}", PASSWORD.replace(' ', "+"));
    let answer = opened.post("/sign-in", "", &form).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.body.contains("Too many tries"), "{}", answer.body);
    opened.sign_in("viewer").await;
}

#[tokio::test]
async fn the_first_admin_is_made_with_the_printed_link() {
    let opened = opened(Access::Accounts);
    let page = opened.get("/sign-in", "").await;
    assert!(page.body.contains("There are no users yet."));
    let token = opened
        .store
        .new_setup_token(crate::support::wall_ms())
        .unwrap();
    let refused = opened
        .post(
            "/set-up",
            "",
            "token=0&name=dana&password=four+quiet+camels",
        )
        .await;
    assert!(refused.body.contains("The set-up link is wrong"));
    let form = format!("token={token}&name=dana&password=four+quiet+camels");
    let answer = opened.post("/set-up", "", &form).await;
    assert_eq!(answer.location(), "/");
    let home = opened.get("/", &answer.cookie()).await;
    assert_eq!(home.status, StatusCode::OK);
}

#[tokio::test]
async fn a_decision_leads_to_the_next_flag_and_a_second_one_is_told_of_the_first() {
    let opened = with_users();
    let (analyst, lead) = (
        opened.sign_in("analyst").await,
        opened.sign_in("lead").await,
    );
    let claimed = opened.post("/flags/f1/claim", &analyst, "").await;
    assert_eq!(claimed.location(), "/flags/f1/decide");
    let others = opened.get("/flags/f1/decide", &lead).await;
    assert!(others.body.contains("analyst has this flag"));
    let form = "outcome=leak&rev=1&seen=0&note=seen&worth=yes";
    let stolen = opened.post("/flags/f1/decide", &lead, form).await;
    assert!(stolen.body.contains("analyst has this flag"));
    let decided = opened.post("/flags/f1/decide", &analyst, form).await;
    assert_eq!(decided.location(), "/codes/bota?flag=f2&done=leak");
    let late = opened.post("/flags/f1/decide", &lead, form).await;
    assert!(
        late.body
            .contains("analyst decided this flag while you were looking"),
        "{}",
        late.body
    );
    assert_eq!(opened.store.decisions(&Scope::All, 9).unwrap().len(), 1);
    let last = opened
        .post("/flags/f2/decide", &lead, "outcome=unclear&rev=1&seen=0")
        .await;
    assert_eq!(last.location(), "/?done=unclear");
}

#[tokio::test]
async fn an_analyst_holds_no_commission_and_forms_that_cannot_be_meant_are_explained() {
    let opened = with_users();
    let (analyst, lead) = (
        opened.sign_in("analyst").await,
        opened.sign_in("lead").await,
    );
    let send = async |cookie: &str, form: &str| {
        let form = format!("rev=1&seen=0&{form}");
        opened.post("/flags/f1/decide", cookie, &form).await
    };
    assert_eq!(
        send(&analyst, "outcome=leak&hold=low").await.status,
        StatusCode::FORBIDDEN
    );
    for (form, says) in [
        ("", "Say what it is"),
        ("outcome=permitted", "Name the sites"),
        (
            "outcome=permitted&hosts=http%3A%2F%2F",
            "A site is written like",
        ),
        ("outcome=expected", "Say when the post is expected"),
        (
            "outcome=unclear&hold=low",
            "Commission is held for leaks only",
        ),
        ("outcome=leak&hold=at&hold_at=soon", "Say from when to hold"),
    ] {
        let answer = send(&lead, form).await;
        assert!(answer.body.contains(says), "{form}: {}", answer.body);
    }
    assert!(opened.store.decisions(&Scope::All, 9).unwrap().is_empty());
    let held = send(&lead, "outcome=leak&hold=at&hold_at=2026-03-09T17%3A30").await;
    assert_eq!(held.status, StatusCode::SEE_OTHER);
    let waiting = opened.store.unpublished(9).unwrap();
    // 17:30 in Almaty.
    assert!(
        waiting[0]
            .line
            .contains(r#""hold_from":"2026-03-09T12:30:00.000Z""#),
        "{}",
        waiting[0].line
    );
}

#[tokio::test]
async fn cells_that_a_spreadsheet_would_calculate_are_text() {
    let opened = with_users();
    let hostile = crate::support::flag("f9", "=HYPERLINK(1)", "one.kz");
    opened
        .store
        .feed(
            [(promoguard_review::FeedKind::Flag, hostile.as_bytes())],
            &[],
        )
        .unwrap();
    let cookie = opened.sign_in("analyst").await;
    let file = opened.get("/flags.csv", &cookie).await;
    assert!(file.body.contains(",'=HYPERLINK(1),"), "{}", file.body);
    assert!(
        file.headers["content-disposition"]
            .to_str()
            .unwrap()
            .starts_with("attachment")
    );
    let trail = opened.store.audit(None, 1).unwrap();
    assert_eq!(
        (trail[0].action.as_str(), trail[0].object.as_str()),
        ("export", "flags.csv")
    );
}
