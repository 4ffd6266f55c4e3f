//! MOTPE: points are drawn where the better observations are dense and the others are not.
//!
//! The observations are split into the `below`, a tenth and at most 25, by non-dominated level, then by the greedy
//! hypervolume of the level that is cut; and the `above`. Each variable has a density of either; of candidates drawn from
//! the first the one with the greatest ratio is taken. Members of `below` weigh as much as they add to its hypervolume.
//!
//! The cost of a suggestion does not grow with the observations: `below` is small, and `above` is counted in cells, whole
//! numbers that come and go exactly. A tell moves the observation through the levels.
//!
//! Source: Ozaki, Tanigaki, Watanabe, Nomura, Onishi, J. Artif. Intell. Res. 73, 2022; Bergstra et al. 2011.

mod levels;
mod parzen;

use crate::contributions::hv_contributions;
use crate::error::Result;
use crate::evolve::{Algorithm, At, Fields, Population, Settings};
use crate::points::Points;
use crate::random::{Draw, Purpose};
use crate::space::{Kind, Space};
use levels::Levels;
use parzen::{Cells, Mixture, Range};

/// Most members of `below`.
const BELOW: usize = 25;
/// Weight of a member that adds no hypervolume, beside 1 of the one that adds most.
const LEAST: f64 = 1e-3;

pub(crate) struct Motpe {
    space: Space,
    startup: usize,
    batch: usize,
    candidates: usize,
    gamma: f64,
    levels: Levels,
    below: Vec<u32>,
    /// Of each column: the observations above.
    above: Vec<Cells>,
}

impl Motpe {
    pub(crate) fn new(settings: &mut Settings, space: &Space) -> Result<Self> {
        let startup = (11 * space.width()).saturating_sub(1).clamp(10, 100);
        let mut motpe = Self {
            space: space.clone(),
            startup: settings.count("startup", startup, 2)?,
            batch: settings.count("batch", 1, 1)?,
            candidates: settings.count("candidates", 24, 1)?,
            gamma: settings.number("gamma", 0.1, 1e-6, 1.0)?,
            levels: Levels::default(),
            below: Vec::new(),
            above: Vec::new(),
        };
        motpe.clear();
        Ok(motpe)
    }

    fn clear(&mut self) {
        self.levels = Levels::default();
        self.below.clear();
        self.above = ranges(&self.space).map(Cells::new).collect();
    }

    /// Takes in the observations from number `from` on.
    fn observe(&mut self, population: &Population, from: usize) {
        for id in from..population.len() {
            self.levels.insert(population, id as u32);
            self.count(population, id as u32, true);
        }
        let room = ((self.gamma * population.len() as f64).ceil() as usize).clamp(1, BELOW);
        let mut best = self.levels.best(population, room);
        best.sort_unstable();
        let before = std::mem::replace(&mut self.below, best.clone());
        before
            .iter()
            .filter(|id| best.binary_search(id).is_err())
            .for_each(|&id| self.count(population, id, true));
        best.iter()
            .filter(|id| before.binary_search(id).is_err())
            .for_each(|&id| self.count(population, id, false));
    }

    /// The observation comes to those above, or leaves them.
    fn count(&mut self, population: &Population, id: u32, comes: bool) {
        let genome = population.x(id as usize);
        let mut natural = vec![0.0; genome.len()];
        self.space.decode(genome, &mut natural);
        for ((cells, &x), active) in self.above.iter_mut().zip(genome).zip(&natural) {
            if !active.is_nan() {
                cells.count(x, comes);
            }
        }
    }

    /// What each member of `below` weighs.
    fn weights(&self, population: &Population) -> Vec<f64> {
        let feasible = |&&id: &&u32| population.is_feasible(id as usize);
        let m = population.n_obj;
        if m == 1 {
            return vec![1.0; self.below.len()];
        }
        let members: Vec<u32> = self.below.iter().filter(feasible).copied().collect();
        let mut rows: Vec<f64> = members.iter().flat_map(|&id| population.f(id as usize)).copied().collect();
        levels::scale(&mut rows, m);
        let points = Points::new(&rows, members.len(), m).expect("whole rows");
        let adds = hv_contributions(points, &vec![levels::CORNER; m], None).expect("finite rows");
        let most = adds.iter().copied().fold(0.0, f64::max);
        let mut adds = adds.into_iter();
        let mut weight = |id: &u32| {
            let share = if feasible(&id) { adds.next().expect("one each") / most } else { 0.0 };
            if share > LEAST { share } else { LEAST }
        };
        self.below.iter().map(&mut weight).collect()
    }
}

