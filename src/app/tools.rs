//! The verbs that ask a running server, or look ahead at a change of it: explain, diff, catalog, get.
//! Each turns what was typed and what the server answers into text and an exit code; the server is only ever read.

mod ask;
pub mod catalog;
pub mod client;
pub mod diff;
pub mod explain;
pub mod get;
mod table;

#[cfg(test)]
mod tests;

use crate::cli::ServerArgs;
use client::{Access, Client, ClientError};
use std::io::{self, Write};

/// Fine, no difference.
pub const FINE: u8 = 0;
/// Differences, or nothing of that name.
pub const FINDINGS: u8 = 1;
/// Bad usage or input.
pub const BAD_USAGE: u8 = 2;
/// The server cannot be reached, or does not let us in.
pub const UNREACHABLE: u8 = 3;

/// How an answer is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// For people.
    #[default]
    Table,
    /// One document, for machines.
    Json,
}

/// Why a verb has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The server did not answer as one of ours.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// There is nothing of that name.
    #[error("no {0}")]
    Nothing(String),
    /// What was to be compared cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// Nobody takes our output.
    #[error("write the answer")]
    Output(#[from] io::Error),
}

impl ToolError {
    /// What the process ends with.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Client(error) if error.is_usage() => BAD_USAGE,
            Self::Client(_) => UNREACHABLE,
            Self::Nothing(_) => FINDINGS,
            Self::Unreadable(_) | Self::Output(_) => BAD_USAGE,
        }
    }
}

/// A client for the server that was named, and the form of the answer.
///
/// # Errors
/// When the address is none, or a file cannot be read.
pub fn connect(args: &ServerArgs) -> Result<(Client, Form), ToolError> {
    let ServerArgs { server, token_file, ca_file, output } = args;
    let access = Access { server, token_file: token_file.as_deref(), ca_file: ca_file.as_deref() };
    let form = if output == "json" { Form::Json } else { Form::Table };
    Ok((Client::new(&access)?, form))
}

/// One JSON document.
fn document(out: &mut dyn Write, value: &serde_json::Value) -> Result<(), ToolError> {
    Ok(writeln!(out, "{value:#}")?)
}
