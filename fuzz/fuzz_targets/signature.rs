//! Fuzzes the reader `signature`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stormdb_attacks::fuzzed::read_signature(bytes));
