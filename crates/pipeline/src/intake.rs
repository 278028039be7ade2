//! Turns raw records into rows: decode, hash once, note what was malformed. It knows neither
//! shards nor time; every reader has an intake of its own.

use promoguard_detect::city_hash;
use promoguard_event::{
    Click, DecodeError, Decoder, DecoderLimits, ErrorKind, Event, Order, PseudonymKey, Topic,
};

use crate::counts::FieldDefects;
use crate::hashing::Hashers;
use crate::records::{ClickRow, NamePool, Notice, OrderRecord, OrderRow, Records};

/// Decodes the records of one reader.
pub struct Intake {
    decoder: Decoder,
    hashers: Hashers,
    names: NamePool,
    bots: BotMemo,
    defects: FieldDefects,
}

impl Intake {
    /// An intake with the keys of the deployment.
    pub fn new(pseudonyms: PseudonymKey, limits: DecoderLimits, hashers: Hashers) -> Self {
        Self {
            decoder: Decoder::new(pseudonyms, limits),
            hashers,
            names: NamePool::default(),
            bots: BotMemo::new(),
            defects: FieldDefects::default(),
        }
    }

    /// Decodes one record of `topic` and appends it to `out`.
    ///
    /// # Errors
    /// Why the record is a dead letter; `out` is as before.
    pub fn decode(
        &mut self,
        topic: Topic,
        raw: &[u8],
        out: &mut Records,
    ) -> Result<(), DecodeError> {
        let decoded = self.decoder.decode(topic, raw)?;
        self.defects.add(topic, &decoded.defects);
        match decoded.event {
            Event::Click(click) => {
                let row = click_row(&self.hashers, &mut self.bots, &click, out);
                out.clicks.push(row);
            }
            Event::Order(order) => {
                let city = order.city.and_then(city_hash);
                let row = order_row(&order, city, &mut self.names, out);
                out.orders.push(row);
            }
            Event::Code(entry) => out.notices.push(Notice::Code(entry)),
            Event::Sighting(sighting) => out.notices.push(Notice::Sighting(sighting)),
            Event::Decision(decision) => out.notices.push(Notice::Decision(decision)),
            Event::CodeRemoved(_) => {
                return Err(DecodeError {
                    kind: ErrorKind::NotJson,
                    field: None,
                });
            }
        }
        Ok(())
    }

    /// The optional fields found malformed since the last call.
    pub fn take_defects(&mut self) -> FieldDefects {
        std::mem::take(&mut self.defects)
    }
}

fn click_row(
    hashers: &Hashers,
    bots: &mut BotMemo,
    click: &Click<'_>,
    out: &mut Records,
) -> ClickRow {
    ClickRow {
        ts: click.ts,
        code: out.keep(click.code),
        host: out.keep(click.referrer_host.unwrap_or_default()),
        key: hashers.click.hash128(click.click_id.as_bytes()),
        visitor: hashers.visitor.hash64(click.visitor_id.as_bytes()),
        bot: click.ua.is_some_and(|agent| bots.is_bot(hashers, agent)),
    }
}

fn order_row(
    order: &Order<'_>,
    city: Option<u64>,
    names: &mut NamePool,
    out: &mut Records,
) -> OrderRow {
    OrderRow {
        ts: order.ts,
        code: out.keep(order.code),
        order: Box::new(OrderRecord::of(order, city, names)),
    }
}

/// Remembers the verdict on recent user agents: a stream has a few thousand different ones, and
/// looking for a dozen words in each costs more than decoding the click.
struct BotMemo {
    slots: Vec<(u64, bool)>,
}

/// A power of two; 16 B a slot.
const BOT_MEMO_SLOTS: usize = 4096;

/// Words by which crawlers, scripts and headless browsers name themselves.
const BOT_WORDS: [&str; 12] = [
    "bot", "crawl", "spider", "headless", "phantom", "python-", "curl/", "wget/", "okhttp",
    "java/", "go-http", "scrapy",
];

impl BotMemo {
    fn new() -> Self {
        Self {
            slots: vec![(0, false); BOT_MEMO_SLOTS],
        }
    }

    fn is_bot(&mut self, hashers: &Hashers, agent: &str) -> bool {
        let hash = hashers.record.hash64(agent.as_bytes()).max(1);
        let slot = &mut self.slots[hash as usize % BOT_MEMO_SLOTS];
        if slot.0 != hash {
            let lowered = agent.to_ascii_lowercase();
            *slot = (hash, BOT_WORDS.iter().any(|word| lowered.contains(word)));
        }
        slot.1
    }
}
