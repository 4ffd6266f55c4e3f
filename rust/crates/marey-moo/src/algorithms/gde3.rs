//! GDE3: differential evolution for several objectives; a trial replaces its target, falls to it, or stands beside it
//! until the population is cut by fronts and crowding (Kukkonen, Lampinen 2005).

use super::fronts::constrained_dominates;
use super::genetic::Survival;
use super::nsga2::Nsga2;
use crate::error::Result;
use crate::evolve::{Algorithm, At, Fields, Population, Settings};
use crate::random::Purpose;
use crate::space::Space;
use crate::variation::Differential;

pub(crate) struct Gde3 {
    n: usize,
    differential: Differential,
    survival: Nsga2,
}

impl Gde3 {
    pub(crate) fn new(settings: &mut Settings, _space: &Space) -> Result<Self> {
        let n = settings.count("pop", 100, 4)?;
        Ok(Self { n, differential: Differential::new(settings, 0.5, 0.2, 0.0)?, survival: Nsga2::default() })
    }
}

impl Algorithm for Gde3 {
    fn first(&self) -> usize {
        self.n
    }

    fn batch(&self) -> usize {
        self.n
    }

    fn breed(&mut self, at: At, population: &Population, from: usize, rows: &mut [f64]) {
        for (k, row) in rows.chunks_exact_mut(population.width).enumerate() {
            let target = (from + k) % population.len();
            let mut draw = at.draw(from + k, Purpose::Cross);
            let others = three_others(&mut draw, population.len(), target).map(|i| population.x(i));
            self.differential.apply(at.space, &mut draw, population.x(target), others, row);
        }
    }

    fn update(&mut self, at: At, population: &mut Population, children: &Population, numbers: &[u64]) {
        if population.len() == 0 {
            population.append(children);
        } else {
            let n = population.len();
            for (k, &number) in numbers.iter().enumerate() {
                let target = number as usize % n;
                let trial = (children.f(k), children.cv[k]);
                let old = (population.f(target), population.cv[target]);
                let no_worse = trial.0 == old.0 && trial.1 == old.1;
                if constrained_dominates(trial, old) || no_worse {
                    population.set(target, children, k);
                } else if !constrained_dominates(old, trial) && children.is_feasible(k) {
                    population.push(children, k);
                }
            }
        }
        let mut keep = Vec::new();
        self.survival.survive(at, population, self.n, &mut keep);
        // Who stays keeps the order of the rows: a target is a place.
        keep.sort_unstable();
        let pool = population.clone();
        population.gather(&pool, &keep);
    }

    fn fields(&mut self, population: &Population, io: &mut Fields) -> Result<()> {
        io.expect([0, self.n].contains(&population.len()), "its population has another size")
    }
}

/// Three different members, none of them the target.
pub(super) fn three_others(draw: &mut crate::random::Draw, n: usize, target: usize) -> [usize; 3] {
    let a = draw.other_than(n, &[target]);
    let b = draw.other_than(n, &[target, a]);
    [a, b, draw.other_than(n, &[target, a, b])]
}
