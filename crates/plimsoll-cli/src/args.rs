//! What the command line says. The help texts are the documentation; `docs/cli.md` is made from them.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

/// Render microservice charts for every environment at once, and check what comes out
#[derive(Debug, Parser)]
#[command(name = "plimsoll", bin_name = "plimsoll", version, max_term_width = 100, infer_subcommands = false)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Render every environment and check what comes out
    ///
    /// Exits with 0 when clean, with 1 when there are findings at or above the fail level, and with 2 when
    /// something could not be done; the findings of everything that could be done are written all the same.
    Check(CheckArgs),
    /// Write the manifests of every environment
    Render(RenderArgs),
    /// Lock the images that every environment uses, and look at what is known of them
    Images {
        #[command(subcommand)]
        command: ImagesCommand,
    },
    /// Print who may do what, and how somebody becomes cluster-admin
    ///
    /// Without --subject and --can: everybody who is granted something, and the shortest way of each to cluster-admin. What every
    /// API server brings itself is known and counts.
    Rbac(RbacArgs),
    /// Print who reaches whom, as network policies admit it
    ///
    /// With --from and --to, says why one pair can exchange what it can, and why no more.
    Network(NetworkArgs),
    /// Add up what namespaces, teams and clusters need, against what they are allowed
    ///
    /// Steady is at the autoscalers' lower bounds, peak at their upper ones with all Jobs, rollout is the peak with
    /// the largest rollout's new pods and the hooks on top. Judges nothing; `check --select quota/` does.
    Quota(QuotaArgs),
    /// Look at the policies and test your own
    Policies {
        #[command(subcommand)]
        command: PoliciesCommand,
    },
}

/// What is read, and as what.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct InputArgs {
    /// A workspace, a chart, a directory or file of manifests, or `-` for standard input
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,

    /// Only this environment; for plain manifests, its name
    #[arg(short, long = "environment", value_name = "ENV")]
    pub(crate) environments: Vec<String>,

    /// The tier of plain manifests: staging, production or dr
    #[arg(long, value_name = "TIER")]
    pub(crate) tier: Option<String>,

    /// The namespace of plain manifests that name none; with `rbac --can`, the one that is asked about
    #[arg(short, long, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,

    /// The Kubernetes version to render and check for, 1.25 to 1.37
    #[arg(long, value_name = "VERSION")]
    pub(crate) kubernetes: Option<String>,

    /// How many threads to use; the report is the same for any number
    #[arg(short, long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
}

