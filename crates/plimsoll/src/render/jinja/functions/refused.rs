//! Functions of Helm whose result differs from one rendering to the next, or between machines.

/// How the detail of such an error begins; the function's name and a newline and the way out follow.
pub(in crate::render::jinja) const PREFIX: &str = "not deterministic: ";

/// Names, and what to do instead.
pub(in crate::render::jinja) const REFUSED: &[(&[&str], &str)] = &[
    (
        &[
            "now",
            "date",
            "dateInZone",
            "date_in_zone",
            "dateModify",
            "ago",
            "htmlDate",
            "unixEpoch",
            "toDate",
            "mustToDate",
        ],
        "pass the time in as a value or as a variable of the environment",
    ),
    (
        &[
            "randAlphaNum",
            "randAlpha",
            "randNumeric",
            "randAscii",
            "randBytes",
            "randInt",
            "shuffle",
            "uuidv4",
            "random",
        ],
        "keep the secret or the identifier outside of the chart and refer to it, or pass it in as a value",
    ),
    (
        &[
            "genCA",
            "genCAWithKey",
            "genSelfSignedCert",
            "genSelfSignedCertWithKey",
            "genSignedCert",
            "genSignedCertWithKey",
            "genPrivateKey",
            "derivePassword",
            "htpasswd",
            "bcrypt",
            "encryptAES",
        ],
        "let cert-manager or another controller make it in the cluster, or pass it in as a value",
    ),
    (&["env", "expandenv"], "use `environment.vars`, which the workspace declares"),
    (&["getHostByName", "get_host_by_name"], "pass the address in as a value"),
];
