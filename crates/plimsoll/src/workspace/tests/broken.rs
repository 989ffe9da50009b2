//! Mistakes: each at its line, with a way out, and never at the price of the rest.

use super::*;

fn one(config: &str) -> (String, String) {
    let workspace = open(&[("plimsoll.yaml", config), ("c/Chart.yaml", "")]);
    assert_eq!(workspace.plan().errors.len(), 1, "{:?}", errors(&workspace));
    let error = &workspace.plan().errors[0];
    assert_eq!(error.kind(), ErrorKind::Workspace);
    (error.to_string(), error.help().unwrap_or_default().to_owned())
}

fn with(rest: &str) -> String {
    format!("version: 1\nenvironments: {{staging: {{}}, production: {{}}}}\n{rest}")
}

#[test]
fn versions() {
    let open = |text: &str| open_with(&[("plimsoll.yaml", text)], &OpenOptions::default()).unwrap_err().to_string();
    assert_eq!(
        open("version: 2"),
        "plimsoll.yaml:1:10: plimsoll.yaml has version 2, and this release of plimsoll reads version 1"
    );
    assert_eq!(open("a: 1"), "plimsoll.yaml:1:1: plimsoll.yaml does not say its version");
    assert_eq!(open("version: '1'"), "plimsoll.yaml:1:10: the version is not 1");
    assert!(open("").contains("is a null"));
    assert!(open("version: 1\nversion: 1").starts_with("plimsoll.yaml:2:1: "));
    assert!(open("version: [1").starts_with("plimsoll.yaml:"));
}

#[test]
fn unknown_keys_name_the_nearest() {
    let (message, help) = one(&with("enviroments: {}"));
    assert_eq!(message, "plimsoll.yaml:3:1: plimsoll.yaml has no key `enviroments`");
    assert_eq!(help, "did you mean `environments`?");
    let (message, help) = one(&with("releases: [{name: a, chart: c, nmspace: x}]"));
    assert_eq!(message, "plimsoll.yaml:3:32: a release has no key `nmspace`");
    assert_eq!(help, "did you mean `namespace`?");
}

#[test]
fn environments_that_cannot_be() {
    let help = |rest: &str, message: &str| {
        let (found, help) = one(&format!("version: 1\nenvironments:\n{rest}"));
        assert_eq!(found, message);
        help
    };
    assert_eq!(
        help("  qa: {tier: prodution}", "plimsoll.yaml:3:14: `prodution` is no tier"),
        "did you mean `production`?"
    );
    help("  qa: {}", "plimsoll.yaml:3:3: the environment `qa` needs a `tier`");
    let text = "plimsoll.yaml:3:3: `a b` is no name for an environment";
    let workspace = open(&[("plimsoll.yaml", "version: 1\nenvironments:\n  a b: {tier: dr}\n  dr: {}")]);
    assert_eq!(errors(&workspace), [text]);
    help("  dr: {kubernetes: 1.30}", "plimsoll.yaml:3:20: the Kubernetes version is a number, not text");
    help(
        "  dr: {kubernetes: '1.24'}",
        "plimsoll.yaml:3:20: there are no rules for Kubernetes `1.24`, only for 1.25 to 1.37",
    );
    help(
        "  dr: {kubernetes: '1.99'}",
        "plimsoll.yaml:3:20: there are no rules for Kubernetes `1.99`, only for 1.25 to 1.37",
    );
    assert_eq!(
        help(
            "  dr: {mirrors: prodction}\n  production: {}",
            "plimsoll.yaml:3:17: `mirrors` names the environment `prodction`, which does not exist"
        ),
        "did you mean `production`?"
    );
    help(
        "  staging: {extends: dr}\n  dr: {extends: production}\n  production: {extends: staging}",
        "plimsoll.yaml:3:22: `extends` goes round: staging → dr → production → staging",
    );
    help("  dr: {mirrors: dr}", "plimsoll.yaml:3:17: `mirrors` goes round: dr → dr");
    help("  dr: {vars: {release: x}}", "plimsoll.yaml:3:15: a variable cannot be named `release`");
    assert_eq!(one("version: 1").0, "plimsoll.yaml: the workspace has no environments");
}

