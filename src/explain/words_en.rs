//! The explanation in English.

use super::words::{Language, Phrases, SignalWords, Words};

const fn words(title: &'static str, meaning: &'static str) -> SignalWords {
    SignalWords { title, meaning }
}

/// English.
pub(super) static ENGLISH: Words = Words {
    language: Language::English,
    signals: &[
        (
            "auto_entry",
            words(
                "Entered automatically",
                "Share of orders whose code a browser extension or a script filled in; followers type it or come by the link.",
            ),
        ),
        (
            "referrer",
            words(
                "Came from a coupon page",
                "Share of orders that came from a coupon, cashback or deal page, among those that name where they came from.",
            ),
        ),
        (
            "cold",
            words(
                "No click before the order",
                "Share of orders without any click on the partner’s link; whoever finds a code elsewhere has no reason to click.",
            ),
        ),
        (
            "too_fast",
            words(
                "Ordered within a minute of the click",
                "Share of orders less than a minute after their click: an extension clicks at the checkout, a follower before shopping.",
            ),
        ),
        (
            "returning",
            words(
                "Customers the shop already had",
                "Share of buyers who had ordered from this shop before; an influencer is paid to bring new ones.",
            ),
        ),
        (
            "hopper",
            words(
                "Buyers who go from code to code",
                "Share of buyers who used other partners’ codes lately, or codes under suspicion: deal hunters, not followers.",
            ),
        ),
        (
            "repeat_customer",
            words(
                "The same buyers again",
                "Share of buyers who had used this partner’s code before; in a closed circle the same people order again and again.",
            ),
        ),
        (
            "off_audience",
            words(
                "Outside the audience’s cities",
                "Share of orders that go to places where this code’s audience is not known to live.",
            ),
        ),
        (
            "basket",
            words(
                "Size of the baskets",
                "Where the mean basket stands between the shop’s smallest (0 %) and largest (100 %), against this code’s own.",
            ),
        ),
        (
            "order_time",
            words(
                "Time of the orders",
                "Share of the timing that the code’s own clicks and hours explain; leaked orders follow the shop’s hours instead.",
            ),
        ),
        (
            "rejected",
            words(
                "Refused attempts",
                "Share of attempts to redeem the code that were refused; a published code is tried by people it is not meant for.",
            ),
        ),
        (
            "sighting",
            words(
                "Seen in public",
                "Someone or something saw the code in a public place.",
            ),
        ),
        (
            "click_referrer",
            words(
                "Clicks from coupon pages",
                "Share of first visits that came from coupon pages or from hosts nobody knows.",
            ),
        ),
        (
            "click_growth",
            words(
                "Growth of the clicks",
                "Clicks an hour, as a multiple of the usual.",
            ),
        ),
        (
            "click_composition",
            words(
                "Make-up of the clicks",
                "Share of the clicks that are robots, repeats or lack a referrer.",
            ),
        ),
        (
            "volume",
            words(
                "Number of orders",
                "Orders of the last eight days against the code’s usual ones, the market’s rise and its own clicks taken into account.",
            ),
        ),
        (
            "e_detector",
            words(
                "What the label-free core says",
                "The learned judge hears the core’s bets for each kind of leak as one voice among others.",
            ),
        ),
        (
            "context",
            words(
                "Size, age and data of the code",
                "The same marks mean more or less in a code of this size and age, in a shop that sends these fields.",
            ),
        ),
        (
            "prior",
            words(
                "Where every code starts",
                "What counts before any order: most codes do not leak. The core adds up all the times at which a leak could have begun.",
            ),
        ),
        (
            "mixture",
            words(
                "Other explanations of the same kind",
                "The strongest story alone would overstate: all kinds and sizes of leak are averaged.",
            ),
        ),
        (
            "market",
            words(
                "What the whole shop shows",
                "Taken off or added because all codes of the shop show something similar now, for example in a sale.",
            ),
        ),
        (
            "agreement",
            words(
                "No mark alone",
                "One kind of mark may bring only so much, however often it is seen, and where the learned judge has looked, the label-free core may lead it by only so much; this takes off what lies beyond.",
            ),
        ),
        (
            "limit",
            words(
                "Bound on one order",
                "No single order may weigh more than a fixed bound; this is what the bound takes off or adds.",
            ),
        ),
        (
            "persistence",
            words(
                "Persistence",
                "The score is smoothed over the last looks: one strange hour does not move it far, and a leak that goes on lifts it step by step.",
            ),
        ),
        (
            "scale",
            words(
                "Adjustment to the common scale",
                "Brings the learned judge’s odds to the scale on which 30 dB cost one false flag in 1,000 clean code-weeks.",
            ),
        ),
    ],
    silences: &[
        (
            "the orders do not carry the field",
            "the orders do not carry the field",
        ),
        (
            "hardly any order of this shop carries it",
            "hardly any order of this shop carries it",
        ),
        (
            "the shop's orders stopped carrying it: tracking seems to be down",
            "the shop’s orders stopped carrying it: tracking seems to be down",
        ),
        (
            "the code is spoken or printed, orders without clicks are normal",
            "the code is spoken or printed, orders without clicks are normal",
        ),
        (
            "too few clicks are known for this code",
            "too few clicks are known for this code",
        ),
        ("too little history", "too little history"),
        (
            "a post was announced for this time",
            "a post was announced for this time",
        ),
        (
            "the discount changed recently",
            "the discount changed recently",
        ),
        ("the clicks look made up", "the clicks look made up"),
        ("never seen in this shop", "never seen in this shop"),
        (
            "the brand lets coupon sites show this code",
            "the brand lets coupon sites show this code",
        ),
        ("nothing of the kind arrived", "nothing of the kind arrived"),
        (
            "switched off in the settings",
            "switched off in the settings",
        ),
        ("no recent order tells it", "no recent order tells it"),
    ],
    kinds: &[
        ("coupon_site", "a coupon site lists the code"),
        ("extension", "a browser extension enters the code"),
        (
            "insider_or_community",
            "staff or a closed community pass the code on",
        ),
        ("click_flood", "made-up clicks"),
        ("unknown", "no single kind stands out"),
    ],
    stories: &[
        ("coupon_site", "coupon site"),
        ("extension", "browser extension"),
        ("insider_or_community", "staff or a closed community"),
        ("click_referrers", "clicks from coupon pages"),
    ],
    circumstances: &[
        (
            "unregistered",
            "The code is not in the registry: nobody issued it, so there is no partner, no commission and no validity to go by.",
        ),
        (
            "offline",
            "The code is spoken or printed, or behaves like it: orders without clicks are normal for it.",
        ),
        (
            "clicks_unknown",
            "Hardly any clicks of this code are known, so orders without clicks mean nothing.",
        ),
        (
            "post_expected",
            "A post was announced for this time: a burst of orders is expected.",
        ),
        (
            "discount_changed",
            "The discount changed recently: baskets and customers may differ for that reason.",
        ),
        (
            "clicks_made_up",
            "The clicks look made up, so they explain no orders.",
        ),
        (
            "public",
            "The brand lets some sites show this code: orders from there are normal.",
        ),
        (
            "trusted",
            "An analyst called the code’s behaviour legitimate: its own habits excuse much.",
        ),
        ("outside_validity", "The code is outside its validity."),
        (
            "data_gap",
            "A known gap in the input touches this evidence: what is missing may be data that never arrived.",
        ),
    ],
    phrases: Phrases {
        flagged: "{code}: flagged",
        not_flagged: "{code}: not flagged",
        as_of: "As of {time}, {zone}",
        owner: "Partner {partner}, merchant {merchant}",
        marketplace: "marketplace {marketplace}",
        score: "Score {score} dB; a flag opens at {threshold} dB",
        core: "label-free core",
        learned: "learned judge",
        learned_off: "learned judge: switched off in the settings",
        learned_blind: "learned judge: fewer than two evidential orders lately, nothing to look at",
        learned_last: "the learned judge said {score} dB when it last looked; it looks when orders come",
        speaks: "this one counts",
        peak: "Highest so far: {score} dB, {time}",
        episode: "State",
        open: "flag {flag}, revision {rev}, open since {time}",
        flood_open: "flag {flag} for made-up clicks, revision {rev}, open since {time}",
        confirmed: "an analyst confirmed it",
        faded: "the evidence has faded since; a flag is cleared when enough ordinary orders have come, or none for weeks",
        never: "never flagged",
        earlier: "no flag open; {episodes} before",
        episodes: ["flag", "flags", "flags"],
        kind: "Looks most like: {kind}",
        onset: "Began most likely {at}; with 90 % probability between {low} and {high}",
        leaked: "Leaked orders since: {estimate} ({low} to {high})",
        commission: "Commission in them: {estimate} ({low} to {high}) {currency}",
        vat: "VAT on top: {vat} {currency}",
        if_leak: "If it leaks at all:",
        orders_leaked: "Of its last {orders} remembered orders {leaked} came more likely than not through the leak",
        hosts: "Where its orders came from",
        host: "{host}: {orders}",
        coupon_site: "known coupon site",
        history: "What is known of it",
        seen: "{orders} accepted, {clicks}, orders remembered over {days}",
        orders: ["order", "orders", "orders"],
        clicks: [
            "first-visit click",
            "first-visit clicks",
            "first-visit clicks",
        ],
        days: ["day", "days", "days"],
        habit: "{orders} of them old enough to be its own habit; the rest of its normal is the shop’s",
        last_hour: "last judged in the hour of {time}",
        circumstances: "What to bear in mind",
        lacking: "What a flag would need",
        lack_orders: "{have} of at least {least} orders: a code with fewer is never flagged",
        lack_score: "{score} dB more evidence",
        lack_learned: "two evidential orders lately, for the learned judge to look at it at all",
        lack_validity: "orders inside its validity: others are no evidence",
        lack_order: "one more order: a flag opens only at the close of an hour that brought one",
        stories: "The core’s bet on each kind of leak by itself",
        learned_items: "Evidence of the learned judge, adding up to {score} dB",
        core_items: "Evidence of the label-free core, adding up to {score} dB",
        flood_items: "Evidence for made-up clicks, adding up to {score} dB",
        neutral: "neither for nor against: {signals}",
        core_silent: "The core keeps items by signal only of codes under suspicion; of this one it knows the sums above.",
        observed: "observed {observed}, ordinary {expected}, of {n}",
        sightings: ["sighting", "sightings", "sightings"],
        a_day: "{value} a day",
        abstained: "What said nothing, and why",
    },
};
