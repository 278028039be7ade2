//! One process at a time follows the topics into a store.

use promoguard_review::{Following, StoreError};

use crate::support::{open, opened};

#[test]
fn a_second_follower_of_a_store_is_told_of_the_first_until_that_ends() {
    let opened = opened();
    let path = opened.store.path();
    let first = Following::begin(path).unwrap();
    let refused = Following::begin(path).unwrap_err();
    assert!(matches!(refused, StoreError::Followed(_)), "{refused}");
    assert!(refused.to_string().contains("review.db"), "{refused}");

    let link = opened.folder.path().join("link.db");
    std::os::unix::fs::symlink(path, &link).unwrap();
    let refused = Following::begin(&link).unwrap_err();
    assert!(matches!(refused, StoreError::Followed(_)), "{refused}");

    // Commands that only read and copy go on beside it.
    let other = open(opened.folder.path());
    other.backup(&opened.folder.path().join("copy.db")).unwrap();

    drop(first);
    Following::begin(path).unwrap();
}

#[test]
fn stores_are_followed_independently_and_before_they_exist() {
    let folder = tempfile::tempdir().unwrap();
    let one = Following::begin(&folder.path().join("one.db")).unwrap();
    let two = Following::begin(&folder.path().join("two.db")).unwrap();
    drop((one, two));
    let nowhere = Following::begin(&folder.path().join("none/one.db")).unwrap_err();
    assert!(matches!(nowhere, StoreError::File(..)), "{nowhere}");
}
