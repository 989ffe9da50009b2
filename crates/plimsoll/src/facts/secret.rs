//! Literal environment values that look like secrets: by known shapes, by the variable's name, by entropy.
//!
//! The value itself never leaves this file.

use serde::Serialize;

use super::workload::Workload;
use crate::yaml::{Data, Node};

/// A literal that looks like a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LiteralSecret {
    /// JSON pointer of the value from the resource's root.
    pub path: String,
    /// The variable's name.
    pub name: String,
    /// What gives it away, in words, without the value.
    pub reason: String,
}

/// The literals of a workload's environment variables that look like secrets.
pub(super) fn secrets(workload: &Workload<'_>) -> Vec<LiteralSecret> {
    let mut found = Vec::new();
    for container in &workload.containers {
        let variables = container.spec.get("env").map(Node::items).unwrap_or_default();
        for (at, variable) in variables.iter().enumerate() {
            let Some(name) = variable.str_at(&["name"]) else { continue };
            let Some(Data::String(value)) = variable.get("value").map(|node| &node.data) else { continue };
            if let Some(reason) = looks_secret(name, value) {
                let path = format!("{}/env/{at}/value", container.pointer);
                found.push(LiteralSecret { path, name: name.to_owned(), reason });
            }
        }
    }
    found
}

/// What a variable's literal value seems to be, as a noun; `None` where it is no secret.
pub fn looks_secret(name: &str, value: &str) -> Option<String> {
    let value = value.trim();
    if value.is_empty() || is_indirect(value) {
        return None;
    }
    if let Some(shape) = known_shape(value) {
        return Some(shape.to_owned());
    }
    let words = words(name);
    if names_a_secret(&words, value) {
        return Some("what its name calls a secret".to_owned());
    }
    if is_random(value) && !names_something_public(&words) {
        return Some("a long random value, as keys and tokens are,".to_owned());
    }
    None
}

/// References, placeholders and values that something else fills in.
fn is_indirect(value: &str) -> bool {
    const PREFIXES: &[&str] = &["$(", "${", "{{", "<", "ENC[", "vault:", "ref+", "arn:", "projects/"];
    PREFIXES.iter().any(|prefix| value.starts_with(prefix))
        || value.chars().all(|c| matches!(c, '*' | 'x' | 'X' | '.' | '-'))
        || value.eq_ignore_ascii_case("redacted")
}

/// Token shapes their issuers document.
fn known_shape(value: &str) -> Option<&'static str> {
    let starts = |prefixes: &[&str], length: usize| {
        value.len() >= length && prefixes.iter().any(|prefix| value.starts_with(prefix))
    };
    if value.contains("-----BEGIN ") && value.contains("PRIVATE KEY-----") {
        return Some("a private key");
    }
    if value.len() == 20
        && starts(&["AKIA", "ASIA"], 20)
        && value.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    {
        return Some("an AWS access key");
    }
    if starts(&["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"], 30) {
        return Some("a GitHub token");
    }
    if starts(&["glpat-", "gldt-", "glrt-"], 20) {
        return Some("a GitLab token");
    }
    if starts(&["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xapp-"], 20) {
        return Some("a Slack token");
    }
    if starts(&["sk_live_", "rk_live_"], 20) {
        return Some("a Stripe key");
    }
    if value.len() == 39 && value.starts_with("AIza") {
        return Some("a Google API key");
    }
    if starts(&["npm_"], 36) {
        return Some("an npm token");
    }
    if value.starts_with("eyJ") && value.matches('.').count() == 2 && value.contains(".eyJ") {
        return Some("a JSON web token");
    }
    has_url_password(value).then_some("a URL with a password in it")
}

/// `scheme://user:password@host`, with a literal password.
fn has_url_password(value: &str) -> bool {
    let Some((_, rest)) = value.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let Some((user_information, _)) = authority.rsplit_once('@') else { return false };
    user_information.split_once(':').is_some_and(|(_, password)| !password.is_empty() && !is_indirect(password))
}

/// A variable's name in upper-case words: `dbPassword`, `DB_PASSWORD` and `db.password` alike.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = '_';
    for c in name.chars() {
        let starts = !before.is_alphanumeric() || (c.is_uppercase() && before.is_lowercase());
        if c.is_alphanumeric() {
            if starts || words.is_empty() {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_uppercase());
            }
        }
        before = c;
    }
    words
}

/// Last words of names that describe a secret, or say where one is, and are none.
const ABOUT: &[&str] = &[
    "FILE",
    "FILENAME",
    "PATH",
    "DIR",
    "NAME",
    "URL",
    "URI",
    "ENDPOINT",
    "HOST",
    "ISSUER",
    "AUDIENCE",
    "TTL",
    "EXPIRY",
    "EXPIRATION",
    "LIFETIME",
    "SECONDS",
    "MINUTES",
    "DURATION",
    "TIMEOUT",
    "LENGTH",
    "SIZE",
    "COUNT",
    "LIMIT",
    "ENABLED",
    "REQUIRED",
    "DISABLED",
    "TYPE",
    "ALGORITHM",
    "HEADER",
    "FIELD",
    "REF",
    "MODE",
    "POLICY",
    "ID",
    "STORE",
    "PROVIDER",
    "MOUNT",
    "KEYSPACE",
    "REGION",
    "VERSION",
    "ROTATION",
    "CACHE",
    "BUCKET",
];

