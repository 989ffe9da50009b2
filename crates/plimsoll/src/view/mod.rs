//! What is known of environments, for people and programs to read: facts without any verdict of a policy.

pub mod images;
