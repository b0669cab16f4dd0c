//! Did you mean: the nearest of some words, by edit distance.
//! Knows nothing of what the words are.

/// Most suggestions given for one word.
pub const SUGGESTIONS_MAX: usize = 3;
/// Words longer than this are not compared: no name of ours comes near.
const WORD_CHARS_MAX: usize = 128;

/// The words that `found` was probably meant to be: at most two edits away, or a third of its length; best first.
#[must_use]
pub fn nearest<'a>(found: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let length = found.chars().count();
    if length == 0 || length > WORD_CHARS_MAX {
        return Vec::new();
    }
    let reach = (length / 3).max(2).min(length.saturating_sub(1).max(1));
    let mut near: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter(|word| word.chars().count().abs_diff(length) <= reach)
        .map(|word| (distance(found, word), word))
        .filter(|&(edits, _)| edits <= reach)
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(SUGGESTIONS_MAX).map(|(_, word)| word.into()).collect()
}

/// Edits that turn one word into the other; a swap of neighbours counts one, and so does any difference in case alone.
#[must_use]
pub fn distance(a: &str, b: &str) -> usize {
    let exact = edits(a, b);
    let folded = edits(&a.to_lowercase(), &b.to_lowercase());
    if folded < exact { folded.saturating_add(1) } else { exact }
}

fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new(); // the row two letters ago, for swaps
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous = None;
    for (i, x) in a.chars().enumerate() {
        let mut row = vec![i.saturating_add(1)];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], k: usize| row.get(k).copied().unwrap_or(usize::MAX);
            let mut best = at(&last, j).saturating_add(usize::from(x != *y));
            best = best.min(at(&last, j.saturating_add(1)).saturating_add(1)).min(at(&row, j).saturating_add(1));
            let swapped = j > 0 && previous == Some(*y) && b.get(j.saturating_sub(1)) == Some(&x);
            if swapped {
                best = best.min(at(&before, j.saturating_sub(1)).saturating_add(1));
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
        previous = Some(x);
    }
    last.last().copied().unwrap_or_default()
}
