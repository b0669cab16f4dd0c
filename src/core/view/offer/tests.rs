//! The plan as it travels.
