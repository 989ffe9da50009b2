//! What is opened to the outside.

use super::*;
use crate::facts::network::Through;

const SERVICE: &str = "---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n\
    spec: {selector: {app: web}, ports: [{name: web, port: 80, targetPort: http}, {name: admin, port: 81, targetPort: 9000}, {name: dns, port: 53, protocol: UDP}]}\n";

fn shop() -> String {
    format!("{}{SERVICE}", pods(&[("shop/web", &["http:8080"]), ("shop/db", &[])]))
}

fn opened(object: &str) -> String {
    reach(&format!("{}{object}", shop()), "{ingress-controller}", "shop/web")
}

fn ingress(spec: &str) -> String {
    format!(
        "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: web, namespace: shop}}\nspec: {spec}\n"
    )
}

fn backend(port: &str) -> String {
    format!("{{rules: [{{http: {{paths: [{{backend: {{service: {{name: web, port: {port}}}}}}}]}}}}]}}")
}

#[test]
fn an_ingress_opens_the_pods_port_behind_the_services() {
    assert_eq!(opened(&ingress(&backend("{number: 80}"))), "TCP 8080");
    assert_eq!(opened(&ingress(&backend("{name: admin}"))), "TCP 9000");
    assert_eq!(opened(&ingress(&backend("{number: 82}"))), "No Connections");
    assert_eq!(opened(&ingress(&backend("{number: 53}"))), "No Connections", "an Ingress is HTTP");
    assert_eq!(opened(&ingress("{defaultBackend: {service: {name: web, port: {number: 81}}}}")), "TCP 9000");
    let old = "---\napiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: web, namespace: shop}\n\
               spec: {rules: [{http: {paths: [{backend: {serviceName: web, servicePort: web}}]}}]}\n";
    assert_eq!(opened(old), "TCP 8080");
    assert_eq!(opened(""), "No Connections", "nothing leads there");
}

#[test]
fn a_route_names_a_port_of_the_endpoints() {
    let route = |port: &str| {
        format!(
            "---\napiVersion: route.openshift.io/v1\nkind: Route\nmetadata: {{name: web, namespace: shop}}\n\
             spec: {{to: {{kind: Service, name: web}}{port}}}\n"
        )
    };
    assert_eq!(opened(&route("")), "TCP 8080,9000");
    assert_eq!(opened(&route(", port: {targetPort: admin}")), "TCP 9000");
    assert_eq!(opened(&route(", port: {targetPort: 8080}")), "TCP 8080");
    assert_eq!(opened(&route(", port: {targetPort: 80}")), "No Connections");
    assert_eq!(opened(&route("").replace("name: web}", "name: web, weight: 0}")), "No Connections");
    let other = route("").replace("to: {kind: Service, name: web}", "to: {name: x}, alternateBackends: [{name: web}]");
    assert_eq!(opened(&other), "TCP 8080,9000");
    assert_eq!(opened(&other.replace("{name: web}]", "{name: web, weight: 0}]")), "No Connections");
}

#[test]
fn a_name_in_dns_opens_nothing() {
    let text = format!("{}{}", shop(), ingress(&backend("{number: 80}")));
    let text =
        text.replace("selector: {app: web}", "type: ExternalName, externalName: x.example, selector: {app: web}");
    assert_eq!(reach(&text, "{ingress-controller}", "shop/web"), "No Connections");
}

fn route(parent: &str, backend: &str) -> String {
    format!(
        "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: web, namespace: shop}}\n\
         spec: {{parentRefs: [{parent}], rules: [{{backendRefs: [{backend}]}}]}}\n"
    )
}

