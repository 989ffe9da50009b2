//! What the verifier says, as the end of a sentence that begins with the file of evidence.

use sigstore_verify::Error;

use super::super::evidence::short;
use super::super::proof::Refusal;

/// Why a signature does not count for somebody.
pub(super) fn refusal(error: &Error, by: &str) -> Refusal {
    match error {
        Error::UnsupportedBundle(_)
        | Error::UnsupportedArtifact(_)
        | Error::Types(_)
        | Error::Bundle(sigstore_verify::bundle::Error::UnsupportedMediaType(_)) => {
            Refusal::Unknown(format!("is not understood: {}", plain(error)))
        }
        Error::SignatureInvalid(_) => Refusal::Rejected(format!("was not signed by {by}, or was changed since")),
        Error::IssuerMismatch { actual, .. } => {
            let actual = actual.as_deref().map_or_else(|| "nobody".into(), short);
            Refusal::Rejected(format!("was signed with a certificate for {actual}, not by {by}"))
        }
        error => Refusal::Rejected(format!("does not hold for {by}: {}", plain(error))),
    }
}

/// An error of the verifier on one line.
pub(super) fn plain(error: &impl std::fmt::Display) -> String {
    short(&error.to_string()).trim_end_matches('.').to_owned()
}
