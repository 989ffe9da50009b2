//! What templates see: values and the other roots as shared objects.
//!
//! A tree of nodes becomes objects once for a rendering of a chart; templates then share them. Each map
//! knows its path, so that a missing key can be named in full, and in a traced rendering notes each read.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectExt as _, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};

use super::{recorder, run};
use crate::chart::Chart;
use crate::render::blocks;
use crate::render::trail::KeyPath;
use crate::yaml::{Data, Node};

/// The root whose reads are noted.
pub(super) const VALUES: &str = "values";

const INDEXED_FROM: usize = 12;

/// How a container is reached from its root.
#[derive(Debug)]
pub(super) enum Place {
    Root(&'static str),
    /// A container that is called by another name where it is seen: the values of a subchart.
    Renamed(&'static str, Arc<Place>),
    Key(Arc<Place>, Arc<str>),
    Item(Arc<Place>, usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(name) | Self::Renamed(name, _) => f.write_str(name),
            Self::Key(parent, key) => write!(f, "{parent}.{key}"),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

impl Place {
    /// The keys from the root of the values; `None` for what is not one of them.
    pub(super) fn path(&self) -> Option<KeyPath> {
        let (parent, key) = match self {
            Self::Root(name) => return (*name == VALUES).then(KeyPath::new),
            Self::Renamed(_, place) => return place.path(),
            Self::Key(parent, key) => (parent, key.clone()),
            Self::Item(parent, at) => (parent, at.to_string().into()),
        };
        let mut path = parent.path()?;
        path.push(key);
        Some(path)
    }
}

/// A mapping that knows where it is.
pub(super) struct MapObject {
    pub(super) place: Arc<Place>,
    entries: Vec<(Arc<str>, Value)>,
    index: Option<HashMap<Arc<str>, usize>>,
}

impl fmt::Debug for MapObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries.iter().map(|(key, value)| (key, value))).finish()
    }
}

impl MapObject {
    fn new(place: Arc<Place>, entries: Vec<(Arc<str>, Value)>) -> Self {
        let index = (entries.len() >= INDEXED_FROM)
            .then(|| entries.iter().enumerate().map(|(at, (key, _))| (key.clone(), at)).collect());
        Self { place, entries, index }
    }

    /// A root with entries of its own.
    pub(super) fn root(name: &'static str, entries: Vec<(&str, Value)>) -> Value {
        let entries = entries.into_iter().map(|(key, value)| (Arc::from(key), value)).collect();
        Value::from_object(Self::new(Arc::new(Place::Root(name)), entries))
    }

    /// A root that shows what another container holds, under a name of its own.
    pub(super) fn renamed(value: &Value, name: &'static str) -> Value {
        match value.downcast_object_ref::<Self>() {
            Some(map) => {
                let place = Arc::new(Place::Renamed(name, map.place.clone()));
                Value::from_object(Self::new(place, map.entries.clone()))
            }
            None => Self::root(name, Vec::new()),
        }
    }

    fn find(&self, key: &str) -> Option<&Value> {
        let at = match &self.index {
            Some(index) => index.get(key).copied(),
            None => self.entries.iter().position(|(name, _)| &**name == key),
        };
        at.map(|at| &self.entries[at].1)
    }

    /// The keys in order.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(key, _)| &**key)
    }

    /// The entries in order.
    pub(super) fn entries(&self) -> &[(Arc<str>, Value)] {
        &self.entries
    }
}

impl Object for MapObject {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        recorder::read_key(&self.place, key);
        let found = self.find(key).cloned();
        if found.is_none() {
            run::missed(self, key);
        }
        found
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        recorder::read_all(&self.place);
        self.mapped_key_value_enumerator(|map| {
            Box::new(map.entries.iter().map(|(key, value)| (Value::from(key.clone()), value.clone())))
        })
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.entries.len())
    }
}

/// A sequence of values.
#[derive(Debug)]
pub(super) struct SeqObject {
    place: Arc<Place>,
    items: Vec<Value>,
}

impl Object for SeqObject {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let at = key.as_usize()?;
        recorder::read_item(&self.place, at);
        self.items.get(at).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        recorder::read_all(&self.place);
        Enumerator::Seq(self.items.len())
    }
}

/// The objects of a tree of nodes; fails with the path of text that holds a reserved character.
pub(super) fn from_node(node: &Node, place: &Arc<Place>) -> Result<Value, String> {
    Ok(match &node.data {
        Data::Null => Value::from(()),
        Data::Bool(value) => Value::from(*value),
        Data::Int(value) => Value::from(*value),
        Data::Float(value) => Value::from(*value),
        Data::String(text) if blocks::has_markers(text) => return Err(place.to_string()),
        Data::String(text) => Value::from(text.clone()),
        Data::Seq(items) => {
            let item = |(at, item): (usize, &Node)| match &item.data {
                Data::Map(_) | Data::Seq(_) => from_node(item, &Arc::new(Place::Item(place.clone(), at))),
                _ => from_node(item, place),
            };
            let items = items.iter().enumerate().map(item).collect::<Result<_, _>>()?;
            Value::from_object(SeqObject { place: place.clone(), items })
        }
        Data::Map(map) => {
            let mut entries = Vec::with_capacity(map.len());
            for entry in map {
                let value = match &entry.value.data {
                    Data::Map(_) | Data::Seq(_) => {
                        let place = Arc::new(Place::Key(place.clone(), entry.key.clone()));
                        from_node(&entry.value, &place)?
                    }
                    Data::String(text) if blocks::has_markers(text) => {
                        return Err(format!("{place}.{}", entry.key));
                    }
                    _ => from_node(&entry.value, place)?,
                };
                entries.push((entry.key.clone(), value));
            }
            Value::from_object(MapObject::new(place.clone(), entries))
        }
    })
}

