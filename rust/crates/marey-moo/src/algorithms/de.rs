//! Differential evolution for one objective (Storn, Price 1997); constraints by the feasibility rule (Deb 2000).

use super::gde3::three_others;
use crate::error::{Error, Result};
use crate::evolve::{Algorithm, At, Fields, Population, Settings};
use crate::random::Purpose;
use crate::variation::Differential;

pub(crate) struct De {
    n: usize,
    best: bool,
    differential: Differential,
}

impl De {
    pub(crate) fn new(settings: &mut Settings, m: usize) -> Result<Self> {
        if m != 1 {
            return Err(Error::invalid(
                "n_obj",
                format!("is {m}; expected 1: for several objectives there is GDE3"),
            ));
        }
        Ok(Self {
            n: settings.count("pop", 50, 5)?,
            best: settings.word("strategy", &["rand/1/bin", "best/1/bin"])? == 1,
            differential: Differential::new(settings, 0.5, 0.9, 0.5)?,
        })
    }
}

/// Less violation, then less objective.
pub(super) fn order(a: &Population, i: usize, b: &Population, j: usize) -> std::cmp::Ordering {
    a.cv[i].total_cmp(&b.cv[j]).then(a.f(i)[0].total_cmp(&b.f(j)[0]))
}

impl Algorithm for De {
    fn first(&self) -> usize {
        self.n
    }

    fn batch(&self) -> usize {
        self.n
    }

    fn breed(&mut self, at: At, population: &Population, from: usize, rows: &mut [f64]) {
        let n = population.len();
        let best = (0..n).min_by(|&a, &b| order(population, a, population, b)).unwrap_or(0);
        for (k, row) in rows.chunks_exact_mut(population.width).enumerate() {
            let target = (from + k) % n;
            let mut draw = at.draw(from + k, Purpose::Cross);
            let mut others = three_others(&mut draw, n, target);
            if self.best {
                others[0] = best;
            }
            let others = others.map(|i| population.x(i));
            self.differential.apply(at.space, &mut draw, population.x(target), others, row);
        }
    }

    fn update(&mut self, _at: At, population: &mut Population, children: &Population, numbers: &[u64]) {
        if population.len() == 0 {
            population.append(children);
            return;
        }
        let n = population.len();
        for (k, &number) in numbers.iter().enumerate() {
            let target = number as usize % n;
            if order(children, k, population, target).is_le() {
                population.set(target, children, k);
            }
        }
    }

    fn fields(&mut self, population: &Population, io: &mut Fields) -> Result<()> {
        io.expect([0, self.n].contains(&population.len()), "its population has another size")
    }
}
