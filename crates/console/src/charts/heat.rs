//! Hours of the week as a table of shades.

use maud::{Markup, html};
use promoguard_event::EventTime;
use promoguard_review::HourSums;
use promoguard_words::Clock;

use crate::texts::Texts;

/// Orders by day of the week and hour of the day, Monday first, in the zone of the settings.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Heat {
    orders: [[u32; 24]; 7],
    weeks: f64,
}

impl Heat {
    /// Of the hours from `from` until before `until`.
    pub(crate) fn new(
        hours: &[HourSums],
        from: EventTime,
        until: EventTime,
        clock: &Clock,
    ) -> Heat {
        let mut heat = Heat {
            orders: [[0; 24]; 7],
            weeks: (until.millis_since(from) as f64 / 604_800_000.0).max(1.0 / 168.0),
        };
        for hour in hours {
            let start = hour.hour.start();
            if start >= from && start < until {
                let number = |pattern: &str| clock.format(start, pattern).parse::<usize>();
                if let (Ok(day @ 1..=7), Ok(at @ 0..24)) = (number("%u"), number("%-H")) {
                    heat.orders[day - 1][at] += hour.orders;
                }
            }
        }
        heat
    }

    fn total(&self) -> u32 {
        self.orders.iter().flatten().sum()
    }

    fn a_week(&self, orders: u32) -> f64 {
        f64::from(orders) / self.weeks
    }
}

const DAYS: [&str; 7] = [
    "day-monday",
    "day-tuesday",
    "day-wednesday",
    "day-thursday",
    "day-friday",
    "day-saturday",
    "day-sunday",
];
/// Shades, classes `heat-0` to `heat-5`.
const SHADES: f64 = 5.0;

/// The table; both sides of a start share one scale only if `top` says so.
pub(crate) fn heat(heat: &Heat, top: f64, caption: &str, t: &Texts) -> Markup {
    html! {
        div.wide tabindex="0" role="group" aria-label=(caption) {
            table.heat {
                caption { (caption) span.soft { " · " (t.counted("orders", heat.total().into())) } }
                thead {
                    tr {
                        td {}
                        @for hour in 0..24 {
                            th scope="col" { @if hour % 3 == 0 { (hour) } @else { span.unseen { (hour) } } }
                        }
                    }
                }
                tbody {
                    @for (day, hours) in DAYS.iter().zip(heat.orders) {
                        tr {
                            th scope="row" { (t.say(day)) }
                            @for orders in hours {
                                @let a_week = heat.a_week(orders);
                                @let shade = (a_week / top.max(1e-9) * SHADES).ceil().min(SHADES) as u32;
                                td class=(format!("heat-{shade}")) { span.unseen { (t.words.number(a_week, 1)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The busiest hour of both, orders a week.
pub(crate) fn top(heats: &[&Heat]) -> f64 {
    let all = heats.iter().flat_map(|heat| {
        heat.orders
            .iter()
            .flatten()
            .map(|orders| heat.a_week(*orders))
    });
    all.fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may end where they stand")]

    use super::*;
    use promoguard_event::parse_rfc3339;

    #[test]
    fn an_order_counts_in_the_hour_that_the_clock_on_the_wall_shows() {
        let at = |text: &str| parse_rfc3339(text).unwrap();
        let hour = |text: &str| HourSums {
            hour: at(text).hour(),
            clicks: 0,
            orders: 3,
            clickless: 0,
            fell_away: 0,
            rejected: 0,
        };
        // Sunday 21:33 UTC is Monday 02:33 in Almaty, five hours ahead since March 2024.
        let hours = [hour("2026-03-01T21:33:00Z"), hour("2026-04-01T00:00:00Z")];
        let clock = Clock::new("Asia/Almaty").unwrap();
        let heat = Heat::new(
            &hours,
            at("2026-03-01T00:00:00Z"),
            at("2026-03-15T00:00:00Z"),
            &clock,
        );
        assert_eq!(heat.orders[0][2], 3);
        assert_eq!(heat.total(), 3);
        assert_eq!(top(&[&heat]), 1.5);
    }
}
