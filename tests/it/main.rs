//! Whole-process tests: the real binary, on free ports of 127.0.0.1.
//! One test binary; a module per subject.

mod access;
mod assets;
mod config;
mod conformance;
pub(crate) mod convert;
mod dashboards;
mod demo;
mod deploy;
mod docs;
mod drain;
mod expose;
mod fuzz;
mod gates;
mod grpc;
mod hostile;
mod ingest;
mod judge;
pub(crate) mod limits;
mod memory;
mod opamp;
mod operator;
pub(crate) mod plan;
mod proto;
mod real;
mod recipes;
mod references;
mod semconv;
mod standing;
mod support;
mod synced;
mod tidy;
mod tls;
mod tools;
mod traces;
mod view;
