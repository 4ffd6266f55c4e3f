"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def has_gpu() -> bool:
    try:
        import torch
    except ImportError:
        return False
    return torch.cuda.is_available()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    gpu = has_gpu() if any(item.get_closest_marker("gpu") for item in items) else True
    for item in items:
        if item.get_closest_marker("gpu") and not gpu:
            item.add_marker(pytest.mark.skip(reason="no CUDA GPU"))


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real recordings: $MAREY_DATA, or ../shared/data beside the checkout."""
    folder = Path(os.environ.get("MAREY_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no real recordings: set MAREY_DATA to their folder")
    return folder
