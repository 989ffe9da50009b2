//! `images lock` against a real registry: Debian's `docker-registry`, started for the test on loopback.
//!
//! It has no API for referrers, so what is found under the tag that stands in for it is exercised, too. The
//! images, signatures and attestations are those that `tests/make-image-fixtures.sh` made.

use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use oci_client::client::{Client, ClientConfig, ClientProtocol};
use oci_client::secrets::RegistryAuth;
use oci_client::{Reference, RegistryOperation};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::scene::{decode, sha256};
use crate::example;
use crate::run::{Run, plimsoll};

const NOW: &str = "2024-06-10T00:00:00Z";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// A registry that ends with the test.
struct Server {
    process: Child,
    host: String,
    _storage: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn on_path(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| path.is_file())
}

impl Server {
    /// A running registry; `None`, with a word about it, where there is no program for one.
    fn start() -> Option<Self> {
        let Some(program) = on_path("docker-registry") else {
            // A test that fails is read; one that is silent is not. `.ci/run` looks for these words.
            writeln!(std::io::stderr().lock(), "skipped: docker-registry").unwrap();
            return None;
        };
        let storage = TempDir::new().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let host = format!("127.0.0.1:{port}");
        let config = storage.path().join("config.yml");
        let root = storage.path().join("data");
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: '{}'}}, delete: {{enabled: true}}}}\nhttp: {{addr: '{host}'}}\n",
            root.display()
        );
        fs::write(&config, text).unwrap();
        let process = Command::new(program)
            .arg("serve")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { process, host, _storage: storage };
        let patience = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(&server.host).is_err() {
            assert!(Instant::now() < patience, "the registry does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }

    /// Pushes blobs, then a manifest under a tag or by its digest.
    fn push(&self, repository: &str, name: &str, manifest: &[u8], media_type: &str, blobs: &[Vec<u8>]) {
        let protocol = ClientProtocol::HttpsExcept(vec![self.host.clone()]);
        let client = Client::new(ClientConfig { protocol, ..ClientConfig::default() });
        let at = |name: &str| -> Reference {
            let separator = if name.starts_with("sha256:") { '@' } else { ':' };
            format!("{}/{repository}{separator}{name}", self.host).parse().unwrap()
        };
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            client.auth(&at("x"), &RegistryAuth::Anonymous, RegistryOperation::Push).await.unwrap();
            for blob in blobs {
                client.push_blob(&at("x"), blob.clone(), &format!("sha256:{}", sha256(blob))).await.unwrap();
            }
            client.push_manifest_raw(&at(name), manifest.to_vec(), media_type.parse().unwrap()).await.unwrap();
        });
    }

    /// Pushes a build of the image under a tag; gives its digest.
    fn push_image(&self, build: &str, tag: &str) -> String {
        for architecture in ["amd64", "arm64"] {
            let manifest = made(&format!("{build}-{architecture}.json"));
            let blobs = [made(&format!("{build}-{architecture}.config.json")), made("layer")];
            self.push("shop/cart", &format!("sha256:{}", sha256(&manifest)), &manifest, MANIFEST, &blobs);
        }
        let index = made(&format!("{build}.json"));
        self.push("shop/cart", tag, &index, INDEX, &[]);
        format!("sha256:{}", sha256(&index))
    }

    /// Pushes a layer from before bundles, as cosign does: an image under a tag made of the digest.
    fn push_layer(&self, digest: &str, ending: &str, file: &str) {
        let mut layer: Value = serde_json::from_slice(&made(file)).unwrap();
        let content = decode(layer["data"].as_str().unwrap());
        layer.as_object_mut().unwrap().remove("data");
        let config = b"{}".to_vec();
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "layers": [layer],
            "config": described("application/vnd.oci.image.config.v1+json", &config)});
        let tag = format!("{}.{ending}", digest.replace(':', "-"));
        self.push("shop/cart", &tag, manifest.to_string().as_bytes(), MANIFEST, &[config, content]);
    }

    /// Pushes bundles that refer to an image, and the index under the tag that stands in for the API.
    fn push_referrers(&self, digest: &str, files: &[&str]) {
        let index = made("first.json");
        let mut entries = Vec::new();
        for file in files {
            let (bundle, config) = (made(file), b"{}".to_vec());
            let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": BUNDLE,
                "config": described("application/vnd.oci.empty.v1+json", &config),
                "layers": [described(BUNDLE, &bundle)], "subject": described(INDEX, &index)})
            .to_string();
            let own = format!("sha256:{}", sha256(manifest.as_bytes()));
            self.push("shop/cart", &own, manifest.as_bytes(), MANIFEST, &[config, bundle]);
            let mut entry = described(MANIFEST, manifest.as_bytes());
            entry["artifactType"] = BUNDLE.into();
            entries.push(entry);
        }
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).to_string();
        self.push("shop/cart", &digest.replace(':', "-"), index.as_bytes(), INDEX, &[]);
    }
}

