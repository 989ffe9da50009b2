//! Values that the caller lays above everything in the workspace: `-f` and `--set`.

use std::sync::Arc;

use crate::values::{self, Layer, LayerKind, MergeOptions, SetKind, Values};
use crate::yaml::Node;
use crate::{Error, Result};

/// Values above all layers of the workspace, in the order in which they were added.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    files: Vec<(Arc<str>, Node)>,
    sets: Vec<(SetKind, String)>,
}

impl Overrides {
    /// Adds the text of a values file.
    pub fn file(&mut self, name: &str, text: &str) -> Result<()> {
        let name: Arc<str> = name.into();
        let node = values::parse(&name, text)?;
        self.files.push((name, node));
        Ok(())
    }

    /// Adds an expression in the grammar of `--set`; fails where it is not one.
    pub fn set(&mut self, kind: SetKind, expression: &str) -> Result<()> {
        Values::new().set(kind, expression)?;
        self.sets.push((kind, expression.to_owned()));
        Ok(())
    }

    /// Lays everything above a release's values; what cannot be applied to them is returned.
    pub(super) fn apply(&self, values: &mut Values, options: &MergeOptions) -> Vec<Error> {
        for (name, node) in &self.files {
            values.merge(Layer::file(LayerKind::File, name.clone()), node, options);
        }
        self.sets.iter().filter_map(|(kind, expression)| values.set(*kind, expression).err()).collect()
    }
}
