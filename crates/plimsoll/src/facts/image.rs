//! Image references.
//!
//! Owns the grammar of the distribution project (`github.com/distribution/reference`, `reference.go` and
//! `normalize.go`) and the normal form of a name. What a tag or digest may be in which environment is for
//! policies to decide.
//!
//! One deviation: upstream takes a first component with capitals (`Team/app`) for a host; no registry is named
//! so, and here it is the error it is to the person who wrote it.

use std::fmt;
use std::sync::Arc;

/// The registry of names that name none.
const DEFAULT_DOMAIN: &str = "docker.io";
const LEGACY_DOMAIN: &str = "index.docker.io";
/// Where the default registry keeps names of one component.
const OFFICIAL: &str = "library/";
const LONGEST_TAG: usize = 128;
const LONGEST_NAME: usize = 255;

/// A reference taken apart and normalised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRef {
    /// As written.
    pub text: Arc<str>,
    /// Registry host, with its port if any: `docker.io`, `registry.example:5000`.
    pub domain: String,
    /// Repository without the registry: `library/redis`.
    pub path: String,
    /// The tag, if written.
    pub tag: Option<String>,
    /// The digest, if written.
    pub digest: Option<Digest>,
}

/// A digest that is well formed for its algorithm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// `sha256`, or another algorithm a registry may know.
    pub algorithm: String,
    /// Hexadecimal digits.
    pub hex: String,
}

/// Why a text is no image reference; prints as one sentence without a full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageError(String);

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ImageError {}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm, self.hex)
    }
}

impl Digest {
    /// Whether it is `sha256`, the one algorithm every registry and runtime verifies.
    pub fn is_sha256(&self) -> bool {
        self.algorithm == "sha256"
    }

    /// Reads a digest; what is wrong with it is one sentence.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let shown = excerpt(text);
        let Some((algorithm, hex)) = text.split_once(':') else {
            return Err(format!("the digest `{shown}` names no algorithm, as in `sha256:…`"));
        };
        let lower_hex = hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let length = match algorithm {
            "sha256" => Some(64),
            "sha384" => Some(96),
            "sha512" => Some(128),
            _ => None,
        };
        match length {
            Some(length) if hex.len() != length || !lower_hex => {
                return Err(format!(
                    "the digest `{shown}` is not `{algorithm}:` and {length} lower-case hexadecimal digits"
                ));
            }
            None if !is_algorithm(algorithm) || hex.len() < 32 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                return Err(format!("the digest `{shown}` is not an algorithm and hexadecimal digits"));
            }
            _ => {}
        }
        Ok(Self { algorithm: algorithm.into(), hex: hex.into() })
    }
}

impl ImageRef {
    /// Takes a reference apart: `[domain[:port]/]path[:tag][@digest]`.
    pub fn parse(text: &str) -> Result<Self, ImageError> {
        Self::take_apart(text).map_err(|reason| {
            let shown = excerpt(text);
            ImageError(if text.is_empty() { reason } else { format!("the image `{shown}` cannot be pulled: {reason}") })
        })
    }

    fn take_apart(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("the image is empty".into());
        }
        if text.contains(char::is_whitespace) {
            return Err("it contains white space".into());
        }
        if text.contains("://") {
            return Err("it is a URL; leave out the scheme".into());
        }
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(Digest::parse(digest)?)),
            None => (text, None),
        };
        let (domain, rest) = split_domain(name);
        // In what is left of the domain, a colon can only begin the tag.
        let (path, tag) = match rest.split_once(':') {
            Some((path, tag)) => (path, Some(check_tag(tag)?)),
            None => (rest, None),
        };
        check_domain(domain)?;
        check_path(path)?;
        if domain.is_empty() && tag.is_none() && path.len() == 64 && path.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("64 hexadecimal digits are an image id, not a name".into());
        }
        let domain = if domain.is_empty() || domain == LEGACY_DOMAIN { DEFAULT_DOMAIN } else { domain };
        let official = domain == DEFAULT_DOMAIN && !path.contains('/');
        Ok(Self {
            text: text.into(),
            domain: domain.into(),
            path: if official { format!("{OFFICIAL}{path}") } else { path.into() },
            tag: tag.map(String::from),
            digest,
        })
    }

    /// Registry and repository: `docker.io/library/redis`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.domain, self.path)
    }

    /// The tag that is pulled: the written one, `latest` without tag and digest, none where the digest decides.
    pub fn effective_tag(&self) -> Option<&str> {
        match (&self.tag, &self.digest) {
            (Some(tag), _) => Some(tag),
            (None, None) => Some("latest"),
            (None, Some(_)) => None,
        }
    }

    /// Whether what is pulled can never change: it carries a sha256 digest.
    pub fn is_pinned(&self) -> bool {
        self.digest.as_ref().is_some_and(Digest::is_sha256)
    }
}

