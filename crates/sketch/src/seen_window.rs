//! Which clicks were seen within the last hours, in a fixed budget of memory.
//!
//! Decides when a generation of the filter is closed, how large the next one is, and what is forgotten first.
//! Must not know what a key stands for. Time is the highest time seen in the input, never a clock.
//!
//! A generation is closed when it holds as many keys as its false-positive rate allows, or when it is as old as the
//! horizon. Counting, not the hour of the day, closes the full ones: with G generations, G - 1 always cover the horizon
//! as long as no stretch of that length has more keys than they hold, whatever the shape of the day. A stream that
//! grows gets larger generations, so an idle shard costs a few KiB. Only when the budget is spent is the oldest
//! generation forgotten before its time: that is an *early rotation*, and [`SeenWindow::honest_horizon_ms`] says what
//! is still promised.

use std::collections::VecDeque;
use std::fmt;
use std::hint::black_box;

use crate::bloom_line::{LINE_BYTES, Lines, Spread};
use crate::codec::{self, Reader, RestoreError};

/// The answer for one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Certainly not seen within the honest horizon.
    New,
    /// Seen, but for a chance of [`SeenWindow::stated_false_positive_rate`].
    Probably,
}

/// What a [`SeenWindow`] may use and must promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenWindowSettings {
    /// All generations together, in bytes; at least 64 KiB. With 3 generations, 5.05 bytes for each click of the
    /// busiest stretch as long as the horizon are enough (6.4 with 2, 4.75 with 4).
    pub memory_bytes_max: usize,
    /// For how long a key is remembered, in milliseconds of event time.
    pub horizon_ms: i64,
    /// How many generations of full size the budget holds, 2 to 4: with G of them, G - 1 cover the horizon. More
    /// waste less memory on keys that are older than the horizon, and cost a memory access each.
    pub generations: usize,
}

impl Default for SeenWindowSettings {
    /// 8 MiB (1.6 M clicks a day), 24 h, 3 generations.
    fn default() -> Self {
        Self {
            memory_bytes_max: 8 << 20,
            horizon_ms: 24 * 3_600_000,
            generations: 3,
        }
    }
}

/// Smallest budget: below it the steps of growth are coarser than the budget.
const MEMORY_BYTES_MIN: usize = 64 << 10;
/// First generation of a new window: 4 KiB, 768 keys.
const FIRST_LINES: usize = 64;
/// Growth on a generation that filled before its time. The small ones together stay below a third of the next.
const GROWTH: usize = 4;
/// Keys a line for generations below the full size. Many of these may be alive at once, so each is allowed little.
const LIGHT_KEYS_PER_LINE: usize = 12;
/// The rate of one such generation: Poisson(12) keys a line, (1 - (63/64)^(2n))^16.
const LIGHT_RATE: f64 = 4.4e-7;
/// Generations alive at most: 4 full ones, 6 steps of growth from 4 KiB to 16 MiB, and spare.
const GENERATIONS_MAX: usize = 14;
/// Keys whose lines are fetched together: enough to keep the memory busy, few enough to stay in the first-level cache.
const BATCH: usize = 32;
const FORMAT: u8 = 0x51;

/// Keys a line, and the rate, of a generation of full size: together the full ones take at most 8e-5, which leaves
/// room for the light ones below the 1e-4 that the design allows. Same formula as [`LIGHT_RATE`].
const fn full_load(generations: usize) -> (usize, f64) {
    match generations {
        2 => (20, 3.79e-5),
        3 => (19, 2.45e-5),
        _ => (18, 1.54e-5),
    }
}

#[derive(Clone)]
struct Generation {
    lines: Lines,
    keys: usize,
    keys_max: usize,
    started_ms: i64,
    newest_ms: i64,
}

/// Remembers keys for a time, in bounded memory; may take a new key for an old one, never the other way round within
/// the honest horizon.
#[derive(Clone)]
pub struct SeenWindow {
    settings: SeenWindowSettings,
    /// Oldest first; the last one takes the insertions.
    generations: VecDeque<Generation>,
    now_ms: i64,
    /// The newest time that was forgotten before it was due.
    forgotten_until_ms: Option<i64>,
    early_rotations: u64,
}

impl SeenWindow {
    /// An empty window. Memory is taken as keys come.
    ///
    /// # Panics
    /// If the budget is below 64 KiB, the horizon is not positive, or the generations are not 2 to 4.
    #[must_use]
    pub fn new(settings: SeenWindowSettings) -> Self {
        assert!(
            settings.memory_bytes_max >= MEMORY_BYTES_MIN,
            "a seen window needs at least 64 KiB"
        );
        assert!(
            settings.horizon_ms > 0,
            "the horizon of a seen window must be positive"
        );
        assert!(
            (2..=4).contains(&settings.generations),
            "a seen window has 2 to 4 generations"
        );
        Self {
            settings,
            generations: VecDeque::with_capacity(GENERATIONS_MAX),
            now_ms: i64::MIN,
            forgotten_until_ms: None,
            early_rotations: 0,
        }
    }

