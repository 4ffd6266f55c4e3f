//! Four objectives and more: each point's exclusive volume beside all others. A point's box to the nearest points that
//! block it holds few others, so that N contributions cost little more than N scans of the points.

use crate::argsort::{argsort, key};
use crate::hypervolume::{Columns, Sweep};
use rayon::ThreadPool;
use rayon::prelude::*;

/// Fewer points stay on one thread.
const PARALLEL_FROM: usize = 64;
const POINTS_PER_TASK: usize = 8;

pub(super) fn contributions(points: &[&[f64]], reference: &[f64], pool: Option<&ThreadPool>) -> Vec<f64> {
    let others = Others::new(points, reference.len());
    let task = |others: &mut Others, ids: &[usize]| -> Vec<f64> {
        ids.iter().map(|&id| others.contribution(id, reference)).collect()
    };
    let ids: Vec<usize> = (0..points.len()).collect();
    match pool.filter(|_| points.len() >= PARALLEL_FROM) {
        None => task(&mut others.clone(), &ids),
        Some(pool) => pool.install(|| {
            ids.par_chunks(POINTS_PER_TASK).map_init(|| others.clone(), task).flatten_iter().collect()
        }),
    }
}

/// All points, each of which can be compared with the rest.
#[derive(Clone)]
struct Others {
    /// In the order of the last objective.
    points: Columns,
    /// The place of each point in that order.
    place: Vec<usize>,
    sweep: Sweep,
    point: Vec<f64>,
}

impl Others {
    fn new(points: &[&[f64]], d: usize) -> Self {
        let keys: Vec<u64> = points.iter().map(|point| key(point[d - 1])).collect();
        let mut columns = Columns::new(d);
        columns.reset(points.len());
        let mut place = vec![0; points.len()];
        for id in argsort(&keys) {
            place[id as usize] = columns.insert(points[id as usize]);
        }
        Self { points: columns, place, sweep: Sweep::new(d), point: vec![0.0; d] }
    }

    fn contribution(&mut self, id: usize, reference: &[f64]) -> f64 {
        // At +inf the point is out of its own way, and every other keeps its place.
        let place = self.place[id];
        self.points.read(place, &mut self.point);
        self.points.write(place, &vec![f64::INFINITY; reference.len()]);
        let value = self.sweep.exclusive(&self.points, &self.point, reference);
        self.points.write(place, &self.point);
        value
    }
}