fn names_a_secret(words: &[String], value: &str) -> bool {
    const PASSWORDS: &[&str] = &["PASSWORD", "PASSWD", "PASSPHRASE", "PGPASSWORD"];
    const SECRETS: &[&str] = &["SECRET", "TOKEN", "APIKEY", "CREDENTIAL", "CREDENTIALS"];
    const KEYS: &[&str] = &["API", "PRIVATE", "ACCESS", "ENCRYPTION", "SIGNING", "MASTER"];
    let is = |list: &[&str], word: &String| list.contains(&word.as_str());
    if words.last().is_none_or(|last| is(ABOUT, last)) || is_plain_setting(value) {
        return false;
    }
    if words.iter().any(|word| is(PASSWORDS, word)) {
        return true;
    }
    let named = words.iter().any(|word| is(SECRETS, word))
        || words.windows(2).any(|pair| is(KEYS, &pair[0]) && pair[1] == "KEY");
    named && value.parse::<f64>().is_err()
}

/// Switches, paths, plain URLs: settings that happen to have such a name.
fn is_plain_setting(value: &str) -> bool {
    matches!(
        value.to_ascii_lowercase().as_str(),
        "true" | "false" | "yes" | "no" | "on" | "off" | "none" | "null" | "optional" | "required"
    ) || value.starts_with('/')
        || value.contains("://")
}

fn names_something_public(words: &[String]) -> bool {
    const PUBLIC: &[&str] = &[
        "DIGEST",
        "CHECKSUM",
        "SHA",
        "SHA256",
        "HASH",
        "COMMIT",
        "REVISION",
        "VERSION",
        "PUBLIC",
        "CERT",
        "CERTIFICATE",
        "CA",
        "ID",
        "ARN",
        "IMAGE",
        "BUILD",
        "URL",
        "URI",
        "PATH",
        "OPTS",
        "OPTIONS",
        "ARGS",
        "CLIENTID",
        "DSN",
    ];
    words.iter().any(|word| PUBLIC.contains(&word.as_str()))
}

/// At least 24 characters of the base64 alphabets, of all three classes, at more than 4.2 bits each.
///
/// Hexadecimal digests and UUIDs stay below (at most four bits a character), English and paths far below.
fn is_random(value: &str) -> bool {
    let bytes = value.as_bytes();
    let alphabet = bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'_' | b'-'));
    let classes = bytes.iter().any(u8::is_ascii_lowercase)
        && bytes.iter().any(u8::is_ascii_uppercase)
        && bytes.iter().filter(|b| b.is_ascii_digit()).count() >= 2;
    (24..=512).contains(&bytes.len()) && alphabet && classes && !looks_written(value) && entropy(bytes) > 4.2
}

/// Words joined by separators, as in names and paths: most parts are plain words.
fn looks_written(value: &str) -> bool {
    let parts: Vec<&str> = value.split(['/', '-', '_', '=', '+']).filter(|part| !part.is_empty()).collect();
    let written = parts
        .iter()
        .filter(|part| part.chars().all(char::is_lowercase) || part.chars().all(|c| c.is_ascii_digit()))
        .count();
    parts.len() >= 3 && written * 2 >= parts.len()
}

/// Shannon entropy in bits a character.
fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let total = f64::from(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / total)
        .map(|share| -share * share.log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::looks_secret;

    #[test]
    fn secrets_are_seen() {
        for (name, value) in [
            ("DB_PASSWORD", "hunter2"),
            ("dbPassword", "123456"),
            ("STRIPE_API_KEY", "abc-def"),
            ("GITHUB_TOKEN", "anything"),
            ("HOOK", "xoxb-1234567890-abcdefghij"),
            ("DATABASE_URL", "postgres://shop:s3cret@db:5432/shop"),
            ("KEY", "-----BEGIN RSA PRIVATE KEY-----\nMII"),
            ("AWS", "AKIAIOSFODNN7EXAMPLE"),
            ("SEED", "q7Zt9XwP2mKd8RvB4nLc6YhJ1sFg3TaE"),
            ("SESSION", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"),
        ] {
            assert!(looks_secret(name, value).is_some(), "{name}={value}");
        }
    }

    #[test]
    fn settings_are_not() {
        for (name, value) in [
            ("DB_PASSWORD", "$(FROM_ELSEWHERE)"),
            ("DB_PASSWORD", "ENC[AES256_GCM,data:x]"),
            ("DB_PASSWORD_FILE", "secret"),
            ("DB_PASSWORD", ""),
            ("TOKEN_TTL", "3600"),
            ("TOKEN", "3600"),
            ("SECRET_NAME", "shop-db"),
            ("REQUIRE_PASSWORD", "true"),
            ("OAUTH_TOKEN_URL", "https://login.example/token"),
            ("DATABASE_URL", "postgres://shop:$(DB_PASSWORD)@db/shop"),
            ("DATABASE_URL", "postgres://shop@db/shop"),
            ("COMMIT_SHA", "2ef7bde608ce5404e97d5f042f95f89f1c232871"),
            ("REQUEST_ID", "550e8400-e29b-41d4-a716-446655440000"),
            ("FEATURES", "Checkout2024-NewCart-FasterSearch-Beta"),
            ("PRODUCT_CATALOG_SERVICE_ADDR", "productcatalogservice:3550"),
            ("JAVA_TOOL_OPTIONS", "-XX:MaxRAMPercentage=75 -Dfile.encoding=UTF-8"),
        ] {
            assert_eq!(looks_secret(name, value), None, "{name}={value}");
        }
    }
}
