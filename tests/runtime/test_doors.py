"""How input reaches native code, and what is refused at the door."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from marey.scan import decay_scan


def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {"x": rng.normal(size=(2, 5)), "dt": rng.exponential(size=5), "rate": np.array([0.5, 1.0])}


class Foreign:
    """An array of another library: it has DLPack and nothing else."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __dlpack__(self, **options: object) -> object:
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.array.__dlpack_device__()


def from_dlpack(array: np.ndarray) -> Foreign:
    return Foreign(array)


def test_lists_become_arrays() -> None:
    given = arrays()
    h, hT = decay_scan(*(given[name].tolist() for name in ("x", "dt", "rate")))
    expected, expected_hT = decay_scan(**given)
    np.testing.assert_array_equal(h, expected)
    np.testing.assert_array_equal(hT, expected_hT)


def test_dlpack_goes_in_and_comes_back_as_the_callers_type() -> None:
    given = arrays()
    h, hT = decay_scan(**{name: Foreign(array) for name, array in given.items()})
    assert type(h) is Foreign
    assert type(hT) is Foreign
    np.testing.assert_array_equal(h.array, decay_scan(**given)[0])


def test_mixed_kinds_are_refused_by_name() -> None:
    torch = pytest.importorskip("torch")
    given = arrays()
    with pytest.raises(TypeError, match=r"`x` is a numpy\.ndarray, `dt` is a torch\.Tensor"):
        decay_scan(given["x"], torch.from_numpy(given["dt"]), given["rate"])


def test_a_list_beside_a_tensor_is_refused() -> None:
    torch = pytest.importorskip("torch")
    given = {name: torch.from_numpy(array) for name, array in arrays().items()}
    with pytest.raises(TypeError, match=r"`rate` is a list and `x` a torch\.Tensor"):
        decay_scan(given["x"], given["dt"], [0.5, 1.0])


def test_tensors_on_two_devices_are_refused() -> None:
    torch = pytest.importorskip("torch")
    given = {name: torch.from_numpy(array) for name, array in arrays().items()}
    with pytest.raises(TypeError, match="`rate` is on meta and `x` on cpu"):
        decay_scan(given["x"], given["dt"], given["rate"].to("meta"))


def test_subclasses_of_arrays_are_arrays() -> None:
    given = arrays()
    view = given["x"].view(np.matrix) if hasattr(np, "matrix") else given["x"]
    h, _ = decay_scan(view, given["dt"], given["rate"])
    np.testing.assert_array_equal(h, decay_scan(**given)[0])


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"dt": np.ones(4)}, ValueError, r"`dt` has shape \(4,\); expected \(..., T\) = \(5,\)"),
        ({"rate": np.ones(3)}, ValueError, r"`rate` has shape \(3,\); expected \(D,\) = \(2,\)"),
        ({"x": np.ones(5)}, ValueError, r"`x` has shape \(5,\); expected \(..., D, T\)"),
        ({"x": np.ones((2, 5), int)}, TypeError, "`x` has dtype int64; expected float32 or float64"),
        ({"dt": np.ones(5, "float32")}, TypeError, "`dt` has dtype float32; expected float64, that of `x`"),
        ({"mask": np.ones(5)}, TypeError, "`mask` has dtype float64; expected bool"),
        ({"mask": np.ones(4, bool)}, ValueError, r"`mask` has shape \(4,\)"),
        ({"h0": np.ones(3)}, ValueError, r"`h0` has shape \(3,\); expected \(..., D\) = \(2,\)"),
        ({"offsets": np.array([0, 6])}, ValueError, "`offsets` must end with the number of values; it ends with 6"),
        ({"offsets": np.array([1, 5])}, ValueError, "`offsets` must start with 0"),
        ({"offsets": np.array([0, 4, 2, 5])}, ValueError, "`offsets` must never fall; it does in row 1"),
        ({"offsets": np.array([0.0, 5.0])}, TypeError, "`offsets` has dtype float64; expected int64"),
        ({"offsets": np.array([], int)}, ValueError, "`offsets` has shape"),
    ],
)
def test_misuse_names_argument_value_and_rule(change: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        decay_scan(**{**arrays(), **change})


def test_importing_marey_needs_numpy_alone_and_is_fast() -> None:
    code = (
        "import sys, time; import numpy; t = time.process_time(); import marey; t = time.process_time() - t;"
        "heavy = {'torch', 'triton', 'pandas', 'pyarrow', 'polars', 'sklearn', 'numba', 'scipy', 'matplotlib'};"
        "print(sorted(heavy & set(sys.modules)), t)"
    )
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(3)]
    loaded, _, seconds = min(run.stdout.strip().rpartition(" ") for run in runs)
    assert loaded == "[]"
    assert float(seconds) < 0.15
