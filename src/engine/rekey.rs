//! A misplaced record on its way to its own partition: pseudonymised, with its coordinates in
//! headers, and taken once there however often it is sent.

use std::collections::BTreeMap;

use promoguard_event::Topic;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Header with the pseudonym of the customer, 16 hexadecimal digits.
pub const CUSTOMER_HEADER: &str = "customer-pseudonym";
/// Header with the kind of record: `clicks` or `orders`.
pub const KIND_HEADER: &str = "kind";
/// Header with the topic that the record was read from.
pub const SOURCE_TOPIC_HEADER: &str = "source-topic";
/// Header with the partition that the record was read from.
pub const SOURCE_PARTITION_HEADER: &str = "source-partition";
/// Header with the offset that the record was read at.
pub const SOURCE_OFFSET_HEADER: &str = "source-offset";

/// What may identify a person and must not travel on.
const PERSONAL_FIELDS: [&str; 4] = ["customer_phone", "customer_email", "ip", "ua"];

/// The payload of the record without what identifies a person; every other value keeps its text.
///
/// # Errors
/// `raw` is not a JSON object: it was not decoded before.
pub fn without_personal_fields(raw: &[u8]) -> serde_json::Result<Vec<u8>> {
    let mut record: BTreeMap<String, &RawValue> = serde_json::from_slice(raw)?;
    for field in PERSONAL_FIELDS {
        record.remove(field);
    }
    serde_json::to_vec(&record)
}

/// The kind that a header names.
pub fn topic_of_kind(kind: &[u8]) -> Option<Topic> {
    [Topic::Clicks, Topic::Orders]
        .into_iter()
        .find(|topic| topic.as_str().as_bytes() == kind)
}

/// Which forwarded records were taken: each sender forwards in the order of its offsets, so what
/// is not above the last offset of its log is a repeat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    last: BTreeMap<(String, i32), i64>,
}

impl Taken {
    /// Whether the record at these coordinates is new; remembers it.
    pub fn is_new(&mut self, topic: &str, partition: i32, offset: i64) -> bool {
        match self.last.get_mut(&(topic.to_owned(), partition)) {
            Some(last) if offset <= *last => false,
            Some(last) => {
                *last = offset;
                true
            }
            None => {
                self.last.insert((topic.to_owned(), partition), offset);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_identifies_a_person_does_not_travel() {
        let raw = br#"{"code":"a","customer_phone":"+77010000001","ip":"1.2.3.4","amount":12.50}"#;
        let sent = without_personal_fields(raw).expect("an object");
        assert_eq!(sent, br#"{"amount":12.50,"code":"a"}"#);
    }

    #[test]
    fn a_repeat_is_taken_once() {
        let mut taken = Taken::default();
        assert!(taken.is_new("promo.clicks", 3, 10));
        assert!(!taken.is_new("promo.clicks", 3, 10));
        assert!(!taken.is_new("promo.clicks", 3, 9));
        assert!(taken.is_new("promo.clicks", 4, 9));
        assert!(taken.is_new("promo.clicks", 3, 11));
    }
}
