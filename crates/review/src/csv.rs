//! Cells of CSV that a spreadsheet program shows as text.

/// A cell (RFC 4180). What a spreadsheet program would take for a formula, after blanks too, gets
/// an apostrophe in front.
pub fn cell(text: &str) -> String {
    let is_formula = text
        .trim_start()
        .starts_with(['=', '+', '-', '@', '\t', '\r'])
        || text.starts_with(['\t', '\r']);
    let guard = if is_formula { "'" } else { "" };
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{guard}{text}")
    }
}

/// A line of cells with its line break.
pub fn line<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let cells: Vec<String> = cells.into_iter().map(cell).collect();
    cells.join(",") + "\n"
}
