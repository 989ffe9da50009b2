//! Workloads as ends, and the listing.

use super::*;
use crate::facts::network::Endpoint;

#[test]
fn pods_are_named_by_what_owns_them() {
    let pod = |name: &str, owner: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: a, ownerReferences: [{owner}]}}\n\
             spec: {{containers: []}}\n"
        )
    };
    let text = [
        pod("web-1", "{kind: ReplicaSet, name: web-5c9, controller: true}"),
        pod("web-2", "{kind: Other, name: other}, {kind: ReplicaSet, name: web-5c9, controller: true}"),
        pod("loose", ""),
        pod("kept", "{kind: ConfigMap, name: anchor}"),
        pod("odd", "{name: nameless, controller: true}"),
        "---\napiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: rs, namespace: a, ownerReferences: [{kind: Deployment, name: d, controller: true}]}\n\
         spec: {template: {spec: {containers: []}}}\n".to_owned(),
        "---\napiVersion: v1\nkind: PodTemplate\nmetadata: {name: form, namespace: a}\ntemplate: {spec: {containers: []}}\n".to_owned(),
        "---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: nightly}\nspec: {jobTemplate: {spec: {template: {spec: {containers: []}}}}}\n".to_owned(),
    ]
    .concat();
    let names =
        with(&text, Options::default(), |network| network.peers().iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(
        names,
        [
            "a/kept[Pod]",
            "a/loose[Pod]",
            "a/nameless[Pod]",
            "a/rs[ReplicaSet]",
            "a/web-5c9[ReplicaSet]",
            "default/nightly[CronJob]"
        ]
    );
}

#[test]
fn labels_that_controllers_give_are_selected_by() {
    let set = |kind: &str, name: &str| {
        format!(
            "---\napiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: a}}\n\
             spec: {{template: {{spec: {{containers: []}}}}}}\n"
        )
    };
    let job = "---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate, namespace: a}\nspec: {template: {spec: {containers: []}}}\n";
    let objects = [set("StatefulSet", "db"), set("Deployment", "web"), job.to_owned()].concat();
    let from = |selector: &str| {
        let spec = format!("{{podSelector: {{}}, ingress: [{{from: [{{podSelector: {selector}}}]}}]}}");
        let text = format!("{objects}{}", policy("p", "a", &spec));
        ["db", "migrate", "web"].map(|name| reach(&text, name, "web") != "No Connections" && name != "web")
    };
    assert_eq!(from("{matchLabels: {job-name: migrate}}"), [false, true, false]);
    assert_eq!(from("{matchLabels: {batch.kubernetes.io/job-name: other}}"), [false, false, false]);
    assert_eq!(from("{matchLabels: {statefulset.kubernetes.io/pod-name: db-0}}"), [true, false, false]);
    for other in ["db", "db-", "db-x", "dbs-0"] {
        let selector = format!("{{matchLabels: {{statefulset.kubernetes.io/pod-name: {other}}}}}");
        assert_eq!(from(&selector), [false, false, false], "{other}");
    }
    let but = "{matchExpressions: [{key: statefulset.kubernetes.io/pod-name, operator: NotIn, values: [db-0]}]}";
    assert_eq!(from(but), [true, true, false], "there are other pods than the first");
}

#[test]
fn names_find_peers_with_and_without_namespace_and_kind() {
    let text = pods(&[("a/web", &[]), ("b/web", &[])]);
    with(&text, Options::default(), |network| {
        let found = |name: &str| network.find(name).len();
        assert_eq!(
            [found("web"), found("a/web"), found("b/web[Pod]"), found("b/web[Job]"), found("c/web")],
            [2, 1, 1, 0, 0]
        );
    });
}

#[test]
fn the_listing_has_no_connection_to_oneself_and_is_in_order() {
    let text = format!(
        "{}{}",
        pods(&[("a/one", &[]), ("a/two", &[])]),
        policy("p", "a", "{podSelector: {matchLabels: {app: two}}}")
    );
    let all = "255.255.255.255[External]";
    let six = "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff[External]";
    assert_eq!(
        listing(&text),
        [
            format!("0.0.0.0-{all} => a/one[Pod] : All Connections"),
            format!("{six} => a/one[Pod] : All Connections"),
            format!("a/one[Pod] => 0.0.0.0-{all} : All Connections"),
            format!("a/one[Pod] => {six} : All Connections"),
            format!("a/two[Pod] => 0.0.0.0-{all} : All Connections"),
            format!("a/two[Pod] => {six} : All Connections"),
            "a/two[Pod] => a/one[Pod] : All Connections".to_owned(),
        ]
    );
}

#[test]
fn neighbouring_ranges_with_the_same_ports_are_one() {
    let spec = "{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/9}}, {ipBlock: {cidr: 10.128.0.0/9}}, {ipBlock: {cidr: 12.0.0.0/8}}], ports: [{port: 1}]}]}";
    let lines = listing(&format!("{}{}", pods(&[("a/one", &[])]), policy("p", "a", spec)));
    assert_eq!(lines[0], "10.0.0.0-10.255.255.255[External] => a/one[Pod] : TCP 1");
    assert_eq!(lines[1], "12.0.0.0-12.255.255.255[External] => a/one[Pod] : TCP 1");
}

#[test]
fn pods_of_one_owner_that_differ_reach_together_what_any_reaches() {
    let pod = |name: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: a, labels: {{app: {name}}}, ownerReferences: [{{kind: Job, name: job, controller: true}}]}}\n\
             spec: {{containers: []}}\n"
        )
    };
    let text = [
        pod("one"),
        pod("two"),
        pods(&[("a/sink", &[])]),
        policy("p", "a", "{podSelector: {matchLabels: {app: sink}}, ingress: [{from: [{podSelector: {matchLabels: {app: one}}}], ports: [{port: 1}]}]}"),
    ]
    .concat();
    with(&text, Options::default(), |network| {
        let reach = network.reach(end(network, "a/job"), end(network, "a/sink"));
        assert_eq!((reach.ports.to_string(), reach.everywhere.is_empty()), ("TCP 1".to_owned(), true));
    });
    assert!(listing(&text).contains(&"a/job[Job] => a/sink[Pod] : TCP 1".to_owned()));
}

#[test]
fn a_filter_keeps_only_what_is_wanted() {
    let text = pods(&[("a/one", &[]), ("a/two", &[]), ("a/three", &[])]);
    with(&text, Options::default(), |network| {
        let one = Endpoint::Peer(network.find("one")[0]);
        let count = |filter: Filter| network.connections(&filter).unwrap().len();
        assert_eq!(count(Filter::default()), 6 + 12);
        assert_eq!(count(Filter { from: Some(vec![one]), ..Filter::default() }), 2 + 2);
        assert_eq!(count(Filter { from: Some(vec![one]), to: Some(vec![one]), ..Filter::default() }), 0);
        let near = Endpoint::Addresses(AddressRange::parse("10.0.0.0/8").unwrap());
        let filter = Filter { from: Some(vec![near]), to: Some(vec![one]), ..Filter::default() };
        let found = network.connections(&filter).unwrap();
        assert_eq!(network.name(found[0].source), "10.0.0.0-10.255.255.255[External]");
        assert_eq!(found.len(), 1);
    });
}
