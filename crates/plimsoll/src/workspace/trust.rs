//! `trust` in `plimsoll.yaml`: who may sign which images, and what else must be known of them.
//!
//! Reading only; whether an image satisfies it is decided in [`images`](crate::images).

use std::fmt;
use std::sync::Arc;

use super::decode::{Decoder, Fields, Marked, Text};
use super::suppression::Date;
use crate::files::PathPattern;
use crate::yaml::{Data, Mark, Node};

/// What is demanded of the images that some globs match. All entries that match an image hold for it.
#[derive(Debug, Clone)]
pub struct Trust {
    /// Where it stands.
    pub mark: Mark,
    /// Globs on names in their normal form.
    pub images: Vec<Glob>,
    /// Who may sign; one of them suffices.
    pub authorities: Vec<Authority>,
    /// What a scan for vulnerabilities must say.
    pub vuln: Option<VulnRequirement>,
    /// Where the image must have been built.
    pub slsa: Option<SlsaRequirement>,
}

/// A glob and its text: `*` stays within a part of a path, `**` crosses parts.
#[derive(Debug, Clone)]
pub struct Glob {
    /// As written.
    pub text: Text,
    pattern: PathPattern,
}

impl Glob {
    /// Whether a text matches; a glob is always matched by itself.
    pub fn matches(&self, text: &str) -> bool {
        *self.text.value == *text || self.pattern.matches(text)
    }
}

/// Somebody whose signature counts.
#[derive(Debug, Clone)]
pub struct Authority {
    /// Where it stands.
    pub mark: Mark,
    /// How the signer is known.
    pub signer: Signer,
    /// The file with the logs and authorities that are trusted: a Sigstore trusted root.
    pub root: Option<Text>,
    /// Whether the signature must be in a transparency log.
    pub log: bool,
    /// Whether a third party must have attested when it was made.
    pub timestamp: bool,
    /// The last day on which the authority counts.
    pub until: Option<Marked<Date>>,
}

/// How a signer is known.
#[derive(Debug, Clone)]
pub enum Signer {
    /// By a public key that somebody keeps the other half of.
    Key(Text),
    /// By a certificate that lived for minutes and names whom an identity provider saw.
    Keyless {
        /// The identity provider.
        issuer: Text,
        /// Who it saw: an address or the path of a workflow.
        subject: Glob,
        /// Whether the certificate must be in a certificate log.
        certificate_log: bool,
    },
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.signer {
            Signer::Key(file) => write!(f, "key {}", file.value),
            Signer::Keyless { issuer, subject, .. } => write!(f, "{} of {}", subject.text.value, issuer.value),
        }
    }
}

/// What a scan for vulnerabilities must say.
#[derive(Debug, Clone)]
pub struct VulnRequirement {
    /// Where it stands.
    pub mark: Mark,
    /// How old it may be, in seconds, and as written.
    pub max_age: Option<(i64, Text)>,
    /// Which findings are not accepted.
    pub deny: Vec<Deny>,
    /// Who may say it; empty for the authorities of the entry.
    pub authorities: Vec<Authority>,
}

/// A severity of vulnerabilities that is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deny {
    /// The severity itself; those above are named on their own.
    pub severity: VulnSeverity,
    /// Only where a fixed version exists.
    pub fixable: bool,
}

/// How severe a scanner calls a vulnerability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VulnSeverity {
    /// The scanner does not know.
    Unknown,
    /// Of no consequence.
    Negligible,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

impl VulnSeverity {
    /// The words, which scanners write in either case.
    pub const WORDS: [(&'static str, Self); 6] = [
        ("UNKNOWN", Self::Unknown),
        ("NEGLIGIBLE", Self::Negligible),
        ("LOW", Self::Low),
        ("MEDIUM", Self::Medium),
        ("HIGH", Self::High),
        ("CRITICAL", Self::Critical),
    ];

    /// The severity of a word in either case.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, severity)| severity)
    }

    /// The word.
    pub fn name(self) -> &'static str {
        Self::WORDS[self as usize].0
    }
}

/// Where an image must have been built.
#[derive(Debug, Clone)]
pub struct SlsaRequirement {
    /// Where it stands.
    pub mark: Mark,
    /// Globs on the builder's id; empty for any.
    pub builder: Vec<Glob>,
    /// Globs on the source; empty for any.
    pub source: Vec<Glob>,
    /// Who may say it; empty for the authorities of the entry.
    pub authorities: Vec<Authority>,
}

