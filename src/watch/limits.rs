//! Every cap of the watchers, in one place, with what it bounds and why it is no smaller where that is not plain.
//! Knows only numbers.

/// Characters kept of a free text: of a condition's message, of a node's reason.
pub const TEXT_CHARS_MAX: usize = 2_000;
/// Entries kept of a list within an object; of a log of conditions the last ones.
pub const LIST_MAX: usize = 64;
/// Objects kept of one kind; further ones are left out, and counted.
pub const OBJECTS_MAX: usize = 20_000;
/// Events kept, to tell a repetition from a new one.
pub const EVENTS_MAX: usize = 10_000;
/// Bodies of rendered configs of which something is kept.
pub const BODIES_MAX: usize = 512;
/// Bodies asked for at a time.
pub const BODIES_WANTED_MAX: usize = 16;
/// Times before this year are as good as none.
pub const YEAR_MIN: i16 = 2_000;
/// Times after this year are as good as none.
pub const YEAR_MAX: i16 = 2_200;
/// Events kept on one span; further ones are counted on it.
pub const SPAN_EVENTS_MAX: usize = 64;
/// Spans open at a time; further ones are followed, but not sent.
pub const OPEN_SPANS_MAX: usize = 10_000;
/// A rollout that takes longer is cut off, with what is open in it.
pub const ROLLOUT_SECS_MAX: i64 = 7 * 24 * 3_600;
/// A drain is remarkable after so many seconds.
pub const DRAIN_THRESHOLD_SECS: i64 = 600;
/// A drain has failed after so many seconds.
pub const DRAIN_TIMEOUT_SECS: i64 = 3_600;
/// A node whose reboot takes longer has failed to: twice what slow firmware needs.
pub const REBOOT_FAILED_SECS: i64 = 1_800;
/// Repetitions of an event that one change can add: more is a broken writer.
pub const EVENT_GROWTH_MAX: i64 = 1_000;
/// Characters kept of the name and of the version of an operating system.
pub const OS_CHARS_MAX: usize = 64;
