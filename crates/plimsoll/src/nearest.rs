//! The name somebody probably meant.

/// The candidate spelled most like `word`, if one is near enough to have been meant.
///
/// Case, `_` and `-` do not count. Near enough is one letter and a third of them: changed, left out,
/// added or transposed. Ties go to the first in alphabetical order, so that the answer does not depend
/// on the order of the candidates.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['_', '-'], "");
    let wanted = plain(word);
    let length = wanted.chars().count();
    candidates
        .into_iter()
        .filter(|candidate| *candidate != word)
        .map(|candidate| (strsim::osa_distance(&wanted, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| {
            let other = candidate.chars().count();
            *distance < length.max(other) && *distance <= 1 + length.min(other) / 3
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// "did you mean", or the list of what there is.
pub(crate) fn suggest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(candidate) = nearest(name, candidates.clone()) {
        return format!("did you mean `{candidate}`?");
    }
    let all: Vec<_> = candidates.into_iter().map(|candidate| format!("`{candidate}`")).collect();
    if all.is_empty() { "there is none yet".to_owned() } else { format!("there is {}", all.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_what_was_meant() {
        assert_eq!(nearest("tgg", ["tag", "repository"]), Some("tag"));
        assert_eq!(nearest("enviroments", ["environments", "external"]), Some("environments"));
        assert_eq!(nearest("prodution", ["staging", "production", "dr"]), Some("production"));
        assert_eq!(nearest("Production", ["production", "staging"]), Some("production"));
        assert_eq!(nearest("x", ["yz", "a"]), None);
        assert_eq!(nearest("replica", ["replicas", "image"]), Some("replicas"));
    }
}
