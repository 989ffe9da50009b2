//! The lock of images, and the evidence that is committed with it.
//!
//! Owns `images.lock` and what lies in `evidence/`: reading both strictly, and finding out for every image
//! that is used what the lock knows of it, whose signatures hold, what scans and builders say. All of that
//! is done offline and with the caller's clock. What it means is for policies to decide; fetching
//! evidence from a registry is the command's business.

mod desk;
mod document;
mod evidence;
mod examine;
mod judge;
mod lock;
mod proof;
mod provenance;
mod read;
mod scan;
#[cfg(not(feature = "signatures"))]
mod unverified;
mod verdict;
#[cfg(feature = "signatures")]
mod verify;
mod write;

#[cfg(not(feature = "signatures"))]
use unverified as verify;

pub use evidence::{MAX_EVIDENCE, recognise};
pub(crate) use examine::{Examined, examine};
pub use examine::{Known, Locked, LockedState, User, UserKind};
pub use lock::{EVIDENCE, Evidence, EvidenceKind, FILE, Found, Lock, LockedImage};
pub use verdict::{Mismatch, Verdict, VerdictState};
