//! Tests of declared connections: reading, what is generated, and the law that both come to the same.

mod laws;
mod reading;
