//! Spans on their way out: a bounded queue and a forwarder per back end.
