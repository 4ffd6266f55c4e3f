//! A run: its plan, its algorithm's state, and where it stands.

use super::fields::broken;
use super::{Algorithm, Fields, Population, Settings};
use crate::algorithms;
use crate::error::{Error, Result};
use crate::random::bits;
use crate::space::{Condition, Kind, Sampling, Space, Variable};
use std::path::Path;

/// What a run is made of; with the points told it determines every bit.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Name of the algorithm, as in `marey.moo`.
    pub algorithm: String,
    /// Number of objectives.
    pub n_obj: usize,
    /// Number of constraints.
    pub n_con: usize,
    /// Seed of every random number.
    pub seed: u64,
    /// How the first generation is spread.
    pub sampling: Sampling,
    /// The algorithm's settings.
    pub settings: Settings,
}

/// A point that was made and not yet told, or told and not yet taken in; a row of the children.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// Its number in the generation that made it.
    pub(super) number: u64,
    /// Hash of its natural row, 0 until someone asks for it.
    pub(super) hash: u64,
    pub(super) handed: bool,
    pub(super) told: bool,
}

/// An algorithm at work: asked for points, told their objectives.
pub struct Optimizer {
    pub(super) plan: Plan,
    pub(super) space: Space,
    pub(super) algorithm: Box<dyn Algorithm>,
    pub(super) generation: u64,
    pub(super) evals: u64,
    pub(super) failed: u64,
    pub(super) population: Population,
    /// The generation in the making; `slots` runs beside it.
    pub(super) children: Population,
    pub(super) slots: Vec<Slot>,
    /// Children made in this generation.
    pub(super) made: usize,
    /// Children told in this generation.
    pub(super) told: usize,
    /// A complete generation while it is taken in; kept for its memory.
    pub(super) complete: Population,
}

const MAGIC: &[u8; 8] = b"MAREYMOO";
const VERSION: u64 = 1;

impl Optimizer {
    /// A run at its beginning.
    pub fn new(space: Space, mut plan: Plan) -> Result<Self> {
        if plan.n_obj == 0 || plan.n_obj > 1000 {
            return Err(Error::invalid("n_obj", format!("is {}; expected 1 to 1000", plan.n_obj)));
        }
        if plan.n_con > 1_000_000 {
            return Err(Error::invalid("n_con", format!("is {}; expected at most 1000000", plan.n_con)));
        }
        let algorithm = algorithms::build(&plan.algorithm.clone(), &mut plan.settings, &space, plan.n_obj)?;
        plan.settings.finish()?;
        let rows = Population::new(space.width(), plan.n_obj, plan.n_con);
        Ok(Self {
            space,
            algorithm,
            generation: 0,
            evals: 0,
            failed: 0,
            population: rows.clone(),
            children: rows.clone(),
            slots: Vec::new(),
            made: 0,
            told: 0,
            complete: rows,
            plan,
        })
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The space.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// Whole generations taken in.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Points told.
    pub fn evals(&self) -> u64 {
        self.evals
    }

    /// Points told whose objectives or constraints were no numbers.
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// Points that complete the present generation.
    pub fn target(&self) -> usize {
        if self.generation == 0 { self.algorithm.first() } else { self.algorithm.batch() }
    }

    /// The population and what the present generation was told: natural rows, objectives, constraints, violations.
    pub fn evaluated(&self) -> (Vec<f64>, Vec<f64>, Vec<f64>, Vec<f64>) {
        let mut all = self.population.clone();
        for (i, _) in self.slots.iter().enumerate().filter(|(_, slot)| slot.told) {
            all.push(&self.children, i);
        }
        let mut natural = vec![0.0; all.x.len()];
        for (genome, row) in all.x.chunks_exact(all.width).zip(natural.chunks_exact_mut(all.width)) {
            self.space.decode(genome, row);
        }
        (natural, all.f, all.g, all.cv)
    }

    /// The whole state as bytes, `extra` with it.
    pub fn saved(&mut self, extra: &[u8]) -> Vec<u8> {
        let mut io = Fields::Save(Vec::new());
        let mut extra = extra.to_vec();
        let written = plan_fields(&mut self.plan, &mut io)
            .and_then(|()| space_fields(&mut self.space.variables().to_vec(), &mut io))
            .and_then(|()| self.fields(&mut io))
            .and_then(|()| io.bytes(&mut extra));
        written.expect("writing to memory");
        let Fields::Save(payload) = io else { unreachable!("made as a writer") };
        let mut file = MAGIC.to_vec();
        file.extend_from_slice(&VERSION.to_le_bytes());
        file.extend_from_slice(&checksum(&payload).to_le_bytes());
        file.extend_from_slice(&payload);
        file
    }

    /// The state that `saved` gave, and its `extra`. Any other bytes are an error.
    pub fn from_bytes(file: &[u8]) -> Result<(Self, Vec<u8>)> {
        let rest = file.strip_prefix(MAGIC).ok_or_else(|| broken("it does not begin with MAREYMOO"))?;
        let mut io = Fields::Load(rest);
        let (mut version, mut sum) = (0, 0);
        io.u64(&mut version)?;
        if version != VERSION {
            return Err(Error::invalid("checkpoint", format!("has version {version}; expected {VERSION}")));
        }
        io.u64(&mut sum)?;
        let Fields::Load(payload) = io else { unreachable!("made as a reader") };
        if checksum(payload) != sum {
            return Err(Error::invalid("checkpoint", "is damaged: its checksum does not match its content"));
        }
        let mut io = Fields::Load(payload);
        let mut plan = Plan {
            algorithm: String::new(),
            n_obj: 0,
            n_con: 0,
            seed: 0,
            sampling: Sampling::Random,
            settings: Settings::default(),
        };
        plan_fields(&mut plan, &mut io)?;
        let mut variables = Vec::new();
        space_fields(&mut variables, &mut io)?;
        let mut optimizer = Self::new(Space::new(variables)?, plan)?;
        optimizer.fields(&mut io)?;
        let mut extra = Vec::new();
        io.bytes(&mut extra)?;
        match io {
            Fields::Load([]) => Ok((optimizer, extra)),
            _ => Err(broken("it goes on after its end")),
        }
    }

    /// Writes the state to a file that is whole or not there, whatever happens meanwhile.
    pub fn save(&mut self, path: &Path, extra: &[u8]) -> std::io::Result<()> {
        use std::io::Write;
        let bytes = self.saved(extra);
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(format!(".{}.tmp", std::process::id()));
        let temporary = path.with_file_name(name);
        let written = std::fs::File::create(&temporary)
            .and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()))
            .and_then(|()| std::fs::rename(&temporary, path));
        if written.is_err() {
            // What is left of it is of no use; the first error is the one to tell.
            let _ = std::fs::remove_file(&temporary);
        }
        written
    }

    fn fields(&mut self, io: &mut Fields) -> Result<()> {
        io.u64(&mut self.generation)?;
        io.u64(&mut self.evals)?;
        io.u64(&mut self.failed)?;
        io.usize(&mut self.made)?;
        io.usize(&mut self.told)?;
        self.population.fields(io)?;
        self.children.fields(io)?;
        let mut numbers: Vec<u64> = self.slots.iter().map(|slot| slot.number).collect();
        let mut told: Vec<u64> = self.slots.iter().map(|slot| u64::from(slot.told)).collect();
        io.u64s(&mut numbers)?;
        io.u64s(&mut told)?;
        if matches!(io, Fields::Load(_)) {
            io.expect(
                numbers.len() == self.children.len() && told.len() == numbers.len(),
                "its points are not whole",
            )?;
            let count = told.iter().filter(|&&told| told != 0).count();
            io.expect(
                count == self.told && self.made < 1 << 40 && self.generation < 1 << 60,
                "its counts do not fit",
            )?;
            io.expect((self.generation == 0) == (self.population.len() == 0), "its population is missing")?;
            let valid = |rows: &Population| (0..rows.len()).all(|i| self.space.contains(rows.x(i)));
            io.expect(valid(&self.population) && valid(&self.children), "a point is outside its space")?;
            // Whoever held points is gone: they are handed out again.
            self.slots = (numbers.iter().zip(&told))
                .map(|(&number, &told)| Slot { number, hash: 0, handed: told != 0, told: told != 0 })
                .collect();
        }
        self.algorithm.fields(&self.population, io)?;
        io.expect(self.told < self.target(), "its generation is over")
    }
}

