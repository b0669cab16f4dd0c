//! The verbs that ask a running server, or prepare a change of it: explain, diff, catalog, get.
//! Each is a function from what was typed to text and an exit code; knows no engine of a server.
