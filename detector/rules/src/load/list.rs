//! Lists put into conditions, as text, before these are parsed: so Falco does it, and rules rely on it.

use hashbrown::HashSet;
use lanner_diagnostic::{Diagnostic, Node, Sources};

use super::ListItem;
use crate::sourced::Sourced;

/// An item of a list as it stands in a condition: in quotes where it has blanks and none yet.
pub fn item(node: &Node, sources: &Sources) -> Sourced {
    let item = Sourced::from_node(node, sources);
    let text = item.as_str();
    let quoted = text.starts_with(['"', '\'']);
    if quoted || !text.contains(|c: char| c.is_whitespace()) {
        return item;
    }
    let mut out = Sourced::default();
    out.push_str("\"", node.place);
    out.push_range(&item, 0, text.len());
    out.push_str("\"", node.place);
    out
}

/// How many items a list may have, with those of the lists in it.
const ITEMS_MAX: usize = 100_000;

/// What the names of lists stand for, in the order of their definition.
pub struct Substitutions<'a> {
    lists: Vec<(&'a str, Vec<Sourced>)>,
}

impl<'a> Substitutions<'a> {
    /// Puts lists into lists: those defined before with all that is in them, those after as they are.
    pub fn new(lists: &'a [ListItem], diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut resolved: Vec<(&str, Vec<Sourced>)> = Vec::new();
        for list in lists {
            let mut items: Vec<Sourced> = Vec::new();
            for item in &list.items {
                let other = lists.iter().find(|other| other.name == item.as_str() && other.name != list.name);
                let inner = other.map(|other| {
                    let before = resolved.iter().find(|(name, _)| *name == other.name);
                    before.map_or(&other.items, |(_, items)| items)
                });
                items.extend_from_slice(inner.map_or(std::slice::from_ref(item), Vec::as_slice));
                if items.len() > ITEMS_MAX {
                    let message = format!("the list, with the lists in it, has more than {ITEMS_MAX} items");
                    diagnostics.push(
                        Diagnostic::error("LOAD_ERR_VALIDATE", message)
                            .at(list.place)
                            .item("list", &list.name),
                    );
                    items.clear();
                    break;
                }
            }
            resolved.push((&list.name, items));
        }
        Substitutions { lists: resolved }
    }

    /// The condition with lists put in wherever their names stand between blanks, parentheses, commas, `=`, or
    /// the ends; and the names of those that were.
    pub fn expand(&self, condition: &Sourced, used: &mut HashSet<&'a str>) -> Sourced {
        let mut out = condition.clone();
        for (name, items) in &self.lists {
            if let Some(replaced) = replace(&out, name, items) {
                out = replaced;
                used.insert(name);
            }
        }
        out
    }
}

/// Puts a list's items in place of its name; `None` where the name isn't there.
fn replace(condition: &Sourced, name: &str, items: &[Sourced]) -> Option<Sourced> {
    let text = condition.as_str();
    let bytes = text.as_bytes();
    let border = |byte: u8| byte.is_ascii_whitespace() || b"(),=".contains(&byte);
    let mut out = Sourced::default();
    let mut from = 0;
    for (at, _) in text.match_indices(name) {
        let end = at + name.len();
        let alone = at.checked_sub(1).is_none_or(|before| border(bytes[before]))
            && bytes.get(end).is_none_or(|after| border(*after));
        if !alone || at < from {
            continue;
        }
        out.push_range(condition, from, at);
        from = end;
        let place = condition.place(at, end);
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                out.push_str(", ", place);
            }
            out.push_range(item, 0, item.as_str().len());
        }
        if items.is_empty() {
            from = without_comma(&mut out, bytes, end);
        }
    }
    if from == 0 && out.as_str().is_empty() {
        return None;
    }
    out.push_range(condition, from, text.len());
    Some(out)
}

/// An empty list takes a comma with it: the one after, else the one before.
fn without_comma(out: &mut Sourced, bytes: &[u8], end: usize) -> usize {
    let after = bytes[end..].iter().position(|byte| !byte.is_ascii_whitespace()).map(|skip| end + skip);
    if let Some(comma) = after.filter(|at| bytes[*at] == b',') {
        return comma + 1;
    }
    let kept = out.as_str().trim_end();
    if kept.ends_with(',') {
        let length = kept.len() - 1;
        let mut shorter = Sourced::default();
        shorter.push_range(out, 0, length);
        *out = shorter;
    }
    end
}

#[cfg(test)]
mod tests {
    use lanner_diagnostic::Place;

    use super::*;

    fn sourced(text: &str) -> Sourced {
        let mut out = Sourced::default();
        out.push_str(text, Place::default());
        out
    }

    fn list(name: &str, items: &[&str]) -> ListItem {
        let items = items.iter().map(|item| sourced(item)).collect();
        ListItem { name: name.to_owned(), items, place: Place::default() }
    }

    #[test]
    fn lists_are_put_in_as_text() {
        let lists = [list("shells", &["bash", "sh"]), list("none", &[]), list("all", &["shells", "\"a b\""])];
        for (condition, expected) in [
            ("proc.name in (shells)", "proc.name in (bash, sh)"),
            ("proc.name in (x, shells, y)", "proc.name in (x, bash, sh, y)"),
            ("proc.name in (all)", "proc.name in (bash, sh, \"a b\")"),
            ("proc.name in (none, x)", "proc.name in ( x)"),
            ("proc.name in (x, none)", "proc.name in (x)"),
            ("proc.name in (none)", "proc.name in ()"),
            ("proc.name = my_shells or a=shells", "proc.name = my_shells or a=bash, sh"),
        ] {
            let mut used = HashSet::new();
            let substitutions = Substitutions::new(&lists, &mut Vec::new());
            assert_eq!(
                substitutions.expand(&sourced(condition), &mut used).as_str(),
                expected,
                "{condition}"
            );
            assert!(!used.is_empty());
        }
    }

    #[test]
    fn lists_of_lists_have_an_end() {
        let mut lists = vec![list("l0", &["a"; 10])];
        for level in 1..8 {
            lists.push(list(&format!("l{level}"), &[&format!("l{}", level - 1) as &str; 10]));
        }
        let mut diagnostics = Vec::new();
        Substitutions::new(&lists, &mut diagnostics);
        assert!(diagnostics[0].message.contains("more than 100000 items"));
    }
}
