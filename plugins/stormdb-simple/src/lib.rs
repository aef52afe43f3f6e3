//! Single-row reads and updates: the simple workload
