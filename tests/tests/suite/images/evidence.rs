//! Genuine signatures, scans and provenance, and everything that must not pass for them.
//!
//! The files of `tests/data/images/made` are made with openssl by `tests/make-image-fixtures.sh`. Every case is
//! tried twice: with the hash that was locked, and with the hash recomputed, so that only what is signed
//! can tell.

use plimsoll::images::{Known, VerdictState};
use plimsoll::view::images::ImagesView;
use plimsoll::{Moment, Rendered};
use serde_json::Value;

use super::scene::{self, Scene};

const NOW: &str = "2024-06-10T00:00:00Z";

/// Trust by key alone, with a timestamp, and with a log entry.
const KEY: &str = "{key: keys/release.pub}";
const STAMPED: &str = "{key: keys/release.pub, root: keys/root.json, timestamp: required}";
const LOGGED: &str = "{key: keys/release.pub, root: keys/root.json, log: required}";

fn keyless(subject: &str, issuer: &str, root: &str, more: &str) -> String {
    format!("{{keyless: {{issuer: \"{issuer}\", subject: \"{subject}\", root: {root}}}{more}}}")
}

fn workflow(more: &str) -> String {
    keyless(
        "https://git.test.example/shop/cart/.github/workflows/release.yml@refs/tags/v*",
        "https://accounts.test.example",
        "keys/root.json",
        more,
    )
}

/// Each accepted shape of a signature, and who made it.
fn shapes() -> Vec<(&'static str, String)> {
    let unlogged = workflow(", log: optional");
    vec![
        ("simple-key", KEY.to_owned()),
        ("simple-key-timestamp", STAMPED.to_owned()),
        ("simple-key-log", LOGGED.to_owned()),
        ("simple-keyless", workflow("")),
        ("simple-keyless-timestamp", unlogged.clone()),
        ("bundle-key", KEY.to_owned()),
        ("bundle-key-timestamp", STAMPED.to_owned()),
        ("bundle-key-log", LOGGED.to_owned()),
        ("bundle-keyless", workflow("")),
        ("bundle-keyless-timestamp", unlogged),
    ]
}

fn known(scene: &Scene, now: &str) -> Known {
    let workspace = scene.open();
    let rendered: Rendered = workspace.render_all();
    assert_eq!(rendered.errors(), []);
    let view = ImagesView::new(&rendered, Some(Moment::parse(now).unwrap()));
    assert_eq!(view.errors, []);
    view.images[0].known.clone()
}

fn signature(scene: &Scene) -> (VerdictState, String) {
    let verdict = known(scene, NOW).signature.unwrap();
    (verdict.state, verdict.reason)
}

fn signed(name: &str, authority: &str) -> Scene {
    Scene::new(authority).with("signature", name, scene::made(name))
}

#[track_caller]
fn refused(scene: &Scene, case: &str) {
    let (state, reason) = signature(scene);
    assert!(matches!(state, VerdictState::Rejected | VerdictState::Unknown), "{case}: {state:?} {reason}");
}

#[test]
fn every_accepted_shape_is_accepted() {
    for (shape, authority) in shapes() {
        let (state, reason) = signature(&signed(shape, &authority));
        assert_eq!(state, VerdictState::Verified, "{shape}: {reason}");
    }
}

#[test]
fn signatures_by_others_are_rejected() {
    let somebody = "https://accounts.test.example";
    for (shape, authority) in shapes() {
        let others = if shape.contains("keyless") {
            let log = if shape.ends_with("timestamp") { ", log: optional" } else { "" };
            vec![
                keyless("https://git.test.example/shop/cart/*", somebody, "keys/root.json", log),
                keyless("https://git.test.example/**", "https://accounts.other.example", "keys/root.json", log),
                keyless("https://git.test.example/**", somebody, "keys/root-other.json", log),
                KEY.to_owned(),
            ]
        } else {
            vec![authority.replace("release.pub", "other.pub"), workflow("")]
        };
        for other in others {
            let (state, reason) = signature(&signed(shape, &other));
            assert_eq!(state, VerdictState::Rejected, "{shape} under {other}: {reason}");
        }
    }
}

