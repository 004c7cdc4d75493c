//! `${NAME}` in values, from an environment that the caller gives.

use std::collections::BTreeMap;

use lanner_diagnostic::{Diagnostic, Node, Place, Value};

use crate::key::{self, Owner};
use crate::secrets::Secrets;

/// The code of a variable that isn't set.
const UNSET: &str = "CONFIG_UNSET_VARIABLE";

/// A variable that isn't set.
pub(crate) struct Unset(pub String);

/// Replaces variables in the values of a tree.
pub(crate) struct Expansion<'a> {
    /// The environment.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// Where the values of variables are noted, since they may be secret.
    pub secrets: &'a mut Secrets,
    /// Which value had which variable that isn't set.
    pub unset: &'a mut BTreeMap<Place, Unset>,
    /// What is wrong.
    pub diagnostics: &'a mut Vec<Diagnostic>,
}

impl Expansion<'_> {
    /// Replaces variables in all values. As in Falco, names of keys stay as they are, and one that isn't set is
    /// empty; in Lanner's sections it is an error.
    pub fn tree(&mut self, root: &mut Node) {
        let Value::Mapping(entries) = &mut root.value else { return };
        for (name, value) in entries {
            let owner = key::owner(name.as_str().unwrap_or_default());
            self.node(value, owner);
        }
    }

    fn node(&mut self, node: &mut Node, owner: Owner) {
        match &mut node.value {
            Value::Null => {}
            Value::Plain(text) | Value::Quoted(text) => {
                if text.contains("${") {
                    *text = self.text(text, node.place, owner);
                }
            }
            Value::Sequence(items) => items.iter_mut().for_each(|item| self.node(item, owner)),
            Value::Mapping(entries) => entries.iter_mut().for_each(|(_, value)| self.node(value, owner)),
        }
    }

    fn text(&mut self, text: &str, place: Place, owner: Owner) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let Some(length) = rest[at..].find('}') else { break };
            let name = &rest[at + 2..at + length];
            match rest[..at].strip_suffix('$') {
                // `$${x}` stands for `${x}` itself.
                Some(before) => {
                    out.push_str(before);
                    out.push_str(&rest[at..=at + length]);
                }
                None => {
                    out.push_str(&rest[..at]);
                    out.push_str(&self.variable(name, place, owner));
                }
            }
            rest = &rest[at + length + 1..];
        }
        out + rest
    }

    fn variable(&mut self, name: &str, place: Place, owner: Owner) -> String {
        if let Some(value) = (self.env)(name) {
            self.secrets.add(&value, format!("${{{name}}}"));
            return value;
        }
        if owner == Owner::Lanner {
            let message = format!("the environment variable `{name}` is not set");
            self.diagnostics.push(Diagnostic::error(UNSET, message).at(place));
        }
        self.unset.insert(place, Unset(name.to_owned()));
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let (mut secrets, mut unset, mut diagnostics) = Default::default();
        let env = |name: &str| (name == "A").then(|| "1".to_owned());
        let mut expansion =
            Expansion { env: &env, secrets: &mut secrets, unset: &mut unset, diagnostics: &mut diagnostics };
        assert_eq!(expansion.text(text, Place::default(), Owner::Falco), expected);
    }

    #[test]
    fn variables() {
        check("x${A}y${A}", "x1y1");
        check("$${A} $A ${A", "${A} $A ${A");
        check("${B}|${}", "|");
        check("é${A}é$", "é1é$");
        check("${A}$${A}${A}", "1${A}1");
    }
}
