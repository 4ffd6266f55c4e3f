//! What can be wrong with a caller's input. The message names the argument, the value and the rule.

use std::fmt;

/// The result of every fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What kind of rule is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A value is none that the function takes.
    Input,
    /// No answer meets the constraints; the witness proves it.
    Infeasible,
    /// A cycle along which cost or length falls without end; the witness is its nodes.
    NegativeCycle,
}

/// `argument` breaks a rule that `message` states, with the value seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// The argument's name.
    pub argument: &'static str,
    /// What was seen and what is expected.
    pub message: String,
    /// What kind of rule is broken.
    pub kind: Kind,
    /// Nodes or rows that prove it, where there is a proof.
    pub witness: Vec<i64>,
}

impl Error {
    pub(crate) fn new(argument: &'static str, message: impl Into<String>) -> Self {
        Self { argument, message: message.into(), kind: Kind::Input, witness: Vec::new() }
    }

    pub(crate) fn proved(mut self, kind: Kind, witness: Vec<i64>) -> Self {
        (self.kind, self.witness) = (kind, witness);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.argument, self.message)
    }
}

impl std::error::Error for Error {}
