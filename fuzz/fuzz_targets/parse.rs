//! YAML: no panic, and what is written is read as the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll::yaml;

fuzz_target!(|text: &str| {
    for slice in yaml::split(text) {
        let Ok(parsed) = slice.parse(0) else { continue };
        let written = yaml::emit(&parsed.node);
        let again = yaml::parse(&written, 0).unwrap_or_else(|fault| panic!("{fault:?}\n{written}"));
        assert_eq!(again.node.to_json(), parsed.node.to_json(), "{written}");
    }
});
