//! Facts for people and programs, by themselves: what the commands print that judge nothing.

pub mod quota;
