"""Dropout masks belong to samples."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from marey.nn import KeyedDropout, keyed_uniform  # noqa: E402


def test_numbers_are_uniform_and_uncorrelated() -> None:
    """Bounds of five standard errors, for keys that differ in one bit or by one, as stays and epochs do."""
    keys = (torch.arange(64)[:, None] + (torch.arange(32) << 32)).flatten()
    u = keyed_uniform(keys, 200).double()
    n = u.numel()
    assert u.min() >= 0
    assert u.max() < 1
    assert abs(u.mean() - 0.5) < 5 * (1 / 12 / n) ** 0.5
    histogram = torch.histc(u.float(), 64, 0, 1)
    chi2 = ((histogram - n / 64) ** 2 / (n / 64)).sum()
    assert abs(chi2 - 63) < 5 * (2 * 63) ** 0.5
    flat = u.flatten() - 0.5
    for lag in (1, 200, 32 * 200):  # the next position, the next key, the next stay
        correlation = (flat[:-lag] * flat[lag:]).mean() * 12
        assert abs(correlation) < 5 / n**0.5


def test_salts_give_independent_streams() -> None:
    keys = torch.arange(500)
    a, b = (keyed_uniform(keys, 100, salt).double() - 0.5 for salt in (1, 2))
    assert abs((a * b).mean() * 12) < 5 / a.numel() ** 0.5


def test_a_mask_depends_on_its_key_alone() -> None:
    drop, x = KeyedDropout(0.4, salt=3), torch.ones(2, 6, 5)
    key = torch.tensor([3, 1 << 40, 5, -7, 9, 3])
    whole = drop(x, key)
    for s in range(6):
        assert torch.equal(drop(x[:, :1], key[s : s + 1])[:, 0], whole[:, s])
    assert torch.equal(whole[:, 0], whole[:, 5])
    assert not torch.equal(whole[:, 0], whole[:, 1])


def test_dropout_keeps_the_mean_and_drops_whole_groups() -> None:
    drop, x = KeyedDropout(0.3, salt=1), torch.ones(3, 2000, 10, 4)
    y = drop(x, torch.arange(2000), whole=1)
    assert torch.equal(y, y[..., :1].expand_as(y))
    zero = (y[..., 0] == 0).double()
    assert abs(zero.mean() - 0.3) < 5 * (0.21 / zero.numel()) ** 0.5
    torch.testing.assert_close(y.max().item(), 1 / 0.7)


def test_without_a_key_nothing_is_dropped() -> None:
    x = torch.randn(1, 4, 3)
    assert KeyedDropout(0.5, salt=1)(x, None) is x


@pytest.mark.parametrize("p", [-0.1, 1.0, 2.0])
def test_a_probability_outside_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match=f"`p` is {p}"):
        KeyedDropout(p, salt=0)