fn described(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": format!("sha256:{}", sha256(bytes)), "size": bytes.len()})
}

fn made(name: &str) -> Vec<u8> {
    fs::read(example::root().join("tests/data/images/made/registry").join(name)).unwrap()
}

/// A workspace whose two environments use one image of the registry.
struct Place {
    directory: TempDir,
    host: String,
}

impl Place {
    fn new(host: &str) -> Self {
        let place = Self { directory: TempDir::new().unwrap(), host: host.to_owned() };
        place.put(
            "plimsoll.yaml",
            &format!(
                "version: 1\nenvironments:\n  staging: {{tier: staging, manifests: [{{path: staging.yaml}}]}}\n  \
                 production: {{manifests: [{{path: production.yaml}}]}}\n\
                 trust:\n- match: [\"{host}/**\"]\n  authorities: [{{key: release.pub}}]\n  require: {{vuln: {{maxAge: 336h, deny: [CRITICAL]}}, \
                 slsa: {{builder: [\"https://builds.test.example/*@v1\"]}}}}\n"
            ),
        );
        place.put(
            "release.pub",
            &fs::read_to_string(example::root().join("tests/data/images/made/keys/release.pub")).unwrap(),
        );
        fs::create_dir(place.path(".git")).unwrap();
        place.uses("staging", "1.0.0");
        place.uses("production", "1.0.0");
        place
    }

    fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    fn put(&self, path: &str, text: &str) {
        fs::write(self.path(path), text).unwrap();
    }

