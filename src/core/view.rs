//! Views: what users want on, off, or shaped. Reads YAML or API objects into a [`spec::View`] with every fault at once,
//! compiles all views into a [`plan::ViewSet`], and answers for one component with a [`plan::Plan`]. Pure.

mod compile;
pub mod decide;
pub mod document;
pub mod explain;
pub mod facts;
pub mod impact;
pub mod lint;
mod memo;
mod offer;
pub mod pattern;
pub mod plan;
mod protect;
pub mod read;
pub mod report;
mod reported;
pub mod spec;
pub mod status;
pub mod sync;
pub mod time;
pub mod verdict;
pub mod write;
pub mod yaml;

#[cfg(test)]
mod tests;