impl Trust {
    /// Whether it holds for an image.
    pub fn matches(&self, name: &str) -> bool {
        self.images.iter().any(|glob| glob.matches(name))
    }

    /// Everybody who may say something, of every kind.
    pub fn all_authorities(&self) -> impl Iterator<Item = &Authority> {
        let scanners = self.vuln.iter().flat_map(|demand| &demand.authorities);
        let builders = self.slsa.iter().flat_map(|demand| &demand.authorities);
        self.authorities.iter().chain(scanners).chain(builders)
    }

    /// The keys and trusted roots that it names.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.all_authorities().flat_map(|authority| {
            let key = match &authority.signer {
                Signer::Key(path) => Some(path),
                Signer::Keyless { .. } => None,
            };
            key.into_iter().chain(&authority.root).map(|path| &*path.value)
        })
    }
}

pub(super) fn read(d: &mut Decoder<'_>, node: &Node) -> Option<Trust> {
    let mut fields = d.fields(node, "an entry of `trust`")?;
    let mark = fields.mark;
    let images = d.required(&mut fields, "match").map(|node| globs(d, Some(node), "a glob of images"));
    let authorities = authorities(d, &mut fields);
    let (mut vuln, mut slsa) = (None, None);
    if let Some(node) = fields.get("require")
        && let Some(mut require) = d.fields(node, "`require`")
    {
        vuln = require.get("vuln").and_then(|node| read_vuln(d, node));
        slsa = require.get("slsa").and_then(|node| read_slsa(d, node));
        d.finish(require);
    }
    let listed = d.required(&mut fields, "authorities").map(Node::items);
    if listed.is_some_and(<[Node]>::is_empty) {
        d.fail(mark, "an entry of `trust` names nobody who may sign", "name a key or an identity in `authorities`");
    }
    d.finish(fields);
    let images = images?;
    if node.get("match").is_some_and(|written| written.items().is_empty() && written.as_str().is_none()) {
        d.fail(mark, "an entry of `trust` matches no image", "write a glob such as `registry.example/**`");
    }
    Some(Trust { mark, images, authorities, vuln, slsa })
}

fn globs(d: &mut Decoder<'_>, node: Option<&Node>, what: &str) -> Vec<Glob> {
    d.texts(node, what).into_iter().filter_map(|text| glob(d, text)).collect()
}

fn glob(d: &mut Decoder<'_>, text: Text) -> Option<Glob> {
    match PathPattern::new(&text) {
        Ok(pattern) => Some(Glob { text, pattern }),
        Err(error) => {
            d.fail(text.mark, error.message(), error.help().unwrap_or_default());
            None
        }
    }
}

fn authorities(d: &mut Decoder<'_>, fields: &mut Fields<'_>) -> Vec<Authority> {
    d.list(fields.get("authorities"), "`authorities`", authority)
}

/// `{key: …}` or `{keyless: {issuer, subject, root}}`, with what is demanded of the signature.
fn authority(d: &mut Decoder<'_>, node: &Node) -> Option<Authority> {
    let mut fields = d.fields(node, "an authority")?;
    let mark = fields.mark;
    let key = fields.get("key").map(|node| d.text(node, "the path of the key"));
    let keyless = fields.get("keyless").map(|node| keyless(d, node));
    let mut root = fields.get("root").and_then(|node| d.text(node, "the path of the trusted root"));
    let log = fields.get("log").map(|node| demand(d, node, "`log`"));
    let timestamp = fields.get("timestamp").map(|node| demand(d, node, "`timestamp`"));
    let until = fields.get("until").and_then(|node| date(d, node));
    d.finish(fields);
    let is_keyless = keyless.is_some();
    let signer = match (key, keyless) {
        (Some(key), None) => Signer::Key(key?),
        (None, Some(keyless)) => {
            let (signer, own) = keyless?;
            root = own.or(root);
            signer
        }
        _ => {
            let message = "an authority is either a `key` or `keyless`";
            d.fail(mark, message, "write `{key: trust/release.pub}` or `{keyless: {issuer: …, subject: …, root: …}}`");
            return None;
        }
    };
    // A certificate without a log entry is the exception that somebody has to ask for.
    let authority = Authority {
        mark,
        signer,
        root,
        log: log.unwrap_or(Some(is_keyless))?,
        timestamp: timestamp.unwrap_or(Some(false))?,
        until,
    };
    if authority.root.is_none() && (is_keyless || authority.log || authority.timestamp) {
        let message = "without a trusted root nothing can be said about certificates, logs and timestamps";
        d.fail(mark, message, "add `root` with the path of a Sigstore trusted root, as `trust/root.json`");
        return None;
    }
    Some(authority)
}

