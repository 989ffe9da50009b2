//! The feature `signatures`: with it off, nothing of the cryptography is in the tree.

use std::process::Command;

use crate::example;

/// Crates that only the cryptography brings.
const CRYPTOGRAPHY: [&str; 4] = ["sigstore-verify", "sigstore-crypto", "aws-lc-rs", "aws-lc-sys"];

/// The crates that a build of the library takes, with some features.
fn tree(features: &[&str]) -> String {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(example::root()).args(["tree", "-p", "plimsoll", "--edges", "normal,build", "--prefix", "none"]);
    cargo.args(["--offline", "--locked", "--format", "{p}"]).args(features);
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn without_the_feature_the_cryptography_is_gone() {
    let (with, without) = (tree(&["--features", "signatures"]), tree(&[]));
    for name in CRYPTOGRAPHY {
        let has = |tree: &str| tree.lines().any(|line| line.split(' ').next() == Some(name));
        assert!(has(&with), "{name} is not what this test takes it for");
        assert!(!has(&without), "{name} is in the tree of a build without the feature");
    }
    for tree in [&with, &without] {
        for name in ["reqwest", "tokio", "hyper", "oci-client"] {
            let has = tree.lines().any(|line| line.split(' ').next() == Some(name));
            assert!(!has, "the library brings {name}, and with it a network");
        }
    }
}
