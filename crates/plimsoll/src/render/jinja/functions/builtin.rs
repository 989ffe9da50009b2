//! The engine's own filters and tests, behind the same door as ours.
//!
//! Those that escape for HTML are not offered: nothing here writes HTML.

use minijinja::{Environment, Value, filters, tests};

use crate::render::jinja::register::{wrap_filter, wrap_test};

pub(in crate::render::jinja) fn register(env: &mut Environment<'static>) {
    for name in ["safe", "escape", "e", "pprint", "urlencode"] {
        env.remove_filter(name);
    }
    // It prints everything the template sees.
    env.remove_global("debug");
    wrap_filter(env, "capitalize", Value::from_function(filters::capitalize));
    wrap_filter(env, "format", Value::from_function(filters::format));
    wrap_filter(env, "sort", Value::from_function(filters::sort));
    wrap_filter(env, "unique", Value::from_function(filters::unique));
    wrap_filter(env, "groupby", Value::from_function(filters::groupby));
    wrap_filter(env, "bool", Value::from_function(filters::bool));
    wrap_filter(env, "sum", Value::from_function(filters::sum));
    wrap_test(env, "startingwith", Value::from_function(tests::is_startingwith));
    wrap_test(env, "endingwith", Value::from_function(tests::is_endingwith));
    wrap_test(env, "eq", Value::from_function(tests::is_eq));
    wrap_test(env, "equalto", Value::from_function(tests::is_eq));
    wrap_test(env, "ne", Value::from_function(tests::is_ne));
    wrap_test(env, "in", Value::from_function(tests::is_in));
    wrap_test(env, "lower", Value::from_function(tests::is_lower));
    wrap_test(env, "upper", Value::from_function(tests::is_upper));
}
