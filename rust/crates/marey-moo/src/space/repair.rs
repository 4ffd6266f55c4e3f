//! From genome to natural row and back, and any numbers made a valid genome.

use super::{Kind, Space};
use crate::error::{Error, Result};

impl Space {
    /// Brings any numbers to the nearest valid genome: clipped, integers and choices rounded, permutations by the order of
    /// their numbers. A NaN becomes the middle of the range.
    pub(crate) fn repair(&self, genome: &mut [f64]) {
        for field in &self.fields {
            match field.kind {
                Kind::Real { .. } => {
                    let x = &mut genome[field.from];
                    *x = clipped(*x, self.low[field.from], self.high[field.from]);
                }
                Kind::Int { log } => {
                    let x = &mut genome[field.from];
                    *x = clipped(*x, self.low[field.from], self.high[field.from]);
                    *x = if log {
                        libm::log(self.rounded_exp(field.from, *x))
                    } else {
                        self.rounded(field.from, *x)
                    };
                }
                Kind::Choice => {
                    let x = clipped(genome[field.from], self.low[field.from], self.high[field.from]);
                    genome[field.from] = self.rounded(field.from, x);
                }
                Kind::Permutation => make_permutation(&mut genome[field.from..field.to]),
            }
        }
    }

    /// Brings any numbers to the nearest natural row of the space.
    pub fn repair_natural(&self, row: &mut [f64]) {
        for (variable, field) in self.variables.iter().zip(&self.fields) {
            if matches!(field.kind, Kind::Real { log: true } | Kind::Int { log: true }) {
                let x = &mut row[field.from];
                *x = if x.is_nan() { f64::NAN } else { libm::log(x.max(variable.low)) };
            }
        }
        self.repair(row);
        let genome = row.to_vec();
        self.decode(&genome, row);
    }

    /// Writes the natural row of a genome, which need not be rounded.
    pub fn decode(&self, genome: &[f64], natural: &mut [f64]) {
        if self.plain {
            natural.copy_from_slice(genome);
            return;
        }
        for (variable, field) in self.variables.iter().zip(&self.fields) {
            let at = field.from;
            let active = variable.conditions.iter().all(|c| {
                // A parent that is not active is NaN, which no value equals.
                c.values.contains(&natural[self.fields[c.parent].from])
            });
            if !active {
                natural[at..field.to].fill(f64::NAN);
                continue;
            }
            let x = genome[at];
            match field.kind {
                Kind::Real { log: false } => natural[at] = x,
                // exp(log(high)) may pass high by one rounding.
                Kind::Real { log: true } => natural[at] = libm::exp(x).clamp(variable.low, variable.high),
                Kind::Int { log: false } | Kind::Choice => natural[at] = self.rounded(at, x),
                Kind::Int { log: true } => natural[at] = self.rounded_exp(at, x),
                Kind::Permutation => natural[at..field.to].copy_from_slice(&genome[at..field.to]),
            }
        }
    }

    /// Writes the genome of a natural row; an error names the column whose value is not in the space. NaN stands for a
    /// variable that is not active.
    pub fn encode(&self, natural: &[f64], genome: &mut [f64]) -> Result<()> {
        for (i, (variable, field)) in self.variables.iter().zip(&self.fields).enumerate() {
            let values = &natural[field.from..field.to];
            let absent = values.iter().all(|v| v.is_nan()) && !variable.conditions.is_empty();
            let whole = values.iter().all(|v| v == &v.floor()) || matches!(field.kind, Kind::Real { .. });
            let within = values.iter().all(|&v| v >= variable.low && v <= variable.high);
            let mut seen: Vec<f64> = values.to_vec();
            seen.sort_unstable_by(f64::total_cmp);
            seen.dedup();
            let valid = absent || (whole && within && seen.len() == values.len());
            if !valid {
                return Err(Error::invalid(
                    "X",
                    format!("has {values:?} for variable {i}; expected {}", expected(variable)),
                ));
            }
            for (gene, &value) in genome[field.from..field.to].iter_mut().zip(values) {
                let log = matches!(field.kind, Kind::Real { log: true } | Kind::Int { log: true });
                *gene = if log { libm::log(value) } else { value };
            }
        }
        self.repair(genome);
        Ok(())
    }

    /// Whether numbers are a genome: within the bounds, permutations whole.
    pub(crate) fn contains(&self, genome: &[f64]) -> bool {
        let within =
            (genome.iter().zip(&self.low).zip(&self.high)).all(|((x, low), high)| low <= x && x <= high);
        within
            && self.fields.iter().filter(|field| field.kind == Kind::Permutation).all(|field| {
                let mut items = genome[field.from..field.to].to_vec();
                items.sort_unstable_by(f64::total_cmp);
                items.iter().enumerate().all(|(i, &item)| item == i as f64)
            })
    }

    fn rounded(&self, column: usize, x: f64) -> f64 {
        // The bounds lie half a unit outside; rint of a bound may leave the range.
        (x.round_ties_even() + 0.0).clamp(self.low[column] + 0.5, self.high[column] - 0.5)
    }

    fn rounded_exp(&self, column: usize, x: f64) -> f64 {
        let low = (libm::exp(self.low[column]) + 0.5).round_ties_even();
        let high = (libm::exp(self.high[column]) - 0.5).round_ties_even();
        libm::exp(x).round_ties_even().clamp(low, high)
    }
}

fn expected(variable: &super::Variable) -> String {
    let (low, high) = (variable.low, variable.high);
    match variable.kind {
        Kind::Real { .. } => format!("a number from {low} to {high}"),
        Kind::Int { .. } => format!("an integer from {low} to {high}"),
        Kind::Choice => format!("the index of a choice, 0 to {high}"),
        Kind::Permutation => format!("each of 0 to {high} once"),
    }
}

fn clipped(x: f64, low: f64, high: f64) -> f64 {
    if x.is_nan() { 0.5 * (low + high) } else { x.clamp(low, high) }
}

/// Replaces the numbers by their ranks, unless they are a permutation already; equal numbers keep their order.
fn make_permutation(items: &mut [f64]) {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by(|&a, &b| items[a].total_cmp(&items[b]));
    for (rank, &i) in order.iter().enumerate() {
        items[i] = rank as f64;
    }
}
