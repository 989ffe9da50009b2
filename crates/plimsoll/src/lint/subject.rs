//! What policies are evaluated for: each distinct resource once, however many environments it stands in.

use std::collections::HashMap;
use std::sync::Arc;

use crate::facts::{Facts, ResourceFacts};
use crate::manifest::{Document, Resource};
use crate::policy::{Input, Term};
use crate::rendered::Environment;
use crate::rendered::places::Place;
use crate::yaml::Node;

/// A resource with everything that was derived about it, and every place where both are the same.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) resource: &'a Resource,
    pub(crate) facts: &'a Facts<'a>,
    pub(crate) places: Vec<Place>,
}

impl Subject<'_> {
    /// The position of the resource in the environment it was first met in.
    fn at(&self) -> usize {
        self.places[0].resource
    }

    /// Whether it carries a pod template.
    pub(crate) fn is_workload(&self) -> bool {
        self.facts.workload(self.at()).is_some()
    }

    /// `input`, but for what depends on the policy and the environment.
    pub(crate) fn input(&self) -> Input {
        described(self.resource, self.facts, self.at())
            .into_iter()
            .fold(Input::new(), |input, (name, term)| input.with(name, term))
    }
}

/// A resource as policies see it: its id, itself, what was derived about it, the workload that it is.
fn described(resource: &Resource, facts: &Facts<'_>, at: usize) -> Vec<(&'static str, Term)> {
    let object = object(resource);
    let mut described = vec![("id", Term::from(resource.id.to_string().as_str())), ("facts", serialized(facts.of(at)))];
    if let Some(workload) = facts.workload(at) {
        let view = Node::from_json(&workload.view());
        let containers = view.get("containers").map(Node::items).unwrap_or_default();
        // The pod and its containers are parts of the resource, which has them already.
        let part = |pointer: &str, node| object.pointer(pointer).unwrap_or_else(|| Term::from(node));
        let containers = containers.iter().zip(&workload.containers).map(|(view, container)| {
            Term::object(members(view).chain([("spec", part(&container.pointer, container.spec))]))
        });
        let containers = Term::array(containers);
        let own = [("pod", part(&workload.pod_pointer, workload.pod)), ("containers", containers)];
        described.push(("workload", Term::object(members(&view).chain(own))));
    }
    described.push(("resource", object));
    described
}

/// `data.facts` of an environment: on demand every object by its id, external ones too, and the namespaces.
pub(crate) fn environment_facts(environment: &Environment, facts: &Facts<'_>, objects: bool) -> Term {
    let providers = Term::serialize(&facts.providers).unwrap_or_else(|_| Term::array([]));
    let mut members = vec![("providers", providers)];
    if objects {
        members.push(("objects", all_objects(environment, facts)));
        members.push(("namespaces", Term::serialize(&facts.namespaces).unwrap_or_else(|_| Term::object([]))));
    }
    Term::object(members)
}

fn all_objects(environment: &Environment, facts: &Facts<'_>) -> Term {
    let objects: Vec<(String, Term)> = environment
        .resources
        .iter()
        .enumerate()
        .map(|(at, resource)| {
            let external = ("external", Term::from(&serde_json::Value::Bool(resource.is_external())));
            (resource.id.to_string(), Term::object(described(resource, facts, at).into_iter().chain([external])))
        })
        .collect();
    Term::object(objects.iter().map(|(id, term)| (id.as_str(), term.clone())))
}

fn members(node: &Node) -> impl Iterator<Item = (&str, Term)> {
    node.entries().iter().map(|entry| (&*entry.key, Term::from(&entry.value)))
}

/// The object as Kubernetes reads it: with the namespace that the release or the caller gives it.
fn object(resource: &Resource) -> Term {
    let node = resource.node();
    let namespace = resource.id.namespace.as_ref().filter(|_| node.str_at(&["metadata", "namespace"]).is_none());
    let Some(namespace) = namespace else { return Term::from(node) };
    let metadata = node.get("metadata").map(members).into_iter().flatten();
    let metadata = Term::object(metadata.chain([("namespace", Term::from(&**namespace))]));
    Term::object(members(node).chain([("metadata", metadata)]))
}

fn serialized(facts: &ResourceFacts) -> Term {
    // Facts are plain structs with string keys: nothing in them can fail to serialise.
    Term::serialize(facts).unwrap_or_else(|_| Term::object([]))
}

/// The distinct resources of all environments, in the order in which they are first met.
///
/// Two are the same when they come from equal documents, have the same id and the same facts.
pub(crate) fn subjects<'a>(environments: &'a [Environment], facts: &'a [Facts<'a>]) -> Vec<Subject<'a>> {
    let mut subjects: Vec<Subject<'a>> = Vec::new();
    let mut seen: HashMap<(*const Document, Option<usize>, &str), Vec<usize>> = HashMap::new();
    for (environment, (rendered, facts)) in environments.iter().zip(facts).enumerate() {
        for (at, resource) in rendered.resources.iter().enumerate().filter(|(_, resource)| !resource.is_external()) {
            let place = Place { environment, resource: at };
            let key = (Arc::as_ptr(&resource.document), resource.item, resource.namespace());
            let known = seen.entry(key).or_default();
            let same = |number: &&usize| subjects[**number].facts.of(subjects[**number].at()) == facts.of(at);
            if let Some(number) = known.iter().find(same) {
                subjects[*number].places.push(place);
            } else {
                known.push(subjects.len());
                subjects.push(Subject { resource, facts, places: vec![place] });
            }
        }
    }
    subjects
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Domains;
    use crate::files::Files;
    use crate::workspace::{OpenOptions, Workspace};

    #[test]
    fn what_is_the_same_in_three_environments_is_one_subject() {
        let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: cart, namespace: shop}\n";
        let config = |value: &str| {
            format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c, namespace: shop}}\ndata: {{x: {value}}}\n")
        };
        let file = |environment: &str, value: &str| {
            (format!("{environment}/all.yaml"), format!("{account}---\n{}", config(value)).into_bytes())
        };
        let files = Files::memory([file("staging", "a"), file("production", "b"), file("dr", "b")]);
        let rendered = Workspace::from_files(files, &OpenOptions::default()).unwrap().render_all();
        let environments = rendered.environments();
        let facts: Vec<Facts<'_>> = environments
            .iter()
            .map(|environment| Facts::derive(&environment.resources, &environment.declared, &Domains::new()))
            .collect();
        let places: Vec<usize> = subjects(environments, &facts).iter().map(|subject| subject.places.len()).collect();
        assert_eq!(places, [3, 1, 2]);
    }
}
