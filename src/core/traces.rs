//! Spans in, fewer spans out: the view's decision per span, and the batches that go on to the back ends.
//! Pure: plans, the kept trace ids and `now` are passed in. Knows no queue and no transport; `traces` of the product
//! has those.

pub mod answer;
pub mod batch;
pub mod decide;
pub mod kept;
pub mod retry;
pub mod sample;
