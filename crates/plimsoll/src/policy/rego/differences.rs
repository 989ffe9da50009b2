//! Tests that keep the two executors equal: every difference that is known, and what must never end the
//! process.

use serde_json::{Value as Json, json};

use crate::ErrorKind;
use crate::policy::set::tests::{load, policy, text};
use crate::policy::{Both, Compiled, Engine, Input, Options, Policies, Term, Violation};

fn input(json: &Json) -> Input {
    let members = json.as_object().unwrap();
    members.iter().fold(Input::new(), |input, (name, value)| input.with(name, Term::from(value)))
}

/// Both executors over one policy whose body is `rego`, whatever the lint says.
fn both(rego: &str, json: &Json) -> Both {
    let set = load(&[("test/sample/policy.rego", text("policies.test[\"sample\"]", "", rego))]);
    assert_eq!(set.errors(), [], "{rego}");
    let compiled = Compiled::new(&set, Options::default());
    assert_eq!(compiled.errors(), [], "{rego}");
    compiled.evaluate_both(0, &Term::from(&json!({})), &input(json))
}

fn messages(found: &crate::Result<Vec<Violation>>) -> Vec<&str> {
    found.as_ref().unwrap().iter().map(|violation| violation.message.as_str()).collect()
}

/// Wraps a body that binds `m`.
fn rule(body: &str) -> String {
    format!(
        "violation contains {{\"path\": \"\", \"message\": message}} if {{\n    {body}\n    message := sprintf(\"%v\", [m])\n}}"
    )
}

/// Both executors find exactly `expected` for a policy that passes the lint.
fn agree(rego: &str, json: &Json, expected: &[&str]) {
    let set = load(&[("test/sample/policy.rego", text("policies.test[\"sample\"]", "", rego))]);
    let compiled = Compiled::new(&set, Options::default());
    assert_eq!(compiled.errors(), [], "{rego}");
    assert_eq!(compiled.notes(), [], "{rego}");
    let both = compiled.evaluate_both(0, &Term::from(&json!({})), &input(json));
    assert_eq!(messages(&both.interpreter), expected, "interpreter: {rego}");
    assert_eq!(messages(&both.machine), expected, "machine: {rego}");
    assert!(both.agree());
}

#[test]
fn an_undefined_assignment_fails_the_body() {
    let input = json!({"resource": {"a": 1}});
    agree(&rule("v := input.nope; m := \"reached\""), &input, &[]);
    agree(&rule("v := input.resource.a; m := v"), &input, &["1"]);
    agree(&rule("v := input.resource.b.c; m := \"reached\""), &input, &[]);
    agree(&rule("input.nope = v; m := \"reached\""), &input, &[]);
    agree(&rule("v = input.nope; m := \"reached\""), &input, &[]);
    agree(&rule("v := [input.nope, 1]; m := \"reached\""), &input, &[]);
    agree(&rule("v := {\"a\": input.nope}; m := \"reached\""), &input, &[]);
}

#[test]
fn an_undefined_rule_or_function_fails_the_body() {
    let input = json!({"resource": {"a": 1}});
    let with = |extra: &str, body: &str| format!("{}\n\n{extra}", rule(body));
    agree(&with("r := 1 if { input.nope }", "v := r; m := \"reached\""), &input, &[]);
    agree(&with("r := 1 if { input.resource }", "v := r; m := v"), &input, &["1"]);
    agree(&with("f(x) := y if { y := x.nope }", "v := f(input.resource); m := \"reached\""), &input, &[]);
    agree(&with("f(x) := x.nope if { x.a }", "v := f(input.resource); m := \"reached\""), &input, &[]);
    agree(&with("f(x) := x.nope if { x.a }\nf(x) := 7 if { x.a == 1 }", "m := f(input.resource)"), &input, &["7"]);
    agree(&with("r := input.nope if { true }", "v := r; m := \"reached\""), &input, &[]);
    agree(&with("r := input.nope", "v := r; m := \"reached\""), &input, &[]);
    agree(&with("f(x) := x.nope", "v := f(input.resource); m := \"reached\""), &input, &[]);
    agree(&with("default r := 3\nr := 4 if { input.nope }", "m := r"), &input, &["3"]);
    agree(&with("r := 3 if { input.nope } else := 4 if { input.resource } else := 5", "m := r"), &input, &["4"]);
}

