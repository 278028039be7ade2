//! What is saved of a shard, and taken back.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;

use promoguard_detect::{CodeWatch, SettingsBook};
use promoguard_event::{Code, Hour};
use promoguard_sketch::{OrderIndex, Reach, SeenWindow, SeenWindowSettings};
use serde::{Deserialize, Serialize};

use super::{ClosedHour, OpenHour, Shard, filter_settings};
use crate::code_state::{CodeState, CodeTotals};
use crate::commit::Change;
use crate::hour_judge::{ShadowWatches, Watched};
use crate::hour_row::{ClosedRow, HourRow, WindowRow};
use crate::late_windows::Place;
use crate::registry::Registry;
use crate::saved::{StateError, decode, encode, number_in, reach, shard_key};

/// The whole state, by key.
type State = BTreeMap<Vec<u8>, Vec<u8>>;

const CODE: u8 = b'c';
const REST: u8 = b'o';
const WINDOW: u8 = b'w';
const ORDERS: u8 = b'x';
const FILTER: u8 = b'f';

/// What changed in a shard since it was last saved.
#[derive(Debug, Default)]
pub(super) struct Unsaved {
    /// Slots, some of them perhaps twice.
    pub(super) codes: Vec<u32>,
    pub(super) clicks: FilterLog,
    pub(super) visits: FilterLog,
    /// (day, key, fingerprint of the amount)
    orders: Vec<SavedOrder>,
    /// Pieces that are saved of each day.
    order_pieces: BTreeMap<u32, u32>,
}

type SavedOrder = (i32, u128, u32);

impl Unsaved {
    pub(super) fn mark(&mut self, local: u32, state: &mut CodeState) {
        if !state.dirty {
            state.dirty = true;
            self.codes.push(local);
        }
    }

    pub(super) fn note_order(&mut self, day: i32, key: u128, fingerprint: u32) {
        self.orders.push((day, key, fingerprint));
    }
}

/// A filter is saved whole now and then, and in between what was put into it: putting it in again
/// gives the same filter.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct FilterLog {
    #[serde(skip)]
    fresh: Vec<(u128, i64)>,
    /// Entries that are saved after the whole.
    logged: u64,
    /// Pieces that hold them.
    pieces: u32,
    /// Size of the whole.
    whole_bytes: u64,
}

/// An entry of a log: key and time.
const LOGGED_BYTES: u64 = 24;
/// Below this the whole is not worth writing again.
const WHOLE_BYTES_MIN: u64 = 64 << 10;

impl FilterLog {
    pub(super) fn note(&mut self, keys: &[u128], times: &[i64]) {
        let entries = keys.iter().copied().zip(times.iter().copied());
        self.fresh.extend(entries);
    }

    fn save(&mut self, filter: &SeenWindow, shard: u32, which: u32, changes: &mut Vec<Change>) {
        if self.fresh.is_empty() {
            return;
        }
        let key = |piece| shard_key(FILTER, shard, &[which, piece]);
        let logged = self.logged + self.fresh.len() as u64;
        let worth = self.whole_bytes.max(WHOLE_BYTES_MIN);
        if self.whole_bytes > 0 && logged * LOGGED_BYTES <= worth {
            self.pieces += 1;
            self.logged = logged;
            changes.push((key(self.pieces), Some(encode(&self.fresh))));
        } else {
            let mut whole = Vec::new();
            filter.to_bytes(&mut whole);
            changes.extend((1..=self.pieces).map(|piece| (key(piece), None)));
            *self = Self {
                fresh: take(&mut self.fresh),
                logged: 0,
                pieces: 0,
                whole_bytes: whole.len() as u64,
            };
            changes.push((key(0), Some(whole)));
        }
        self.fresh.clear();
    }

    fn restore(
        &self,
        settings: SeenWindowSettings,
        state: &State,
        shard: u32,
        which: u32,
    ) -> Result<SeenWindow, StateError> {
        let piece = |piece| state.get(&shard_key(FILTER, shard, &[which, piece]));
        let missing = StateError::Inconsistent("a piece of a filter is missing");
        if self.whole_bytes == 0 {
            return Ok(SeenWindow::new(settings));
        }
        let whole = piece(0).ok_or(missing.clone())?;
        let mut filter = SeenWindow::from_bytes(settings, whole)?;
        let mut seen = Vec::new();
        for number in 1..=self.pieces {
            let bytes = piece(number).ok_or(missing.clone())?;
            let entries: Vec<(u128, i64)> = decode(bytes, "a piece of a filter")?;
            let (keys, times): (Vec<u128>, Vec<i64>) = entries.into_iter().unzip();
            seen.clear();
            filter.insert_batch(&keys, &times, &mut seen);
        }
        Ok(filter)
    }
}

