//! One line for each function: template, and what it prints.

use super::*;

fn check(cases: &[(&str, &str)]) {
    for (source, wanted) in cases {
        assert_eq!(text(&format!("{{{{ {source} }}}}|")), format!("{wanted}|"), "{source}");
    }
}

#[test]
fn printing() {
    check(&[
        ("values.enabled", "true"),
        ("values.nothing", "null"),
        ("values.big", "1000000"),
        ("values.big * 1000000000", "1000000000000000"),
        ("values.ratio", "0.5"),
        ("1.0", "1"),
        ("values.name", "cart"),
        ("'x' if false", ""),
    ]);
}

#[test]
fn text_functions() {
    check(&[
        ("values.name | quote", "\"cart\""),
        ("quote('a\"b')", "\"a\\\"b\""),
        ("values.port | quote", "\"8080\""),
        ("\"it's\" | squote", "'it''s'"),
        ("'a b' | title", "A B"),
        ("'abcdef' | trunc(3)", "abc"),
        ("trunc(-2, 'abcdef')", "ef"),
        ("'a-' | trimSuffix('-')", "a"),
        ("trim_suffix('-', 'a-')", "a"),
        ("'v1' | trimPrefix('v')", "1"),
        ("' a ' | trim", "a"),
        ("'/a/' | trimAll('/')", "a"),
        ("'abc' | contains('b')", "true"),
        ("contains('b', 'abc')", "true"),
        ("'abc' | hasPrefix('a')", "true"),
        ("'abc' | has_suffix('a')", "false"),
        ("'a.b' | replace('.', '-')", "a-b"),
        ("'a,b' | splitList(',') | last", "b"),
        ("['a', 'b'] | join('-')", "a-b"),
        ("join('-', ['a', 1, true])", "a-1-true"),
        ("cat('a', 'b')", "a b"),
        ("print('a', 1)", "a1"),
        ("printf('%s-%d %q %05.1f %v %t %% %x', 'a', 3, 'q', 2.25, [1], true, 255)", "a-3 \"q\" 002.2 - 1 true % ff"),
        ("values.name | printf('%-6s.')", "cart  ."),
        ("'fooBarBaz' | snakecase", "foo_bar_baz"),
        ("'HTTPServer' | kebabcase", "http-server"),
        ("'foo_bar' | camelcase", "FooBar"),
        ("'a b' | nospace", "ab"),
        ("plural('one', 'many', 2)", "many"),
        ("'hello' | substr(1, 3)", "el"),
        ("'ab' | repeat(2)", "abab"),
        ("values.replicas | toString", "3"),
        ("'cart'.startswith('c')", "true"),
    ]);
}

#[test]
fn regular_expressions() {
    check(&[
        ("'abc1' | regexMatch('[0-9]$')", "true"),
        ("regexFind('[a-c]+', 'xxabcyy')", "abc"),
        ("regexFindAll('[0-9]', 'a1b2c3', 2) | join(',')", "1,2"),
        ("regexReplaceAll('[^a-z]+', 'a--b', '-')", "a-b"),
        ("'a--b' | regexReplaceAll('[^a-z]+', '-')", "a-b"),
        ("regexSplit('-+', 'a--b', -1) | join(',')", "a,b"),
    ]);
}

#[test]
fn list_functions() {
    check(&[
        ("list(1, 2) | toJson", "[1,2]"),
        ("[1, 2] | first", "1"),
        ("[1, 2, 3] | rest | toJson", "[2,3]"),
        ("initial([1, 2, 3]) | toJson", "[1,2]"),
        ("append([1], 2) | toJson", "[1,2]"),
        ("[1] | prepend(0) | toJson", "[0,1]"),
        ("concat([1], [2], [3]) | toJson", "[1,2,3]"),
        ("[1, 1, 2] | uniq | toJson", "[1,2]"),
        ("without([1, 2, 3], 2) | toJson", "[1,3]"),
        ("has('serve', values.args)", "true"),
        ("values.args | has('x')", "false"),
        ("['a', '', none, 'b'] | compact | toJson", "[\"a\",\"b\"]"),
        ("['b', 'a'] | sortAlpha | join(',')", "a,b"),
        ("[1, 2] | reverse | toJson", "[2,1]"),
        ("until(3) | toJson", "[0,1,2]"),
        ("untilStep(0, 6, 2) | toJson", "[0,2,4]"),
        ("range(2) | list | toJson", "[0,1]"),
        ("len(values.args)", "2"),
        ("index(values.args, 0)", "serve"),
        ("values.env | map(attribute='name') | join(',')", "A,B"),
        ("['a', 'b'] | map('upper') | join(',')", "A,B"),
    ]);
}

#[test]
fn map_functions() {
    check(&[
        ("dict('a', 1) | toJson", "{\"a\":1}"),
        ("dict(a=1) | toJson", "{\"a\":1}"),
        ("merge({'a': 1}, {'a': 2, 'b': 3}) | toJson", "{\"a\":1,\"b\":3}"),
        ("mergeOverwrite({'a': {'x': 1}}, {'a': {'y': 2}}) | toJson", "{\"a\":{\"x\":1,\"y\":2}}"),
        ("values.image | omit('tag') | keys | join(',')", "repository"),
        ("pick(values.image, 'tag') | toJson", "{\"tag\":\"1.2.3\"}"),
        ("get(values.image, 'tag')", "1.2.3"),
        ("values.image | hasKey('tag')", "true"),
        ("hasKey(values, 'nope')", "false"),
        ("values.image | values | join(',')", "registry.example/cart,1.2.3"),
        ("dig('image', 'tag', 'x', values)", "1.2.3"),
        ("values | dig('image', 'nope', 'deeper', 'x')", "x"),
        ("set({'a': 1}, 'a', 2) | toJson", "{\"a\":2}"),
        ("unset({'a': 1}, 'a') | toJson", "{}"),
        ("index(values, 'image', 'tag')", "1.2.3"),
        ("lookup('v1', 'Secret', 'ns', 'x') | toJson", "{}"),
        ("deepCopy(values.image) | len", "2"),
        ("values.image.items() | list | len", "2"),
    ]);
}