#[test]
fn releases_that_cannot_be() {
    assert_eq!(one(&with("releases: [{chart: c}]")).0, "plimsoll.yaml:3:12: a release needs `name`");
    assert_eq!(one(&with("releases: [{name: c}]")).0, "plimsoll.yaml:3:12: a release needs `chart`");
    let (message, help) = one(&with("releases: [{name: a, chart: ./cc}]"));
    assert_eq!(
        (message.as_str(), help.as_str()),
        ("plimsoll.yaml:3:29: there is no chart at `cc`", "did you mean `c`?")
    );
    assert!(one(&with("releases: [{name: a, chart: 'oci://x/y'}]")).0.contains("is not in the workspace"));
    assert!(one(&with("releases: [{name: A_b, chart: c}]")).0.contains("is no name for a release"));
    assert!(one(&with("releases: [{name: a, chart: c, namespace: -x}]")).0.contains("is no name for a namespace"));
    let (message, _) = one(&with("releases: [{name: a, chart: c, namespace: {staging: x}}]"));
    assert_eq!(message, "plimsoll.yaml:3:43: the release has no namespace for the environment `production`");
    let (message, help) = one(&with("releases:\n- {name: a, chart: c}\n- {name: a, chart: c, except: [staging]}"));
    assert_eq!(message, "plimsoll.yaml:5:3: there are two releases `a` in the namespace `default`");
    assert!(help.contains("plimsoll.yaml:4:3"), "{help}");
    let (message, help) = one(&with("releases: [{name: a, chart: c, only: [prodution]}]"));
    assert_eq!(message, "plimsoll.yaml:3:39: there is no environment `prodution`");
    assert_eq!(help, "did you mean `production`?");
    assert!(one(&with("releases: [{name: a, chart: c, values: [{item: x}]}]")).0.contains("there is no item"));
    assert!(one(&with("releases: [{each: 'x/*/', name: a, chart: c}]")).0.contains("matches no directory"));
    assert!(one(&with("releases: [{each: '../*/', name: a, chart: c}]")).0.contains("leaves the workspace"));
    assert!(one(&with("releases: [{each: 'x/[/', name: a, chart: c}]")).0.contains("is no glob"));
    assert!(
        one(&with("releases: [{each: {file: no.yaml}, name: a, chart: c}]")).0.contains("there is no file `no.yaml`")
    );
}

#[test]
fn placeholders_that_stand_for_nothing() {
    let (message, help) = one(&with("releases: [{name: '{nam}', chart: c}]"));
    assert_eq!(message, "plimsoll.yaml:3:19: `{nam}` is no known placeholder");
    assert!(help.contains("`{environment}`") && help.contains("`{folder}`"), "{help}");
    assert!(one(&with("releases: [{name: '{folder}', chart: c}]")).0.contains("stands for nothing here"));
    assert!(one(&with("releases: [{name: a, chart: c, values: ['{release}/{sit}.yaml?']}]")).0.contains("`{sit}`"));
}

#[test]
fn paths_that_lead_nowhere() {
    let workspace = open(&[
        (
            "plimsoll.yaml",
            &with("values: [x.yaml, 'y.yaml?', ../z.yaml, /etc/passwd]\nreleases: [{name: a, chart: c}]"),
        ),
        ("c/Chart.yaml", ""),
        ("xx.yaml", ""),
    ]);
    assert_eq!(
        errors(&workspace),
        [
            "plimsoll.yaml:3:10: there is no file `x.yaml`",
            "plimsoll.yaml:3:18: `y.yaml` is there in no environment and no release",
            "plimsoll.yaml:3:29: `../z.yaml` leaves the workspace",
            "plimsoll.yaml:3:40: `/etc/passwd` leaves the workspace",
        ]
    );
    let first = &workspace.plan().errors[0];
    assert!(first.help().unwrap().starts_with("did you mean `xx.yaml`?"));
    assert_eq!(first.environments(), ["staging".into(), "production".into()]);
    assert_eq!(workspace.plan().errors[2].kind(), ErrorKind::OutsideWorkspace);
    let release = &workspace.plan().environment("staging").unwrap().releases[0];
    assert!(release.incomplete, "it is planned all the same, and marked");
}

#[test]
fn lists_that_hold_what_they_should_not() {
    let config =
        with("releases: [{each: {file: a.yaml, at: apps}, name: '{item.name}', chart: c, values: [{item: vals}]}]");
    let errors_of = |list: &str| {
        let workspace = open(&[("plimsoll.yaml", &config), ("c/Chart.yaml", ""), ("a.yaml", list)]);
        (errors(&workspace), workspace.plan().environments[0].releases.len())
    };
    let (errors, planned) = errors_of("apps:\n- {name: x, vals: {}}\n- {nam: y}\n- {name: [z]}\n- 7\n- {name: ok}");
    assert_eq!(
        errors,
        [
            "a.yaml:3:3: the item has no `name`",
            "a.yaml:4:3: the item's `name` is a list, which is no text",
            "a.yaml:5:3: the item has no `name`",
        ]
    );
    assert_eq!(planned, 2, "the others are planned");
    assert_eq!(errors_of("apps: text").0, ["a.yaml:1:7: releases are to be made from a string"]);
    assert_eq!(errors_of("app: []").0, ["plimsoll.yaml:3:38: `a.yaml` has no `apps`"]);
    assert!(errors_of("apps: [").0[0].starts_with("a.yaml:"));
    assert_eq!(errors_of("apps:").0, Vec::<String>::new());
    assert_eq!(
        errors_of("apps: [{name: x}]").0,
        ["plimsoll.yaml:3:85: `item: vals` is there in no environment and no release"]
    );
}

