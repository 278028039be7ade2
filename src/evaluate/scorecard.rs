//! The detector's flags against what was there.
//!
//! Decides: what is counted, and into which groups leaks and false flags are divided. Must not
//! know: how flags or rules come about.

use std::collections::BTreeMap;

use promoguard_event::Track;
use promoguard_simulate::LeakKind;
use serde::Serialize;

use super::counts::{MoneyShare, Rate, Share, Spread};
use super::outcome::{CodeOutcome, Fate, Interval, Leak, Side, WorldOutcome};

/// What flags were worth.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Scorecard {
    /// How much was looked at.
    pub extent: Extent,
    /// Flags about orders on honest codes.
    pub false_flags: FalseFlags,
    /// Flags about orders on leaking codes before the first leaked order: flags, of leaks.
    pub early_flags: Share,
    /// Codes whose clicks were inflated, which do not leak, and were flagged for their orders.
    pub flooded_flagged_as_leak: Share,
    /// Click floods.
    pub floods: Floods,
    /// Leaks by (dimension, value): all of them first.
    pub leaks: Vec<LeakRow>,
    /// Commission on honest orders while a flag about orders was open.
    pub falsely_held: Held,
    /// Whether 90 % intervals hold the truth.
    pub coverage: Coverage,
}

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Extent {
    /// Worlds.
    pub worlds: u64,
    /// Codes.
    pub codes: u64,
    /// Codes that nothing fraudulent touched.
    pub clean_codes: u64,
    /// Leaking codes through whose leak at least one order came.
    pub leaks: u64,
    /// Codes with a click flood and no leak.
    pub flooded_codes: u64,
    /// Clicks and orders, repeats among them.
    pub records: u64,
    /// Distinct orders.
    pub orders: u64,
    /// Orders that the pipeline judged.
    pub judged_orders: u64,
}

/// Flags about orders on honest codes.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FalseFlags {
    /// All of them.
    pub all: Rate,
    /// By the code's innocent story.
    pub by_story: BTreeMap<&'static str, Rate>,
    /// By the partner's tier.
    pub by_tier: BTreeMap<&'static str, Rate>,
    /// By where the shop sells.
    pub by_marketplace: BTreeMap<String, Rate>,
}

/// The track of click floods.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Floods {
    /// Flooded codes that were flagged so, leaking ones apart.
    pub found: Share,
    /// Flood flags on honest codes.
    pub falsely: Rate,
}

/// Commission on honest orders while a flag about orders was open.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Held {
    /// On honest codes.
    pub on_clean_codes: MoneyShare,
    /// On the honest side of leaking codes.
    pub on_leaking_codes: MoneyShare,
}

/// Leaks of one value of one dimension.
#[derive(Clone, Debug, Serialize)]
pub struct LeakRow {
    /// What leaks are divided by.
    pub dimension: &'static str,
    /// Which of them these are.
    pub value: String,
    /// Found, of those with a leaked order.
    pub found: Share,
    /// Leaked commission that came while a flag was open, of all.
    pub saved: MoneyShare,
    /// Leaked commission that came after the first flag, whatever became of it, of all.
    pub saved_after_first_flag: MoneyShare,
    /// Hours from the first leaked order to the flag, of those found.
    pub delay_hours: Spread,
    /// Leaked orders up to the flag, of those found.
    pub delay_orders: Spread,
}

/// Whether 90 % intervals hold the truth, over flags that found a leak.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Coverage {
    /// When the flag opened.
    pub opened: Covered,
    /// In the flag's last revision.
    pub last: Covered,
}

/// Where the truth was.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Covered {
    /// Start of the leak.
    pub onset: Sides,
    /// Leaked orders up to then.
    pub leaked_orders: Sides,
    /// Commission on them.
    pub commission: Sides,
}

/// Intervals by where the truth was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sides {
    /// Truth below the interval.
    pub below: u64,
    /// Truth inside.
    pub inside: u64,
    /// Truth above the interval.
    pub above: u64,
}