#[test]
fn logs_and_timestamps_of_others_are_rejected() {
    for (shape, authority) in shapes() {
        if authority.contains("root.json") && !shape.contains("keyless") {
            let (state, reason) = signature(&signed(shape, &authority.replace("root.json", "root-other.json")));
            assert_eq!(state, VerdictState::Rejected, "{shape}: {reason}");
        }
    }
    // Expired: the authority of the timestamp, the certificate, the key.
    for shape in ["simple-key-timestamp", "bundle-key-timestamp"] {
        let (state, reason) = signature(&signed(shape, &STAMPED.replace("root.json", "root-ended.json")));
        assert_eq!(state, VerdictState::Rejected, "{shape}: {reason}");
    }
    for shape in ["expired-simple-keyless", "expired-bundle-keyless"] {
        let (state, reason) = signature(&signed(shape, &workflow("")));
        assert_eq!(state, VerdictState::Rejected, "{shape}: {reason}");
    }
    for (shape, authority) in shapes() {
        let ended = authority.strip_suffix('}').unwrap().to_owned() + ", until: 2024-06-09}";
        let (state, reason) = signature(&signed(shape, &ended));
        assert_eq!(state, VerdictState::Rejected, "{shape}: {reason}");
        assert!(reason.contains("counted until 2024-06-09"), "{reason}");
    }
}

#[test]
fn a_missing_timestamp_or_log_entry_is_rejected() {
    for (shape, authority) in [
        ("simple-key", STAMPED.to_owned()),
        ("bundle-key", STAMPED.to_owned()),
        ("simple-key", LOGGED.to_owned()),
        ("bundle-key", LOGGED.to_owned()),
        ("simple-key-timestamp", LOGGED.to_owned()),
        ("bundle-key-timestamp", LOGGED.to_owned()),
        ("simple-keyless-timestamp", workflow("")),
        ("bundle-keyless-timestamp", workflow("")),
        ("untimed-simple-keyless", workflow("")),
        ("untimed-bundle-keyless", workflow("")),
        ("untimed-simple-keyless", workflow(", log: optional")),
        ("untimed-bundle-keyless", workflow(", log: optional")),
    ] {
        let (state, reason) = signature(&signed(shape, &authority));
        assert_eq!(state, VerdictState::Rejected, "{shape} under {authority}: {reason}");
    }
}

#[test]
fn evidence_for_another_image_is_rejected() {
    for (shape, authority) in shapes() {
        for scene in [
            // A genuine signature of another image, beside this one.
            signed(&format!("for-another-image-{shape}"), &authority),
            // A genuine signature of this image, beside another digest.
            signed(shape, &authority).of_digest(&scene::digest("other")),
        ] {
            let known = known(&scene, NOW);
            let verdict = known.signature.unwrap();
            assert_eq!(verdict.state, VerdictState::Rejected, "{shape}: {}", verdict.reason);
            assert!(verdict.reason.contains("is about another image"), "{}", verdict.reason);
            assert_eq!(known.mismatches.len(), 1, "{shape}");
        }
    }
}

/// Swaps the digest inside whatever is signed, so that the claim is about the other image.
fn retold(bytes: &[u8]) -> Vec<u8> {
    let (from, to) = (scene::digest("cart"), scene::digest("other"));
    let mut root: Value = serde_json::from_slice(bytes).unwrap();
    if let Some(payload) = root.pointer_mut("/dsseEnvelope/payload") {
        *payload =
            scene::encode(&scene::replaced(&scene::decode(payload.as_str().unwrap()), &from[7..], &to[7..])).into();
    } else {
        let data = scene::decode(root["data"].as_str().unwrap());
        let data = match serde_json::from_slice::<Value>(&data).unwrap() {
            mut envelope if envelope.get("payload").is_some() => {
                let payload = scene::decode(envelope["payload"].as_str().unwrap());
                envelope["payload"] = scene::encode(&scene::replaced(&payload, &from[7..], &to[7..])).into();
                envelope.to_string().into_bytes()
            }
            _ => scene::replaced(&data, &from[7..], &to[7..]),
        };
        root["digest"] = format!("sha256:{}", scene::sha256(&data)).into();
        root["data"] = scene::encode(&data).into();
    }
    root.to_string().into_bytes()
}

