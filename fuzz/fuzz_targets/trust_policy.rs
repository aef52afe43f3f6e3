//! Fuzzes the reader `trust_policy`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stormdb_attacks::fuzzed::read_trust_policy(bytes));
