//! The vocabulary of a run: configuration asked, bands planned, events seen, record kept
