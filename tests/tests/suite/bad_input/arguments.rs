//! Arguments that name nothing.

use super::Case;

#[test]
fn environments_and_policies_that_do_not_exist() {
    let case = Case::new();
    case.fails_altogether(&["-e", "stagin"], "argument", "", "there is no environment `stagin`");
    case.fails_altogether(&["--select", "rbac/wildcrd"], "argument", "", "there is no policy `rbac/wildcrd`");
    case.fails_altogether(&["--ignore", "rbca/"], "argument", "", "rbca/");
    for name in ["`staging`", "`rbac/wildcard`"] {
        let args = if name == "`staging`" { ["check", "-e", "stagin"] } else { ["check", "--select", "rbac/wildcrd"] };
        assert!(case.run(&args).stderr.contains(&format!("did you mean {name}?")));
    }
}

#[test]
fn times_versions_tiers_and_threads() {
    let case = Case::new();
    case.fails_altogether(&["--now", "yesterday"], "argument", "", "`yesterday` is not a moment");
    case.fails_altogether(&["--kubernetes", "1.99"], "argument", "", "no rules for Kubernetes `1.99`");
    case.fails_altogether(&["--tier", "prod"], "argument", "", "`prod` is not a tier");
    case.fails_altogether(&["-j", "0"], "argument", "", "nothing can be done with 0 threads");
    case.fails_altogether(&["-j", "1000000"], "argument", "", "nothing can be done with 1000000 threads");
}

#[test]
fn what_cannot_be_written() {
    let case = Case::new();
    for args in [["check", "--format", "xml"], ["check", "-o", "nope/report.json"], ["check", "-o", "charts"]] {
        let outcome = case.run(&args);
        assert_eq!(outcome.code, 2);
        assert!(outcome.stderr.contains("error: ") && outcome.stderr.contains("help: "), "{}", outcome.stderr);
    }
    let outcome = case.run(&["check", "-j", "many"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("invalid value 'many'"), "{}", outcome.stderr);
}