fn plan_fields(plan: &mut Plan, io: &mut Fields) -> Result<()> {
    io.text(&mut plan.algorithm)?;
    io.usize(&mut plan.n_obj)?;
    io.usize(&mut plan.n_con)?;
    io.u64(&mut plan.seed)?;
    let mut hypercube = plan.sampling == Sampling::LatinHypercube;
    io.bool(&mut hypercube)?;
    plan.sampling = if hypercube { Sampling::LatinHypercube } else { Sampling::Random };
    plan.settings.fields(io)
}

fn space_fields(variables: &mut Vec<Variable>, io: &mut Fields) -> Result<()> {
    let mut n = variables.len();
    io.usize(&mut n)?;
    let mut old = std::mem::take(variables).into_iter();
    for _ in 0..n {
        let blank = Variable { kind: Kind::Choice, low: 0.0, high: 0.0, conditions: Vec::new() };
        let Variable { kind, mut low, mut high, conditions } = old.next().unwrap_or(blank);
        let mut tag = match kind {
            Kind::Real { log } => u64::from(log),
            Kind::Int { log } => 2 + u64::from(log),
            Kind::Choice => 4,
            Kind::Permutation => 5,
        };
        io.u64(&mut tag)?;
        io.f64(&mut low)?;
        io.f64(&mut high)?;
        let mut parents: Vec<u64> = conditions.iter().map(|c| c.parent as u64).collect();
        io.u64s(&mut parents)?;
        let mut values = conditions.into_iter().map(|c| c.values);
        let mut loaded = Vec::new();
        for &parent in &parents {
            let mut of = values.next().unwrap_or_default();
            io.f64s(&mut of)?;
            loaded.push(Condition { parent: parent as usize, values: of });
        }
        let kind = match tag {
            0 | 1 => Kind::Real { log: tag == 1 },
            2 | 3 => Kind::Int { log: tag == 3 },
            4 => Kind::Choice,
            5 => Kind::Permutation,
            _ => return Err(broken("a variable has no known type")),
        };
        variables.push(Variable { kind, low, high, conditions: loaded });
    }
    Ok(())
}

pub(super) fn checksum(bytes: &[u8]) -> u64 {
    bytes.chunks(8).fold(bytes.len() as u64, |sum, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        bits(sum, u64::from_le_bytes(word))
    })
}
