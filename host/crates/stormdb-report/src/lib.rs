//! Run record to terminal text, CSV and JSON
