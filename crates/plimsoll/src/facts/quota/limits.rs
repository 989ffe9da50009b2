//! LimitRanges: what they fill in, and whom they refuse
//! (`plugin/pkg/admission/limitranger/admission.go`).

use std::sync::Arc;

use super::amounts::Amounts;
use super::pod::{Pod, Share};
use crate::facts::quantity::Quantity;
use crate::manifest::Resource;
use crate::yaml::Node;

/// What one item of a LimitRange is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Each container and init container.
    Container,
    /// A pod as a whole.
    Pod,
    /// A claim on storage.
    Claim,
}

/// One item of a LimitRange.
#[derive(Debug, Clone)]
pub struct Item {
    /// What it is about.
    pub scope: Scope,
    /// Lower bounds.
    pub min: Amounts,
    /// Upper bounds.
    pub max: Amounts,
    /// How many times its request a limit may be.
    pub ratio: Amounts,
}

/// A LimitRange.
#[derive(Debug, Clone)]
pub struct LimitRange {
    /// Its name.
    pub name: Arc<str>,
    /// What containers get that say nothing.
    pub defaults: Share,
    /// Its items.
    pub items: Vec<Item>,
}

/// Why a pod or claim is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// JSON pointer into the workload.
    pub path: String,
    /// One sentence about the object.
    pub message: String,
}

impl LimitRange {
    /// Reads a LimitRange.
    ///
    /// An item of type Container defaults itself: `default` from `max`, `defaultRequest` from `default`,
    /// then from `min` (`pkg/apis/core/v1/defaults.go`). Of two items the later one's defaults win.
    pub fn read(resource: &Resource) -> Self {
        let mut range = Self { name: resource.id.name.clone(), defaults: Share::default(), items: Vec::new() };
        for item in resource.node().at(&["spec", "limits"]).map(Node::items).unwrap_or_default() {
            let list = |member| Amounts::read(item.get(member));
            let scope = match item.str_at(&["type"]) {
                Some("Container") => Scope::Container,
                Some("Pod") => Scope::Pod,
                Some("PersistentVolumeClaim") => Scope::Claim,
                _ => continue,
            };
            let (min, max) = (list("min"), list("max"));
            if scope == Scope::Container {
                let mut limits = list("default");
                limits.fill(&max);
                let mut requests = list("defaultRequest");
                requests.fill(&limits);
                requests.fill(&min);
                let mut defaults = Share { requests, limits };
                defaults.fill(&range.defaults);
                range.defaults = defaults;
            }
            range.items.push(Item { scope, min, max, ratio: list("maxLimitRequestRatio") });
        }
        range
    }

    /// Why the pods of a workload are refused; nothing where they are not.
    pub fn refusals(&self, pod: &Pod, pod_pointer: &str) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        for item in &self.items {
            match item.scope {
                Scope::Container => {
                    for part in &pod.parts {
                        let at = part.pointer.as_deref().unwrap_or(pod_pointer);
                        let who = format!("container `{}`", part.name);
                        self.check(item, &part.share, &who, &format!("{at}/resources"), &mut refusals);
                    }
                }
                Scope::Pod => {
                    self.check(item, &pod.bounded(), "the pod", &format!("{pod_pointer}/resources"), &mut refusals);
                }
                Scope::Claim => {}
            }
        }
        refusals
    }

    /// Why a claim on storage is refused (`PersistentVolumeClaimLimitFunc`): only requests are bounded.
    pub fn claim_refusals(&self, requests: &Amounts, pointer: &str) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        for item in self.items.iter().filter(|item| item.scope == Scope::Claim) {
            let bounds = item.min.iter().map(|(name, bound)| (name, bound, "least", "minimum"));
            let bounds = bounds.chain(item.max.iter().map(|(name, bound)| (name, bound, "most", "maximum")));
            for (name, bound, word, sort) in bounds {
                let path = format!("{pointer}/{}", super::escape(name));
                let message = match requests.get(name) {
                    None => {
                        format!("the claim asks for no {name}, and LimitRange `{}` has a {sort} of {bound}", self.name)
                    }
                    Some(asked) if (sort == "minimum" && asked < bound) || (sort == "maximum" && asked > bound) => {
                        format!(
                            "the claim asks for {asked} of {name}, and LimitRange `{}` allows at {word} {bound}",
                            self.name
                        )
                    }
                    Some(_) => continue,
                };
                refusals.push(Refusal { path, message });
            }
        }
        refusals
    }

    fn check(&self, item: &Item, share: &Share, who: &str, pointer: &str, refusals: &mut Vec<Refusal>) {
        let checked = Checked { range: &self.name, share, who, pointer };
        for (name, bound) in item.min.iter() {
            refusals.extend(checked.below(name, bound));
        }
        for (name, bound) in item.max.iter() {
            refusals.extend(checked.above(name, bound));
        }
        for (name, ratio) in item.ratio.iter() {
            refusals.extend(checked.apart(name, ratio));
        }
    }
}

