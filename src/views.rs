//! Views from a folder: read, compiled by core, swapped; kept when broken.
