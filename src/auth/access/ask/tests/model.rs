//! The whole against a model of a few lines: any order of questions, moods of the server and waits.

use super::{Mood, Unavailable, free, sleep};
use proptest::{collection, prop_assert_eq, proptest, sample::select};
use std::{collections::BTreeMap, time::Duration};

/// What was last said, and when.
type Said = BTreeMap<u8, (bool, u64)>;

/// Seconds for which a yes holds, and stands in, and a no holds.
const TOKEN: [u64; 3] = [60, 120, 60];
const RIGHT: [u64; 3] = [60, 300, 30];

/// What the next answer is, and how often the server is asked for it.
fn expected(said: &mut Said, key: u8, now: u64, mood: Mood, holds: [u64; 3]) -> (Result<bool, Unavailable>, usize) {
    let [yes, stale, no] = holds;
    let old = said.get(&key).map(|(value, since)| (*value, now - since));
    if let Some((value, age)) = old
        && age < if value { yes } else { no }
    {
        return (Ok(value), 0);
    }
    let fresh = match mood {
        Mood::Yes => Some(true),
        Mood::No => Some(false),
        _ => None,
    };
    if let Some(value) = fresh {
        said.insert(key, (value, now));
        return (Ok(value), 1);
    }
    let stands_in = old.is_some_and(|(value, age)| value && age < stale);
    (if stands_in { Ok(true) } else { Err(Unavailable { retry_secs: 5 }) }, 1)
}

proptest! {
    /// Scenario: any order of questions about three tokens and three rights, while the server says yes, no or nothing.
    /// Guarantees: each answer is the model's, and the server is asked exactly as often.
    #[test]
    fn t28_answers_are_those_of_a_simple_model(
        steps in collection::vec((0_u8..3, select(vec![Mood::Yes, Mood::No, Mood::Fails]), 0_u64..100, proptest::bool::ANY), 1..100)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (stage, mut tokens, mut rights, mut now) = (free(), Said::new(), Said::new(), 0);
            for (key, mood, wait, of_token) in steps {
                sleep(Duration::from_secs(wait)).await;
                now += wait;
                stage.api.is(mood);
                let before = stage.api.calls();
                let name = format!("/{key}");
                let (answer, model) = if of_token {
                    (stage.user(&name).await.map(|user| user.is_some()), expected(&mut tokens, key, now, mood, TOKEN))
                } else {
                    (stage.may(&name).await, expected(&mut rights, key, now, mood, RIGHT))
                };
                prop_assert_eq!((answer, stage.api.calls() - before), model);
            }
            Ok(())
        })?;
    }
}
