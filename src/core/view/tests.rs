//! The semantics of views as a table: a folder of `tests/data/view` per case, and the pages of the fault codes.
//! `UPDATE_EXPECT=1` writes what the engine says; what it should say is in each case's README.

mod case;
mod cases;
mod pages;
