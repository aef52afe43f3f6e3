//! Every scenario test, in one binary.
