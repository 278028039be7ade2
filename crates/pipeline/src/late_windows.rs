//! Windows of closed hours that late events may still change: how long, how many, and which were.

use std::collections::{BTreeMap, BTreeSet};

use promoguard_event::{EventTime, Hour};

use crate::hour_row::WindowRow;

/// An hour, and the code's index in its shard.
pub(crate) type Place = (Hour, u32);

/// Closed windows of one shard, within bounds.
pub(crate) struct LateWindows {
    kept: BTreeMap<Place, WindowRow>,
    amended: BTreeSet<Place>,
    /// Windows of earlier hours were let go: an amendment would start from nothing.
    from: Hour,
    windows_max: usize,
    lateness_ms_max: i64,
    /// Places that changed since they were last saved.
    dirty: BTreeSet<Place>,
    saving: bool,
}

impl LateWindows {
    pub(crate) fn new(windows_max: usize, lateness_ms_max: i64) -> Self {
        Self {
            kept: BTreeMap::new(),
            amended: BTreeSet::new(),
            from: Hour::from_index(i32::MIN),
            windows_max,
            lateness_ms_max,
            dirty: BTreeSet::new(),
            saving: false,
        }
    }

    /// Keeps a window that was just published.
    pub(crate) fn keep(&mut self, hour: Hour, local: u32, window: WindowRow) {
        self.mark((hour, local));
        self.kept.insert((hour, local), window);
    }

    /// The window to change, a new one where the code had none in that hour; `None` where it was
    /// let go.
    pub(crate) fn amend(&mut self, hour: Hour, local: u32) -> Option<&mut WindowRow> {
        if hour < self.from {
            return None;
        }
        self.amended.insert((hour, local));
        self.mark((hour, local));
        Some(self.kept.entry((hour, local)).or_default())
    }

    /// Hands the windows changed since the last call to `publish`, by hour and code.
    pub(crate) fn take_amended(&mut self, mut publish: impl FnMut(Place, &mut WindowRow)) {
        for place in std::mem::take(&mut self.amended) {
            if let Some(window) = self.kept.get_mut(&place) {
                if self.saving {
                    self.dirty.insert(place);
                }
                publish(place, window);
            }
        }
    }

    /// Codes with a change that is not published yet.
    pub(crate) fn waiting(&self) -> BTreeSet<u32> {
        self.amended.iter().map(|(_, local)| *local).collect()
    }

    /// Forgets codes whose place goes to others.
    pub(crate) fn forget_codes(&mut self, locals: &BTreeSet<u32>) {
        let (kept, dirty, saving) = (&mut self.kept, &mut self.dirty, self.saving);
        kept.retain(|place, _| {
            let stays = !locals.contains(&place.1);
            if !stays && saving {
                dirty.insert(*place);
            }
            stays
        });
    }

    /// Lets the oldest windows go that are beyond the bound or the horizon of lateness.
    pub(crate) fn forget_old(&mut self, watermark: EventTime) {
        let horizon = watermark.plus_millis(-self.lateness_ms_max).hour();
        while let Some((&(hour, _), _)) = self.kept.first_key_value()
            && (hour < horizon || self.kept.len() > self.windows_max)
        {
            self.from = self.from.max(hour.next());
            if let Some((place, _)) = self.kept.pop_first() {
                self.mark(place);
            }
        }
    }

    /// Keeps from now on which places change.
    pub(crate) fn start_saving(&mut self) {
        self.saving = true;
    }

    fn mark(&mut self, place: Place) {
        if self.saving {
            self.dirty.insert(place);
        }
    }

    /// The places that changed since the last call, each with its window, or none where it was let
    /// go.
    pub(crate) fn take_dirty(&mut self) -> Vec<(Place, Option<&WindowRow>)> {
        let dirty = std::mem::take(&mut self.dirty);
        let window = |place| (place, self.kept.get(&place));
        dirty.into_iter().map(window).collect()
    }

    /// Windows with a change that is not published, and the hour before which none are kept.
    pub(crate) fn bounds(&self) -> (&BTreeSet<Place>, Hour) {
        (&self.amended, self.from)
    }

    /// Goes on with what was saved.
    pub(crate) fn resume(&mut self, amended: BTreeSet<Place>, from: Hour) {
        self.amended = amended;
        self.from = from;
    }

    /// Puts a saved window back.
    pub(crate) fn put_back(&mut self, place: Place, window: WindowRow) {
        self.kept.insert(place, window);
    }
}
