//! Spans in, fewer spans out: the view's decision per span, and the batch that goes on. Pure; the queue is in `traces`.
