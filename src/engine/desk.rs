//! What a record from Kafka meets on its way in: decode, time check, placement, its partition's
//! merge. It does not know Kafka's connection, only the record in hand.

use std::collections::BTreeMap;
use std::str;

use promoguard_event::{Code, Decision, DecodeError, ErrorKind, EventTime, Field, Topic};
use promoguard_kafka::{RawRecord, SourceId};
use promoguard_pipeline::{
    CodeSlot, Counts, Intake, Notice, Records, RegistryChange, Routed, ShardSet,
};

use super::partition::{Log, Partition};
use super::rekey::{self, Taken};

/// What a source of the Kafka intake holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Records of an owned partition.
    Events(Log, i32),
    /// The registry.
    Registry,
    /// Sightings or decisions; those of codes that are not owned are passed over.
    Notices(Topic),
}

/// A record that could not be read, until it is published.
pub struct DeadLetter {
    /// Where it was read.
    pub from: (SourceId, i64),
    /// As it came.
    pub raw: Vec<u8>,
    /// What is wrong with it.
    pub error: DecodeError,
}

/// A record on its way to the partition of its code.
pub struct Rekeyed {
    /// Where it was read.
    pub from: (SourceId, i64),
    /// `clicks` or `orders`.
    pub kind: &'static str,
    /// The normalised code.
    pub code: String,
    /// The partition of the code.
    pub partition: i32,
    /// Without what identifies a person.
    pub payload: Vec<u8>,
    /// Pseudonym of the customer.
    pub customer: Option<u64>,
}

/// The intake of the owned partitions.
pub struct Desk {
    /// Decodes.
    pub intake: Intake,
    /// What the records are for.
    pub shards: ShardSet,
    /// By number.
    pub partitions: BTreeMap<i32, Partition>,
    /// What could not be read since it was last taken.
    pub dead_letters: Vec<DeadLetter>,
    /// What belongs elsewhere since it was last taken.
    pub rekeyed: Vec<Rekeyed>,
    /// What was counted here since it was last taken; the shards count the rest.
    pub counts: Counts,
    /// Decisions since they were last taken.
    pub decisions: Vec<Decision>,
    /// How long records were on their way, in s: clicks, then orders.
    pub delays: [Vec<f64>; 2],
    /// Which forwarded records were taken.
    pub taken: Taken,
    /// How long records lay in Kafka, in s, in the same order; only those that came after
    /// `reading_since_ms`.
    pub waits: [Vec<f64>; 2],
    /// The wall clock, epoch ms.
    pub now_ms: i64,
    reading_since_ms: i64,
    records: Records,
    future_ms_max: i64,
    newest: BTreeMap<(usize, i32), EventTime>,
}

impl Desk {
    /// A desk for the owned partitions.
    pub fn new(
        intake: Intake,
        shards: ShardSet,
        partitions: BTreeMap<i32, Partition>,
        future_ms_max: i64,
        now_ms: i64,
    ) -> Self {
        Self {
            intake,
            shards,
            partitions,
            dead_letters: Vec::new(),
            rekeyed: Vec::new(),
            counts: Counts::default(),
            decisions: Vec::new(),
            delays: [Vec::new(), Vec::new()],
            waits: [Vec::new(), Vec::new()],
            now_ms,
            reading_since_ms: now_ms,
            records: Records::default(),
            taken: Taken::default(),
            future_ms_max,
            newest: BTreeMap::new(),
        }
    }

    /// Lets go of the texts of the batch before.
    pub fn start_batch(&mut self) {
        self.records.clear();
    }

    /// The newest event time seen on a log.
    pub fn newest(&self, log: Log, partition: i32) -> Option<EventTime> {
        self.newest.get(&(log as usize, partition)).copied()
    }

