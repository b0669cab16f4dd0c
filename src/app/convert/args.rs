//! Arguments as Go reads them: `--name=value`, `-name=value`, `--name value`.
//! Knows no flag; which of them take no value is told.

use super::{input::Word, tree::Told};
use pointsman_core::{fault::Place, limits::convert::ARGUMENTS_MAX};

/// A flag as it was given.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Arg {
    /// Without its dashes.
    pub(super) name: String,
    /// `None` = it was given alone, which means `true`.
    pub(super) value: Option<String>,
    /// Where.
    pub(super) place: Place,
}

impl Arg {
    /// As it is written on a line of its own, without its value.
    pub(super) fn flag(&self) -> String {
        format!("--{}", self.name)
    }

    /// Its value; `true` where it was given alone.
    pub(super) fn value(&self) -> &str {
        self.value.as_deref().unwrap_or("true")
    }
}

/// Reads the words. `is_switch` says which flags take no word after them.
pub(super) fn read(words: &[Word], is_switch: fn(&str) -> bool, told: &mut Told) -> Vec<Arg> {
    if words.len() > ARGUMENTS_MAX {
        let place = words.first().map(|(_, place)| place.clone()).unwrap_or_default();
        let why = format!("{} arguments are more than {ARGUMENTS_MAX}", words.len());
        told.wrong(place, "these arguments", &why, "give those of one container");
        return Vec::new();
    }
    let mut args: Vec<Arg> = Vec::new();
    let mut waits = false;
    for (word, place) in words {
        let name = word.strip_prefix("--").or_else(|| word.strip_prefix('-')).filter(|name| !name.is_empty());
        match (name, args.last_mut().filter(|_| waits)) {
            (Some(name), _) if name.split('=').next().is_some_and(|name| name.contains(char::is_whitespace)) => {
                let hint = "write it as `--name=value`, or as two arguments";
                told.wrong(place.clone(), "an argument", "a flag and its value stand in one argument, parted by a space", hint);
                waits = false;
            }
            (Some(name), _) => {
                let (name, value) = name.split_once('=').map_or((name, None), |(name, value)| (name, Some(value.to_owned())));
                waits = value.is_none() && !is_switch(name);
                args.push(Arg { name: name.to_owned(), value, place: place.clone() });
            }
            (None, Some(arg)) => {
                arg.value = Some(word.clone());
                waits = false;
            }
            (None, None) if word.is_empty() => {}
            (None, None) => {
                let hint = "write arguments as a list, each like `--name=value`";
                told.wrong(place.clone(), "an argument", "it is neither a flag nor the value of one", hint);
            }
        }
    }
    args
}

/// Of flags that are given several times and mean one value, Go takes the last; the others are said to be left out.
pub(super) fn last_of(args: Vec<Arg>, is_list: fn(&str) -> bool, told: &mut Told) -> Vec<Arg> {
    let later: Vec<bool> = (1..=args.len())
        .map(|from| {
            let arg = args.get(from.saturating_sub(1));
            arg.is_some_and(|arg| args.iter().skip(from).any(|other| other.name == arg.name) && !is_list(&arg.name))
        })
        .collect();
    let mut kept = Vec::new();
    for (arg, is_again) in args.into_iter().zip(later) {
        if is_again {
            told.left_out(arg.place.clone(), &arg.flag(), "it is given again further down, and that counts");
        } else {
            kept.push(arg);
        }
    }
    kept
}
