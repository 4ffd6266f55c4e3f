//! The staircase of a set of points in the plane, and the area that a new point adds to it.

use crate::argsort::key;
use std::collections::BTreeMap;

/// Staircases longer than this leave the sorted array, whose insertion moves O(length) steps, for a tree.
const ARRAY_STEPS: usize = 4096;

/// Steps (x, y), x ascending and y strictly descending.
#[derive(Clone)]
pub(crate) enum Stairs {
    Array(Vec<(f64, f64)>),
    Tree(BTreeMap<u64, (f64, f64)>),
}

impl Stairs {
    pub(crate) fn new() -> Self {
        Self::Array(Vec::new())
    }

    pub(crate) fn clear(&mut self) {
        match self {
            Self::Array(steps) => steps.clear(),
            Self::Tree(_) => *self = Self::new(),
        }
    }

    /// Adds a point below the corner (right, top); returns the area that it alone dominates.
    pub(crate) fn add(&mut self, x: f64, y: f64, right: f64, top: f64) -> f64 {
        match self {
            Self::Array(steps) => {
                let area = add_to_array(steps, x, y, right, top);
                if steps.len() > ARRAY_STEPS {
                    *self = Self::Tree(steps.drain(..).map(|step| (key(step.0), step)).collect());
                }
                area
            }
            Self::Tree(steps) => add_to_tree(steps, x, y, right, top),
        }
    }
}

/// [`Stairs::add`] for steps in an array.
pub(crate) fn add_to_array(steps: &mut Vec<(f64, f64)>, x: f64, y: f64, right: f64, top: f64) -> f64 {
    // Steps to the left, of which the last is the lowest.
    let from = match steps.len() {
        0..=16 => steps.iter().filter(|step| step.0 < x).count(),
        _ => steps.partition_point(|step| step.0 < x),
    };
    let above = if from > 0 { steps[from - 1].1 } else { top };
    if above <= y || steps.get(from).is_some_and(|step| step.0 == x && step.1 <= y) {
        return 0.0;
    }
    let mut slice = Slice { area: 0.0, left: x, above, floor: y };
    let mut to = from;
    while to < steps.len() && steps[to].1 >= y {
        slice.cut(steps[to]);
        to += 1;
    }
    slice.cut((steps.get(to).map_or(right, |step| step.0), y));
    if to > from {
        steps[from] = (x, y);
        steps.drain(from + 1..to);
    } else {
        steps.insert(from, (x, y));
    }
    slice.area
}

fn add_to_tree(steps: &mut BTreeMap<u64, (f64, f64)>, x: f64, y: f64, right: f64, top: f64) -> f64 {
    let above = steps.range(..key(x)).next_back().map_or(top, |(_, step)| step.1);
    if above <= y || steps.get(&key(x)).is_some_and(|step| step.1 <= y) {
        return 0.0;
    }
    let mut slice = Slice { area: 0.0, left: x, above, floor: y };
    let end = loop {
        match steps.range(key(x)..).next() {
            Some((&at, &step)) if step.1 >= y => {
                slice.cut(step);
                steps.remove(&at);
            }
            next => break next.map_or(right, |(_, step)| step.0),
        }
    };
    slice.cut((end, y));
    steps.insert(key(x), (x, y));
    slice.area
}

/// The new area from left to right, between the new point's y and the steps above it.
struct Slice {
    area: f64,
    left: f64,
    above: f64,
    floor: f64,
}

impl Slice {
    #[inline(always)]
    fn cut(&mut self, step: (f64, f64)) {
        self.area += (step.0 - self.left) * (self.above - self.floor);
        (self.left, self.above) = step;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn array_and_tree_add_the_same(points in prop::collection::vec((0..30u8, 0..30u8), 0..80)) {
            let (mut array, mut tree) = (Stairs::new(), Stairs::Tree(BTreeMap::new()));
            let mut covered = [[false; 31]; 31];
            for (x, y) in points {
                let added = array.add(f64::from(x), f64::from(y), 31.0, 31.0);
                prop_assert_eq!(added, tree.add(f64::from(x), f64::from(y), 31.0, 31.0));
                let mut cells = 0.0;
                for column in &mut covered[usize::from(x)..] {
                    for cell in &mut column[usize::from(y)..] {
                        cells += f64::from(u8::from(!*cell));
                        *cell = true;
                    }
                }
                prop_assert_eq!(added, cells);
            }
        }
    }
}
