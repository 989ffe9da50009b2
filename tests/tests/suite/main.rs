//! End-to-end suites: the command and the library from outside. One binary, so that it links once.

mod bad_input;
mod fences;
