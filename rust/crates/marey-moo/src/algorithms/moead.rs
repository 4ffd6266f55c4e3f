//! MOEA/D: one subproblem for each weight vector, neighbours share solutions (Zhang, Li 2007; differential variation: Li,
//! Zhang 2009; normal-boundary scalarisation and constraints as there).
//!
//! A generation is bred from the population as it stands and taken in one child after the other.

use super::directions;
use crate::error::{Error, Result};
use crate::evolve::{Algorithm, At, Fields, Population, Settings};
use crate::random::{Draw, Purpose};
use crate::space::Space;
use crate::variation::{Differential, Variation};

pub(crate) struct Moead {
    weights: Vec<f64>,
    m: usize,
    /// For each subproblem those of the nearest weights, itself first.
    neighbours: Vec<Vec<u32>>,
    near: f64,
    replacements: usize,
    boundary: bool,
    theta: f64,
    differential: Option<Differential>,
    variation: Variation,
    ideal: Vec<f64>,
    nadir: Vec<f64>,
}

impl Moead {
    pub(crate) fn new(settings: &mut Settings, space: &Space, m: usize) -> Result<Self> {
        let weights = directions::of(settings, m)?;
        let n = weights.len() / m;
        if !(2..=20_000).contains(&n) {
            return Err(Error::invalid(
                "ref_dirs",
                format!("has {n} rows; expected 2 to 20000 weight vectors"),
            ));
        }
        let size = settings.count("neighbors", 20, 2)?.min(n);
        let by_difference = settings.word("variation", &["sbx", "de"])? == 1;
        let differential =
            if by_difference { Some(Differential::new(settings, 0.5, 1.0, 0.0)?) } else { None };
        let kind = settings.word("decomposition", &["auto", "tchebycheff", "pbi"])?;
        let row = |i: usize| &weights[i * m..(i + 1) * m];
        let neighbours = (0..n)
            .map(|i| {
                let far =
                    |j: u32| row(i).iter().zip(row(j as usize)).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
                let mut order: Vec<u32> = (0..n as u32).collect();
                order.sort_by(|&a, &b| far(a).total_cmp(&far(b)).then(a.cmp(&b)));
                order.truncate(size);
                order
            })
            .collect();
        Ok(Self {
            m,
            neighbours,
            near: settings.number("neighbor_prob", 0.9, 0.0, 1.0)?,
            replacements: settings.count("replacements", if by_difference { 2 } else { n }, 1)?,
            boundary: kind == 2 || (kind == 0 && m > 2),
            theta: settings.number("theta", 5.0, 0.0, 1e6)?,
            differential,
            variation: Variation::with(settings, space, 20.0, 1.0)?,
            ideal: vec![f64::INFINITY; m],
            nadir: vec![f64::NEG_INFINITY; m],
            weights,
        })
    }

    fn count(&self) -> usize {
        self.neighbours.len()
    }

    /// The value of subproblem `i` at objectives `f`.
    fn value(&self, i: usize, f: &[f64]) -> f64 {
        let w = &self.weights[i * self.m..(i + 1) * self.m];
        let away = |j: usize| {
            let span = self.nadir[j] - self.ideal[j];
            (f[j] - self.ideal[j]) / if span > 1e-300 { span } else { 1.0 }
        };
        if !self.boundary {
            return (0..self.m).fold(0.0, |worst, j| f64::max(worst, away(j).abs() * w[j].max(1e-6)));
        }
        let norm = w.iter().map(|w| w * w).sum::<f64>().sqrt();
        let along: f64 = (0..self.m).map(|j| away(j) * w[j] / norm).sum();
        let across: f64 = (0..self.m).map(|j| (away(j) - along * w[j] / norm).powi(2)).sum();
        along + self.theta * across.sqrt()
    }

    /// Whom child `number` mates with and may replace: its neighbours, or now and then everyone.
    fn circle(&self, draw: &mut Draw, number: usize) -> Option<&[u32]> {
        draw.chance(self.near).then(|| self.neighbours[number % self.count()].as_slice())
    }

    fn look(&mut self, population: &Population) {
        self.nadir.fill(f64::NEG_INFINITY);
        for i in (0..population.len()).filter(|&i| population.is_feasible(i)) {
            for (j, &f) in population.f(i).iter().enumerate() {
                self.ideal[j] = self.ideal[j].min(f);
                self.nadir[j] = self.nadir[j].max(f);
            }
        }
    }
}

impl Algorithm for Moead {
    fn first(&self) -> usize {
        self.count()
    }

    fn batch(&self) -> usize {
        self.count()
    }

    fn breed(&mut self, at: At, population: &Population, from: usize, rows: &mut [f64]) {
        let width = population.width;
        let mut other = vec![0.0; width];
        for (k, row) in rows.chunks_exact_mut(width).enumerate() {
            let number = from + k;
            let mut draw = at.draw(number, Purpose::Select);
            let circle = self.circle(&mut draw, number);
            let size = circle.map_or(population.len(), <[u32]>::len);
            let member = |k: usize| population.x(circle.map_or(k, |c| c[k] as usize));
            let a = draw.below(size);
            let b = draw.other_than(size, &[a]);
            let mut cross = at.draw(number, Purpose::Cross);
            match &self.differential {
                Some(differential) => {
                    let own = population.x(number % self.count());
                    differential.apply(at.space, &mut cross, own, [own, member(a), member(b)], row);
                }
                None => {
                    row.copy_from_slice(member(a));
                    other.copy_from_slice(member(b));
                    self.variation.cross(at.space, &mut cross, row, &mut other);
                }
            }
            self.variation.mutate(at.space, &mut at.draw(number, Purpose::Mutate), row);
        }
    }

    fn update(&mut self, at: At, population: &mut Population, children: &Population, numbers: &[u64]) {
        if population.len() == 0 {
            population.append(children);
            self.look(population);
            return;
        }
        self.look(population);
        for (k, &number) in numbers.iter().enumerate() {
            let number = number as usize;
            let circle = self.circle(&mut at.draw(number, Purpose::Select), number).map(<[u32]>::to_vec);
            let mut circle = circle.unwrap_or_else(|| (0..self.count() as u32).collect());
            at.draw(number, Purpose::Survive).shuffle(&mut circle);
            if children.is_feasible(k) {
                for (ideal, &f) in self.ideal.iter_mut().zip(children.f(k)) {
                    *ideal = ideal.min(f);
                }
            }
            let mut left = self.replacements;
            for &j in &circle {
                let j = j as usize;
                let better = match children.cv[k].total_cmp(&population.cv[j]) {
                    std::cmp::Ordering::Equal if children.is_feasible(k) => {
                        self.value(j, children.f(k)) < self.value(j, population.f(j))
                    }
                    order => order == std::cmp::Ordering::Less,
                };
                if better {
                    population.set(j, children, k);
                    left -= 1;
                    if left == 0 {
                        break;
                    }
                }
            }
        }
    }

    fn fields(&mut self, population: &Population, io: &mut Fields) -> Result<()> {
        io.f64s(&mut self.ideal)?;
        io.f64s(&mut self.nadir)?;
        let fits = self.ideal.len() == self.m && self.nadir.len() == self.m;
        let n = population.len();
        io.expect(fits && (n == 0 || n == self.count()), "its subproblems do not fit its population")
    }
}
