//! End-to-end suites: the command and the library from outside. One binary, so that it links once.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

mod bad_input;
mod baseline;
mod changed;
mod command;
mod conformance;
mod determinism;
mod documents;
mod example;
mod fences;
mod formats;
mod hook;
mod images;
mod mutations;
mod pages;
mod pod_security;
mod quota;
mod report_schema;
mod run;
mod structure;
mod traces;
mod workspaces;
