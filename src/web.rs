//! The JSON API and health, from the same values that the status page shows.
