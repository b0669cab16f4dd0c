//! Every cap of the watchers, in one place, with what it bounds and why it is no smaller where that is not plain.
//! Knows only numbers.

/// Characters kept of a free text: of a condition's message, of a node's reason.
pub const TEXT_CHARS_MAX: usize = 2_000;
/// Entries kept of a list within an object; of a log of conditions the last ones.
pub const LIST_MAX: usize = 64;
/// Requirements of one selector and their values, all together: each counts, so it is far above what anybody writes.
pub const SELECTOR_MAX: usize = 4_096;
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
/// Bytes of free text on all open spans together; further texts are dropped, and counted on their spans.
pub const OPEN_TEXT_BYTES_MAX: usize = 8 << 20;
/// Spans open at a time; further ones are followed, but not sent.
pub const OPEN_SPANS_MAX: usize = 10_000;
/// Phases of one update that are over and wait for its rollout to be known; of more the oldest are given up.
pub const HELD_PHASES_MAX: usize = 64;
/// A rollout that takes longer is cut off, with what is open in it.
pub const ROLLOUT_SECS_MAX: i64 = 7 * 24 * 3_600;
/// A drain is remarkable after so many seconds.
pub const DRAIN_THRESHOLD_SECS: i64 = 600;
/// A drain has failed after so many seconds.
pub const DRAIN_TIMEOUT_SECS: i64 = 3_600;
/// A certificate that ends within so many seconds is expiring: 30 days.
pub const CERTIFICATE_EXPIRING_SECS: i64 = 30 * 86_400;
/// Characters read of the certificates of a secret, in base64.
pub const CERTIFICATE_CHARS_MAX: usize = 1 << 18;
/// Seconds a Lease stands that does not say how long: what the parts of the operator ask for.
pub const LEASE_SECS_DEFAULT: i64 = 137;
/// Seconds a Lease stands at most, whatever it says.
pub const LEASE_SECS_MAX: i64 = 3_600;
/// Seconds by which the clock of another machine may be ahead of ours.
pub const SKEW_SECS_MAX: i64 = 300;
/// A node whose reboot takes longer has failed to: twice what slow firmware needs.
pub const REBOOT_FAILED_SECS: i64 = 1_800;
/// Repetitions of an event that one change can add: more is a broken writer.
pub const EVENT_GROWTH_MAX: i64 = 1_000;
/// Seconds for which an event that tells of a fault counts while its node says that all is well: its state comes a little later.
pub const EVENT_AHEAD_SECS: i64 = 120;
/// Characters kept of the name and of the version of an operating system.
pub const OS_CHARS_MAX: usize = 64;
/// Spans that the span of one turn points to.
pub const TURN_LINKS_MAX: usize = 8;
/// Bytes of a scraped body.
pub const SCRAPE_BYTES_MAX: usize = 4 << 20;
/// Lines of a scraped body.
pub const SCRAPE_LINES_MAX: usize = 50_000;
/// Samples read of a scraped body.
pub const SCRAPE_SAMPLES_MAX: usize = 1_000;
/// Labels of a scraped sample.
pub const SCRAPE_LABELS_MAX: usize = 8;
/// Bytes of the name or the value of a scraped label: longer than any name of an object.
pub const SCRAPE_LABEL_BYTES_MAX: usize = 256;
/// Scraped times before this one, in seconds since 1970, are as good as none: the year 2000.
pub const SCRAPED_SECS_MIN: f64 = 946_684_800.0;
/// Scraped times from this one on are as good as none: the year 2200.
pub const SCRAPED_SECS_MAX: f64 = 7_258_118_400.0;
/// Seconds for which a node may be without a MachineConfigNode that says anything before it counts as missing.
pub const BLIND_SECS: i64 = 60;
