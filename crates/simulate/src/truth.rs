//! What really happened to each code: the answer key that a detector is measured against.

use crate::json::{Object, push_text};

/// How a code came into hands it was not meant for.
///
/// A flag of the contract knows `coupon_site`, `extension`, `insider_or_community` and `click_flood`;
/// a deal channel may rightly be flagged as either of the first and the third.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LeakKind {
    /// Listed on a coupon or cashback site.
    CouponSite,
    /// Pasted by a browser extension at checkout.
    Extension,
    /// Passed around among a shop's staff or in a closed community.
    InsiderOrCommunity,
    /// Posted in a public deal channel, in bursts.
    DealChannel,
    /// Not a leak of the code: its clicks are made up.
    ClickFlood,
}

impl LeakKind {
    /// The word in the truth file.
    pub fn name(self) -> &'static str {
        match self {
            Self::CouponSite => "coupon_site",
            Self::Extension => "extension",
            Self::InsiderOrCommunity => "insider_or_community",
            Self::DealChannel => "deal_channel",
            Self::ClickFlood => "click_flood",
        }
    }
}

/// An innocent story that looks like a leak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HonestLookalike {
    /// One post reaches twenty times the usual audience.
    ViralPost,
    /// The code is spoken or printed, and the registry says so.
    SpokenRegistered,
    /// The code is spoken or printed, and the registry does not say so.
    SpokenUnregistered,
    /// The partner opens a Telegram channel.
    TelegramChannel,
    /// Colleagues in an office share the code at lunch.
    OfficeSharing,
    /// A coupon site that is itself the partner, with `permitted_hosts`.
    CouponPartner,
    /// The partner gives something away: a crowd that mostly does not buy.
    Giveaway,
    /// The shop raises the code's discount.
    DiscountChange,
    /// The code ends while people still try it.
    EndedCode,
    /// A small, devoted following that buys again and again, mostly without a click.
    LoyalBase,
    /// The partner's followers are the shop's old customers: hardly anybody is new.
    ReturningAudience,
    /// Students of one city who pass the code around in their chats at night.
    StudentGroup,
    /// The partner is read by deal hunters, who use everybody's codes.
    DealBlogger,
}

impl HonestLookalike {
    /// All of them, in a fixed order; a family of worlds tells those that it has a mechanism for.
    pub const ALL: [Self; 13] = [
        Self::ViralPost,
        Self::SpokenRegistered,
        Self::SpokenUnregistered,
        Self::TelegramChannel,
        Self::OfficeSharing,
        Self::CouponPartner,
        Self::Giveaway,
        Self::DiscountChange,
        Self::EndedCode,
        Self::LoyalBase,
        Self::ReturningAudience,
        Self::StudentGroup,
        Self::DealBlogger,
    ];

    /// The word in the truth file.
    pub fn name(self) -> &'static str {
        match self {
            Self::ViralPost => "viral_post",
            Self::SpokenRegistered => "spoken_registered",
            Self::SpokenUnregistered => "spoken_unregistered",
            Self::TelegramChannel => "telegram_channel",
            Self::OfficeSharing => "office_sharing",
            Self::CouponPartner => "coupon_partner",
            Self::Giveaway => "giveaway",
            Self::DiscountChange => "discount_change",
            Self::EndedCode => "ended_code",
            Self::LoyalBase => "loyal_base",
            Self::ReturningAudience => "returning_audience",
            Self::StudentGroup => "student_group",
            Self::DealBlogger => "deal_blogger",
        }
    }
}

/// Something that happened around a code, and until when where it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TruthEvent {
    /// `viral_post`, `sale`, `click_id_outage`, `referrer_outage`, `coverage_change`, `regime_change`,
    /// `click_flood`, `leak_burst`, `leak_ramp` (the leak grows all the while), or the word of a
    /// `HonestLookalike`.
    pub kind: &'static str,
    /// Epoch milliseconds.
    pub at: i64,
    /// Epoch milliseconds.
    pub until: Option<i64>,
}

/// At most this many events are kept for one code, the first ones: a bound for endless use.
pub const EVENTS_MAX: usize = 64;

