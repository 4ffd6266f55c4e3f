"""What every benchmark may ask for."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from gpu import Report


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--gpu-report", default=None, help="where GPU benchmarks write their rows")


@pytest.fixture(scope="session")
def gpu(request: pytest.FixtureRequest) -> Report:
    """Times contenders on the GPU; skips where there is none."""
    if importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed")
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no CUDA GPU")
    path = request.config.getoption("--gpu-report")
    return Report(Path(path) if path else None)
