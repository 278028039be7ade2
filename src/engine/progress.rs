//! How far a replay is: a bar with rate and remaining time on a terminal, nothing elsewhere.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::decode::{DecodedChunk, FileSource};

/// Bytes read of all inputs, shown as they grow.
pub struct Progress {
    bar: ProgressBar,
    bytes_read: RefCell<BTreeMap<PathBuf, u64>>,
    records: Cell<u64>,
}

impl Progress {
    /// Shows progress over the bytes of `inputs` on standard error if that is a terminal and
    /// `visible`. Inputs whose size is not known (standard input) make it a spinner.
    pub fn new<'a>(inputs: impl Iterator<Item = &'a Path>, visible: bool) -> Self {
        let total: Option<u64> = inputs
            .map(|path| Some(std::fs::metadata(path).ok()?.len()))
            .sum();
        let target = if visible {
            ProgressDrawTarget::stderr_with_hz(5)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(total, target);
        let template = match total {
            Some(_) => {
                "{msg:12} [{bar:30}] {percent:>3} % {bytes}/{total_bytes} {bytes_per_sec}, {eta} left"
            }
            None => "{msg:12} {spinner} {bytes} {bytes_per_sec}",
        };
        let style = ProgressStyle::with_template(template).expect("the template is well-formed");
        bar.set_style(style.progress_chars("=> "));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self {
            bar,
            bytes_read: RefCell::new(BTreeMap::new()),
            records: Cell::new(0),
        }
    }

    /// Names what is being done.
    pub fn stage(&self, name: &'static str) {
        self.bar.set_message(name);
    }

    /// Notes that a chunk of a file was taken in.
    pub fn read(&self, source: &FileSource, decoded: &DecodedChunk) {
        self.records
            .set(self.records.get() + decoded.chunk.len() as u64);
        let mut bytes_read = self.bytes_read.borrow_mut();
        let (bytes, _) = source.progress();
        match bytes_read.get_mut(source.path()) {
            Some(known) => *known = bytes,
            None => {
                bytes_read.insert(source.path().to_owned(), bytes);
            }
        }
        self.bar.set_position(bytes_read.values().sum());
    }

    /// Starts again: the inputs are read a second time.
    pub fn restart(&self) {
        self.bytes_read.borrow_mut().clear();
        self.records.set(0);
        self.bar.reset();
    }

    /// Lines read since the (re)start.
    pub fn lines(&self) -> u64 {
        self.records.get()
    }

    /// Bytes read since the (re)start.
    pub fn bytes(&self) -> u64 {
        self.bytes_read.borrow().values().sum()
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