#[test]
fn numbers_and_versions() {
    check(&[
        ("add(1, 2, 3)", "6"),
        ("sub(5, 2)", "3"),
        ("mul(2, 3)", "6"),
        ("div(7, 2)", "3"),
        ("mod(7, 2)", "1"),
        ("max(1, 3, 2)", "3"),
        ("[4, 2] | min", "2"),
        ("ceil(1.2)", "2"),
        ("floor(1.8)", "1"),
        ("round(1.2345, 2)", "1.23"),
        ("'12' | int", "12"),
        ("'x' | int(7)", "7"),
        ("1.9 | int", "1"),
        ("'1.5' | float64", "1.5"),
        ("semver('v1.2.3').major", "1"),
        ("semverCompare('>=1.30-0', capabilities.kubeVersion.version)", "true"),
        ("capabilities.kubeVersion.version | semverCompare('<1.20')", "false"),
        ("semverCompare('^1.2', '1.9.0')", "true"),
        ("semverCompare('>= 1.2, < 1.5 || 3.x', '3.1')", "true"),
        ("semverCompare('!=1.2.3', '1.2.3')", "false"),
        ("semverCompare('1.2 - 1.4', '1.3.9')", "true"),
    ]);
}

#[test]
fn encodings() {
    check(&[
        ("'hello' | b64enc", "aGVsbG8="),
        ("'aGVsbG8=' | b64dec", "hello"),
        ("'foob' | b32enc", "MZXW6YQ="),
        ("'' | sha256sum", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("{'a': [1, 'x', none]} | toJson", "{\"a\":[1,\"x\",null]}"),
        ("fromJson('{\"a\": 1}').a", "1"),
        ("fromYaml('a: {b: 2}').a.b", "2"),
        ("fromYamlArray('[1, 2]') | len", "2"),
        ("{'a': 1} | toPrettyJson | len", "12"),
    ]);
}

#[test]
fn flow_functions() {
    check(&[
        ("values.nope | default('x')", "x"),
        ("default('x', values.name)", "cart"),
        ("'' | default('x')", "x"),
        ("values.name | required('name it')", "cart"),
        ("true | ternary('a', 'b')", "a"),
        ("ternary('a', 'b', false)", "b"),
        ("coalesce('', none, values.nope, 'x')", "x"),
        ("empty(values.empty)", "true"),
        ("eq(1, 2, 1)", "true"),
        ("lt(1, 2)", "true"),
        ("kindOf(values.image)", "map"),
        ("values.args | kindIs('slice')", "true"),
        ("tpl('{{ values.name }}-{{ x }}', {'x': 1})", "cart-1"),
        ("not values.enabled", "false"),
        ("values.nope is defined", "false"),
    ]);
}

#[test]
fn what_templates_see() {
    check(&[
        ("release.name ~ ' ' ~ release.namespace ~ ' ' ~ release.service", "shop shop-dr Helm"),
        ("release.isInstall", "true"),
        ("release.is_upgrade", "false"),
        ("release.revision", "1"),
        ("chart.name ~ '-' ~ chart.version ~ ' ' ~ chart.appVersion ~ ' ' ~ chart.app_version", "cart-0.1.0 2.0 2.0"),
        ("environment.name ~ environment.tier ~ environment.kubernetes ~ environment.vars.site", "drdr1.34west"),
        ("capabilities.kubeVersion.version ~ ' ' ~ capabilities.kube_version.minor", "v1.34.0 34"),
        ("capabilities.apiVersions.has('policy/v1')", "true"),
        ("capabilities.apiVersions.has('apps/v1/Deployment')", "true"),
        ("capabilities.api_versions.has('monitoring.coreos.com/v1/ServiceMonitor')", "true"),
        ("capabilities.apiVersions.has('policy/v1beta1')", "false"),
    ]);
}

#[test]
fn files_of_the_chart() {
    let source = "a: {{ files.get('conf/a.ini') }}\nlines: {{ files.lines('conf/a.ini') | len }}\n\
        config: {{ files.glob('conf/*').asConfig() }}\nsecrets: {{ files.glob('conf/*.bin').as_secrets() }}\n\
        none: {{ files.glob('nope/*').asConfig() }}\n";
    let mut chart = chart(&[("x.yaml.j2", source), ("bad.yaml.j2", "{{ files.get('conf/a.in') }}")]);
    chart.files = vec![("conf/a.ini", b"x=1".as_slice()), ("conf/b.bin", &[0xFF, 0])];
    let (_, output) = render_with(&chart, &values(VALUES));
    assert_eq!(output.errors.len(), 2, "{:?}", output.errors);
    assert!(output.errors[1].message().contains("`conf/b.bin` is not UTF-8"), "{:?}", output.errors);
    assert!(output.errors[0].message().contains("did you mean `conf/a.ini`"), "{:?}", output.errors);
    chart.templates[0].1 = source.replace("conf/*'", "conf/*.ini'");
    let (_, output) = render_with(&chart, &values(VALUES));
    assert_eq!(
        &*output.manifests[0].text,
        "a: x=1\nlines: 1\nconfig:\n  a.ini: x=1\nsecrets:\n  b.bin: /wA=\nnone: {}\n"
    );
}