#[test]
fn suppressions_need_everything() {
    let errors_of =
        |suppression: &str| errors(&open(&[("plimsoll.yaml", &with(&format!("suppressions:\n- {suppression}")))]));
    assert_eq!(
        errors_of("{policy: a/b, object: Role/x}"),
        [
            "plimsoll.yaml:4:3: a suppression needs `reason`",
            "plimsoll.yaml:4:3: a suppression needs `owner`",
            "plimsoll.yaml:4:3: a suppression needs `expires`",
        ]
    );
    assert_eq!(
        errors_of("{policy: a/b, object: x, reason: r, owner: o, expires: 2027-02-30, environment: [dr]}"),
        [
            "plimsoll.yaml:4:25: `x` names no objects: it has neither two nor three parts",
            "plimsoll.yaml:4:58: `2027-02-30` is no day",
            "plimsoll.yaml:4:70: a suppression has no key `environment`",
        ]
    );
    assert_eq!(
        errors_of("{policy: a/b, object: A/x, reason: '', owner: 7, expires: 2027-02-20, environments: [x]}").len(),
        2
    );
}

#[test]
fn every_mistake_is_found_in_one_run_and_the_rest_is_planned() {
    let config = "version: 1
environments: {production: {site: {foregn: []}}}
releases:
- {name: good, chart: c}
- {name: [bad], chart: c}
- text
identities: {groups: {g: {class: humn}}}
policies: {severity: {a/b: {prod: error, staging: fatal}}, engine: fast}
clusters: {x: {pools: [{name: p, nodes: {min: 3, max: 2}}]}}
align: {namespaces: shop}
external: 5
";
    let workspace = open(&[("plimsoll.yaml", config), ("c/Chart.yaml", "")]);
    let lines: Vec<u32> = workspace.plan().errors.iter().map(|error| error.location().unwrap().line.unwrap()).collect();
    assert_eq!(lines, [2, 5, 6, 7, 8, 8, 8, 9, 10, 11], "{:#?}", errors(&workspace));
    assert!(workspace.plan().errors.iter().all(|error| error.help().is_some()));
    assert_eq!(releases(&workspace, "production"), ["default/good c: "]);
}

#[test]
fn options_for_plain_input_are_refused() {
    let files = [("plimsoll.yaml", "version: 1\nenvironments: {dr: {}}")];
    for options in [
        OpenOptions { tier: Some(Tier::Dr), ..OpenOptions::default() },
        OpenOptions { namespace: Some("x".into()), ..OpenOptions::default() },
    ] {
        assert_eq!(open_with(&files, &options).unwrap_err().kind(), ErrorKind::Argument);
    }
    let bad = OpenOptions { namespace: Some("../x".into()), ..OpenOptions::default() };
    assert_eq!(open_with(&[("a.yaml", "")], &bad).unwrap_err().kind(), ErrorKind::Argument);
}

#[test]
fn selecting_an_environment() {
    let mut plan = open(&[("plimsoll.yaml", &with(""))]).plan().clone();
    let error = plan.select(&["prodction"]).unwrap_err();
    assert_eq!((error.kind(), error.help()), (ErrorKind::Argument, Some("did you mean `production`?")));
    plan.select(&["production"]).unwrap();
    assert_eq!(plan.environments.len(), 1);
}

/// Half-typed and mangled files: an editor saves them all the time.
#[test]
fn no_text_makes_it_panic_and_every_complaint_has_a_place() {
    let text = super::whole::EVERYTHING;
    let lines: Vec<&str> = text.lines().collect();
    let mut variants: Vec<String> = (0..text.len()).step_by(29).map(|at| text[..at].to_owned()).collect();
    for at in 0..lines.len() {
        let others = lines.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, line)| *line);
        variants.push(others.collect::<Vec<_>>().join("\n"));
    }
    for (from, to) in
        [(": ", ": [] #"), ("{", "["), ("\"", ""), ("[", "{a: "), ("e", "é"), ("1", "-1"), ("*", "**"), ("}", "}}")]
    {
        variants.push(text.replace(from, to));
        variants.extend(
            text.match_indices(from)
                .step_by(7)
                .map(|(at, _)| format!("{}{to}{}", &text[..at], &text[at + from.len()..])),
        );
    }
    assert!(variants.len() > 150);
    for variant in variants {
        let files = [("plimsoll.yaml", variant.as_str()), ("services/cart/values.yaml", "")];
        let errors = match open_with(&files, &OpenOptions::default()) {
            Ok(workspace) => workspace.plan().errors.clone(),
            Err(error) => vec![error],
        };
        for error in errors {
            assert!(error.location().is_some() && !error.message().ends_with('.'), "{error} in\n{variant}");
        }
    }
}

#[test]
fn a_bound_that_cannot_be_read_is_one_mistake() {
    for (nodes, message) in [
        ("{max: 99999999999999999999}", "`max`"),
        ("{min: 1, max: x}", "`max`"),
        ("{min: x}", "`min`"),
        ("{}", "`nodes` needs `max`"),
    ] {
        let pool = format!("{{name: p, nodes: {nodes}, allocatable: {{cpu: 1, memory: 1Gi}}}}");
        let text = format!("version: 1\nenvironments: {{production: {{}}}}\nclusters: {{x: {{pools: [{pool}]}}}}");
        let found = errors(&open(&[("plimsoll.yaml", &text)]));
        assert!(found.len() == 1 && found[0].contains(message), "{nodes}: {found:?}");
    }
}
