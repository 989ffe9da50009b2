//! Rego: the only place that names its engine, `regorus`.
//!
//! The engine has two executors, a register machine that is fast and miscompiles some constructs, and an
//! interpreter that is slow and right. A policy goes through [`bounds`] and the parser ([`source`]), what
//! it may reach is checked ([`reads`]), the [`lint`] finds what the machine cannot be trusted with,
//! [`rewrite`] repairs the rest, and [`program`] compiles it and checks the call graph ([`calls`]) and
//! the built-in functions ([`builtins`]), and [`results`] bounds what those make. [`Compiled`] holds the outcome, a [`Session`] runs it on one
//! thread, [`shape`] reads what comes back.

mod bounds;
mod builtins;
mod calls;
mod compiled;
#[cfg(test)]
mod differences;
mod lint;
mod program;
mod reads;
mod results;
mod rewrite;
mod session;
mod shape;
mod source;
mod value;
mod walk;

pub use compiled::{Compiled, Engine, Note, Options};
pub use reads::Reads;
pub use session::{Both, INSTRUCTIONS_PER_ENVIRONMENT, INSTRUCTIONS_PER_RESOURCE, Session};
pub use value::{Input, Term};

/// The names of the built-in functions a policy may call, sorted.
pub fn functions() -> &'static [&'static str] {
    &builtins::ALLOWED
}

/// Runs the engine on somebody's policy; a panic inside it is an answer, not the end of the process.
///
/// Unwinding is safe to assert: whatever the engine was working on is dropped by the caller, never used
/// again.
fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".to_owned())
    })
}
