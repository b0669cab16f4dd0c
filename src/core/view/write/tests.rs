//! What is written reads as the view it came from: every good view of the cases.

use super::object;
use crate::{
    fault::{Place, Source},
    model::clock::Wall,
    view::{
        read::{self, Known, Object},
        spec::View,
    },
};
use std::{fs, path::Path, sync::Arc};

const NOW: Wall = Wall::from_secs(1_767_261_600);

/// The view without the places where its parts stand, which an object has others of.
fn placeless(view: &View) -> View {
    let mut view = view.clone();
    view.place = Place::Nowhere;
    if let Some(expiry) = &mut view.expiry {
        expiry.place = Place::Nowhere;
    }
    for rule in &mut view.metrics {
        rule.place = Place::Nowhere;
        rule.matches.places.clear();
    }
    view.traces.iter_mut().for_each(|rule| rule.place = Place::Nowhere);
    view
}

/// Scenario: every good view of `tests/data/view` is written as an object, and read again.
/// Guarantees: no fault that is an error, and an equal view.
#[test]
fn what_is_written_reads_as_the_same_view() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/view");
    let known = Known { first_seen: &|_, _| NOW, namespace: "default" };
    let mut views = 0;
    for entry in fs::read_dir(root).expect("the cases are there") {
        let path = entry.expect("it lists").path().join("in.yaml");
        let text = fs::read_to_string(path).expect("each case has this file");
        let source = Arc::new(Source { name: "in.yaml".into(), text: text.into() });
        for read in read::text(&source, &known) {
            let Some(Object::View(view)) = read.object else { continue };
            let again = read::json(&object(&view), &known);
            let Some(Object::View(again)) = again.object else { panic!("{}: {:?}", view.id, again.faults) };
            assert_eq!(placeless(&again), placeless(&view), "{}", view.id);
            views += 1;
        }
    }
    assert!(views >= 60, "{views} views");
}
