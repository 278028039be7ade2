//! Splits a stream of bytes at its line feeds, in memory that a hostile file cannot make grow.
//!
//! The bytes are read straight into the chunk and stay there; only the start of a line that the read cut in two is
//! copied. A line over the limit is hashed and dropped as it streams by.

use std::io;
use std::ops::Range;
use std::path::Path;

use memchr::{memchr, memchr_iter};
use sha2::{Digest, Sha256};

use crate::chunk::{Chunk, Oversize, Span};
use crate::error::StorageError;
use crate::reader::ReaderLimits;
use crate::source::ByteSource;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Bytes of a line that the limit does not count: a byte order mark and a carriage return.
const NOT_CONTENT_BYTES: usize = 4;

/// What becomes of blank lines; they are numbered either way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlankLines {
    Skip,
    /// For CSV, where one may lie inside a quoted cell.
    Keep,
}

pub(crate) struct PhysicalLines {
    source: ByteSource,
    limits: ReaderLimits,
    blank_lines: BlankLines,
    /// Bytes that were read and not split yet: as a rule the start of a line whose end is still to come.
    carry: Vec<u8>,
    /// How many bytes of `carry` are known to hold no line feed.
    carry_scanned: usize,
    lines_read: u64,
    state: State,
}

/// Of the source; what is carried is delivered after its end.
enum State {
    Reading,
    Failed(io::Error),
    Ended,
}

impl PhysicalLines {
    pub(crate) fn new(source: ByteSource, limits: ReaderLimits, blank_lines: BlankLines) -> Self {
        Self {
            source,
            limits,
            blank_lines,
            carry: Vec::new(),
            carry_scanned: 0,
            lines_read: 0,
            state: State::Reading,
        }
    }

    pub(crate) fn next_chunk(&mut self, chunk: &mut Chunk) -> Result<bool, StorageError> {
        chunk.clear();
        while chunk.is_empty() {
            if self.carry.is_empty() && !matches!(self.state, State::Reading) {
                return self.end();
            }
            self.read_and_split(chunk);
        }
        Ok(true)
    }

    pub(crate) fn progress(&self) -> (u64, Option<u64>) {
        self.source.progress()
    }

    pub(crate) fn path(&self) -> &Path {
        self.source.path()
    }

    fn end(&mut self) -> Result<bool, StorageError> {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Failed(error) => Err(self.source.damaged(error, self.lines_read)),
            State::Ended | State::Reading => Ok(false),
        }
    }

    fn read_and_split(&mut self, chunk: &mut Chunk) {
        let carried = self.carry.len();
        // Doubling, so that a long line is not copied again for each little piece of it.
        let room = self.limits.chunk_bytes.max(2 * carried);
        if chunk.text.len() < room {
            chunk.text.resize(room, 0);
        }
        chunk.text[..carried].copy_from_slice(&self.carry);
        self.carry.clear();
        let filled = carried + self.fill(&mut chunk.text[carried..room]);
        let scanned = std::mem::take(&mut self.carry_scanned);
        let rest = self.split(chunk, scanned, filled);
        self.keep_rest(chunk, rest);
    }

    fn fill(&mut self, buffer: &mut [u8]) -> usize {
        if !matches!(self.state, State::Reading) {
            return 0;
        }
        let (filled, outcome) = self.source.fill(buffer);
        if let Err(error) = outcome {
            self.state = State::Failed(error);
        } else if filled < buffer.len() {
            self.state = State::Ended;
        }
        filled
    }

    /// Notes each line that ends within what was read; returns what lies behind the last line feed.
    fn split(&mut self, chunk: &mut Chunk, scanned: usize, filled: usize) -> Range<usize> {
        let Chunk {
            text,
            spans,
            oversize,
            ..
        } = chunk;
        let mut start = 0;
        for feed in memchr_iter(b'\n', &text[scanned..filled]) {
            let end = scanned + feed;
            self.take_line(text, start..end, spans, oversize);
            start = end + 1;
        }
        start..filled
    }

    fn keep_rest(&mut self, chunk: &mut Chunk, rest: Range<usize>) {
        match self.state {
            // A line whose end was lost with the damage is not a line.
            State::Failed(_) => {}
            State::Ended if rest.is_empty() => {}
            State::Ended => {
                self.take_line(&chunk.text, rest, &mut chunk.spans, &mut chunk.oversize);
            }
            State::Reading if rest.len() > self.limits.line_bytes_max + NOT_CONTENT_BYTES => {
                self.skip_oversize_line(chunk, rest);
            }
            State::Reading => {
                self.carry_scanned = rest.len();
                self.carry.extend_from_slice(&chunk.text[rest]);
            }
        }
    }

    fn take_line(
        &mut self,
        text: &[u8],
        line: Range<usize>,
        spans: &mut Vec<Span>,
        oversize: &mut Vec<Oversize>,
    ) {
        self.lines_read += 1;
        let whole = &text[line.clone()];
        let mut content = line;
        if whole.ends_with(b"\r") {
            content.end -= 1;
        }
        if self.lines_read == 1 && text[content.clone()].starts_with(BYTE_ORDER_MARK) {
            content.start += BYTE_ORDER_MARK.len();
        }
        if content.len() > self.limits.line_bytes_max {
            content.end = content.start + self.limits.oversize_kept_bytes.min(content.len());
            spans.push(self.span(content, Some(oversize.len())));
            oversize.push(Oversize {
                original_size: whole.len() as u64,
                sha256: Sha256::digest(whole).into(),
            });
        } else if self.blank_lines == BlankLines::Keep
            || !text[content.clone()].trim_ascii_start().is_empty()
        {
            spans.push(self.span(content, None));
        }
    }

    /// Reads on to the end of a line of which `start` is already over the limit.
    fn skip_oversize_line(&mut self, chunk: &mut Chunk, start: Range<usize>) {
        let kept = start.start..start.start + self.limits.oversize_kept_bytes.min(start.len());
        let mut original_size = start.len() as u64;
        let mut hash = Sha256::new_with_prefix(&chunk.text[start]);
        let mut piece = std::mem::take(&mut self.carry);
        let line_end = loop {
            piece.resize(self.limits.chunk_bytes, 0);
            let filled = self.fill(&mut piece);
            piece.truncate(filled);
            let feed = memchr(b'\n', &piece);
            let line_end = feed.unwrap_or(filled);
            hash.update(&piece[..line_end]);
            original_size += line_end as u64;
            match (feed, &self.state) {
                (None, State::Reading) => {}
                (None, State::Failed(_)) => return,
                (Some(_), _) | (None, State::Ended) => break line_end,
            }
        };
        self.lines_read += 1;
        chunk
            .spans
            .push(self.span(kept, Some(chunk.oversize.len())));
        chunk.oversize.push(Oversize {
            original_size,
            sha256: hash.finalize().into(),
        });
        piece.drain(..piece.len().min(line_end + 1));
        self.carry = piece;
    }

    fn span(&self, text: Range<usize>, oversize: Option<usize>) -> Span {
        Span {
            number: self.lines_read,
            text,
            original: None,
            oversize,
        }
    }
}