#[test]
fn a_payload_that_was_changed_is_rejected() {
    for (shape, authority) in shapes() {
        let changed = retold(&scene::made(shape));
        let whole = signed(shape, &authority).of_digest(&scene::digest("other"));
        // The hash of the genuine file, and that of the changed one.
        let (state, reason) = signature(&whole.clone().rewritten(shape, &changed));
        assert_eq!(state, VerdictState::Rejected, "{shape}: {reason}");
        assert!(reason.contains("has another sha256"), "{reason}");
        let (state, reason) = signature(&whole.with("signature", shape, changed));
        assert_eq!(state, VerdictState::Rejected, "{shape}: {reason}");
        assert!(
            !reason.contains("sha256") && !reason.contains("another image"),
            "only the signature can tell: {reason}"
        );
    }
}

#[test]
fn a_signature_that_was_changed_is_rejected() {
    for (shape, authority) in shapes() {
        let mut root: Value = serde_json::from_slice(&scene::made(shape)).unwrap();
        let at = if shape.starts_with("simple") {
            "/annotations/dev.cosignproject.cosign~1signature"
        } else {
            "/dsseEnvelope/signatures/0/sig"
        };
        let place = root.pointer_mut(at).unwrap();
        let mut bytes = scene::decode(place.as_str().unwrap());
        *bytes.last_mut().unwrap() ^= 1;
        *place = scene::encode(&bytes).into();
        let changed = root.to_string().into_bytes();
        refused(&signed(shape, &authority).rewritten(shape, &changed), shape);
        refused(&signed(shape, &authority).with("signature", shape, changed), shape);
    }
}

#[test]
fn a_truncated_file_is_rejected() {
    for (shape, authority) in shapes() {
        let whole = scene::made(shape);
        for length in [0, 1, whole.len() / 2, whole.len() - 3] {
            let cut = whole[..length].to_vec();
            refused(&signed(shape, &authority).rewritten(shape, &cut), shape);
            let scene = signed(shape, &authority).with("signature", shape, cut);
            refused(&scene, shape);
            assert_eq!(known(&scene, NOW).mismatches.len(), 1, "{shape}");
        }
    }
}

#[test]
fn what_is_not_understood_is_unknown() {
    for name in ["unknown-predicate", "unknown-predicate-layer", "unknown-simple", "slsa", "vuln-trivy"] {
        let (state, reason) = signature(&signed(name, KEY));
        assert_eq!(state, VerdictState::Unknown, "{name}: {reason}");
    }
    for text in ["{}", "[]", "null", "{\"mediaType\": \"application/json\"}"] {
        let scene = Scene::new(KEY).with("signature", "x", text.as_bytes().to_vec());
        assert_eq!(signature(&scene).0, VerdictState::Unknown, "{text}");
    }
    // One that holds is enough, whatever lies beside it.
    let scene = signed("unknown-simple", KEY).with("signature", "simple-key", scene::made("simple-key"));
    assert_eq!(signature(&scene).0, VerdictState::Verified);
}

#[test]
fn what_third_parties_saw_after_the_moment_is_rejected() {
    for shape in ["simple-key-timestamp", "bundle-key-timestamp"] {
        let verdict = known(&signed(shape, STAMPED), "2024-05-31T00:00:00Z").signature.unwrap();
        assert_eq!(verdict.state, VerdictState::Rejected, "{shape}");
        assert!(verdict.reason.contains("after the moment"), "{}", verdict.reason);
    }
}

#[test]
fn without_a_signature_or_an_entry_it_is_missing() {
    assert_eq!(signature(&Scene::new(KEY)).0, VerdictState::Missing);
    let (state, reason) = signature(&Scene::new(KEY).without_lock());
    assert_eq!(state, VerdictState::Missing);
    assert!(reason.contains("there is no images.lock"), "{reason}");
}

/// What is demanded of scans, and of builds.
const VULN: &str = "{vuln: {maxAge: 336h, deny: [CRITICAL, \"HIGH+fixable\"]}}";
const SLSA: &str =
    "{slsa: {builder: [\"https://builds.test.example/*@v1\"], source: [\"https://git.test.example/shop/*\"]}}";

fn scanned(name: &str) -> Scene {
    Scene::new(KEY).requiring(VULN).with("vuln", name, scene::made(name))
}

fn built(name: &str) -> Scene {
    Scene::new(KEY).requiring(SLSA).with("slsa", name, scene::made(name))
}

