//! A hot stage as small as it can be: exact dedupe in memory, hours closed by arrival.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use promoguard_detect::{
    AttemptFact, ClickFacts, CodeWatch, DetectSettings, HostClass, HourOfCode, HourSums, Market,
    StatusChange, Verdict, city_hash, classify_host,
};
use promoguard_event::{
    Code, CodeEntry, Decoder, DecoderLimits, Event, EventTime, Hour, PseudonymKey, Sighting,
    Status, Topic,
};
use promoguard_simulate::{RecordBatch, World};

/// How long an hour waits for its records.
const SLACK_MS: i64 = 5 * 60_000;
const HOSTS_MAX: usize = 16;

/// The facts of one code in one closed hour.
#[derive(Clone, Debug, Default)]
pub(crate) struct CodeFacts {
    pub(crate) clicks: ClickFacts,
    pub(crate) attempts: Vec<AttemptFact>,
    pub(crate) changes: Vec<StatusChange>,
    pub(crate) sightings: Vec<Sighting>,
}

/// What really happened to an order, by code.
pub(crate) struct OrderTruth {
    pub(crate) code: String,
    pub(crate) hour: i32,
    pub(crate) ts: EventTime,
    pub(crate) leaked: bool,
    pub(crate) amount: f64,
}

/// A world turned into the judge's facts.
pub(crate) struct WorldFacts {
    pub(crate) hours: BTreeMap<i32, BTreeMap<String, CodeFacts>>,
    pub(crate) entries: BTreeMap<String, CodeEntry>,
    pub(crate) orders: Vec<OrderTruth>,
    pub(crate) truths: Vec<promoguard_simulate::CodeTruth>,
    pub(crate) weeks: f64,
}

pub(crate) fn facts_of(mut world: World) -> WorldFacts {
    let mut decoder = Decoder::new(PseudonymKey::new([7; 32]), DecoderLimits::default());
    let entries: BTreeMap<String, CodeEntry> = world
        .codes()
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            match decoder
                .decode(Topic::Codes, line)
                .expect("a registry line")
                .event
            {
                Event::Code(entry) => (entry.code.as_str().to_owned(), *entry),
                _ => unreachable!("the codes topic holds codes"),
            }
        })
        .collect();
    let mut facts = WorldFacts {
        hours: BTreeMap::new(),
        entries,
        orders: Vec::new(),
        truths: Vec::new(),
        weeks: world.settings().days / 7.0,
    };
    for line in world
        .sightings()
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        if let Ok(decoded) = decoder.decode(Topic::Sightings, line)
            && let Event::Sighting(sighting) = decoded.event
        {
            let at = facts.hours.entry(sighting.ts.hour().index()).or_default();
            let code = at.entry(sighting.code.as_str().to_owned()).or_default();
            code.sightings.push(*sighting);
        }
    }
    let mut stage = Stage::default();
    let mut batch = RecordBatch::with_records_max(10_000);
    loop {
        batch.clear();
        if world.fill(&mut batch) == 0 {
            break;
        }
        for record in batch.iter() {
            let topic = match record.topic {
                promoguard_simulate::Topic::Clicks => Topic::Clicks,
                promoguard_simulate::Topic::Orders => Topic::Orders,
            };
            let Ok(decoded) = decoder.decode(topic, record.payload) else {
                continue;
            };
            match decoded.event {
                Event::Click(click) => stage.click(&mut facts, record.key, record.arrival, &click),
                Event::Order(order) => stage.order(&mut facts, &record, &order),
                _ => {}
            }
        }
    }
    for codes in facts.hours.values_mut() {
        for code in codes.values_mut() {
            code.attempts
                .sort_by(|a, b| a.ts.cmp(&b.ts).then_with(|| a.order_id.cmp(&b.order_id)));
        }
    }
    facts.truths = world.truth().to_vec();
    facts
}

#[derive(Default)]
struct Stage {
    seen: HashSet<u64>,
    visitors: HashSet<u64>,
    accepted: HashSet<u64>,
    first_visits: BTreeMap<(String, i32), Vec<i64>>,
}

fn hash(parts: &[&str]) -> u64 {
    parts
        .iter()
        .flat_map(|part| part.bytes().chain([0]))
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
}

/// The first hour still open when a record arrives.
fn open_hour(arrival: i64) -> i32 {
    EventTime::from_millis(arrival - SLACK_MS).hour().index()
}

