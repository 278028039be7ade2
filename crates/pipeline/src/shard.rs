//! The hot stage of one partition: dedupe, count into the code's open hour, keep what the judge
//! needs. One writer; no I/O, no clock.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use promoguard_detect::{AttemptFact, StatusChange};
use promoguard_event::{
    Code, CodeEntry, Decision, EventTime, Hour, ScoreLine, Sighting, Status, Topic, Window,
};
use promoguard_sketch::{
    Inserted, OrderIndex, OrderIndexSettings, Seen, SeenWindow, SeenWindowSettings,
};

use crate::code_state::CodeState;
use crate::counts::Counts;
use crate::hashing::Hashers;
use crate::hour_judge::{ShadowWatches, Side, Watched};
use crate::hour_row::{ClosedRow, HourRow, WindowRow, add_amount};
use crate::late_windows::LateWindows;
use crate::names::HostTable;
use crate::records::OrderRecord;
use crate::settings::PipelineSettings;
use crate::shard_batch::{ShardBatch, ShardClick, ShardOrder};

mod saved;

use saved::Unsaved;

struct OpenHour {
    hour: Hour,
    rows: Vec<(u32, HourRow)>,
}

/// An hour that a shard closed and the judge has not taken yet.
pub(crate) struct ClosedHour {
    pub(crate) hour: Hour,
    pub(crate) rows: Vec<ClosedRow>,
}

/// The state of one partition.
pub struct Shard {
    settings: PipelineSettings,
    hashers: Hashers,
    codes: Vec<Option<CodeState>>,
    click_filter: SeenWindow,
    visit_filter: SeenWindow,
    order_index: OrderIndex,
    open: Option<OpenHour>,
    closed: VecDeque<ClosedHour>,
    late_windows: LateWindows,
    windows: Vec<Window>,
    counts: Counts,
    /// Codes whose watch asks for a step in hours without events.
    attentive: BTreeSet<u32>,
    /// What a judge in shadow remembers, if there is one.
    shadow: Option<Box<ShadowWatches>>,
    unregistered: usize,
    /// What changed since the last save, if anybody saves.
    unsaved: Option<Box<Unsaved>>,
    keys: Vec<u128>,
    times: Vec<i64>,
    seen: Vec<Seen>,
    first: Vec<Seen>,
    fresh: Vec<u32>,
}

impl Shard {
    /// An empty shard with its share of the memory bounds.
    pub fn new(settings: &PipelineSettings, hashers: &Hashers) -> Self {
        let shards = u64::from(settings.shards);
        let filter = filter_settings(settings);
        Self {
            settings: settings.clone(),
            hashers: hashers.clone(),
            codes: Vec::new(),
            click_filter: SeenWindow::new(filter),
            visit_filter: SeenWindow::new(filter),
            order_index: OrderIndex::new(OrderIndexSettings {
                horizon_ms: settings.order_horizon_ms,
                entries_max: (settings.order_index_entries_max / shards).max(1) as usize,
            }),
            open: None,
            closed: VecDeque::new(),
            late_windows: LateWindows::new(
                settings.amendable_windows_max / settings.shards as usize,
                settings.lateness_ms_max,
            ),
            windows: Vec::new(),
            counts: Counts::default(),
            attentive: BTreeSet::new(),
            shadow: None,
            unregistered: 0,
            unsaved: None,
            keys: Vec::new(),
            times: Vec::new(),
            seen: Vec::new(),
            first: Vec::new(),
            fresh: Vec::new(),
        }
    }

    /// Takes in a code that has the slot `local` from now on.
    pub(crate) fn meet(
        &mut self,
        local: u32,
        code: Code,
        hash: u64,
        entry: Option<Arc<CodeEntry>>,
    ) {
        let place = local as usize;
        if self.codes.len() <= place {
            self.codes.resize_with(place + 1, || None);
        }
        self.unregistered += usize::from(entry.is_none());
        self.codes[place] = Some(CodeState::new(code, hash, entry));
        self.mark(local);
        if let Some(shadow) = &mut self.shadow {
            shadow
                .watched
                .resize_with(self.codes.len(), Watched::default);
            // The slot may have been another code's.
            shadow.watched[place] = Watched::default();
            shadow.attentive.remove(&local);
        }
    }