#[test]
fn comprehensions_drop_what_is_undefined() {
    let input = json!({"resource": {"list": [{"p": 1}, {"q": 2}, {"p": 3}], "map": {"x": {"p": 5}, "y": {}}}});
    agree(&rule("m := [c.p | some c in input.resource.list]"), &input, &["[1, 3]"]);
    agree(&rule("m := {c.p | some c in input.resource.list}"), &input, &["{1, 3}"]);
    agree(&rule("m := {k: c.p | some k, c in input.resource.map}"), &input, &["{\"x\": 5}"]);
    agree(&rule("m := [[c.p, 0] | some c in input.resource.list]"), &input, &["[[1, 0], [3, 0]]"]);
    agree(&rule("m := [{\"a\": c.p} | some c in input.resource.list]"), &input, &["[{\"a\": 1}, {\"a\": 3}]"]);
    agree(
        &format!("{}\n\nf(c) := y if {{ y := c.p }}", rule("m := count([f(c) | some c in input.resource.list])")),
        &input,
        &["2"],
    );
    agree(&rule("m := [x | x := input.resource.list[_].p]"), &input, &["[1, 3]"]);
    agree(&rule("m := [input.resource.list[i].p | some i in [0, 1, 2]]"), &input, &["[1, 3]"]);
}

#[test]
fn comprehensions_inside_loops_keep_every_item() {
    let input = json!({"resource": {"list": [[1, 2], [3], []]}});
    agree(&rule("some l in input.resource.list; m := [x | x := l[_]]"), &input, &["[1, 2]", "[3]", "[]"]);
    agree(&rule("some l in input.resource.list; m := [x | x := count(l)]"), &input, &["[0]", "[1]", "[2]"]);
    agree(
        &rule("some l in input.resource.list; m := {x | some y in l; x := [z | z := y]}"),
        &input,
        &["{[1], [2]}", "{[3]}", "{}"],
    );
    agree(&rule("m := [n | some l in input.resource.list; n := [x | x := l]]"), &input, &["[[[1, 2]], [[3]], [[]]]"]);
    agree(
        &rule("some l in input.resource.list; every x in l { y := [z | z := x; z > 0]; count(y) == 1 }; m := l"),
        &input,
        &["[1, 2]", "[3]", "[]"],
    );
}

#[test]
fn iteration_and_membership() {
    let input = json!({"resource": {"list": ["b", "a"], "map": {"x": 1}, "pods": [{"c": [{"n": "1"}, {}]}, {}]}});
    agree(&rule("some i, v in input.resource.list; m := [i, v]"), &input, &["[0, \"b\"]", "[1, \"a\"]"]);
    agree(&rule("some k, v in input.resource.map; m := [k, v]"), &input, &["[\"x\", 1]"]);
    agree(&rule("some p in input.resource.pods; some c in p.c; m := c.n"), &input, &["1"]);
    agree(&rule("m := input.resource.pods[_].c[_].n"), &input, &["1"]);
    agree(&rule("\"a\" in input.resource.list; not \"c\" in input.resource.list; m := 1"), &input, &["1"]);
    agree(&rule("some x in input.nope; m := x"), &input, &[]);
    agree(&rule("not input.nope; not input.resource.map.y; m := 1"), &input, &["1"]);
    agree(&rule("every x in input.resource.list { x != \"c\" }; m := 1"), &input, &["1"]);
    agree(&rule("x := input.resource.map.x; not x == 2; x + 1 == 2; m := x"), &input, &["1"]);
    agree(&rule("m := object.get(input.resource, [\"map\", \"y\"], \"d\")"), &input, &["d"]);
}

