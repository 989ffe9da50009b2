//! The built-in functions a policy may call.
//!
//! Left out: the clock, randomness and the host (`time.now_ns`, `rand.*`, `uuid.*`, `opa.runtime`,
//! `http.send`), which would make two runs differ; what makes much from little (`numbers.range`,
//! `net.cidr_expand`, `graph.reachable_paths`, `bits.lsh`, `to_number` of `1e999999999`), which would
//! make memory a policy's choice; and what the virtual machine lacks (`walk`, `print`).

/// Sorted, for the documentation and for binary search.
pub(super) const ALLOWED: [&str; 77] = [
    "abs",
    "array.concat",
    "array.reverse",
    "array.slice",
    "base64.decode",
    "base64.encode",
    "base64.is_valid",
    "ceil",
    "concat",
    "contains",
    "count",
    "endswith",
    "floor",
    "format_int",
    "glob.match",
    "glob.quote_meta",
    "graph.reachable",
    "indexof",
    "indexof_n",
    "intersection",
    "is_array",
    "is_boolean",
    "is_null",
    "is_number",
    "is_object",
    "is_set",
    "is_string",
    "json.filter",
    "json.is_valid",
    "json.marshal",
    "json.patch",
    "json.remove",
    "json.unmarshal",
    "lower",
    "max",
    "min",
    "net.cidr_contains",
    "net.cidr_is_valid",
    "object.filter",
    "object.get",
    "object.keys",
    "object.remove",
    "object.subset",
    "object.union",
    "object.union_n",
    "product",
    "regex.find_n",
    "regex.is_valid",
    "regex.match",
    "regex.replace",
    "regex.split",
    "replace",
    "round",
    "semver.compare",
    "semver.is_valid",
    "sort",
    "split",
    "sprintf",
    "startswith",
    "strings.any_prefix_match",
    "strings.any_suffix_match",
    "strings.count",
    "strings.replace_n",
    "strings.reverse",
    "substring",
    "sum",
    "trim",
    "trim_left",
    "trim_prefix",
    "trim_right",
    "trim_space",
    "trim_suffix",
    "type_name",
    "union",
    "units.parse",
    "units.parse_bytes",
    "upper",
];

/// Whether the engine has a built-in of this name.
pub(super) fn exists(name: &str) -> bool {
    name == "print" || regorus::unstable::BUILTINS.contains_key(name)
}

/// Whether a policy may call it.
pub(super) fn allowed(name: &str) -> bool {
    // Operators of sets are calls in the program's table.
    name.starts_with("__builtin_sets.") || ALLOWED.binary_search(&name).is_ok()
}

/// How large the engine lets a compiled regular expression be, in bytes. It is a constant of the engine
/// that it does not export; Unicode classes such as `\\w` cost tens of kilobytes each.
pub(super) const REGEX_BYTES: usize = 100 * 1024;

/// The place of the pattern among the arguments of a function that takes a regular expression.
pub(super) fn pattern_argument(name: &str) -> Option<usize> {
    match name {
        "regex.match" | "regex.is_valid" | "regex.find_n" | "regex.split" => Some(0),
        "regex.replace" => Some(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(ALLOWED.is_sorted());
        assert_eq!(ALLOWED.iter().filter(|name| !exists(name)).collect::<Vec<_>>(), [&""; 0]);
    }

    #[test]
    fn nothing_unbounded_or_impure_is_allowed() {
        for name in ["time.now_ns", "rand.intn", "uuid.rfc4122", "opa.runtime", "numbers.range", "net.cidr_expand", "walk"] {
            assert!(!allowed(name), "{name}");
        }
        assert!(exists("numbers.range") && !exists("numbers.rang"));
    }
}
