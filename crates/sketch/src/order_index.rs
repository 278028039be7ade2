//! Which orders were seen within the last months: exact, because a dropped order is lost evidence and lost money.
//!
//! Decides what is forgotten when: whole days of arrival, oldest first, when they are older than the horizon or when
//! the bound on entries is reached. Must not know what a key stands for. Time is the highest time seen, never a clock.
//!
//! A key belongs to the day on which it arrived, not to the day of its own time: an order that a marketplace reports
//! ten days late is then remembered as long after its report as any other.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};

use crate::codec::{self, Reader, RestoreError};

/// The answer for one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// Not there before.
    New,
    /// There before, with the same amount.
    Duplicate,
    /// There before with another amount. The first one stays.
    Conflict,
}

/// What an [`OrderIndex`] may use and must promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderIndexSettings {
    /// For how long an order is remembered after its arrival, in milliseconds of event time; rounded up to whole days.
    pub horizon_ms: i64,
    /// How many orders are remembered at most. An entry takes 29 to 57 bytes while the table grows by doubling.
    pub entries_max: usize,
}

impl Default for OrderIndexSettings {
    /// 90 days, 4 M orders.
    fn default() -> Self {
        Self {
            horizon_ms: 90 * DAY_MS,
            entries_max: 4 << 20,
        }
    }
}

const DAY_MS: i64 = 86_400_000;
const FORMAT: u8 = 0x52;
const SAVED_ENTRY_BYTES: usize = 16 + 4;

/// The halves of a 128-bit key. As one `u128` an entry would be aligned to, and padded to a multiple of, 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    high: u64,
    low: u64,
}

impl Key {
    const fn new(key: u128) -> Self {
        Self {
            high: (key >> 64) as u64,
            low: key as u64,
        }
    }

    const fn get(self) -> u128 {
        (self.high as u128) << 64 | self.low as u128
    }
}

impl std::hash::Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.low);
    }
}

/// Keys are keyed hashes already: uniform, and not for the public to choose.
#[derive(Clone, Copy, Default)]
struct KeyIsHash(u64);

impl Hasher for KeyIsHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("a key hashes as one u64");
    }

    fn write_u64(&mut self, half: u64) {
        self.0 = half;
    }
}

#[derive(Clone, Copy)]
struct Entry {
    amount_fingerprint: u32,
    /// Days since 1970-01-01, of arrival.
    day: i32,
}

/// Remembers orders exactly, up to a number of days and a number of entries.
#[derive(Clone)]
pub struct OrderIndex {
    settings: OrderIndexSettings,
    entries: HashMap<Key, Entry, BuildHasherDefault<KeyIsHash>>,
    /// How many entries arrived on each day that has any.
    days: BTreeMap<i32, usize>,
    today: i32,
    early_evictions: u64,
}

impl OrderIndex {
    /// An empty index.
    ///
    /// # Panics
    /// If the horizon is not positive or no entry is allowed.
    #[must_use]
    pub fn new(settings: OrderIndexSettings) -> Self {
        assert!(
            settings.horizon_ms > 0,
            "the horizon of an order index must be positive"
        );
        assert!(
            settings.entries_max > 0,
            "an order index must be allowed at least one entry"
        );
        Self {
            settings,
            entries: HashMap::default(),
            days: BTreeMap::new(),
            today: i32::MIN,
            early_evictions: 0,
        }
    }

    /// Remembers an order that arrived at `at_ms` (an earlier time than the latest so far counts as the latest).
    /// `amount_fingerprint` is whatever tells two amounts apart: a hash of amount and currency.
    pub fn insert(&mut self, key: u128, at_ms: i64, amount_fingerprint: u32) -> Inserted {
        self.advance(at_ms);
        if let Some(first) = self.entries.get(&Key::new(key)) {
            return if first.amount_fingerprint == amount_fingerprint {
                Inserted::Duplicate
            } else {
                Inserted::Conflict
            };
        }
        while self.entries.len() >= self.settings.entries_max {
            self.early_evictions += self.forget_oldest_day() as u64;
        }
        let entry = Entry {
            amount_fingerprint,
            day: self.today,
        };
        self.entries.insert(Key::new(key), entry);
        *self.days.entry(self.today).or_default() += 1;
        Inserted::New
    }

