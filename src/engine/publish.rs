//! Effects become Kafka records: flags, judged orders, windows, dead letters, rekeyed records.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use promoguard_event::DecodeError;
use promoguard_kafka::{KafkaSettings, Output, OutputRecord, TopicPartition};
use promoguard_pipeline::Effects;
use promoguard_pipeline::commit::OutboxRecord;
use sha2::{Digest, Sha256};

use super::desk::Rekeyed;
use super::rekey;
use crate::config::sections::Topics;
use crate::telemetry::Telemetry;
use crate::telemetry::labels::{DeliveryResult, Sink};

/// Room for a dead letter's headers beside its payload.
const HEADER_BYTES: usize = 4096;

/// Where a record was read.
#[derive(Clone, Debug)]
pub struct Coordinates {
    /// Topic and partition.
    pub log: TopicPartition,
    /// Offset.
    pub offset: i64,
}

/// The outputs of `run`.
pub struct Publisher {
    output: Output,
    topics: Topics,
    message_bytes_max: usize,
    flush_timeout: Duration,
    sent: Vec<(Sink, u64)>,
    telemetry: Telemetry,
}

impl Publisher {
    /// A producer for all outputs.
    ///
    /// # Errors
    /// The settings cannot be meant.
    pub fn new(settings: &KafkaSettings, topics: &Topics, telemetry: Telemetry) -> Result<Self> {
        Ok(Self {
            output: Output::new(settings).context("cannot start the producer")?,
            topics: topics.clone(),
            message_bytes_max: settings.message_bytes_max as usize,
            flush_timeout: Duration::from_millis(settings.delivery_timeout_ms.into()),
            sent: Vec::new(),
            telemetry,
        })
    }

