//! `images.lock`, `evidence/` and `trust`.

use super::{CONFIG, Case};

const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

/// A workspace whose lock goes on with some text, from line 5 of its one image.
fn lock(more: &str) -> Case {
    let text = format!("version = 1\n[[image]]\nname = \"registry.example/web\"\ndigest = \"{DIGEST}\"\n{more}");
    Case::with("images.lock", text)
}

/// A lock with one file of evidence, and a pod that uses the image.
fn evidence(file: &str) -> Case {
    let hash = &DIGEST[7..];
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: shop, labels: {{app: web}}}}\nspec: {{containers: [{{name: web, image: \"registry.example/web@{DIGEST}\"}}]}}\n"
    );
    let case =
        lock(&format!("evidence = [\n  {{ kind = \"signature\", file = \"{file}\", sha256 = \"{hash}\" }},\n]\n"));
    case.and("raw/web.yaml", pod)
}

/// One error, and the known finding among whatever is found about images.
#[track_caller]
fn fails(case: &Case, kind: &str, place: &str, message: &str) {
    let outcome = case.run(&["check", "--format", "json", "--select", "rbac/", "--select", "images/"]);
    outcome.has_one_error(kind, place, message);
    assert!(outcome.policies().contains(&super::KNOWN.to_owned()), "{}", outcome.stdout);
}

#[test]
fn a_lock_that_cannot_be_read() {
    Case::with("images.lock", "version = 1\n[[image]\n").fails("lock", "images.lock:2", "is not TOML");
    Case::with("images.lock", "version = 2\n").fails("lock", "images.lock:1", "has version 2");
    Case::with("images.lock", "").fails("lock", "images.lock:1", "does not say its version");
    Case::with("images.lock", b"version = 1\n# \xff\n").fails("file", "images.lock:2", "not valid UTF-8");
    Case::with("images.lock", format!("a = {}", "[".repeat(100_000))).fails("lock", "images.lock:1", "is not TOML");
}

#[test]
fn entries_that_say_something_impossible() {
    lock("tga = \"1\"\n").fails("lock", "images.lock:5", "an image has no key `tga`");
    lock("tag = \"a b\"\n").fails("lock", "images.lock:5", "`a b` is no tag");
    lock("previous = \"sha512:00\"\n").fails("lock", "images.lock:5", "is not `sha512:` and 128");
    lock(&format!("[[image]]\nname = \"registry.example/web\"\ndigest = \"{DIGEST}\"\n")).fails(
        "lock",
        "images.lock:5",
        "locked twice, first in line 2",
    );
    lock("[[image]]\nname = \"registry.example/WEB\"\ndigest = \"x\"\n").run(&["check"]);
    let sha384 = format!("sha384:{}", "0".repeat(96));
    lock(&format!("previous = \"{sha384}\"\n")).fails("lock", "images.lock:5", "is of sha384");
}

#[test]
fn evidence_outside_its_folder() {
    for file in ["evidence/../../outside.json", "../outside.json", "/etc/passwd", "web.yaml", "evidence"] {
        fails(&evidence(file), "lock", "images.lock:6", "lies outside the folder `evidence/`");
    }
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_folder() {
    let case = evidence("evidence/web.json").linked("evidence/web.json", "/etc/hostname");
    fails(&case, "outside-workspace", "images.lock:6", "is a symbolic link out of the workspace");
}

#[test]
fn evidence_that_is_not_there_or_far_too_large() {
    fails(&evidence("evidence/web.json"), "file", "images.lock:6", "does not exist");
    let case = evidence("evidence/web.json").and("evidence/web.json", "");
    let file = std::fs::OpenOptions::new().write(true).open(case.path("evidence/web.json")).unwrap();
    file.set_len(100 << 20).unwrap();
    fails(&case, "limit", "images.lock:6", "the file has 104857600 bytes");
}

#[test]
fn trust_that_says_something_impossible() {
    for (trust, message) in [
        ("{match: [\"r.example/**\"]}", "needs `authorities`"),
        ("{authorities: [{key: k}]}", "needs `match`"),
        ("{match: [\"r.example/**\"], authorities: []}", "names nobody who may sign"),
        ("{match: [\"r.example/[\"], authorities: [{key: k}]}", "is not a glob"),
        ("{match: [a], authorities: [{kye: k}]}", ""),
        ("{match: [a], authorities: [{key: k, timestamp: required}]}", "without a trusted root"),
        ("{match: [a], authorities: [{key: k, timestamp: always}]}", "`always` is no word for `timestamp`"),
        ("{match: [a], authorities: [{key: k}], require: {vuln: {maxAge: a week}}}", "`a week` is no age"),
        ("{match: [a], authorities: [{key: k}], require: {vuln: {deny: [FATAL]}}}", "`FATAL` is no severity"),
    ] {
        let case = Case::config(&format!("trust:\n- {trust}\n"));
        if message.is_empty() {
            let outcome = case.run(&["check", "--format", "json"]);
            assert_eq!((outcome.code, outcome.errors().len()), (2, 2), "{}", outcome.stdout);
        } else {
            fails(&case, "workspace", "plimsoll.yaml:9", message);
        }
    }
}

#[test]
fn keys_and_roots_that_cannot_be_used() {
    let of = |authority: &str| {
        let config = format!("{CONFIG}trust:\n- match: [\"registry.example/**\"]\n  authorities:\n  - {authority}\n");
        evidence("evidence/web.json").and("evidence/web.json", "{}").and("plimsoll.yaml", config)
    };
    fails(&of("{key: k.pub}"), "file", "plimsoll.yaml:11", "the key `k.pub` cannot be used");
    fails(&of("{key: ../k.pub}"), "outside-workspace", "plimsoll.yaml:11", "leaves the workspace");
    let case = of("{key: k.pub}").and("k.pub", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
    fails(&case, "evidence", "plimsoll.yaml:11", "the key `k.pub` cannot be used");
    let keyless = "{keyless: {issuer: a, subject: b, root: root.json}}";
    for root in ["", "{}", "[]", "{\"mediaType\": \"x\"}"] {
        fails(
            &of(keyless).and("root.json", root),
            "evidence",
            "plimsoll.yaml:11",
            "the trusted root `root.json` cannot be used",
        );
    }
}

#[test]
fn a_reference_that_is_none_is_said_where_it_stands() {
    let case = lock("").and(
        "raw/web.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec: {containers: [{name: web, image: \"web@sha512:00\"}]}\n",
    );
    let outcome = case.run(&["check", "--select", "rbac/", "--select", "images/"]);
    assert!(outcome.flat().contains("raw/web.yaml:4") && outcome.stdout.contains("cannot be"), "{}", outcome.stdout);
}