    /// Whether an order is remembered.
    #[must_use]
    pub fn contains(&self, key: u128) -> bool {
        self.entries.contains_key(&Key::new(key))
    }

    /// As they were given.
    #[must_use]
    pub fn settings(&self) -> OrderIndexSettings {
        self.settings
    }

    /// The day of the latest arrival, and how many orders were forgotten early: with the entries all that there is.
    #[must_use]
    pub fn clock(&self) -> (i32, u64) {
        (self.today, self.early_evictions)
    }

    /// The oldest day with an entry, in days since 1970.
    #[must_use]
    pub fn oldest_day(&self) -> Option<i32> {
        self.days.first_key_value().map(|(day, _)| *day)
    }

    /// An empty index that goes on at a clock as [`OrderIndex::clock`] told it; its entries follow.
    ///
    /// # Panics
    /// As [`OrderIndex::new`].
    #[must_use]
    pub fn resume(settings: OrderIndexSettings, (today, early_evictions): (i32, u64)) -> Self {
        Self {
            today,
            early_evictions,
            ..Self::new(settings)
        }
    }

    /// Takes back an order that arrived on `day`; false where it is there already.
    pub fn put_back(&mut self, day: i32, key: u128, amount_fingerprint: u32) -> bool {
        let entry = Entry {
            amount_fingerprint,
            day,
        };
        let is_new = self.entries.insert(Key::new(key), entry).is_none();
        *self.days.entry(day).or_default() += usize::from(is_new);
        is_new
    }

    /// Lets time pass: days older than the horizon are forgotten. Time never goes back.
    pub fn advance(&mut self, now_ms: i64) {
        let today = day_of(now_ms);
        if today <= self.today {
            return;
        }
        self.today = today;
        let oldest_kept = today.saturating_sub(self.horizon_days());
        if self
            .days
            .first_key_value()
            .is_some_and(|(&oldest, _)| oldest < oldest_kept)
        {
            self.days = self.days.split_off(&oldest_kept);
            self.keep_from(oldest_kept);
        }
    }

    /// How many orders are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no order is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many orders were forgotten before the horizon because the bound was reached.
    #[must_use]
    pub fn early_evictions(&self) -> u64 {
        self.early_evictions
    }

    /// Bytes of the table: entry and control byte for every place, the eighth that stays free included.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let places = (self.entries.capacity() / 7 * 8).max(self.entries.capacity());
        places * (size_of::<(Key, Entry)>() + 1)
    }

    fn horizon_days(&self) -> i32 {
        let days =
            self.settings.horizon_ms / DAY_MS + i64::from(self.settings.horizon_ms % DAY_MS > 0);
        i32::try_from(days).unwrap_or(i32::MAX)
    }

    fn forget_oldest_day(&mut self) -> usize {
        let (oldest, count) = self.days.pop_first().expect("a full index has a day");
        self.keep_from(oldest.saturating_add(1));
        count
    }

    /// One pass over the table, once a day at most in the long run: cheaper than a list of keys beside every day.
    fn keep_from(&mut self, day: i32) {
        self.entries.retain(|_, entry| entry.day >= day);
        if self.entries.len() < self.entries.capacity() / 4 {
            self.entries.shrink_to(self.entries.len() * 2);
        }
    }
}

impl fmt::Debug for OrderIndex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OrderIndex")
            .field("len", &self.len())
            .field("early_evictions", &self.early_evictions)
            .finish()
    }
}

