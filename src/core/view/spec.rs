//! One view as its author wrote it, checked: a value whose existence proves that it can be compiled.
