//! What a stranger may put into a code, a host, a merchant or a partner's name.

use promoguard_event::ScoreLine;

use super::sample::{flag, run_page, window};
use crate::engine::sinks::Tally;
use crate::report::{Known, ReportCollector};

pub(super) const PAYLOADS: &[&str] = &[
    "<script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</svg><script>alert(1)</script>",
    "</table></section><h1>x</h1>",
    "\"><script>alert(1)</script>",
    "'><script>alert(1)</script>",
    "\" onmouseover=\"alert(1)",
    "' onmouseover='alert(1)",
    "\" autofocus onfocus=alert(1) x=\"",
    "<img src=x onerror=alert(1)>",
    "<img src=x onerror=alert(1)//",
    "<svg onload=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<body onload=alert(1)>",
    "<iframe src=javascript:alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href=//evil.example/>",
    "<a href=javascript:alert(1)>x</a>",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "<details open ontoggle=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<marquee onstart=alert(1)>",
    "<video><source onerror=alert(1)>",
    "<!--<script>alert(1)//-->",
    "--><script>alert(1)</script>",
    "]]><script>alert(1)</script>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version=\"1.0\"?><script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)",
    "&quot; onload=alert(1) &quot;",
    "<scr\0ipt>alert(1)</scr\0ipt>",
    "<script\n>alert(1)</script\n>",
    "<ScRiPt>alert(1)</sCrIpT>",
    "<<script>script>alert(1)<</script>/script>",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<style>@import '//evil.example/x.css';</style>",
    "*{background:url(//evil.example)}",
    "x\u{202e}gpj.exe",
    "\u{2066}a\u{2069}\u{200b}b\u{feff}",
    "line one\r\nline two\u{2028}three",
    "\u{1b}[31mred\u{1b}]0;title\u{7}",
    "\u{e0041}\u{e0042}",
    "`><img src=`x`onerror=alert(1)>",
    "＜script＞alert(1)＜/script＞",
];

/// Both kinds of page with the payload in every place that others write.
pub(super) fn page_with(payload: &str) -> String {
    let make = || {
        let mut report = ReportCollector::new(super::sample::ZONE).unwrap();
        let mut hostile = flag(payload);
        hostile.flag_id = "id".to_owned();
        hostile.partner_id = Some(payload.to_owned());
        hostile.merchant = Some(payload.to_owned());
        hostile.marketplace = Some(payload.to_owned());
        hostile.detector = payload.to_owned();
        for referrer in &mut hostile.top_referrers {
            referrer.host = payload.to_owned();
        }
        report.add_flag(&hostile);
        report.add_window(&window(payload, 492_000, 5));
        let known = Known {
            spelling: payload.into(),
            partner_id: payload.into(),
            posts: Vec::new(),
        };
        let code = super::super::identity(&format!("{payload}."));
        report.known.insert(code, known);
        report
    };
    let near = ScoreLine {
        code: format!("{payload}."),
        ..super::sample::scores()[0].clone()
    };
    let tally = Tally {
        conflicts: vec![payload.to_owned()],
        ..Tally::default()
    };
    run_page(make(), &[near], &tally) + &make().flags_page()
}