impl Sides {
    fn add(&mut self, interval: &Interval) {
        match interval.side() {
            Side::Below => self.below += 1,
            Side::Inside => self.inside += 1,
            Side::Above => self.above += 1,
        }
    }

    /// Those that hold the truth.
    pub fn share(&self) -> Share {
        Share {
            n: self.inside,
            of: self.below + self.inside + self.above,
        }
    }
}

impl Scorecard {
    /// Adds up worlds, in their order.
    pub fn of<'a>(worlds: impl IntoIterator<Item = &'a WorldOutcome>) -> Scorecard {
        let mut card = Scorecard::default();
        let mut leaks = BTreeMap::new();
        for world in worlds {
            card.extent.worlds += 1;
            card.extent.records += world.volume.records;
            card.extent.orders += world.volume.orders;
            card.extent.judged_orders += world.volume.judged_orders;
            for code in &world.codes {
                card.extent.codes += 1;
                match code.fate {
                    Fate::Clean => card.add_clean(code, world.weeks),
                    Fate::Flooded => card.add_flooded(code),
                    Fate::Leaks => card.add_leaking(code, &mut leaks),
                }
            }
        }
        card.leaks = leaks.into_values().collect();
        card
    }

    /// The row of all leaks, of those with five leaked orders or more, and so on.
    pub fn leaks_of(&self, dimension: &str, value: &str) -> Option<&LeakRow> {
        self.leaks
            .iter()
            .find(|row| row.dimension == dimension && row.value == value)
    }

    fn add_clean(&mut self, code: &CodeOutcome, weeks: f64) {
        self.extent.clean_codes += 1;
        let flags = code.episodes_of(Track::Leak).count() as u64;
        let all = &mut self.false_flags;
        let shop = code.marketplace.as_deref().unwrap_or("own site");
        for rate in [
            &mut all.all,
            all.by_story.entry(code.story).or_default(),
            all.by_tier.entry(code.tier).or_default(),
            all.by_marketplace.entry(shop.to_owned()).or_default(),
        ] {
            rate.events += flags;
            rate.weeks += weeks;
        }
        self.floods.falsely.events += code.episodes_of(Track::ClickFlood).count() as u64;
        self.floods.falsely.weeks += weeks;
        let held = &mut self.falsely_held.on_clean_codes;
        held.add(code.honest_held(), code.honest());
    }

    fn add_flooded(&mut self, code: &CodeOutcome) {
        self.extent.flooded_codes += 1;
        let is_flagged = |track| code.episodes_of(track).next().is_some();
        self.floods.found.add(is_flagged(Track::ClickFlood));
        self.flooded_flagged_as_leak.add(is_flagged(Track::Leak));
    }

    fn add_leaking(&mut self, code: &CodeOutcome, leaks: &mut BTreeMap<RowKey, LeakRow>) {
        self.early_flags.n += code.early_flags() as u64;
        self.early_flags.of += 1;
        let held = &mut self.falsely_held.on_leaking_codes;
        held.add(code.honest_held(), code.honest());
        let Some(leak) = &code.leak else { return };
        self.extent.leaks += 1;
        for (dimension, place, value) in divisions(code, leak) {
            let row = leaks
                .entry((
                    DIMENSIONS.iter().position(|name| *name == dimension),
                    place,
                    value,
                ))
                .or_insert_with_key(|(_, _, value)| LeakRow::new(dimension, value));
            row.add(code, leak);
        }
        if let Some(hit) = code.hit() {
            for (covered, told) in [
                (&mut self.coverage.opened, &hit.first),
                (&mut self.coverage.last, &hit.last),
            ] {
                let Some(told) = told else { continue };
                covered.onset.add(&told.onset);
                covered.leaked_orders.add(&told.orders);
                if let Some(commission) = &told.commission {
                    covered.commission.add(commission);
                }
            }
        }
    }
}

/// By dimension, place within it, value.
type RowKey = (Option<usize>, usize, String);

/// What leaks are divided by, in the order in which it is told.
const DIMENSIONS: [&str; 9] = [
    "leaks",
    "kind",
    "place",
    "marketplace",
    "tier",
    "leaked orders",
    "intensity",
    "course",
    "kind and place",
];

