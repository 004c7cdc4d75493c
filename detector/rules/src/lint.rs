//! What Falco doesn't say of rules, though it is hardly ever meant: rules that can't fire, comparisons that can't be
//! true, event types that nobody captures.

use hashbrown::{HashMap, HashSet};
use lanner_diagnostic::{Diagnostic, Place, SourceId, Sources};
use lanner_event::fields::Fields;
use lanner_event::{Arg, EventSource, FieldFlags, FieldRef, Kind};

use crate::ast::Op;
use crate::compile::{Names, Outline, Outliner, Part, Source, implies};
use crate::kindset::KindSet;
use crate::load::{Loaded, RuleItem, Substitutions, load};
use crate::ruleset::{Matching, Options, Rule, RuleSet};

/// How many bytes the kernel keeps of a thread's name.
const NAME_MAX: usize = 15;
/// The fields that hold such names.
const NAMES: &[&str] =
    &["proc.name", "proc.pname", "proc.aname", "proc.sname", "proc.pgid.name", "proc.vpgid.name"];

/// Finds fault with rules that were compiled of these files. `captured` are the event types that come.
pub fn lint(
    set: &RuleSet,
    sources: &Sources,
    files: &[SourceId],
    fields: Fields,
    options: &Options,
    captured: &KindSet,
) -> Vec<Diagnostic> {
    let loaded = load(sources, files);
    let items = loaded.rules.iter().map(|item| (item.name.as_str(), item)).collect();
    let mut linter =
        Linter { set, fields, loaded: &loaded, items, captured, seen: HashSet::new(), found: Vec::new() };
    linter.comparisons(options);
    linter.never_true();
    if options.matching == Matching::First {
        linter.hidden();
    }
    linter.found.sort_by_key(|diagnostic| diagnostic.place);
    linter.found
}

struct Linter<'a> {
    set: &'a RuleSet,
    fields: Fields,
    loaded: &'a Loaded,
    /// The rules as their files define them, by name.
    items: HashMap<&'a str, &'a RuleItem>,
    captured: &'a KindSet,
    /// What was said of a place: a macro stands in many rules.
    seen: HashSet<(&'static str, Place)>,
    found: Vec<Diagnostic>,
}

impl<'a> Linter<'a> {
    fn say(&mut self, diagnostic: Diagnostic) {
        if diagnostic.place.is_none_or(|place| self.seen.insert((diagnostic.code, place))) {
            self.found.push(diagnostic);
        }
    }

    /// A warning of a whole rule.
    fn warning(&self, code: &'static str, message: String, rule: &Rule) -> Diagnostic {
        let warning = Diagnostic::warning(code, message);
        match self.items.get(&*rule.name) {
            Some(item) => warning.at(item.place).item("rule", &*rule.name, item.whole),
            None => warning,
        }
    }

    fn never_true(&mut self) {
        for rule in self.set.judged() {
            let Some(why) = self.set.never_true(rule) else { continue };
            let message = format!("the condition can never be true: {why}");
            self.say(self.warning("LINT_NEVER_TRUE", message, rule));
        }
    }

    /// Rules that an earlier one takes every event from.
    fn hidden(&mut self) {
        // What is never true has been told of, and hides nothing.
        let rules: Vec<&Rule> =
            self.set.judged().filter(|rule| self.set.never_true(rule).is_none()).collect();
        for (at, rule) in rules.iter().enumerate() {
            // What has event types that the other hasn't can't be hidden by it, which is quickly seen.
            let within = |earlier: &Rule| rule.kinds.and(&earlier.kinds) == rule.kinds;
            let before =
                rules[..at].iter().filter(|earlier| earlier.source == rule.source && within(earlier));
            let hides = |earlier: &&&Rule| implies(self.set.graph(), rule.node(), earlier.node());
            let Some(earlier) = before.into_iter().find(hides) else { continue };
            let message = format!(
                "the rule never gives an alert: all that it is true of is taken by the earlier rule `{}`",
                earlier.name
            );
            let help = "define it before the other, or set `rule_matching: all`";
            self.say(self.warning("LINT_HIDDEN_RULE", message, rule).help(help));
        }
    }

    fn comparisons(&mut self, options: &Options) {
        let lists = Substitutions::new(&self.loaded.lists, &mut Vec::new());
        for item in &self.loaded.rules {
            let Some(source) = EventSource::by_name(&item.source) else { continue };
            let names = Names { fields: self.fields.of(source), statics: &options.static_fields };
            let mut outliner = Outliner::new(&self.loaded.macros, &lists, names);
            let outline = outliner.rule(item);
            self.part(&outline, item);
        }
    }

    fn part(&mut self, outline: &Outline, rule: &RuleItem) {
        match &outline.part {
            Part::And(items) | Part::Or(items) => items.iter().for_each(|item| self.part(item, rule)),
            Part::Not(inner) | Part::Named { inner, .. } => self.part(inner, rule),
            Part::Check { op, constants, check, .. } => {
                if let Source::Field(field) = &check.source {
                    self.name(field, *op, constants, rule);
                    self.event_type(field, *op, constants, rule);
                    self.ancestor(field, *op, outline.place, rule);
                }
            }
            Part::Unknown => {}
        }
    }

    /// A name that is longer than the kernel's.
    fn name(&mut self, field: &FieldRef, op: Op, constants: &[(String, Place)], rule: &RuleItem) {
        let whole = matches!(op, Op::Eq | Op::Ne | Op::In | Op::Intersects);
        let part = matches!(op, Op::Contains | Op::StartsWith | Op::EndsWith);
        if !NAMES.contains(&field.field.name) || !(whole || part) {
            return;
        }
        for (name, place) in constants.iter().filter(|(name, _)| name.len() > NAME_MAX) {
            let message = format!("`{field}` has at most {NAME_MAX} bytes, and is never `{name}`");
            let mut warning = Diagnostic::warning("LINT_LONG_NAME", message)
                .at(*place)
                .item("rule", &rule.name, rule.whole);
            if whole {
                let cut = name.floor_char_boundary(NAME_MAX);
                warning = warning.help(format!("the kernel cuts the name to `{}`", &name[..cut]));
            }
            self.say(warning);
        }
    }

    fn event_type(&mut self, field: &FieldRef, op: Op, constants: &[(String, Place)], rule: &RuleItem) {
        let whole = matches!(op, Op::Eq | Op::In | Op::Intersects);
        if !matches!(field.field.name, "evt.type" | "syscall.type") || !whole {
            return;
        }
        for (name, place) in constants {
            let missing =
                |kind: &Kind| kind.source() == EventSource::Syscall && !self.captured.contains(*kind);
            if Kind::by_name(name).filter(missing).is_some() {
                let message = format!("events of the type `{name}` are not captured");
                let warning = Diagnostic::warning("LINT_NOT_CAPTURED", message).at(*place);
                self.say(warning.item("rule", &rule.name, rule.whole));
            }
        }
    }

    /// `!=` on ancestors, which says less than it seems to.
    fn ancestor(&mut self, field: &FieldRef, op: Op, place: Place, rule: &RuleItem) {
        let name = field.field.name;
        let any = field.arg == Arg::None
            && field.field.flags.contains(FieldFlags::NO_RHS)
            && name.starts_with("proc.a");
        if op == Op::Ne && any {
            let message = format!("`{name} !=` is true if any ancestor differs, which is nearly always so");
            let help = format!("`not {name} = …` is true if no ancestor is it");
            let warning = Diagnostic::warning("LINT_ANCESTOR_DIFFERS", message).at(place).help(help);
            self.say(warning.item("rule", &rule.name, rule.whole));
        }
    }
}
