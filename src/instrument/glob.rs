//! Patterns as plans have them: `*` for any run of characters, `?` for one, everything else for itself.
//! Knows no plan.

#[cfg(test)]
mod tests;

/// Whether the whole text is as the pattern says. Only the last `*` is ever tried again, so that no pattern is slow.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (mut wanted, mut left) = (pattern.chars(), text.chars());
    let mut again = None;
    loop {
        let one = wanted.next();
        if one == Some('*') {
            again = Some((wanted.clone(), left.clone()));
            continue;
        }
        match (one, left.next()) {
            (None, None) => return true,
            (Some(_), None) => return false,
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => continue,
            _ => {}
        }
        let Some((after, from)) = &mut again else { return false };
        if from.next().is_none() {
            return false;
        }
        (wanted, left) = (after.clone(), from.clone());
    }
}

/// Words that Prometheus' spelling of a name has at its end, wherever the name itself has them.
const MOVING: [&str; 2] = ["total", "ratio"];

/// Everything that a pattern may call one metric: its own name, or what Prometheus makes of it, which writes one `_` for any run
/// of what it does not know, puts unit and suffix behind, moves some words there, and has no digit in front.
pub(crate) struct Spellings<'a> {
    name: &'a str,
    /// Its words, each with a `_` in front: all of them, and those without a word that moves.
    stems: [String; 3],
}

impl<'a> Spellings<'a> {
    pub(crate) fn of(name: &'a str) -> Self {
        let words = || name.split(|c: char| !c.is_ascii_alphanumeric() && c != ':').filter(|word| !word.is_empty());
        let without = |moved: &str| words().filter(|word| *word != moved).fold(String::new(), |stem, word| stem + "_" + word);
        let [total, ratio] = MOVING.map(without);
        Self { name, stems: [without(""), total, ratio] }
    }

    /// Whether the pattern may mean this metric: of one that does, it never says no.
    pub(crate) fn may_be(&self, pattern: &str) -> bool {
        let begins = |text: &str| matches(pattern, text) || goes_on(pattern, text);
        // Where nothing is left of a name, its unit is all of it, or nothing is.
        let is = |stem: &String| stem.strip_prefix('_').is_none_or(|bare| begins(bare) || begins(stem));
        begins(self.name) || self.stems.iter().any(is)
    }
}

/// Whether the pattern matches this text with `_` behind it, and maybe something else.
fn goes_on(pattern: &str, text: &str) -> bool {
    let mut text = text.chars().chain(['_']);
    for wanted in pattern.chars() {
        match text.next() {
            // What is left of the pattern is what may be behind.
            None => return true,
            _ if wanted == '*' => return true,
            Some(found) if wanted == '?' || wanted == found => {}
            Some(_) => return false,
        }
    }
    text.next().is_none()
}
