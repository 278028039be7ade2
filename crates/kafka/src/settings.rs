//! What a deployment says about its Kafka, and whether that can be meant.
//!
//! Decides the defaults and refuses combinations that could only fail later and less clearly. It
//! must not connect to anything or read a secret: [`KafkaSettings::validate`] is pure.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// How members of the consumer group agree on who owns what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupProtocol {
    /// KIP-848, brokers from 4.0: the broker decides, and its own configuration holds the session
    /// timeout.
    Consumer,
    /// The older protocol, for brokers before 4.0: the client sends its session timeout.
    Classic,
}

/// What protects the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityProtocol {
    /// Neither encrypted nor authenticated.
    Plaintext,
    /// Encrypted; needs a build with the `tls` feature.
    Ssl,
    /// Authenticated over a connection that is not encrypted.
    SaslPlaintext,
    /// Encrypted and authenticated; needs a build with the `tls` feature.
    SaslSsl,
}

impl SecurityProtocol {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Plaintext => "plaintext",
            Self::Ssl => "ssl",
            Self::SaslPlaintext => "sasl_plaintext",
            Self::SaslSsl => "sasl_ssl",
        }
    }

    fn encrypts(self) -> bool {
        matches!(self, Self::Ssl | Self::SaslSsl)
    }

    fn authenticates(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }
}

/// How a SASL connection proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaslMechanism {
    /// User and password as they are (RFC 4616): only over an encrypted connection, or on a
    /// network that is trusted.
    Plain,
    /// SCRAM-SHA-256 (RFC 7677); needs a build with the `tls` feature.
    ScramSha256,
    /// SCRAM-SHA-512; needs a build with the `tls` feature.
    ScramSha512,
}

impl SaslMechanism {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// What the producer does to its batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Nothing.
    None,
    /// Cheap for both sides.
    Lz4,
    /// About a fifth of the size for three times the processor time of lz4.
    Zstd,
}

impl Compression {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

/// Everything that connects a process to Kafka. [`KafkaSettings::new`] holds the defaults.
#[derive(Clone, PartialEq, Eq)]
pub struct KafkaSettings {
    /// `host:port`, comma separated; any of them leads to the rest.
    pub brokers: String,
    /// Name in the brokers' logs and quotas; `promoguard`. Each part appends its own word.
    pub client_id: String,
    /// Consumer group; `promoguard`. The intake names it too, without ever joining it.
    pub group_id: String,
    /// Static member name: a restart shorter than the session timeout then moves no partition.
    /// It serves restarts, not scaling. None by default.
    pub group_instance_id: Option<String>,
    /// [`GroupProtocol::Consumer`] by default.
    pub group_protocol: GroupProtocol,
    /// How long a silent member keeps its partitions, classic protocol only; 10 s. Under KIP-848
    /// it is the broker's `group.consumer.session.timeout.ms`.
    pub session_timeout_ms: u32,
    /// [`SecurityProtocol::Plaintext`] by default.
    pub security_protocol: SecurityProtocol,
    /// Needed when the protocol authenticates.
    pub sasl_mechanism: Option<SaslMechanism>,
    /// Needed when the protocol authenticates.
    pub sasl_username: Option<String>,
    /// File that holds the password and nothing else; a final line break is cut.
    pub sasl_password_file: Option<PathBuf>,
    /// PEM file with the authorities to trust; the system's own when absent.
    pub tls_ca_file: Option<PathBuf>,
    /// PEM file with the client's certificate, for brokers that ask for one.
    pub tls_certificate_file: Option<PathBuf>,
    /// PEM file with the certificate's key.
    pub tls_key_file: Option<PathBuf>,
    /// Records fetched ahead, over all partitions together; 16 MiB (measured: 4 MiB is slower,
    /// more is not faster).
    pub queued_kbytes_max: u32,
    /// How long a full partition queue waits before it is looked at again; 5 ms. With the
    /// library's own second a small queue starves: 0.44 M records a second instead of 2.06.
    pub fetch_queue_backoff_ms: u32,
    /// Largest record, key and headers included; 1,048,588, the broker's own default.
    pub message_bytes_max: u32,
    /// How long one question to a broker (metadata, offsets, topics) may take; 10 s.
    pub request_timeout_ms: u32,
    /// How long a record may try to be delivered before it counts as failed; 120 s.
    pub delivery_timeout_ms: u32,
    /// How long a send waits for room when too much is in flight; 5 s.
    pub queue_full_wait_ms: u32,
    /// Records that may be in flight at once; 100,000.
    pub in_flight_records_max: u32,
    /// Bytes that may be in flight at once; 64 MiB.
    pub in_flight_kbytes_max: u32,
    /// What the producer does to its batches; [`Compression::Lz4`].
    pub compression: Compression,
    /// librdkafka's own settings, passed on as they are; never one that this crate decides, nor a
    /// secret.
    pub extra: BTreeMap<String, String>,
}

impl KafkaSettings {
    /// The defaults for a cluster reached through `brokers`.
    pub fn new(brokers: impl Into<String>) -> Self {
        Self {
            brokers: brokers.into(),
            client_id: "promoguard".to_owned(),
            group_id: "promoguard".to_owned(),
            group_instance_id: None,
            group_protocol: GroupProtocol::Consumer,
            session_timeout_ms: 10_000,
            security_protocol: SecurityProtocol::Plaintext,
            sasl_mechanism: None,
            sasl_username: None,
            sasl_password_file: None,
            tls_ca_file: None,
            tls_certificate_file: None,
            tls_key_file: None,
            queued_kbytes_max: 16 * 1024,
            fetch_queue_backoff_ms: 5,
            message_bytes_max: 1_048_588,
            request_timeout_ms: 10_000,
            delivery_timeout_ms: 120_000,
            queue_full_wait_ms: 5_000,
            in_flight_records_max: 100_000,
            in_flight_kbytes_max: 64 * 1024,
            compression: Compression::Lz4,
            extra: BTreeMap::new(),
        }
    }

