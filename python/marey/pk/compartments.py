"""The closed-form models by name, and their parameters."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Compartments", "named", "parameters"]


@dataclass(frozen=True)
class Compartments:
    """One of the closed-form models: how many compartments, and whether there is a depot."""

    count: int
    oral: bool

    @property
    def parameters(self) -> tuple[str, ...]:
        volumes = (("CL", "V"), ("CL", "V1", "Q", "V2"), ("CL", "V1", "Q2", "V2", "Q3", "V3"))[self.count - 1]
        return (*volumes, "KA") if self.oral else volumes


_NAMED = {
    f"{count}cmt_{route}": Compartments(count, route == "oral") for count in (1, 2, 3) for route in ("iv", "oral")
}


def named(model: str) -> Compartments:
    if model not in _NAMED:
        raise ValueError(f"`model` is {model!r}; expected one of {', '.join(_NAMED)}, or a function under marey.model")
    return _NAMED[model]


def parameters(model: str) -> tuple[str, ...]:
    """The parameters of a closed-form model in their order; ``F`` and ``LAG`` may follow.

    Examples
    --------
    >>> from marey import pk
    >>> pk.parameters("2cmt_oral")
    ('CL', 'V1', 'Q', 'V2', 'KA')
    """
    return named(model).parameters