    fn uses(&self, environment: &str, tag: &str) {
        let pod = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: cart, namespace: shop}}\n\
             spec: {{securityContext: {{runAsNonRoot: true}}, containers: [{{name: cart, image: \"{}/shop/cart:{tag}\"}}]}}\n",
            self.host
        );
        self.put(&format!("{environment}.yaml"), &pod);
    }

    fn lock(&self, now: &str) -> Run {
        plimsoll(self.directory.path(), &["images", "lock", "--plain-http", &self.host, "--now", now])
    }

    /// The lock and every file of evidence.
    fn written(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = vec![(PathBuf::from("images.lock"), fs::read(self.path("images.lock")).unwrap())];
        let mut folders = vec![self.path("evidence")];
        while let Some(folder) = folders.pop().filter(|folder| folder.is_dir()) {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                } else {
                    found.push((entry.path(), fs::read(entry.path()).unwrap()));
                }
            }
        }
        found.sort();
        found
    }

    fn policies(&self) -> Vec<String> {
        let run = plimsoll(self.directory.path(), &["check", "--format", "json", "--select", "images/", "--now", NOW]);
        let report = run.json();
        let findings = report["findings"].as_array().unwrap();
        findings.iter().map(|finding| finding["policy"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn images_of_a_registry_are_locked_with_everything_that_lies_beside_them() {
    let Some(server) = Server::start() else { return };
    let digest = server.push_image("first", "1.0.0");
    server.push_layer(&digest, "sig", "simple.json");
    server.push_layer(&digest, "att", "vuln.json");
    server.push_referrers(&digest, &["bundle.json", "slsa.json", "sbom.json"]);
    let place = Place::new(&server.host);
    let run = place.lock("2024-06-05T00:00:00Z").ended(0);
    assert_eq!(run.stdout, "1 images locked: 1 new, 0 of them under a tag that moved, 0 no longer used\n");
    assert_eq!(run.stderr, "", "progress is for terminals");
    let text = fs::read_to_string(place.path("images.lock")).unwrap();
    let lock = plimsoll::images::Lock::parse(&text).unwrap();
    let image = &lock.images[0];
    assert_eq!(*image.name, format!("{}/shop/cart", server.host));
    assert_eq!((image.tag.as_deref(), &*image.digest), (Some("1.0.0"), &*digest));
    assert_eq!(image.platforms.keys().collect::<Vec<_>>(), ["linux/amd64", "linux/arm64"]);
    assert_eq!(*image.platforms["linux/arm64"], format!("sha256:{}", sha256(&made("first-arm64.json"))));
    assert_eq!(image.user.as_deref(), Some("65532"));
    assert_eq!(image.seen.keys().collect::<Vec<_>>(), ["production", "staging"]);
    let kinds: Vec<&str> = image.evidence.iter().map(|evidence| evidence.kind.name()).collect();
    assert_eq!(kinds, ["signature", "signature", "vuln", "slsa"], "the other attestation is not understood");

    // What was locked verifies without the registry.
    drop(server);
    let verify = ["images", "verify", "--format", "json", "--now", NOW];
    let view = plimsoll(place.directory.path(), &verify).ended(0).json();
    for part in ["signature", "scan", "provenance"] {
        assert_eq!(view["images"][0][part]["state"], "verified", "{view:#}");
    }
    assert_eq!(place.policies(), ["images/not-pinned"]);
}

#[test]
fn what_did_not_change_is_written_the_same_and_what_changed_is_remembered() {
    let Some(server) = Server::start() else { return };
    let first = server.push_image("first", "1.0.0");
    server.push_layer(&first, "sig", "simple.json");
    let place = Place::new(&server.host);
    place.lock("2024-06-05T00:00:00Z").ended(0);
    let written = place.written();
    assert_eq!(written.len(), 2);
    place.lock("2024-06-06T00:00:00Z").ended(0);
    assert_eq!(place.written(), written);

    let second = server.push_image("second", "1.0.0");
    let run = place.lock("2024-06-07T00:00:00Z").ended(0);
    assert!(run.stdout.contains("1 new, 1 of them under a tag that moved"), "{}", run.stdout);
    let lock = plimsoll::images::Lock::parse(&fs::read_to_string(place.path("images.lock")).unwrap()).unwrap();
    assert_eq!((&*lock.images[0].digest, lock.images[0].previous.as_deref()), (&*second, Some(&*first)));
    assert_eq!(place.written().len(), 1, "evidence that nothing names is gone");
    let policies = place.policies();
    for policy in ["images/tag-moved", "images/unsigned", "images/user-mismatch", "images/vulnerable"] {
        assert!(policies.contains(&policy.to_owned()), "{policy}: {policies:?}");
    }

    // Production goes back to a build that staging never ran.
    server.push_image("first", "1.0.1");
    place.uses("production", "1.0.1");
    place.lock("2024-06-08T00:00:00Z").ended(0);
    assert!(place.policies().contains(&"images/not-promoted".to_owned()));
}

#[test]
fn a_failure_leaves_everything_as_it_was() {
    let Some(server) = Server::start() else { return };
    let digest = server.push_image("first", "1.0.0");
    server.push_layer(&digest, "sig", "simple.json");
    let place = Place::new(&server.host);
    place.lock("2024-06-05T00:00:00Z").ended(0);
    let written = place.written();
    let unchanged = |run: Run, message: &str| {
        let run = run.ended(2);
        assert!(run.stderr.contains(message), "{}", run.stderr);
        assert_eq!(place.written(), written);
    };
    // One image is not there; the other has changed meanwhile.
    server.push_image("second", "1.0.0");
    place.uses("production", "9.9.9");
    unchanged(place.lock(NOW), "the registry does not have it");
    // What cannot be rendered may use other images.
    place.put("production.yaml", "a: [\n");
    unchanged(place.lock(NOW), "not all images are known");
    place.put(
        "production.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: 'A B'}]}\n",
    );
    unchanged(place.lock(NOW), "cannot be pulled");
    place.uses("production", "1.0.0");
    // Without leave nothing is asked for in the clear.
    unchanged(plimsoll(place.directory.path(), &["images", "lock"]), "cannot be resolved");
    unchanged(
        plimsoll(place.directory.path(), &["images", "lock", "--plain-http", "registry.example"]),
        "`registry.example` is not on this machine",
    );
    drop(server);
    unchanged(place.lock(NOW), "cannot be resolved");
}

#[cfg(unix)]
#[test]
fn nothing_is_written_outside_the_workspace() {
    let Some(server) = Server::start() else { return };
    let digest = server.push_image("first", "1.0.0");
    server.push_layer(&digest, "sig", "simple.json");
    let place = Place::new(&server.host);
    let outside = TempDir::new().unwrap();
    std::os::unix::fs::symlink(outside.path(), place.path("evidence")).unwrap();
    let run = place.lock(NOW).ended(2);
    assert!(run.stderr.contains("cannot be written"), "{}", run.stderr);
    assert!(!place.path("images.lock").exists());
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}