    /// Remembers `key` and says whether it was there. A key that is there is remembered anew, from `at_ms` on.
    /// Times may come out of order; the window's time is the highest one so far, and a late key is remembered from
    /// then on.
    pub fn insert(&mut self, key: u128, at_ms: i64) -> Seen {
        self.now_ms = self.now_ms.max(at_ms);
        if self.turn_is_due() {
            self.turn();
        }
        let spread = Spread::new(key);
        let current = self
            .generations
            .back_mut()
            .expect("a turn leaves a generation to insert into");
        current.newest_ms = self.now_ms;
        if !current.lines.insert(&spread) {
            return Seen::Probably;
        }
        current.keys += 1;
        let older = self.generations.iter().rev().skip(1);
        if older
            .into_iter()
            .any(|generation| generation.lines.contains(&spread))
        {
            Seen::Probably
        } else {
            Seen::New
        }
    }

    /// The answers that [`SeenWindow::insert`] would give one by one, appended to `out`, with the memory accesses of
    /// neighbours overlapped.
    ///
    /// # Panics
    /// If there are not as many times as keys.
    pub fn insert_batch(&mut self, keys: &[u128], at_ms: &[i64], out: &mut Vec<Seen>) {
        assert_eq!(
            keys.len(),
            at_ms.len(),
            "each key of a batch needs its time"
        );
        out.reserve(keys.len());
        for (keys, times) in keys.chunks(BATCH).zip(at_ms.chunks(BATCH)) {
            self.fetch(keys);
            for (&key, &at_ms) in keys.iter().zip(times) {
                out.push(self.insert(key, at_ms));
            }
        }
    }

    fn fetch(&self, keys: &[u128]) {
        let mut touched = 0;
        for generation in &self.generations {
            for &key in keys {
                touched ^= generation.lines.touch(key);
            }
        }
        black_box(touched);
    }

    /// Lets time pass without a key: what is older than the horizon is freed.
    pub fn advance(&mut self, now_ms: i64) {
        self.now_ms = self.now_ms.max(now_ms);
        self.expire();
    }

    /// Upper bound of the chance that a new key is taken for an old one, with every generation at its full load.
    #[must_use]
    pub fn stated_false_positive_rate(&self) -> f64 {
        let full = self.settings.generations;
        full as f64 * full_load(full).1 + (GENERATIONS_MAX - full) as f64 * LIGHT_RATE
    }

    /// A key whose latest insertion is less than this ago (milliseconds) is surely answered [`Seen::Probably`].
    /// The configured horizon, or less for a while after an early rotation.
    #[must_use]
    pub fn honest_horizon_ms(&self) -> i64 {
        self.forgotten_until_ms
            .map_or(self.settings.horizon_ms, |forgotten_ms| {
                self.now_ms
                    .saturating_sub(forgotten_ms)
                    .min(self.settings.horizon_ms)
            })
    }

    /// How many generations were forgotten before their time because the budget was spent.
    #[must_use]
    pub fn early_rotations(&self) -> u64 {
        self.early_rotations
    }

    /// Bytes of all generations; never above the budget.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.generations
            .iter()
            .map(|generation| generation.lines.memory_bytes())
            .sum()
    }

    fn turn_is_due(&self) -> bool {
        self.generations.back().is_none_or(|current| {
            current.keys >= current.keys_max
                || self.now_ms.saturating_sub(current.started_ms) >= self.settings.horizon_ms
        })
    }

    /// Lines of a generation of full size: what the budget holds `generations` times.
    fn lines_max(&self) -> usize {
        self.settings.memory_bytes_max / self.settings.generations / LINE_BYTES
    }

    #[cold]
    fn turn(&mut self) {
        let lines = self.next_lines();
        self.expire();
        self.make_room(lines * LINE_BYTES);
        let keys_per_line = if lines == self.lines_max() {
            full_load(self.settings.generations).0
        } else {
            LIGHT_KEYS_PER_LINE
        };
        self.generations.push_back(Generation {
            lines: Lines::new(lines),
            keys: 0,
            keys_max: lines * keys_per_line,
            started_ms: self.now_ms,
            newest_ms: self.now_ms,
        });
    }

    /// A generation that filled too soon is followed by a larger one; one that lasted, by one for a quarter more keys
    /// than it took.
    fn next_lines(&self) -> usize {
        let wanted = match self.generations.back() {
            None => FIRST_LINES,
            Some(current) if current.keys >= current.keys_max => current.lines.count() * GROWTH,
            Some(current) => (current.keys + current.keys / 4) / LIGHT_KEYS_PER_LINE,
        };
        wanted.max(FIRST_LINES).min(self.lines_max())
    }

    fn expire(&mut self) {
        let due_ms = self.now_ms.saturating_sub(self.settings.horizon_ms);
        while self
            .generations
            .front()
            .is_some_and(|oldest| oldest.newest_ms <= due_ms)
        {
            self.generations.pop_front();
        }
    }

    fn make_room(&mut self, bytes: usize) {
        let generations_max = if bytes > 0 {
            GENERATIONS_MAX - 1
        } else {
            GENERATIONS_MAX
        };
        while self.memory_bytes() + bytes > self.settings.memory_bytes_max
            || self.generations.len() > generations_max
        {
            let oldest = self
                .generations
                .pop_front()
                .expect("an empty window has room for one generation");
            self.forgotten_until_ms = Some(oldest.newest_ms);
            self.early_rotations += 1;
        }
    }
}

