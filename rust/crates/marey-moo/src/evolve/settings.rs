//! What a caller chooses for an algorithm, by name.

use super::Fields;
use crate::error::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};

/// The value of one setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting {
    /// A number.
    Number(f64),
    /// One of several words.
    Word(String),
    /// Rows of numbers.
    Table {
        /// Row after row.
        values: Vec<f64>,
        /// Numbers in a row.
        width: usize,
    },
}

/// Settings by name. An algorithm takes those that it knows; one that is left over is an error.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    values: BTreeMap<String, Setting>,
    known: BTreeSet<&'static str>,
}

impl Settings {
    /// Settings with these values.
    pub fn new(values: BTreeMap<String, Setting>) -> Self {
        Self { values, known: BTreeSet::new() }
    }

    /// A number in [low, high], `default` if it is not set.
    pub(crate) fn number(&mut self, name: &'static str, default: f64, low: f64, high: f64) -> Result<f64> {
        self.known.insert(name);
        match self.values.get(name) {
            None => Ok(default),
            Some(&Setting::Number(value)) if (low..=high).contains(&value) => Ok(value),
            Some(other) => Err(Error::invalid(
                name,
                format!("is {}; expected a number from {low} to {high}", shown(other)),
            )),
        }
    }

    /// An integer of at least `low`.
    pub(crate) fn count(&mut self, name: &'static str, default: usize, low: usize) -> Result<usize> {
        let value = self.number(name, default as f64, low as f64, 1e9)?;
        if value != value.floor() {
            return Err(Error::invalid(name, format!("is {value}; expected an integer")));
        }
        Ok(value as usize)
    }

    /// The index of the word among `words`; 0 if it is not set.
    pub(crate) fn word(&mut self, name: &'static str, words: &[&str]) -> Result<usize> {
        self.known.insert(name);
        let Some(value) = self.values.get(name) else { return Ok(0) };
        let place = match value {
            Setting::Word(word) => words.iter().position(|w| w == word),
            _ => None,
        };
        place.ok_or_else(|| {
            Error::invalid(name, format!("is {}; expected one of '{}'", shown(value), words.join("', '")))
        })
    }

    /// Rows of `width` finite numbers, at least one.
    pub(crate) fn table(&mut self, name: &'static str, width: usize) -> Result<Option<Vec<f64>>> {
        self.known.insert(name);
        match self.values.get(name) {
            None => Ok(None),
            Some(Setting::Table { values, width: found })
                if *found == width
                    && !values.is_empty()
                    && values.len().is_multiple_of(width)
                    && values.iter().all(|v| v.is_finite()) =>
            {
                Ok(Some(values.clone()))
            }
            Some(other) => Err(Error::invalid(
                name,
                format!("is {}; expected rows of {width} finite numbers", shown(other)),
            )),
        }
    }

    /// An error that names the first setting which nobody asked for.
    pub(crate) fn finish(&self) -> Result<()> {
        let stray = self.values.keys().find(|name| !self.known.contains(name.as_str()));
        stray.map_or(Ok(()), |name| {
            let known: Vec<&str> = self.known.iter().copied().collect();
            Err(Error::invalid("options", format!("has no '{name}' here; known are {}", known.join(", "))))
        })
    }

    pub(crate) fn fields(&mut self, io: &mut Fields) -> Result<()> {
        let mut n = self.values.len();
        io.usize(&mut n)?;
        let mut old = std::mem::take(&mut self.values).into_iter();
        for _ in 0..n {
            let (mut name, value) = old.next().unwrap_or_else(|| (String::new(), Setting::Number(0.0)));
            io.text(&mut name)?;
            let (mut tag, mut word, mut values, mut width) = match value {
                Setting::Number(value) => (0, String::new(), vec![value], 1),
                Setting::Word(word) => (1, word, Vec::new(), 0),
                Setting::Table { values, width } => (2, String::new(), values, width),
            };
            io.u64(&mut tag)?;
            io.text(&mut word)?;
            io.f64s(&mut values)?;
            io.usize(&mut width)?;
            let value = match tag {
                0 => Setting::Number(
                    *values.first().ok_or_else(|| super::fields::broken("a setting is empty"))?,
                ),
                1 => Setting::Word(word),
                _ => Setting::Table { values, width },
            };
            self.values.insert(name, value);
        }
        Ok(())
    }
}

fn shown(setting: &Setting) -> String {
    match setting {
        Setting::Number(value) => value.to_string(),
        Setting::Word(word) => format!("'{word}'"),
        Setting::Table { values, width } => {
            format!("a table of shape ({}, {width})", values.len().checked_div(*width).unwrap_or(0))
        }
    }
}
