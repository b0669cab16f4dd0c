//! Rows of text under headings, as kubectl prints them, no wider than 120 columns.
//! Knows widths, not what stands in a cell.

use pointsman_core::fault::render::clean;
use std::io::{self, Write};

/// Widest line.
const COLUMNS_MAX: usize = 120;
/// What stands between two columns.
const GAP: usize = 2;
/// No column is cut to less than this.
const WIDTH_MIN: usize = 12;

/// Prints the rows; where they are too wide, free text is cut first: the column `soft`, then whichever is widest.
///
/// # Errors
/// When the writer fails.
pub(super) fn print(out: &mut dyn Write, heads: &[&str], rows: &[Vec<String>], soft: usize) -> io::Result<()> {
    let heads: Vec<String> = heads.iter().map(|&head| head.into()).collect();
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| clean(cell)).collect()).collect();
    let all = || std::iter::once(&heads).chain(&rows);
    let width = |column: usize| all().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let mut widths: Vec<usize> = (0..heads.len()).map(width).collect();
    shrink(&mut widths, soft);
    for row in all() {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let cell = cut(cell, *width);
            line.push_str(&format!("{cell:<pad$}", pad = width.saturating_add(GAP)));
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Takes from the soft column, then from the widest, until the line fits.
fn shrink(widths: &mut [usize], soft: usize) {
    let gaps = GAP.saturating_mul(widths.len().saturating_sub(1));
    while widths.iter().sum::<usize>().saturating_add(gaps) > COLUMNS_MAX {
        let is_soft = widths.get(soft).is_some_and(|width| *width > WIDTH_MIN);
        let next = if is_soft { widths.get_mut(soft) } else { widths.iter_mut().max() };
        match next {
            Some(width) if *width > WIDTH_MIN => *width = width.saturating_sub(1),
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
