//! Lines of workloads: what pods may do, how they are probed, what they stand on.
//!
//! The namespaces of the example enforce the level restricted, so that its breaches are errors in every tier.

use super::{ALL, Expected, Mutation, run};

const CACHE: &str = "charts/cart/templates/cache.yaml.j2";

mutations! {
    a_capability_is_added: Mutation {
        file: CACHE,
        from: "          securityContext: {{ confined_container }}",
        to: "          securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL], add: [NET_ADMIN]}}",
        finding: Expected {
            policy: "pod-security-baseline/added-capability",
            verdict: "violated",
            severity: "error",
            environments: ALL,
            object: "Deployment shop/cart-cache",
            at: (CACHE, "          securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL], add: [NET_ADMIN]}}"),
        },
    };
    a_pod_loses_its_seccomp_profile: Mutation {
        file: CACHE,
        from: "        {{ confined_pod }}",
        to: "        runAsNonRoot: true",
        finding: Expected {
            policy: "pod-security-restricted/no-seccomp-profile",
            verdict: "violated",
            severity: "error",
            environments: ALL,
            object: "Deployment shop/cart-cache",
            at: (CACHE, "      automountServiceAccountToken: false\n      securityContext:"),
        },
    };
    a_sysctl_is_not_yet_safe: Mutation {
        file: "charts/catalog/templates/reindex.yaml.j2",
        from: "            runAsGroup: {{ service.user }}",
        to: "            sysctls: [{name: net.core.somaxconn, value: '1024'}]",
        finding: Expected {
            policy: "pod-security-baseline/unsafe-sysctl",
            verdict: "violated",
            severity: "error",
            environments: ALL,
            object: "CronJob shop/catalog-reindex",
            at: ("charts/catalog/templates/reindex.yaml.j2", "            sysctls: [{name: net.core.somaxconn, value: '1024'}]"),
        },
    };
    a_root_file_system_becomes_writable: Mutation {
        file: CACHE,
        from: "          securityContext: {{ confined_container }}",
        to: "          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}",
        finding: Expected {
            policy: "workload/writable-root",
            verdict: "violated",
            severity: "info",
            environments: ALL,
            object: "Deployment shop/cart-cache",
            at: (CACHE, "          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}"),
        },
    };
    liveness_asks_what_readiness_asks: Mutation {
        file: CACHE,
        from: "          readinessProbe: {exec: {command: [redis-cli, ping]}, periodSeconds: 5}",
        to: "          readinessProbe: {tcpSocket: {port: redis}, periodSeconds: 10}",
        finding: Expected {
            policy: "workload/probe-sanity",
            verdict: "violated",
            severity: "warning",
            environments: ALL,
            object: "Deployment shop/cart-cache",
            at: (CACHE, "          livenessProbe: {tcpSocket: {port: redis}, periodSeconds: 10}"),
        },
    };
    dr_asks_for_a_storage_class_of_production: Mutation {
        file: "environments/dr/orders.yaml",
        from: "    class: ssd",
        to: "    class: ssd-replicated",
        finding: Expected {
            policy: "workload/missing-provider",
            verdict: "violated",
            severity: "error",
            environments: &["dr"],
            object: "StatefulSet orders/orders-db",
            at: ("charts/orders/templates/database.yaml.j2", "        storageClassName: {{ values.database.storage.class }}"),
        },
    };
    a_namespace_enforces_nothing: Mutation {
        file: "charts/platform/templates/namespaces.yaml.j2",
        from: r#"{% for mode in ["enforce", "audit", "warn"] %}"#,
        to: r#"{% for mode in ["enforce", "audit", "warn"] if namespace != "payments" %}"#,
        finding: Expected {
            policy: "workload/enforce-label",
            verdict: "violated",
            severity: "warning",
            environments: ALL,
            object: "Namespace payments",
            at: ("charts/platform/templates/namespaces.yaml.j2", "  labels:"),
        },
    };
}