    /// Whether these settings can work in this build.
    ///
    /// # Errors
    /// The first thing that cannot be meant, see [`SettingsError`].
    pub fn validate(&self) -> Result<(), SettingsError> {
        self.validate_for(cfg!(feature = "tls"))
    }

    fn validate_for(&self, tls_built: bool) -> Result<(), SettingsError> {
        self.validate_names()?;
        self.validate_bounds()?;
        self.validate_security(tls_built)?;
        self.validate_extra()
    }

    fn validate_names(&self) -> Result<(), SettingsError> {
        let broker_is_empty = |broker: &str| broker.trim().is_empty();
        if self.brokers.split(',').any(broker_is_empty) {
            return Err(SettingsError::Empty { setting: "brokers" });
        }
        let names = [
            ("client_id", Some(&self.client_id)),
            ("group_id", Some(&self.group_id)),
            ("group_instance_id", self.group_instance_id.as_ref()),
        ];
        for (setting, name) in names {
            if name.is_some_and(|name| name.trim().is_empty()) {
                return Err(SettingsError::Empty { setting });
            }
        }
        Ok(())
    }

    fn validate_bounds(&self) -> Result<(), SettingsError> {
        // The bounds are librdkafka's own where it has any, so that the message names our setting.
        let bounds = [
            ("session_timeout_ms", self.session_timeout_ms, 1, 3_600_000),
            ("queued_kbytes_max", self.queued_kbytes_max, 1, 2_097_151),
            (
                "fetch_queue_backoff_ms",
                self.fetch_queue_backoff_ms,
                0,
                300_000,
            ),
            (
                "message_bytes_max",
                self.message_bytes_max,
                1_000,
                99_999_488,
            ),
            ("request_timeout_ms", self.request_timeout_ms, 1, 300_000),
            (
                "delivery_timeout_ms",
                self.delivery_timeout_ms,
                1,
                i32::MAX as u32,
            ),
            ("queue_full_wait_ms", self.queue_full_wait_ms, 0, 300_000),
            (
                "in_flight_records_max",
                self.in_flight_records_max,
                1,
                10_000_000,
            ),
            (
                "in_flight_kbytes_max",
                self.in_flight_kbytes_max,
                1,
                i32::MAX as u32,
            ),
        ];
        for (setting, value, min, max) in bounds {
            if !(min..=max).contains(&value) {
                return Err(SettingsError::OutOfBounds {
                    setting,
                    value,
                    min,
                    max,
                });
            }
        }
        Ok(())
    }

    fn validate_security(&self, tls_built: bool) -> Result<(), SettingsError> {
        let needs_tls = |setting, value| match tls_built {
            true => Ok(()),
            false => Err(SettingsError::TlsNotBuilt { setting, value }),
        };
        if self.security_protocol.encrypts() {
            needs_tls("security_protocol", self.security_protocol.as_str())?;
        } else {
            let files = [
                ("tls_ca_file", &self.tls_ca_file),
                ("tls_certificate_file", &self.tls_certificate_file),
                ("tls_key_file", &self.tls_key_file),
            ];
            if let Some((setting, _)) = files.into_iter().find(|(_, file)| file.is_some()) {
                return Err(SettingsError::Unused {
                    setting,
                    needs: "ssl or sasl_ssl",
                });
            }
        }
        match (&self.tls_certificate_file, &self.tls_key_file) {
            (Some(_), None) => {
                return Err(SettingsError::Missing {
                    setting: "tls_key_file",
                });
            }
            (None, Some(_)) => {
                return Err(SettingsError::Missing {
                    setting: "tls_certificate_file",
                });
            }
            _ => {}
        }
        self.validate_sasl(needs_tls)
    }

