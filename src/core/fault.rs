//! Every mistake a user can make, once: code, severity, words. A [`Fault`] renders to terminal, JSON, condition and page.