#[test]
fn scans_of_both_scanners_in_both_shapes_are_accepted() {
    for name in ["vuln-trivy", "vuln-trivy-layer", "vuln-trivy-timestamp", "vuln-grype"] {
        let verdict = known(&scanned(name), NOW).scan.unwrap();
        assert_eq!(verdict.state, VerdictState::Verified, "{name}: {}", verdict.reason);
    }
}

#[test]
fn scans_that_say_the_wrong_thing_do_not_count() {
    for (name, state, reason) in [
        ("vuln-trivy-high", VerdictState::Denied, "its scan found 1 vulnerability that is not accepted"),
        ("vuln-grype-high", VerdictState::Denied, "its scan found 1 vulnerability that is not accepted"),
        ("vuln-trivy-by-other", VerdictState::Rejected, "was not signed by key keys/release.pub"),
        ("vuln-for-another-image", VerdictState::Rejected, "is about another image"),
        ("vuln-zero-time", VerdictState::Rejected, "which is nobody's time"),
        ("vuln-tomorrow", VerdictState::Rejected, "after the moment that is checked for"),
        ("vuln-unknown-scanner", VerdictState::Unknown, "neither Trivy's nor Grype's"),
        ("unknown-predicate", VerdictState::Unknown, "speaks of `https://test.example/approved/v1`"),
        ("bundle-key", VerdictState::Unknown, "speaks of `https://sigstore.dev/cosign/sign/v1`"),
    ] {
        let verdict = known(&scanned(name), NOW).scan.unwrap();
        assert_eq!(verdict.state, state, "{name}: {}", verdict.reason);
        assert!(verdict.reason.contains(reason), "{name}: {}", verdict.reason);
    }
    let verdict = known(&scanned("vuln-trivy-high"), NOW).scan.unwrap();
    assert_eq!(verdict.witness, ["HIGH CVE-2023-4911 in libc6 2.36-9, fixed in 2.36-9+deb12u3"]);
    let missing = known(&Scene::new(KEY).requiring(VULN), NOW).scan.unwrap();
    assert_eq!(missing.state, VerdictState::Missing);
}

#[test]
fn a_scan_grows_old() {
    for (now, state) in [
        ("2024-06-01T09:00:00Z", VerdictState::Verified),
        ("2024-06-15T09:00:00Z", VerdictState::Verified),
        ("2024-06-15T09:00:01Z", VerdictState::Stale),
        ("2024-06-01T08:59:59Z", VerdictState::Rejected),
    ] {
        let verdict = known(&scanned("vuln-trivy"), now).scan.unwrap();
        assert_eq!(verdict.state, state, "{now}: {}", verdict.reason);
    }
    // Without a moment nobody knows how old it is.
    let rendered = scanned("vuln-trivy").open().render_all();
    let verdict = ImagesView::new(&rendered, None).images[0].known.scan.clone().unwrap();
    assert_eq!(verdict.state, VerdictState::Unknown, "{}", verdict.reason);
}

#[test]
fn of_each_scanner_the_last_scan_counts() {
    let both = scanned("vuln-trivy").with("vuln", "vuln-grype-high", scene::made("vuln-grype-high"));
    assert_eq!(known(&both, NOW).scan.unwrap().state, VerdictState::Denied);
}

#[test]
fn provenance_of_both_versions_is_accepted_and_of_others_rejected() {
    for name in ["slsa", "slsa-v02-layer"] {
        let verdict = known(&built(name), NOW).provenance.unwrap();
        assert_eq!(verdict.state, VerdictState::Verified, "{name}: {}", verdict.reason);
    }
    let keyless = Scene::new(&workflow("")).requiring(SLSA).with("slsa", "x", scene::made("slsa-keyless"));
    assert_eq!(known(&keyless, NOW).provenance.unwrap().state, VerdictState::Verified);
    for (scene, state) in [
        (built("slsa-by-other"), VerdictState::Rejected),
        (built("slsa-for-another-image"), VerdictState::Rejected),
        (built("unknown-predicate"), VerdictState::Unknown),
        (built("slsa").requiring("{slsa: {builder: [\"https://builds.other.example/**\"]}}"), VerdictState::Denied),
        (built("slsa").requiring("{slsa: {source: [\"https://git.test.example/other/*\"]}}"), VerdictState::Denied),
        (built("slsa").rewritten("slsa", &scene::made("slsa-by-other")), VerdictState::Rejected),
        (Scene::new(KEY).requiring(SLSA), VerdictState::Missing),
    ] {
        let verdict = known(&scene, NOW).provenance.unwrap();
        assert_eq!(verdict.state, state, "{}", verdict.reason);
    }
}