fn keyless(d: &mut Decoder<'_>, node: &Node) -> Option<(Signer, Option<Text>)> {
    let mut fields = d.fields(node, "`keyless`")?;
    let issuer = d.required(&mut fields, "issuer").and_then(|node| d.text(node, "the issuer"));
    let subject = d.required(&mut fields, "subject").and_then(|node| d.text(node, "the subject"));
    let subject = subject.and_then(|text| glob(d, text));
    let root = fields.get("root").and_then(|node| d.text(node, "the path of the trusted root"));
    let certificate_log = fields.get("certificateLog").map_or(Some(true), |node| demand(d, node, "`certificateLog`"));
    d.finish(fields);
    let signer = Signer::Keyless { issuer: issuer?, subject: subject?, certificate_log: certificate_log? };
    Some((signer, root))
}

fn demand(d: &mut Decoder<'_>, node: &Node, what: &str) -> Option<bool> {
    d.word(node, &format!("word for {what}"), &[("required", true), ("optional", false)]).map(|word| word.value)
}

fn date(d: &mut Decoder<'_>, node: &Node) -> Option<Marked<Date>> {
    let text = d.text(node, "the last day")?;
    let date = Date::parse(&text);
    if date.is_none() {
        d.fail(text.mark, format!("`{}` is no day", text.value), "write it as 2027-03-31");
    }
    Some(Marked { value: date?, mark: text.mark })
}

fn read_vuln(d: &mut Decoder<'_>, node: &Node) -> Option<VulnRequirement> {
    let mut fields = d.fields(node, "`vuln`")?;
    let mark = fields.mark;
    let max_age = fields.get("maxAge").and_then(|node| d.text(node, "the greatest age")).and_then(|text| age(d, text));
    let deny = d.list(fields.get("deny"), "`deny`", deny);
    let authorities = authorities(d, &mut fields);
    d.finish(fields);
    Some(VulnRequirement { mark, max_age, deny, authorities })
}

/// `90m`, `168h`, `7d`, `2w` in seconds.
fn age(d: &mut Decoder<'_>, text: Text) -> Option<(i64, Text)> {
    let (number, unit) = text.split_at(text.len() - text.chars().next_back().map_or(0, char::len_utf8));
    let unit = match unit {
        "m" => Some(60),
        "h" => Some(3_600),
        "d" => Some(86_400),
        "w" => Some(604_800),
        _ => None,
    };
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = unit.filter(|_| digits).and_then(|unit| number.parse::<i64>().ok()?.checked_mul(unit));
    if let Some(seconds) = seconds {
        return Some((seconds, text));
    }
    d.fail(text.mark, format!("`{}` is no age", text.value), "write a number and m, h, d or w, as in `168h`");
    None
}

/// `CRITICAL`, or `HIGH+fixable`.
fn deny(d: &mut Decoder<'_>, node: &Node) -> Option<Deny> {
    let text = d.text(node, "a severity")?;
    let (word, fixable) = text.strip_suffix("+fixable").map_or((text.as_str(), false), |word| (word, true));
    let node = Node { data: Data::String(Arc::from(word)), mark: node.mark };
    let severity = d.word(&node, "severity of vulnerabilities", &VulnSeverity::WORDS)?.value;
    Some(Deny { severity, fixable })
}

fn read_slsa(d: &mut Decoder<'_>, node: &Node) -> Option<SlsaRequirement> {
    let mut fields = d.fields(node, "`slsa`")?;
    let mark = fields.mark;
    let builder = globs(d, fields.get("builder"), "a glob of builders");
    let source = globs(d, fields.get("source"), "a glob of sources");
    let authorities = authorities(d, &mut fields);
    d.finish(fields);
    if builder.is_empty() && source.is_empty() {
        d.fail(mark, "`slsa` names neither builders nor sources", "name some in `builder` or in `source`");
    }
    Some(SlsaRequirement { mark, builder, source, authorities })
}
