//! CSV rows as JSON lines (RFC 4180, as leniently as the `csv` crate reads it).
//!
//! A row that cannot be used is passed on as it came and becomes a dead letter. A quote that is never closed costs its
//! own line only: after a bounded search for the end, reading goes on with the line below it.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};

use crate::chunk::{Chunk, Span};
use crate::csv_cells::write_value;
use crate::csv_header::{Header, delimiter_of};
use crate::error::StorageError;
use crate::physical_lines::PhysicalLines;
use crate::reader::ReaderLimits;
use crate::row_text::RowText;

/// A quoted cell that spans more lines is taken for a stray quote. It also bounds how often a line can be looked at
/// again in a file of stray quotes.
const LINES_PER_ROW_MAX: usize = 64;

pub(crate) struct CsvRows {
    lines: PhysicalLines,
    limits: ReaderLimits,
    physical: Chunk,
    physical_next: usize,
    /// Lines to be read again after a row was given up; they come before those of `physical`.
    backlog: RowText,
    backlog_next: usize,
    /// The row being put together.
    row: RowText,
    /// `None` until the header line has shown the delimiter.
    parser: Option<CellParser>,
    header: Option<Header>,
    /// Told once the rows before it are delivered.
    failure: Option<StorageError>,
    ended: bool,
}

enum NextLine {
    /// Appended to the row.
    Taken,
    /// Too long, while a row is open.
    InTheWay,
    /// Too long; delivered as it is.
    Oversize,
    End,
}

impl CsvRows {
    pub(crate) fn new(lines: PhysicalLines, limits: ReaderLimits) -> Self {
        Self {
            lines,
            limits,
            physical: Chunk::new(),
            physical_next: 0,
            backlog: RowText::default(),
            backlog_next: 0,
            row: RowText::default(),
            parser: None,
            header: None,
            failure: None,
            ended: false,
        }
    }

    pub(crate) fn next_chunk(&mut self, chunk: &mut Chunk) -> Result<bool, StorageError> {
        chunk.clear();
        chunk.text.clear();
        while !self.ended && chunk.text.len().max(chunk.originals.len()) < self.limits.chunk_bytes {
            if let Err(error) = self.step(chunk) {
                self.failure = Some(error);
                self.ended = true;
            }
        }
        if !chunk.is_empty() {
            return Ok(true);
        }
        self.failure.take().map_or(Ok(false), Err)
    }

    pub(crate) fn progress(&self) -> (u64, Option<u64>) {
        self.lines.progress()
    }

    fn step(&mut self, chunk: &mut Chunk) -> Result<(), StorageError> {
        match self.next_line(chunk)? {
            NextLine::Taken => self.continue_row(chunk),
            NextLine::End if self.row.is_empty() => {
                self.ended = true;
                Ok(())
            }
            NextLine::InTheWay | NextLine::End => self.give_up_row(chunk),
            NextLine::Oversize if self.header.is_none() => {
                Err(self.header_error("the first row is over the limit of a line".to_owned()))
            }
            NextLine::Oversize => Ok(()),
        }
    }

    fn next_line(&mut self, chunk: &mut Chunk) -> Result<NextLine, StorageError> {
        if let Some((number, line)) = self.backlog.line_at(self.backlog_next) {
            self.backlog_next += 1;
            self.row.push(number, line);
            return Ok(NextLine::Taken);
        }
        if self.physical_next == self.physical.len() {
            self.physical_next = 0;
            if !self.lines.next_chunk(&mut self.physical)? {
                return Ok(NextLine::End);
            }
        }
        let line = self
            .physical
            .line_at(self.physical_next)
            .expect("the index is below the number of lines");
        if line.oversize.is_some() && !self.row.is_empty() {
            return Ok(NextLine::InTheWay);
        }
        self.physical_next += 1;
        if let Some(oversize) = line.oversize {
            let index = chunk.oversize.len();
            chunk.oversize.push(*oversize);
            push_raw(chunk, line.number, line.bytes, Some(index));
            return Ok(NextLine::Oversize);
        }
        self.row.push(line.number, line.bytes);
        Ok(NextLine::Taken)
    }

    /// Parses the line that was just appended; at the end of the row, delivers it.
    fn continue_row(&mut self, chunk: &mut Chunk) -> Result<(), StorageError> {
        if self.row.is_blank() {
            self.row.clear();
            return Ok(());
        }
        let line = self.row.last_line_with_feed();
        let parser = self
            .parser
            .get_or_insert_with(|| CellParser::new(delimiter_of(line)));
        if parser.feed(line) {
            return self.complete_row(chunk);
        }
        let too_long = self.row.bytes_len() > self.limits.line_bytes_max;
        if too_long || self.row.lines_len() >= LINES_PER_ROW_MAX {
            return self.give_up_row(chunk);
        }
        Ok(())
    }

    fn complete_row(&mut self, chunk: &mut Chunk) -> Result<(), StorageError> {
        let parser = self
            .parser
            .as_mut()
            .expect("a row is complete once it was parsed");
        match &self.header {
            Some(header) => match write_row(header, parser, &mut chunk.text) {
                RowOutcome::Written(text) => push_written(chunk, &self.row, text),
                RowOutcome::Empty => {}
                RowOutcome::Malformed => {
                    push_raw(chunk, self.row.number(), self.row.bytes(), None);
                }
            },
            None => {
                let header = match parser.cells() {
                    Some(cells) => Header::parse(cells),
                    None => Err("it is not UTF-8; save the file as CSV UTF-8".to_owned()),
                };
                self.header = Some(header.map_err(|reason| self.header_error(reason))?);
            }
        }
        self.start_row();
        Ok(())
    }

