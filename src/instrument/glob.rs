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

/// Whether the pattern may mean this metric, in its own spelling or in that of Prometheus, which writes `_` for what it does
/// not know, and puts unit and suffix behind.
pub(crate) fn may_mean(pattern: &str, name: &str) -> bool {
    if matches(pattern, name) {
        return true;
    }
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    let plain: String = name.chars().map(|c| if known(c) { c } else { '_' }).collect();
    let pattern: String = pattern.chars().map(|c| if known(c) || matches!(c, '*' | '?') { c } else { '_' }).collect();
    matches(&pattern, &plain) || goes_on(&pattern, &plain)
}

/// Whether the pattern matches this text with `_` and something else behind it.
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
    false
}