    /// Remembers for a judge in shadow from now on.
    pub(crate) fn start_shadow(&mut self) {
        let mut shadow = ShadowWatches::default();
        shadow
            .watched
            .resize_with(self.codes.len(), Watched::default);
        self.shadow = Some(Box::new(shadow));
    }

    /// A code, its entry, and what a judge remembers of it.
    pub(crate) fn watched(
        &mut self,
        side: Side,
        local: u32,
    ) -> (&Code, Option<&CodeEntry>, &mut Watched) {
        self.mark(local);
        let state = self.codes[local as usize]
            .as_mut()
            .expect("a slot is met before it is used");
        let watched = match side {
            Side::Present => &mut state.watched,
            Side::Shadow => {
                let shadow = self.shadow.as_mut().expect("a judge in shadow was started");
                &mut shadow.watched[local as usize]
            }
        };
        (&state.code, state.entry.as_deref(), watched)
    }

    /// Codes whose watch asks for a step in hours without events.
    pub(crate) fn attentive(&mut self, side: Side) -> &mut BTreeSet<u32> {
        match side {
            Side::Present => &mut self.attentive,
            Side::Shadow => {
                let shadow = self.shadow.as_mut().expect("a judge in shadow was started");
                &mut shadow.attentive
            }
        }
    }

    /// A record for this code is on its way.
    pub(crate) fn expect(&mut self, local: u32) {
        self.waiting_mut(local).in_flight += 1;
    }

    /// A record for this code came, or will not come after all.
    pub(crate) fn settle(&mut self, local: u32) {
        self.waiting_mut(local).in_flight -= 1;
    }

    /// For what is not saved: it follows from the records that wait.
    fn waiting_mut(&mut self, local: u32) -> &mut CodeState {
        self.codes[local as usize]
            .as_mut()
            .expect("a slot is met before it is used")
    }

    /// Sets what the registry says of a code.
    pub(crate) fn set_entry(&mut self, local: u32, entry: Option<Arc<CodeEntry>>) {
        let state = self.state_mut(local);
        let was_registered = state.entry.is_some();
        let is_registered = entry.is_some();
        state.entry = entry;
        self.unregistered += usize::from(was_registered && !is_registered);
        self.unregistered -= usize::from(!was_registered && is_registered);
    }

    pub(crate) fn state(&self, local: u32) -> &CodeState {
        self.codes[local as usize]
            .as_ref()
            .expect("a slot is met before it is used")
    }

    pub(crate) fn state_mut(&mut self, local: u32) -> &mut CodeState {
        self.mark(local);
        self.codes[local as usize]
            .as_mut()
            .expect("a slot is met before it is used")
    }

    /// A code is about to change.
    fn mark(&mut self, local: u32) {
        if let (Some(unsaved), Some(state)) = (&mut self.unsaved, &mut self.codes[local as usize]) {
            unsaved.mark(local, state);
        }
    }

    /// Applies a batch and empties it. Effective times never go back between batches.
    pub fn accept(&mut self, batch: &mut ShardBatch, hosts: &HostTable) {
        self.dedupe_clicks(&batch.clicks);
        let mut orders = batch.orders.drain(..).peekable();
        let fresh = std::mem::take(&mut self.fresh);
        for (nth, place) in fresh.iter().enumerate() {
            let click = &batch.clicks[*place as usize];
            // A click of the same millisecond comes first: kinds are ordered, click before order.
            while let Some(order) = orders.next_if(|order| order.at < click.at) {
                self.apply_order(order, hosts);
            }
            let first_visit = self.first[nth] == Seen::New;
            self.apply_click(click, first_visit, hosts);
        }
        for order in orders {
            self.apply_order(order, hosts);
        }
        self.fresh = fresh;
        batch.clear();
    }

