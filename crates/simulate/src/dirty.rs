//! Ways to spoil a payload so that no reader of the contract can accept it.

use crate::record::Topic;

/// Number of different defects.
pub(crate) const DEFECTS: u8 = 11;

/// Spoils the payload that starts at `from` in `out`.
pub(crate) fn spoil(out: &mut Vec<u8>, from: usize, topic: Topic, defect: u8) {
    let too_long = format!("\"code\":\"{}\",\"was\":", "x".repeat(65));
    let (field, instead): (&str, &str) = match (defect % DEFECTS, topic) {
        (0, _) => return out.truncate(from + (out.len() - from) / 2),
        (1, _) => {
            out.truncate(from);
            return out.extend_from_slice(b"GET /r/promo HTTP/1.1");
        }
        (2, _) => ("\"code\":", "\"kod\":"),
        (3, _) => ("\"ts\":", "\"ts\":\"soon\",\"was\":"),
        (4, _) => ("\"ts\":", "\"ts\":\"1999-12-31T23:59:59Z\",\"was\":"),
        (5, _) => ("\"code\":", "\"code\":\"A\",\"code\":"),
        (6, _) => ("\"code\":", "\"code\":\"   \",\"was\":"),
        (7, _) => ("\"code\":", &too_long),
        (8, Topic::Orders) => ("\"amount\":", "\"amount\":\"1e9\",\"was\":"),
        (8, Topic::Clicks) => ("\"visitor_id\":", "\"visitor_id\":7,\"was\":"),
        (9, Topic::Orders) => ("\"currency\":", "\"currency\":\"tenge\",\"was\":"),
        (9, Topic::Clicks) => ("\"click_id\":", "\"click_id\":null,\"was\":"),
        _ => {
            // A byte that occurs nowhere in UTF-8.
            out.insert(from + (out.len() - from) / 2, 0xff);
            return;
        }
    };
    let at =
        find(&out[from..], field.as_bytes()).expect("every payload has its required fields") + from;
    out.splice(at..at + field.len(), instead.bytes());
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}
