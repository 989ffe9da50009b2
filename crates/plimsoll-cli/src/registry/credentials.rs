//! Who we are to a registry: what `docker login` wrote down, and nobody where it wrote nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci_client::secrets::RegistryAuth;
use serde_json::Value;

/// Names and passwords by registry.
#[derive(Default)]
pub(super) struct Credentials(BTreeMap<String, RegistryAuth>);

impl Credentials {
    /// Reads `config.json` of `$DOCKER_CONFIG`, or of `~/.docker`; programs that keep passwords are not asked.
    pub(super) fn read() -> Self {
        let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".docker"));
        let directory = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from).or_else(home);
        let text = directory.and_then(|directory| std::fs::read(directory.join("config.json")).ok());
        text.and_then(|text| serde_json::from_slice(&text).ok()).map(|root| Self::of(&root)).unwrap_or_default()
    }

    fn of(root: &Value) -> Self {
        let listed = root.get("auths").and_then(Value::as_object).into_iter().flatten();
        let known = listed.filter_map(|(host, entry)| {
            let pair = String::from_utf8(STANDARD.decode(entry.get("auth")?.as_str()?).ok()?).ok()?;
            let (name, password) = pair.split_once(':')?;
            Some((plain(host).to_owned(), RegistryAuth::Basic(name.to_owned(), password.to_owned())))
        });
        Self(known.collect())
    }

    /// Who we are to one registry.
    pub(super) fn of_registry(&self, host: &str) -> RegistryAuth {
        let names = if host == "docker.io" { &["docker.io", "index.docker.io"][..] } else { &[host][..] };
        names.iter().find_map(|name| self.0.get(*name)).cloned().unwrap_or(RegistryAuth::Anonymous)
    }
}

/// The host of what may be written as `https://index.docker.io/v1/`.
fn plain(host: &str) -> &str {
    let host = host.strip_prefix("https://").or_else(|| host.strip_prefix("http://")).unwrap_or(host);
    host.split('/').next().unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_docker_login_writes() {
        let root = json!({"auths": {
            "https://index.docker.io/v1/": {"auth": "YTpi"},
            "registry.example:5000": {"auth": "YzpkOmU="},
            "helper.example": {},
            "broken.example": {"auth": "!"},
        }});
        let credentials = Credentials::of(&root);
        let basic = |name: &str, password: &str| RegistryAuth::Basic(name.to_owned(), password.to_owned());
        assert!(credentials.of_registry("docker.io") == basic("a", "b"));
        assert!(credentials.of_registry("registry.example:5000") == basic("c", "d:e"));
        for host in ["helper.example", "broken.example", "registry.example"] {
            assert!(credentials.of_registry(host) == RegistryAuth::Anonymous, "{host}");
        }
    }
}