    /// Everything below `watermark` was accepted: hours that end by then are closed.
    pub fn advance(&mut self, watermark: EventTime, hosts: &HostTable) {
        if self
            .open
            .as_ref()
            .is_some_and(|open| open.hour.end() <= watermark)
        {
            self.close_open_hour(hosts);
        }
    }

    /// The hour of the oldest closed hour that waits for the judge.
    pub(crate) fn next_closed(&self) -> Option<Hour> {
        self.closed.front().map(|closed| closed.hour)
    }

    /// Hands the rows of `hour` over, sorted by code; none where nothing happened.
    pub(crate) fn take_closed(&mut self, hour: Hour) -> Vec<ClosedRow> {
        match self.closed.front() {
            Some(closed) if closed.hour == hour => {
                self.closed.pop_front().expect("a front was seen").rows
            }
            _ => Vec::new(),
        }
    }

    /// Windows to publish since the last call, by hour and code.
    pub(crate) fn take_windows(&mut self) -> Vec<Window> {
        std::mem::take(&mut self.windows)
    }

    /// What was counted since the last call.
    pub(crate) fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    /// Keeps a sighting for the judge's next hour.
    pub(crate) fn note_sighting(&mut self, at: EventTime, local: u32, sighting: Sighting) {
        let hour = at.hour();
        self.row(hour, local).sightings.push(sighting);
    }

    /// Keeps a decision for the judge's next hour.
    pub(crate) fn note_decision(&mut self, at: EventTime, local: u32, decision: Decision) {
        let hour = at.hour();
        self.row(hour, local).decisions.push(decision);
    }

    fn dedupe_clicks(&mut self, clicks: &[ShardClick]) {
        self.keys.clear();
        self.times.clear();
        self.keys.extend(clicks.iter().map(|click| click.key));
        self.times
            .extend(clicks.iter().map(|click| click.at.millis()));
        self.seen.clear();
        self.click_filter
            .insert_batch(&self.keys, &self.times, &mut self.seen);
        if let Some(unsaved) = &mut self.unsaved {
            unsaved.clicks.note(&self.keys, &self.times);
        }
        self.fresh.clear();
        self.keys.clear();
        self.times.clear();
        for (place, (click, seen)) in clicks.iter().zip(&self.seen).enumerate() {
            let state = self.codes[click.local as usize]
                .as_mut()
                .expect("a slot is met before it is used");
            state.in_flight -= 1;
            if *seen == Seen::New {
                self.fresh.push(place as u32);
                self.keys
                    .push(visit_key(self.state(click.local).hash, click.visitor));
                self.times.push(click.at.millis());
            }
        }
        let duplicates = (clicks.len() - self.fresh.len()) as u64;
        self.counts.of_mut(Topic::Clicks).duplicate += duplicates;
        self.first.clear();
        self.visit_filter
            .insert_batch(&self.keys, &self.times, &mut self.first);
        if let Some(unsaved) = &mut self.unsaved {
            unsaved.visits.note(&self.keys, &self.times);
        }
    }

    fn apply_click(&mut self, click: &ShardClick, first_visit: bool, hosts: &HostTable) {
        let age_ms = click.at.millis_since(click.ts);
        let too_late = age_ms > self.settings.lateness_ms_max;
        let counts = self.counts.of_mut(Topic::Clicks);
        counts.too_late += u64::from(too_late);
        counts.accepted += u64::from(!too_late);
        counts.late += u64::from(age_ms > 0 && !too_late);
        let state = self.state_mut(click.local);
        state.totals.clicks += 1;
        state.reach.insert(click.visitor);
        if too_late {
            return;
        }
        let hour = click.at.hour();
        self.open_hour(hour, hosts);
        let counted_in = click.ts.hour();
        if counted_in == hour {
            let row = self.row(hour, click.local);
            row.in_window = true;
            row.window.add_click(click.visitor);
            row.clicks.add(first_visit, click.bot, click.host, hosts);
        } else if let Some(window) = self.amend(counted_in, click.local) {
            window.add_click(click.visitor);
        }
    }

