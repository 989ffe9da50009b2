//! Verifying what is locked: five hundred images, each signed and scanned on its own, used by three
//! environments.
//!
//! Half of the signatures are of the time before bundles, half are bundles; every scan is a bundle.

use std::fmt::Write as _;
use std::hint::black_box;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};
use plimsoll::files::Files;
use plimsoll::view::images::ImagesView;
use plimsoll::workspace::OpenOptions;
use plimsoll::{Linter, Moment, Rendered, Workspace};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sigstore_verify::crypto::KeyPair;

const IMAGES: usize = 500;
const NOW: &str = "2026-06-10";

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn sign(key: &KeyPair, bytes: &[u8]) -> String {
    key.sign(bytes).expect("a fresh key signs").to_base64()
}

fn bundle(key: &KeyPair, digest: &str, predicate_type: &str, predicate: &Value) -> String {
    let statement = json!({"_type": "https://in-toto.io/Statement/v1", "subject": [{"digest": {"sha256": digest}}],
        "predicateType": predicate_type, "predicate": predicate})
    .to_string();
    let pae = format!("DSSEv1 28 application/vnd.in-toto+json {} {statement}", statement.len());
    json!({"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "verificationMaterial": {"publicKey": {"hint": ""}},
        "dsseEnvelope": {"payload": STANDARD.encode(&statement), "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"sig": sign(key, pae.as_bytes())}]}})
    .to_string()
}

fn simple(key: &KeyPair, digest: &str) -> String {
    let payload = json!({"critical": {"identity": {"docker-reference": ""}, "type": "cosign container image signature",
        "image": {"docker-manifest-digest": format!("sha256:{digest}")}}, "optional": null})
    .to_string();
    json!({"mediaType": "application/vnd.dev.cosign.simplesigning.v1+json", "digest": format!("sha256:{}", sha256(payload.as_bytes())),
        "annotations": {"dev.cosignproject.cosign/signature": sign(key, payload.as_bytes())}, "data": STANDARD.encode(&payload)})
    .to_string()
}

/// Trivy's report on an image with a hundred vulnerabilities that are accepted.
fn scan() -> Value {
    let found: Vec<Value> = (0..100)
        .map(|number| {
            json!({"VulnerabilityID": format!("CVE-2026-{number:04}"), "PkgName": "libc6", "InstalledVersion": "2.36-9",
                "Severity": "LOW", "Title": "a sentence about it that nobody reads here", "Description": "x".repeat(200)})
        })
        .collect();
    json!({"scanner": {"uri": "pkg:github/aquasecurity/trivy@0.66.0", "result":
            {"SchemaVersion": 2, "Results": [{"Target": "debian", "Vulnerabilities": found}]}},
        "metadata": {"scanStartedOn": "2026-06-09T00:00:00Z", "scanFinishedOn": "2026-06-09T00:00:00Z"}})
}

fn workspace() -> Workspace {
    let key = KeyPair::generate_ecdsa_p256().expect("this machine has random numbers");
    let public = key.public_key_der().expect("a fresh key has a public half").to_pem();
    let mut lock = "version = 1\n".to_owned();
    let mut pods = String::new();
    let mut files = vec![("trust/key.pub".to_owned(), public)];
    let scan = scan();
    for number in 0..IMAGES {
        let digest = sha256(number.to_string().as_bytes());
        let signature = if number % 2 == 0 {
            simple(&key, &digest)
        } else {
            bundle(&key, &digest, "https://sigstore.dev/cosign/sign/v1", &json!({}))
        };
        let vuln = bundle(&key, &digest, "https://cosign.sigstore.dev/attestation/vuln/v1", &scan);
        let _ = write!(
            lock,
            "[[image]]\nname = \"registry.example/shop/s{number}\"\ntag = \"1\"\ndigest = \"sha256:{digest}\"\nevidence = [\n"
        );
        for (kind, text) in [("signature", signature), ("vuln", vuln)] {
            let file = format!("evidence/{digest}/{kind}.json");
            let _ =
                writeln!(lock, "{{ kind = \"{kind}\", file = \"{file}\", sha256 = \"{}\" }},", sha256(text.as_bytes()));
            files.push((file, text));
        }
        lock.push_str("]\n");
        let _ = write!(
            pods,
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: s{number}, namespace: shop}}\n\
             spec: {{containers: [{{name: s, image: \"registry.example/shop/s{number}:1@sha256:{digest}\"}}]}}\n"
        );
    }
    let config = "version: 1\nenvironments:\n  staging: {tier: staging, manifests: [{path: pods.yaml}]}\n  \
         production: {manifests: [{path: pods.yaml}]}\n  dr: {tier: dr, mirrors: production, manifests: [{path: pods.yaml}]}\n\
         trust: [{match: [\"registry.example/**\"], authorities: [{key: trust/key.pub}], require: {vuln: {maxAge: 7d, deny: [CRITICAL]}}}]\n";
    files.extend([
        ("plimsoll.yaml".to_owned(), config.to_owned()),
        ("images.lock".to_owned(), lock),
        ("pods.yaml".to_owned(), pods),
    ]);
    let files = Files::memory(files.into_iter().map(|(path, text)| (path, text.into_bytes())));
    Workspace::from_files(files, &OpenOptions::default()).expect("the workload is a workspace")
}

fn now() -> Moment {
    Moment::parse(NOW).expect("a date is a moment")
}

fn verified(rendered: &Rendered) -> usize {
    let view = ImagesView::new(rendered, Some(now()));
    view.images.iter().filter(|image| image.good).count()
}

fn images(criterion: &mut Criterion) {
    let workspace = workspace();
    let rendered = workspace.render_all();
    // A bench of signatures that do not hold would measure something else.
    assert_eq!(verified(&rendered), IMAGES);
    let linter = Linter::for_workspace(&workspace).and_then(|linter| linter.now(now()).select(&["images/"]));
    let linter = linter.expect("the built-in policies load");
    let mut group = criterion.benchmark_group("images");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group.bench_function("verify 500", |bencher| bencher.iter(|| black_box(verified(&rendered))));
    group.bench_function("check 500", |bencher| bencher.iter(|| black_box(linter.check(&rendered))));
    group.finish();
}

criterion_group!(benches, images);
criterion_main!(benches);
