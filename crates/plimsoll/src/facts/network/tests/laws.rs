//! What holds for any policies: the listing is what the pairs say, and it depends on no order.

use proptest::prelude::*;

use super::*;
use crate::facts::network::{Connection, Endpoint};

const NAMESPACES: [&str; 3] = ["a", "b", "c"];
const APPS: [&str; 3] = ["u", "v", "w"];

fn selector() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just("{}".to_owned()),
        4 => prop::sample::select(&APPS[..]).prop_map(|app| format!("{{matchLabels: {{app: {app}}}}}")),
        1 => prop::sample::select(&APPS[..]).prop_map(|app| format!("{{matchExpressions: [{{key: app, operator: NotIn, values: [{app}]}}]}}")),
    ]
}

fn namespaces() -> impl Strategy<Value = String> {
    let of = |operator: &'static str| {
        prop::sample::select(&NAMESPACES[..]).prop_map(move |name| {
            format!(
                "{{matchExpressions: [{{key: kubernetes.io/metadata.name, operator: {operator}, values: [{name}]}}]}}"
            )
        })
    };
    prop_oneof![1 => Just("{}".to_owned()), 2 => of("In"), 1 => of("NotIn")]
}

fn peer() -> impl Strategy<Value = String> {
    prop_oneof![
        selector().prop_map(|pods| format!("{{podSelector: {pods}}}")),
        namespaces().prop_map(|names| format!("{{namespaceSelector: {names}}}")),
        (namespaces(), selector())
            .prop_map(|(names, pods)| format!("{{namespaceSelector: {names}, podSelector: {pods}}}")),
        Just("{ipBlock: {cidr: 10.0.0.0/8, except: [10.2.0.0/16]}}".to_owned()),
    ]
}

fn ports() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "",
        "{port: 80}",
        "{port: 79, endPort: 81}",
        "{port: http}",
        "{port: http, protocol: UDP}",
        "{protocol: UDP}",
    ])
    .prop_map(str::to_owned)
}

fn rules(key: &'static str) -> impl Strategy<Value = String> {
    let rule = (prop::collection::vec(peer(), 0..3), ports())
        .prop_map(move |(peers, ports)| format!("{{{key}: [{}], ports: [{ports}]}}", peers.join(", ")));
    prop::collection::vec(rule, 0..3).prop_map(|rules| rules.join(", "))
}

fn network_policy() -> impl Strategy<Value = String> {
    let types = prop::sample::select(vec!["[Ingress]", "[Egress]", "[Ingress, Egress]"]);
    (prop::sample::select(&NAMESPACES[..]), selector(), types, rules("from"), rules("to"), any::<u32>()).prop_map(
        |(namespace, pods, types, ingress, egress, number)| {
            let spec =
                format!("{{podSelector: {pods}, policyTypes: {types}, ingress: [{ingress}], egress: [{egress}]}}");
            policy(&format!("p{number}"), namespace, &spec)
        },
    )
}

fn admin_policy() -> impl Strategy<Value = String> {
    let pods = || {
        prop_oneof![
            namespaces().prop_map(|names| format!("{{namespaces: {names}}}")),
            (namespaces(), selector())
                .prop_map(|(names, pods)| format!("{{pods: {{namespaceSelector: {names}, podSelector: {pods}}}}}")),
        ]
    };
    let ports = prop::sample::select(vec![
        "",
        ", ports: [{portNumber: {port: 80, protocol: TCP}}]",
        ", ports: [{namedPort: http}]",
    ]);
    let rule = (prop::sample::select(vec!["Allow", "Deny", "Pass"]), pods(), ports, any::<bool>());
    let rules = |key: &'static str| {
        prop::collection::vec(rule.clone(), 0..3).prop_map(move |rules| {
            let rules = rules.into_iter().map(|(action, peer, ports, outside)| {
                let peer =
                    if outside && key == "to" { "{networks: [10.0.0.0/9]}, {nodes: {}}".to_owned() } else { peer };
                format!("{{action: {action}, {key}: [{peer}]{ports}}}")
            });
            rules.collect::<Vec<_>>().join(", ")
        })
    };
    (prop::sample::select(vec!["Admin", "Baseline"]), 0_u16..1000, pods(), rules("from"), rules("to")).prop_map(
        |(tier, priority, subject, ingress, egress)| {
            let spec = format!(
                "{{tier: {tier}, priority: {priority}, subject: {subject}, ingress: [{ingress}], egress: [{egress}]}}"
            );
            cluster("ClusterNetworkPolicy", &format!("c{priority}"), &spec)
        },
    )
}

