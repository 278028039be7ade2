//! The whole run in a few sentences and figures.

use std::collections::BTreeMap;

use maud::{Markup, html};
use promoguard_event::{Currency, Decimal, Evidence, IntervalDecimal, IntervalF, Topic};

use super::numbers::{amount, count, counted, estimate, money, money_range, range};
use super::page::{Page, Run};

/// Sums over the flags.
struct Totals {
    codes: usize,
    open: usize,
    cleared: usize,
    orders: IntervalF,
    money: BTreeMap<Currency, Risk>,
    /// Flags on leaked orders whose commission nobody knows.
    without_commission: usize,
}

#[derive(Default)]
struct Risk {
    commission: IntervalDecimal,
    vat: Decimal,
    without_vat: usize,
}

impl Totals {
    fn of(page: &Page<'_>) -> Totals {
        let mut codes: Vec<&str> = page.episodes.iter().map(|e| e.flag.code.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        let cleared = page.episodes.iter().filter(|e| e.is_cleared()).count();
        let mut totals = Totals {
            codes: codes.len(),
            open: page.episodes.len() - cleared,
            cleared,
            orders: IntervalF::default(),
            money: BTreeMap::new(),
            without_commission: 0,
        };
        for episode in &page.episodes {
            let exposure = &episode.flag.exposure;
            let orders = &exposure.leaked_orders;
            totals.orders.estimate += orders.estimate;
            totals.orders.low += orders.low;
            totals.orders.high += orders.high;
            match exposure.commission {
                None if orders.estimate > 0.0 => totals.without_commission += 1,
                None => {}
                Some(commission) => {
                    let risk = totals.money.entry(exposure.currency).or_default();
                    risk.add(&commission, exposure.vat);
                }
            }
        }
        totals.money.retain(|_, risk| risk.commission.high.0 > 0);
        totals
    }
}

impl Risk {
    fn add(&mut self, commission: &IntervalDecimal, vat: Option<Decimal>) {
        let plus = |a: Decimal, b: Decimal| Decimal(a.0.saturating_add(b.0));
        let sum = &mut self.commission;
        sum.estimate = plus(sum.estimate, commission.estimate);
        sum.low = plus(sum.low, commission.low);
        sum.high = plus(sum.high, commission.high);
        match vat {
            Some(vat) => self.vat = plus(self.vat, vat),
            None => self.without_vat += 1,
        }
    }
}

/// The first screen.
pub(super) fn headline(page: &Page<'_>) -> Markup {
    let totals = Totals::of(page);
    html! {
        header {
            p.brand { "promoguard" }
            h1 { (verdict(page, &totals)) }
            @if page.run.is_none() { (live_words()) }
            (summary(page, &totals))
        }
        @if !page.episodes.is_empty() { (figures(&totals)) }
    }
}

fn verdict(page: &Page<'_>, totals: &Totals) -> String {
    match (totals.codes, page.daily.codes()) {
        (0, 0) if page.run.is_none() => "Waiting for the first hour to close".to_owned(),
        (0, 0) => "Nothing to judge: no events were read".to_owned(),
        (0, _) => "No code shows the marks of a leak".to_owned(),
        (1, _) => "One code shows the marks of a leak or of made-up clicks".to_owned(),
        (codes, _) => format!(
            "{} codes show the marks of a leak or of made-up clicks",
            count(codes as u64)
        ),
    }
}

fn live_words() -> Markup {
    html! {
        p.lead {
            "This is a demonstration: promoguard simulates shops, partners, visitors and buyers, lets \
             some of the partners’ codes leak to coupon sites, extensions and closed communities, and \
             judges the clicks and orders as it would judge yours. Nobody tells the judge which codes \
             leak. A flag appears below once the evidence of the closed hours crosses the threshold. \
             The page renews itself every five seconds."
        }
    }
}

fn summary(page: &Page<'_>, totals: &Totals) -> Markup {
    let Some((first, last)) = page.daily.period() else {
        return html! {
            @if page.run.is_some() {
                p.lead {
                    "No click and no order was accepted. Look at the data quality below: lines that \
                     could not be read are counted there with their reasons."
                }
            }
        };
    };
    let clock = page.clock;
    let sums = page.daily.total();
    let (codes, orders, clicks) = match page.run {
        Some(run) => (
            run.scores.len() as u64,
            run.scores.iter().map(|score| score.orders).sum(),
            run.scores.iter().map(|score| score.clicks).sum(),
        ),
        None => (page.daily.codes() as u64, sums.orders(), sums.clicks),
    };
    html! {
        p.lead {
            "From " (clock.date(first.start())) " to " (clock.date(last.start())) ", "
            (counted(codes, "code", "codes")) " brought "
            (counted(orders, "order", "orders")) (worth(page.run)) " and "
            (counted(clicks, "click", "clicks")) ". "
            @if totals.codes == 0 {
                "None of them was flagged. That does not prove that none leaked: "
                a href="#limits" { "what this page cannot see" } "."
            } @else {
                (counted(totals.codes as u64, "code was", "codes were")) " flagged ("
                (open_and_cleared(totals)) "). "
                @if totals.orders.estimate > 0.0 {
                    "An estimated " (estimate(totals.orders.estimate))
                    " orders (" (range(&totals.orders)) ") came through leaks"
                    @if totals.money.is_empty() { ". " } @else { ", with " (risks(totals)) ". " }
                }
                @if totals.without_commission > 0 {
                    "For " (counted(totals.without_commission as u64, "flag", "flags"))
                    " the registry names no commission. "
                }
                "A flag is evidence about orders and clicks, and a reason to look; it is no finding \
                 about a person."
            }
        }
        (data_words(page))
        p.quiet {
            "Times are in " (clock.name_at(last.start()))
            ". Intervals are 90\u{202f}% ones; those of sums add up the bounds, which is wider than need be."
        }
    }
}

fn worth(run: Option<Run<'_>>) -> String {
    let mut amounts: BTreeMap<Currency, i128> = BTreeMap::new();
    for score in run.map_or(&[][..], |run| run.scores) {
        for (currency, amount) in &score.amounts {
            let sum = amounts.entry(*currency).or_default();
            *sum = sum.saturating_add(amount.0);
        }
    }
    if amounts.is_empty() {
        return String::new();
    }
    let parts: Vec<String> = amounts
        .into_iter()
        .map(|(currency, units)| money(Decimal(units), currency))
        .collect();
    format!(" worth {}", parts.join(" and "))
}

fn open_and_cleared(totals: &Totals) -> String {
    match (totals.open, totals.cleared) {
        (open, 0) => format!("{} open", counted(open as u64, "flag", "flags")),
        (0, cleared) => format!("{} since cleared", counted(cleared as u64, "flag", "flags")),
        (open, cleared) => format!(
            "{} open, {} since cleared",
            counted(open as u64, "flag", "flags"),
            count(cleared as u64)
        ),
    }
}

fn risks(totals: &Totals) -> String {
    let parts: Vec<String> = totals
        .money
        .iter()
        .map(|(currency, risk)| {
            format!(
                "{} of commission at risk ({})",
                money(risk.commission.estimate, *currency),
                money_range(&risk.commission, *currency)
            )
        })
        .collect();
    parts.join(" and ")
}

/// Whether the data are fit for that answer, in one sentence.
fn data_words(page: &Page<'_>) -> Markup {
    let Some(run) = page.run else {
        return html! {};
    };
    let [mut bad, mut duplicate, mut late, mut too_late] = [0_u64; 4];
    for topic in Topic::ALL {
        let counts = run.tally.counts.of(topic);
        bad += counts.dead_letter;
        duplicate += counts.duplicate;
        late += counts.late;
        too_late += counts.too_late;
    }
    let mut silent: Vec<&str> = page
        .episodes
        .iter()
        .flat_map(|episode| &episode.flag.evidence)
        .filter_map(|item| match item {
            Evidence::Abstained { signal, .. } => Some(*signal),
            Evidence::Signal { .. } => None,
        })
        .collect();
    silent.sort_unstable();
    silent.dedup();
    html! {
        p {
            a href="#quality" { "Data quality" } ": "
            (counted(bad, "bad line", "bad lines")) ", "
            (counted(duplicate, "duplicate", "duplicates")) ", "
            (counted(late, "late record", "late records")) ", "
            (counted(too_late, "record too late to judge", "records too late to judge"))
            @if !silent.is_empty() {
                "; " (counted(silent.len() as u64, "signal", "signals"))
                " could not speak in at least one flag"
            }
            "."
        }
    }
}

fn figures(totals: &Totals) -> Markup {
    html! {
        dl.figures {
            div {
                dt { "Codes flagged" }
                dd { (count(totals.codes as u64)) }
                dd.quiet { (open_and_cleared(totals)) }
            }
            div {
                dt { "Leaked orders, estimated" }
                dd { (estimate(totals.orders.estimate)) }
                dd.quiet { (range(&totals.orders)) }
            }
            @for (currency, risk) in &totals.money {
                div {
                    dt { "Commission at risk" }
                    dd { (money(risk.commission.estimate, *currency)) }
                    dd.quiet { (money_range(&risk.commission, *currency)) }
                }
                div {
                    dt { "VAT on it, apart" }
                    dd { (amount(risk.vat)) " " (currency) }
                    dd.quiet {
                        @if risk.without_vat > 0 {
                            "unknown for " (counted(risk.without_vat as u64, "flag", "flags"))
                        } @else { "where the partner pays VAT" }
                    }
                }
            }
        }
    }
}