#[test]
fn regular_expressions_have_unicode_classes() {
    let input = json!({"resource": {"s": "Été x9_"}});
    agree(&rule("m := regex.match(`(?i)^É\\w+\\s.\\d_\\b`, input.resource.s)"), &input, &["true"]);
}

/// Where the machine differs beyond repair the lint speaks, and a user's policy goes to the interpreter.
#[test]
fn what_rewriting_does_not_repair_is_linted() {
    let cases = [
        ("r := input.nope if { true } else := 4", "m := r"),
        ("f(a, b, c, d, e, g, h, i, j) := [a, b, c, d, e, g, h, i, j]", "m := f(1, 2, 3, 4, 5, 6, 7, 8, 9)"),
        ("p.a.b := 1", "m := p"),
        ("f(x) if { x == 1 }", "not f(input.nope); m := 1"),
    ];
    for (extra, body) in cases {
        let policy_text = format!("{}\n\n{extra}", rule(body));
        let set = load(&[("test/sample/policy.rego", text("policies.test[\"sample\"]", "", &policy_text))]);
        let compiled = Compiled::new(&set, Options::default());
        assert_eq!(compiled.errors(), [], "{extra}");
        assert_eq!(compiled.engine(0), Some(Engine::Interpreter), "{extra}");
        assert_eq!(compiled.notes().len(), 1, "{extra}");
        let forced = Compiled::new(&set, Options { engine: Some(Engine::Machine) });
        assert!(forced.is_empty() && forced.errors().len() == 1);
        let input = Input::new();
        compiled.session(Term::from(&json!({}))).evaluate(0, &input).unwrap();
    }
    let nine = both(&format!("{}\n{}", rule(cases[1].1), cases[1].0), &json!({}));
    assert_eq!(messages(&nine.interpreter), ["[1, 2, 3, 4, 5, 6, 7, 8, 9]"]);
    assert!(!nine.agree(), "the machine has learnt to pass nine arguments: the lint can go");
}

#[test]
fn the_interpreter_can_be_forced() {
    let set = load(&[("test/sample/policy.rego", text("policies.test[\"sample\"]", "", &rule("m := 1")))]);
    let compiled = Compiled::new(&set, Options { engine: Some(Engine::Interpreter) });
    assert_eq!(compiled.engine(0), Some(Engine::Interpreter));
    assert_eq!(compiled.notes(), []);
    let found = compiled.session(Term::from(&json!({}))).evaluate(0, &Input::new());
    assert_eq!(messages(&found), ["1"]);
}

fn errors(rego: &str) -> Vec<String> {
    let set = load(&[
        ("test/sample/policy.rego", text("policies.test[\"sample\"]", "", rego)),
        ("test/other/policy.rego", text("policies.test[\"other\"]", "", &rule("m := 1"))),
        ("lib/shared.rego", "package lib.shared\n\nf(x) := y if {\n    y := x / 0\n}\n".into()),
    ]);
    assert_eq!(set.errors(), [], "{rego}");
    let compiled = Compiled::new(&set, Options::default());
    assert!(compiled.policies().any(|policy| &*policy.id == "test/other"), "{rego}");
    assert!(
        compiled.errors().iter().all(|error| error.kind() == ErrorKind::Policy && error.help().is_some()),
        "{rego}"
    );
    compiled.errors().iter().map(ToString::to_string).collect()
}

