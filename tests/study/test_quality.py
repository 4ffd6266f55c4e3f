"""The study on real stays keeps what it promises."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("jinja2")

import numpy as np

from marey.study.p12.metrics import auroc, auroc_by_hour
from marey.study.p12.run import Config, run


@pytest.mark.slow
@pytest.mark.data
def test_learnt_from_set_a_the_model_ranks_set_b(data_dir: Path, tmp_path: Path) -> None:
    if not (data_dir / "physionet2012").is_dir():
        pytest.skip("the recordings here have no physionet2012")
    result = run(Config(data=str(data_dir), out=tmp_path, device="cpu"))
    assert result is not None
    assert auroc(result.y_test, result.p_test) >= 0.85
    by_hour = auroc_by_hour(result.y_test, result.p_hourly)
    assert by_hour[48] > by_hour[24] > by_hour[6] > 0.7
    assert result.model_bytes < 200_000
    assert np.nanmax(np.abs(result.p_hourly[:, 48] - result.p_test)) < 1e-5
