//! Effects become Kafka records: flags, judged orders, windows, dead letters, rekeyed records.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use promoguard_event::DecodeError;
use promoguard_kafka::{KafkaSettings, Output, OutputRecord, TopicPartition};
use promoguard_pipeline::Effects;
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
    line: Vec<u8>,
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
            line: Vec::new(),
            sent: Vec::new(),
            telemetry,
        })
    }

    /// Sends what a step asked for. The caller flushes before it relies on delivery.
    ///
    /// # Errors
    /// A record cannot be sent: nothing later may overtake it, so the process ends.
    pub fn perform(&mut self, effects: &Effects) -> Result<()> {
        for window in &effects.windows {
            self.line.clear();
            window.write_line(&mut self.line);
            let topic = self.topics.windows.clone();
            self.send_line(Sink::Windows, &topic, window.code.as_bytes())?;
        }
        for judged in &effects.flags {
            self.line.clear();
            judged.flag.write_line(&mut self.line);
            let topic = self.topics.flags.clone();
            self.send_line(Sink::Flags, &topic, judged.flag.code.as_bytes())?;
        }
        if let Some(topic) = self.topics.flags_shadow.clone() {
            for judged in &effects.shadow_flags {
                self.line.clear();
                judged.flag.write_line(&mut self.line);
                self.send_line(Sink::FlagsShadow, &topic, judged.flag.code.as_bytes())?;
            }
        }
        for order in &effects.judged_orders {
            self.line.clear();
            order.write_line(&mut self.line);
            let topic = self.topics.judged_orders.clone();
            self.send_line(Sink::JudgedOrders, &topic, order.code.as_bytes())?;
        }
        self.output.poll();
        self.telemetry.set_output_in_flight(self.output.in_flight());
        self.check()
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

    fn send_line(&mut self, sink: Sink, topic: &str, key: &[u8]) -> Result<()> {
        let line = std::mem::take(&mut self.line);
        let payload = line.strip_suffix(b"\n").unwrap_or(&line);
        let sent = self.send(
            sink,
            OutputRecord {
                topic,
                partition: None,
                key: Some(key),
                headers: &[],
                payload: Some(payload),
            },
        );
        self.line = line;
        sent
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
