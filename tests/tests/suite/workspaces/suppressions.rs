//! Suppressions: applied, over, and needed by nothing.

use plimsoll::{Linter, Moment};

use super::listed;
use crate::example::{Texts, check_workspace, open, texts};

const POLICY: &str = "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: cart, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
    - to:
        - ipBlock: {cidr: 0.0.0.0/0, except: [169.254.0.0/16]}
";

const OPEN: &str = "network/open-egress";

fn workspace(suppression: &str) -> Texts {
    let config = format!(
        "version: 1
environments:
  staging: {{manifests: [{{path: cart.yaml}}]}}
  production: {{manifests: [{{path: cart.yaml}}]}}
suppressions:
  - policy: network/open-egress
    object: shop/NetworkPolicy/cart
    reason: card network by IP
    owner: payments
    expires: 2027-03-31
{suppression}"
    );
    texts(&[("plimsoll.yaml", &config), ("cart.yaml", POLICY)])
}

#[test]
fn it_takes_the_finding_out_until_the_end_of_its_day() {
    for now in ["2026-11-01T00:00:00Z", "2027-03-31T23:59:59Z"] {
        let report = check_workspace(&open(&workspace("")), now);
        assert_eq!(listed(&report), Vec::<String>::new(), "{now}");
        assert_eq!(report.summary().suppressed, 1);
    }
}

#[test]
fn expired_it_hides_nothing_and_is_an_error_itself() {
    let report = check_workspace(&open(&workspace("")), "2027-04-01T00:00:00Z");
    assert_eq!(
        listed(&report),
        [
            "suppression/expired [staging, production] plimsoll.yaml:6",
            "network/open-egress [staging, production] cart.yaml:9",
        ]
    );
    assert_eq!((report.summary().errors, report.summary().suppressed), (1, 0));
    assert!(report.findings()[0].message.contains("2027-03-31"), "{}", report.findings()[0].message);
}

#[test]
fn it_holds_where_it_says() {
    let report = check_workspace(&open(&workspace("    environments: [production]\n")), "2026-11-01T00:00:00Z");
    assert_eq!(listed(&report), ["network/open-egress [staging] cart.yaml:9"]);
    assert_eq!(report.findings()[0].occurrences.len(), 1);
}

#[test]
fn one_that_nothing_needs_is_a_warning_in_a_full_run_only() {
    let second = "  - {policy: rbac/wildcard, object: shop/Role/cart, reason: r, owner: o, expires: 2027-03-31}\n";
    let workspace = open(&workspace(second));
    let now = Moment::parse("2026-11-01T00:00:00Z").unwrap();
    let linter = || Linter::for_workspace(&workspace).unwrap().now(now);
    let unused = ["suppression/unused [staging, production] plimsoll.yaml:11"];
    assert_eq!(listed(&linter().check(&workspace.render_all())), unused);
    let selected = linter().select(&[OPEN]).unwrap();
    assert_eq!(listed(&selected.check(&workspace.render_all())), Vec::<String>::new());
    let one = workspace.render(&["staging"], &plimsoll::rendered::Overrides::default()).unwrap();
    assert_eq!(listed(&linter().check(&one)), Vec::<String>::new());
}

#[test]
fn it_must_name_a_policy_there_is() {
    let second = "  - {policy: rbac/wildcart, object: shop/Role/cart, reason: r, owner: o, expires: 2027-03-31}\n";
    let report = check_workspace(&open(&workspace(second)), "2026-11-01T00:00:00Z");
    let error = &report.errors()[0];
    assert_eq!(error.to_string(), "plimsoll.yaml:11:14: there is no policy `rbac/wildcart`");
    assert_eq!(error.help(), Some("did you mean `rbac/wildcard`?"));
}

/// An object is the same wherever its release stands, and has its own namespace's name in one environment besides.
#[test]
fn it_names_an_object_by_the_shared_namespace_or_by_its_own() {
    for (object, left) in [
        ("shop/NetworkPolicy/cart", None),
        ("shop-stg/NetworkPolicy/cart", Some("network/open-egress [production] chart/templates/cart.yaml:9")),
        ("cart/NetworkPolicy/cart", Some("network/open-egress [staging, production] chart/templates/cart.yaml:9")),
    ] {
        let config = format!(
            "version: 1
environments: {{staging: {{}}, production: {{}}}}
releases: [{{name: cart, chart: chart, namespace: {{default: shop, staging: shop-stg}}}}]
suppressions:
  - {{policy: {OPEN}, object: {object}, reason: card network by IP, owner: payments, expires: 2027-03-31}}
"
        );
        let policy = POLICY.replace(", namespace: shop", "");
        let workspace = open(&texts(&[
            ("plimsoll.yaml", &config),
            ("chart/Chart.yaml", "apiVersion: v2\nname: cart\nversion: 1.0.0\n"),
            ("chart/templates/cart.yaml", &policy),
        ]));
        let report = check_workspace(&workspace, "2026-11-01T00:00:00Z");
        let found: Vec<String> = listed(&report).into_iter().filter(|line| line.starts_with(OPEN)).collect();
        assert_eq!(found, left.iter().map(ToString::to_string).collect::<Vec<_>>(), "{object}");
    }
}