fn ranges(space: &Space) -> impl Iterator<Item = Range> + '_ {
    let column = |field: &crate::space::Field, column: usize| {
        Range::new(field.kind, space.low[column], space.high[column])
    };
    space.fields().iter().flat_map(move |field| (field.from..field.to).map(move |c| column(field, c)))
}

impl Algorithm for Motpe {
    fn first(&self) -> usize {
        self.startup
    }

    fn batch(&self) -> usize {
        self.batch
    }

    fn breed(&mut self, at: At, population: &Population, from: usize, rows: &mut [f64]) {
        let width = population.width;
        let weights = self.weights(population);
        let mut natural = vec![0.0; width];
        let mut active = Vec::with_capacity(self.below.len() * width);
        for &id in &self.below {
            at.space.decode(population.x(id as usize), &mut natural);
            active.extend(natural.iter().map(|x| !x.is_nan()));
        }
        self.above.iter_mut().for_each(Cells::prepare);
        let mixtures: Vec<Mixture> = ranges(&self.space)
            .enumerate()
            .map(|(c, range)| {
                let members =
                    self.below.iter().zip(&weights).enumerate().filter(|(i, _)| active[i * width + c]);
                Mixture::new(range, members.map(|(_, (&id, &w))| (population.x(id as usize)[c], w)).collect())
            })
            .collect();
        for (k, row) in rows.chunks_exact_mut(width).enumerate() {
            let mut draw = at.draw(from + k, Purpose::Cross);
            for field in at.space.fields() {
                if field.kind == Kind::Permutation {
                    let id = heaviest_by_chance(&mut draw, &weights).map(|i| self.below[i] as usize);
                    let parent = id.map(|id| &population.x(id)[field.from..field.to]);
                    permute(&mut draw, parent, &mut row[field.from..field.to]);
                } else {
                    let c = field.from;
                    row[c] = suggest(&mut draw, &mixtures[c], &self.above[c], self.candidates);
                }
            }
            at.space.repair(row);
        }
    }

    fn update(&mut self, _at: At, population: &mut Population, children: &Population, _numbers: &[u64]) {
        let from = population.len();
        population.append(children);
        self.observe(population, from);
    }

    fn fields(&mut self, population: &Population, io: &mut Fields) -> Result<()> {
        if matches!(io, Fields::Load(_)) && population.len() > 0 {
            // All state is a function of the observations and their order.
            self.clear();
            self.observe(population, 0);
        }
        Ok(())
    }
}

/// Of so many candidates the one that is most likelier below than above.
fn suggest(draw: &mut Draw, below: &Mixture, above: &Cells, candidates: usize) -> f64 {
    let mut best = (f64::NEG_INFINITY, 0.0);
    for _ in 0..candidates {
        let x = below.draw(draw);
        let ratio = below.density(x) / above.density(x);
        if ratio > best.0 {
            best = (ratio, x);
        }
    }
    best.1
}

/// A member, or none with the chance of one more of full weight.
fn heaviest_by_chance(draw: &mut Draw, weights: &[f64]) -> Option<usize> {
    parzen::pick(draw.uniform(), weights, 1.0)
}

/// An order near that of the parent: a few exchanges, half as often one more; any order without a parent.
fn permute(draw: &mut Draw, parent: Option<&[f64]>, order: &mut [f64]) {
    let n = order.len();
    let Some(parent) = parent else {
        order.iter_mut().enumerate().for_each(|(i, item)| *item = i as f64);
        draw.shuffle(order);
        return;
    };
    order.copy_from_slice(parent);
    loop {
        order.swap(draw.below(n), draw.below(n));
        if draw.chance(0.5) {
            return;
        }
    }
}
