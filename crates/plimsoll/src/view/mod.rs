//! Facts for people and programs: what the commands print that print facts instead of findings.
//!
//! One folder per domain, each with a view that can be serialised and one file per format. Deriving is
//! [`facts`](crate::facts)'.

pub mod images;
pub mod network;
pub mod quota;
pub mod rbac;
