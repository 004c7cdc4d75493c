//! Conditions parsed: Falco's grammar (libs, `userspace/libsinsp/filter/parser.h`).

mod cursor;

use std::ops::Range;

use crate::ast::{Call, CallArg, Check, Expr, FieldName, Function, Modifier, Op, Operand, Right, Text};
use cursor::Cursor;

/// How deep parentheses and transformers may be nested.
pub const NESTING_MAX: usize = 200;

/// Why a text is no condition, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong.
    pub message: String,
    /// The bytes.
    pub range: Range<usize>,
}

type Parsed<T> = Result<T, SyntaxError>;

/// Parses a condition.
pub fn condition(text: &str) -> Parsed<Expr> {
    let mut parser = Parser { cursor: Cursor::new(text), depth: 0 };
    let expr = parser.or()?;
    parser.cursor.blanks();
    if !parser.cursor.at_end() {
        return Err(parser.error("this can't follow here: expected `and`, `or`, or the end of the condition"));
    }
    Ok(expr)
}

/// Parses what may stand after `%` or on the left of a comparison, and says how many bytes it took: a field, or
/// a transformer.
pub fn operand(text: &str) -> Parsed<(Operand, usize)> {
    let mut parser = Parser { cursor: Cursor::new(text), depth: 0 };
    match parser.operand()? {
        Some(operand) => Ok((operand, parser.cursor.pos())),
        None => Err(parser.error("expected a field")),
    }
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn error(&self, message: impl Into<String>) -> SyntaxError {
        SyntaxError { message: message.into(), range: self.cursor.token() }
    }

    fn deeper(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return Err(self.error(format!("this is nested more than {NESTING_MAX} deep")));
        }
        Ok(())
    }

    fn or(&mut self) -> Parsed<Expr> {
        self.chain("or", Parser::and, Expr::Or)
    }

    fn and(&mut self) -> Parsed<Expr> {
        self.chain("and", Parser::not, Expr::And)
    }

    /// `item (word item)*`, where the word is followed by a blank or a parenthesis.
    fn chain(
        &mut self,
        word: &str,
        item: fn(&mut Self) -> Parsed<Expr>,
        make: fn(Vec<Expr>) -> Expr,
    ) -> Parsed<Expr> {
        let first = item(self)?;
        self.cursor.blanks();
        if !self.cursor.looking_at(word) {
            return Ok(first);
        }
        let mut items = vec![first];
        while self.cursor.eat(word) {
            if self.cursor.looking_at("(") {
                items.push(self.check()?);
            } else if self.cursor.blanks() {
                items.push(item(self)?);
            } else {
                return Err(self.error(format!("expected a blank or `(` after `{word}`")));
            }
            self.cursor.blanks();
        }
        Ok(make(items))
    }

    fn not(&mut self) -> Parsed<Expr> {
        self.cursor.blanks();
        let mut negated = false;
        // What merely begins with `not` is the name of a macro.
        while self.cursor.looking_at("not")
            && self.cursor.byte_at(3).is_some_and(|byte| byte == b'(' || cursor::is_space(byte))
        {
            self.cursor.eat("not");
            self.cursor.spaces();
            negated = !negated;
        }
        let check = self.check()?;
        Ok(if negated { Expr::Not(Box::new(check)) } else { check })
    }

    fn check(&mut self) -> Parsed<Expr> {
        self.cursor.blanks();
        if self.cursor.eat("(") {
            self.deeper()?;
            let inner = self.or()?;
            self.cursor.blanks();
            if !self.cursor.eat(")") {
                return Err(self.error("expected `)`"));
            }
            self.depth -= 1;
            return Ok(inner);
        }
        if let Some(left) = self.operand()? {
            return self.comparison(left);
        }
        match self.cursor.identifier() {
            Some(range) => Ok(Expr::Macro(self.text_of(range))),
            None => Err(self.error("expected a field, the name of a macro, `not`, or `(`")),
        }
    }

    fn comparison(&mut self, left: Operand) -> Parsed<Expr> {
        self.cursor.blanks();
        let start = self.cursor.pos();
        let Some(op) = self.operator() else {
            return Err(self.error("expected an operator, such as `=`, `in`, `startswith` or `exists`"));
        };
        let op_range = start..self.cursor.pos();
        let apart = self.cursor.blanks();
        let right = if op == Op::Exists {
            Right::None
        } else if op.takes_list() {
            self.list_side()?
        } else if op.takes_number() {
            self.number_side()?
        } else {
            self.text_side(apart)?
        };
        Ok(Expr::Check(Box::new(Check { left, op, op_range, right })))
    }

    /// Words that take a text need a blank after them; symbols, and words that take a list, don't.
    fn operator(&mut self) -> Option<Op> {
        Op::ALL.iter().copied().find(|op| {
            let word = op.name();
            let free =
                !word.starts_with(|c: char| c.is_ascii_alphabetic()) || op.takes_list() || *op == Op::Exists;
            self.cursor.looking_at(word)
                && (free || self.cursor.blank_at(word.len()))
                && self.cursor.eat(word)
        })
    }

    fn number_side(&mut self) -> Parsed<Right> {
        if let Some(operand) = self.right_operand()? {
            return Ok(Right::Operand(operand));
        }
        match self.cursor.number() {
            Some(range) => Ok(Right::Constant(self.text_of(range))),
            None => Err(self.error("expected a number")),
        }
    }

    /// A modifier stands apart from the operator before it and from the list after it.
    fn text_side(&mut self, apart: bool) -> Parsed<Right> {
        for (modifier, word) in [(Modifier::One, "oneof"), (Modifier::Any, "anyof"), (Modifier::All, "allof")]
        {
            let before = self.cursor;
            if apart && self.cursor.eat(word) && self.cursor.blanks() && !self.at_connective() {
                return Ok(Right::Modified(modifier, self.list_or_name()?));
            }
            self.cursor = before;
        }
        if let Some(operand) = self.right_operand()? {
            return Ok(Right::Operand(operand));
        }
        Ok(Right::Constant(self.constant()?))
    }

    fn list_side(&mut self) -> Parsed<Right> {
        match self.right_operand()? {
            Some(operand) => Ok(Right::Operand(operand)),
            None => Ok(Right::List(self.list_or_name()?)),
        }
    }

    /// Whether a constant has ended here: then what looked like a modifier was one.
    fn at_connective(&self) -> bool {
        self.cursor.at_end()
            || self.cursor.looking_at(")")
            || ["and", "or"].iter().any(|word| {
                self.cursor.looking_at(word)
                    && (self.cursor.blank_at(word.len()) || self.cursor.byte_at(word.len()) == Some(b'('))
            })
    }

    fn list_or_name(&mut self) -> Parsed<Vec<Text>> {
        if self.cursor.looking_at("(") {
            return self.list();
        }
        match self.cursor.identifier() {
            Some(range) => Ok(vec![self.text_of(range)]),
            None => Err(self.error("expected `(`, or the name of a list")),
        }
    }

    fn list(&mut self) -> Parsed<Vec<Text>> {
        self.cursor.eat("(");
        self.cursor.blanks();
        let mut items = Vec::new();
        if self.cursor.eat(")") {
            return Ok(items);
        }
        loop {
            self.cursor.blanks();
            items.push(self.constant()?);
            self.cursor.blanks();
            if self.cursor.eat(")") {
                return Ok(items);
            }
            if !self.cursor.eat(",") {
                return Err(self.error("expected `,` or `)`"));
            }
        }
    }

    fn constant(&mut self) -> Parsed<Text> {
        match self.cursor.quoted() {
            Some(Ok((text, range))) => Ok(Text { text, range }),
            Some(Err(error)) => Err(error),
            None => match self.cursor.bare() {
                Some(range) => Ok(self.text_of(range)),
                None => Err(self.error("expected a value")),
            },
        }
    }

    /// What may stand on the right instead of a constant: `val(field)`, or a transformer.
    fn right_operand(&mut self) -> Parsed<Option<Operand>> {
        if !self.cursor.eat("val(") {
            return Ok(self.call()?.map(Operand::Call));
        }
        self.cursor.blanks();
        let Some(field) = self.field()? else { return Err(self.error("expected a field in `val()`")) };
        self.cursor.blanks();
        if !self.cursor.eat(")") {
            return Err(self.error("expected `)` after the field of `val(`"));
        }
        Ok(Some(Operand::Field(field)))
    }

    fn operand(&mut self) -> Parsed<Option<Operand>> {
        if let Some(call) = self.call()? {
            return Ok(Some(Operand::Call(call)));
        }
        Ok(self.field()?.map(Operand::Field))
    }

    fn field(&mut self) -> Parsed<Option<FieldName>> {
        let start = self.cursor.pos();
        let Some(name) = self.cursor.field_name() else { return Ok(None) };
        let name = self.text_of(name).text;
        let arg = self.brackets()?;
        Ok(Some(FieldName { name, arg, range: start..self.cursor.pos() }))
    }

    /// An argument in brackets, if one follows at once.
    fn brackets(&mut self) -> Parsed<Option<String>> {
        if !self.cursor.eat("[") {
            return Ok(None);
        }
        let arg = match self.cursor.quoted() {
            Some(quoted) => quoted?.0,
            None => match self.cursor.bracket_text() {
                Some(range) => self.text_of(range).text,
                None => return Err(self.error("expected an argument in brackets")),
            },
        };
        if !self.cursor.eat("]") {
            return Err(self.error("expected `]`"));
        }
        Ok(Some(arg))
    }

    fn call(&mut self) -> Parsed<Option<Call>> {
        let start = self.cursor.pos();
        let function = Function::ALL.iter().copied().find(|function| {
            let name = function.name();
            self.cursor.looking_at(name) && self.cursor.byte_at(name.len()) == Some(b'(')
        });
        let Some(function) = function else { return Ok(None) };
        self.deeper()?;
        self.cursor.eat(function.name());
        self.cursor.eat("(");
        let args = self.call_args()?;
        self.depth -= 1;
        let key = self.brackets()?;
        Ok(Some(Call { function, args, key, range: start..self.cursor.pos() }))
    }

    /// The arguments of a transformer, and the parenthesis that ends them.
    fn call_args(&mut self) -> Parsed<Vec<CallArg>> {
        let mut args = Vec::new();
        loop {
            self.cursor.blanks();
            args.push(if self.cursor.looking_at("(") { self.call_list()? } else { self.call_arg()? });
            self.cursor.blanks();
            if self.cursor.eat(")") {
                return Ok(args);
            }
            if !self.cursor.eat(",") {
                return Err(self.error("expected `,` or `)`"));
            }
        }
    }

    /// A list of arguments, in which there are no further lists.
    fn call_list(&mut self) -> Parsed<CallArg> {
        self.cursor.eat("(");
        self.cursor.blanks();
        let mut items = Vec::new();
        if self.cursor.eat(")") {
            return Ok(CallArg::List(items));
        }
        loop {
            self.cursor.blanks();
            items.push(self.call_arg()?);
            self.cursor.blanks();
            if self.cursor.eat(")") {
                return Ok(CallArg::List(items));
            }
            if !self.cursor.eat(",") {
                return Err(self.error("expected `,` or `)`"));
            }
        }
    }

    fn call_arg(&mut self) -> Parsed<CallArg> {
        if let Some(quoted) = self.cursor.quoted() {
            let (text, range) = quoted?;
            return Ok(CallArg::Constant(Text { text, range }));
        }
        if let Some(range) = self.cursor.number() {
            return Ok(CallArg::Constant(self.text_of(range)));
        }
        match self.operand()? {
            Some(operand) => Ok(CallArg::Operand(operand)),
            None => Err(self.error("expected a field, a number, a quoted text, or a transformer")),
        }
    }

    fn text_of(&self, range: Range<usize>) -> Text {
        Text { text: self.cursor.text()[range.clone()].to_owned(), range }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> (String, Range<usize>) {
        let error = condition(text).expect_err(text);
        (error.message, error.range)
    }

    #[test]
    fn precedence() {
        let one = |text: &str| condition(text).unwrap();
        assert_eq!(one("a or b and not c"), one_shape());
        assert_eq!(format!("{:?}", one("not not a")), format!("{:?}", one("a")).replace("0..1", "8..9"));
    }

    fn one_shape() -> Expr {
        let name = |text: &str, at: usize| Expr::Macro(Text { text: text.into(), range: at..at + 1 });
        Expr::Or(vec![name("a", 0), Expr::And(vec![name("b", 5), Expr::Not(Box::new(name("c", 15)))])])
    }

    #[test]
    fn errors_are_at_the_token() {
        assert_eq!(error("a and").1, 4..5);
        assert_eq!(error("proc.name = ").1, 11..12);
        assert_eq!(error("proc.name foo bar").1, 10..13);
        assert_eq!(error("(a or b").0, "expected `)`");
        assert_eq!(error("a b").1, 2..3);
        assert!(error(&"(".repeat(5000)).0.contains("nested"));
        assert!(error(&"tolower(".repeat(5000)).0.contains("nested"));
    }
}
