//! Which namespaces of different environments are the same one.
//!
//! A resource is the same in two environments when kind, name and *logical* namespace agree. Namespaces
//! correspond because `align` says how they are named, or because a release that stands in both is put
//! into different ones. Two namespaces of one environment never get the same logical name: what is
//! made up here holds `{` or `@`, which no namespace's own name can (RFC 1123 label).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::decode::{Decoder, Text};
use super::environment::Environment;
use super::pattern::{Escape, Pattern, Scope};
use crate::yaml::Node;

const CAPTURES: [&str; 3] = ["{prefix}", "{name}", "{suffix}"];

/// How namespaces are named, as in `{prefix}-{environment}`: what one placeholder stands for is the same
/// in every environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlignPattern {
    /// As written.
    pub text: Text,
    before: Pattern,
    after: Pattern,
}

impl AlignPattern {
    pub(super) fn read(d: &mut Decoder<'_>, node: &Node) -> Option<Self> {
        let mut fields = d.fields(node, "`align`")?;
        let text = fields.get("namespaces").and_then(|node| d.text(node, "`namespaces`"));
        d.finish(fields);
        let text = text?;
        let pattern = Self::parse(&text);
        if pattern.is_none() {
            let help = "write `{prefix}`, `{name}` or `{suffix}` once, as in `{prefix}-{environment}`";
            d.fail(text.mark, format!("`{}` does not say what stays the same", text.value), help);
        }
        pattern
    }

    /// Reads a pattern; nothing if there is not exactly one placeholder for what stays the same.
    pub(super) fn parse(text: &Text) -> Option<Self> {
        let mut found = CAPTURES.iter().flat_map(|capture| text.match_indices(capture));
        let (at, capture) = found.next()?;
        if found.next().is_some() {
            return None;
        }
        let part = |part: &str| Pattern::of_text(&Text { value: part.into(), mark: text.mark });
        Some(Self { text: text.clone(), before: part(&text[..at]), after: part(&text[at + capture.len()..]) })
    }
}

/// A release stands in `actual` here, and in `logical` in the environment that names are taken from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Move {
    pub(super) environment: Arc<str>,
    pub(super) actual: Arc<str>,
    pub(super) logical: Arc<str>,
}

/// Logical names of namespaces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Align {
    by_environment: BTreeMap<Arc<str>, Names>,
    /// The environment that names are taken from.
    reference: Option<Arc<str>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Names {
    /// What stands around the part that stays the same: here, and in the logical name.
    around: Option<[(String, Arc<str>); 2]>,
    /// Logical names of the namespaces that releases are moved into.
    moved: BTreeMap<Arc<str>, Arc<str>>,
    /// The logical names that are taken by those.
    taken: BTreeSet<Arc<str>>,
}

impl Align {
    /// Puts together the pattern and the moves.
    ///
    /// A move says that a namespace of an environment is what another one is in `reference`.
    pub(super) fn new(
        environments: &[Arc<Environment>],
        pattern: Option<&AlignPattern>,
        reference: Option<&str>,
        moves: &BTreeSet<Move>,
    ) -> Self {
        let mut align = Self { reference: reference.map(Arc::from), ..Self::default() };
        for environment in environments {
            let names = align.by_environment.entry(environment.name.clone()).or_default();
            names.around = pattern.and_then(|pattern| around(pattern, environment));
        }
        let mut from: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let mut onto: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for Move { environment, actual, logical } in moves {
            *from.entry((environment, actual)).or_default() += 1;
            *onto.entry((environment, logical)).or_default() += 1;
        }
        for Move { environment, actual, logical } in moves {
            // Two that go to one, or one that goes to two: nothing can be said.
            if actual == logical || from[&(&**environment, &**actual)] > 1 || onto[&(&**environment, &**logical)] > 1 {
                continue;
            }
            let logical: Arc<str> = reference.map_or_else(|| logical.clone(), |at| align.logical(at, logical).into());
            let names = align.by_environment.entry(environment.clone()).or_default();
            if names.own(actual) != *logical {
                names.moved.insert(actual.clone(), logical.clone());
                names.taken.insert(logical);
            }
        }
        align
    }

    /// The name under which the namespace of a release is known in every environment: `there` is where the release
    /// stands in the environment that names are taken from. What other releases do is of no concern.
    pub(super) fn of_release(&self, environment: &str, namespace: &str, there: &str) -> String {
        let named = |environment: &str, namespace: &str| {
            self.by_environment.get(environment).map_or_else(|| namespace.to_owned(), |names| names.own(namespace))
        };
        match &self.reference {
            Some(reference) if namespace != there => named(reference, there),
            _ => named(environment, namespace),
        }
    }

    /// The name under which objects of a namespace are known in every environment, whatever is moved beside them.
    ///
    /// Two namespaces of one environment may share it, as objects of both do in the environment where releases stand
    /// together; [`logical`](Self::logical) keeps them apart.
    pub(crate) fn shared(&self, environment: &str, namespace: &str) -> String {
        let Some(names) = self.by_environment.get(environment) else { return namespace.to_owned() };
        names.moved.get(namespace).map_or_else(|| names.own(namespace), ToString::to_string)
    }

    /// The name under which a namespace as a whole is known in every environment.
    pub fn logical(&self, environment: &str, namespace: &str) -> String {
        let Some(names) = self.by_environment.get(environment) else { return namespace.to_owned() };
        if let Some(logical) = names.moved.get(namespace) {
            return logical.to_string();
        }
        let own = names.own(namespace);
        if names.taken.contains(own.as_str()) { format!("{own}@{environment}") } else { own }
    }
}

