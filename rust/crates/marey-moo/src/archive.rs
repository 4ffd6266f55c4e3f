//! An archive of the points that no other dominates, bounded on wish.
//!
//! With `eps` the members lie in boxes of that size, at most one in each, and dominance is that of boxes (Laumanns, Thiele,
//! Deb, Zitzler 2002): the archive stays small and never loses a box. With a capacity the member that adds least is dropped
//! whenever one too many is in.

use crate::contributions::hv_least;
use crate::error::{Error, Result};
use crate::hypervolume::Columns;
use crate::points::Points;
use crate::spread::crowding_distance;

/// Which member a full archive drops.
#[derive(Clone, Debug, PartialEq)]
pub enum Drop {
    /// That of the least crowding distance.
    Crowded,
    /// That of the least hypervolume contribution below this reference point.
    LeastVolume(Vec<f64>),
}

/// Members that do not dominate each other, each with the number it got when it was offered.
#[derive(Clone)]
pub struct Archive {
    d: usize,
    eps: Option<Vec<f64>>,
    capacity: Option<usize>,
    drop: Drop,
    offered: u64,
    /// What is compared: the members, or with `eps` the numbers of their boxes.
    keys: Columns,
    room: usize,
    /// In the order of `keys`.
    members: Vec<Member>,
}

#[derive(Clone)]
struct Member {
    id: u64,
    point: Vec<f64>,
}

impl Archive {
    /// An empty archive for points of `d` objectives.
    pub fn new(d: usize, capacity: Option<usize>, eps: Option<Vec<f64>>, drop: Drop) -> Result<Self> {
        if d == 0 {
            return Err(Error::invalid("n_obj", "is 0; expected at least 1"));
        }
        if capacity == Some(0) {
            return Err(Error::invalid("capacity", "is 0; expected at least 1"));
        }
        if let Some(eps) =
            eps.as_ref().filter(|eps| eps.len() != d || eps.iter().any(|&e| !(e > 0.0 && e.is_finite())))
        {
            return Err(Error::invalid("eps", format!("is {eps:?}; expected {d} positive numbers")));
        }
        if let Drop::LeastVolume(reference) = &drop
            && (reference.len() != d || reference.iter().any(|r| !r.is_finite()))
        {
            return Err(Error::invalid("ref", format!("is {reference:?}; expected {d} finite numbers")));
        }
        let mut keys = Columns::new(d);
        let room = 64;
        keys.reset(room);
        Ok(Self { d, eps, capacity, drop, offered: 0, keys, room, members: Vec::new() })
    }

    /// Offers points one after the other; true for those that are members after the last.
    pub fn add(&mut self, points: Points) -> Result<Vec<bool>> {
        if points.dim() != self.d {
            return Err(Error::invalid("F", format!("has {} columns; expected {}", points.dim(), self.d)));
        }
        points.reject_nonfinite("F")?;
        let first = self.offered;
        for point in points.rows() {
            self.offer(point)?;
        }
        let mut kept = vec![false; points.len()];
        for member in self.members.iter().filter(|member| member.id >= first) {
            kept[(member.id - first) as usize] = true;
        }
        Ok(kept)
    }

    /// The members' numbers and points, row after row, in the order in which they were offered.
    pub fn members(&self) -> (Vec<u64>, Vec<f64>) {
        let mut members: Vec<&Member> = self.members.iter().collect();
        members.sort_by_key(|member| member.id);
        (
            members.iter().map(|member| member.id).collect(),
            members.iter().flat_map(|m| m.point.clone()).collect(),
        )
    }

    fn offer(&mut self, point: &[f64]) -> Result<()> {
        let member = Member { id: self.offered, point: point.to_vec() };
        self.offered += 1;
        let key = self.key(point);
        if self.eps.is_some()
            && let Some(place) = self.place(&key)
        {
            if self.better_in_box(point, &self.members[place].point, &key) {
                self.members[place] = member;
            }
            return Ok(());
        }
        let mut tops = vec![f64::INFINITY; self.d];
        if self.keys.dominates(&key, &mut tops) {
            return Ok(());
        }
        let (mut inside, mut dominated) = (Columns::new(self.d), Vec::new());
        self.keys.clip(&key, &tops, &mut inside, &mut dominated);
        for &place in dominated.iter().rev() {
            self.remove(place as usize);
        }
        if self.members.len() == self.room {
            self.room *= 2;
            let mut roomier = Columns::new(self.d);
            roomier.copy_with_room(&self.keys, self.room);
            self.keys = roomier;
        }
        self.members.insert(self.keys.insert(&key), member);
        if self.capacity.is_some_and(|capacity| self.members.len() > capacity) {
            let place = self.least()?;
            self.remove(place);
        }
        Ok(())
    }

    fn key(&self, point: &[f64]) -> Vec<f64> {
        match &self.eps {
            // -0.0 becomes 0.0.
            None => point.iter().map(|x| x + 0.0).collect(),
            Some(eps) => point.iter().zip(eps).map(|(x, e)| (x / e).floor() + 0.0).collect(),
        }
    }

    fn place(&self, key: &[f64]) -> Option<usize> {
        (0..self.members.len()).find(|&i| (0..self.d).all(|j| self.keys.get(i, j) == key[j]))
    }

    /// Of two points in one box the one that dominates, else the one nearer to the box's best corner.
    fn better_in_box(&self, new: &[f64], old: &[f64], key: &[f64]) -> bool {
        let no_worse = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| a <= b);
        if no_worse(old, new) || no_worse(new, old) {
            return !no_worse(old, new);
        }
        let eps = self.eps.as_ref().expect("boxes");
        let far = |point: &[f64]| (0..self.d).map(|j| (point[j] / eps[j] - key[j]).powi(2)).sum::<f64>();
        far(new) < far(old)
    }

    fn remove(&mut self, place: usize) {
        self.keys.remove(place);
        self.members.remove(place);
    }

    /// The place of the member to drop: the latest offered of those that add least.
    fn least(&self) -> Result<usize> {
        let mut places: Vec<usize> = (0..self.members.len()).collect();
        places.sort_by_key(|&place| std::cmp::Reverse(self.members[place].id));
        let rows: Vec<f64> =
            places.iter().flat_map(|&place| self.members[place].point.iter().copied()).collect();
        let points = Points::new(&rows, places.len(), self.d)?;
        let least = match &self.drop {
            Drop::LeastVolume(reference) => hv_least(points, reference, None)?.map(|(i, _)| i),
            Drop::Crowded => {
                let distances = crowding_distance(points, &vec![0; places.len()])?;
                (0..places.len()).min_by(|&a, &b| distances[a].total_cmp(&distances[b]))
            }
        };
        Ok(places[least.expect("a full archive has members")])
    }
}