/// Nine pods of three namespaces, some with a port called `http`, and one on its node's network.
fn everyone() -> String {
    let names: Vec<(String, Vec<&str>)> = NAMESPACES
        .iter()
        .flat_map(|namespace| APPS.iter().map(move |app| (format!("{namespace}/{app}"), *app)))
        .map(|(name, app)| {
            (
                name,
                match app {
                    "u" => vec!["http:80"],
                    "v" => vec!["http:80:UDP", "other:81"],
                    _ => vec![],
                },
            )
        })
        .collect();
    let names: Vec<(&str, &[&str])> = names.iter().map(|(name, ports)| (name.as_str(), ports.as_slice())).collect();
    let host = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: host, namespace: a, labels: {app: u}}\nspec: {hostNetwork: true, containers: []}\n";
    format!("{}{host}", pods(&names))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]
    #[test]
    fn the_listing_is_what_the_pairs_say(
        policies in prop::collection::vec(network_policy(), 0..6),
        admins in prop::collection::vec(admin_policy(), 0..4),
    ) {
        let text = format!("{}{}{}", everyone(), policies.concat(), admins.concat());
        with(&text, Options::default(), |network| {
            let listed = network.connections(&Filter::default()).unwrap();
            let mut pairs: Vec<Connection> = Vec::new();
            let ends: Vec<_> = network.peers().iter().map(|peer| network.find(&peer.to_string())[0]).collect();
            for source in &ends {
                for destination in ends.iter().filter(|destination| *destination != source) {
                    let reach = network.reach(End::Peer(*source), End::Peer(*destination));
                    if !reach.ports.is_empty() {
                        let (source, destination) = (Endpoint::Peer(*source), Endpoint::Peer(*destination));
                        pairs.push(Connection { source, destination, ports: reach.ports, conditional: reach.conditional });
                    }
                }
            }
            let inside = |one: &&Connection| matches!((one.source, one.destination), (Endpoint::Peer(_), Endpoint::Peer(_)));
            let found: Vec<Connection> = listed.iter().filter(inside).cloned().collect();
            prop_assert_eq!(found, pairs, "{}", text);
            // Every range that is listed says what any address of it may do, and what is not listed may do nothing.
            for address in ["9.255.255.255", "10.0.0.0", "10.2.3.4", "10.200.0.1", "11.0.0.0", "fd00::1"] {
                let outside = AddressRange::parse(address).unwrap();
                for peer in &ends {
                    let reach = network.reach(End::Addresses(outside), End::Peer(*peer)).ports;
                    let in_list = listed.iter().find(|one| {
                        one.destination == Endpoint::Peer(*peer)
                            && matches!(one.source, Endpoint::Addresses(range) if range.covers(&outside))
                    });
                    prop_assert_eq!(in_list.map(|one| one.ports.clone()).unwrap_or_default(), reach);
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn the_order_of_objects_changes_nothing(
        policies in prop::collection::vec(network_policy(), 0..5),
        turn in 0_usize..5,
    ) {
        let mut turned = policies.clone();
        turned.rotate_left(turn.min(policies.len()));
        let [one, two] = [policies, turned].map(|policies| listing(&format!("{}{}", policies.concat(), everyone())));
        prop_assert_eq!(one, two);
    }

    #[test]
    fn another_allowing_rule_never_takes_away_from_an_isolated_pod(
        policies in prop::collection::vec(network_policy(), 1..5),
        more in network_policy(),
    ) {
        // A policy of nobody's that isolates everyone first, so that the new one cannot isolate more.
        let all: String = NAMESPACES.iter().map(|name| policy("all", name, "{policyTypes: [Ingress, Egress]}")).collect();
        let before = format!("{}{all}{}", everyone(), policies.concat());
        let after = format!("{before}{more}");
        let of = |text: &str| with(text, Options::default(), |network| {
            let connections = network.connections(&Filter::default()).unwrap();
            connections.into_iter().filter(|one| matches!((one.source, one.destination), (Endpoint::Peer(_), Endpoint::Peer(_)))).collect::<Vec<_>>()
        });
        let after = of(&after);
        for one in of(&before) {
            let same = after.iter().find(|other| (other.source, other.destination) == (one.source, one.destination));
            prop_assert!(same.is_some_and(|same| same.ports.covers(&one.ports)));
        }
    }
}

#[test]
fn more_connections_than_can_be_listed_are_an_error_and_one_end_can_still_be_asked_for() {
    let count = 30;
    let mut text = String::new();
    for at in 0..count {
        let _ = write!(
            text,
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p{at}, labels: {{app: p{at}}}}}\nspec: {{containers: []}}\n"
        );
    }
    with(&text, Options::default(), |network| {
        assert_eq!(
            network.connections(&Filter { limit: 500, ..Filter::default() }),
            Err(crate::facts::network::TooMany)
        );
        assert_eq!(network.connections(&Filter::default()).unwrap().len(), count * (count - 1) + 4 * count);
        let from = Some(vec![Endpoint::Peer(network.find("p7")[0])]);
        assert_eq!(
            network.connections(&Filter { from, limit: 500, ..Filter::default() }).unwrap().len(),
            count - 1 + 2
        );
    });
}
