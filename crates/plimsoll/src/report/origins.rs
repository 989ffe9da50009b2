//! The words for the values keys behind a finding.

use super::paths::Paths;
use crate::finding::{Finding, ValueOrigin};

/// How many keys are named for one environment.
const NAMED: usize = 4;

/// One line for each group of environments in which the same keys led to a finding; none where no key did.
pub(super) fn lines(finding: &Finding, paths: &Paths) -> Vec<String> {
    let mut groups: Vec<(Vec<&str>, &[ValueOrigin])> = Vec::new();
    for occurrence in &finding.occurrences {
        match groups.iter_mut().find(|(_, values)| *values == occurrence.values) {
            Some((environments, _)) => environments.push(&occurrence.environment),
            None => groups.push((vec![&occurrence.environment], &occurrence.values)),
        }
    }
    let differs = groups.len() > 1;
    let groups = groups.iter().filter(|(_, values)| !values.is_empty());
    groups
        .map(|(environments, values)| {
            let place = if differs { format!(" in {}", environments.join(", ")) } else { String::new() };
            format!("values{place}: {}", named(values, paths))
        })
        .collect()
}

fn named(values: &[ValueOrigin], paths: &Paths) -> String {
    let mut words: Vec<String> = values.iter().take(NAMED).map(|value| word(value, paths)).collect();
    if values.len() > NAMED {
        words.push(format!("and {} more", values.len() - NAMED));
    }
    words.join(", ")
}

fn word(value: &ValueOrigin, paths: &Paths) -> String {
    let place = match (&value.file, value.line) {
        (Some(file), Some(line)) => format!("{}:{line}", paths.path(file)),
        (Some(file), None) => paths.path(file).into_owned(),
        (None, _) => String::new(),
    };
    let key = &value.key;
    match (value.is_unset(), place.is_empty()) {
        (true, true) => format!("`{key}` is not set"),
        (true, false) => format!("`{key}` is not set (it would stand below {place})"),
        (false, true) => format!("`{key}` ({})", value.layer),
        (false, false) => format!("`{key}` ({place}, {})", value.layer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    fn origin(key: &str, line: Option<u32>, layer: &str) -> ValueOrigin {
        ValueOrigin { key: key.into(), file: line.map(|_| "v.yaml".into()), line, layer: layer.into() }
    }

    #[test]
    fn the_same_keys_are_said_once() {
        let mut finding = samples::finding();
        let environments = finding.occurrences.len();
        assert!(environments > 1, "the sample has several environments");
        for occurrence in &mut finding.occurrences {
            occurrence.values = vec![origin("a.b", Some(3), "chart")];
        }
        assert_eq!(lines(&finding, &Paths::default()), ["values: `a.b` (v.yaml:3, chart)"]);
        finding.occurrences[0].values = vec![origin("x", None, "unset"), origin("y", None, "set")];
        let first = finding.occurrences[0].environment.clone();
        let found = lines(&finding, &Paths::default());
        assert_eq!(found[0], format!("values in {first}: `x` is not set, `y` (set)"));
        assert!(found[1].ends_with("`a.b` (v.yaml:3, chart)"), "{found:?}");
        finding.occurrences.iter_mut().for_each(|occurrence| occurrence.values.clear());
        assert!(lines(&finding, &Paths::default()).is_empty());
    }
}
