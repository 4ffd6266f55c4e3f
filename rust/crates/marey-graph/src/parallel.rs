//! Work on a pool, or on the caller's thread where there is none.

use rayon::ThreadPool;
use rayon::prelude::*;

/// `f` of each of `0..n`, in order, with a scratch value made once for each worker's share.
pub(crate) fn map<S, T: Send>(
    pool: Option<&ThreadPool>,
    n: usize,
    scratch: impl Fn() -> S + Sync + Send,
    f: impl Fn(&mut S, usize) -> T + Sync + Send,
) -> Vec<T> {
    match pool {
        Some(pool) if n > 1 => {
            let least = n.div_ceil(8 * pool.current_num_threads());
            pool.install(|| (0..n).into_par_iter().with_min_len(least).map_init(&scratch, &f).collect())
        }
        _ => {
            let mut scratch = scratch();
            (0..n).map(|i| f(&mut scratch, i)).collect()
        }
    }
}

/// `f` of each row of `width` elements of `rows`, with a scratch value made once for each worker's share.
pub(crate) fn each_row<S, T: Send>(
    pool: Option<&ThreadPool>,
    rows: &mut [T],
    width: usize,
    scratch: impl Fn() -> S + Sync + Send,
    f: impl Fn(&mut S, usize, &mut [T]) + Sync + Send,
) {
    if width == 0 {
        return;
    }
    match pool {
        Some(pool) if rows.len() > width => pool.install(|| {
            rows.par_chunks_mut(width).enumerate().for_each_init(&scratch, |s, (i, row)| f(s, i, row));
        }),
        _ => {
            let mut scratch = scratch();
            rows.chunks_mut(width).enumerate().for_each(|(i, row)| f(&mut scratch, i, row));
        }
    }
}