#[test]
fn attestations_that_were_changed_or_cut_are_rejected() {
    for name in ["vuln-trivy", "vuln-trivy-layer", "vuln-grype", "slsa", "slsa-v02-layer"] {
        let (kind, require) = if name.starts_with("vuln") { ("vuln", VULN) } else { ("slsa", SLSA) };
        let verdict = |scene: &Scene| {
            let known = known(scene, NOW);
            known.scan.or(known.provenance).unwrap()
        };
        let scene = Scene::new(KEY).requiring(require).of_digest(&scene::digest("other"));
        let changed = verdict(&scene.clone().with(kind, name, retold(&scene::made(name))));
        assert_eq!(changed.state, VerdictState::Rejected, "{name}: {}", changed.reason);
        assert!(changed.reason.contains("was not signed by"), "only the signature can tell: {}", changed.reason);
        let whole = scene::made(name);
        let cut = verdict(&scene.with(kind, name, whole[..whole.len() - 9].to_vec()));
        assert_eq!(cut.state, VerdictState::Rejected, "{name}: {}", cut.reason);
    }
}

/// A bundle from the staging instance of Sigstore, and one from the public instance.
#[test]
fn real_bundles_hold_for_whom_they_were_made() {
    let public =
        |name: &str| std::fs::read(crate::example::root().join("tests/data/images/public").join(name)).unwrap();
    let github = "https://token.actions.githubusercontent.com";
    let beacon = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/**";
    let digest = "sha256:a0cfc71271d6e278e57cd332ff957c3f7043fdda354c4cbb190a30d56efa01bf";
    let require = "{slsa: {builder: [\"https://github.com/sigstore-conformance/*\"]}}";
    let scene = |subject: &str, issuer: &str, root: &str| {
        Scene::new(&keyless(subject, issuer, root, ""))
            .requiring(require)
            .of_digest(digest)
            .with("slsa", "real", public("slsa-staging.sigstore.json"))
            .file("keys/staging.json", public("staging-root.json"))
            .file("keys/public.json", public("public-good-root.json"))
    };
    let provenance = |scene: &Scene| known(scene, "2026-06-01T00:00:00Z").provenance.unwrap();
    let verdict = provenance(&scene(beacon, github, "keys/staging.json"));
    assert_eq!(verdict.state, VerdictState::Verified, "{}", verdict.reason);
    for other in [
        scene("https://github.com/somebody/**", github, "keys/staging.json"),
        scene(beacon, "https://accounts.google.com", "keys/staging.json"),
        scene(beacon, github, "keys/public.json"),
        scene(beacon, github, "keys/staging.json").of_digest(&scene::digest("cart")),
    ] {
        let verdict = provenance(&other);
        assert_eq!(verdict.state, VerdictState::Rejected, "{}", verdict.reason);
    }
    let conda = Scene::new(&keyless("https://github.com/prefix-dev/**", github, "keys/public.json", ""))
        .of_digest("sha256:54303491a8418fbed24344b513546182c29b43bf282ceb433af65e2299f9271f")
        .with("signature", "real", public("conda-attestation.sigstore.json"))
        .file("keys/public.json", public("public-good-root.json"));
    let verdict = known(&conda, "2026-06-01T00:00:00Z").signature.unwrap();
    assert_eq!(verdict.state, VerdictState::Unknown, "{}", verdict.reason);
}

#[test]
fn one_cause_is_one_finding_unless_nobody_else_speaks_of_it() {
    let scene = Scene::new(KEY).requiring(VULN).of_digest(&scene::digest("other"));
    let check = |select: &[&str]| {
        let workspace = scene.clone().file("images.lock", b"version = 1\n".to_vec()).open();
        let linter = plimsoll::Linter::for_workspace(&workspace).unwrap().now(Moment::parse(NOW).unwrap());
        let report = linter.select(select).unwrap().check(&workspace.render_all());
        report.findings().iter().map(|finding| finding.policy.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(check(&["images/"]), ["images/not-locked"]);
    assert_eq!(check(&["images/unsigned", "images/vulnerable"]), ["images/unsigned", "images/vulnerable"]);
}