/// The normal form, with `latest` where neither tag nor digest is written.
impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.domain, self.path)?;
        if let Some(tag) = self.effective_tag() {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

/// The first component is a domain when it has a `.` or `:`, or is `localhost`.
fn split_domain(name: &str) -> (&str, &str) {
    match name.split_once('/') {
        Some((first, rest)) if first == "localhost" || first.contains(['.', ':']) => (first, rest),
        _ => ("", name),
    }
}

fn check_domain(domain: &str) -> Result<(), String> {
    if domain.is_empty() {
        return Ok(());
    }
    let (host, port) = match domain.strip_prefix('[') {
        Some(rest) => {
            let Some((address, port)) = rest.split_once(']') else {
                return Err(format!("the registry `{}` has an unclosed `[`", excerpt(domain)));
            };
            if address.is_empty() || !address.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':') {
                return Err(format!("the registry `{}` is no IPv6 address", excerpt(domain)));
            }
            (None, port)
        }
        None => match domain.find(':') {
            Some(at) => (Some(&domain[..at]), &domain[at..]),
            None => (Some(domain), ""),
        },
    };
    let port_ok = match port.strip_prefix(':') {
        Some(digits) => !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()),
        None => port.is_empty(),
    };
    if !port_ok {
        return Err(format!("the registry `{}` has no port number after its `:`", excerpt(domain)));
    }
    let component = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if host.is_none_or(|host| host.split('.').all(component)) {
        return Ok(());
    }
    Err(format!("the registry `{}` is no host name", excerpt(domain)))
}

fn check_path(path: &str) -> Result<(), String> {
    if path.is_empty() {
        return Err("it names no repository".into());
    }
    if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(format!("the repository `{}` must be lower case", excerpt(path)));
    }
    if path.len() > LONGEST_NAME {
        return Err(format!("the repository is longer than {LONGEST_NAME} characters"));
    }
    if path.split('/').all(is_component) {
        return Ok(());
    }
    Err(format!(
        "the repository `{}` is not lower-case letters and digits joined by `.`, `_`, `__`, `-` and `/`",
        excerpt(path)
    ))
}