#[test]
fn a_gateway_route_opens_where_a_gateway_takes_it() {
    let web = "{name: web, port: 80}";
    assert_eq!(opened(&route("{name: gate}", web)), "TCP 8080", "the gateway is not ours");
    assert_eq!(opened(&route("{kind: Service, name: web}", web)), "No Connections", "a mesh's route");
    assert_eq!(opened(&route("{name: gate}", "{name: elsewhere, port: 80}")), "No Connections");
    let gate = |listener: &str| {
        format!(
            "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: gate, namespace: infra}}\n\
             spec: {{listeners: [{{name: main, port: 443, protocol: HTTPS{listener}}}]}}\n{}",
            route("{name: gate, namespace: infra, sectionName: main}", web)
        )
    };
    assert_eq!(opened(&gate("")), "No Connections", "a listener takes its own namespace only");
    assert_eq!(opened(&gate(", allowedRoutes: {namespaces: {from: All}}")), "TCP 8080");
    assert_eq!(
        opened(&gate(", allowedRoutes: {namespaces: {from: All}, kinds: [{kind: GRPCRoute}]}")),
        "No Connections"
    );
    let selected =
        ", allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: shop}}}}";
    assert_eq!(opened(&gate(selected)), "TCP 8080");
    assert_eq!(opened(&route("{name: gate}", "{name: web, port: 80, weight: 0}")), "No Connections");
}

#[test]
fn a_route_and_its_listener_have_a_host_in_common() {
    let opens = |listened: &str, routed: &str| {
        let gate = format!(
            "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: gate, namespace: shop}}\n\
             spec: {{listeners: [{{name: main, port: 443, protocol: HTTPS, hostname: {listened}}}]}}\n{}",
            route("{name: gate}", "{name: web, port: 80}").replace("rules:", &format!("hostnames: [{routed}], rules:"))
        );
        opened(&gate) == "TCP 8080"
    };
    for (listened, routed) in [
        ("\"\"", "a.example"),
        ("a.example", ""),
        ("a.example", "b.example, A.example"),
        ("\"*.example\"", "a.b.example"),
        ("a.example", "\"*.example\""),
        ("\"*.a.example\"", "\"*.example\""),
    ] {
        assert!(opens(listened, routed), "{listened} and {routed}");
    }
    for (listened, routed) in [
        ("a.example", "b.example"),
        ("\"*.example\"", "example"),
        ("\"*.example\"", "anexample"),
        ("\"*.a.example\"", "\"*.b.example\""),
    ] {
        assert!(!opens(listened, routed), "{listened} and {routed}");
    }
}

#[test]
fn only_what_admits_every_pod_of_every_namespace_admits_a_controller_nobody_knows() {
    let with = |from: &str| {
        let spec = format!("{{podSelector: {{matchLabels: {{app: web}}}}, ingress: [{{from: [{from}]}}]}}");
        opened(&format!("{}{}", ingress(&backend("{number: 80}")), policy("p", "shop", &spec)))
    };
    assert_eq!(with("{namespaceSelector: {}}"), "TCP 8080");
    assert_eq!(
        with("{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}}"),
        "No Connections"
    );
    assert_eq!(with("{podSelector: {}}"), "No Connections");
    assert_eq!(with("{ipBlock: {cidr: 0.0.0.0/0}}"), "No Connections", "a controller is a pod");
    assert_eq!(with(""), "TCP 8080", "no entry is everyone");
    let but =
        "{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [x]}]}}";
    assert_eq!(with(but), "TCP 8080", "all but one");
}

#[test]
fn services_of_two_types_open_their_ports_without_a_controller() {
    for (r#type, through) in [("LoadBalancer", Through::LoadBalancer), ("NodePort", Through::NodePort)] {
        let text = format!(
            "{}{}",
            pods(&[("shop/web", &["http:8080"])]),
            SERVICE.replace("spec: {", &format!("spec: {{type: {type}, "))
        );
        with(&text, Options::default(), |network| {
            let [exposure] = network.exposures() else { panic!("{:?}", network.exposures()) };
            assert_eq!((exposure.through, exposure.ports.to_string()), (through, "TCP 8080,9000,UDP 53".to_owned()));
            assert!(network.reach(End::IngressController, End::Peer(exposure.peer)).ports.is_empty());
        });
    }
    with(&shop(), Options::default(), |network| assert!(network.exposures().is_empty()));
}
