//! Every environment of a workspace as the cluster would see it: objects with identity and places.
//!
//! Here the stages meet: a plan from [`workspace`](crate::workspace), values merged per release,
//! templates rendered, text parsed. Stop here if rendering is all you need.

mod assemble;
mod build;
mod declared;
mod experiment;
mod identity;
mod layers;
mod overrides;
mod people;
pub(crate) mod places;
mod provenance;
mod sites;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::facts::world::Declared;
use crate::files::Files;
use crate::lint::Settings;
use crate::manifest::{Manifest, Resource};
use crate::render::{self, Program};
use crate::values::Values;
use crate::workspace::{Tier, Workspace};
use crate::{Error, Location, Note, Result};

pub use overrides::Overrides;
pub use places::{Spot, Trace};
pub(crate) use sites::sites;

/// What rendering all environments of a workspace made, and what it could not make.
#[derive(Debug)]
pub struct Rendered {
    pub(crate) environments: Vec<Environment>,
    pub(crate) errors: Vec<Error>,
    pub(crate) notes: Vec<Note>,
    pub(crate) files: Files,
    /// The paths that plain input was taken from.
    pub(crate) inputs: Arc<[String]>,
    pub(crate) settings: Arc<Settings>,
}

impl Workspace {
    /// Renders every environment, in parallel.
    ///
    /// What could not be done is in [`Rendered::errors`]; the rest is rendered all the same.
    pub fn render_all(&self) -> Rendered {
        build::render(self, self.plan(), &Overrides::default())
    }

    /// What it says about policies: severities, parameters, suppressions, and what it declares.
    ///
    /// Values declare, too, so they are merged for it.
    pub fn settings(&self) -> Settings {
        (*self.render_all().settings).clone()
    }

    /// Renders the environments of these names (all, where none is named), with values of the caller above
    /// all the workspace's layers.
    ///
    /// Fails where an environment is named that does not exist.
    pub fn render<S: AsRef<str>>(&self, environments: &[S], overrides: &Overrides) -> Result<Rendered> {
        let mut plan = self.plan().clone();
        plan.select(environments)?;
        Ok(build::render(self, &plan, overrides))
    }
}

impl Rendered {
    /// The environments, in the workspace's order.
    pub fn environments(&self) -> &[Environment] {
        &self.environments
    }

    /// What could not be read, merged, rendered or parsed.
    pub fn errors(&self) -> &[Error] {
        &self.errors
    }

    /// What was passed over, and what reads otherwise than it looks.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }
}

/// One environment, rendered.
#[derive(Debug)]
pub struct Environment {
    pub(crate) name: Arc<str>,
    pub(crate) tier: Tier,
    pub(crate) kubernetes: Arc<str>,
    pub(crate) mirrors: Option<Arc<str>>,
    pub(crate) manifests: Vec<Arc<Manifest>>,
    pub(crate) resources: Vec<Resource>,
    /// For each resource what names it in every environment.
    pub(crate) identities: Vec<Arc<str>>,
    pub(crate) declared: Declared,
    pub(crate) installations: Vec<Installation>,
    /// Whether a chart or a plain file could not be read, so that not even what is missing has a name.
    pub(crate) unread: bool,
}

impl Environment {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its tier.
    pub fn tier(&self) -> Tier {
        self.tier
    }

    /// Its Kubernetes version.
    pub fn kubernetes(&self) -> &str {
        &self.kubernetes
    }

    /// The environment it is compared with.
    pub fn mirrors(&self) -> Option<&str> {
        self.mirrors.as_deref()
    }

    /// The manifests that were rendered or read, without those of externals.
    pub fn manifests(&self) -> impl Iterator<Item = &Manifest> {
        self.manifests.iter().map(|manifest| &**manifest).filter(|manifest| !manifest.external)
    }

    /// Its own objects, without externals.
    pub fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.resources.iter().filter(|resource| !resource.is_external())
    }

    /// The place in the template of a place in a manifest; the file alone where it is not known.
    pub(crate) fn place(manifest: &Manifest, map: &render::SourceMap, line: u32, column: u32) -> Location {
        match map.locate(line, column) {
            render::Mapping::Exact(location) => location,
            render::Mapping::Unmapped => Location::file(manifest.file.clone()),
        }
    }

    /// The way back from a rendered manifest to its template.
    pub(crate) fn source_map(&self, manifest: &Manifest) -> Option<render::SourceMap> {
        let rendering = manifest.rendering.as_ref()?;
        let installation = self.installations.get(rendering.installation)?;
        Some(installation.program.trace(&installation.context(), &rendering.manifest))
    }
}

/// A release as it was rendered in one environment.
#[derive(Debug)]
pub struct Installation {
    pub(crate) release: render::Release,
    /// The name by which its namespace is known in every environment.
    pub(crate) logical_namespace: Arc<str>,
    pub(crate) environment: Arc<render::Environment>,
    pub(crate) program: Arc<Program>,
    pub(crate) values: Values,
    /// The files that its values, and the release itself, were taken from beside the chart.
    pub(crate) files: BTreeSet<Arc<str>>,
    /// Whether the workspace says that the release is in some environments only.
    pub(crate) partial: bool,
    /// Whether everything of it could be done; what is missing of it otherwise says nothing.
    pub(crate) whole: bool,
}

impl Installation {
    /// The release's name.
    pub fn release(&self) -> &str {
        &self.release.name
    }

    /// The merged values it was rendered with.
    pub fn values(&self) -> &Values {
        &self.values
    }

    pub(crate) fn context(&self) -> render::Context<'_> {
        render::Context { release: &self.release, environment: &self.environment, values: &self.values }
    }
}
