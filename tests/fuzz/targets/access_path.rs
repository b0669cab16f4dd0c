//! Fuzzes `access_path`: what it does and what must hold is in `oracles`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| pointsman_fuzz::run("access_path", input));
