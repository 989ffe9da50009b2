//! What is known of environments, for people to read: facts as text, data and graphs, without any verdict.

pub mod rbac;
