//! Drives bands of load and measures them