    /// Takes a record; a bad one becomes a dead letter.
    pub fn take(&mut self, role: Role, record: &RawRecord<'_>) {
        let (topic, outcome) = match role {
            Role::Events(log, partition) => {
                let topic = match log {
                    Log::Clicks => Some(Topic::Clicks),
                    Log::Orders => Some(Topic::Orders),
                    Log::Rekeyed => record
                        .header(rekey::KIND_HEADER)
                        .and_then(rekey::topic_of_kind),
                };
                match topic {
                    Some(topic) => (topic, self.take_event(topic, log, partition, record)),
                    None => (
                        Topic::Orders,
                        Err(DecodeError::of_record(ErrorKind::NotJson)),
                    ),
                }
            }
            Role::Registry => (Topic::Codes, self.take_registry(record)),
            Role::Notices(topic) => (topic, self.take_notice(topic, record)),
        };
        match outcome {
            Ok(()) => self.counts.of_mut(topic).read += 1,
            Err(error) => {
                self.counts.add_dead_letter(topic, error.kind);
                self.dead_letters.push(DeadLetter {
                    from: (record.source, record.offset),
                    raw: record.payload.unwrap_or_default().to_vec(),
                    error,
                });
            }
        }
    }

    fn take_event(
        &mut self,
        topic: Topic,
        log: Log,
        partition: i32,
        record: &RawRecord<'_>,
    ) -> Result<(), DecodeError> {
        let payload = self.decode(topic, record)?;
        self.check_arrival(self.newest_ts(topic), record)?;
        let (ts, slot, mut routed) = self.route_newest(topic);
        if log == Log::Rekeyed {
            if !self.is_new_forward(record) {
                self.shards.drop_routed(slot);
                self.counts.of_mut(topic).duplicate += 1;
                return Ok(());
            }
            if let Routed::Order(_, order) = &mut routed {
                order.order.customer = customer_of(record);
            }
        } else if slot.shard as i32 != partition {
            let customer = match &routed {
                Routed::Order(_, order) => order.order.customer,
                _ => None,
            };
            self.shards.drop_routed(slot);
            self.forward(topic, slot, customer, payload, record)?;
            self.owned(partition).pass(log, ts);
            return Ok(());
        }
        let delay_ms = record.timestamp_ms - ts.millis();
        let kind = usize::from(topic == Topic::Orders);
        self.delays[kind].push(delay_ms.max(0) as f64 / 1000.0);
        if record.timestamp_ms >= self.reading_since_ms {
            let wait_ms = (self.now_ms - record.timestamp_ms).max(0);
            self.waits[kind].push(wait_ms as f64 / 1000.0);
        }
        let newest = self.newest.entry((log as usize, partition)).or_insert(ts);
        *newest = ts.max(*newest);
        self.owned(partition).push(log, ts, routed);
        Ok(())
    }

    fn take_registry(&mut self, record: &RawRecord<'_>) -> Result<(), DecodeError> {
        if record.payload.is_none() {
            let code = record
                .key
                .and_then(|key| str::from_utf8(key).ok())
                .and_then(|key| Code::parse(key).ok())
                .ok_or(DecodeError::of_field(ErrorKind::MissingField, Field::Code))?;
            self.shards.submit(RegistryChange::Remove(code));
            self.counts.of_mut(Topic::Codes).accepted += 1;
            return Ok(());
        }
        self.decode(Topic::Codes, record)?;
        if let Some(Notice::Code(entry)) = self.records.notices.pop() {
            self.shards.submit(RegistryChange::Set(entry));
            self.counts.of_mut(Topic::Codes).accepted += 1;
        }
        Ok(())
    }

    fn take_notice(&mut self, topic: Topic, record: &RawRecord<'_>) -> Result<(), DecodeError> {
        self.decode(topic, record)?;
        let Some(notice) = self.records.notices.pop() else {
            return Ok(());
        };
        let (ts, code) = match &notice {
            Notice::Sighting(sighting) => (sighting.ts, sighting.code.clone()),
            Notice::Decision(decision) => {
                self.decisions.push((**decision).clone());
                (decision.ts, decision.code.clone())
            }
            Notice::Code(_) => return Ok(()),
        };
        self.check_arrival(ts, record)?;
        let slot = self.shards.slot(code.as_str());
        // Another member has the code; it reads this record as well.
        if let Some(partition) = self.partitions.get_mut(&(slot.shard as i32)) {
            partition.push(Log::Rekeyed, ts, Routed::Notice(ts, notice));
        }
        Ok(())
    }