/// `capabilities.apiVersions`: what the target serves, as far as anyone said.
#[derive(Debug)]
pub(super) struct ApiVersions(pub(super) Vec<String>);

/// Served by every Kubernetes version in support (the API reference's list of stable groups).
const STABLE_API_VERSIONS: &[&str] = &[
    "v1",
    "admissionregistration.k8s.io/v1",
    "apiextensions.k8s.io/v1",
    "apiregistration.k8s.io/v1",
    "apps/v1",
    "authentication.k8s.io/v1",
    "authorization.k8s.io/v1",
    "autoscaling/v1",
    "autoscaling/v2",
    "batch/v1",
    "certificates.k8s.io/v1",
    "coordination.k8s.io/v1",
    "discovery.k8s.io/v1",
    "events.k8s.io/v1",
    "networking.k8s.io/v1",
    "node.k8s.io/v1",
    "policy/v1",
    "rbac.authorization.k8s.io/v1",
    "scheduling.k8s.io/v1",
    "storage.k8s.io/v1",
];

impl ApiVersions {
    /// Accepts `group/version` and `group/version/Kind`, as Helm does.
    fn has(&self, wanted: &str) -> bool {
        let served = |name: &str| STABLE_API_VERSIONS.contains(&name) || self.0.iter().any(|one| one == name);
        served(wanted)
            || wanted.rsplit_once('/').is_some_and(|(version, _)| version.contains('/') && served(version))
            || wanted.strip_prefix("v1/").is_some_and(|kind| !kind.contains('/'))
    }
}

impl Object for ApiVersions {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let all = STABLE_API_VERSIONS.iter().map(|name| Value::from(*name));
        Enumerator::Values(all.chain(self.0.iter().map(Value::from)).collect())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        match (method, args) {
            ("has" | "Has", [wanted]) => Ok(Value::from(wanted.as_str().is_some_and(|wanted| self.has(wanted)))),
            ("has" | "Has", _) => Err(Error::new(ErrorKind::InvalidOperation, "`has` takes one API version")),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}

/// `release` as templates see it.
pub(super) fn release(release: &crate::render::Release) -> Value {
    MapObject::root(
        "release",
        vec![
            ("name", Value::from(&release.name)),
            ("namespace", Value::from(&release.namespace)),
            ("revision", Value::from(release.revision)),
            ("isInstall", Value::from(!release.is_upgrade)),
            ("is_install", Value::from(!release.is_upgrade)),
            ("isUpgrade", Value::from(release.is_upgrade)),
            ("is_upgrade", Value::from(release.is_upgrade)),
            ("service", Value::from(&release.service)),
        ],
    )
}

/// `chart` as templates see it.
pub(super) fn chart(chart: &Chart) -> Value {
    let app_version = chart.app_version.as_deref().unwrap_or_default();
    MapObject::root(
        "chart",
        vec![
            ("name", Value::from(&chart.name)),
            ("version", Value::from(&chart.version)),
            ("appVersion", Value::from(app_version)),
            ("app_version", Value::from(app_version)),
            ("type", Value::from(if chart.library { "library" } else { "application" })),
        ],
    )
}

/// `environment` as templates see it.
pub(super) fn environment(environment: &crate::render::Environment) -> Value {
    let vars = environment.vars.iter().map(|(key, value)| (Arc::from(key.as_str()), Value::from(value))).collect();
    let place = Arc::new(Place::Key(Arc::new(Place::Root("environment")), "vars".into()));
    MapObject::root(
        "environment",
        vec![
            ("name", Value::from(&environment.name)),
            ("tier", Value::from(&environment.tier)),
            ("kubernetes", Value::from(&environment.kubernetes)),
            ("vars", Value::from_object(MapObject::new(place, vars))),
        ],
    )
}

/// `capabilities` as templates see it.
pub(super) fn capabilities(environment: &crate::render::Environment) -> Value {
    let full = environment.kubernetes.trim_start_matches('v');
    let mut parts = full.split('.');
    let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let patch = parts.next().unwrap_or("0");
    let version = MapObject::root(
        "capabilities.kubeVersion",
        vec![
            ("version", Value::from(format!("v{major}.{minor}.{patch}"))),
            ("major", Value::from(major)),
            ("minor", Value::from(minor)),
        ],
    );
    let versions = Value::from_object(ApiVersions(environment.api_versions.clone()));
    MapObject::root(
        "capabilities",
        vec![
            ("kubeVersion", version.clone()),
            ("kube_version", version),
            ("apiVersions", versions.clone()),
            ("api_versions", versions),
        ],
    )
}