/// Alphanumeric runs joined by one dot, one or two underscores, or any dashes.
fn is_component(component: &str) -> bool {
    let alphanumeric = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9');
    let bytes = component.as_bytes();
    let ends = |byte: Option<&u8>| byte.is_some_and(|byte| alphanumeric(*byte));
    ends(bytes.first())
        && ends(bytes.last())
        && component
            .split(|c: char| c.is_ascii() && alphanumeric(c as u8))
            .all(|separator| matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-'))
}

fn check_tag(tag: &str) -> Result<&str, String> {
    if tag.is_empty() {
        return Err("its tag is empty".into());
    }
    if tag.len() > LONGEST_TAG {
        return Err(format!("its tag is longer than {LONGEST_TAG} characters"));
    }
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if word(tag.as_bytes()[0]) && tag.bytes().all(|byte| word(byte) || matches!(byte, b'.' | b'-')) {
        return Ok(tag);
    }
    Err(format!(
        "its tag `{}` is not letters, digits, `_`, `.` and `-`, beginning with a letter, digit or `_`",
        excerpt(tag)
    ))
}

fn is_algorithm(algorithm: &str) -> bool {
    algorithm.split(['-', '_', '+', '.']).all(|part| {
        part.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

fn excerpt(text: &str) -> std::borrow::Cow<'_, str> {
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn references_normalise() {
        let cases = [
            ("redis", "docker.io", "library/redis", "docker.io/library/redis:latest"),
            ("redis:7", "docker.io", "library/redis", "docker.io/library/redis:7"),
            ("team/app:1", "docker.io", "team/app", "docker.io/team/app:1"),
            ("docker.io/redis", "docker.io", "library/redis", "docker.io/library/redis:latest"),
            ("index.docker.io/redis", "docker.io", "library/redis", "docker.io/library/redis:latest"),
            ("index.docker.io/team/app", "docker.io", "team/app", "docker.io/team/app:latest"),
            ("localhost/app", "localhost", "app", "localhost/app:latest"),
            ("localhost:5000/app:v1", "localhost:5000", "app", "localhost:5000/app:v1"),
            ("registry.example/shop/cart:2.1", "registry.example", "shop/cart", "registry.example/shop/cart:2.1"),
            ("127.0.0.1:5000/debian", "127.0.0.1:5000", "debian", "127.0.0.1:5000/debian:latest"),
            ("[fc00::1]:5000/docker", "[fc00::1]:5000", "docker", "[fc00::1]:5000/docker:latest"),
            ("192.168.0.1:80", "docker.io", "library/192.168.0.1", "docker.io/library/192.168.0.1:80"),
            ("dock__er/a---b.c_d", "docker.io", "dock__er/a---b.c_d", "docker.io/dock__er/a---b.c_d:latest"),
            ("Registry.Example/app", "Registry.Example", "app", "Registry.Example/app:latest"),
        ];
        for (text, domain, path, normal) in cases {
            let image = ImageRef::parse(text).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!((image.domain.as_str(), image.path.as_str()), (domain, path), "{text}");
            assert_eq!(image.to_string(), normal);
            assert_eq!(ImageRef::parse(normal).unwrap().to_string(), normal);
        }
    }

    #[test]
    fn digests_pin() {
        let image = ImageRef::parse(&format!("redis:7@sha256:{HEX}")).unwrap();
        assert!(image.is_pinned());
        assert_eq!(image.effective_tag(), Some("7"));
        assert_eq!(image.to_string(), format!("docker.io/library/redis:7@sha256:{HEX}"));
        let image = ImageRef::parse(&format!("redis@sha256:{HEX}")).unwrap();
        assert_eq!((image.effective_tag(), image.tag.as_deref()), (None, None));
        let other = ImageRef::parse(&format!("redis@sha512:{HEX}{HEX}")).unwrap();
        assert!(!other.is_pinned() && other.digest.unwrap().algorithm == "sha512");
        assert!(ImageRef::parse(&format!("redis@blake3+x:{HEX}")).is_ok());
    }

    #[test]
    fn malformed_references_say_why() {
        let upper = HEX.to_uppercase();
        let cases = [
            (String::new(), "empty"),
            (" redis".into(), "white space"),
            ("redis :7".into(), "white space"),
            ("https://registry.example/app".into(), "URL"),
            ("Redis".into(), "lower case"),
            ("Team/app".into(), "lower case"),
            ("team/App".into(), "lower case"),
            ("redis:".into(), "tag is empty"),
            ("redis:-x".into(), "its tag"),
            ("redis:a/b".into(), "no port"),
            (format!("redis:{}", "x".repeat(129)), "longer than 128"),
            (format!("{}/app", "x".repeat(256)), "longer than 255"),
            ("-team/app".into(), "repository"),
            ("team//app".into(), "repository"),
            ("team/".into(), "repository"),
            ("/app".into(), "repository"),
            ("team/dock..er".into(), "repository"),
            ("team/dock_.er".into(), "repository"),
            ("a___b".into(), "repository"),
            ("registry.example/".into(), "names no repository"),
            ("-registry.example/app".into(), "host name"),
            ("fc00::1:5000/debian".into(), "port"),
            ("[fe80::1%eth0]:5000/debian".into(), "IPv6"),
            (HEX.into(), "image id"),
            ("redis@".into(), "digest"),
            ("redis@sha256:abc".into(), "64 lower-case"),
            (format!("redis@sha256:{upper}"), "64 lower-case"),
            (format!("redis@sha256:{HEX}0"), "64 lower-case"),
            (format!("redis@x:{HEX}@y:{HEX}"), "digest"),
            ("redis:7:8".into(), "its tag"),
            ("{{ image }}".into(), "white space"),
            ("rédis".into(), "repository"),
        ];
        for (text, reason) in cases {
            let error = ImageRef::parse(&text).expect_err(&text).to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
        assert!(ImageRef::parse(&format!("redis:{}", "x".repeat(128))).is_ok());
    }

    proptest! {
        #[test]
        fn normal_forms_are_stable(text in "[a-zA-Z0-9.:/@_\\[\\]é -]{0,30}") {
            if let Ok(image) = ImageRef::parse(&text) {
                let again = ImageRef::parse(&image.to_string()).map_err(|error| TestCaseError::fail(error.to_string()))?;
                prop_assert_eq!(again.to_string(), image.to_string());
            }
        }
    }
}
