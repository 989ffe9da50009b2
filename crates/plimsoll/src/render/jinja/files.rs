//! `files`: the chart's own files, as templates read them.

use std::sync::Arc;

use globset::GlobBuilder;
use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};

use super::functions::encoding::base64_encode;
use crate::chart::{Chart, ChartFile};
use crate::render::blocks;
use crate::yaml::{self, Data, Entry, Map, Mark, Node};

/// All files of a chart, or those a glob picked.
#[derive(Debug)]
pub(super) struct FilesObject {
    chart: Arc<Chart>,
    /// Indices into the chart's files.
    picked: Vec<usize>,
}

impl FilesObject {
    pub(super) fn value(chart: &Arc<Chart>) -> Value {
        Value::from_object(Self { chart: chart.clone(), picked: (0..chart.files.len()).collect() })
    }

    fn files(&self) -> impl Iterator<Item = &ChartFile> {
        self.picked.iter().filter_map(|at| self.chart.files.get(*at))
    }

    fn bytes(&self, path: &str) -> Result<Arc<[u8]>, Error> {
        if let Some(file) = self.files().find(|file| file.path == path) {
            return file.bytes().map_err(|error| fault(format!("`{path}` cannot be read: {}", error.message())));
        }
        let names = self.files().map(|file| file.path.as_str());
        let nearest =
            crate::nearest::nearest(path, names).map_or(String::new(), |name| format!("; did you mean `{name}`?"));
        Err(fault(format!("the chart has no file `{path}`{nearest}")))
    }

    fn text(&self, path: &str) -> Result<String, Error> {
        let bytes = self.bytes(path)?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| fault(format!("`{path}` is not UTF-8 text; `files.asSecrets()` takes any bytes")))?;
        if blocks::has_markers(text) {
            return Err(fault(format!("`{path}` contains a reserved character (U+FDD0 to U+FDEF)")));
        }
        Ok(text.to_owned())
    }

    fn glob(&self, pattern: &str) -> Result<Value, Error> {
        let glob = GlobBuilder::new(pattern)
            .literal_separator(true)
            .build()
            .map_err(|error| fault(format!("`{pattern}` is not a glob: {}", error.kind())))?
            .compile_matcher();
        let picked = |at: &usize| self.chart.files.get(*at).is_some_and(|file| glob.is_match(&file.path));
        let picked = self.picked.iter().copied().filter(picked).collect();
        Ok(Value::from_object(Self { chart: self.chart.clone(), picked }))
    }

    /// A block of `name: content`, the last path component being the name.
    fn listed(&self, content: impl Fn(&ChartFile) -> Result<String, Error>) -> Result<Value, Error> {
        let mut map = Map::new();
        for file in self.files() {
            let key = file.path.rsplit('/').next().unwrap_or(&file.path).into();
            let value = Node::from(Data::String(content(file)?.into()));
            map.insert(Entry { key, mark: Mark::default(), value });
        }
        if map.is_empty() {
            return Ok(Value::from("{}"));
        }
        Ok(Value::from(blocks::block(&yaml::emit(&Node::from(Data::Map(map))))))
    }
}

fn fault(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

impl Object for FilesObject {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.text(key.as_str()?).ok().map(Value::from)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.files().map(|file| Value::from(&file.path)).collect())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        let path = args.first().and_then(Value::as_str);
        match (method, path) {
            ("get" | "Get", Some(path)) => self.text(path).map(Value::from),
            ("getBytes" | "get_bytes" | "GetBytes", Some(path)) => Ok(Value::from_bytes(self.bytes(path)?.to_vec())),
            ("lines" | "Lines", Some(path)) => {
                Ok(self.text(path)?.lines().map(|line| Value::from(line.to_owned())).collect())
            }
            ("glob" | "Glob", Some(pattern)) => self.glob(pattern),
            ("asConfig" | "as_config" | "AsConfig", None) => self.listed(|file| self.text(&file.path)),
            ("asSecrets" | "as_secrets" | "AsSecrets", None) => {
                self.listed(|file| Ok(base64_encode(&self.bytes(&file.path)?)))
            }
            ("get" | "Get" | "lines" | "Lines" | "glob" | "Glob", None) => {
                Err(fault(format!("`files.{method}` takes the path as text")))
            }
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}
