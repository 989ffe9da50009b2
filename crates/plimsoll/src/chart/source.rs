//! Where a chart is read from: the workspace, or an archive unpacked into memory.

use std::sync::Arc;

use super::MAX_FILE;
use crate::files::{Files, text_of};
use crate::{Error, ErrorKind, Location, Result};

/// Files, and what stands before their paths in messages.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) files: Files,
    /// Empty for the workspace; `charts/x.tgz!` for an archive.
    prefix: String,
}

impl Source {
    pub(super) fn workspace(files: Files) -> Self {
        Self { files, prefix: String::new() }
    }

    pub(super) fn archive(files: Files, archive: &str) -> Self {
        Self { files, prefix: format!("{archive}!") }
    }

    pub(super) fn is_workspace(&self) -> bool {
        self.prefix.is_empty()
    }

    /// The path as messages show it.
    pub(super) fn shown(&self, path: &str) -> Arc<str> {
        if self.prefix.is_empty() { path.into() } else { format!("{}{path}", self.prefix).into() }
    }

    /// Bytes of a file of at most [`MAX_FILE`].
    pub(super) fn read(&self, path: &str) -> Result<Arc<[u8]>> {
        let bytes = self.files.read(path)?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(Error::new(
                ErrorKind::Limit,
                format!("the file has {} bytes; a file of a chart has at most {MAX_FILE}", bytes.len()),
            )
            .with_location(Location::file(self.shown(path)))
            .with_help("name it in .helmignore if the chart does not need it"));
        }
        Ok(bytes)
    }

    /// Text of a file, without a byte-order mark and free of [reserved characters](reserved).
    pub(super) fn text(&self, path: &str) -> Result<Arc<str>> {
        let shown = self.shown(path);
        let text = text_of(&shown, &self.read(path)?)?;
        reserved(&shown, &text)?;
        Ok(text)
    }
}

/// Refuses the noncharacters U+FDD0 to U+FDEF, which the renderer uses as marks of its own.
///
/// Unicode (section 23.7, "Noncharacters") keeps them for internal use, so that no text loses anything.
pub(crate) fn reserved(file: &Arc<str>, text: &str) -> Result<()> {
    // In UTF-8 they are EF B7 90 to EF B7 AF.
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == 0xEF).map(|at| at + from) {
        if bytes.get(at + 1) == Some(&0xB7) && bytes.get(at + 2).is_some_and(|byte| (0x90..=0xAF).contains(byte)) {
            let character = text[at..].chars().next().map_or(0, u32::from);
            let message = format!("the text holds U+{character:04X}, a code point that is not a character");
            let (line, column) = line_column(text, at);
            return Err(Error::new(ErrorKind::File, message)
                .with_location(Location::at(file.clone(), line, column))
                .with_help("remove it; the renderer marks places with these code points"));
        }
        from = at + 1;
    }
    Ok(())
}

/// The 1-based line and column of a byte offset.
pub(super) fn line_column(text: &str, at: usize) -> (u32, u32) {
    let before = &text[..at];
    let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
    let column = 1 + before.rsplit('\n').next().unwrap_or_default().chars().count();
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}