    fn apply_order(&mut self, item: ShardOrder, hosts: &HostTable) {
        self.settle(item.local);
        let order = &item.order;
        let status_key = self.status_key(&item, order.status);
        let fingerprint = amount_fingerprint(order);
        let inserted = self
            .order_index
            .insert(status_key, item.at.millis(), fingerprint);
        if let (Inserted::New, Some(unsaved)) = (inserted, &mut self.unsaved) {
            unsaved.note_order(self.order_index.clock().0, status_key, fingerprint);
        }
        let counts = self.counts.of_mut(Topic::Orders);
        if inserted != Inserted::New {
            counts.duplicate += 1;
            counts.conflict += u64::from(inserted == Inserted::Conflict);
            return;
        }
        let age_ms = item.at.millis_since(item.ts);
        let too_late = age_ms > self.settings.lateness_ms_max;
        counts.too_late += u64::from(too_late);
        counts.accepted += u64::from(!too_late);
        counts.late += u64::from(age_ms > 0 && !too_late);
        let first_acceptance = self.is_first_acceptance(&item);
        if first_acceptance {
            let totals = &mut self.state_mut(item.local).totals;
            totals.orders += 1;
            totals.clickless_orders += u64::from(!order.has_click_id);
            add_amount(&mut totals.amounts, order.currency, order.amount);
        }
        if too_late {
            return;
        }
        let hour = item.at.hour();
        self.open_hour(hour, hosts);
        self.count_into_window(&item, hour, first_acceptance);
        self.keep_for_judge(item, hour, first_acceptance, age_ms > 0);
    }

    fn count_into_window(&mut self, item: &ShardOrder, hour: Hour, first_acceptance: bool) {
        let order = &item.order;
        let counted_in = item.ts.hour();
        let window = if counted_in == hour {
            let row = self.row(hour, item.local);
            row.in_window = true;
            Some(&mut row.window)
        } else {
            self.amend(counted_in, item.local)
        };
        let Some(window) = window else { return };
        window.add_status(order.status, order.customer);
        if first_acceptance {
            window.add_first_acceptance(order.currency, order.amount, order.has_click_id);
        }
    }

    fn keep_for_judge(&mut self, item: ShardOrder, hour: Hour, first_acceptance: bool, late: bool) {
        let attempts_max = self.settings.attempts_per_code_hour_max;
        let row = self.row(hour, item.local);
        let order = *item.order;
        match order.status {
            Status::Cancelled | Status::Returned => row.changes.push(StatusChange {
                ts: item.ts,
                order_id: order.order_id,
                merchant: order.merchant,
                status: order.status,
            }),
            Status::Created | Status::Paid if !first_acceptance => {}
            _ if row.attempts.len() >= attempts_max => self.counts.attempts_not_judged += 1,
            Status::Created | Status::Paid | Status::Rejected => {
                let first_visits_before = if late { 0 } else { row.clicks.first_visits };
                row.attempts.push(AttemptFact {
                    ts: item.ts,
                    late,
                    rejected: order.status == Status::Rejected,
                    order_id: order.order_id,
                    merchant: order.merchant,
                    marketplace: order.marketplace,
                    amount: order.amount,
                    currency: order.currency,
                    customer: order.customer,
                    new_customer: order.new_customer,
                    entry: order.entry,
                    has_click_id: order.has_click_id,
                    click_ts: order.click_ts,
                    referrer: order.referrer,
                    city: order.city,
                    country: order.country,
                    first_visits_before,
                });
            }
        }
    }

    fn status_key(&self, item: &ShardOrder, status: Status) -> u128 {
        let order = &item.order;
        self.hashers.order.hash128_parts(&[
            self.state(item.local).code.as_str().as_bytes(),
            order.merchant.as_bytes(),
            order.order_id.as_bytes(),
            status.as_str().as_bytes(),
        ])
    }

    /// An order counts once, when it is first `created` or `paid`, whichever is seen first.
    fn is_first_acceptance(&self, item: &ShardOrder) -> bool {
        let other = match item.order.status {
            Status::Created => Status::Paid,
            Status::Paid => Status::Created,
            _ => return false,
        };
        !self.order_index.contains(self.status_key(item, other))
    }

