"""What is special to SelectiveSSM and S5."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from modules import gapped, random  # noqa: E402

from marey.nn import S5, SelectiveSSM  # noqa: E402

LAYERS = {"SelectiveSSM": lambda: SelectiveSSM(6, states=3), "S5": lambda: S5(6, states=4)}


def leaves(state: Any) -> list[torch.Tensor]:
    return [state] if isinstance(state, torch.Tensor) else list(state)


@pytest.mark.parametrize("name", LAYERS)
def test_padding_changes_neither_output_nor_state(name: str) -> None:
    torch.manual_seed(0)
    layer, (x, dt) = LAYERS[name](), gapped(6)
    lengths = torch.tensor([23, 5, 0, 1])
    _, before = layer(random(4, 6, 7, seed=5), random(4, 7, seed=6).abs())
    with torch.no_grad():
        y, state = layer(x, dt, before, lengths)
        for i, n in enumerate(lengths.tolist()):
            own = leaves(before)
            own = own[0][i : i + 1] if name == "S5" else type(before)(*(a[i : i + 1] for a in own))
            alone, after = layer(x[i : i + 1, :, :n], dt[i : i + 1, :n], own)
            torch.testing.assert_close(y[i, :, :n], alone[0], rtol=1e-5, atol=1e-6)
            for a, b in zip(leaves(state), leaves(after), strict=True):
                torch.testing.assert_close(a[i : i + 1], b, rtol=1e-5, atol=1e-6)


def test_a_long_gap_forgets() -> None:
    """After it the selective block depends on what comes after, and on the convolution's few inputs."""
    torch.manual_seed(0)
    block, (x, dt) = SelectiveSSM(6, states=3, taps=1), gapped(6)
    dt[:, 12] = 1e4
    other = torch.cat([random(4, 6, 12, seed=9), x[..., 12:]], -1)
    with torch.no_grad():
        torch.testing.assert_close(block(other, dt)[0][..., 13:], block(x, dt)[0][..., 13:], rtol=1e-4, atol=1e-5)
        assert not torch.allclose(block(other)[0][..., 13:], block(x)[0][..., 13:], rtol=1e-4, atol=1e-5)


def test_without_times_all_steps_are_one() -> None:
    for make in LAYERS.values():
        layer, (x, _) = make(), gapped(6)
        assert torch.equal(layer(x)[0], layer(x, torch.ones(4, 23))[0])


def test_no_parameters_let_a_state_grow() -> None:
    for make in LAYERS.values():
        torch.manual_seed(0)
        layer = make()
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter.add_(2 * torch.randn_like(parameter))
            _, state = layer(torch.zeros(1, 6, 2000))
            _, after = layer(torch.zeros(1, 6, 2000), None, state)
        assert all(a.isfinite().all() for a in leaves(after))
