//! What free text means, as a word of a closed set: the one place that reads it. The words are those the writers use today;
//! a text that has none of them is `other`. Pure: knows neither objects nor metrics.

use pointsman_instrument::semconv::attribute::{McoDegradedClass, McoFailureClass};

/// Classes of why a node is degraded: the first row all of whose words are in the text counts. A node that did not come up with
/// its new OS image says so as an on-disk state too, so that row stands first.
const DEGRADED: &[(&[&str], McoDegradedClass)] = &[
    (&["expected target osimageurl"], McoDegradedClass::Pivot),
    (&["reconcile config"], McoDegradedClass::Unreconcilable),
    (&["unreconcilable"], McoDegradedClass::Unreconcilable),
    (&["irreconcilable"], McoDegradedClass::Unreconcilable),
    (&["on-disk state"], McoDegradedClass::Drift),
    (&["config drift"], McoDegradedClass::Drift),
    (&["mismatch for file"], McoDegradedClass::Drift),
    (&["state validation:"], McoDegradedClass::Drift),
    (&["machineconfig", "not found"], McoDegradedClass::MissingConfig),
    (&["missing machineconfig"], McoDegradedClass::MissingConfig),
    (&["update os"], McoDegradedClass::Pivot),
    (&["ostree"], McoDegradedClass::Pivot),
    (&["osimageurl"], McoDegradedClass::Pivot),
    (&["bootc"], McoDegradedClass::Pivot),
    (&["pivot"], McoDegradedClass::Pivot),
    (&["kubelet"], McoDegradedClass::Kubelet),
];

/// Classes of why a pinned image set failed. What the registry refused is a failed pull too, so its rows stand first.
const FAILURES: &[(&[&str], McoFailureClass)] = &[
    (&["unauthorized"], McoFailureClass::Auth),
    (&["authentication required"], McoFailureClass::Auth),
    (&["invalid username/password"], McoFailureClass::Auth),
    (&["access", "denied"], McoFailureClass::Auth),
    (&["forbidden"], McoFailureClass::Auth),
    (&["no auth found"], McoFailureClass::Auth),
    (&["auth config"], McoFailureClass::Auth),
    (&["storage"], McoFailureClass::Disk),
    (&["no space left"], McoFailureClass::Disk),
    (&["disk"], McoFailureClass::Disk),
    (&["pull"], McoFailureClass::Pull),
    (&["prefetch"], McoFailureClass::Pull),
    (&["manifest"], McoFailureClass::Pull),
    (&["registry"], McoFailureClass::Pull),
    (&["no such host"], McoFailureClass::Pull),
    (&["connection refused"], McoFailureClass::Pull),
    (&["timeout"], McoFailureClass::Pull),
];

/// How words that tell of an error end: `FetchFailed` does, `failover` and `failswapon` do not.
const ERRORS: [&str; 5] = ["error", "errors", "failed", "failure", "failures"];
/// And the forms that only count as words of their own.
const ERROR_WORDS: [&str; 4] = ["errored", "fail", "fails", "failing"];
/// What takes the word after it back.
const NONE_OF: [&str; 4] = ["no", "without", "zero", "0"];

/// Class of what a node gives as the reason of its state.
#[must_use]
pub fn degraded(reason: &str) -> McoDegradedClass {
    first_of(DEGRADED, reason).unwrap_or(McoDegradedClass::Other)
}

/// Class of why the images of a set could not be fetched.
#[must_use]
pub fn failure(error: &str) -> McoFailureClass {
    first_of(FAILURES, error).unwrap_or(McoFailureClass::Other)
}

/// Whether the message of a phase that is `Unknown` tells of an error; else the phase is under way.
#[must_use]
pub fn is_error(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    let mut before = "";
    message.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).any(|word| {
        let is_one = ERRORS.iter().any(|end| word.ends_with(end)) || ERROR_WORDS.contains(&word);
        let is_taken_back = NONE_OF.contains(&before);
        before = word;
        is_one && !is_taken_back
    })
}

fn first_of<C: Copy>(table: &[(&[&str], C)], text: &str) -> Option<C> {
    let text = text.to_ascii_lowercase();
    table.iter().find(|(words, _)| words.iter().all(|word| text.contains(word))).map(|(_, class)| *class)
}

#[cfg(test)]
mod tests;
