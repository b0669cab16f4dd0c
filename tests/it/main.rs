//! Integration tests: one binary.

mod semconv;
