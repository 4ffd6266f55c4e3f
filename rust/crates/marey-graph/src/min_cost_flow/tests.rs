//! Scaling and simplex on the same small networks: the same cost, each proved by its own prices, or the same refusal.

use super::*;
use proptest::prelude::*;

type Arcs = Vec<(i64, i64, i64, i64)>;

fn proved(network: &Network, found: &Flow) {
    let mut balance = network.supply.to_vec();
    for e in 0..network.src.len() {
        let (u, v, units) = (network.src[e] as usize, network.dst[e] as usize, found.flow[e]);
        assert!(0 <= units && units <= network.capacity[e]);
        balance[u] -= units;
        balance[v] += units;
        let reduced = network.cost[e] + found.potential[u] - found.potential[v];
        assert!(units == network.capacity[e] || reduced >= 0, "arc {e} with room gains");
        assert!(units == 0 || reduced <= 0, "arc {e} with flow loses");
    }
    assert!(balance.iter().all(|&left| left == 0));
}

fn networks() -> impl Strategy<Value = (usize, Arcs, Vec<(usize, usize, i64)>)> {
    (1usize..14).prop_flat_map(|n| {
        let (node, end) = (0..n as i64, 0..n as i64);
        let capacity = prop_oneof![4 => 0i64..12, 1 => Just(i64::MAX)];
        let arc = (node, end, capacity, -6i64..30);
        let wish = (0..n, 0..n, 0i64..9);
        (Just(n), prop::collection::vec(arc, 0..60), prop::collection::vec(wish, 0..8))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn scaling_equals_simplex((n, arcs, wishes) in networks()) {
        let column = |of: fn(&(i64, i64, i64, i64)) -> i64| arcs.iter().map(of).collect::<Vec<i64>>();
        let (src, dst, capacity, cost) =
            (column(|a| a.0), column(|a| a.1), column(|a| a.2), column(|a| a.3));
        let mut supply = vec![0; n];
        for (from, to, units) in wishes {
            supply[from] += units;
            supply[to] -= units;
        }
        let network =
            Network { src: &src, dst: &dst, capacity: &capacity, cost: &cost, supply: &supply };
        let simplex = by_simplex(&network);
        let Some(limits) = limits(&network) else { return Ok(()) };
        match (by_scaling(&network, &limits), simplex) {
            (Ok(found), Ok(expected)) => {
                prop_assert_eq!(found.cost, expected.cost);
                proved(&network, &found);
                proved(&network, &expected);
            }
            (Err(refused), Err(expected)) => {
                prop_assert_eq!(refused.kind, Kind::Infeasible);
                prop_assert_eq!(expected.kind, Kind::Infeasible);
                let inside = |v: i64| refused.witness.contains(&v);
                let more: i64 = refused.witness.iter().map(|&v| supply[v as usize]).sum();
                let leaving = (0..src.len()).filter(|&e| inside(src[e]) && !inside(dst[e]));
                prop_assert!(more > leaving.map(|e| limits[e]).sum::<i64>());
            }
            (found, expected) => {
                prop_assert!(false, "scaling {:?}, simplex {:?}", found.is_ok(), expected.is_ok());
            }
        }
    }
}
