//! Fuzzes the reader `frames`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stormdb_attacks::fuzzed::read_frames(bytes));
