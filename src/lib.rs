//! pointsman: the OpenTelemetry-native state controller.
//! Modules in reading order; `app` is the only place where they meet.

pub mod app;
pub mod auth;
pub mod cli;
pub mod config;
pub mod control;
pub mod docs;
pub mod expose;
pub mod ingest;
pub mod kubernetes;
pub mod telemetry;
pub mod traces;
pub mod views;
pub mod web;
