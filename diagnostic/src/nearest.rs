//! The nearest known name to one that isn't known.

/// The candidate that a writer of `name` most likely meant, if any is near enough: at most a third of its
/// characters wrong. Case is ignored. Of two that are as near, one that goes on where `name` ends is likelier.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_ascii_lowercase();
    let length = name.chars().count();
    let limit = (length / 3).max(1);
    // One whose length differs by more can't be near, and is told at a glance.
    let near = |candidate: &&str| candidate.chars().count().abs_diff(length) <= limit;
    candidates
        .into_iter()
        .filter(near)
        .map(|candidate| {
            let lower = candidate.to_ascii_lowercase();
            (strsim::damerau_levenshtein(&name, &lower), !lower.starts_with(&name), candidate)
        })
        .filter(|(distance, ..)| *distance <= limit)
        .min_by_key(|(distance, other, _)| (*distance, *other))
        .map(|(.., candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_what_was_meant() {
        assert_eq!(nearest("proc.nam", ["proc.pid", "proc.name"]), Some("proc.name"));
        assert_eq!(nearest("fd.nam", ["fd.num", "fd.name"]), Some("fd.name"));
        assert_eq!(nearest("Json_Ouput", ["json_output", "priority"]), Some("json_output"));
        assert_eq!(nearest("zebra", ["json_output", "priority"]), None);
    }
}