    /// Decodes the record; its row is the newest one then.
    fn decode<'r>(
        &mut self,
        topic: Topic,
        record: &RawRecord<'r>,
    ) -> Result<&'r [u8], DecodeError> {
        let payload = record
            .payload
            .ok_or(DecodeError::of_record(ErrorKind::NotJson))?;
        self.intake.decode(topic, payload, &mut self.records)?;
        Ok(payload)
    }

    fn newest_ts(&self, topic: Topic) -> EventTime {
        let click = self.records.clicks.last().map(|row| row.ts);
        let order = self.records.orders.last().map(|row| row.ts);
        let newest = if topic == Topic::Clicks { click } else { order };
        newest.expect("a record was decoded")
    }

    fn route_newest(&mut self, topic: Topic) -> (EventTime, CodeSlot, Routed) {
        if topic == Topic::Clicks {
            let row = self.records.clicks.pop().expect("a click was decoded");
            let (slot, click) = self.shards.route_click(&self.records, &row);
            (click.ts, slot, Routed::Click(slot, click))
        } else {
            let row = self.records.orders.pop().expect("an order was decoded");
            let (slot, order) = self.shards.route_order(&self.records, row);
            (order.ts, slot, Routed::Order(slot, order))
        }
    }

    fn check_arrival(&self, ts: EventTime, record: &RawRecord<'_>) -> Result<(), DecodeError> {
        let arrival = EventTime::from_millis(record.timestamp_ms);
        if record.timestamp_ms >= 0 && ts.is_in_future_of(arrival, self.future_ms_max) {
            return Err(DecodeError::of_field(ErrorKind::TsInFuture, Field::Ts));
        }
        Ok(())
    }

    fn forward(
        &mut self,
        topic: Topic,
        slot: CodeSlot,
        customer: Option<u64>,
        payload: &[u8],
        record: &RawRecord<'_>,
    ) -> Result<(), DecodeError> {
        let payload = rekey::without_personal_fields(payload)
            .map_err(|_| DecodeError::of_record(ErrorKind::NotJson))?;
        self.counts.of_mut(topic).rekeyed += 1;
        self.rekeyed.push(Rekeyed {
            from: (record.source, record.offset),
            kind: topic.as_str(),
            code: self.shards.code(slot).to_owned(),
            partition: slot.shard as i32,
            payload,
            customer,
        });
        Ok(())
    }

    fn is_new_forward(&mut self, record: &RawRecord<'_>) -> bool {
        let text = |name| {
            record
                .header(name)
                .and_then(|value| str::from_utf8(value).ok())
        };
        let coordinates = (
            text(rekey::SOURCE_TOPIC_HEADER),
            text(rekey::SOURCE_PARTITION_HEADER).and_then(|text| text.parse().ok()),
            text(rekey::SOURCE_OFFSET_HEADER).and_then(|text| text.parse().ok()),
        );
        match coordinates {
            (Some(topic), Some(partition), Some(offset)) => {
                self.taken.is_new(topic, partition, offset)
            }
            // Not forwarded by us; the dedupe of clicks and orders still sees it.
            _ => true,
        }
    }

    fn owned(&mut self, partition: i32) -> &mut Partition {
        self.partitions
            .get_mut(&partition)
            .expect("only owned partitions are read")
    }
}

fn customer_of(record: &RawRecord<'_>) -> Option<u64> {
    let digits = str::from_utf8(record.header(rekey::CUSTOMER_HEADER)?).ok()?;
    u64::from_str_radix(digits, 16).ok()
}
