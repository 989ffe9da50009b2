//! Errors as they are met: each said once, with the environments it was met in.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::{Error, Location, Note};

/// Collects errors and notes without repeating one.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    errors: Vec<(Error, Vec<Arc<str>>)>,
    seen: HashMap<(String, Option<Location>), usize>,
    notes: Vec<Note>,
    noted: BTreeSet<Note>,
}

impl Problems {
    pub(crate) fn add(&mut self, error: Error) {
        let environments = error.environments().to_vec();
        let key = (error.message().to_owned(), error.location().cloned());
        if let Some(at) = self.seen.get(&key) {
            let known = &mut self.errors[*at].1;
            for environment in environments {
                if !known.contains(&environment) {
                    known.push(environment);
                }
            }
        } else {
            self.seen.insert(key, self.errors.len());
            self.errors.push((error, environments));
        }
    }

    /// Adds an error that was met while planning one environment.
    pub(crate) fn add_in(&mut self, environment: &Arc<str>, error: Error) {
        self.add(error.with_environments(vec![environment.clone()]));
    }

    pub(crate) fn note(&mut self, message: String, location: Option<Location>) {
        let note = Note { message, location };
        if self.noted.insert(note.clone()) {
            self.notes.push(note);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// Everything in the order of the files and lines it is about.
    pub(crate) fn finish(mut self) -> (Vec<Error>, Vec<Note>) {
        self.errors.sort_by(|(a, _), (b, _)| a.location().cmp(&b.location()));
        let with_environments = |(error, environments): (Error, Vec<Arc<str>>)| error.with_environments(environments);
        (self.errors.into_iter().map(with_environments).collect(), self.notes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn the_same_error_in_two_environments_is_said_once() {
        let mut problems = Problems::default();
        let error = || Error::new(ErrorKind::Workspace, "x").with_location(Location::at("f", 1, 2));
        problems.add_in(&"a".into(), error());
        problems.add_in(&"b".into(), error());
        problems.add_in(&"a".into(), error());
        let (errors, _) = problems.finish();
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].environments(), ["a".into(), "b".into()]);
    }
}
