//! The syntax tree of a condition. Every part knows its bytes in the condition's text.

use std::ops::Range;

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// All must be true.
    And(Vec<Expr>),
    /// One must be true.
    Or(Vec<Expr>),
    /// It must be false.
    Not(Box<Expr>),
    /// A macro, by name.
    Macro(Text),
    /// A comparison.
    Check(Box<Check>),
}

impl Expr {
    /// Visits the names of macros.
    pub fn visit_macros(&self, visit: &mut impl FnMut(&Text)) {
        match self {
            Expr::And(items) | Expr::Or(items) => items.iter().for_each(|item| item.visit_macros(visit)),
            Expr::Not(inner) => inner.visit_macros(visit),
            Expr::Macro(name) => visit(name),
            Expr::Check(_) => {}
        }
    }
}

/// A text and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// What it means, without quotes and escapes.
    pub text: String,
    /// Its bytes.
    pub range: Range<usize>,
}

/// A comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What is compared.
    pub left: Operand,
    /// How.
    pub op: Op,
    /// The bytes of the operator.
    pub op_range: Range<usize>,
    /// With what.
    pub right: Right,
}

/// The right side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub enum Right {
    /// None: `exists`.
    None,
    /// A constant.
    Constant(Text),
    /// Several constants.
    List(Vec<Text>),
    /// A field or a transformed one.
    Operand(Operand),
    /// Several constants under a modifier, for an operator that otherwise takes one.
    Modified(Modifier, Vec<Text>),
}

/// How an operator applies to several constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modifier {
    /// It must be true of exactly one.
    One,
    /// It must be true of one at least.
    Any,
    /// It must be true of all.
    All,
}

/// A field, or a transformer of fields and constants.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A field.
    Field(FieldName),
    /// A transformer.
    Call(Call),
}

impl Operand {
    /// Its bytes.
    pub fn range(&self) -> Range<usize> {
        match self {
            Operand::Field(field) => field.range.clone(),
            Operand::Call(call) => call.range.clone(),
        }
    }
}

/// A field by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldName {
    /// The name.
    pub name: String,
    /// The argument in brackets.
    pub arg: Option<String>,
    /// Its bytes.
    pub range: Range<usize>,
}

/// A transformer.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Which.
    pub function: Function,
    /// Its arguments.
    pub args: Vec<CallArg>,
    /// The argument in brackets behind it.
    pub key: Option<String>,
    /// Its bytes.
    pub range: Range<usize>,
}

/// An argument of a transformer.
#[derive(Debug, Clone, PartialEq)]
pub enum CallArg {
    /// A field or another transformer.
    Operand(Operand),
    /// A constant.
    Constant(Text),
    /// Several.
    List(Vec<CallArg>),
}

macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($variant:ident $name:literal $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $type {
            $(#[doc = $text] $variant,)*
        }

        impl $type {
            /// All, those that begin alike with the longest first.
            pub const ALL: &[$type] = &[$($type::$variant,)*];

            /// How it is written.
            pub fn name(self) -> &'static str {
                match self {
                    $($type::$variant => $name,)*
                }
            }
        }
    };
}

names! {
    /// A transformer.
    Function {
        ToLower "tolower" "Letters made small.",
        ToUpper "toupper" "Letters made capital.",
        B64 "b64" "Decoded from base64.",
        Basename "basename" "What follows the last slash.",
        Len "len" "The length.",
        Join "join" "A list made one text.",
        Concat "concat" "Texts put together.",
        Getopt "getopt" "An option of a command line.",
    }
}

names! {
    /// An operator.
    Op {
        Exists "exists" "There is a value.",
        Le "<=" "At most.",
        Lt "<" "Less.",
        Ge ">=" "At least.",
        Gt ">" "More.",
        EqEq "==" "The same as `=`.",
        Eq "=" "Equal.",
        Ne "!=" "Not equal.",
        Glob "glob" "Matches a shell pattern.",
        IGlob "iglob" "Matches a shell pattern, case ignored.",
        Contains "contains" "Has it inside.",
        IContains "icontains" "Has it inside, case ignored.",
        BContains "bcontains" "Has these bytes inside.",
        StartsWith "startswith" "Begins with it.",
        BStartsWith "bstartswith" "Begins with these bytes.",
        EndsWith "endswith" "Ends with it.",
        Regex "regex" "Matches a regular expression as a whole.",
        Intersects "intersects" "Has a value of the list.",
        In "in" "Is in the list.",
        PMatch "pmatch" "Lies below a path of the list.",
    }
}

impl Op {
    /// Whether a list follows.
    pub fn takes_list(self) -> bool {
        matches!(self, Op::Intersects | Op::In | Op::PMatch)
    }

    /// Whether a number follows.
    pub fn takes_number(self) -> bool {
        matches!(self, Op::Le | Op::Lt | Op::Ge | Op::Gt)
    }

    /// The same operator by one name: `==` is `=`.
    pub fn canonical(self) -> Op {
        if self == Op::EqEq { Op::Eq } else { self }
    }
}
