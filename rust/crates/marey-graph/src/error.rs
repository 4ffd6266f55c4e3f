//! What can be wrong with a caller's input. The message names the argument, the value and the rule.

use std::fmt;

/// The result of every fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// `argument` breaks a rule that `message` states, with the value seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// The argument's name.
    pub argument: &'static str,
    /// What was seen and what is expected.
    pub message: String,
}

impl Error {
    pub(crate) fn new(argument: &'static str, message: impl Into<String>) -> Self {
        Self { argument, message: message.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.argument, self.message)
    }
}

impl std::error::Error for Error {}