impl Stage {
    fn click(
        &mut self,
        facts: &mut WorldFacts,
        key: &str,
        arrival: i64,
        click: &promoguard_event::Click<'_>,
    ) {
        let hour = click.ts.hour().index();
        if hour < open_hour(arrival) || !self.seen.insert(hash(&["c", click.click_id])) {
            return;
        }
        let first = self.visitors.insert(hash(&[key, click.visitor_id]));
        let at = facts
            .hours
            .entry(hour)
            .or_default()
            .entry(key.to_owned())
            .or_default();
        let to = &mut at.clicks;
        to.clicks += 1;
        let robot = click.ua.is_some_and(|ua| {
            let ua = ua.to_ascii_lowercase();
            ["bot", "externalhit", "vkshare", "headless", "python"]
                .iter()
                .any(|word| ua.contains(word))
        });
        to.bots += u32::from(robot);
        to.without_referrer += u32::from(click.referrer_host.is_none());
        if !first {
            return;
        }
        to.first_visits += 1;
        self.first_visits
            .entry((key.to_owned(), hour))
            .or_default()
            .push(click.ts.millis());
        let Some(host) = click.referrer_host else {
            return;
        };
        match classify_host(host) {
            HostClass::Social | HostClass::Search | HostClass::Messenger => {
                to.social += 1;
                return;
            }
            class if class.is_coupon() => to.coupon += 1,
            HostClass::Other => to.unknown_host += 1,
            _ => {}
        }
        if let Some((_, count)) = to.hosts.iter_mut().find(|(known, _)| **known == *host) {
            *count += 1;
        } else if to.hosts.len() < HOSTS_MAX {
            to.hosts.push((host.into(), 1));
        }
    }

    fn order(
        &mut self,
        facts: &mut WorldFacts,
        record: &promoguard_simulate::Record<'_>,
        order: &promoguard_event::Order<'_>,
    ) {
        let key = record.key;
        if !self.seen.insert(hash(&[
            "o",
            key,
            order.merchant,
            order.order_id,
            order.status.as_str(),
        ])) {
            return;
        }
        let open = open_hour(record.arrival);
        let own = order.ts.hour().index();
        let hour = own.max(open);
        match order.status {
            Status::Cancelled | Status::Returned => {
                let at = facts
                    .hours
                    .entry(hour)
                    .or_default()
                    .entry(key.to_owned())
                    .or_default();
                at.changes.push(StatusChange {
                    ts: order.ts,
                    order_id: order.order_id.into(),
                    merchant: order.merchant.into(),
                    status: order.status,
                });
                return;
            }
            Status::Created | Status::Paid => {
                if !self
                    .accepted
                    .insert(hash(&[key, order.merchant, order.order_id]))
                {
                    return;
                }
                facts.orders.push(OrderTruth {
                    code: key.to_owned(),
                    hour,
                    ts: order.ts,
                    leaked: record.marks.fraudulent,
                    amount: order.amount as f64 / 10_000.0,
                });
            }
            Status::Rejected => {}
        }
        let before = self
            .first_visits
            .get(&(key.to_owned(), own))
            .map_or(0, |visits| {
                visits.iter().filter(|ts| **ts < order.ts.millis()).count()
            });
        let country = order
            .country
            .and_then(|country| country.as_bytes().try_into().ok());
        let at = facts
            .hours
            .entry(hour)
            .or_default()
            .entry(key.to_owned())
            .or_default();
        at.attempts.push(AttemptFact {
            ts: order.ts,
            late: own < open,
            rejected: order.status == Status::Rejected,
            order_id: order.order_id.into(),
            merchant: Arc::from(order.merchant),
            marketplace: order.marketplace.map(Arc::from),
            amount: order.amount,
            currency: order.currency,
            customer: order.customer.map(|customer| customer.as_u64()),
            new_customer: order.new_customer,
            entry: order.code_entry,
            has_click_id: order.click_id.is_some(),
            click_ts: order.click_ts,
            referrer: order.referrer_host.map(Into::into),
            city: order.city.and_then(city_hash),
            country,
            first_visits_before: before as u32,
        });
    }
}

/// Runs the judge over a world; calls `each` with every verdict.
pub(crate) fn judge(
    settings: &DetectSettings,
    facts: &WorldFacts,
    mut each: impl FnMut(&str, &Verdict),
) {
    let mut market = Market::new(settings);
    let mut watches: BTreeMap<String, (Code, CodeWatch)> = BTreeMap::new();
    let nothing = CodeFacts::default();
    let mut out = Vec::new();
    for (hour, codes) in &facts.hours {
        let hour = Hour::from_index(*hour);
        for code in codes.keys() {
            watches
                .entry(code.clone())
                .or_insert_with(|| (Code::from_normalised(code), CodeWatch::default()));
        }
        let mut sums = HourSums::default();
        for (name, code_facts) in codes {
            let (code, watch) = watches
                .get_mut(name)
                .expect("every active code has a watch");
            let entry = facts.entries.get(name);
            watch.summarise(
                settings,
                &market,
                &hour_of(hour, code, entry, code_facts),
                &mut sums,
            );
        }
        market.absorb(hour, &sums);
        for (name, (code, watch)) in &mut watches {
            let code_facts = codes.get(name);
            if code_facts.is_none() && !watch.wants_step(hour) {
                continue;
            }
            let entry = facts.entries.get(name);
            watch.judge(
                settings,
                &market,
                &hour_of(hour, code, entry, code_facts.unwrap_or(&nothing)),
                &mut out,
            );
            for verdict in out.drain(..) {
                each(name, &verdict);
            }
        }
    }
}

fn hour_of<'a>(
    hour: Hour,
    code: &'a Code,
    entry: Option<&'a CodeEntry>,
    facts: &'a CodeFacts,
) -> HourOfCode<'a> {
    HourOfCode {
        hour,
        code,
        entry,
        clicks: &facts.clicks,
        attempts: &facts.attempts,
        changes: &facts.changes,
        sightings: &facts.sightings,
        decisions: &[],
        data_gap: false,
    }
}
