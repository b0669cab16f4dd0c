//! What was typed. Validates nothing but its own form; knows no other module.