#[derive(Serialize)]
struct WatchedRef<'a> {
    watch: &'a CodeWatch,
    ordered_under: Option<&'a str>,
}

#[derive(Deserialize)]
struct SavedWatched {
    watch: CodeWatch,
    ordered_under: Option<String>,
}

impl<'a> WatchedRef<'a> {
    fn of(watched: &'a Watched, book: &'a SettingsBook) -> Self {
        Self {
            watch: &watched.watch,
            ordered_under: book.merchant_of(watched.ordered_under),
        }
    }
}

impl SavedWatched {
    fn restore(self, book: &SettingsBook) -> Watched {
        let merchant = self.ordered_under.as_deref();
        Watched {
            watch: self.watch,
            ordered_under: merchant.map_or_else(Default::default, |name| book.page_of(name)),
        }
    }
}

#[derive(Serialize)]
struct CodeRef<'a> {
    code: &'a Code,
    totals: &'a CodeTotals,
    #[serde(with = "reach")]
    reach: &'a Reach,
    last_seen: Hour,
    watched: WatchedRef<'a>,
    shadow: Option<WatchedRef<'a>>,
}

#[derive(Deserialize)]
struct SavedCode {
    code: String,
    totals: CodeTotals,
    #[serde(with = "reach")]
    reach: Reach,
    last_seen: Hour,
    watched: SavedWatched,
    shadow: Option<SavedWatched>,
}