    fn validate_sasl(
        &self,
        needs_tls: impl Fn(&'static str, &'static str) -> Result<(), SettingsError>,
    ) -> Result<(), SettingsError> {
        let given = [
            ("sasl_mechanism", self.sasl_mechanism.is_some()),
            ("sasl_username", self.sasl_username.is_some()),
            ("sasl_password_file", self.sasl_password_file.is_some()),
        ];
        let authenticates = self.security_protocol.authenticates();
        if let Some((setting, _)) = given.into_iter().find(|(_, given)| *given != authenticates) {
            return Err(match authenticates {
                true => SettingsError::Missing { setting },
                false => SettingsError::Unused {
                    setting,
                    needs: "sasl_plaintext or sasl_ssl",
                },
            });
        }
        match self.sasl_mechanism {
            // librdkafka takes the hash functions of SCRAM from OpenSSL.
            Some(mechanism @ (SaslMechanism::ScramSha256 | SaslMechanism::ScramSha512)) => {
                needs_tls("sasl_mechanism", mechanism.as_str())
            }
            Some(SaslMechanism::Plain) | None => Ok(()),
        }
    }

    fn validate_extra(&self) -> Result<(), SettingsError> {
        for key in self.extra.keys() {
            if SECRET_KEYS.contains(&key.as_str()) {
                return Err(SettingsError::ExtraSecret { key: key.clone() });
            }
            if DECIDED_KEYS.contains(&key.as_str()) {
                return Err(SettingsError::ExtraDecided { key: key.clone() });
            }
        }
        Ok(())
    }
}

/// librdkafka settings that carry a secret: they come from files, never from a configuration that
/// is printed, stored or shown.
const SECRET_KEYS: &[&str] = &[
    "sasl.password",
    "sasl.oauthbearer.client.secret",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
];

/// librdkafka settings that the promises of this crate rest on.
const DECIDED_KEYS: &[&str] = &[
    "acks",
    "auto.offset.reset",
    "bootstrap.servers",
    "check.crcs",
    "client.id",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.idempotence",
    "enable.partition.eof",
    "group.id",
    "group.instance.id",
    "group.protocol",
    "metadata.broker.list",
    "partitioner",
    "request.required.acks",
    "security.protocol",
    "transactional.id",
];

// Only names of extra settings are shown: a value may be a secret under a name not listed above.
impl fmt::Debug for KafkaSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSettings")
            .field("brokers", &self.brokers)
            .field("client_id", &self.client_id)
            .field("group_id", &self.group_id)
            .field("group_instance_id", &self.group_instance_id)
            .field("group_protocol", &self.group_protocol)
            .field("security_protocol", &self.security_protocol)
            .field("sasl_mechanism", &self.sasl_mechanism)
            .field("sasl_username", &self.sasl_username)
            .field("sasl_password_file", &self.sasl_password_file)
            .field("tls_ca_file", &self.tls_ca_file)
            .field("tls_certificate_file", &self.tls_certificate_file)
            .field("tls_key_file", &self.tls_key_file)
            .field("extra", &self.extra.keys())
            .finish_non_exhaustive()
    }
}

