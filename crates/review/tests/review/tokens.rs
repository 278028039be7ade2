//! Tokens of programs.

use promoguard_review::{NewToken, TOKENS_MAX, TokenError, TokenScope};

use crate::support::{NOW_MS, opened};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

fn wanted(name: &str) -> NewToken {
    NewToken {
        user: "dana".to_owned(),
        name: name.to_owned(),
        scopes: vec![TokenScope::Read, TokenScope::Trail],
        days: 2,
    }
}

#[test]
fn a_token_is_good_until_its_last_day_and_stands_nowhere_in_the_file() {
    let opened = opened();
    let setup = opened.store.new_setup_token(NOW_MS).unwrap();
    let dana = opened
        .store
        .set_up(&setup, "dana", "four quiet camels", NOW_MS)
        .unwrap();
    let token = opened
        .store
        .add_token(&wanted("nightly"), &dana.actor(), NOW_MS)
        .unwrap();
    let holder = |now_ms| opened.store.token_holder(&token, now_ms).unwrap();
    let found = holder(NOW_MS).unwrap();
    assert_eq!(found.user.name, "dana/nightly");
    assert_eq!(found.scopes, [TokenScope::Read, TokenScope::Trail]);
    assert!(holder(NOW_MS + 2 * DAY_MS - 1).is_some());
    assert!(holder(NOW_MS + 2 * DAY_MS).is_none());
    assert!(opened.store.token_holder("", NOW_MS).unwrap().is_none());
    let used = opened.store.tokens(NOW_MS).unwrap()[0].used_ms;
    assert_eq!(used, Some(NOW_MS + 2 * DAY_MS - 1));

    let copy = opened.folder.path().join("copy.db");
    opened.store.backup(&copy).unwrap();
    let bytes = std::fs::read(copy).unwrap();
    let holds = |text: &str| {
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    assert!(holds("nightly") && !holds(&token));
    let actions: Vec<String> = opened
        .store
        .audit(None, 1)
        .unwrap()
        .into_iter()
        .map(|entry| format!("{} {} {}", entry.actor, entry.action, entry.object))
        .collect();
    assert_eq!(actions, ["dana add token dana/nightly"]);
}

#[test]
fn there_are_so_many_tokens_and_one_of_each_name() {
    let opened = opened();
    let setup = opened.store.new_setup_token(NOW_MS).unwrap();
    let dana = opened
        .store
        .set_up(&setup, "dana", "four quiet camels", NOW_MS)
        .unwrap();
    let add = |name: &str, now_ms| opened.store.add_token(&wanted(name), &dana.actor(), now_ms);
    for number in 0..TOKENS_MAX {
        add(&format!("t{number}"), NOW_MS).unwrap();
    }
    assert!(matches!(add("one-more", NOW_MS), Err(TokenError::TooMany)));
    let ended = opened.store.end_token("dana", "t0", &dana.actor(), NOW_MS);
    assert!(ended.unwrap());
    assert!(matches!(add("t1", NOW_MS), Err(TokenError::Taken)));
    add("one-more", NOW_MS).unwrap();
    // Tokens that have ended make room by themselves.
    add("t1", NOW_MS + 2 * DAY_MS).unwrap();
    assert_eq!(opened.store.tokens(NOW_MS + 2 * DAY_MS).unwrap().len(), 1);
}
