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
def decay_scan(
    x: _Floats,
    dt: _Floats,
    rate: _Floats,
    h0: _Floats | None = None,
    mask: NDArray[np.bool_] | None = None,
    offsets: NDArray[np.int64] | None = None,
    channels_last: bool = False,
) -> tuple[_Floats, _Floats]: ...
def segment_reduce(values: _Floats, offsets: NDArray[np.int64], op: str) -> _Floats: ...
def segment_softmax(values: _Floats, offsets: NDArray[np.int64]) -> _Floats: ...
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
def sosfilt(
    sections: NDArray[np.float64],
    x: _Floats,
    zi: NDArray[np.float64] | None = None,
    reset: NDArray[np.bool_] | None = None,
) -> tuple[_Floats, NDArray[np.float64]]: ...
def sosfiltfilt(
    sections: NDArray[np.float64], zi: NDArray[np.float64], x: _Floats, padding: int, padlen: int
) -> _Floats: ...