impl fmt::Debug for SeenWindow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SeenWindow")
            .field("generations", &self.generations.len())
            .field("memory_bytes", &self.memory_bytes())
            .field("honest_horizon_ms", &self.honest_horizon_ms())
            .finish()
    }
}

impl SeenWindow {
    /// Appends the whole content to `out`: the same bytes for the same history. Little-endian, checksummed.
    pub fn to_bytes(&self, out: &mut Vec<u8>) {
        out.reserve(self.memory_bytes() + 512);
        let start = codec::open(out, FORMAT);
        out.extend_from_slice(&self.settings.horizon_ms.to_le_bytes());
        out.push(self.settings.generations as u8);
        out.extend_from_slice(&self.now_ms.to_le_bytes());
        out.extend_from_slice(&self.forgotten_until_ms.unwrap_or(i64::MIN).to_le_bytes());
        out.extend_from_slice(&self.early_rotations.to_le_bytes());
        out.push(self.generations.len() as u8);
        for generation in &self.generations {
            for count in [
                generation.lines.count(),
                generation.keys,
                generation.keys_max,
            ] {
                out.extend_from_slice(&(count as u64).to_le_bytes());
            }
            out.extend_from_slice(&generation.started_ms.to_le_bytes());
            out.extend_from_slice(&generation.newest_ms.to_le_bytes());
            for word in generation.lines.words().flatten() {
                out.extend_from_slice(&word.to_le_bytes());
            }
        }
        codec::close(out, start);
    }

    /// The window that [`SeenWindow::to_bytes`] wrote. The budget may differ from then; a smaller one forgets the
    /// oldest generations. Horizon and number of generations must be the same.
    ///
    /// # Errors
    /// Damaged or foreign bytes, or other settings.
    ///
    /// # Panics
    /// As [`SeenWindow::new`].
    pub fn from_bytes(settings: SeenWindowSettings, bytes: &[u8]) -> Result<Self, RestoreError> {
        let mut window = Self::new(settings);
        let mut reader = Reader::open(bytes, FORMAT)?;
        if reader.i64()? != settings.horizon_ms {
            return Err(RestoreError::Settings("horizon of the seen window"));
        }
        if usize::from(reader.u8()?) != settings.generations {
            return Err(RestoreError::Settings("generations of the seen window"));
        }
        window.now_ms = reader.i64()?;
        window.forgotten_until_ms =
            Some(reader.i64()?).filter(|&forgotten_ms| forgotten_ms != i64::MIN);
        window.early_rotations = reader.u64()?;
        let count = usize::from(reader.u8()?);
        if count > GENERATIONS_MAX {
            return Err(RestoreError::Invalid("too many generations"));
        }
        for _ in 0..count {
            window.generations.push_back(read_generation(&mut reader)?);
        }
        reader.end()?;
        window.make_room(0);
        Ok(window)
    }
}

fn read_generation(reader: &mut Reader<'_>) -> Result<Generation, RestoreError> {
    let line_count = usize::try_from(reader.u64()?).map_err(|_| RestoreError::Truncated)?;
    let keys = usize::try_from(reader.u64()?).map_err(|_| RestoreError::Truncated)?;
    let keys_max = usize::try_from(reader.u64()?).map_err(|_| RestoreError::Truncated)?;
    let started_ms = reader.i64()?;
    let newest_ms = reader.i64()?;
    let line_bytes = line_count
        .checked_mul(LINE_BYTES)
        .ok_or(RestoreError::Truncated)?;
    let words = reader.take(line_bytes)?;
    if line_count == 0 || keys > keys_max {
        return Err(RestoreError::Invalid("load of a generation"));
    }
    let (lines, _) = words.as_chunks::<LINE_BYTES>();
    Ok(Generation {
        lines: Lines::from_words(lines.iter().map(|line| {
            let (line, _) = line.as_chunks::<8>();
            std::array::from_fn(|word| u64::from_le_bytes(line[word]))
        })),
        keys,
        keys_max,
        started_ms,
        newest_ms,
    })
}
