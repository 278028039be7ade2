//! Names that want to be more than names.

/// What is to run, if anything does: the page of the test listens for it.
const CALL: &str = "ran(1)";

/// Some two hundred payloads: each way out of a text, an attribute, a style or an address, with
/// each thing that could then run. At most 64 bytes, as codes are.
pub(crate) fn payloads() -> Vec<String> {
    const WAYS_OUT: [&str; 14] = [
        "",
        "\"",
        "'",
        "\">",
        "'>",
        "</title>",
        "</textarea>",
        "</option>",
        "</td>",
        "-->",
        "]]>",
        "</bdi>",
        "</svg>",
        "`>",
    ];
    let runs = [
        format!("<script>{CALL}</script>"),
        format!("<img src=x onerror={CALL}>"),
        format!("<svg onload={CALL}>"),
        format!("<body onload={CALL}>"),
        format!("<input autofocus onfocus={CALL}>"),
        format!("<details open ontoggle={CALL}>"),
        format!("<video src=x onerror={CALL}>"),
        format!("<a href=javascript:{CALL}>x</a>"),
        format!("<iframe src=javascript:{CALL}>"),
        format!("<svg><script>{CALL}</script>"),
        format!(" onmouseover={CALL} x="),
        format!(" autofocus onfocus={CALL} x="),
        format!("<style onload={CALL}></style>"),
        format!("<math><mi xlink:href=javascript:{CALL}>"),
    ];
    let mut payloads: Vec<String> = WAYS_OUT
        .iter()
        .flat_map(|out| runs.iter().map(move |run| format!("{out}{run}")))
        .collect();
    payloads.extend(
        [
            "javascript:ran(1)",
            "{{constructor.constructor('ran(1)')()}}",
            "${ran(1)}",
            "<%= ran(1) %>",
            "&lt;script&gt;ran(1)&lt;/script&gt;",
            "\u{202e}<script>ran(1)</script>",
            "<scr\u{200b}ipt>ran(1)</scr\u{200b}ipt>",
            "＜script＞ran(1)＜/script＞",
        ]
        .map(str::to_owned),
    );
    assert!(payloads.len() >= 200, "{}", payloads.len());
    payloads
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// A flag in which every text is the payload.
pub(crate) fn flag(id: &str, payload: &str) -> String {
    let hostile = quoted(payload);
    format!(
        r#"{{"flag_id":"{id}","rev":1,"code":{hostile},"partner_id":{hostile},"merchant":{hostile},"marketplace":{hostile},"ts":"2026-03-10T01:00:00.000Z","state":"opened","kind":"coupon_site","score":31.5,"basis":"e-detector","onset":{{"at":"2026-03-09T12:00:00.000Z","low":"2026-03-09T10:00:00.000Z","high":"2026-03-09T14:00:00.000Z"}},"evidence":[{{"signal":{hostile},"observed":0.5,"expected":0.01,"n":9,"decibans":31.5,"window":{{"from":"2026-03-09T10:00:00.000Z","to":"2026-03-10T01:00:00.000Z"}}}},{{"signal":{hostile},"abstained":{hostile}}}],"exposure":{{"leaked_orders":{{"estimate":4.0,"low":2.0,"high":6.0}},"commission":null,"vat":null,"currency":"KZT"}},"top_referrers":[{{"host":{hostile},"orders":3,"known_coupon_site":true}}],"detector":{hostile}}}"#
    )
}

/// An order of the code with the payload's name.
pub(crate) fn order(payload: &str) -> String {
    let hostile = quoted(payload);
    format!(
        r#"{{"order_id":{hostile},"merchant":{hostile},"code":{hostile},"ts":"2026-03-10T00:30:00.000Z","amount":"100.00","currency":"KZT","commission":null,"p_leak":0.5,"hour":"2026-03-10T00:00:00Z"}}"#
    )
}
