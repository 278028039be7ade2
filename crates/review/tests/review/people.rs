//! Users, passwords and sessions.

use promoguard_review::{
    NewUser, PasswordFault, Role, SignIn, Store, User, UserError, check_new_password,
};

use crate::support::{NOW_MS, opened};

const GOOD: &str = "four quiet camels";
const MINUTE_MS: i64 = 60_000;

fn admin(store: &Store) -> User {
    let token = store.new_setup_token(NOW_MS).unwrap();
    store.set_up(&token, "dana", GOOD, NOW_MS).unwrap()
}

fn token_of(store: &Store, name: &str, now_ms: i64) -> String {
    match store.sign_in(name, GOOD, now_ms).unwrap() {
        SignIn::Begun(session) => session.token,
        SignIn::Refused => panic!("{name} cannot sign in"),
    }
}

fn add(store: &Store, name: &str, role: Role, by: &User) -> Result<User, UserError> {
    let user = NewUser {
        name: name.to_owned(),
        password: GOOD.to_owned(),
        role,
        merchant: None,
    };
    store.add_user(&user, &by.actor(), NOW_MS)
}

#[test]
fn the_first_admin_is_made_once_with_the_newest_token_within_its_time() {
    let opened = opened();
    let store = &opened.store;
    let refused = |token: &str, now_ms| {
        matches!(
            store.set_up(token, "dana", GOOD, now_ms),
            Err(UserError::Token)
        )
    };
    let first = store.new_setup_token(NOW_MS).unwrap();
    let second = store.new_setup_token(NOW_MS).unwrap();
    assert!(refused(&first, NOW_MS), "an earlier token is void");
    assert!(refused("", NOW_MS));
    assert!(refused(&second, NOW_MS + 15 * MINUTE_MS), "it is too old");
    assert!(store.set_up(&second, "dana", GOOD, NOW_MS).is_ok());
    assert!(refused(&second, NOW_MS), "it was used");
    let third = store.new_setup_token(NOW_MS).unwrap();
    assert!(refused(&third, NOW_MS), "there is a user already");
}

#[test]
fn a_session_ends_unused_after_half_an_hour_and_in_any_case_after_twelve() {
    let opened = opened();
    let store = &opened.store;
    admin(store);
    let token = token_of(store, "dana", NOW_MS);
    let is_in = |now_ms| store.session_user(&token, now_ms).unwrap().is_some();
    assert!(is_in(NOW_MS + 29 * MINUTE_MS));
    assert!(is_in(NOW_MS + 58 * MINUTE_MS), "using it prolongs it");
    assert!(!is_in(NOW_MS + 89 * MINUTE_MS));
    let token = token_of(store, "dana", NOW_MS);
    let mut now_ms = NOW_MS;
    while now_ms < NOW_MS + 12 * 60 * MINUTE_MS {
        assert!(store.session_user(&token, now_ms).unwrap().is_some());
        now_ms += 20 * MINUTE_MS;
    }
    assert!(store.session_user(&token, now_ms).unwrap().is_none());
}

#[test]
fn signing_out_a_new_role_and_disabling_end_sessions() {
    let opened = opened();
    let store = &opened.store;
    let dana = admin(store);
    let mut aru = add(store, "aru", Role::Analyst, &dana).unwrap();
    let token = token_of(store, "aru", NOW_MS);
    store.sign_out(&token).unwrap();
    assert!(store.session_user(&token, NOW_MS).unwrap().is_none());
    let token = token_of(store, "aru", NOW_MS);
    aru.role = Role::Viewer;
    store.change_user(&aru, &dana.actor(), NOW_MS).unwrap();
    assert!(store.session_user(&token, NOW_MS).unwrap().is_none());
    aru.disabled = true;
    store.change_user(&aru, &dana.actor(), NOW_MS).unwrap();
    assert_eq!(store.sign_in("aru", GOOD, NOW_MS).unwrap(), SignIn::Refused);
    let token = token_of(store, "dana", NOW_MS);
    assert_eq!(store.end_sessions(&dana.actor(), NOW_MS).unwrap(), 0);
    assert!(store.session_user(&token, NOW_MS).unwrap().is_some());
}

#[test]
fn wrong_names_and_passwords_are_refused_alike() {
    let opened = opened();
    admin(&opened.store);
    for (name, password) in [("dana", "five quiet camels"), ("nobody", GOOD), ("", "")] {
        let refused = opened.store.sign_in(name, password, NOW_MS).unwrap();
        assert_eq!(refused, SignIn::Refused, "{name}");
    }
}

#[test]
fn neither_tokens_nor_passwords_can_be_read_from_the_file() {
    let opened = opened();
    admin(&opened.store);
    let token = token_of(&opened.store, "dana", NOW_MS);
    let copy = opened.folder.path().join("copy.db");
    opened.store.backup(&copy).unwrap();
    let bytes = std::fs::read(copy).unwrap();
    let holds = |text: &str| {
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    assert!(holds("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert!(!holds(&token) && !holds(GOOD));
}

#[test]
fn the_last_admin_stays_names_are_unique_and_a_merchants_user_needs_one() {
    let opened = opened();
    let store = &opened.store;
    let mut dana = admin(store);
    assert!(matches!(
        add(store, "dana", Role::Viewer, &dana),
        Err(UserError::Taken)
    ));
    assert!(matches!(
        add(store, "a b", Role::Viewer, &dana),
        Err(UserError::Name)
    ));
    assert!(matches!(
        add(store, "shop", Role::Merchant, &dana),
        Err(UserError::Merchant)
    ));
    let by = dana.actor();
    dana.role = Role::Lead;
    assert!(matches!(
        store.change_user(&dana, &by, NOW_MS),
        Err(UserError::LastAdmin)
    ));
    assert_eq!(store.users().unwrap()[0].role, Role::Admin);
}

#[test]
fn a_password_is_long_enough_and_not_the_obvious() {
    let check =
        |password: &str, expected| assert_eq!(check_new_password(password), expected, "{password}");
    check("seven77", Err(PasswordFault::Short));
    check("Қысқа77", Err(PasswordFault::Short));
    check(&"long ".repeat(30), Err(PasswordFault::Long));
    check("Password2026", Err(PasswordFault::Common));
    check("aaaaaaaaaaaa", Err(PasswordFault::Common));
    check("promoguard!", Err(PasswordFault::Common));
    check("password of the old lighthouse", Ok(()));
    check(&"x y".repeat(30), Ok(()));
}