/// Everything that a leak counts as: (dimension, order within it, value).
fn divisions(code: &CodeOutcome, leak: &Leak) -> Vec<(&'static str, usize, String)> {
    let orders = leak.orders.len();
    let (size_place, size) = class(&SIZES, orders as f64);
    let (intensity_place, intensity) = class(&INTENSITIES, leak.intensity);
    let tier_place = TIERS.iter().position(|tier| *tier == code.tier);
    let kind = leak.kind.name();
    let shop = code.marketplace.as_deref().unwrap_or("own site");
    let mut all = vec![
        ("leaks", 0, "all".to_owned()),
        ("kind", kind_place(leak.kind), kind.to_owned()),
        ("place", 0, code.place().to_owned()),
        ("marketplace", 0, shop.to_owned()),
        (
            "tier",
            tier_place.unwrap_or(TIERS.len()),
            code.tier.to_owned(),
        ),
        ("leaked orders", size_place, size.to_owned()),
        ("intensity", intensity_place, intensity.to_owned()),
        (
            "kind and place",
            kind_place(leak.kind),
            format!("{kind}, {}", code.place()),
        ),
    ];
    if orders >= 5 {
        all.push(("leaks", 1, "of 5 orders or more".to_owned()));
    }
    let course = leak.course;
    let ordinary = !(course.from_day_one || course.slow_ramp || course.stops);
    let courses = [
        (ordinary, "at once, and stays"),
        (course.from_day_one, "from day one"),
        (course.slow_ramp, "slow ramp"),
        (course.stops, "stops"),
    ];
    for (place, (applies, name)) in courses.into_iter().enumerate() {
        if applies {
            all.push(("course", place, name.to_owned()));
        }
    }
    all
}

const TIERS: [&str; 5] = ["nano", "micro", "mid", "macro", "mega"];

/// Classes of the number of leaked orders: upper end (not in it), name.
const SIZES: [(f64, &str); 4] = [
    (5.0, "under 5"),
    (15.0, "5 to 14"),
    (50.0, "15 to 49"),
    (f64::INFINITY, "50 and more"),
];

/// Classes of a leak's size as a multiple of the code's own orders.
const INTENSITIES: [(f64, &str); 4] = [
    (0.5, "under half the own orders"),
    (1.0, "half to once the own orders"),
    (2.0, "once to twice the own orders"),
    (f64::INFINITY, "over twice the own orders"),
];

fn class(classes: &[(f64, &'static str)], value: f64) -> (usize, &'static str) {
    let found = classes.iter().position(|(end, _)| value < *end);
    let place = found.unwrap_or(classes.len() - 1);
    (place, classes[place].1)
}

fn kind_place(kind: LeakKind) -> usize {
    match kind {
        LeakKind::CouponSite => 0,
        LeakKind::Extension => 1,
        LeakKind::InsiderOrCommunity => 2,
        LeakKind::DealChannel => 3,
        LeakKind::ClickFlood => 4,
    }
}

impl LeakRow {
    fn new(dimension: &'static str, value: &str) -> LeakRow {
        LeakRow {
            dimension,
            value: value.to_owned(),
            found: Share::default(),
            saved: MoneyShare::default(),
            saved_after_first_flag: MoneyShare::default(),
            delay_hours: Spread::default(),
            delay_orders: Spread::default(),
        }
    }

    fn add(&mut self, code: &CodeOutcome, leak: &Leak) {
        let hit = code.hit();
        let value = leak.value();
        self.found.add(hit.is_some());
        self.saved.add(leak.value_held(&code.episodes), value);
        let after = hit.map_or(0.0, |hit| leak.value_between(hit.opened, None));
        self.saved_after_first_flag.add(after, value);
        if let Some(hit) = hit {
            // A flag is written at the close of its hour.
            let told_at = f64::from(hit.opened + 1);
            self.delay_hours.add(told_at - leak.first_at_hours);
            self.delay_orders.add(leak.orders_until(hit.opened) as f64);
        }
    }
}
