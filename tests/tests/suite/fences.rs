//! Every example in the READMEs of the built-in policies, on both executors.

use plimsoll::Policies;

#[test]
fn every_example_is_true() {
    let outcome = plimsoll::examples::run(&Policies::builtin().unwrap());
    let failures: Vec<String> = outcome.failures.iter().map(ToString::to_string).collect();
    assert!(outcome.errors.is_empty(), "{:#?}", outcome.errors);
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(outcome.passed > 60, "only {} examples ran", outcome.passed);
}
