//! What can be wrong with a caller's input. The message names the argument, the value and the rule.

use std::fmt;

/// The result of every fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// A rule of the caller's contract that an argument breaks.
#[derive(Clone, Debug, PartialEq)]
pub enum Error {
    /// `argument` holds a NaN, first in row `row`, column `column`.
    NotANumber {
        /// The argument's name.
        argument: &'static str,
        /// First row with a NaN.
        row: usize,
        /// Column of that NaN.
        column: usize,
    },
    /// `argument` breaks a rule that `message` states, with the value seen.
    Invalid {
        /// The argument's name.
        argument: &'static str,
        /// What was seen and what is expected.
        message: String,
    },
}

impl Error {
    pub(crate) fn invalid(argument: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { argument, message: message.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotANumber { argument, row, column } => {
                write!(
                    f,
                    "`{argument}` has a NaN in row {row}, column {column}; expected numbers, infinities allowed"
                )
            }
            Self::Invalid { argument, message } => write!(f, "`{argument}` {message}"),
        }
    }
}

impl std::error::Error for Error {}
