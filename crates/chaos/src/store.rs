//! A store that is slow, loses answers, answers conflicts, and returns damaged bytes; and the
//! history of everything that was ever created in it.

use std::collections::BTreeMap;

use promoguard_pipeline::commit::{MANIFEST_PREFIX, Manifest, Object, Reply, Request};

use crate::chance::Chance;
use crate::logs::name_of;

struct Stored {
    bytes: Vec<u8>,
    written_at: u64,
}

/// A request that was sent and not applied yet; whoever sent it may be gone by then.
struct Sent {
    ticket: u64,
    apply_at: u64,
    request: Request,
}

/// A manifest that became part of the chain.
pub(crate) struct Link {
    pub(crate) manifest: Manifest,
}

/// The store.
pub(crate) struct Store {
    objects: BTreeMap<String, Stored>,
    sent: Vec<Sent>,
    /// What became of requests, until the sender asks.
    replies: BTreeMap<u64, (u64, Reply)>,
    tickets: u64,
    /// Faults in 1,000 requests.
    pub(crate) faults: u64,
    /// Every manifest that was the newest when it was created, by number.
    pub(crate) chain: BTreeMap<u64, Link>,
}

/// A sender that has no answer by then takes it for lost.
pub(crate) const TIMEOUT_MS: u64 = 400;

/// The broker keeps what so many of the newest manifests may still want to read again.
const MANIFESTS_WITHIN_RETENTION: usize = 24;

impl Store {
    pub(crate) fn new(faults: u64) -> Self {
        Self {
            objects: BTreeMap::new(),
            sent: Vec::new(),
            replies: BTreeMap::new(),
            tickets: 0,
            faults,
            chain: BTreeMap::new(),
        }
    }

    /// Sends a request; the ticket asks for its answer later.
    pub(crate) fn send(&mut self, chance: &mut Chance, now: u64, request: Request) -> u64 {
        self.tickets += 1;
        let ticket = self.tickets;
        let delay = if chance.in_thousand(self.faults) {
            chance.between(TIMEOUT_MS, 10 * TIMEOUT_MS)
        } else {
            chance.between(1, 40)
        };
        self.sent.push(Sent {
            ticket,
            apply_at: now + delay,
            request,
        });
        ticket
    }

    /// Applies what is due.
    pub(crate) fn advance(&mut self, chance: &mut Chance, now: u64) {
        let mut due: Vec<Sent> = Vec::new();
        let mut place = 0;
        while place < self.sent.len() {
            if self.sent[place].apply_at <= now {
                due.push(self.sent.swap_remove(place));
            } else {
                place += 1;
            }
        }
        due.sort_by_key(|sent| (sent.apply_at, sent.ticket));
        for sent in due {
            let reply = self.apply_with_faults(chance, now, sent.request);
            let delay = chance.between(1, 20);
            self.replies.insert(sent.ticket, (now + delay, reply));
        }
    }

    /// The answer, once it has arrived.
    pub(crate) fn receive(&mut self, now: u64, ticket: u64) -> Option<Reply> {
        let (at, _) = self.replies.get(&ticket)?;
        if *at > now {
            return None;
        }
        self.replies.remove(&ticket).map(|(_, reply)| reply)
    }

    /// The bytes of an object as they are.
    pub(crate) fn peek(&self, name: &str) -> Option<&[u8]> {
        self.objects.get(name).map(|stored| stored.bytes.as_slice())
    }

    /// Damages an object where it lies.
    pub(crate) fn damage(&mut self, chance: &mut Chance, name: &str) {
        if let Some(stored) = self.objects.get_mut(name) {
            let place = chance.below(stored.bytes.len() as u64) as usize;
            stored.bytes[place] ^= 1 << chance.below(8);
        }
    }

    /// The first offset of a log that its broker still has: it deletes what the chain is well past.
    pub(crate) fn retained_from(&self, log: usize) -> i64 {
        let manifest = self.chain.values().rev().nth(MANIFESTS_WITHIN_RETENTION);
        let offset = manifest.and_then(|link| link.manifest.next_offsets.get(&name_of(log)));
        offset.copied().unwrap_or(0)
    }

    /// Whether the newest manifest is this writer's.
    pub(crate) fn is_newest_writer(&self, nonce: u64) -> bool {
        let newest = self.chain.last_key_value();
        newest.is_some_and(|(_, link)| link.manifest.nonce == nonce)
    }

    fn apply_with_faults(&mut self, chance: &mut Chance, now: u64, request: Request) -> Reply {
        if !chance.in_thousand(self.faults) {
            return self.apply(now, request);
        }
        match chance.below(4) {
            // Reset before it was applied, or a conflict with nothing behind it.
            0 => Reply::Unclear,
            // Applied, and the answer lost.
            1 => {
                self.apply(now, request);
                Reply::Unclear
            }
            2 => match self.apply(now, request) {
                Reply::Bytes(mut bytes) => {
                    bytes.truncate(chance.below(bytes.len() as u64) as usize);
                    Reply::Bytes(bytes)
                }
                other => other,
            },
            _ => match self.apply(now, request) {
                Reply::Bytes(mut bytes) if !bytes.is_empty() => {
                    let place = chance.below(bytes.len() as u64) as usize;
                    bytes[place] ^= 1 << chance.below(8);
                    Reply::Bytes(bytes)
                }
                other => other,
            },
        }
    }

    fn apply(&mut self, now: u64, request: Request) -> Reply {
        match request {
            Request::List(prefix) => Reply::Listed(
                self.objects
                    .range(prefix.to_owned()..)
                    .take_while(|(name, _)| name.starts_with(prefix))
                    .map(|(name, stored)| Object {
                        name: name.clone(),
                        age_ms: now - stored.written_at,
                    })
                    .collect(),
            ),
            Request::Get(name) => match self.objects.get(&name) {
                Some(stored) => Reply::Bytes(stored.bytes.clone()),
                None => Reply::Absent,
            },
            Request::Create(name, _) if self.objects.contains_key(&name) => Reply::Exists,
            Request::Create(name, bytes) | Request::Put(name, bytes) => {
                self.note(&name, &bytes);
                let written_at = now;
                self.objects.insert(name, Stored { bytes, written_at });
                Reply::Done
            }
            Request::Delete(name) => match self.objects.remove(&name) {
                Some(_) => Reply::Done,
                None => Reply::Absent,
            },
        }
    }

    fn note(&mut self, name: &str, bytes: &[u8]) {
        if !name.starts_with(MANIFEST_PREFIX) {
            return;
        }
        let manifest = Manifest::from_bytes(bytes).expect("only whole manifests are sent");
        let newest = self.chain.last_key_value().map_or(0, |(seq, _)| *seq);
        // A number that was tidied away and is created again is nobody's manifest.
        if manifest.seq > newest {
            self.chain.insert(manifest.seq, Link { manifest });
        }
    }
}