#[derive(Serialize)]
struct RestRef<'a> {
    open: Option<(Hour, &'a Vec<(u32, HourRow)>)>,
    closed: Vec<(Hour, &'a Vec<ClosedRow>)>,
    amended: &'a BTreeSet<Place>,
    windows_from: Hour,
    order_clock: (i32, u64),
    order_pieces: &'a BTreeMap<u32, u32>,
    clicks: &'a FilterLog,
    visits: &'a FilterLog,
    attentive: &'a BTreeSet<u32>,
    shadow_attentive: Option<&'a BTreeSet<u32>>,
}

#[derive(Deserialize)]
struct SavedRest {
    open: Option<(Hour, Vec<(u32, HourRow)>)>,
    closed: Vec<(Hour, Vec<ClosedRow>)>,
    amended: BTreeSet<Place>,
    windows_from: Hour,
    order_clock: (i32, u64),
    order_pieces: BTreeMap<u32, u32>,
    clicks: FilterLog,
    visits: FilterLog,
    attentive: BTreeSet<u32>,
    shadow_attentive: Option<BTreeSet<u32>>,
}

/// The settings that judge, and those in shadow.
pub(crate) type Books<'a> = (&'a SettingsBook, Option<&'a SettingsBook>);

impl Shard {
    /// Whether windows wait to be taken.
    pub(crate) fn has_windows(&self) -> bool {
        !self.windows.is_empty()
    }

    /// Keeps from now on what a save needs.
    pub(crate) fn start_saving(&mut self) {
        self.late_windows.start_saving();
        let mut unsaved = Unsaved::default();
        for (local, state) in self.codes.iter_mut().enumerate() {
            if let Some(state) = state {
                unsaved.mark(local as u32, state);
            }
        }
        self.unsaved = Some(Box::new(unsaved));
    }

    /// Appends what changed since the last save.
    pub(crate) fn save(&mut self, shard: u32, books: Books<'_>, changes: &mut Vec<Change>) {
        let Some(mut unsaved) = self.unsaved.take() else {
            return;
        };
        let mut codes = take(&mut unsaved.codes);
        codes.sort_unstable();
        codes.dedup();
        for local in codes {
            changes.push(self.save_code(shard, local, books));
        }
        for ((hour, local), window) in self.late_windows.take_dirty() {
            let key = shard_key(WINDOW, shard, &[sorted(hour.index()), local]);
            changes.push((key, window.map(encode)));
        }
        self.save_orders(shard, &mut unsaved, changes);
        unsaved.clicks.save(&self.click_filter, shard, 0, changes);
        unsaved.visits.save(&self.visit_filter, shard, 1, changes);
        changes.push((shard_key(REST, shard, &[]), Some(self.save_rest(&unsaved))));
        self.unsaved = Some(unsaved);
    }

    fn save_code(&mut self, shard: u32, local: u32, (book, shadow_book): Books<'_>) -> Change {
        let place = local as usize;
        let key = shard_key(CODE, shard, &[local]);
        let Some(state) = &mut self.codes[place] else {
            return (key, None);
        };
        state.dirty = false;
        let shadow = self.shadow.as_ref().zip(shadow_book);
        let saved = CodeRef {
            code: &state.code,
            totals: &state.totals,
            reach: &state.reach,
            last_seen: state.last_seen,
            watched: WatchedRef::of(&state.watched, book),
            shadow: shadow.map(|(shadow, book)| WatchedRef::of(&shadow.watched[place], book)),
        };
        (key, Some(encode(&saved)))
    }

    fn save_orders(&self, shard: u32, unsaved: &mut Unsaved, changes: &mut Vec<Change>) {
        let mut by_day: BTreeMap<u32, Vec<SavedOrder>> = BTreeMap::new();
        for order in take(&mut unsaved.orders) {
            by_day.entry(sorted(order.0)).or_default().push(order);
        }
        for (day, orders) in by_day {
            let piece = unsaved.order_pieces.entry(day).or_default();
            changes.push((
                shard_key(ORDERS, shard, &[day, *piece]),
                Some(encode(&orders)),
            ));
            *piece += 1;
        }
        let oldest = self.order_index.oldest_day().map_or(u32::MAX, sorted);
        let kept = unsaved.order_pieces.split_off(&oldest);
        for (day, pieces) in std::mem::replace(&mut unsaved.order_pieces, kept) {
            let gone = (0..pieces).map(|piece| (shard_key(ORDERS, shard, &[day, piece]), None));
            changes.extend(gone);
        }
    }

    fn save_rest(&self, unsaved: &Unsaved) -> Vec<u8> {
        let (amended, windows_from) = self.late_windows.bounds();
        encode(&RestRef {
            open: self.open.as_ref().map(|open| (open.hour, &open.rows)),
            closed: self
                .closed
                .iter()
                .map(|closed| (closed.hour, &closed.rows))
                .collect(),
            amended,
            windows_from,
            order_clock: self.order_index.clock(),
            order_pieces: &unsaved.order_pieces,
            clicks: &unsaved.clicks,
            visits: &unsaved.visits,
            attentive: &self.attentive,
            shadow_attentive: self.shadow.as_ref().map(|shadow| &shadow.attentive),
        })
    }

    /// Fills an empty shard with what was saved of it.
    pub(crate) fn restore(
        &mut self,
        shard: u32,
        books: Books<'_>,
        registry: &Registry,
        state: &State,
    ) -> Result<(), StateError> {
        let rest = state.get(&shard_key(REST, shard, &[]));
        let rest = rest.ok_or(StateError::Inconsistent("a shard is missing"))?;
        let rest: SavedRest = decode(rest, "the rest of a shard")?;
        self.restore_codes(shard, books, registry, state)?;
        for (key, bytes) in of_kind(state, WINDOW, shard) {
            let hour = Hour::from_index(unsorted(number_in(key, 1)?));
            let window: WindowRow = decode(bytes, "a window")?;
            self.late_windows
                .put_back((hour, number_in(key, 2)?), window);
        }
        self.late_windows.resume(rest.amended, rest.windows_from);
        self.late_windows.start_saving();
        self.order_index = restore_orders(&self.order_index, shard, rest.order_clock, state)?;
        let filter = filter_settings(&self.settings);
        self.click_filter = rest.clicks.restore(filter, state, shard, 0)?;
        self.visit_filter = rest.visits.restore(filter, state, shard, 1)?;
        self.restore_hours(rest.open, rest.closed)?;
        self.attentive = rest.attentive;
        if let Some(shadow) = &mut self.shadow {
            shadow.attentive = rest.shadow_attentive.unwrap_or_default();
        }
        self.unsaved = Some(Box::new(Unsaved {
            order_pieces: rest.order_pieces,
            clicks: rest.clicks,
            visits: rest.visits,
            ..Unsaved::default()
        }));
        Ok(())
    }

    fn restore_codes(
        &mut self,
        shard: u32,
        (book, shadow_book): Books<'_>,
        registry: &Registry,
        state: &State,
    ) -> Result<(), StateError> {
        let mut shadow = shadow_book.map(|_| Box::new(ShadowWatches::default()));
        for (key, bytes) in of_kind(state, CODE, shard) {
            let place = number_in(key, 1)? as usize;
            let saved: SavedCode = decode(bytes, "a code")?;
            let code = Code::from_normalised(&saved.code);
            let hash = self.hashers.record.hash64(saved.code.as_bytes());
            let entry = registry.entry(&code).cloned();
            self.unregistered += usize::from(entry.is_none());
            if self.codes.len() <= place {
                self.codes.resize_with(place + 1, || None);
            }
            self.codes[place] = Some(CodeState {
                totals: saved.totals,
                reach: saved.reach,
                last_seen: saved.last_seen,
                watched: saved.watched.restore(book),
                ..CodeState::new(code, hash, entry)
            });
            if let (Some(shadow), Some(book)) = (&mut shadow, shadow_book) {
                shadow.watched.resize_with(place + 1, Watched::default);
                let saved = saved.shadow.map(|watched| watched.restore(book));
                shadow.watched[place] = saved.unwrap_or_default();
            }
        }
        self.shadow = shadow;
        Ok(())
    }

    fn restore_hours(
        &mut self,
        open: Option<(Hour, Vec<(u32, HourRow)>)>,
        closed: Vec<(Hour, Vec<ClosedRow>)>,
    ) -> Result<(), StateError> {
        if let Some((hour, rows)) = open {
            for (place, (local, _)) in rows.iter().enumerate() {
                let code = self.codes.get_mut(*local as usize).and_then(Option::as_mut);
                let code = code.ok_or(StateError::Inconsistent("a row of an unknown code"))?;
                code.open_row = Some(place as u32);
            }
            self.open = Some(OpenHour { hour, rows });
        }
        let hours = closed.into_iter();
        self.closed = hours
            .map(|(hour, rows)| ClosedHour { hour, rows })
            .collect();
        Ok(())
    }

    /// The codes with their slots.
    pub(crate) fn slots(&self) -> impl Iterator<Item = (u32, &Code, u64)> {
        let states = self.codes.iter().enumerate();
        states.filter_map(|(local, state)| {
            let state = state.as_ref()?;
            Some((local as u32, &state.code, state.hash))
        })
    }

    /// The code of a slot, if it has one.
    pub(crate) fn code_at(&self, local: u32) -> Option<&Code> {
        let state = self.codes.get(local as usize)?.as_ref()?;
        Some(&state.code)
    }
}

fn restore_orders(
    empty: &OrderIndex,
    shard: u32,
    clock: (i32, u64),
    state: &State,
) -> Result<OrderIndex, StateError> {
    let mut index = OrderIndex::resume(empty.settings(), clock);
    for (_, bytes) in of_kind(state, ORDERS, shard) {
        let orders: Vec<SavedOrder> = decode(bytes, "orders of a day")?;
        for (day, key, fingerprint) in orders {
            if !index.put_back(day, key, fingerprint) {
                return Err(StateError::Inconsistent("an order is there twice"));
            }
        }
    }
    Ok(index)
}

/// Everything of one kind in one shard, by key.
fn of_kind(state: &State, kind: u8, shard: u32) -> impl Iterator<Item = (&Vec<u8>, &Vec<u8>)> {
    let prefix = shard_key(kind, shard, &[]);
    let from_here = state.range(prefix.clone()..);
    from_here.take_while(move |(key, _)| key.starts_with(&prefix))
}

/// A number whose bytes sort as the signed one does.
fn sorted(number: i32) -> u32 {
    number.cast_unsigned() ^ (1 << 31)
}

fn unsorted(number: u32) -> i32 {
    (number ^ (1 << 31)).cast_signed()
}