    /// Sends outputs, to the byte as they are. The caller flushes before it relies on delivery.
    ///
    /// # Errors
    /// A record cannot be sent: nothing later may overtake it, so the process ends.
    pub fn publish(&mut self, records: &[OutboxRecord]) -> Result<()> {
        for record in records {
            let Some(sink) = self.sink_of(&record.topic) else {
                bail!(
                    "an output waits for the topic {}, which the settings do not name any more",
                    record.topic
                );
            };
            let headers: Vec<(&str, &[u8])> = record
                .headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_slice()))
                .collect();
            let sent = OutputRecord {
                topic: &record.topic,
                partition: None,
                key: record.key.as_deref(),
                headers: &headers,
                payload: Some(&record.payload),
            };
            self.send(sink, sent)?;
        }
        self.output.poll();
        self.telemetry.set_output_in_flight(self.output.in_flight());
        self.check()
    }

    fn sink_of(&self, topic: &str) -> Option<Sink> {
        let topics = &self.topics;
        let sinks = [
            (Some(&topics.flags), Sink::Flags),
            (topics.flags_shadow.as_ref(), Sink::FlagsShadow),
            (Some(&topics.judged_orders), Sink::JudgedOrders),
            (Some(&topics.windows), Sink::Windows),
        ];
        let mut named = sinks.into_iter();
        named
            .find(|(name, _)| name.is_some_and(|name| name == topic))
            .map(|(_, sink)| sink)
    }

    /// Sends a record that could not be read, cut where it is too large, with where it came from.
    ///
    /// # Errors
    /// It cannot be sent.
    pub fn dead_letter(
        &mut self,
        from: &Coordinates,
        raw: &[u8],
        error: DecodeError,
    ) -> Result<()> {
        let partition = from.log.partition.to_string();
        let offset = from.offset.to_string();
        let size = raw.len().to_string();
        let mut headers: Vec<(&str, &[u8])> = vec![
            ("error", error.kind.as_str().as_bytes()),
            (rekey::SOURCE_TOPIC_HEADER, from.log.topic.as_bytes()),
            (rekey::SOURCE_PARTITION_HEADER, partition.as_bytes()),
            (rekey::SOURCE_OFFSET_HEADER, offset.as_bytes()),
        ];
        if let Some(field) = error.field {
            headers.push(("field", field.as_str().as_bytes()));
        }
        let kept_max = self.message_bytes_max.saturating_sub(HEADER_BYTES);
        let digest;
        if raw.len() > kept_max {
            digest = hex(&Sha256::digest(raw));
            headers.push(("truncated", b"true"));
            headers.push(("original-size", size.as_bytes()));
            headers.push(("sha256", digest.as_bytes()));
        }
        let topic = self.topics.dead_letters.clone();
        self.send(
            Sink::DeadLetters,
            OutputRecord {
                topic: &topic,
                partition: None,
                key: None,
                headers: &headers,
                payload: Some(&raw[..raw.len().min(kept_max)]),
            },
        )
    }

    /// Sends a misplaced record to the partition of its code.
    ///
    /// # Errors
    /// It cannot be sent.
    pub fn rekey(&mut self, from: &Coordinates, record: &Rekeyed) -> Result<()> {
        let partition = from.log.partition.to_string();
        let offset = from.offset.to_string();
        let customer = record.customer.map(|customer| format!("{customer:016x}"));
        let mut headers: Vec<(&str, &[u8])> = vec![
            (rekey::KIND_HEADER, record.kind.as_bytes()),
            (rekey::SOURCE_TOPIC_HEADER, from.log.topic.as_bytes()),
            (rekey::SOURCE_PARTITION_HEADER, partition.as_bytes()),
            (rekey::SOURCE_OFFSET_HEADER, offset.as_bytes()),
        ];
        if let Some(customer) = &customer {
            headers.push((rekey::CUSTOMER_HEADER, customer.as_bytes()));
        }
        let topic = self.topics.rekeyed.clone();
        self.send(
            Sink::Rekeyed,
            OutputRecord {
                topic: &topic,
                partition: Some(record.partition),
                key: Some(record.code.as_bytes()),
                headers: &headers,
                payload: Some(&record.payload),
            },
        )
    }

    /// Waits until everything sent is acknowledged.
    ///
    /// # Errors
    /// Something was not delivered in time.
    pub fn flush(&mut self) -> Result<()> {
        self.output
            .flush(self.flush_timeout)
            .context("cannot deliver the outputs")?;
        self.telemetry.set_output_in_flight(self.output.in_flight());
        for (sink, records) in self.sent.drain(..) {
            let result = DeliveryResult::Delivered;
            self.telemetry.add_sink_deliveries(sink, result, records);
        }
        Ok(())
    }

    fn send(&mut self, sink: Sink, record: OutputRecord<'_>) -> Result<()> {
        self.output.send(record)?;
        match self.sent.iter_mut().find(|(known, _)| *known == sink) {
            Some((_, records)) => *records += 1,
            None => self.sent.push((sink, 1)),
        }
        Ok(())
    }

    /// A record that was given up is not overtaken in silence.
    fn check(&mut self) -> Result<()> {
        if self.output.failed() == 0 {
            return Ok(());
        }
        let failed = self.output.take_failed();
        match failed.first() {
            Some(first) => bail!(
                "{} records were not delivered; the first to {}: {}",
                failed.len(),
                first.topic,
                first.reason
            ),
            None => bail!("records were not delivered"),
        }
    }
}

/// The outputs that a step asked for, in the order in which they are to be sent.
pub fn outputs_of(effects: &Effects, topics: &Topics) -> Vec<OutboxRecord> {
    let mut records = Vec::new();
    let mut add = |topic: &str, code: &str, write: &dyn Fn(&mut Vec<u8>)| {
        let mut payload = Vec::new();
        write(&mut payload);
        if payload.last() == Some(&b'\n') {
            payload.pop();
        }
        records.push(OutboxRecord {
            topic: topic.to_owned(),
            key: Some(code.as_bytes().to_vec()),
            headers: Vec::new(),
            payload,
        });
    };
    for window in &effects.windows {
        add(&topics.windows, &window.code, &|line| {
            window.write_line(line)
        });
    }
    for judged in &effects.flags {
        let flag = &judged.flag;
        add(&topics.flags, &flag.code, &|line| flag.write_line(line));
    }
    if let Some(topic) = &topics.flags_shadow {
        for judged in &effects.shadow_flags {
            let flag = &judged.flag;
            add(topic, &flag.code, &|line| flag.write_line(line));
        }
    }
    for order in &effects.judged_orders {
        add(&topics.judged_orders, &order.code, &|line| {
            order.write_line(line)
        });
    }
    records
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