#[test]
fn one_policy_that_does_not_compile_spoils_no_other() {
    for (rego, part) in [
        ("x := 1", "no rule `violation`"),
        (&rule("m := nope"), "nope"),
        (&rule("m := unknown_function(1)"), "unknown_function"),
        (&rule("m := data.lib.nothing.x"), "no shared Rego `data.lib.nothing`"),
        (&rule("m := data.policies.test.other.violation"), "cannot read `data.policies.test.other.violation`"),
        (&rule("m := time.now_ns()"), "Unknown function: 'time.now_ns'"),
        (&rule("m := count(numbers.range(1, 30000000))"), "may not call `numbers.range`"),
        (&rule("m := 1 with input as 2"), "`with` is not supported"),
        ("violation contains x if { x := }", ""),
        (&format!("violation contains {}1", "[".repeat(5000)), "nested too deep"),
    ] {
        let found = errors(rego);
        assert!(found.len() == 1 && found[0].contains(part), "{rego}: {found:?}");
        assert!(found[0].starts_with("p/test/sample/policy.rego"), "{found:?}");
    }
}

#[test]
fn recursion_is_refused_before_it_runs() {
    for extra in [
        "a if { b }\nb if { a }\nviolation contains {\"path\": \"\", \"message\": \"m\"} if { a }",
        "f(n) := x if { x := f(n + 1) }\nviolation contains {\"path\": \"\", \"message\": m} if { m := f(0) }",
        "f(n) := x if { x := g(n) }\ng(n) := x if { x := f(n) }\nviolation contains {\"path\": \"\", \"message\": m} if { m := f(0) }",
        "h(x) if { x > 0; every y in [x] { k(y) } }\nk(x) if { h(x) }\nviolation contains {\"path\": \"\", \"message\": \"m\"} if { h(1) }",
        "a := x if { x := [y | some z in [1]; y := b] }\nb := x if { x := {a} }\nviolation contains {\"path\": \"\", \"message\": \"m\"} if { a }",
        "violation contains {\"path\": \"\", \"message\": \"m\"} if { count(violation) > 0 }",
    ] {
        let found = errors(extra);
        assert!(found.len() == 1, "{extra}: {found:?}");
    }
    let chain: String =
        (0..200).fold(String::new(), |text, n| text + &format!("f{n}(x) := y if {{ y := f{}(x) }}\n", n + 1));
    let found = errors(&format!("{}\n{chain}f200(x) := x", rule("m := f0(1)")));
    assert!(found.len() == 1 && found[0].contains("in a row"), "{found:?}");
}

#[test]
fn limits_are_errors_with_a_place() {
    let list: Vec<u32> = (0..200).collect();
    let body = "l := input.resource.list\n    n := count([1 | some a in l; some b in l; some c in l; a + b + c == 0])\n    m := n";
    let set = load(&[("test/sample/policy.rego", text("policies.test[\"sample\"]", "", &rule(body)))]);
    let compiled = Compiled::new(&set, Options::default());
    let mut session = compiled.session(Term::from(&json!({})));
    let error = session.evaluate(0, &input(&json!({"resource": {"list": list}}))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
    let values = 200 + 3;
    assert_eq!(error.message(), format!("the policy took more than {} instructions", 1_000_000 + 200 * values));
    let place = error.location().unwrap();
    assert_eq!((&*place.file, place.line), ("p/test/sample/policy.rego", Some(14)));
    // The session goes on.
    assert_eq!(messages(&session.evaluate(0, &input(&json!({"resource": {"list": [0]}})))), ["1"]);
}

#[test]
fn functions_that_make_much_are_stopped_before_they_do() {
    let input = json!({"resource": {"width": "%900000000d", "long": "x".repeat(100_000)}});
    let doubled = |step: &str| {
        let line = |n| format!("x{} := {}\n    ", n + 1, step.replace('X', &format!("x{n}")));
        let lines = (0..40).map(line).collect::<Vec<_>>().concat();
        format!("x0 := [\"\\\"ab\"][0]\n    {lines}m := count(x40)")
    };
    for body in [
        "m := sprintf(\"%1000000000d\", [1])".to_owned(),
        "m := sprintf(\"%01000000000d\", [1])".to_owned(),
        "m := sprintf(\"%.1000000000f\", [1.5])".to_owned(),
        "m := sprintf(\"%99999999999999999999999d\", [1])".to_owned(),
        "m := sprintf(\"%1000000000q\", [\"x\"])".to_owned(),
        "m := count(sprintf(input.resource.width, [1]))".to_owned(),
        "m := count(replace(input.resource.long, \"x\", input.resource.long))".to_owned(),
        "m := count(replace(input.resource.long, \"\", input.resource.long))".to_owned(),
        "m := count(strings.replace_n({\"x\": input.resource.long}, input.resource.long))".to_owned(),
        "m := count(regex.replace(input.resource.long, \"x\", input.resource.long))".to_owned(),
        "m := count(units.parse(\"1e999999999\") * 0)".to_owned(),
        "m := count(concat(input.resource.long, [x | some x in split(input.resource.long, \"\")]))".to_owned(),
        doubled("concat(\"\", [X, X])"),
        doubled("sprintf(\"%s%s\", [X, X])"),
        doubled("json.marshal(X)"),
        doubled("array.concat(X, X)").replace("x0 := [\"\\\"ab\"][0]", "x0 := [1]"),
        "x := sprintf(\"%1000000000d\", [1]); not x; m := 1".to_owned(),
        "not sprintf(\"%1000000000d\", [1]); m := 1".to_owned(),
    ] {
        let both = both(&rule(&body), &input);
        for outcome in [both.machine, both.interpreter] {
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Limit, "{body}: {error}");
            assert_eq!(&*error.location().unwrap().file, "p/test/sample/policy.rego", "{body}");
        }
    }
    let body = "m := sprintf(\"%.1f|%s|%v\", [1.25, \"x\", [input.resource.n]])";
    agree(&rule(body), &json!({"resource": {"n": 7}}), &["1.3|x|[7]"]);
}

