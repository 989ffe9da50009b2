//! In a directory of plain manifests.

use std::fs;

use super::Repository;
use crate::example::texts;

fn role(name: &str) -> String {
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: {name}, namespace: shop}}
rules: [{{apiGroups: [''], resources: [pods], verbs: ['*']}}]\n"
    )
}

const BINDING: &str =
    "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: b, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: missing}
subjects: [{kind: User, apiGroup: rbac.authorization.k8s.io, name: somebody}]\n";

const A: &str = "rbac/wildcard [default] a";
const JOIN: &str = "rbac/dangling-reference [default] b";

#[test]
fn a_manifest_is_touched_by_itself_and_joins_by_all() {
    let files =
        [("k8s/a.yaml", &*role("a")), ("k8s/b.yaml", &*role("b")), ("k8s/binding.yaml", BINDING), ("x.yaml", "a: b\n")];
    let repository = Repository::new("", &texts(&files));
    let since = |revision: &str| {
        let args = ["k8s", "--changed-since", revision, "--format", "json", "--fail-on", "never"];
        super::found(&repository.check(&args).ended(0).json())
    };
    assert_eq!(since("before"), (Vec::new(), 3));
    repository.touch("x.yaml");
    assert_eq!(since("before"), (Vec::new(), 3));
    repository.touch("k8s/a.yaml");
    assert_eq!(since("before"), (vec![JOIN.to_owned(), A.to_owned()], 1));
    repository.undo();
    repository.put("k8s/new file é.yaml", role("c"));
    assert_eq!(since("before").0, [JOIN, "rbac/wildcard [default] c"]);
    repository.undo();
    fs::remove_file(repository.path("x.yaml")).unwrap();
    assert_eq!(since("before"), (Vec::new(), 3));
    // What it was for is not known any more.
    fs::remove_file(repository.path("k8s/b.yaml")).unwrap();
    assert_eq!(since("before").1, 0);
}
