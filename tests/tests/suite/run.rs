//! Runs the command as a person would, with a fixed surrounding.

use std::path::Path;

use assert_cmd::Command;

/// What a run of the command left.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the command in a directory.
pub(crate) fn plimsoll(directory: &Path, args: &[&str]) -> Run {
    with_input(directory, args, "")
}

/// Runs the command in a directory with something on standard input.
pub(crate) fn with_input(directory: &Path, args: &[&str], input: &str) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll-tested"));
    command.current_dir(directory).args(args).write_stdin(input).env_remove("NO_COLOR");
    // What the surrounding terminal is like must not show in help texts.
    command.env_remove("COLUMNS").env_remove("CLICOLOR_FORCE");
    let output = command.output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Run {
    /// Standard output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self:#?}"))
    }

    /// Fails unless the command ended with this code.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }
}
