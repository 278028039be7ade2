//! The lines of a CSV row as they came, so that they can be passed on, or read again.

#[derive(Debug, Default)]
pub(crate) struct RowText {
    /// Each line with a line feed.
    text: Vec<u8>,
    /// Number of each line, and where it starts.
    lines: Vec<(u64, usize)>,
}

impl RowText {
    pub(crate) fn push(&mut self, number: u64, line: &[u8]) {
        self.lines.push((number, self.text.len()));
        self.text.extend_from_slice(line);
        self.text.push(b'\n');
    }

    pub(crate) fn push_line_of(&mut self, other: &Self, index: usize) {
        let (number, line) = other
            .line_at(index)
            .expect("the caller counts up to the number of lines");
        self.push(number, line);
    }

    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.lines.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// True while nothing but one blank line is in it.
    pub(crate) fn is_blank(&self) -> bool {
        self.lines.len() == 1 && self.text.trim_ascii_start().is_empty()
    }

    pub(crate) fn lines_len(&self) -> usize {
        self.lines.len()
    }

    pub(crate) fn bytes_len(&self) -> usize {
        self.text.len()
    }

    /// Number of its first line; 0 for no line.
    pub(crate) fn number(&self) -> u64 {
        self.lines.first().map_or(0, |&(number, _)| number)
    }

    /// All of it, without the last line feed.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.text.strip_suffix(b"\n").unwrap_or(&self.text)
    }

    pub(crate) fn last_line_with_feed(&self) -> &[u8] {
        let start = self.lines.last().map_or(0, |&(_, start)| start);
        &self.text[start..]
    }

    /// Number and text of a line, without its line feed.
    pub(crate) fn line_at(&self, index: usize) -> Option<(u64, &[u8])> {
        let &(number, start) = self.lines.get(index)?;
        let end = self
            .lines
            .get(index + 1)
            .map_or(self.text.len(), |&(_, next)| next);
        Some((number, &self.text[start..end - 1]))
    }
}