/// How the result is written.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct OutputArgs {
    /// The format of the report: text, json, sarif, github (annotations of GitHub Actions), gitlab (Code Quality)
    /// or junit
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: String,

    /// Write the report to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// When to use colours
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,

    /// Leave out notes, and say nothing where there is nothing to say
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// What commands take that print facts.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct ViewArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,

    /// text or json; `network` and `rbac` also draw: dot (Graphviz) or mermaid
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: String,

    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Which findings make the command fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Errors
    Error,
    /// Warnings and errors
    Warning,
    /// Any finding
    Info,
    /// None
    Never,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,

    #[command(flatten)]
    pub(crate) output: OutputArgs,

    /// Only these policies: an id, or a category with its slash (`rbac/`)
    #[arg(long, value_name = "POLICY")]
    pub(crate) select: Vec<String>,

    /// Not these policies: an id, or a category with its slash
    #[arg(long, value_name = "POLICY")]
    pub(crate) ignore: Vec<String>,

    /// The lowest severity that makes the command exit with 1
    #[arg(long, value_name = "LEVEL", default_value = "error")]
    pub(crate) fail_on: FailOn,

    /// Report only what has changed since this Git revision, and what depends on it
    ///
    /// Counts what is different in the work tree from where its branch left REV, uncommitted and untracked
    /// files too. An object depends on its manifest, or on its chart, the charts it uses and its values files; a
    /// policy that sees more than the object, on everything in the environment. What cannot be rendered is
    /// always reported.
    #[arg(long, value_name = "REV")]
    pub(crate) changed_since: Option<String>,

    /// Leave out the findings that this file holds, so that only new ones count
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,

    /// Write the findings there are into this file, for `--baseline`, and exit with 0
    ///
    /// Nothing is written where something could not be done, nor over a file that is no baseline. A run with
    /// --environment, --select, --ignore or --changed-since adds to what the file holds, a full one replaces it. In a directory
    /// of plain manifests begin its name with a dot, so that it is not taken for one of them.
    #[arg(long, value_name = "FILE")]
    pub(crate) write_baseline: Option<PathBuf>,

    /// The moment to check for, as RFC 3339; expiry dates are compared with it [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) now: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RenderArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,

    /// Write one file per template below this directory instead of everything to standard output
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,

    /// A values file above all the workspace's layers, repeatable; the last one wins
    #[arg(short = 'f', long = "values", value_name = "FILE")]
    pub(crate) values: Vec<PathBuf>,

    /// Set a value above all files: `a.b[0].c=1,d={x,y}`
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,

    /// Set a value as text, whatever it looks like
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set_string: Vec<String>,

    /// Set a value given as JSON
    #[arg(long, value_name = "KEY=JSON")]
    pub(crate) set_json: Vec<String>,

    /// Only templates whose path matches
    #[arg(long, value_name = "GLOB")]
    pub(crate) show_only: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RbacArgs {
    #[command(flatten)]
    pub(crate) view: ViewArgs,

    /// What this subject may do, and whom it can become: `User:name`, `Group:name`, `ServiceAccount:namespace/name`, or a
    /// name that only one has
    #[arg(long, value_name = "SUBJECT")]
    pub(crate) subject: Option<String>,

    /// Who can do this, or whether the subject can: a verb, and `RESOURCE[.GROUP][/SUBRESOURCE]` or a path
    #[arg(long, num_args = 2, value_names = ["VERB", "RESOURCE"])]
    pub(crate) can: Option<Vec<String>>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct NetworkArgs {
    #[command(flatten)]
    pub(crate) view: ViewArgs,

    /// Only what this reaches: `namespace/name`, `name`, addresses (`10.0.0.0/8`), `external`, or
    /// `{ingress-controller}`
    #[arg(long, value_name = "END")]
    pub(crate) from: Option<String>,

    /// Only what reaches this
    #[arg(long, value_name = "END")]
    pub(crate) to: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct QuotaArgs {
    #[command(flatten)]
    pub(crate) view: ViewArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ImagesCommand {
    /// Print each image with what the lock, its signatures, scans and provenance say, without a network
    ///
    /// Exits with 1 when something stands against an image.
    Verify(ImagesVerifyArgs),
    /// Resolve every image of every environment at its registry, and write images.lock and evidence/
    ///
    /// Writes digests, platforms, the image's user, signatures and attestations, and for which environments each
    /// digest was locked. What did not change stays as it is. When anything fails, nothing is written.
    Lock(ImagesLockArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ImagesVerifyArgs {
    #[command(flatten)]
    pub(crate) view: ViewArgs,

    /// The moment to verify for, as RFC 3339; the age of scans is measured at it [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) now: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ImagesLockArgs {
    /// The workspace
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) path: PathBuf,

    /// Only this environment, repeatable; what others use stays as it is
    #[arg(short, long = "environment", value_name = "ENV")]
    pub(crate) environments: Vec<String>,

    /// Speak plain HTTP with this registry, which must be on this machine: `localhost:5000`
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) plain_http: Vec<String>,

    /// The moment that is written down for digests that are new, as RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) now: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PoliciesCommand {
    /// List the policies: severity by tier, and which are silent and what would wake them
    List(ListArgs),
    /// Show one policy: what it finds, why, its parameters and examples
    Show(ShowArgs),
    /// Run the examples of a folder of policies as tests
    Test(TestArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ListArgs {
    /// The workspace whose declarations and own policies count
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) path: PathBuf,

    /// text or json
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: String,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ShowArgs {
    /// The policy's id, `category/name`
    pub(crate) id: String,

    /// The workspace whose own policies count
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) path: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct TestArgs {
    /// A folder with `<category>/<name>/{policy.rego,README.md}` in it
    pub(crate) directory: PathBuf,
}
