//! What can be asked of a list, on its page and of its JSON twin alike: `?component=&state=&q=&sort=&after=`.
//! Reads and checks the words, and says of all that are wrong how to mend them; knows no list but through [`Listed`].

use pointsman_core::{
    fault::{Fault, Place, code::Code},
    limits::{API_ITEMS_MAX, ECHO_BYTES_MAX, VIEW_TEXT_BYTES_MAX},
};
use std::{cmp::Ordering, collections::BTreeMap};

/// The query as it stands in the address: decoded pairs, of equal keys the last.
pub type Words = BTreeMap<String, String>;

/// Everything that can be asked of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// `component`: `NAMESPACE/NAME` or a name; empty = all.
    pub component: String,
    /// `state`: one of the list's states; empty = all.
    pub state: String,
    /// `q`: text that a name has, whatever its case; empty = all.
    pub q: String,
    /// `sort`: one of the list's orders; empty = its own.
    pub sort: String,
    /// `after`: how many items to leave out at the start.
    pub after: usize,
}

/// An item of a list that can be asked.
pub trait Listed {
    /// The words that `state` takes.
    const STATES: &'static [&'static str];
    /// The words that `sort` takes; the first is the order in which the list comes.
    const SORTS: &'static [&'static str];

    /// Whether it is of this component: a name, or `NAMESPACE/NAME`.
    fn is_of(&self, component: &str) -> bool;
    /// Whether it is in this state, one of [`Self::STATES`].
    fn is_in(&self, state: &str) -> bool;
    /// What it is called: texts that `q` is looked for in.
    fn texts(&self) -> Vec<&str>;
    /// Which of two comes first in this order, one of [`Self::SORTS`].
    fn order(&self, other: &Self, sort: &str) -> Ordering;
}

/// Part of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part<T> {
    /// The items.
    pub items: Vec<T>,
    /// How many fit the filter.
    pub all: usize,
    /// Where the next part begins; `None` = this is the last.
    pub next: Option<usize>,
}

impl Filter {
    /// Reads the words of a query. A list that takes no `state` or no component refuses the word.
    ///
    /// # Errors
    /// Everything that is wrong with it: unknown words, values that are none, texts that are too long.
    pub fn read<T: Listed>(words: &Words) -> Result<Self, Vec<Fault>> {
        let (mut filter, mut faults) = (Self::default(), Vec::new());
        for (key, value) in words {
            match key.as_str() {
                "component" => text(key, value, &mut filter.component, &mut faults),
                "q" => text(key, value, &mut filter.q, &mut faults),
                "state" => one_of(key, value, (T::STATES, &mut filter.state), &mut faults),
                "sort" => one_of(key, value, (T::SORTS, &mut filter.sort), &mut faults),
                "after" => match value.parse() {
                    Ok(after) => filter.after = after,
                    Err(_) => faults.push(bad(key, "not a whole number", "write ?after=1000")),
                },
                _ => {
                    let fault = Fault::new(Code::UnknownSetting, Place::Nowhere, &["word of the query", cut(key)]);
                    faults.push(fault.with_hint("take component, state, q, sort, after"));
                }
            }
        }
        if faults.is_empty() { Ok(filter) } else { Err(faults) }
    }

    /// What of a list fits, in the order that was asked for, from `after` on: at most [`API_ITEMS_MAX`] items.
    #[must_use]
    pub fn apply<T: Listed>(&self, mut items: Vec<T>) -> Part<T> {
        let q = self.q.to_lowercase();
        items.retain(|item| {
            (self.component.is_empty() || item.is_of(&self.component))
                && (self.state.is_empty() || item.is_in(&self.state))
                && (q.is_empty() || item.texts().iter().any(|text| text.to_lowercase().contains(&q)))
        });
        if !self.sort.is_empty() && T::SORTS.first() != Some(&self.sort.as_str()) {
            items.sort_by(|a, b| a.order(b, &self.sort));
        }
        let all = items.len();
        let end = self.after.saturating_add(API_ITEMS_MAX);
        let items = items.into_iter().skip(self.after).take(API_ITEMS_MAX).collect();
        Part { items, all, next: (all > end).then_some(end) }
    }

    /// The same as a query, with another `after`; empty where nothing is asked.
    #[must_use]
    pub fn query(&self, after: usize) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (key, value) in [("component", &self.component), ("state", &self.state), ("q", &self.q), ("sort", &self.sort)] {
            if !value.is_empty() {
                query.append_pair(key, value);
            }
        }
        if after > 0 {
            query.append_pair("after", &after.to_string());
        }
        let query = query.finish();
        if query.is_empty() { query } else { format!("?{query}") }
    }
}

fn text(key: &str, value: &str, slot: &mut String, faults: &mut Vec<Fault>) {
    if value.len() > VIEW_TEXT_BYTES_MAX {
        let what = format!("has {} bytes, at most {VIEW_TEXT_BYTES_MAX}", value.len());
        faults.push(bad(key, &what, "write a part of the name"));
    }
    value.clone_into(slot);
}

fn one_of(key: &str, value: &str, (known, slot): (&[&str], &mut String), faults: &mut Vec<Fault>) {
    if value.is_empty() || known.contains(&value) {
        value.clone_into(slot);
        return;
    }
    let hint =
        if known.is_empty() { format!("leave {key} out: this list has none") } else { format!("take {}", known.join(", ")) };
    let fault = Fault::new(Code::BadSetting, Place::Nowhere, &[key, "the address", &format!("no such word: {}", cut(value))]);
    faults.push(fault.with_hint(hint));
}

fn bad(key: &str, what: &str, hint: &str) -> Fault {
    Fault::new(Code::BadSetting, Place::Nowhere, &[key, "the address", what]).with_hint(hint)
}

/// What is echoed of a word.
fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(ECHO_BYTES_MAX)).unwrap_or_default()
}
