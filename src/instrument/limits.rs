//! Every cap of this crate in one place, with its reason. Where one bites, what was left out is counted, and the count
//! is sent as `pointsman.limit.hits`.

use std::time::Duration;

/// Bytes of one request before compression. OTLP receivers take 4 MiB by default; what is missing is for framing.
pub const BODY_BYTES_MAX: usize = (4 << 20) - (16 << 10);
/// Points or spans of one request.
pub const BODY_ITEMS_MAX: usize = 20_000;
/// Bytes of one point or span; a larger one is dropped.
pub const ITEM_BYTES_MAX: usize = 1 << 20;
/// Attribute sets that one observed metric may name in one collection.
pub const OBSERVED_SETS_MAX: usize = 100_000;
/// Ended sets of one metric that wait until a push arrived: all that it may have at once. Further ones end at the far end
/// when they grow old.
pub const ENDED_SETS_MAX: usize = OBSERVED_SETS_MAX;
/// Sets of former shapes of one metric whose last values wait until a push arrived; those that waited longest go first.
pub const RETIRED_SETS_MAX: usize = OBSERVED_SETS_MAX;
/// Instruments of other crates; asked for more, there are none.
pub const FOREIGN_INSTRUMENTS_MAX: usize = 2_000;
/// Attribute sets of one of them that are held; further ones go to one overflow set.
pub const FOREIGN_SETS_MAX: usize = 2_000;
/// Callbacks of one of them that observe; further ones are not run.
pub const CALLBACKS_MAX: usize = 1_000;
/// Bytes of the name, the unit and the scope of one of them; with a longer one it is none.
pub const NAME_BYTES_MAX: usize = 255;
/// Of its unit.
pub const UNIT_BYTES_MAX: usize = 63;
/// Of its scope's name.
pub const SCOPE_BYTES_MAX: usize = 255;
/// Of its description; a longer one is cut.
pub const BRIEF_BYTES_MAX: usize = 1_024;
/// Finished spans that wait for a push; further ones are dropped.
pub const SPANS_MAX: usize = 8192;
/// Bytes of them.
pub const SPANS_BYTES_MAX: usize = 8 << 20;
/// A receiver's answer that is longer is refused.
pub const RESPONSE_BYTES_MAX: usize = 64 << 10;
/// A file with a certificate, a key or a token that is longer is refused.
pub const FILE_BYTES_MAX: u64 = 1 << 20;
/// Lines of a plan; a larger one is refused.
pub const PLAN_LINES_MAX: usize = 16_384;
/// Bounds of a histogram's buckets; of a plan that asks for more they stay as they are.
pub const BOUNDS_MAX: usize = 200;
/// Moments at which parts of a plan end.
pub const PLAN_STEPS_MAX: usize = 64;
/// A request that takes longer has failed, where nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// The first wait after a failed push; each further failure doubles it.
pub const BACKOFF_MIN: Duration = Duration::from_secs(1);
/// The longest wait after failures, and the longest that a receiver may ask for.
pub const BACKOFF_MAX: Duration = Duration::from_secs(60);
/// Answers of a receiver that it may take spans later; after so many they are dropped, to let others through.
pub const ANSWERED_ATTEMPTS_MAX: u32 = 10;
/// Pushes in a row of whose points a receiver refused some that count as not arrived; what it never takes is not said for ever.
pub const PARTIAL_PUSHES_MAX: u32 = 3;
/// The first push comes no later; when exactly differs from process to process.
pub const FIRST_PUSH_MAX: Duration = Duration::from_secs(2);
/// How often the last push before the end is tried.
pub const FLUSH_ATTEMPTS: u32 = 3;
/// How long the last pushes may take altogether.
pub const FLUSH_MAX: Duration = Duration::from_secs(5);
/// The longest message of a session with a controller, either way.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// Bytes of a catalogue or a report in it; what does not fit is left out.
pub const CUSTOM_BYTES_MAX: usize = 448 << 10;
/// Instruments of a catalogue: a controller takes no more of one component. Further ones are left out, in the order of scope and
/// name.
pub const CATALOGUE_INSTRUMENTS_MAX: usize = 4_096;
/// Bytes of the plan in force as it is said back; of a longer one only the hash is.
pub const EFFECTIVE_BYTES_MAX: usize = 448 << 10;
/// Attributes of the identity that a controller is told.
pub const DESCRIBED_MAX: usize = 64;
/// Bytes of one of them; a longer one is not told.
pub const DESCRIBED_BYTES_MAX: usize = 1 << 10;
/// Bytes of what a controller calls its offer; ours have 16.
pub const OFFER_HASH_MAX: usize = 64;
/// Signs of a reason that one side gives the other.
pub const REASON_CHARS_MAX: usize = 512;
/// A session says something at least so often, and is polled so often where it has no connection of its own.
pub const HEARTBEAT: Duration = Duration::from_secs(30);
/// Between two messages to a controller, at least; only the first of a connection and the news that a plan is obeyed do not
/// wait.
pub const SAY_PAUSE: Duration = Duration::from_secs(1);
/// The longest that this pause grows to while the controller asks again and again for what it was told: it doubles each time.
pub const ASKED_PAUSE_MAX: Duration = HEARTBEAT;
/// A controller that was not heard for so long is gone.
pub const SILENCE_MAX: Duration = Duration::from_secs(90);
/// How long a change of the catalogue waits for further ones before it is told.
pub const CATALOGUE_PAUSE: Duration = Duration::from_millis(250);
/// The longest first wait before a session that was lost is sought again; each further failure doubles it.
pub const REJOIN_MIN: Duration = Duration::from_secs(5);
/// The longest that it grows to.
pub const REJOIN_MAX: Duration = Duration::from_secs(60);
/// The longest that a controller may ask to wait.
pub const REJOIN_ASKED_MAX: Duration = Duration::from_secs(600);
/// How long the farewell to a controller may take.
pub const FAREWELL_MAX: Duration = Duration::from_secs(1);
/// How often a mounted plan is looked at.
pub const PLAN_FILE_EVERY: Duration = Duration::from_secs(5);
/// How often the wall clock is asked while a part of a plan is to end: it may have jumped.
pub const CLOCK_CHECK: Duration = Duration::from_secs(30);
/// Clocks may differ so much on whether a step passed already without a plan being obeyed anew for that.
pub const STEP_SLACK: Duration = Duration::from_secs(2);

const _: () = assert!(ITEM_BYTES_MAX * 2 < BODY_BYTES_MAX, "an item fits into a request beside its resource");
const _: () = assert!(BODY_BYTES_MAX < 1 << 28, "lengths are written in four bytes");
const _: () = assert!(
    CUSTOM_BYTES_MAX + EFFECTIVE_BYTES_MAX + DESCRIBED_MAX * (DESCRIBED_BYTES_MAX + 16) + 4 * REASON_CHARS_MAX + 4096
        <= MESSAGE_BYTES_MAX,
    "everything there is to say fits into one message"
);
