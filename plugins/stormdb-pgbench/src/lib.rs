//! The select-only and TPC-B-like transactions of pgbench
