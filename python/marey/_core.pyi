from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

_Floats: TypeAlias = NDArray[np.floating[Any]]

compiler: str
physionet2012_variables: tuple[str, ...]

def set_num_threads(n: int) -> None: ...
def get_num_threads() -> int: ...
def isa() -> str: ...
def best_isa() -> str: ...
def poison_outputs(on: bool) -> None: ...
def causal_conv1d(
    x: _Floats,
    weight: _Floats,
    bias: _Floats | None = None,
    x0: _Floats | None = None,
    silu: bool = False,
    channels_last: bool = False,
) -> _Floats: ...
def decay_scan(
    x: _Floats,
    dt: _Floats,
    rate: _Floats,
    h0: _Floats | None = None,
    mask: NDArray[np.bool_] | None = None,
    offsets: NDArray[np.int64] | None = None,
    channels_last: bool = False,
) -> tuple[_Floats, _Floats]: ...
def dba_round(
    x: _Floats,
    offsets: NDArray[np.int64] | None,
    center: _Floats,
    weights: NDArray[np.float64],
    window: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64], _Floats]: ...
def dtw_cdist(
    x: _Floats,
    y: _Floats | None,
    x_offsets: NDArray[np.int64] | None,
    y_offsets: NDArray[np.int64] | None,
    window: int,
) -> _Floats: ...
def dtw_nn(
    x: _Floats,
    y: _Floats | None,
    x_offsets: NDArray[np.int64] | None,
    y_offsets: NDArray[np.int64] | None,
    window: int,
    k: int,
) -> tuple[NDArray[np.int64], _Floats]: ...
def dtw_path(x: NDArray[np.float64], y: NDArray[np.float64], window: int) -> tuple[float, NDArray[np.int64]]: ...
def elastic(
    x: _Floats,
    y: _Floats,
    x_lengths: NDArray[np.int64] | None,
    y_lengths: NDArray[np.int64] | None,
    window: int,
    measure: int,
    first: float,
    second: float,
    g: _Floats | None,
) -> _Floats: ...
def elastic_cdist(
    x: _Floats,
    y: _Floats | None,
    x_offsets: NDArray[np.int64] | None,
    y_offsets: NDArray[np.int64] | None,
    window: int,
    measure: int,
    first: float,
    second: float,
    g: _Floats | None,
) -> _Floats: ...
def grud(
    x: _Floats,
    mask: NDArray[np.bool_],
    dt: _Floats,
    x_mean: _Floats,
    W: _Floats,
    U: _Floats,
    V: _Floats,
    b: _Floats,
    w_x: _Floats,
    b_x: _Floats,
    W_h: _Floats,
    b_h: _Floats,
    h0: _Floats | None = None,
    x_last: _Floats | None = None,
    age: _Floats | None = None,
    offsets: NDArray[np.int64] | None = None,
) -> tuple[_Floats, _Floats, _Floats, _Floats]: ...
def hydra(
    x: _Floats,
    lengths: NDArray[np.int64] | None,
    dilations: NDArray[np.int64],
    weights: _Floats,
    channel_index: NDArray[np.int64] | None,
    channel_offsets: NDArray[np.int64] | None,
) -> _Floats: ...
def minirocket(
    x: _Floats,
    lengths: NDArray[np.int64] | None,
    dilations: NDArray[np.int64],
    counts: NDArray[np.int64],
    biases: _Floats,
    channel_index: NDArray[np.int64] | None,
    channel_offsets: NDArray[np.int64] | None,
) -> _Floats: ...
def multirocket(
    x: _Floats,
    lengths: NDArray[np.int64] | None,
    dilations: NDArray[np.int64],
    counts: NDArray[np.int64],
    biases: _Floats,
    channel_index: NDArray[np.int64] | None,
    channel_offsets: NDArray[np.int64] | None,
) -> _Floats: ...
def minirocket_biases(
    x: _Floats,
    lengths: NDArray[np.int64] | None,
    dilations: NDArray[np.int64],
    counts: NDArray[np.int64],
    example: NDArray[np.int64],
    level: NDArray[np.float64],
    channel_index: NDArray[np.int64] | None,
    channel_offsets: NDArray[np.int64] | None,
) -> _Floats: ...
def linear_recurrence(
    a: _Floats,
    x: _Floats,
    h0: _Floats | None = None,
    reset: NDArray[np.bool_] | None = None,
    is_complex: bool = False,
    reverse: bool = False,
    channels_last: bool = False,
) -> tuple[_Floats, _Floats]: ...
def s5_scan(
    x: _Floats,
    Lambda: _Floats,
    dt: _Floats,
    h0: _Floats | None = None,
    reset: NDArray[np.bool_] | None = None,
    channels_last: bool = False,
) -> tuple[_Floats, _Floats]: ...
def segment_reduce(values: _Floats, offsets: NDArray[np.int64], op: str) -> _Floats: ...
def segment_softmax(values: _Floats, offsets: NDArray[np.int64]) -> _Floats: ...
def spmm(
    offsets: NDArray[np.int64], targets: NDArray[np.int32] | NDArray[np.int64], x: _Floats, weights: _Floats | None
) -> _Floats: ...
def actigraphy_pass(
    acc: _Floats,
    fs: int,
    count_tenths: int,
    samples_per_epoch: int,
    what: int,
    scale: Sequence[float],
    offset: Sequence[float],
) -> tuple[NDArray[np.int64] | None, NDArray[np.float64] | None]: ...
def rolling_median(x: _Floats, window: int) -> NDArray[np.float64]: ...
def features_catch22(
    values: NDArray[np.float64], starts: NDArray[np.int64], stops: NDArray[np.int64]
) -> NDArray[np.float64]: ...
def features_statistics(
    values: NDArray[np.float64], starts: NDArray[np.int64], stops: NDArray[np.int64]
) -> NDArray[np.float64]: ...
def entropy_sample_counts(
    values: NDArray[np.float64], offsets: NDArray[np.int64], m: int, r: float, absolute: bool
) -> NDArray[np.float64]: ...
def entropy_multiscale_counts(
    values: NDArray[np.float64], offsets: NDArray[np.int64], m: int, r: float, absolute: bool, scales: int
) -> NDArray[np.float64]: ...
def entropy_approximate(
    values: NDArray[np.float64], offsets: NDArray[np.int64], m: int, r: float, absolute: bool
) -> NDArray[np.float64]: ...
def entropy_fuzzy(
    values: NDArray[np.float64], offsets: NDArray[np.int64], m: int, r: float, absolute: bool, power: int
) -> NDArray[np.float64]: ...
def entropy_permutation(
    values: NDArray[np.float64], offsets: NDArray[np.int64], order: int, delay: int, normalize: bool
) -> NDArray[np.float64]: ...
def entropy_lempel_ziv(
    values: NDArray[np.float64], offsets: NDArray[np.int64], threshold: float
) -> NDArray[np.float64]: ...
def entropy_dfa(
    values: NDArray[np.float64], offsets: NDArray[np.int64], scales: NDArray[np.int64], min_segments: int
) -> NDArray[np.float64]: ...
def entropy_higuchi(values: NDArray[np.float64], offsets: NDArray[np.int64], k_max: int) -> NDArray[np.float64]: ...
def entropy_hurst(values: NDArray[np.float64], offsets: NDArray[np.int64]) -> NDArray[np.float64]: ...
def matrix_profile(
    t: NDArray[np.float64],
    other: NDArray[np.float64] | None,
    lengths: NDArray[np.int64] | None,
    m: int,
    k: int,
    exclusion: int,
) -> tuple[Any, ...]: ...
def mmatrix_profile(
    t: NDArray[np.float64], other: NDArray[np.float64] | None, m: int, exclusion: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]: ...

