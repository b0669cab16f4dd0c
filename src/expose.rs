//! Prometheus over HTTP: negotiation, chunks, gzip. The text itself is core's.
