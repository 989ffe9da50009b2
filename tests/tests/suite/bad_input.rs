//! Bad input: one clear message with file, line and help, and nothing else is lost.