/// Days since 1970-01-01, rounded down; times beyond the year 5,000,000 count as the last day.
fn day_of(at_ms: i64) -> i32 {
    let day = at_ms.div_euclid(DAY_MS);
    i32::try_from(day).unwrap_or(if day < 0 { i32::MIN } else { i32::MAX })
}

impl OrderIndex {
    /// Appends the whole content to `out`, sorted by day and key: the same bytes for the same content, however the
    /// table grew. 20 bytes an entry, little-endian, checksummed.
    pub fn to_bytes(&self, out: &mut Vec<u8>) {
        let mut sorted: Vec<(i32, Key, u32)> = self
            .entries
            .iter()
            .map(|(&key, entry)| (entry.day, key, entry.amount_fingerprint))
            .collect();
        sorted.sort_unstable();
        out.reserve(sorted.len() * SAVED_ENTRY_BYTES + self.days.len() * 12 + 64);
        let start = codec::open(out, FORMAT);
        out.extend_from_slice(&self.today.to_le_bytes());
        out.extend_from_slice(&self.early_evictions.to_le_bytes());
        out.extend_from_slice(&(self.days.len() as u32).to_le_bytes());
        for (day, count) in &self.days {
            out.extend_from_slice(&day.to_le_bytes());
            out.extend_from_slice(&(*count as u64).to_le_bytes());
        }
        for (_, key, amount_fingerprint) in sorted {
            out.extend_from_slice(&key.get().to_le_bytes());
            out.extend_from_slice(&amount_fingerprint.to_le_bytes());
        }
        codec::close(out, start);
    }

    /// The index that [`OrderIndex::to_bytes`] wrote. Settings may differ from then: a shorter horizon or a lower
    /// bound forgets the oldest days.
    ///
    /// # Errors
    /// Damaged or foreign bytes.
    ///
    /// # Panics
    /// As [`OrderIndex::new`].
    pub fn from_bytes(settings: OrderIndexSettings, bytes: &[u8]) -> Result<Self, RestoreError> {
        let mut index = Self::new(settings);
        let mut reader = Reader::open(bytes, FORMAT)?;
        let today = reader.u32()?.cast_signed();
        index.early_evictions = reader.u64()?;
        let mut days = Vec::new();
        for _ in 0..reader.u32()? {
            let day = reader.u32()?.cast_signed();
            let count = usize::try_from(reader.u64()?).map_err(|_| RestoreError::Truncated)?;
            if day > today || days.last().is_some_and(|&(last, _)| last >= day) || count == 0 {
                return Err(RestoreError::Invalid("days of the order index"));
            }
            days.push((day, count));
        }
        let entry_count = days
            .iter()
            .try_fold(0usize, |sum, &(_, count)| sum.checked_add(count));
        if entry_count.and_then(|count| count.checked_mul(SAVED_ENTRY_BYTES)) != Some(reader.left())
        {
            return Err(RestoreError::Truncated);
        }
        index.entries.reserve(entry_count.unwrap_or(0));
        for (day, count) in days {
            read_day(&mut reader, day, count, &mut index.entries)?;
            index.days.insert(day, count);
        }
        reader.end()?;
        index.advance(i64::from(today).saturating_mul(DAY_MS));
        index.today = today;
        while index.entries.len() > settings.entries_max {
            index.early_evictions += index.forget_oldest_day() as u64;
        }
        Ok(index)
    }
}

fn read_day(
    reader: &mut Reader<'_>,
    day: i32,
    count: usize,
    entries: &mut HashMap<Key, Entry, BuildHasherDefault<KeyIsHash>>,
) -> Result<(), RestoreError> {
    for _ in 0..count {
        let low = reader.u64()?;
        let high = reader.u64()?;
        let entry = Entry {
            amount_fingerprint: reader.u32()?,
            day,
        };
        if entries.insert(Key { high, low }, entry).is_some() {
            return Err(RestoreError::Invalid("an order key twice"));
        }
    }
    Ok(())
}