/// Why settings cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A name that must say something says nothing.
    #[error("kafka setting {setting} is empty")]
    Empty {
        /// The setting.
        setting: &'static str,
    },
    /// A number outside of what works.
    #[error("kafka setting {setting} is {value}, must be from {min} to {max}")]
    OutOfBounds {
        /// The setting.
        setting: &'static str,
        /// What it says.
        value: u32,
        /// Least value.
        min: u32,
        /// Greatest value.
        max: u32,
    },
    /// The build has no OpenSSL in it.
    #[error(
        "kafka setting {setting}={value} needs TLS, and this build has none: build with `--features tls` (needs perl), or take a released binary"
    )]
    TlsNotBuilt {
        /// The setting that asks for it.
        setting: &'static str,
        /// What it says.
        value: &'static str,
    },
    /// Something else that was set cannot work without it.
    #[error("kafka setting {setting} is missing")]
    Missing {
        /// The setting.
        setting: &'static str,
    },
    /// It was set, and would have no effect.
    #[error("kafka setting {setting} has no effect unless security_protocol is {needs}")]
    Unused {
        /// The setting.
        setting: &'static str,
        /// What would give it one.
        needs: &'static str,
    },
    /// An extra setting that this crate decides.
    #[error("kafka setting extra.{key} is decided by promoguard and cannot be changed")]
    ExtraDecided {
        /// librdkafka's name.
        key: String,
    },
    /// An extra setting that would put a secret into the configuration.
    #[error("kafka setting extra.{key} is a secret: name a file with it instead")]
    ExtraSecret {
        /// librdkafka's name.
        key: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut KafkaSettings), tls: bool) -> Result<(), SettingsError> {
        let mut settings = KafkaSettings::new("one:9092,two:9092");
        change(&mut settings);
        settings.validate_for(tls)
    }

    fn authenticate(settings: &mut KafkaSettings, mechanism: SaslMechanism) {
        settings.security_protocol = SecurityProtocol::SaslPlaintext;
        settings.sasl_mechanism = Some(mechanism);
        settings.sasl_username = Some("anna".to_owned());
        settings.sasl_password_file = Some("/run/secrets/kafka".into());
    }

    #[test]
    fn the_defaults_are_valid_in_every_build() {
        assert_eq!(check(|_| {}, false), Ok(()));
        assert_eq!(check(|_| {}, true), Ok(()));
    }

    #[test]
    fn tls_in_a_build_without_it_is_named() {
        for protocol in [SecurityProtocol::Ssl, SecurityProtocol::SaslSsl] {
            let outcome = check(|settings| settings.security_protocol = protocol, false);
            assert!(
                matches!(outcome, Err(SettingsError::TlsNotBuilt { setting, .. }) if setting == "security_protocol")
            );
        }
        let encrypted = check(|s| s.security_protocol = SecurityProtocol::Ssl, true);
        assert_eq!(encrypted, Ok(()));
    }

    #[test]
    fn scram_needs_the_tls_build_and_plain_does_not() {
        assert_eq!(
            check(|s| authenticate(s, SaslMechanism::Plain), false),
            Ok(())
        );
        assert_eq!(
            check(|s| authenticate(s, SaslMechanism::ScramSha512), true),
            Ok(())
        );
        assert!(matches!(
            check(|s| authenticate(s, SaslMechanism::ScramSha512), false),
            Err(SettingsError::TlsNotBuilt {
                setting: "sasl_mechanism",
                value: "SCRAM-SHA-512"
            })
        ));
    }

    #[test]
    fn half_an_identity_is_refused() {
        let without_password = |settings: &mut KafkaSettings| {
            authenticate(settings, SaslMechanism::Plain);
            settings.sasl_password_file = None;
        };
        assert_eq!(
            check(without_password, false),
            Err(SettingsError::Missing {
                setting: "sasl_password_file"
            })
        );
        assert!(matches!(
            check(|s| s.sasl_username = Some("anna".to_owned()), false),
            Err(SettingsError::Unused {
                setting: "sasl_username",
                ..
            })
        ));
        let without_key = |settings: &mut KafkaSettings| {
            settings.security_protocol = SecurityProtocol::Ssl;
            settings.tls_certificate_file = Some("client.pem".into());
        };
        assert_eq!(
            check(without_key, true),
            Err(SettingsError::Missing {
                setting: "tls_key_file"
            })
        );
        assert!(matches!(
            check(|s| s.tls_ca_file = Some("ca.pem".into()), true),
            Err(SettingsError::Unused {
                setting: "tls_ca_file",
                ..
            })
        ));
    }

    #[test]
    fn empty_names_and_numbers_out_of_bounds_are_refused() {
        let empty = |setting| Err(SettingsError::Empty { setting });
        assert_eq!(
            check(|s| s.brokers = "one:9092,,".to_owned(), false),
            empty("brokers")
        );
        assert_eq!(
            check(|s| s.group_id = " ".to_owned(), false),
            empty("group_id")
        );
        assert_eq!(
            check(|s| s.group_instance_id = Some(String::new()), false),
            empty("group_instance_id")
        );
        assert!(matches!(
            check(|s| s.message_bytes_max = 10, false),
            Err(SettingsError::OutOfBounds {
                setting: "message_bytes_max",
                value: 10,
                ..
            })
        ));
    }

    #[test]
    fn extra_settings_can_neither_break_a_promise_nor_carry_a_secret() {
        let extra = |key: &str| {
            let key = key.to_owned();
            check(|s| drop(s.extra.insert(key, "x".to_owned())), true)
        };
        assert_eq!(extra("socket.keepalive.enable"), Ok(()));
        assert!(matches!(
            extra("auto.offset.reset"),
            Err(SettingsError::ExtraDecided { .. })
        ));
        assert!(matches!(
            extra("sasl.password"),
            Err(SettingsError::ExtraSecret { .. })
        ));
    }

    #[test]
    fn debug_output_shows_names_of_extra_settings_but_no_value() {
        let mut settings = KafkaSettings::new("one:9092");
        settings
            .extra
            .insert("vendor.token".to_owned(), "hunter2".to_owned());
        let shown = format!("{settings:?}");
        assert!(
            shown.contains("vendor.token") && !shown.contains("hunter2"),
            "{shown}"
        );
    }
}
