//! What was meant: flags, environment and file in one validated value, every fault at once.
