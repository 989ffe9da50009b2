//! `plimsoll images`: verify what is locked, and lock what is used.

use plimsoll::images::Lock;
use plimsoll::rendered::Overrides;
use plimsoll::view::images::{self, ImagesView};
use plimsoll::workspace::Kind;
use plimsoll::{Error, ErrorKind, Moment, Workspace};

use super::{Outcome, facts};
use crate::args::{ImagesLockArgs, ImagesVerifyArgs};
use crate::locking::{self, Change};
use crate::registry::Registry;
use crate::{clock, input, output};

fn moment(text: Option<&String>) -> Result<Moment, Error> {
    text.map_or_else(|| Ok(Moment::from_unix(clock::now())), |text| Moment::parse(text))
}

/// Prints the state of every image.
pub(crate) fn verify(args: &ImagesVerifyArgs) -> Result<Outcome, Error> {
    let now = moment(args.now.as_ref())?;
    let open = || input::open(&args.view.input);
    let (view, outcome) = facts::print(&args.view, open, |rendered| Ok(ImagesView::new(rendered, Some(now))))?;
    view.errors.iter().for_each(output::complain);
    Ok(match (outcome, view.errors.is_empty(), view.is_good()) {
        (Outcome::Clean, true, true) => Outcome::Clean,
        (Outcome::Clean, true, false) => Outcome::Found,
        _ => Outcome::Failed,
    })
}

/// Writes `images.lock` anew.
pub(crate) fn lock(args: &ImagesLockArgs) -> Result<Outcome, Error> {
    let now = moment(args.now.as_ref())?;
    let registry = Registry::new(&args.plain_http)?;
    let workspace = Workspace::open(&args.path)?;
    let root = workspace.files().root().filter(|_| workspace.kind() == Kind::Declared);
    let Some(root) = root else {
        return Err(Error::new(ErrorKind::Argument, "there is no workspace whose images could be locked")
            .with_help("a lock lies beside plimsoll.yaml: write one that names the environments"));
    };
    let rendered = workspace.render(&args.environments, &Overrides::default())?;
    rendered.errors().iter().for_each(output::complain);
    if !rendered.errors().is_empty() {
        return Err(Error::new(ErrorKind::Lock, "not all images are known, so none were locked")
            .with_help("put right what the errors above say, then lock again"));
    }
    if let Some(fault) = images::unreadable(&rendered).into_iter().next() {
        return Err(Error::new(ErrorKind::Lock, fault).with_help("no image was locked; correct the reference first"));
    }
    let old = workspace.config().lock.as_deref().cloned().unwrap_or_default();
    let used = images::used(&rendered);
    let resolved = registry.resolve_all(used.iter().map(|(image, _)| image))?;
    let partial = !args.environments.is_empty();
    let change = Change::new(&old, &used, resolved, now, partial)?;
    locking::commit(root, &old, &change)?;
    output::place(None, summary(&old, &change.lock).as_bytes())?;
    Ok(Outcome::Clean)
}

fn summary(old: &Lock, new: &Lock) -> String {
    let known = |lock: &Lock, image: &plimsoll::images::LockedImage| {
        lock.tagged(&image.name, image.tag.as_deref()).any(|known| known.digest == image.digest)
    };
    let added: Vec<_> = new.images.iter().filter(|image| !known(old, image)).collect();
    let dropped = old.images.iter().filter(|image| !known(new, image)).count();
    let moved = added.iter().filter(|image| image.previous.is_some()).count();
    format!(
        "{} images locked: {} new, {moved} of them under a tag that moved, {dropped} no longer used\n",
        new.images.len(),
        added.len()
    )
}
