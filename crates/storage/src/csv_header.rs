//! The header row of a CSV file: what parts the cells, and what each column is.

use crate::csv_cells::{CellKind, kind_of_field, write_string};

/// The columns of a file in their order.
#[derive(Debug)]
pub(crate) struct Header {
    /// `None` for a column that is left out: without a name, or a second one of an unknown name.
    pub(crate) columns: Vec<Option<Column>>,
}

#[derive(Debug)]
pub(crate) struct Column {
    /// The name as a JSON key, with its colon.
    pub(crate) key: Vec<u8>,
    pub(crate) kind: CellKind,
}

/// What stands most often between the names; a header has no decimals and no free text, so this is plain.
pub(crate) fn delimiter_of(header_line: &[u8]) -> u8 {
    let mut best = (0, b',');
    for delimiter in [b',', b';', b'\t'] {
        let found = memchr::memchr_iter(delimiter, header_line).count();
        if found > best.0 {
            best = (found, delimiter);
        }
    }
    best.1
}

impl Header {
    /// Reads the names; the error says what is wrong and what would be right.
    pub(crate) fn parse<'a>(cells: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let mut names: Vec<String> = Vec::new();
        let mut columns = Vec::new();
        let mut knows_one = false;
        for cell in cells {
            let name = cell.trim().to_lowercase();
            let kind = kind_of_field(&name);
            let is_repeated = names.contains(&name);
            if is_repeated && kind.is_some() {
                return Err(format!(
                    "the column `{name}` stands there twice; keep one of them"
                ));
            }
            knows_one |= kind.is_some();
            columns.push((!is_repeated && !name.is_empty()).then(|| Column::new(&name, kind)));
            names.push(name);
        }
        if !knows_one {
            return Err(format!(
                "none of its columns is known ({}); the first row must hold field names such as `ts` and `code`",
                shown(&names)
            ));
        }
        Ok(Self { columns })
    }
}

impl Column {
    fn new(name: &str, kind: Option<CellKind>) -> Self {
        let mut key = Vec::new();
        write_string(name, &mut key);
        key.push(b':');
        Self {
            key,
            kind: kind.unwrap_or(CellKind::Text),
        }
    }
}

/// Enough of the names to recognise the row; a header may be a megabyte of something else.
fn shown(names: &[String]) -> String {
    let quoted = |name: &String| format!("`{}`", name.escape_debug().take(40).collect::<String>());
    let mut text: Vec<String> = names.iter().take(4).map(quoted).collect();
    if names.len() > text.len() {
        text.push("…".to_owned());
    }
    text.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_what_stands_most_often_in_the_header() {
        assert_eq!(delimiter_of(b"ts,code,amount"), b',');
        assert_eq!(delimiter_of(b"ts;code;amount"), b';');
        assert_eq!(delimiter_of(b"ts\tcode\t\"a,b\""), b'\t');
        assert_eq!(delimiter_of(b"code"), b',');
    }

    #[test]
    fn names_are_trimmed_and_their_case_does_not_matter() {
        let header = Header::parse([" TS ", "Amount"].into_iter()).unwrap();
        let columns: Vec<_> = header.columns.iter().flatten().collect();
        assert_eq!(columns[0].key, b"\"ts\":");
        assert_eq!(columns[0].kind, CellKind::Time);
        assert_eq!(columns[1].kind, CellKind::Amount);
    }

    #[test]
    fn unknown_columns_stay_once_and_nameless_ones_go() {
        let header = Header::parse(["ts", "shop \"x\"", "", "Shop \"X\""].into_iter()).unwrap();
        let keys: Vec<_> = header
            .columns
            .iter()
            .map(|column| column.as_ref().map(|column| column.key.as_slice()))
            .collect();
        assert_eq!(
            keys,
            [Some(&b"\"ts\":"[..]), Some(br#""shop \"x\"":"#), None, None]
        );
    }

    #[test]
    fn a_known_column_twice_is_refused() {
        let error = Header::parse(["ts", "code", "TS"].into_iter()).unwrap_err();
        assert!(error.contains("`ts` stands there twice"), "{error}");
    }

    #[test]
    fn a_file_without_a_header_is_refused_and_its_first_cells_are_shown() {
        let error = Header::parse(["2026-01-01", "ALMA10"].into_iter()).unwrap_err();
        assert!(error.contains("(`2026-01-01`, `alma10`)"), "{error}");
    }
}