    /// Makes `hour` the open one, closing the one before.
    pub(crate) fn open_hour(&mut self, hour: Hour, hosts: &HostTable) {
        if self.open.as_ref().is_some_and(|open| open.hour < hour) {
            self.close_open_hour(hosts);
        }
        self.open.get_or_insert_with(|| OpenHour {
            hour,
            rows: Vec::new(),
        });
    }

    fn row(&mut self, hour: Hour, local: u32) -> &mut HourRow {
        let open = self.open.get_or_insert_with(|| OpenHour {
            hour,
            rows: Vec::new(),
        });
        let state = self.codes[local as usize]
            .as_mut()
            .expect("a slot is met before it is used");
        state.last_seen = open.hour;
        let place = *state.open_row.get_or_insert_with(|| {
            open.rows.push((local, HourRow::default()));
            open.rows.len() as u32 - 1
        });
        if let Some(unsaved) = &mut self.unsaved {
            unsaved.mark(local, state);
        }
        &mut open.rows[place as usize].1
    }

    fn amend(&mut self, hour: Hour, local: u32) -> Option<&mut WindowRow> {
        let window = self.late_windows.amend(hour, local);
        self.counts.windows_not_amended += u64::from(window.is_none());
        window
    }

    fn close_open_hour(&mut self, hosts: &HostTable) {
        let Some(mut open) = self.open.take() else {
            return;
        };
        open.rows
            .sort_by(|a, b| self.state(a.0).code.cmp(&self.state(b.0).code));
        let mut rows = Vec::with_capacity(open.rows.len());
        for (local, mut row) in open.rows {
            let state = self.codes[local as usize]
                .as_mut()
                .expect("a slot is met before it is used");
            state.open_row = None;
            let reach_total = state.reach.estimate().value;
            if row.in_window {
                let mut window = std::mem::take(&mut row.window);
                self.windows
                    .push(window.publish(state.code.as_str(), open.hour));
                self.late_windows.keep(open.hour, local, window);
            }
            rows.push(row.close(local, hosts, reach_total));
        }
        self.publish_amended();
        self.late_windows.forget_old(open.hour.end());
        self.order_index.advance(open.hour.end().millis());
        self.closed.push_back(ClosedHour {
            hour: open.hour,
            rows,
        });
    }

    /// Once an hour, so that how often a window is amended is a function of the log.
    fn publish_amended(&mut self) {
        let (codes, windows) = (&self.codes, &mut self.windows);
        self.late_windows.take_amended(|(hour, local), window| {
            let state = codes[local as usize]
                .as_ref()
                .expect("a code with an unpublished change is not let go");
            windows.push(window.publish(state.code.as_str(), hour));
        });
    }

    /// Lets unregistered codes go that brought no order, once there are more than the bound
    /// allows: the least active and longest unseen first, so that the choice is the same on every
    /// machine. Returns their slots and codes, for the slots to be given back.
    pub(crate) fn evict_junk(&mut self, judged: Hour) -> Vec<(u32, Code)> {
        let bound = self.settings.unregistered_codes_max / self.settings.shards as usize;
        if self.unregistered <= bound {
            return Vec::new();
        }
        let amended = self.late_windows.waiting();
        let mut candidates: Vec<(Hour, u64, Code, u32)> = self
            .codes
            .iter()
            .enumerate()
            .filter_map(|(local, state)| Some((local as u32, state.as_ref()?)))
            .filter(|(local, state)| {
                state.entry.is_none()
                    && state.totals.orders == 0
                    && state.open_row.is_none()
                    // Rows of a later hour may be closed and not judged yet.
                    && state.last_seen <= judged
                    && state.in_flight == 0
                    && !amended.contains(local)
                    && !self.attentive.contains(local)
            })
            .map(|(local, state)| {
                let clicks = state.totals.clicks;
                (state.last_seen, clicks, state.code.clone(), local)
            })
            .collect();
        candidates.sort();
        // A tenth more than needed, so that this walk over all codes is rare.
        candidates.truncate(self.unregistered - bound + bound / 10);
        let locals: BTreeSet<u32> = candidates.iter().map(|(_, _, _, local)| *local).collect();
        self.late_windows.forget_codes(&locals);
        if let Some(shadow) = &mut self.shadow {
            shadow.attentive.retain(|local| !locals.contains(local));
        }
        self.unregistered -= candidates.len();
        self.counts.codes_evicted += candidates.len() as u64;
        if let Some(unsaved) = &mut self.unsaved {
            unsaved.codes.extend(&locals);
        }
        candidates
            .into_iter()
            .filter_map(|(_, _, _, local)| Some((local, self.codes[local as usize].take()?.code)))
            .collect()
    }

