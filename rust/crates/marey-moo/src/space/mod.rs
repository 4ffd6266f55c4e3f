//! Search spaces: variables of several types as one flat row of numbers.
//!
//! A row comes in two forms. The *natural* row is what an objective sees: values in their units, the index of a choice,
//! the items of a permutation in their order, NaN for a variable that is not active. The *genome* is what operators
//! change: logarithms where the variable is searched by its logarithm, numbers everywhere.

mod repair;
mod sample;

use crate::error::{Error, Result};
pub use sample::Sampling;

/// What a variable's values are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Real numbers from low to high.
    Real {
        /// Searched by its logarithm.
        log: bool,
    },
    /// Integers from low to high.
    Int {
        /// Searched by its logarithm.
        log: bool,
    },
    /// One of high + 1 choices, by its index.
    Choice,
    /// An order of the items 0..size, one column for each place.
    Permutation,
}

/// A variable is active where the variable `parent` is active and has one of the `values`.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Number of the variable that decides; smaller than that of the variable that depends on it.
    pub parent: usize,
    /// The natural values at which the dependent variable is active.
    pub values: Vec<f64>,
}

/// One variable: its type, its range, and when it is active.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// What its values are.
    pub kind: Kind,
    /// Least value; 0 for a choice and a permutation.
    pub low: f64,
    /// Greatest value; the number of choices or items less one.
    pub high: f64,
    /// All must hold.
    pub conditions: Vec<Condition>,
}

/// The columns of one variable.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) kind: Kind,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

/// Variables laid side by side in rows of `width` numbers.
#[derive(Clone, Debug)]
pub struct Space {
    variables: Vec<Variable>,
    fields: Vec<Field>,
    /// Bounds of the genome: half a unit beyond integers and choices, so that each has the same room.
    pub(crate) low: Vec<f64>,
    pub(crate) high: Vec<f64>,
    /// Every variable is real, unconditional and searched as it is: the natural row is the genome.
    plain: bool,
}

impl Space {
    /// Checks the variables and lays them side by side.
    pub fn new(variables: Vec<Variable>) -> Result<Self> {
        if variables.is_empty() {
            return Err(Error::invalid("space", "has no variables; expected at least one"));
        }
        let (mut fields, mut low, mut high) = (Vec::new(), Vec::new(), Vec::new());
        for (i, variable) in variables.iter().enumerate() {
            check(i, variable, &variables)?;
            let (a, b) = genome_bounds(variable);
            let width = if variable.kind == Kind::Permutation { variable.high as usize + 1 } else { 1 };
            fields.push(Field { kind: variable.kind, from: low.len(), to: low.len() + width });
            low.extend(std::iter::repeat_n(a, width));
            high.extend(std::iter::repeat_n(b, width));
        }
        let plain = variables.iter().all(|v| v.kind == Kind::Real { log: false } && v.conditions.is_empty());
        Ok(Self { variables, fields, low, high, plain })
    }

    /// Numbers in a row.
    pub fn width(&self) -> usize {
        self.low.len()
    }

    /// The variables, in their order.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// Whether every variable is real, unconditional and searched as it is.
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    pub(crate) fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Whether every variable is a number with an order: a real or an integer, or a choice of two.
    pub(crate) fn is_numeric(&self) -> bool {
        self.variables.iter().all(|v| match v.kind {
            Kind::Real { .. } | Kind::Int { .. } => true,
            Kind::Choice => v.high <= 1.0,
            Kind::Permutation => false,
        })
    }
}

fn genome_bounds(variable: &Variable) -> (f64, f64) {
    let (low, high) = (variable.low, variable.high);
    match variable.kind {
        Kind::Real { log: false } | Kind::Permutation => (low, high),
        Kind::Real { log: true } => (libm::log(low), libm::log(high)),
        Kind::Int { log: false } | Kind::Choice => (low - 0.5, high + 0.5),
        Kind::Int { log: true } => (libm::log(low - 0.5), libm::log(high + 0.5)),
    }
}

/// Least width of a real variable's genome: its hundredth part is still a normal number.
const LEAST_WIDTH: f64 = 1e-300;

fn genome_width(variable: &Variable) -> f64 {
    let (low, high) = genome_bounds(variable);
    high - low
}

fn check(i: usize, variable: &Variable, all: &[Variable]) -> Result<()> {
    let wrong = |rule: String| Err(Error::invalid("space", format!("has in variable {i} {rule}")));
    let (low, high) = (variable.low, variable.high);
    if !(low.is_finite() && high.is_finite() && (high - low).is_finite()) {
        return wrong(format!("the range [{low}, {high}]; expected finite bounds"));
    }
    let whole = |v: f64| v == v.floor() && v.abs() <= 2f64.powi(53);
    match variable.kind {
        Kind::Real { .. } if low >= high => {
            return wrong(format!("the range [{low}, {high}]; expected low < high"));
        }
        Kind::Real { log: true } | Kind::Int { log: true } if low <= 0.0 => {
            return wrong(format!(
                "low = {low}; expected a positive number where it is searched by its logarithm"
            ));
        }
        Kind::Int { .. } if low > high || !whole(low) || !whole(high) => {
            return wrong(format!("the range [{low}, {high}]; expected integers, low <= high"));
        }
        Kind::Real { .. } if genome_width(variable) < LEAST_WIDTH => {
            return wrong(format!("the range [{low}, {high}]; expected bounds further apart"));
        }
        Kind::Choice | Kind::Permutation if low != 0.0 || high < 0.0 || !whole(high) || high >= 1e6 => {
            return wrong(format!("{} items; expected 1 to 1000000", high + 1.0));
        }
        _ => {}
    }
    for condition in &variable.conditions {
        if condition.parent >= i {
            return wrong(format!("a condition on variable {}; expected one before it", condition.parent));
        }
        if matches!(all[condition.parent].kind, Kind::Real { .. } | Kind::Permutation) {
            return wrong(format!(
                "a condition on variable {}; expected a choice or an integer",
                condition.parent
            ));
        }
    }
    Ok(())
}
