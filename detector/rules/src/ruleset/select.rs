//! Which rules are enabled, and in which order they are judged: `rules` and `priority` of the configuration.

use lanner_diagnostic::{Diagnostic, nearest};

use super::{Options, Rule, RuleId, Selection, Toggle};
use crate::load::RuleItem;

/// Enables and disables rules as the configuration says, and gives those that are enabled in the order in which an event
/// is judged by them: that of their definition, with those behind that were disabled, if only by their file, and enabled
/// here.
pub fn select(rules: &mut [Rule], options: &Options) -> Vec<RuleId> {
    // Rules below the priority are as good as not there.
    let loaded: Vec<bool> = rules.iter().map(|rule| rule.priority >= options.min_priority).collect();
    let mut order: Vec<usize> = (0..rules.len()).filter(|at| loaded[*at] && rules[*at].enabled).collect();
    for selection in &options.selection {
        let selected: Vec<usize> =
            (0..rules.len()).filter(|at| selection.is_for(&rules[*at].name, &rules[*at].tags)).collect();
        match selection.toggle {
            Toggle::Disable => order.retain(|at| !selected.contains(at)),
            Toggle::Enable => {
                let added: Vec<usize> =
                    selected.into_iter().filter(|at| loaded[*at] && !order.contains(at)).collect();
                order.extend(added);
            }
        }
    }
    for (at, rule) in rules.iter_mut().enumerate() {
        rule.enabled = order.contains(&at);
    }
    order.into_iter().map(|at| RuleId(at as u32)).collect()
}

impl Selection {
    fn is_for(&self, name: &str, tags: &[String]) -> bool {
        self.rule.as_ref().is_some_and(|pattern| matches(pattern, name))
            || self.tag.as_ref().is_some_and(|tag| tags.contains(tag))
    }

    /// A note that it is for none of the rules, where it is so.
    fn unused(&self, items: &[RuleItem]) -> Option<Diagnostic> {
        if items.iter().any(|item| self.is_for(&item.name, &item.tags)) {
            return None;
        }
        let note = Diagnostic::note("LOAD_NO_EFFECT", "this item of `rules` is for no rule").at(self.place);
        let rule = self.rule.as_ref().and_then(|rule| nearest(rule, items.iter().map(|item| &*item.name)));
        let tags = items.iter().flat_map(|item| &item.tags).map(String::as_str);
        let tag = self.tag.as_ref().and_then(|tag| nearest(tag, tags));
        Some(note.help_nearest(rule.or(tag)))
    }
}

/// Notes which items of the configuration's `rules` are for none of the rules.
pub fn check_unused(items: &[RuleItem], options: &Options) -> impl Iterator<Item = Diagnostic> {
    options.selection.iter().filter_map(|selection| selection.unused(items))
}

/// Whether a name is as a pattern says, in which `*` stands for anything, and nothing else is special.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(head) else { return false };
    let (inner, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in inner.split('*') {
        match name.find(part) {
            Some(at) => name = &name[at + part.len()..],
            None => return false,
        }
    }
    name.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn only_the_star_is_special() {
        for (pattern, name, expected) in [
            ("a b", "a b", true),
            ("a", "a b", false),
            ("a*", "a b", true),
            ("*b", "a b", true),
            ("*", "", true),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c", false),
            ("a*a", "a", false),
            ("**x**", "axb", true),
            ("a?b", "a b", false),
            ("[a]", "a", false),
            ("[a]*", "[a]b", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
