#!/bin/sh
# Builds the command from this repository, the first time, and runs it where it was called.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
# Cargo runs here, so that no configuration and no toolchain of the caller's repository counts.
(cd "$here" && cargo build --quiet --release --locked --package plimsoll-cli --target-dir "$here/target")
exec "$here/target/release/plimsoll" "$@"