    /// Delivers the first line of the open row as it came, and has the others read again.
    fn give_up_row(&mut self, chunk: &mut Chunk) -> Result<(), StorageError> {
        if self.header.is_none() {
            return Err(self.header_error("a quote in it is never closed".to_owned()));
        }
        let (number, first_line) = self.row.line_at(0).expect("an open row holds a line");
        push_raw(chunk, number, first_line, None);
        let mut again = RowText::default();
        for line in 1..self.row.lines_len() {
            again.push_line_of(&self.row, line);
        }
        for line in self.backlog_next..self.backlog.lines_len() {
            again.push_line_of(&self.backlog, line);
        }
        self.backlog = again;
        self.backlog_next = 0;
        self.start_row();
        Ok(())
    }

    fn start_row(&mut self) {
        self.row.clear();
        if let Some(parser) = &mut self.parser {
            parser.reset();
        }
    }

    fn header_error(&self, reason: String) -> StorageError {
        StorageError::CsvHeader {
            path: self.lines.path().to_owned(),
            reason,
        }
    }
}

fn push_raw(chunk: &mut Chunk, number: u64, raw: &[u8], oversize: Option<usize>) {
    let start = chunk.text.len();
    chunk.text.extend_from_slice(raw);
    chunk.spans.push(Span {
        number,
        text: start..chunk.text.len(),
        original: None,
        oversize,
    });
}

fn push_written(chunk: &mut Chunk, row: &RowText, text: std::ops::Range<usize>) {
    let start = chunk.originals.len();
    chunk.originals.extend_from_slice(row.bytes());
    chunk.spans.push(Span {
        number: row.number(),
        text,
        original: Some(start..chunk.originals.len()),
        oversize: None,
    });
}

enum RowOutcome {
    /// As JSON, at this place of the output.
    Written(std::ops::Range<usize>),
    /// Nothing but delimiters, as spreadsheets leave below their data.
    Empty,
    Malformed,
}

fn write_row(header: &Header, parser: &CellParser, out: &mut Vec<u8>) -> RowOutcome {
    let start = out.len();
    let Some(cells) = parser.cells() else {
        return RowOutcome::Malformed;
    };
    let mut cells_len = 0;
    let mut holds_something = false;
    out.push(b'{');
    for (position, cell) in cells.map(str::trim).enumerate() {
        cells_len += 1;
        if cell.is_empty() {
            continue;
        }
        holds_something = true;
        match header.columns.get(position) {
            Some(Some(column)) => {
                if out.len() > start + 1 {
                    out.push(b',');
                }
                out.extend_from_slice(&column.key);
                write_value(column.kind, cell, out);
            }
            Some(None) => {}
            None => {
                out.truncate(start);
                return RowOutcome::Malformed;
            }
        }
    }
    if holds_something && cells_len >= header.columns.len() {
        out.push(b'}');
        return RowOutcome::Written(start..out.len());
    }
    out.truncate(start);
    if holds_something {
        RowOutcome::Malformed
    } else {
        RowOutcome::Empty
    }
}

/// Splits one row into cells, in buffers that are used again.
struct CellParser {
    reader: Reader,
    text: Vec<u8>,
    text_len: usize,
    ends: Vec<usize>,
    ends_len: usize,
}

impl CellParser {
    fn new(delimiter: u8) -> Self {
        Self {
            reader: ReaderBuilder::new()
                .delimiter(delimiter)
                .terminator(Terminator::Any(b'\n'))
                .build(),
            text: vec![0; 1024],
            text_len: 0,
            ends: vec![0; 64],
            ends_len: 0,
        }
    }

    /// Takes a line with its line feed; true when the row ends with it.
    fn feed(&mut self, mut line: &[u8]) -> bool {
        loop {
            let (result, read, written, ended) = self.reader.read_record(
                line,
                &mut self.text[self.text_len..],
                &mut self.ends[self.ends_len..],
            );
            line = &line[read..];
            self.text_len += written;
            self.ends_len += ended;
            match result {
                ReadRecordResult::InputEmpty => return false,
                ReadRecordResult::OutputFull => self.text.resize(2 * self.text.len(), 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(2 * self.ends.len(), 0),
                ReadRecordResult::Record | ReadRecordResult::End => return true,
            }
        }
    }

    fn reset(&mut self) {
        self.reader.reset();
        self.text_len = 0;
        self.ends_len = 0;
    }

    /// The cells of a complete row; `None` when it is not UTF-8.
    fn cells(&self) -> Option<impl Iterator<Item = &str>> {
        let text = std::str::from_utf8(&self.text[..self.text_len]).ok()?;
        let ends = &self.ends[..self.ends_len];
        // Two halves of a character, on both sides of a delimiter, make a whole one only here.
        if !ends.iter().all(|&end| text.is_char_boundary(end)) {
            return None;
        }
        let mut start = 0;
        Some(ends.iter().map(move |&end| {
            let cell = &text[start..end];
            start = end;
            cell
        }))
    }
}
