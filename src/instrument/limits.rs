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
/// The first push comes no later; when exactly differs from process to process.
pub const FIRST_PUSH_MAX: Duration = Duration::from_secs(2);
/// How often the last push before the end is tried.
pub const FLUSH_ATTEMPTS: u32 = 3;
/// How long the last pushes may take altogether.
pub const FLUSH_MAX: Duration = Duration::from_secs(5);

const _: () = assert!(ITEM_BYTES_MAX * 2 < BODY_BYTES_MAX, "an item fits into a request beside its resource");
const _: () = assert!(BODY_BYTES_MAX < 1 << 28, "lengths are written in four bytes");
