//! Fuzzes the reader `lock_file`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stormdb_attacks::fuzzed::read_lock_file(bytes));
