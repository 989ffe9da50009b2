//! A workspace with one image, one entry of trust and the evidence of a case.

use std::fmt::Write as _;

use plimsoll::Workspace;
use plimsoll::files::Files;
use plimsoll::workspace::OpenOptions;
use sha2::{Digest as _, Sha256};

use crate::example;

/// A workspace in the making.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    authority: String,
    require: String,
    digest: String,
    /// Kind, name, bytes, and the hash that the lock has for them.
    evidence: Vec<(&'static str, String, Vec<u8>, String)>,
    lock: bool,
    more: Vec<(String, Vec<u8>)>,
}

fn data(path: &str) -> Vec<u8> {
    std::fs::read(example::root().join("tests/data/images").join(path)).unwrap()
}

/// A file that the script made.
pub(crate) fn made(name: &str) -> Vec<u8> {
    data(&format!("made/{name}.json"))
}

/// The digest of `cart`, which is the image, or of `other`.
pub(crate) fn digest(name: &str) -> String {
    String::from_utf8(data(&format!("made/{name}.digest"))).unwrap().trim().to_owned()
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// Bytes with one text in place of another, which has to be there.
pub(crate) fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.contains(from), "{text}");
    text.replace(from, to).into_bytes()
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let digit = usize::try_from(group >> (18 - 6 * at) & 63).unwrap();
            text.push(if at <= chunk.len() { char::from(ALPHABET[digit]) } else { '=' });
        }
    }
    text
}

pub(crate) fn decode(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text
        .bytes()
        .filter(|byte| *byte != b'=')
        .map(|byte| u32::try_from(ALPHABET.iter().position(|known| *known == byte).unwrap()).unwrap())
        .collect();
    let mut bytes = Vec::new();
    for chunk in digits.chunks(4) {
        let group = chunk.iter().fold(0, |group, digit| group << 6 | digit) << (6 * (4 - chunk.len()));
        bytes.extend_from_slice(&group.to_be_bytes()[1..chunk.len()]);
    }
    bytes
}

impl Scene {
    pub(crate) fn new(authority: &str) -> Self {
        Self {
            authority: authority.to_owned(),
            require: String::new(),
            digest: digest("cart"),
            evidence: Vec::new(),
            lock: true,
            more: Vec::new(),
        }
    }

    /// What is demanded beyond a signature.
    pub(crate) fn requiring(mut self, require: &str) -> Self {
        self.require = format!(", require: {require}");
        self
    }

    pub(crate) fn of_digest(mut self, digest: &str) -> Self {
        digest.clone_into(&mut self.digest);
        self
    }

    /// Evidence as it is locked; of the same name, the last one counts.
    pub(crate) fn with(mut self, kind: &'static str, name: &str, bytes: Vec<u8>) -> Self {
        self.evidence.retain(|(_, known, ..)| known != name);
        let sha256 = sha256(&bytes);
        self.evidence.push((kind, name.to_owned(), bytes, sha256));
        self
    }

    /// Other bytes in a file that was locked.
    pub(crate) fn rewritten(mut self, name: &str, bytes: &[u8]) -> Self {
        for (_, known, content, _) in &mut self.evidence {
            if known == name {
                *content = bytes.to_vec();
            }
        }
        self
    }

    /// Another file of the workspace.
    pub(crate) fn file(mut self, path: &str, bytes: Vec<u8>) -> Self {
        self.more.push((path.to_owned(), bytes));
        self
    }

    pub(crate) fn without_lock(mut self) -> Self {
        self.lock = false;
        self
    }

    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut files = vec![
            (
                "plimsoll.yaml".to_owned(),
                format!(
                    "version: 1\nenvironments: {{production: {{manifests: [{{path: pod.yaml}}]}}}}\n\
                     trust: [{{match: [\"registry.example/**\"], authorities: [{}]{}}}]\n",
                    self.authority, self.require
                ),
            ),
            (
                "pod.yaml".to_owned(),
                format!(
                    "apiVersion: v1\nkind: Pod\nmetadata: {{name: cart, namespace: shop}}\n\
                     spec: {{containers: [{{name: cart, image: \"registry.example/shop/cart:2.14.3@{}\"}}]}}\n",
                    self.digest
                ),
            ),
        ];
        if self.lock {
            let mut lock = format!(
                "version = 1\n[[image]]\nname = \"registry.example/shop/cart\"\ntag = \"2.14.3\"\ndigest = \"{}\"\nevidence = [\n",
                self.digest
            );
            for (kind, name, _, sha256) in &self.evidence {
                writeln!(lock, "{{ kind = \"{kind}\", file = \"evidence/{name}.json\", sha256 = \"{sha256}\" }},")
                    .unwrap();
            }
            files.push(("images.lock".to_owned(), lock + "]\n"));
        }
        let mut files: Vec<_> = files.into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
        for (_, name, bytes, _) in &self.evidence {
            files.push((format!("evidence/{name}.json"), bytes.clone()));
        }
        for key in ["release.pub", "other.pub", "root.json", "root-ended.json", "root-other.json"] {
            files.push((format!("keys/{key}"), data(&format!("made/keys/{key}"))));
        }
        files.extend(self.more.iter().cloned());
        files
    }

    pub(crate) fn open(&self) -> Workspace {
        Workspace::from_files(Files::memory(self.files()), &OpenOptions::default()).unwrap()
    }
}
