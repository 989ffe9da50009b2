//! Writing `images.lock`: sorted, one line for each thing, so that a change shows as what changed.

use std::fmt::Write as _;

use super::lock::{Lock, LockedImage, VERSION};

const HEAD: &str = "# Written by `plimsoll images lock`: which digest each image has, and the evidence for it.\n\
                    # Commit it with the folder `evidence`. Delete a line `previous` once the move of its tag was looked into.\n";

impl Lock {
    /// The text of the file; equal locks give equal bytes.
    pub fn to_toml(&self) -> String {
        let mut images: Vec<&LockedImage> = self.images.iter().collect();
        images.sort_by(|a, b| (&a.name, &a.tag, &a.digest).cmp(&(&b.name, &b.tag, &b.digest)));
        let mut text = format!("{HEAD}version = {VERSION}\n");
        for locked in images {
            image(&mut text, locked);
        }
        text
    }
}

fn image(text: &mut String, image: &LockedImage) {
    let _ = write!(text, "\n[[image]]\nname = {}\n", quoted(&image.name));
    let mut line = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            let _ = writeln!(text, "{key} = {}", quoted(value));
        }
    };
    line("tag", image.tag.as_deref());
    line("digest", Some(&image.digest));
    line("previous", image.previous.as_deref());
    line("user", image.user.as_deref());
    for (key, table) in [("platforms", &image.platforms), ("seen", &image.seen)] {
        let pairs: Vec<String> =
            table.iter().map(|(key, value)| format!("{} = {}", self::key(key), quoted(value))).collect();
        if !pairs.is_empty() {
            let _ = writeln!(text, "{key} = {{ {} }}", pairs.join(", "));
        }
    }
    let mut evidence: Vec<_> = image.evidence.iter().collect();
    evidence.sort_by_key(|evidence| (evidence.kind, &evidence.file));
    if !evidence.is_empty() {
        text.push_str("evidence = [\n");
        for evidence in evidence {
            let (kind, file, sha256) = (evidence.kind, quoted(&evidence.file), quoted(&evidence.sha256));
            let _ = writeln!(text, "    {{ kind = \"{kind}\", file = {file}, sha256 = {sha256} }},");
        }
        text.push_str("]\n");
    }
}

/// A key, bare where TOML allows it.
fn key(text: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !text.is_empty() && text.bytes().all(bare) { text.to_owned() } else { quoted(text) }
}

/// A basic string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::{Evidence, EvidenceKind};
    use crate::yaml::Mark;

    #[test]
    fn what_is_written_reads_the_same() {
        let digest: std::sync::Arc<str> = format!("sha256:{}", "0123456789abcdef".repeat(4)).into();
        let image = |name: &str, tag: &str| LockedImage {
            name: name.into(),
            tag: Some(tag.into()),
            digest: digest.clone(),
            platforms: [("linux/amd64".to_owned(), digest.clone())].into(),
            user: Some("a\"b\\c\u{7f}\n".into()),
            previous: Some(digest.clone()),
            seen: [("staging".to_owned(), "2026-11-03T10:00:00Z".into())].into(),
            evidence: ["evidence/b", "evidence/a"]
                .map(|file| Evidence {
                    kind: EvidenceKind::Signature,
                    file: file.into(),
                    sha256: digest[7..].into(),
                    mark: Mark::default(),
                })
                .into(),
            mark: Mark::default(),
        };
        let lock = Lock { images: vec![image("r.example/b", "1"), image("r.example/a", "2")], incomplete: false };
        let text = lock.to_toml();
        let read = Lock::parse(&text).unwrap();
        assert_eq!(read.to_toml(), text);
        assert_eq!(&*read.images[0].name, "r.example/a");
        assert_eq!(read.images[0].user, lock.images[0].user);
        assert_eq!(read.images[0].evidence.iter().map(|e| &*e.file).collect::<Vec<_>>(), ["evidence/a", "evidence/b"]);
    }
}
