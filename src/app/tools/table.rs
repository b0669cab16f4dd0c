//! Rows of text under headings, as kubectl prints them, no wider than 120 columns.
//! Knows widths, not what stands in a cell.

use pointsman_core::fault::render::clean;
use std::io::{self, Write};

/// Widest line.
const COLUMNS_MAX: usize = 120;
/// What stands between two columns.
const GAP: usize = 3;
/// No column is cut to less than this.
const WIDTH_MIN: usize = 8;

/// Prints the rows; where they are too wide, the widest columns are cut first.
///
/// # Errors
/// When the writer fails.
pub(super) fn print<const N: usize>(out: &mut dyn Write, heads: [&str; N], rows: &[[String; N]]) -> io::Result<()> {
    let heads = heads.map(str::to_owned);
    let rows: Vec<[String; N]> = rows.iter().map(|row| row.clone().map(|cell| clean(&cell))).collect();
    let all = || std::iter::once(&heads).chain(&rows);
    let mut widths = [0; N];
    for row in all() {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    shrink(&mut widths);
    for row in all() {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let cell = cut(cell, width);
            line.push_str(&format!("{cell:<pad$}", pad = width.saturating_add(GAP)));
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Takes from the widest column until the line fits.
fn shrink(widths: &mut [usize]) {
    let gaps = GAP.saturating_mul(widths.len().saturating_sub(1));
    while widths.iter().sum::<usize>().saturating_add(gaps) > COLUMNS_MAX {
        match widths.iter_mut().max() {
            Some(widest) if *widest > WIDTH_MIN => *widest = widest.saturating_sub(1),
            _ => return,
        }
    }
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}