#[test]
fn the_limit_grows_with_the_input() {
    let list: Vec<u32> = (0..200_000).collect();
    let body = "n := count([1 | some a in input.resource.list; a + a + a >= 0; a * a >= 0])\n    m := n";
    let set = load(&[("test/sample/policy.rego", text("policies.test[\"sample\"]", "", &rule(body)))]);
    let compiled = Compiled::new(&set, Options::default());
    let mut session = compiled.session(Term::from(&json!({})));
    for size in [200_000, 1] {
        let found = session.evaluate(0, &input(&json!({"resource": {"list": list[..size]}})));
        assert_eq!(messages(&found), [size.to_string()]);
    }
}

#[test]
fn results_of_another_shape_are_errors() {
    let sample = |on: &str, object: &str| {
        let rego = format!("violation contains x if {{\n    x := {object}\n}}");
        let set = load(&[("test/sample/policy.rego", text("policies.test[\"sample\"]", on, &rego))]);
        let compiled = Compiled::new(&set, Options::default());
        assert_eq!(compiled.errors(), [], "{object}");
        compiled.session(Term::from(&json!({}))).evaluate(0, &Input::new())
    };
    for (on, object, part) in [
        ("", "\"text\"", "is a string, not an object"),
        ("", "{\"path\": \"\"}", "has no `message`"),
        ("", "{\"message\": \"m\"}", "has no `path`"),
        ("", "{\"path\": \"spec\", \"message\": \"m\"}", "no JSON pointer"),
        ("", "{\"path\": \"/a~2\", \"message\": \"m\"}", "no JSON pointer"),
        ("", "{\"path\": \"\", \"message\": \"\"}", "empty `message`"),
        ("", "{\"path\": \"\", \"message\": 1}", "`message` as a number"),
        ("", "{\"path\": \"\", \"mesage\": \"m\"}", "did you mean `message`?"),
        ("", "{\"path\": \"\", \"message\": \"m\", \"witness\": \"w\"}", "`witness` as a string"),
        ("", "{\"path\": \"\", \"message\": \"m\", \"witness\": [1]}", "a number in `witness`"),
        ("", "{\"path\": \"\", \"message\": \"m\", \"unknown\": \"yes\"}", "`unknown` as a string"),
        ("", "{\"path\": \"\", \"message\": \"m\", \"resource\": \"r\"}", "does not take"),
        ("on: environment", "{\"path\": \"\", \"message\": \"m\"}", "has no `resource`"),
        ("on: workspace", "{\"path\": \"\", \"message\": \"m\", \"resource\": \"r\"}", "has no `environment`"),
        (
            "on: environment",
            "{\"path\": \"\", \"message\": \"m\", \"resource\": \"r\", \"at\": \"x\"}",
            "does not take",
        ),
        ("", "{1: 2}", "whose name is no string"),
    ] {
        let error = sample(on, object).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Policy);
        assert!(error.message().contains(part), "{object}: {error}");
        assert!(error.to_string().starts_with("p/test/sample/policy.rego:12:1: test/sample: "), "{error}");
    }
    let full = "{\"path\": \"/a~1b/0\", \"message\": \"m\", \"witness\": [\"w\"], \"unknown\": true, \"resource\": \"r\", \
                \"environment\": \"dr\", \"at\": \"production\"}";
    let found = sample("on: workspace", full).unwrap();
    assert_eq!(found[0].path, "/a~1b/0");
    assert_eq!((found[0].unknown, found[0].at.as_deref()), (true, Some("production")));
    let set = load(&[("test/sample/policy.rego", text("policies.test[\"sample\"]", "", "violation := 1"))]);
    let compiled = Compiled::new(&set, Options::default());
    let error = compiled.session(Term::from(&json!({}))).evaluate(0, &Input::new()).unwrap_err();
    assert!(error.message().contains("is no set"), "{error}");
}