impl Names {
    /// The name by the pattern alone.
    fn own(&self, namespace: &str) -> String {
        let Some([(before, raw_before), (after, raw_after)]) = &self.around else { return namespace.to_owned() };
        namespace
            .strip_prefix(before.as_str())
            .and_then(|rest| rest.strip_suffix(after.as_str()))
            .filter(|rest| !rest.is_empty())
            .map_or_else(|| namespace.to_owned(), |rest| format!("{raw_before}{rest}{raw_after}"))
    }
}

fn around(pattern: &AlignPattern, environment: &Environment) -> Option<[(String, Arc<str>); 2]> {
    let scope = Scope::of(environment);
    let part = |part: &Pattern| Some((part.expand(&scope, Escape::Nothing).ok()?, part.text.clone()));
    Some([part(&pattern.before)?, part(&pattern.after)?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::tier::Tier;
    use crate::yaml::Mark;

    fn environment(name: &str) -> Arc<Environment> {
        Arc::new(Environment::inferred(name, Tier::Staging, "1.34"))
    }

    fn pattern(text: &str) -> Option<AlignPattern> {
        AlignPattern::parse(&Text { value: text.into(), mark: Mark::default() })
    }

    fn moves(moves: &[(&str, &str, &str)]) -> BTreeSet<Move> {
        let owned = |(a, b, c): &(&str, &str, &str)| Move {
            environment: (*a).into(),
            actual: (*b).into(),
            logical: (*c).into(),
        };
        moves.iter().map(owned).collect()
    }

    #[test]
    fn a_suffix_by_environment() {
        let environments = ["dev", "prod"].map(environment);
        let align = Align::new(&environments, pattern("{prefix}-{environment}").as_ref(), None, &BTreeSet::new());
        assert_eq!(align.logical("dev", "cart-dev"), "cart-{environment}");
        assert_eq!(align.logical("prod", "cart-prod"), "cart-{environment}");
        assert_eq!(align.logical("prod", "cart-dev"), "cart-dev");
        assert_eq!(align.logical("dev", "cart"), "cart");
        assert_eq!(align.logical("dev", "-dev"), "-dev");
        assert_eq!(align.logical("elsewhere", "x"), "x");
        assert!(pattern("shop").is_none() && pattern("{prefix}-{name}").is_none());
    }

    #[test]
    fn a_release_in_another_namespace() {
        let environments = ["staging", "production"].map(environment);
        let align = Align::new(&environments, None, None, &moves(&[("staging", "cart-stg", "cart")]));
        assert_eq!(align.logical("staging", "cart-stg"), "cart");
        assert_eq!(align.logical("production", "cart"), "cart");
        assert_eq!(align.logical("staging", "cart"), "cart@staging");
    }

    #[test]
    fn a_release_has_its_own_name_whatever_others_do() {
        let environments = ["staging", "production"].map(environment);
        let moves = moves(&[("staging", "shop-stg", "shop")]);
        let align = Align::new(&environments, None, Some("production"), &moves);
        assert_eq!(align.of_release("staging", "shop", "shop"), "shop");
        assert_eq!(align.of_release("staging", "shop-stg", "shop"), "shop");
        assert_eq!(align.of_release("staging", "other", "other"), "other");
        assert_eq!(["shop", "shop-stg", "other"].map(|name| align.shared("staging", name)), ["shop", "shop", "other"]);
        let pattern = pattern("{prefix}-{environment}");
        let align = Align::new(&environments, pattern.as_ref(), Some("production"), &BTreeSet::new());
        assert_eq!(align.of_release("staging", "db-stg", "db-production"), "db-{environment}");
        assert_eq!(align.of_release("staging", "db-staging", "db-staging"), "db-{environment}");
    }

    #[test]
    fn a_move_and_a_pattern_agree() {
        let environments = ["staging", "production"].map(environment);
        let pattern = pattern("{prefix}-{environment}");
        let moves = moves(&[("staging", "cart-staging", "cart-production"), ("staging", "db-stg", "db-production")]);
        let align = Align::new(&environments, pattern.as_ref(), Some("production"), &moves);
        for (environment, namespace) in [("staging", "db-stg"), ("production", "db-production")] {
            assert_eq!(align.logical(environment, namespace), "db-{environment}");
        }
        assert_eq!(align.logical("staging", "cart-staging"), "cart-{environment}");
        assert_eq!(align.logical("staging", "db-staging"), "db-{environment}@staging");
    }

    #[test]
    fn no_two_namespaces_of_an_environment_become_one() {
        let environments = ["staging"].map(environment);
        let all = ["a", "b", "c", "c-staging", "b-staging", "staging", "-staging", "d"];
        let cases = [
            moves(&[("staging", "a", "c"), ("staging", "b", "c")]),
            moves(&[("staging", "a", "c"), ("staging", "a", "d")]),
            moves(&[("staging", "a", "b"), ("staging", "b", "a")]),
            moves(&[("staging", "a", "b"), ("staging", "b", "c"), ("staging", "c", "d")]),
            moves(&[("staging", "a", "c-staging")]),
        ];
        for case in cases {
            for text in [None, pattern("{prefix}-{environment}"), pattern("{name}")] {
                let align = Align::new(&environments, text.as_ref(), None, &case);
                let logical: BTreeSet<String> = all.iter().map(|name| align.logical("staging", name)).collect();
                assert_eq!(logical.len(), all.len(), "{case:?} {text:?}");
            }
        }
    }
}
