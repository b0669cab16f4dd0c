//! Caps of `pointsman convert`: what it reads is somebody else's text.
//! What is over one of them is refused, never cut.

/// Files of one call.
pub const FILES_MAX: usize = 64;
/// Bytes of one file.
pub const FILE_BYTES_MAX: usize = 1 << 20;
/// Bytes of all files of one call.
pub const BYTES_MAX: usize = 8 << 20;
/// Objects of one call; the items of a `List` count one by one.
pub const OBJECTS_MAX: usize = 1_000;
/// Arguments of one container.
pub const ARGUMENTS_MAX: usize = 1_000;

const _: () = assert!(FILE_BYTES_MAX <= BYTES_MAX && BYTES_MAX <= FILES_MAX * FILE_BYTES_MAX);