#[test]
fn libraries_are_shared_and_their_faults_have_a_place() {
    let lib = "package lib.shared\n\nimport rego.v1\n\nnames(list) := [c.name | some c in list]\n\ntier := input.environment.tier\n";
    let set = load(&[
        (
            "test/sample/policy.rego",
            text(
                "policies.test[\"sample\"]",
                "",
                &format!("import data.lib.shared\n\n{}", rule("m := shared.names(input.resource.list)")),
            ),
        ),
        ("lib/shared.rego", lib.into()),
    ]);
    assert_eq!(set.errors(), []);
    let compiled = Compiled::new(&set, Options::default());
    assert_eq!(compiled.errors(), []);
    let both =
        compiled.evaluate_both(0, &Term::from(&json!({})), &input(&json!({"resource": {"list": [{"name": "a"}, {}]}})));
    assert_eq!(messages(&both.machine), ["[\"a\"]"]);
    assert!(both.agree());
    assert!(compiled.reads(0).environment && !compiled.reads(0).facts);

    let lib = "package lib.shared\n\nimport rego.v1\n\nused contains x if { some x in input.resource.list }\n\nall := [1]\n\nf(x) := x\n";
    let set = load(&[
        (
            "test/sample/policy.rego",
            text(
                "policies.test[\"sample\"]",
                "",
                &format!(
                    "import data.lib.shared\n\n{}",
                    rule("some u in shared.used; m := [shared.all, u, shared.f(u)]")
                ),
            ),
        ),
        ("lib/shared.rego", lib.into()),
    ]);
    let compiled = Compiled::new(&set, Options::default());
    assert_eq!(compiled.errors(), []);
    let both = compiled.evaluate_both(0, &Term::from(&json!({})), &input(&json!({"resource": {"list": ["a"]}})));
    assert_eq!(messages(&both.machine), ["[[1], \"a\", \"a\"]"]);
    assert!(both.agree());

    let loops = "package lib.shared\n\nnames(list) := x if {\n    x := count([1 | some a in list; some b in list; some c in list; a + b + c == 1])\n}\n";
    let set = load(&[
        (
            "test/sample/policy.rego",
            text(
                "policies.test[\"sample\"]",
                "",
                &format!("import data.lib.shared\n\n{}", rule("m := shared.names(input.resource.list)")),
            ),
        ),
        ("lib/shared.rego", loops.into()),
    ]);
    let compiled = Compiled::new(&set, Options::default());
    let list: Vec<u32> = (0..200).collect();
    let error =
        compiled.session(Term::from(&json!({}))).evaluate(0, &input(&json!({"resource": {"list": list}}))).unwrap_err();
    assert_eq!(error.location().unwrap().to_string().rsplit_once(':').unwrap().0, "p/lib/shared.rego:4");
}