class ProfileStream:
    def __init__(self, t: NDArray[np.float64], m: int, exclusion: int, keep: int) -> None: ...
    def update(self, values: NDArray[np.float64]) -> None: ...
    def profile(self) -> tuple[Any, ...]: ...
    def t(self) -> NDArray[np.float64]: ...
    def forgotten(self) -> int: ...
    def __len__(self) -> int: ...

def mass(q: NDArray[np.float64], t: NDArray[np.float64]) -> NDArray[np.float64]: ...
def list_tar(archive: bytes) -> tuple[list[tuple[str, str, int, int]], int, str]: ...
def read_physionet2012(
    texts: Sequence[bytes | memoryview], ids_in_names: Sequence[int], threads: int
) -> dict[str, Any]: ...
def kalman_filter(
    y: _Floats,
    F: _Floats | None,
    H: _Floats,
    Q: _Floats | None,
    R: _Floats,
    x0: _Floats,
    P0: _Floats,
    mask: NDArray[np.bool_] | None = None,
    dt: _Floats | None = None,
    parameters: _Floats | None = None,
    model: int = 0,
    continued: bool = False,
    mean: bool = True,
    cov: bool = True,
) -> tuple[_Floats | None, _Floats | None, _Floats]: ...
def kalman_smoother(
    y: _Floats,
    F: _Floats | None,
    H: _Floats,
    Q: _Floats | None,
    R: _Floats,
    x0: _Floats,
    P0: _Floats,
    mask: NDArray[np.bool_] | None = None,
    dt: _Floats | None = None,
    parameters: _Floats | None = None,
    model: int = 0,
    continued: bool = False,
    mean: bool = True,
    cov: bool = True,
) -> tuple[_Floats | None, _Floats | None, _Floats]: ...
def soft_dtw(
    x: _Floats,
    y: _Floats,
    x_lengths: NDArray[np.int64] | None,
    y_lengths: NDArray[np.int64] | None,
    gamma: float,
    window: int,
) -> _Floats: ...
def soft_dtw_backward(
    grad: _Floats,
    x: _Floats,
    y: _Floats,
    x_lengths: NDArray[np.int64] | None,
    y_lengths: NDArray[np.int64] | None,
    gamma: float,
    window: int,
) -> tuple[_Floats, _Floats]: ...
def sosfilt(
    sections: NDArray[np.float64],
    x: _Floats,
    zi: NDArray[np.float64] | None = None,
    reset: NDArray[np.bool_] | None = None,
) -> tuple[_Floats, NDArray[np.float64]]: ...
def sosfiltfilt(
    sections: NDArray[np.float64], zi: NDArray[np.float64], x: _Floats, padding: int, padlen: int
) -> _Floats: ...
def selective_scan(
    u: _Floats,
    delta: _Floats,
    A: _Floats,
    B: _Floats,
    C: _Floats,
    D: _Floats | None = None,
    z: _Floats | None = None,
    delta_bias: _Floats | None = None,
    h0: _Floats | None = None,
    dt_scale: _Floats | None = None,
    reset: NDArray[np.bool_] | None = None,
    softplus: bool = False,
    channels_last: bool = False,
) -> tuple[_Floats, _Floats]: ...
def survival_risk_table(
    time: NDArray[np.float64],
    event: NDArray[np.bool_],
    entry: NDArray[np.float64] | None,
    weights: NDArray[np.float64] | None,
    group: NDArray[np.int64] | None,
    n_groups: int,
) -> tuple[NDArray[Any], ...]: ...
def survival_kaplan_meier(
    offsets: NDArray[np.int64], at_risk: NDArray[np.float64], events: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
def survival_nelson_aalen(
    offsets: NDArray[np.int64], at_risk: NDArray[np.float64], events: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
def survival_logrank(
    time: NDArray[np.float64],
    event: NDArray[np.bool_],
    group: NDArray[np.int64],
    n_groups: int,
    entry: NDArray[np.float64] | None,
    strata: NDArray[np.int64] | None,
    n_strata: int,
    weight: str,
    rho: float,
    gamma: float,
) -> tuple[NDArray[np.float64], ...]: ...
def survival_concordance(
    time: NDArray[np.float64],
    event: NDArray[np.bool_],
    earlier: NDArray[np.float64],
    later: NDArray[np.float64],
    risk: NDArray[np.float64],
) -> tuple[Any, ...]: ...
def survival_sort_rows(
    key: NDArray[np.float64], group: NDArray[np.int64] | None, n_groups: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]: ...
def survival_cox_pass(
    offsets: NDArray[np.int64],
    X: NDArray[np.float64],
    time: NDArray[np.float64],
    event: NDArray[np.bool_],
    weights: NDArray[np.float64],
    eta: NDArray[np.float64],
    entry: NDArray[np.float64] | None,
    entering: NDArray[np.int64] | None,
    efron: bool,
) -> tuple[Any, ...]: ...
def survival_cox_residuals(
    offsets: NDArray[np.int64],
    X: NDArray[np.float64],
    time: NDArray[np.float64],
    event: NDArray[np.bool_],
    weights: NDArray[np.float64],
    eta: NDArray[np.float64],
    entry: NDArray[np.float64] | None,
    entering: NDArray[np.int64] | None,
    efron: bool,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
def cox_partial_likelihood(
    risk: _Floats, time: _Floats, event: NDArray[np.bool_], strata: NDArray[np.int64] | None, efron: bool
) -> tuple[_Floats, _Floats]: ...
def survival_finegray_pass(
    X: NDArray[np.float64],
    time: NDArray[np.float64],
    outcome: NDArray[np.uint8],
    weights: NDArray[np.float64],
    eta: NDArray[np.float64],
    uncensored: NDArray[np.float64],
) -> tuple[Any, ...]: ...
def survival_finegray_influence(
    X: NDArray[np.float64],
    time: NDArray[np.float64],
    outcome: NDArray[np.uint8],
    weights: NDArray[np.float64],
    eta: NDArray[np.float64],
    uncensored: NDArray[np.float64],
) -> NDArray[np.float64]: ...
def survival_brier(
    time: NDArray[np.float64],
    case_weight: NDArray[np.float64],
    times: NDArray[np.float64],
    control_weight: NDArray[np.float64],
    survival: NDArray[np.float64],
) -> NDArray[np.float64]: ...
def survival_dynamic_auc(
    time: NDArray[np.float64], case_weight: NDArray[np.float64], times: NDArray[np.float64], risk: NDArray[np.float64]
) -> NDArray[np.float64]: ...
def survival_bootstrap_counts(n: int, seed: int, n_replicates: int) -> NDArray[np.int32]: ...
def survival_kaplan_meier_bootstrap(
    tick: NDArray[np.int64],
    event: NDArray[np.bool_],
    n_ticks: int,
    wanted: NDArray[np.int64],
    seed: int,
    n_replicates: int,
) -> NDArray[np.float64]: ...
def survival_concordance_bootstrap(
    tick: NDArray[np.int64],
    rank: NDArray[np.int64],
    index: NDArray[np.int64],
    event: NDArray[np.bool_],
    n_ranks: int,
    seed: int,
    n_replicates: int,
) -> NDArray[np.float64]: ...
def survival_cox_path(
    X: NDArray[np.float64],
    time: NDArray[np.float64],
    event: NDArray[np.bool_],
    lambdas: NDArray[np.float64],
    factors: NDArray[np.float64],
    l1_ratio: float,
    tol: float,
    max_sweeps: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]: ...
def survival_cox_path_start(
    X: NDArray[np.float64], time: NDArray[np.float64], event: NDArray[np.bool_]
) -> NDArray[np.float64]: ...
def ranking_loss(risk: _Floats, time: _Floats, event: NDArray[np.bool_], sigma: float) -> tuple[_Floats, _Floats]: ...
def ode_solve(
    f: int,
    jacobian: int,
    y0: NDArray[np.float64],
    params: NDArray[np.float64],
    times: NDArray[np.float64],
    t0: NDArray[np.float64],
    which: NDArray[np.int64],
    method: str,
    rtol: float,
    atol: NDArray[np.float64],
    first_step: float,
    max_step: float,
    max_steps: int,
    notice_stiffness: bool,
    doses: tuple[Any, ...] | None,
    roots: int,
    direction: NDArray[np.int32],
    terminal: NDArray[np.bool_],
    most_roots: int,
) -> dict[str, Any]: ...
def pk_simulate(
    compartments: int,
    depot: bool,
    scaled: bool,
    params: NDArray[np.float64],
    offsets: NDArray[np.int64],
    time: NDArray[np.float64],
    amount: NDArray[np.float64],
    rate: NDArray[np.float64],
    interval: NDArray[np.float64],
    fraction: NDArray[np.float64],
    lag: NDArray[np.float64],
    kind: NDArray[np.int32],
    steady: NDArray[np.int32],
    into_depot: NDArray[np.bool_],
    implied: NDArray[np.bool_],
    row: NDArray[np.int64],
    observed: NDArray[np.int64],
    times: NDArray[np.float64],
    observed_row: NDArray[np.int64] | None,
    shared_times: bool,
    sens: bool,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
def wfdb_header(text: bytes) -> dict[str, Any]: ...
def wfdb_decode(
    bytes: Any,
    format: int,
    per_frame: Sequence[int],
    gain: Sequence[float],
    baseline: Sequence[float],
    first_sample: int,
    n_frames: int,
    whole: bool,
    single: bool,
) -> tuple[list[_Floats], NDArray[np.int64]]: ...
def wfdb_annotations(bytes: bytes) -> dict[str, Any]: ...
def read_cwa(bytes: bytes, strict: bool, single: bool) -> dict[str, Any]: ...
def lomb_scargle(
    t: NDArray[np.float64],
    y: NDArray[np.float64],
    dy: NDArray[np.float64] | None,
    offsets: NDArray[np.int64],
    freqs: NDArray[np.float64],
    fit_mean: bool,
    center: bool,
    fast: bool,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]: ...
def delineate(x: _Floats, fs: float, beats: NDArray[np.int64], offsets: NDArray[np.int64]) -> NDArray[np.int64]: ...
def ppg_peaks(y: NDArray[np.float64], fs: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]: ...
def signal_quality(
    x: _Floats, fs: float, beats: NDArray[np.int64], width: int, step: int, n_windows: int
) -> NDArray[np.float64]: ...
def hrv_names(domains: int) -> list[str]: ...
def hrv(
    rr: NDArray[np.float64],
    t: NDArray[np.float64],
    begins: NDArray[np.int64],
    ends: NDArray[np.int64],
    domains: int,
    oversampling: float,
) -> NDArray[np.float64]: ...
def qrs_detect(x: _Floats, fs: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]: ...

class QrsStream:
    def __init__(self, n_leads: int, fs: float) -> None: ...
    def push(self, x: _Floats) -> list[NDArray[np.int64]]: ...
    def finish(self) -> list[NDArray[np.int64]]: ...
    def copy(self) -> QrsStream: ...
