//! Wiring only: bind, then run; the tools; the demo; drain.
