//! Every clause of the semantics.
