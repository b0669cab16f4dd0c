//! Our own logs, metrics and traces: pushed as OTLP into our own sink, like any component.
