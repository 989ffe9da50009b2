//! Test data and what the suites share.
