//! Constants of many rules looked for in one value at once, however many there are.
//!
//! What the value must be is found by its hash. What it must begin with, end with or have inside is one automaton each
//! (Aho and Corasick's), which is walked byte by byte: the first two, which are anchored, end at the first byte that no
//! constant has there, which in most values is one of the first. The last is walked only where a filter
//! ([`super::filter`]) doesn't tell that it is in vain.

use aho_corasick::Anchored;
use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::contiguous::NFA;
use hashbrown::HashMap;
use lanner_event::{Ctx, Val};

use super::candidates::Candidates;
use super::filter::Filter;
use super::need::{Constant, Position};
use super::source::Source;

/// The rules that need a constant, by position.
type Rules = Vec<u32>;

/// Finds the rules whose constants stand in a source's value.
#[derive(Debug)]
pub struct Lookup {
    /// The rules that it finds.
    pub rules: Candidates,
    source: Source,
    /// Whether that depends on the reading of paths.
    path: bool,
    /// What looks for constants, each with its rules.
    finders: Vec<(Candidates, Finder)>,
}

#[derive(Debug)]
enum Finder {
    /// The value itself.
    Whole { texts: HashMap<Box<[u8]>, Rules>, others: HashMap<Constant, Rules> },
    /// From its first byte on.
    Start(Words),
    /// From its last byte back.
    End(Words),
    /// Anywhere in it, where the filter says that it may be there.
    Inside(Filter, Words),
}

/// An automaton, and the rules that need each of its words.
#[derive(Debug)]
struct Words {
    automaton: NFA,
    rules: Vec<Rules>,
}

impl Lookup {
    /// A look-up of constants for `count` rules in all; `None` where they are too many for an automaton.
    pub fn new(
        source: &Source,
        constants: HashMap<Position, HashMap<Constant, Rules>>,
        count: usize,
    ) -> Option<Self> {
        let mut all = Candidates::none(count);
        let mut finders = Vec::with_capacity(constants.len());
        for (position, constants) in constants {
            let mut rules = Candidates::none(count);
            constants.values().for_each(|wanted| rules.extend(wanted));
            all.insert_all(&rules);
            finders.push((rules, Finder::new(position, constants)?));
        }
        Some(Lookup { rules: all, source: source.clone(), path: source.is_path(), finders })
    }

    /// Marks those of the candidates that an event can be of under any of the readings.
    pub fn mark<'a>(
        &'a self,
        given: &Ctx<'a>,
        real: Option<&Ctx<'a>>,
        candidates: &Candidates,
        found: &mut Candidates,
    ) {
        self.mark_value(self.source.get(given), candidates, found);
        if let Some(real) = real.filter(|_| self.path) {
            self.mark_value(self.source.get(real), candidates, found);
        }
    }

    fn mark_value(&self, value: Val, candidates: &Candidates, found: &mut Candidates) {
        match value {
            Val::Missing => {}
            Val::Any(values) => values.iter().for_each(|value| self.mark_value(*value, candidates, found)),
            Val::Pending | Val::Cut(_) | Val::Bool(_) | Val::Double(_) | Val::List(_) => {
                found.insert_all(&self.rules);
            }
            value => {
                for (rules, finder) in &self.finders {
                    if candidates.meets_beyond(rules, found) {
                        finder.find(value, found);
                    }
                }
            }
        }
    }
}

impl Finder {
    fn new(position: Position, constants: HashMap<Constant, Rules>) -> Option<Finder> {
        Some(match position {
            Position::Whole => {
                let (mut texts, mut others) = (HashMap::new(), HashMap::new());
                for (constant, rules) in constants {
                    match constant {
                        Constant::Text(text) => drop(texts.insert(text, rules)),
                        other => drop(others.insert(other, rules)),
                    }
                }
                Finder::Whole { texts, others }
            }
            Position::Start => Finder::Start(Words::new(constants, position)?),
            Position::End => Finder::End(Words::new(constants, position)?),
            Position::Inside | Position::InsideAnyCase => {
                let texts = constants.keys().filter_map(|constant| match constant {
                    Constant::Text(text) => Some(&**text),
                    _ => None,
                });
                let filter = Filter::new(texts, position == Position::InsideAnyCase);
                Finder::Inside(filter, Words::new(constants, position)?)
            }
        })
    }

    fn find(&self, value: Val, found: &mut Candidates) {
        match (self, value) {
            (Finder::Whole { texts, .. }, Val::Str(text)) => {
                if let Some(rules) = texts.get(text) {
                    found.extend(rules);
                }
            }
            (Finder::Whole { others, .. }, value) => {
                let rules = number_or_address(value).and_then(|constant| others.get(&constant));
                found.extend(rules.map_or(&[], Vec::as_slice));
            }
            (Finder::Start(words), Val::Str(text)) => words.walk(Anchored::Yes, text.iter(), found),
            (Finder::End(words), Val::Str(text)) => words.walk(Anchored::Yes, text.iter().rev(), found),
            (Finder::Inside(filter, words), Val::Str(text)) if filter.may_be_in(text) => {
                words.walk(Anchored::No, text.iter(), found);
            }
            _ => {}
        }
    }
}

fn number_or_address(value: Val) -> Option<Constant> {
    match value {
        Val::Int(number) => Some(Constant::Number(number.into())),
        Val::Uint(number) => Some(Constant::Number(number.into())),
        Val::Ip(ip) => Some(Constant::Ip(ip)),
        _ => None,
    }
}

impl Words {
    fn new(constants: HashMap<Constant, Rules>, position: Position) -> Option<Words> {
        let (mut words, mut rules) =
            (Vec::with_capacity(constants.len()), Vec::with_capacity(constants.len()));
        for (constant, wanted) in constants {
            if let Constant::Text(text) = constant {
                let mut word = text.into_vec();
                if position == Position::End {
                    word.reverse();
                }
                words.push(word);
                rules.push(wanted);
            }
        }
        let any_case = position == Position::InsideAnyCase;
        let automaton =
            NFA::builder().ascii_case_insensitive(any_case).prefilter(false).build(&words).ok()?;
        Some(Words { automaton, rules })
    }

    /// Follows the bytes, and marks the rules of each word that ends on the way; under [`Anchored::Yes`] only of words
    /// that began with the first byte.
    fn walk<'t>(&self, anchored: Anchored, bytes: impl Iterator<Item = &'t u8>, found: &mut Candidates) {
        let automaton = &self.automaton;
        let Ok(mut state) = automaton.start_state(anchored) else { return };
        for (before, byte) in bytes.enumerate() {
            state = automaton.next_state(anchored, state, *byte);
            if !automaton.is_special(state) {
                continue;
            }
            if automaton.is_dead(state) {
                return;
            }
            for at in 0..automaton.match_len(state) {
                let word = automaton.match_pattern(state, at);
                if anchored == Anchored::No || automaton.pattern_len(word) == before + 1 {
                    found.extend(&self.rules[word.as_usize()]);
                }
            }
        }
    }
}
