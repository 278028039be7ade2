//! A batch of whole lines in buffers that are used again and again.

use std::ops::Range;

/// Whole lines read in one go; give the same chunk to the reader again and nothing is allocated.
#[derive(Debug, Default)]
pub struct Chunk {
    /// Longer than what is filled: grown once, then only written over.
    pub(crate) text: Vec<u8>,
    pub(crate) spans: Vec<Span>,
    /// CSV rows as they came; empty for NDJSON, where the line itself is what came.
    pub(crate) originals: Vec<u8>,
    pub(crate) oversize: Vec<Oversize>,
}

#[derive(Debug)]
pub(crate) struct Span {
    pub(crate) number: u64,
    pub(crate) text: Range<usize>,
    pub(crate) original: Option<Range<usize>>,
    /// Index into `Chunk::oversize`.
    pub(crate) oversize: Option<usize>,
}

/// What is known of a line that was too long to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Oversize {
    /// Bytes of the whole line, without its line feed.
    pub original_size: u64,
    /// SHA-256 (FIPS 180-4) of the whole line, without its line feed.
    pub sha256: [u8; 32],
}

/// One line of a file, or one row of a CSV file as a JSON object.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// 1-based number of the line in the file; blank lines are counted. For a CSV row, that of its first line.
    pub number: u64,
    /// Without line feed and carriage return. Of an oversize line, only the first bytes.
    pub bytes: &'a [u8],
    /// The bytes as they came, for a dead letter: the CSV row's text, and the same as `bytes` for everything else.
    pub original: &'a [u8],
    /// Set when the line is over the limit.
    pub oversize: Option<&'a Oversize>,
}

impl Chunk {
    /// An empty chunk; its buffers grow with the first read.
    pub fn new() -> Self {
        Self::default()
    }

    /// The lines in the order of the file.
    pub fn lines(&self) -> impl ExactSizeIterator<Item = Line<'_>> {
        self.spans.iter().map(|span| self.line(span))
    }

    /// Number of lines.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// True when it holds no line.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The line at `index`, counted from 0 within the chunk.
    pub fn line_at(&self, index: usize) -> Option<Line<'_>> {
        self.spans.get(index).map(|span| self.line(span))
    }

    pub(crate) fn clear(&mut self) {
        self.spans.clear();
        self.originals.clear();
        self.oversize.clear();
    }

    fn line(&self, span: &Span) -> Line<'_> {
        let bytes = &self.text[span.text.clone()];
        Line {
            number: span.number,
            bytes,
            original: span
                .original
                .as_ref()
                .map_or(bytes, |range| &self.originals[range.clone()]),
            oversize: span.oversize.map(|index| &self.oversize[index]),
        }
    }
}
