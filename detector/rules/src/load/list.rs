//! Lists put into conditions, as text, before these are parsed: so Falco does it, and rules rely on it.

use hashbrown::{HashMap, HashSet};
use lanner_diagnostic::Diagnostic;

use super::ListItem;
use crate::sourced::Sourced;

/// How many items a list may have, with those of the lists in it.
const ITEMS_MAX: usize = 100_000;

/// How deep lists may stand in lists that are defined after them.
const DEPTH_MAX: usize = 100;

/// An item of a list or a value of an exception as it stands in a condition: in quotes where it has blanks and none yet.
pub fn quoted(item: &Sourced) -> Sourced {
    let text = item.as_str();
    if text.starts_with(['"', '\'']) || !text.contains(' ') {
        return item.clone();
    }
    let place = item.place(0, text.len());
    let mut out = Sourced::default();
    out.push_str("\"", place);
    out.push_range(item, 0, text.len());
    out.push_str("\"", place);
    out
}

/// What the names of lists stand for, in the order of their definition.
pub struct Substitutions<'a> {
    lists: Vec<(&'a str, Vec<Sourced>)>,
    /// The lists that stand in lists.
    nested: HashSet<&'a str>,
}

/// Lists on the way to be put into lists.
struct Resolver<'a> {
    lists: &'a [ListItem],
    by_name: HashMap<&'a str, usize>,
    resolved: Vec<Option<Vec<Sourced>>>,
    /// The lists that are being resolved.
    open: Vec<usize>,
    nested: HashSet<&'a str>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Resolver<'a> {
    fn resolve(&mut self, at: usize) {
        self.open.push(at);
        let list = &self.lists[at];
        let mut items: Vec<Sourced> = Vec::new();
        for item in &list.items {
            match self.by_name.get(item.as_str()).copied().filter(|inner| !self.open.contains(inner)) {
                None => items.push(quoted(item)),
                Some(inner) => {
                    self.nested.insert(&self.lists[inner].name);
                    if self.resolved[inner].is_none() {
                        self.resolve(inner);
                    }
                    items.extend(self.resolved[inner].iter().flatten().cloned());
                }
            }
            let too_deep = self.open.len() > DEPTH_MAX;
            if too_deep || items.len() > ITEMS_MAX {
                let message = match too_deep {
                    true => format!("lists are nested more than {DEPTH_MAX} deep"),
                    false => format!("the list, with the lists in it, has more than {ITEMS_MAX} items"),
                };
                let error = Diagnostic::error("LOAD_ERR_VALIDATE", message).at(list.place);
                self.diagnostics.push(error.item("list", &list.name, list.whole));
                items.clear();
                break;
            }
        }
        self.open.pop();
        self.resolved[at] = Some(items);
    }
}

impl<'a> Substitutions<'a> {
    /// Puts lists into lists, however deep. A list that stands in itself stays there as a name.
    pub fn new(lists: &'a [ListItem], diagnostics: &mut Vec<Diagnostic>) -> Self {
        let by_name = lists.iter().enumerate().map(|(at, list)| (list.name.as_str(), at)).collect();
        let (resolved, open, nested) = (vec![None; lists.len()], Vec::new(), HashSet::new());
        let mut resolver = Resolver { lists, by_name, resolved, open, nested, diagnostics: Vec::new() };
        for at in 0..lists.len() {
            if resolver.resolved[at].is_none() {
                resolver.resolve(at);
            }
        }
        let Resolver { resolved, nested, diagnostics: said, .. } = resolver;
        diagnostics.extend(said);
        let names = lists.iter().map(|list| list.name.as_str());
        Substitutions {
            lists: names.zip(resolved.into_iter().map(Option::unwrap_or_default)).collect(),
            nested,
        }
    }

    /// Whether a list stands in another.
    pub fn is_nested(&self, name: &str) -> bool {
        self.nested.contains(name)
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

/// An empty list takes a comma with it: the one before, else the one after.
fn without_comma(out: &mut Sourced, bytes: &[u8], end: usize) -> usize {
    let kept = out.as_str().trim_end();
    if kept.ends_with(',') {
        let length = kept.len() - 1;
        let mut shorter = Sourced::default();
        shorter.push_range(out, 0, length);
        *out = shorter;
        return end;
    }
    let after = bytes[end..].iter().position(|byte| !byte.is_ascii_whitespace()).map(|skip| end + skip);
    after.filter(|at| bytes[*at] == b',').map_or(end, |comma| comma + 1)
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
        ListItem { name: name.to_owned(), items, place: Place::default(), whole: Place::default() }
    }

    #[test]
    fn lists_are_put_in_as_text() {
        let lists = [
            list("shells", &["bash", "sh"]),
            list("none", &[]),
            list("deep", &["all", "deep"]),
            list("all", &["shells", "a b"]),
        ];
        for (condition, expected) in [
            ("proc.name in (shells)", "proc.name in (bash, sh)"),
            ("proc.name in (x, shells, y)", "proc.name in (x, bash, sh, y)"),
            ("proc.name in (all)", "proc.name in (bash, sh, \"a b\")"),
            ("proc.name in (deep)", "proc.name in (bash, sh, \"a b\", deep)"),
            ("proc.name in (none, x)", "proc.name in ( x)"),
            ("proc.name in (x, none)", "proc.name in (x)"),
            ("proc.name in (x, none, y)", "proc.name in (x, y)"),
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