#[test]
fn facts_are_read_and_locality_is_told() {
    let rego = rule("some p in data.facts.parity; m := p.id");
    let set = load(&[("test/sample/policy.rego", text("policies.test[\"sample\"]", "", &rego))]);
    let compiled = Compiled::new(&set, Options::default());
    assert!(!compiled.reads(0).is_local());
    let facts = Term::from(&json!({"parity": [{"id": "x"}]}));
    let both = compiled.evaluate_both(0, &facts, &Input::new());
    assert_eq!(messages(&both.machine), ["x"]);
    assert!(both.agree());
    let local = policy("", &rule("m := input.resource.kind"));
    let mut set = Policies::default();
    set.extend(load(&[("test/sample/policy.rego", local.source.to_string())]));
    assert!(Compiled::new(&set, Options::default()).reads(0).is_local());
}

/// The whole road on a small stack, as worker threads have it.
#[test]
fn deep_but_legal_policies_fit_a_small_stack() {
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(|| {
        let sum = format!("m := 1{}", " + 1".repeat(110));
        let nested = format!("m := {}1{}", "[".repeat(8), "]".repeat(8));
        let parens = format!("m := {}1{}", "(".repeat(20), ")".repeat(20));
        let reference = format!("x := input{}; m := 1", ".a".repeat(100));
        let chain: String =
            (0..60).fold(String::new(), |text, n| text + &format!("f{n}(x) := y if {{ y := f{}(x) }}\n", n + 1));
        for rego in [
            rule(&sum),
            rule(&nested),
            rule(&parens),
            rule(&reference),
            format!("{}\n{chain}f60(x) := x", rule("m := f0(1)")),
        ] {
            both(&rego, &json!({"resource": {}}));
        }
    });
    thread.unwrap().join().unwrap();
}

#[test]
fn a_deep_input_does_no_harm() {
    let mut deep = json!(1);
    for _ in 0..120 {
        deep = json!([deep]);
    }
    let both = both(&rule("m := count(json.marshal(input.resource))"), &json!({"resource": deep}));
    assert!(both.agree());
}

/// A function that fails is undefined on the machine, as in Open Policy Agent by default; the interpreter,
/// which users' policies run on where the lint objects, says so.
#[test]
fn failing_functions_are_undefined_or_said() {
    let input = json!({"resource": {"n": 1, "s": "x"}});
    for body in [
        "startswith(input.resource.n, \"a\"); m := 1",
        "m := 1 / 0",
        "m := input.resource.s + 1",
        "m := count(1)",
        "regex.match(concat(\"\", [\"(\"]), \"x\"); m := 1",
    ] {
        let both = both(&rule(body), &input);
        assert_eq!(messages(&both.machine), [""; 0], "{body}");
        let error = both.interpreter.unwrap_err();
        assert_eq!((error.kind(), error.location().unwrap().line), (ErrorKind::Policy, Some(13)), "{body}");
    }
}

/// `<` between different types orders types in Rego and is undefined on the machine, which no look at the
/// source can tell: policies ask `is_number` first. This test tells when that changes.
#[test]
fn ordering_needs_equal_types() {
    let input = json!({"resource": {"s": "x", "n": null}});
    for body in ["input.resource.s > 1; m := 3", "input.resource.n < 2; m := 3"] {
        let both = both(&rule(body), &input);
        assert_eq!(messages(&both.interpreter), ["3"], "{body}");
        assert_eq!(messages(&both.machine), [""; 0], "{body}");
    }
    agree(&rule("x := input.resource.n; is_number(x); x < 2; m := 3"), &input, &[]);
}