    /// One line per code that had events.
    pub(crate) fn scores(&self) -> impl Iterator<Item = ScoreLine> + '_ {
        self.codes
            .iter()
            .flatten()
            .filter(|state| state.last_seen > Hour::from_index(i32::MIN) || state.had_events())
            .map(CodeState::score_line)
    }

    /// The codes that have evidence, each with its score of the last judged hour in decibans.
    pub(crate) fn standings(&self) -> impl Iterator<Item = (&Code, f64)> {
        let states = self.codes.iter().flatten();
        states.filter_map(|state| Some((&state.code, state.watched.watch.score()?)))
    }

    /// The slot whose state is that of a code, by a walk over all of them.
    pub(crate) fn slot_of(&self, code: &Code) -> Option<u32> {
        let is_of_code =
            |state: &Option<CodeState>| state.as_ref().is_some_and(|s| s.code == *code);
        Some(self.codes.iter().position(is_of_code)? as u32)
    }

    /// The codes that have a slot.
    pub(crate) fn known_codes(&self) -> impl Iterator<Item = &Code> {
        self.codes.iter().flatten().map(|state| &state.code)
    }

    /// How many codes have a slot.
    pub fn codes(&self) -> usize {
        self.codes.iter().flatten().count()
    }

    /// Bytes of the filters and of the index, and the honest horizon of the click filter in ms.
    pub fn memory(&self) -> ShardMemory {
        ShardMemory {
            click_filter_bytes: self.click_filter.memory_bytes() + self.visit_filter.memory_bytes(),
            order_index_bytes: self.order_index.memory_bytes(),
            code_slot_bytes: self.codes.capacity() * size_of::<Option<CodeState>>(),
            click_horizon_ms: self.click_filter.honest_horizon_ms(),
            early_rotations: self.click_filter.early_rotations(),
        }
    }
}

/// Both filters see every click: the click id, and the visitor within a code.
fn filter_settings(settings: &PipelineSettings) -> SeenWindowSettings {
    let shards = u64::from(settings.shards);
    SeenWindowSettings {
        memory_bytes_max: ((settings.click_filter_bytes_max / shards / 2) as usize).max(64 << 10),
        horizon_ms: settings.click_horizon_ms,
        generations: 3,
    }
}

/// What a shard keeps, for the metrics.
#[derive(Clone, Copy, Debug, Default)]
pub struct ShardMemory {
    /// Both click filters.
    pub click_filter_bytes: usize,
    /// The index of orders.
    pub order_index_bytes: usize,
    /// The slots of the codes, without what they point to.
    pub code_slot_bytes: usize,
    /// For how long a click id is really remembered.
    pub click_horizon_ms: i64,
    /// Filter generations that were full before their time.
    pub early_rotations: u64,
}

/// One visitor of one code.
fn visit_key(code_hash: u64, visitor: u64) -> u128 {
    let mixed = (code_hash ^ visitor.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (u128::from(mixed) << 64) | u128::from(visitor ^ code_hash)
}

/// Tells two amounts apart; a chance of 2^-32 that a changed amount is taken for the same is fine
/// for a counter.
fn amount_fingerprint(order: &OrderRecord) -> u32 {
    let units = order.amount as u128;
    let folded = (units ^ (units >> 64)) as u64;
    let currency = order.currency.as_str().bytes().fold(0_u64, |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(u64::from(byte))
    });
    ((folded ^ (currency << 40)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
}
