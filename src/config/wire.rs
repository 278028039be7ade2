//! Settings as the crates below want them.
//!
//! Decides how names and units translate. The crates keep settings of their own, so that they need
//! to know neither files nor this package.

use promoguard_kafka as kafka;
use promoguard_kafka::KafkaSettings;

use super::sections::{Compression, GroupProtocol, Kafka, SaslMechanism, SecurityProtocol};

impl Kafka {
    /// For the Kafka crate.
    pub fn settings(&self) -> KafkaSettings {
        KafkaSettings {
            client_id: self.client_id.clone(),
            group_id: self.group_id.clone(),
            group_instance_id: self.group_instance_id.clone(),
            group_protocol: match self.group_protocol {
                GroupProtocol::Consumer => kafka::GroupProtocol::Consumer,
                GroupProtocol::Classic => kafka::GroupProtocol::Classic,
            },
            session_timeout_ms: self.session_timeout_ms,
            security_protocol: match self.security_protocol {
                None | Some(SecurityProtocol::Plaintext) => kafka::SecurityProtocol::Plaintext,
                Some(SecurityProtocol::Ssl) => kafka::SecurityProtocol::Ssl,
                Some(SecurityProtocol::SaslPlaintext) => kafka::SecurityProtocol::SaslPlaintext,
                Some(SecurityProtocol::SaslSsl) => kafka::SecurityProtocol::SaslSsl,
            },
            sasl_mechanism: self.sasl_mechanism.map(|mechanism| match mechanism {
                SaslMechanism::Plain => kafka::SaslMechanism::Plain,
                SaslMechanism::ScramSha256 => kafka::SaslMechanism::ScramSha256,
                SaslMechanism::ScramSha512 => kafka::SaslMechanism::ScramSha512,
            }),
            sasl_username: self.sasl_username.clone(),
            sasl_password_file: self.sasl_password_file.clone(),
            tls_ca_file: self.tls_ca_file.clone(),
            tls_certificate_file: self.tls_certificate_file.clone(),
            tls_key_file: self.tls_key_file.clone(),
            queued_kbytes_max: self.queued_kbytes_max,
            fetch_queue_backoff_ms: self.fetch_queue_backoff_ms,
            message_bytes_max: self.message_bytes_max,
            request_timeout_ms: self.request_timeout_ms,
            delivery_timeout_ms: self.delivery_timeout_ms,
            queue_full_wait_ms: self.queue_full_wait_ms,
            in_flight_records_max: self.in_flight_records_max,
            in_flight_kbytes_max: self.in_flight_kbytes_max,
            compression: match self.compression {
                Compression::None => kafka::Compression::None,
                Compression::Lz4 => kafka::Compression::Lz4,
                Compression::Zstd => kafka::Compression::Zstd,
            },
            extra: self.extra.clone(),
            ..KafkaSettings::new(self.brokers.join(","))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_defaults_are_the_defaults_of_the_crates() {
        let ours = Kafka::default();
        assert_eq!(ours.settings(), KafkaSettings::new("127.0.0.1:9092"));
    }
}
