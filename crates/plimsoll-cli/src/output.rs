//! Where the report goes and what it looks like there.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use plimsoll::printable::spelled;
use plimsoll::report::{Format, Report, Text, Writer as _};
use plimsoll::{Error, ErrorKind};

use crate::args::{Color, OutputArgs};

/// Writes a report where the arguments say.
pub(crate) fn write(report: &Report, args: &OutputArgs) -> Result<(), Error> {
    let format: Format = args.format.parse()?;
    let mut buffer = Vec::new();
    let to_terminal = args.output.is_none() && io::stdout().is_terminal();
    let written = match format {
        Format::Text => text(args, to_terminal).write(report, &mut buffer),
        format => report.write(format, &mut buffer),
    };
    let output = args.output.as_deref();
    written.and_then(|()| put(output, &buffer)).or_else(|error| forgive(&error, output))
}

/// Writes what a command made to the file that is named, or to standard output.
pub(crate) fn place(output: Option<&Path>, bytes: &[u8]) -> Result<(), Error> {
    put(output, bytes).or_else(|error| forgive(&error, output))
}

fn put(output: Option<&Path>, bytes: &[u8]) -> io::Result<()> {
    match output {
        Some(path) => std::fs::write(path, bytes),
        None => io::stdout().lock().write_all(bytes),
    }
}

fn forgive(error: &io::Error, output: Option<&Path>) -> Result<(), Error> {
    // `plimsoll check | head` closes the pipe; that is no failure of ours.
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Ok(());
    }
    let place = output.map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
    Err(Error::new(ErrorKind::File, format!("the report cannot be written to {place}: {error}"))
        .with_help("name a file in a directory that exists and may be written to"))
}

fn text(args: &OutputArgs, to_terminal: bool) -> Text {
    let mut text = Text::default();
    text.color = match args.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => to_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    };
    text.quiet = args.quiet;
    text
}

/// Prints what stopped the command altogether.
pub(crate) fn complain(error: &Error) {
    let mut stderr = io::stderr().lock();
    // Nothing can be done about a closed standard error.
    let _ = writeln!(stderr, "error: {}", spelled(&error.to_string()));
    if let Some(help) = error.help() {
        let _ = writeln!(stderr, "help: {}", spelled(help));
    }
}
