//! Quantities that are well formed and surely not what their author meant.
//!
//! Only what is certain: `memory: 1073741824`, `cpu: 2000m` and `cpu: 0.1` are real and never flagged.

use super::{Format, Quantity, QuantityError};

/// No container starts in less memory.
const LEAST_MEMORY: i64 = 1 << 20;
/// More whole CPUs than one container asks for: above it, thousandths were meant.
const MOST_CPUS: i64 = 256;

/// What is surely wrong with a quantity of a resource, as what follows "this amount …"; `None` for nothing or a
/// malformed one.
pub fn suspicious(resource: &str, text: &str) -> Option<String> {
    inspect(resource, text).ok().flatten()
}

/// What is surely wrong with a quantity of a resource; the error says how it is malformed.
///
/// The resource is the key of a container's requests or limits (`cpu`, `memory`, `ephemeral-storage`,
/// `hugepages-2Mi`), a claim's `storage`, or a quota's (`requests.memory`, `limits.cpu`). Only plain `cpu` is
/// held to what one container can ask for.
pub fn inspect(resource: &str, text: &str) -> Result<Option<String>, QuantityError> {
    let quantity = Quantity::parse(text)?;
    let name = resource.rsplit_once('.').map_or(resource, |(_, name)| name);
    if quantity <= Quantity::default() {
        return Ok(None);
    }
    Ok(match name {
        "cpu" => cpu(resource, text, quantity),
        "memory" | "storage" | "ephemeral-storage" => bytes(text, quantity),
        _ if name.starts_with("hugepages-") => bytes(text, quantity),
        _ => None,
    })
}

fn bytes(text: &str, quantity: Quantity) -> Option<String> {
    if quantity >= Quantity::from_units(LEAST_MEMORY) || text.ends_with(['k', 'K', 'i']) {
        return None;
    }
    let number = text.trim_end_matches(['m', 'u', 'n']);
    if number.len() < text.len() {
        // Large amounts in `m` are what an autoscaler writes; they are above the bound and pass.
        let amount = quantity.units();
        return Some(format!(
            "is {} byte{}, since `m` means a thousandth; `{number}Mi` is meant, it seems",
            if amount == 1 { "at most 1".into() } else { amount.to_string() },
            if amount == 1 { "" } else { "s" }
        ));
    }
    Some(format!("is {} bytes, less than 1Mi; a unit is missing, such as `{text}Mi`", quantity.units()))
}

fn cpu(resource: &str, text: &str, quantity: Quantity) -> Option<String> {
    if quantity.format() == Format::Binary || text.ends_with('i') {
        return Some(format!("has a unit of memory; CPU is counted in whole CPUs or `m`"));
    }
    if text.ends_with(['M', 'G', 'T', 'P', 'E']) {
        return Some(format!("asks for millions of CPUs; `m` is meant for thousandths, it seems"));
    }
    if resource == "cpu" && quantity >= Quantity::from_units(MOST_CPUS) {
        let meant = if quantity.format() == Format::Decimal && text.bytes().all(|byte| byte.is_ascii_digit()) {
            format!("; `{text}m` is meant, it seems")
        } else {
            String::new()
        };
        return Some(format!("asks for {} whole CPUs{meant}", quantity.units()));
    }
    if quantity < Quantity::from_millis(1) {
        return Some(format!("is less than `1m`, the least CPU Kubernetes can give"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_surely_wrong_is_said() {
        let cases = [
            ("memory", "128m", "`128Mi` is meant"),
            ("memory", "512", "512 bytes"),
            ("limits.memory", "1", "unit is missing"),
            ("storage", "10", "`10Mi`"),
            ("ephemeral-storage", "2000m", "2 bytes"),
            ("cpu", "500Mi", "unit of memory"),
            ("cpu", "1Ki", "unit of memory"),
            ("requests.cpu", "100M", "millions"),
            ("cpu", "1000", "`1000m` is meant"),
            ("cpu", "256", "256 whole"),
            ("cpu", "100u", "less than `1m`"),
        ];
        for (resource, text, expected) in cases {
            let message = suspicious(resource, text).unwrap_or_else(|| panic!("{resource}: {text}"));
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn what_is_real_passes() {
        let cases = [
            ("memory", "1073741824"),
            ("memory", "128Mi"),
            ("memory", "64M"),
            ("memory", "0"),
            ("memory", "512Ki"),
            ("memory", "1288490188800m"),
            ("memory", "1e9"),
            ("memory", "1G"),
            ("storage", "10Gi"),
            ("cpu", "2000m"),
            ("cpu", "0.1"),
            ("cpu", ".5"),
            ("cpu", "1"),
            ("cpu", "1m"),
            ("cpu", "0"),
            ("cpu", "64"),
            ("requests.cpu", "1000"),
            ("limits.cpu", "1k"),
            ("pods", "10"),
            ("nvidia.com/gpu", "1"),
            ("hugepages-2Mi", "100Mi"),
            ("count/deployments.apps", "5"),
        ];
        for (resource, text) in cases {
            assert_eq!(suspicious(resource, text), None, "{resource}: {text}");
        }
        assert!(inspect("memory", "128mi").unwrap_err().to_string().contains("`Mi`"));
        assert_eq!(suspicious("memory", "128mi"), None);
    }
}