/// What really happened to one code. Counts grow while the world runs and are complete at its end.
#[derive(Clone, Debug, PartialEq)]
pub struct CodeTruth {
    /// The code, as the registry spells it.
    pub code: String,
    /// Where it works.
    pub merchant: String,
    /// Absent: the merchant's own site.
    pub marketplace: Option<&'static str>,
    /// Whether the registry has an entry for it.
    pub registered: bool,
    /// The kind of the leak, or `ClickFlood` where there is a flood and no leak.
    pub kind: Option<LeakKind>,
    /// Start of the leak or flood, epoch milliseconds. Announced at planning, so it may lie ahead.
    pub onset: Option<i64>,
    /// End of the leak or flood where it stops, epoch milliseconds.
    pub end: Option<i64>,
    /// Orders through the leak in a full week, as a multiple of the code's own; 0 without a leak.
    pub leak_size: f64,
    /// Which coupon site or channel, where one lists several codes: the same word for all of them.
    pub source: Option<String>,
    /// Orders accepted at least once that came through the leak.
    pub leaked_orders: u64,
    /// All other orders accepted at least once.
    pub organic_orders: u64,
    /// Redemptions refused: after the code's end.
    pub rejected_attempts: u64,
    /// Distinct clicks, fraudulent ones among them.
    pub clicks: u64,
    /// Distinct clicks made by a flood, an injecting extension or a coupon page.
    pub fraudulent_clicks: u64,
    /// The first leaked orders' ids, bounded by `leaked_order_ids_max`.
    pub leaked_order_ids: Vec<String>,
    /// What happened around the code, bounded by [`EVENTS_MAX`].
    pub events: Vec<TruthEvent>,
    /// The code's innocent story, if it has one; a leaked code may have one too.
    pub honest_lookalike: Option<HonestLookalike>,
}

impl CodeTruth {
    pub(crate) fn of(code: &str, merchant: &str, marketplace: Option<&'static str>) -> Self {
        Self {
            code: code.to_owned(),
            merchant: merchant.to_owned(),
            marketplace,
            registered: true,
            kind: None,
            onset: None,
            end: None,
            leak_size: 0.0,
            source: None,
            leaked_orders: 0,
            organic_orders: 0,
            rejected_attempts: 0,
            clicks: 0,
            fraudulent_clicks: 0,
            leaked_order_ids: Vec::new(),
            events: Vec::new(),
            honest_lookalike: None,
        }
    }

    /// Whether the code itself leaks (now, earlier or as planned); a click flood alone is no leak.
    pub fn leaked(&self) -> bool {
        self.kind.is_some_and(|kind| kind != LeakKind::ClickFlood)
    }

    /// Whether nothing fraudulent touches the code: its weeks are clean code-weeks.
    pub fn clean(&self) -> bool {
        self.kind.is_none()
    }

    pub(crate) fn note(&mut self, event: TruthEvent) {
        if self.events.len() < EVENTS_MAX {
            self.events.push(event);
        }
    }

    /// Appends the code's line of `truth.ndjson`, with its newline.
    pub fn write_line(&self, out: &mut Vec<u8>) {
        let mut line = Object::open(out);
        line.text("code", &self.code);
        line.text("merchant", &self.merchant);
        line.opt_text("marketplace", self.marketplace);
        line.flag("registered", self.registered);
        line.flag("leaked", self.leaked());
        line.flag("clean", self.clean());
        line.opt_text("kind", self.kind.map(LeakKind::name));
        line.opt_ms("onset", self.onset);
        line.opt_ms("end", self.end);
        let size = format!("{:.3}", self.leak_size);
        line.field("leak_size").extend_from_slice(size.as_bytes());
        line.opt_text("source", self.source.as_deref());
        line.uint("leaked_orders", self.leaked_orders);
        line.uint("organic_orders", self.organic_orders);
        line.uint("rejected_attempts", self.rejected_attempts);
        line.uint("clicks", self.clicks);
        line.uint("fraudulent_clicks", self.fraudulent_clicks);
        line.list("leaked_order_ids", &self.leaked_order_ids, |out, id| {
            push_text(out, id)
        });
        line.list("events", &self.events, |out, event| {
            let mut item = Object::open(out);
            item.text("kind", event.kind);
            item.opt_ms("at", Some(event.at));
            item.opt_ms("until", event.until);
            item.close();
        });
        line.opt_text(
            "honest_lookalike",
            self.honest_lookalike.map(HonestLookalike::name),
        );
        line.close();
        out.push(b'\n');
    }
}
