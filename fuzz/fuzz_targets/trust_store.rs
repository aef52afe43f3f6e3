//! Fuzzes the reader `trust_store`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stormdb_attacks::fuzzed::read_trust_store(bytes));