/// A container or a pod that is held against one item.
struct Checked<'a> {
    range: &'a str,
    share: &'a Share,
    who: &'a str,
    pointer: &'a str,
}

impl Checked<'_> {
    fn refuse(&self, member: &str, name: &str, what: &str) -> Refusal {
        let path = format!("{}/{member}/{}", self.pointer, super::escape(name));
        Refusal { path, message: format!("{} {what}", self.who) }
    }

    /// A request that is missing or too small, or else a limit that is too small.
    fn below(&self, name: &str, bound: Quantity) -> Option<Refusal> {
        let range = self.range;
        match (self.share.requests.get(name), self.share.limits.get(name)) {
            (None, _) => {
                let what = format!("requests no {name}, and LimitRange `{range}` asks for at least {bound}");
                Some(self.refuse("requests", name, &what))
            }
            (Some(request), _) if request < bound => {
                let what =
                    format!("requests {request} of {name}, less than the {bound} that LimitRange `{range}` asks for");
                Some(self.refuse("requests", name, &what))
            }
            (_, Some(limit)) if limit < bound => {
                let what = format!(
                    "has a limit of {limit} of {name}, less than the {bound} that LimitRange `{range}` asks for"
                );
                Some(self.refuse("limits", name, &what))
            }
            _ => None,
        }
    }

    /// A limit that is missing or too large, or else a request that is too large.
    fn above(&self, name: &str, bound: Quantity) -> Option<Refusal> {
        let range = self.range;
        match (self.share.requests.get(name), self.share.limits.get(name)) {
            (_, None) => {
                let what = format!("has no limit of {name}, and LimitRange `{range}` allows at most {bound}");
                Some(self.refuse("limits", name, &what))
            }
            (_, Some(limit)) if limit > bound => {
                let what =
                    format!("has a limit of {limit} of {name}, more than the {bound} that LimitRange `{range}` allows");
                Some(self.refuse("limits", name, &what))
            }
            (Some(request), _) if request > bound => {
                let what =
                    format!("requests {request} of {name}, more than the {bound} that LimitRange `{range}` allows");
                Some(self.refuse("requests", name, &what))
            }
            _ => None,
        }
    }

    /// A limit that is too many times its request.
    fn apart(&self, name: &str, ratio: Quantity) -> Option<Refusal> {
        let range = self.range;
        let (request, limit) = (self.share.requests.of(name), self.share.limits.of(name));
        if request.is_zero() || limit.is_zero() {
            let (missing, word) = if request.is_zero() { ("requests", "request") } else { ("limits", "limit") };
            let what = format!(
                "has no {word} of {name}, and LimitRange `{range}` allows a limit of at most {ratio} times the request"
            );
            return Some(self.refuse(missing, name, &what));
        }
        exceeds(limit, request, ratio).then(|| {
            let what = format!(
                "has a limit of {limit} of {name} for a request of {request}, more than {ratio} times as LimitRange \
                 `{range}` allows"
            );
            self.refuse("limits", name, &what)
        })
    }
}

/// Whether `limit > request × ratio`, exactly.
///
/// All three are billionths, so `limit × 10⁹ > request × ratio`. Where the right side leaves 128 bits, no
/// limit is above it; where the left side does, both are divided first, which is exact enough at 10²⁹.
fn exceeds(limit: Quantity, request: Quantity, ratio: Quantity) -> bool {
    let Some(allowed) = request.nanos().checked_mul(ratio.nanos()) else { return false };
    match limit.nanos().checked_mul(1_000_000_000) {
        Some(limit) => limit > allowed,
        None => limit.nanos() > allowed / 1_000_000_000,
    }
}
