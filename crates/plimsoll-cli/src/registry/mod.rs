//! Talking to registries: the only part of the command that uses a network, and the only folder that names
//! its client.
//!
//! Resolves images to what a lock holds. What is fetched is checked against its digest and bounded in size;
//! what fails for a passing reason is tried again.

mod credentials;
mod evidence;
mod fetch;
mod resolve;

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use oci_client::Client;
use oci_client::client::{ClientConfig, ClientProtocol};
use plimsoll::facts::image::ImageRef;
use plimsoll::{Error, ErrorKind};
use tokio::task::JoinSet;

use credentials::Credentials;
pub(crate) use resolve::Resolved;

/// How many images are resolved at the same time.
const AT_ONCE: usize = 8;
const TIMEOUT: Duration = Duration::from_secs(30);

/// A client of all registries.
#[derive(Clone)]
pub(crate) struct Registry {
    client: Client,
    credentials: Arc<Credentials>,
}

impl Registry {
    /// A client that speaks plain HTTP with some registries on this machine.
    pub(crate) fn new(plain_http: &[String]) -> Result<Self, Error> {
        for host in plain_http {
            if !is_loopback(host) {
                return Err(Error::new(ErrorKind::Argument, format!("`{host}` is not on this machine"))
                    .with_help("plain HTTP is for a registry on localhost; others have to speak HTTPS"));
            }
        }
        let config = ClientConfig {
            protocol: ClientProtocol::HttpsExcept(plain_http.to_vec()),
            platform_resolver: None,
            read_timeout: Some(TIMEOUT),
            connect_timeout: Some(TIMEOUT),
            user_agent: concat!("plimsoll/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        };
        Ok(Self { client: Client::new(config), credentials: Arc::new(Credentials::read()) })
    }

    /// Resolves images, several at once; the first failure is the failure of all.
    pub(crate) fn resolve_all<'a>(
        &self,
        images: impl IntoIterator<Item = &'a ImageRef>,
    ) -> Result<BTreeMap<String, Resolved>, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::new(ErrorKind::Registry, format!("the network cannot be used: {error}")))?;
        let images: Vec<ImageRef> = images.into_iter().cloned().collect();
        runtime.block_on(self.resolve_in_turn(images))
    }

    async fn resolve_in_turn(&self, images: Vec<ImageRef>) -> Result<BTreeMap<String, Resolved>, Error> {
        let progress = Progress::new(images.len());
        let mut waiting = images.into_iter();
        let mut running = JoinSet::new();
        let mut resolved = BTreeMap::new();
        loop {
            while running.len() < AT_ONCE {
                let Some(image) = waiting.next() else { break };
                let registry = self.clone();
                running.spawn(async move {
                    let outcome = registry.resolve(&image).await;
                    (image.to_string(), outcome)
                });
            }
            let Some(joined) = running.join_next().await else { return Ok(resolved) };
            let (image, outcome) = joined
                .map_err(|error| Error::new(ErrorKind::Registry, format!("an image could not be resolved: {error}")))?;
            resolved.insert(image.clone(), outcome?);
            progress.step(resolved.len(), &image);
        }
    }
}

/// Whether a host, with or without port, is this machine.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(""),
        None => host.split(':').next().unwrap_or(""),
    };
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A line on a terminal that says how far the work is; elsewhere nothing.
struct Progress {
    total: usize,
    shown: bool,
}

impl Progress {
    fn new(total: usize) -> Self {
        Self { total, shown: std::io::stderr().is_terminal() }
    }

    fn step(&self, done: usize, image: &str) {
        if self.shown {
            let name: String = image.chars().take(60).collect();
            // Nothing can be done about a terminal that went away.
            let _ = write!(std::io::stderr(), "\r\x1b[2K[{done}/{}] {name}", self.total);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[2K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn this_machine_and_others() {
        for host in ["localhost", "localhost:5000", "127.0.0.1:5000", "127.3.2.1", "[::1]:5000"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in
            ["registry.example", "localhost.example:5000", "10.0.0.1:5000", "[::2]:5000", "", "127.0.0.1.example"]
        {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
